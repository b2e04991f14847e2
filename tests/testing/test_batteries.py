"""The batteries pass what is right: every layer, loss, metric and optimizer of the package, and some of users' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers
from oxhorn.testing import check_layer, check_loss, check_metric, check_optimizer
from oxhorn.testing import reference as ref
from tests.layers.rows import ROWS as LAYERS
from tests.losses.rows import ROWS as LOSSES
from tests.metrics.rows import ROWS as METRICS
from tests.optimizers.trajectories import ALL_AROUND, RULES

pytestmark = pytest.mark.filterwarnings("ignore:.*has no trainable weights")


@pytest.mark.parametrize("row", LAYERS, ids=lambda row: row.id)
def test_layers(row: Any) -> None:
    layer = getattr(layers, row.layer)(**row.arguments)
    layer(row.inputs("float32"))
    if row.weights:
        layer.set_weights(row.new_weights("float32"))
    inputs = row.inputs("float64")
    if row.shapes[0][0] == 1:
        inputs = np.concatenate([inputs, inputs])
    # A mask of these is one of elements, or of the last axis.
    skip = ["masks"] if row.layer == "Softmax" or "data_format" in row.arguments else []
    results = check_layer(layer, inputs, expected=row.reference, skip=skip, rtol=1e-5 * row.loose, atol=1e-5)
    assert sum(result == "passed" for result in results.values()) >= 9, results


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.id)
def test_losses(row: Any) -> None:
    skip: list[str] = []
    mined = row.loss == "Circle" or (row.loss == "TripletMargin" and "mining" not in row.arguments)
    mined = mined or row.arguments.get("mining") is not None
    whole = mined or (row.loss in ("Dice", "Tversky") and "axis" not in row.arguments)
    if row.arguments.get("axis") == 0 or whole:
        skip += ["values", "weights", "batches", "traced", "masks"]  # it sees the whole batch at once
    if row.arguments.get("ignore_class") is not None:
        skip += ["reductions", "traced"]  # the mean is over the classes that count
    if mined:
        skip += ["reductions"]  # the mean is over the samples that are not yet perfect, or have partners
    if np.abs(row.y_pred).max() > 50:
        skip += ["gradients"]  # saturated: the difference quotient has no digits left
    loss = getattr(keras.losses, row.loss)(**row.arguments)
    right = ref.losses.ALL[row.function](row.y_true, row.y_pred, **row.arguments)
    results = check_loss(loss, row.y_true, row.y_pred, expected=right, skip=skip)
    assert sum(result == "passed" for result in results.values()) >= 5, results


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.id)
@pytest.mark.filterwarnings("ignore:.*sample weights are `float`")
def test_metrics(row: Any) -> None:
    # The adjusted score counts samples, whatever they weigh.
    skip = ["weights"] if "num_regressors" in row.arguments else []
    cls = getattr(keras.metrics, row.metric)
    right = ref.metrics.ALL[row.metric](*row.data, None, **row.arguments)
    results = check_metric(
        cls, *row.data, arguments=row.arguments, expected=right, skip=skip, rtol=1e-4, atol=1e-5
    )
    assert sum(result == "passed" for result in results.values()) >= 5, results


OPTIMIZERS = [
    (name, {**rule, **around})
    for name, rule in RULES
    # Its variables are tables of embeddings, which those of the battery are not.
    if name != "SparseAdam"
    for around in (
        {},
        {k: v for k, v in ALL_AROUND.items() if k not in (*rule, "gradient_accumulation_steps")},
    )
]
LEFT_OUT = {
    # The two factors of a variable have its own name, as in Keras.
    "Adafactor": ["slots"],
    # What the weights are an average of is worked out from them, and rounded.
    "ScheduleFreeAdamW": ["rate"],
}


@pytest.mark.parametrize(
    ("name", "arguments"), OPTIMIZERS, ids=[f"{n}-{a}".replace(" ", "") for n, a in OPTIMIZERS]
)
def test_optimizers(name: str, arguments: dict[str, Any]) -> None:
    arguments = {"learning_rate": 0.0625, **arguments}
    results = check_optimizer(
        getattr(keras.optimizers, name),
        arguments=arguments,
        expected=lambda: ref.optimizers.ALL[name](**arguments),
        skip=LEFT_OUT.get(name, ()),
    )
    assert sum(result == "passed" for result in results.values()) >= 8, results
