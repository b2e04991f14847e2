"""How often Python code of one's own runs: once for each kind of data, not once for each batch."""

from __future__ import annotations

from typing import Any

import numpy as np

import oxhorn as keras

L = keras.layers
X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = X[:, :1]


class Counting(L.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Any, str, bool]] = []

    def call(self, x: Any, training: bool = False) -> Any:
        if x.is_traced:
            self.seen.append((tuple(x.shape), str(x.dtype), bool(training)))
        return x * 2.0


def counted(shape: Any = (4,)) -> tuple[Any, Counting]:
    layer = Counting()
    x = keras.Input(shape)
    model = keras.Model(x, L.Dense(1)(layer(x)))
    model.compile("sgd", "mse", metrics=["mae"])
    layer.seen.clear()
    return model, layer


def test_one_trace_for_training_and_one_for_inference() -> None:
    model, layer = counted()
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert layer.seen == [((None, 4), "float32", True)]
    model.fit(X[:30], Y[:30], batch_size=7, epochs=2, verbose=0)
    model.train_on_batch(X[:3], Y[:3])
    assert len(layer.seen) == 1
    model.evaluate(X, Y, batch_size=16, verbose=0)
    model.test_on_batch(X[:5], Y[:5])
    assert layer.seen[1:] == [((None, 4), "float32", False)]
    model.predict(X, batch_size=9, verbose=0)
    model.predict(X[:1], verbose=0)
    assert len(layer.seen) <= 3
    model.fit(X, Y, validation_data=(X, Y), epochs=2, verbose=0)
    assert len(layer.seen) <= 3


def test_new_traces_for_new_shapes_and_changed_layers() -> None:
    model, layer = counted((None, 4))
    for steps in (3, 5, 3, 5):
        model.fit(np.ones((6, steps, 4)), np.ones((6, steps, 1)), batch_size=2, verbose=0)
    assert sorted({shape for shape, _, _ in layer.seen}, key=str) == [(None, 3, 4), (None, 5, 4)]
    assert len(layer.seen) == 2
    model.layers[-1].trainable = False
    layer.trainable = False
    model.layers[-1].trainable = True
    model.fit(np.ones((6, 3, 4)), np.ones((6, 3, 1)), batch_size=2, verbose=0)
    assert len(layer.seen) == 3


def test_a_subclass_and_its_loss_are_traced_once() -> None:
    calls = {"model": 0, "loss": 0, "metric": 0}

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = L.Dense(1)

        def call(self, x: Any) -> Any:
            calls["model"] += x.is_traced
            return self.dense(x)

    def loss(y_true: Any, y_pred: Any) -> Any:
        calls["loss"] += 1
        return (y_true - y_pred) ** 2

    def metric(y_true: Any, y_pred: Any) -> Any:
        calls["metric"] += 1
        return abs(y_true - y_pred)

    model = Own()
    model.build((None, 4))
    model.compile("adam", loss, metrics=[metric])
    calls["model"] = 0
    model.fit(X, Y, batch_size=5, epochs=4, verbose=0)
    assert calls == {"model": 1, "loss": 1, "metric": 1}
