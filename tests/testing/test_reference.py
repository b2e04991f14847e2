"""The reference against Keras 3.15.1: the mean and the first five numbers of what Keras computed for each row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxhorn.testing import reference as ref
from tests.layers.rows import ROWS as LAYERS
from tests.losses.rows import ROWS as LOSSES
from tests.metrics.rows import ROWS as METRICS
from tests.metrics.rows import WEIGHT

KERAS = json.loads((Path(__file__).parent / "keras_values.json").read_text())


def assert_is_that_of_keras(kind: str, row: str, y: Any) -> None:
    y = np.asarray(y, float)
    right = KERAS[kind][row]
    assert list(y.shape) == right["shape"]
    # Keras sums in float32 in places, on this backend, even when asked for float64.
    np.testing.assert_allclose([y.mean(), *y.ravel()[:5]], right["values"], rtol=5e-6, atol=2e-6)


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.id)
def test_losses(row: Any) -> None:
    assert_is_that_of_keras(
        "losses", row.id, ref.losses.ALL[row.function](row.y_true, row.y_pred, **row.arguments)
    )


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.id)
def test_metrics(row: Any) -> None:
    for weight, name in ((None, row.id), (WEIGHT, row.id + "-weighted")):
        assert_is_that_of_keras(
            "metrics", name, ref.metrics.ALL[row.metric](*row.data, weight, **row.arguments)
        )


@pytest.mark.parametrize("row", LAYERS, ids=lambda row: row.id)
def test_layers(row: Any) -> None:
    x, weights = row.inputs("float64"), row.new_weights("float64")
    assert_is_that_of_keras("layers", row.id, row.reference(x, *weights))
    if row.training:
        assert_is_that_of_keras("layers", row.id + "-training", row.training(x, *weights))


@pytest.mark.parametrize("name", ref.activations.ALL)
def test_activations(name: str) -> None:
    x = np.linspace(-7.03, 7.05, 60).reshape(6, 10)
    if name == "sparsemax":
        # Keras 3.15.1 adds up partial sums over the support, so that its rows do not sum to one; the paper's do.
        y = ref.activations.sparsemax(x / 4)
        np.testing.assert_allclose(y.sum(-1), 1.0, rtol=1e-12)
        np.testing.assert_allclose(ref.activations.sparsemax([[1.0, 0.9]]), [[0.55, 0.45]], rtol=1e-12)
        return
    options = {"threshold": 0.3, "default_value": -1.0} if name == "threshold" else {}
    assert_is_that_of_keras("activations", name, ref.activations.ALL[name](x, **options))


@pytest.mark.parametrize("name", ref.optimizers.ALL)
def test_optimizers(name: str) -> None:
    common = {
        "clipnorm": 0.5,
        "weight_decay": 0.03125,
        "use_ema": True,
        "ema_momentum": 0.5,
        "ema_overwrite_frequency": 2,
    }
    start = np.linspace(-1, 1, 6)
    for options, row in (({}, name), (common, name + "-common")):
        optimizer, weights = ref.optimizers.ALL[name](learning_rate=0.0625, **options), [start]
        for i in range(5):
            weights = optimizer.step(weights, [np.cos(start * (i + 1)) * 3])
        assert_is_that_of_keras("optimizers", row, weights[0])


def test_fans() -> None:
    assert ref.initializers.fans(()) == (1, 1)
    assert ref.initializers.fans((5,)) == (5, 5)
    assert ref.initializers.fans((3, 4)) == (3, 4)
    assert ref.initializers.fans((3, 2, 4, 5)) == (24, 30)
