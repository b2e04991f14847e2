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
