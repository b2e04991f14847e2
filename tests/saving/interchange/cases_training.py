"""Every loss, metric and optimizer that Keras has, in a model that is compiled with it."""

from __future__ import annotations

from typing import Any

import numpy as np

import oxhorn as keras
from tests.losses.rows import ADDITIONS as OWN_LOSSES
from tests.losses.rows import ROWS as LOSS_ROWS
from tests.metrics.rows import ADDITIONS as OWN_METRICS
from tests.metrics.rows import ROWS as METRIC_ROWS
from tests.optimizers.trajectories import ALL_AROUND, RULES
from tests.saving.interchange.case import Case

L, S = keras.layers, keras.optimizers.schedules
# Optimizers that Keras does not have.
OWN_OPTIMIZERS = {"ASGD", "Rprop", "SparseAdam"}
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(12, 4)).astype("float32"), RNG.normal(size=(12, 2)).astype("float32")


def passing_on(shape: tuple[int, ...], **compiled: Any) -> Any:
    """A model that gives back what it gets, so that losses and metrics see the data of their rows."""
    model = keras.Sequential([keras.Input(shape), L.Activation("linear")])
    model.compile(optimizer="sgd", **compiled)
    return model


def loss_case(row: Any) -> Case:
    def make() -> Any:
        return passing_on(row.y_pred.shape[1:], loss=getattr(keras.losses, row.loss)(**row.arguments))

    # On NumPy, Keras builds losses with numbers that are no classes, and clips probabilities of logits.
    classes = row.loss.startswith(("Sparse", "CTC", "CategoricalGeneralized"))
    on_jax = classes or row.arguments.get("axis") == 0 or row.arguments.get("from_logits")
    backend = "jax" if on_jax else ""
    x = (row.y_pred.astype("float32"),)
    return Case(f"loss-{row.id}", make, x, row.y_true, ("predict", "evaluate"), backend=backend)


def metric_case(row: Any) -> Case:
    def make() -> Any:
        metric = getattr(keras.metrics, row.metric)(**row.arguments)
        # The model's own loss is of no interest, but has to be there.
        alike = row.data[0].size == row.data[1].size
        loss = "mse" if alike else "sparse_categorical_crossentropy"
        return passing_on(row.data[1].shape[1:], loss=loss, metrics=[metric])

    backend = "jax" if row.metric.startswith("Sparse") else ""
    x = (row.data[1].astype("float32"),)
    return Case(f"metric-{row.id}", make, x, row.data[0], ("predict", "evaluate"), backend=backend)


def trained(optimizer: Any, loss: Any = "mse", **compiled: Any) -> Any:
    """A small model after two steps."""
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, activation="tanh"), L.Dense(2)])
    model.compile(optimizer=optimizer, loss=loss, **compiled)
    for _ in range(2):
        model.train_on_batch(X, Y)
    return model


def optimizer_case(name: str, arguments: dict[str, Any]) -> Case:
    def make() -> Any:
        return trained(getattr(keras.optimizers, name)(**{"learning_rate": 0.01, **arguments}))

    told = f"optimizer-{name}-{arguments}".replace(" ", "").replace("'", "")
    return Case(told, make, (X,), Y, ("predict", "evaluate", "train"))


SCHEDULES: list[Any] = [
    S.ExponentialDecay(0.1, 3, 0.5, staircase=True),
    S.CosineDecay(0.1, 10, alpha=0.1, warmup_target=0.2, warmup_steps=4),
    S.CosineDecayRestarts(0.1, 3, t_mul=1.5, m_mul=0.5, alpha=0.01),
    S.InverseTimeDecay(0.1, 2, 0.5),
    S.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.01]),
    S.PolynomialDecay(0.1, 5, 0.01, power=2.0, cycle=True),
]


def schedule_case(schedule: Any) -> Case:
    def make() -> Any:
        return trained(keras.optimizers.SGD(schedule, momentum=0.5))

    return Case(f"schedule-{type(schedule).__name__}", make, (X,), Y, ("predict", "evaluate", "train"))


def _pairs_all(row: Any) -> bool:
    """Where Keras sets every sample against every other: class numbers with an axis of their own."""
    return row.loss == "CategoricalGeneralizedCrossEntropy" and row.y_true.ndim == 2


LOSSES = [loss_case(row) for row in LOSS_ROWS if row.loss not in OWN_LOSSES and not _pairs_all(row)]
METRICS = [metric_case(row) for row in METRIC_ROWS if row.metric not in OWN_METRICS and len(row.data) == 2]
OPTIMIZERS = [
    optimizer_case(name, {**rule, **around})
    for name, rule in RULES
    if name not in OWN_OPTIMIZERS
    for around in ({}, {k: v for k, v in ALL_AROUND.items() if k not in rule})
]
OPTIMIZERS += [schedule_case(schedule) for schedule in SCHEDULES]
OPTIMIZERS += [
    Case(
        "optimizer-LossScaleOptimizer",
        lambda: trained(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01), initial_scale=8.0)),
        (X,),
        Y,
        ("predict", "evaluate", "train"),
    )
]
