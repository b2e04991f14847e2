"""fit is what a page of NumPy says it is: every weight after every step, to 1e-10 in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.testing.reference import optimizers
from tests.networks import NumpyMlp, blobs, mlp

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"learning_rate": 0.0625, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.0625, "momentum": 0.9, "nesterov": True, "clipnorm": 0.5}),
    ("Adam", {"learning_rate": 0.015625}),
    ("RMSprop", {"learning_rate": 0.0078125, "centered": True}),
    ("AdamW", {"learning_rate": 0.015625, "weight_decay": 0.03125}),
    ("Adagrad", {"learning_rate": 0.0625, "global_clipnorm": 1.0}),
]


def start(name: str, arguments: dict[str, Any]) -> tuple[keras.Model, NumpyMlp, optimizers.Optimizer]:
    model = mlp(dtype="float64")
    rng = np.random.default_rng(1)
    own = [rng.normal(size=tuple(w.shape)) for w in model.trainable_variables]
    for variable, value in zip(model.trainable_variables, own, strict=True):
        variable.assign(value)
    model.compile(getattr(keras.optimizers, name)(**arguments), "sparse_categorical_crossentropy")
    return model, NumpyMlp(own), optimizers.ALL[name](**arguments)


def assert_same(model: keras.Model, numpy: NumpyMlp, when: str) -> None:
    for variable, right in zip(model.trainable_variables, numpy.weights, strict=True):
        np.testing.assert_allclose(
            variable.numpy(), right, rtol=1e-10, atol=1e-10, err_msg=f"{variable.path}, {when}"
        )
    mean, variance = (v.numpy() for v in model.non_trainable_variables[:2])
    np.testing.assert_allclose(mean, numpy.mean, rtol=1e-10, atol=1e-10, err_msg=when)
    np.testing.assert_allclose(variance, numpy.variance, rtol=1e-10, atol=1e-10, err_msg=when)


every_optimizer = pytest.mark.parametrize(("name", "arguments"), OPTIMIZERS, ids=str)


@every_optimizer
def test_fit(name: str, arguments: dict[str, Any]) -> None:
    """Three epochs with a short last batch; weights compared after each epoch, losses too."""
    x, y = blobs(50, dtype="float64")
    model, numpy, rule = start(name, arguments)
    for epoch in range(3):
        history = model.fit(x, y, batch_size=16, epochs=1, shuffle=False, verbose=0)
        total = 0.0
        for first in range(0, 50, 16):
            part = slice(first, first + 16)
            total += numpy.step(rule, x[part], y[part]) * len(x[part])
        assert_same(model, numpy, f"epoch {epoch}")
        # The loss is summed in a float32 metric, as Keras does.
        np.testing.assert_allclose(history.history["loss"][0], total / 50, rtol=1e-5)


@every_optimizer
def test_every_step(name: str, arguments: dict[str, Any]) -> None:
    x, y = blobs(48, dtype="float64")
    model, numpy, rule = start(name, arguments)
    seen: list[int] = []

    class Compare(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            part = slice(batch * 8, batch * 8 + 8)
            numpy.step(rule, x[part], y[part])
            assert_same(model, numpy, f"step {batch}")
            seen.append(batch)

    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[Compare()])
    assert seen == [0, 1, 2, 3, 4, 5] * 2


def test_train_on_batch() -> None:
    x, y = blobs(40, dtype="float64")
    model, numpy, rule = start(*OPTIMIZERS[0])
    for first in range(0, 40, 10):
        part = slice(first, first + 10)
        model.reset_metrics()
        loss = model.train_on_batch(x[part], y[part])
        np.testing.assert_allclose(loss, numpy.step(rule, x[part], y[part]), rtol=1e-5)
        assert_same(model, numpy, f"row {first}")


def test_eagerly_too() -> None:
    x, y = blobs(32, dtype="float64")
    name, arguments = OPTIMIZERS[2]
    model, numpy, rule = start(name, arguments)
    model.compile(
        getattr(keras.optimizers, name)(**arguments), "sparse_categorical_crossentropy", run_eagerly=True
    )
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for first in [*range(0, 32, 8)] * 2:
        numpy.step(rule, x[first : first + 8], y[first : first + 8])
    assert_same(model, numpy, "eager")


def test_sample_and_class_weights() -> None:
    """A weighted step is the step of the weighted loss."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.integers(0, 2, 12)
    sample_weight, class_weight = rng.uniform(0.5, 2, 12), {0: 1.5, 1: 0.25}
    k = rng.normal(size=(3, 2))

    def trained(**weights: Any) -> np.ndarray:
        layer = keras.layers.Dense(2, use_bias=False, dtype="float64")
        model = keras.Sequential([keras.Input((3,), dtype="float64"), layer])
        layer.set_weights([k])
        model.compile(keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=12, epochs=1, verbose=0, shuffle=False, **weights)
        return layer.get_weights()[0]

    def right(weight: np.ndarray) -> np.ndarray:
        e = np.exp(x @ k)
        d = (e / e.sum(1, keepdims=True) - np.eye(2)[y]) * weight[:, None]
        return k - 0.5 * x.T @ d / 12

    by_class = np.array([class_weight[c] for c in y])
    np.testing.assert_allclose(trained(sample_weight=sample_weight), right(sample_weight), rtol=1e-10)
    np.testing.assert_allclose(trained(class_weight=class_weight), right(by_class), rtol=1e-6)
