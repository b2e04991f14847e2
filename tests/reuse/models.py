"""Models and data that the tests of reuse share."""

from __future__ import annotations

from typing import Any

import numpy as np

import oxhorn as keras
from oxhorn.training.data import make_arrays
from oxhorn.training.programs import train_steps

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 8)).astype("float32")
Y = RNG.normal(size=(50, 3)).astype("float32")
IMAGES = RNG.normal(size=(30, 10, 10, 3)).astype("float32")
NAMES = ["hidden1", "hidden2", "hidden3", "output"]


def stack(seed: int = 0, compiled: Any = None) -> Any:
    """Four dense layers."""
    keras.utils.set_random_seed(seed)
    units = (7, 6, 5, 3)
    layers = [L.Dense(n, "tanh", name=name) for n, name in zip(units, NAMES, strict=True)]
    model = keras.Sequential([keras.Input((8,)), *layers], name="stack")
    if compiled is not None:
        model.compile(compiled, "mse", metrics=["mae"])
    return model


def residual() -> Any:
    """A skip connection over two layers."""
    x = keras.Input((8,), name="x")
    a = L.Dense(6, "relu", name="a")(x)
    b = L.Dense(6, name="b")(a)
    c = L.ReLU(name="c")(L.Add(name="sum")([a, b]))
    d = L.Dense(6, name="d")(c)
    return keras.Model(x, L.Dense(3, name="out")(L.Add(name="sum2")([d, a])), name="residual")


def towers() -> Any:
    """Two inputs, which meet on top."""
    i, j = keras.Input((8,), name="i"), keras.Input((2,), name="j")
    a, b = L.Dense(6, "relu", name="a")(i), L.Dense(4, name="b")(j)
    return keras.Model(
        {"i": i, "j": j}, L.Dense(3, name="out")(L.Concatenate(name="both")([a, b])), name="towers"
    )


def images() -> Any:
    """Convolutions with batch normalization."""
    return keras.Sequential(
        [
            keras.Input((10, 10, 3)),
            L.Conv2D(16, 3, activation="relu", name="conv1"),
            L.BatchNormalization(name="norm1"),
            L.MaxPooling2D(name="pool1"),
            L.Conv2D(32, 3, padding="same", name="conv2"),
            L.BatchNormalization(name="norm2"),
            L.ReLU(name="relu2"),
            L.GlobalAveragePooling2D(name="mean"),
            L.Dense(3, name="out"),
        ],
        name="images",
    )


def nested() -> Any:
    """A model inside a model, as pretrained ones are used."""
    base = keras.Sequential(
        [keras.Input((8,)), L.Dense(6, "relu", name="low"), L.Dense(5, "relu", name="high")], name="base"
    )
    x = keras.Input((8,), name="x")
    return keras.Model(x, L.Dense(3, name="out")(base(x)), name="outer")


def ops_of_a_step(model: Any, x: Any = X, y: Any = Y) -> list[str]:
    """The ops of the training program."""
    steps: Any = train_steps(model, make_arrays(model, "fit", x, y, None, None))
    return str(steps._step.program.describe()).split()


def same(a: Any, b: Any) -> None:
    """Two lists of arrays are equal to the bit."""
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)
