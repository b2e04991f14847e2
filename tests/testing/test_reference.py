"""The reference against Keras 3.15.1: the mean and the first five numbers of what Keras computed for each row."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.testing import reference as ref
from oxhorn.testing.reference.lookup import NO_FORMULA
from tests.layers.rows import ROWS as LAYERS
from tests.layers.rows_additions import ADDED
from tests.losses.rows import ADDITIONS as NEW_LOSSES
from tests.losses.rows import ROWS as LOSSES
from tests.metrics.rows import ADDITIONS as NEW_METRICS
from tests.metrics.rows import ROWS as METRICS
from tests.metrics.rows import WEIGHT
from tests.optimizers.trajectories import PEER_ROWS, peer_gradients, peer_start

KERAS = json.loads((Path(__file__).parent / "keras_values.json").read_text())


def assert_is_that_of_keras(kind: str, row: str, y: Any) -> None:
    y = np.asarray(y, float)
    right = KERAS[kind][row]
    assert list(y.shape) == right["shape"]
    # Keras sums in float32 in places, on this backend, even when asked for float64.
    np.testing.assert_allclose([y.mean(), *y.ravel()[:5]], right["values"], rtol=5e-6, atol=2e-6)


@pytest.mark.parametrize("row", [r for r in LOSSES if r.loss not in NEW_LOSSES], ids=lambda row: row.id)
def test_losses(row: Any) -> None:
    assert_is_that_of_keras(
        "losses", row.id, ref.losses.ALL[row.function](row.y_true, row.y_pred, **row.arguments)
    )


@pytest.mark.parametrize("row", [r for r in METRICS if r.metric not in NEW_METRICS], ids=lambda row: row.id)
def test_metrics(row: Any) -> None:
    for weight, name in ((None, row.id), (WEIGHT, row.id + "-weighted")):
        assert_is_that_of_keras(
            "metrics", name, ref.metrics.ALL[row.metric](*row.data, weight, **row.arguments)
        )


@pytest.mark.parametrize("row", [row for row in LAYERS if row.layer not in ADDED], ids=lambda row: row.id)
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


@pytest.mark.parametrize("row", PEER_ROWS, ids=lambda row: f"{row['optimizer']}-{row['arguments']}")
def test_optimizers(row: Any) -> None:
    optimizer = ref.optimizers.ALL[row["optimizer"]](learning_rate=0.0625, **row["arguments"])
    weights = peer_start()
    for step in range(50):
        weights = optimizer.step(weights, peer_gradients(step))
        right = row["weights"].get(str(step + 1))
        if right is not None:
            got = np.concatenate([w.ravel() for w in weights])
            np.testing.assert_allclose(got, right, rtol=1e-9, atol=1e-11, err_msg=f"step {step + 1}")


def test_fans() -> None:
    assert ref.initializers.fans(()) == (1, 1)
    assert ref.initializers.fans((5,)) == (5, 5)
    assert ref.initializers.fans((3, 4)) == (3, 4)
    assert ref.initializers.fans((3, 2, 4, 5)) == (24, 30)


# Everything public has a reference by its name ---------------------------------------------------------


def classes(module: Any, base: type) -> list[str]:
    found = {
        c.__name__
        for c in (getattr(module, name) for name in module.__all__)
        if isinstance(c, type) and issubclass(c, base)
    }
    return sorted(found - {base.__name__})


# What is built from a function or layer of the user's, has no formula of its own.
# Bases, wrappers, layers that put other layers to work, random displacements, and LBFGS, which tests/optimizers
# compares with the dense form of its matrix.
WITHOUT_REFERENCE = {
    "AugMix",
    "LBFGS",
    "Lambda",
    "Layer",
    "Loss",
    "LossFunctionWrapper",
    "LossScaleOptimizer",
    "MeanMetricWrapper",
    "Metric",
    "MultiOptimizer",
    "Pipeline",
    "RandAugment",
    "RandomColorJitter",
    "RandomElasticTransform",
    "Wrapper",
}
OPS = {
    name
    for space in (keras.ops, keras.ops.image, keras.ops.linalg, keras.ops.nn)
    for name in getattr(space, "__all__", vars(space))
    if inspect.isfunction(getattr(space, name, None)) and not name.startswith("_") and name not in NO_FORMULA
}
PUBLIC = {
    "op": sorted(OPS),
    "activation": [
        name for name in keras.activations.__all__ if name not in ("get", "serialize", "deserialize")
    ],
    "layer": classes(keras.layers, keras.layers.Layer),
    "loss": classes(keras.losses, keras.losses.Loss),
    "metric": classes(keras.metrics, keras.metrics.Metric),
    "optimizer": classes(keras.optimizers, keras.optimizers.Optimizer),
    "regularizer": classes(keras.regularizers, keras.regularizers.Regularizer),
    "constraint": classes(keras.constraints, keras.constraints.Constraint),
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_everything_has_a_reference(kind: str) -> None:
    names = [name for name in PUBLIC[kind] if name not in WITHOUT_REFERENCE]
    assert len(names) >= {"op": 200, "layer": 35, "activation": 20}.get(kind, 4)
    assert ref.missing(kind, names) == []


def test_finding_a_reference() -> None:
    assert ref.find("op", "logsumexp") is ref.ops.logsumexp
    assert ref.find("op", "add") is np.add
    assert ref.find("layer", "Add") is ref.layers.add
    assert ref.find("loss", "Huber") is ref.losses.huber
    assert ref.find("metric", "AUC") is ref.metrics.ALL["AUC"]
    assert ref.find("optimizer", "Adam") is ref.optimizers.Adam
    with pytest.raises(ValueError, match="`kind` to be one of"):
        ref.find("opera", "add")
    with pytest.raises(LookupError, match=r"no op 'nose'\. Write the function `nose` in NumPy"):
        ref.find("op", "nose")


# Numbers on which the reference of an op that NumPy has not got is compared with the op.
RNG = np.random.default_rng(3)
VALUES: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("erf", [np.linspace(-3, 3, 13)], {}),
    ("erfc", [np.linspace(-3, 5, 13)], {}),
    ("erfinv", [np.linspace(-0.99, 0.99, 13)], {}),
    ("rsqrt", [np.linspace(0.1, 3, 5)], {}),
    ("slice", [RNG.normal(size=(4, 5)), (1, 2), (2, 3)], {}),
    ("rearrange", [RNG.normal(size=(2, 6, 3)), "b (h w) c -> b c h w"], {"h": 2}),
    ("binary_crossentropy", [np.array([0.0, 1.0, 0.5]), np.array([0.2, 0.7, 0.9])], {}),
    ("binary_crossentropy", [np.array([0.0, 1.0, 0.5]), np.array([-30.0, 2.0, 0.9])], {"from_logits": True}),
    ("normalize", [RNG.normal(size=(3, 4))], {"axis": 0}),
    ("normalize", [RNG.normal(size=(3, 4))], {"order": 1}),
    ("rms_normalization", [RNG.normal(size=(3, 4)), RNG.normal(size=4)], {"epsilon": 1e-3}),
    ("image.pad_images", [RNG.normal(size=(2, 4, 5, 3)), 1, 2, 3, 0], {}),
    ("image.crop_images", [RNG.normal(size=(2, 6, 5, 3)), 1, 2, 3, 0], {}),
    ("psnr", [RNG.uniform(size=(3, 4)), RNG.uniform(size=(3, 4)), 1.0], {}),
    ("dot_product_attention", [RNG.normal(size=(2, 4, 3, 5)) for _ in range(3)], {}),
    (
        "dot_product_attention",
        [RNG.normal(size=(2, 4, 3, 5)) for _ in range(3)],
        {"is_causal": True, "scale": 0.3},
    ),
]


@pytest.mark.parametrize(
    ("name", "arguments", "options"), VALUES, ids=[f"{v[0]}-{i}" for i, v in enumerate(VALUES)]
)
def test_ops_that_numpy_has_not_got(name: str, arguments: list[Any], options: dict[str, Any]) -> None:
    space, _, short = name.rpartition(".")
    function = getattr(getattr(keras.ops, space) if space else keras.ops, short)
    got = np.asarray(function(*arguments, **options))
    np.testing.assert_allclose(got, ref.find("op", short)(*arguments, **options), rtol=1e-6, atol=1e-9)
