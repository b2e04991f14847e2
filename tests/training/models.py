"""Small models and data that the tests of training share."""

from __future__ import annotations

from typing import Any

import numpy as np

import oxhorn as keras

L = keras.layers
RNG = np.random.default_rng(4)
X = RNG.normal(size=(20, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3).astype("float32")
CLASSES = RNG.integers(0, 4, 20)


def linear(loss: Any = "mse", optimizer: Any = "sgd", **options: Any) -> keras.Model:
    """One dense layer with three inputs and one output, compiled."""
    model = keras.Sequential([keras.Input((3,)), L.Dense(1, name="out")])
    model.compile(optimizer, loss, **options)
    return model


def classifier(**options: Any) -> keras.Model:
    """Three inputs, four classes, compiled."""
    model = keras.Sequential([keras.Input((3,)), L.Dense(4, activation="softmax")])
    model.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **options})
    return model


def two_outputs(as_dict: bool = False) -> keras.Model:
    """Outputs `a` (one number) and `b` (four classes); as a dict they are called `p` and `q`."""
    x = keras.Input((3,), name="inp")
    a, b = L.Dense(1, name="a")(x), L.Dense(4, activation="softmax", name="b")(x)
    return keras.Model(x, {"p": a, "q": b} if as_dict else [a, b])


def two_inputs() -> keras.Model:
    """Inputs `left` (3) and `right` (2)."""
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    return keras.Model([left, right], L.Dense(1)(L.Concatenate()([left, right])))


class Recorder(keras.callbacks.Callback):
    """Writes down the hooks of batches and epochs in order."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        self.logs: list[tuple[str, dict[str, float]]] = []

    def _note(self, name: str, number: int | None, logs: dict[str, Any] | None) -> None:
        self.calls.append((name,) if number is None else (name, number))
        self.logs.append((name, dict(logs or {})))

    def on_train_begin(self, logs: Any = None) -> None:
        self._note("train_begin", None, logs)

    def on_train_end(self, logs: Any = None) -> None:
        self._note("train_end", None, logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._note("epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._note("epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._note("batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._note("batch_end", batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        self._note("test_begin", None, logs)

    def on_test_end(self, logs: Any = None) -> None:
        self._note("test_end", None, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._note("test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._note("test_batch_end", batch, logs)


def weights(**options: Any) -> list[np.ndarray[Any, Any]]:
    """The weights of the linear model after training from zeros without shuffling."""
    model = linear(**options.pop("compiled", {}))
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    model.fit(**{"x": X, "y": Y, "batch_size": 6, "epochs": 2, "shuffle": False, "verbose": 0, **options})
    return model.get_weights()


def assert_same(a: list[Any], b: list[Any], rtol: float = 0.0) -> None:
    for p, q in zip(a, b, strict=True):
        np.testing.assert_allclose(p, q, rtol=rtol, atol=rtol)
