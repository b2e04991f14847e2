"""Layer-sequential unit variance: each layer's outputs before the activation, whatever the model is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.initializers import lsuv

L = keras.layers
X = np.random.default_rng(0).normal(1.0, 3.0, size=(64, 8, 8, 3)).astype("float32")


def functional() -> keras.Model:
    x = keras.Input((8, 8, 3))
    h = L.Conv2D(6, 3, activation="relu", name="first")(x)
    h = L.SeparableConv2D(6, 3, activation="tanh", name="separable")(h)
    h = keras.Sequential(
        [L.DepthwiseConv2D(2, name="depth"), L.Conv2DTranspose(4, 2, name="up")], name="inner"
    )(h)
    h = L.BatchNormalization()(L.Dropout(0.5)(h))
    h = L.TimeDistributed(L.Dense(4, "elu", name="each"), name="all")(L.Reshape((-1, 4))(h))
    h = L.Dense(5, "gelu", name="wrapped")(L.LSTM(6)(h))
    return keras.Model(x, L.Dense(2, "softmax", name="last")(h))


NAMES = ["first", "separable", "inner/depth", "inner/up", "all/each", "wrapped", "last"]


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.flat, self.first = L.Flatten(), L.Dense(5, "relu", name="first")
        self.last = L.Dense(2, name="last")

    def call(self, x: Any) -> Any:
        return self.last(self.first(self.flat(x)))


def test_every_layer_gets_variance_one() -> None:
    model = functional()
    starts = lsuv(model, X, seed=1)
    assert list(starts) == NAMES
    for start in starts.values():
        assert abs(start.variance - 1.0) < 0.01
        assert start.iterations <= 2
    first = next(layer for layer in model.layers if layer.name == "first")
    assert first.activation is keras.activations.relu
    # What the layer returns is that of its formula: the variance of the outputs before the rectifier is one.
    y = keras.ops.conv(X, first.kernel, padding="valid") + first.bias
    assert float(np.var(np.asarray(y))) == pytest.approx(1.0, abs=0.01)
    kernel = first.kernel.numpy().reshape(-1, 6) / starts["first"].scale
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(6), atol=1e-5)


def test_subclassed_models_and_models_not_yet_built() -> None:
    model = Subclassed()
    assert list(lsuv(model, X)) == ["first", "last"]
    stack = keras.Sequential([L.Flatten(), L.Dense(3, "relu"), L.Dense(3, "relu")])
    starts = lsuv(stack, X)
    assert all(abs(start.variance - 1.0) < 0.01 for start in starts.values())


def test_seeds_repeat_and_compiled_models_see_the_new_weights() -> None:
    model = Subclassed()
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    lsuv(model, X, seed=3)
    a = model.get_weights()
    np.testing.assert_allclose(model.predict(X, verbose=0), model(X).numpy(), rtol=1e-5, atol=1e-6)
    lsuv(model, X, seed=3)
    for one, two in zip(a, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    lsuv(model, X, seed=4)
    assert not np.array_equal(a[0], model.get_weights()[0])


def test_kernels_may_be_kept_but_for_their_scale() -> None:
    model = Subclassed()
    model(X)
    before = model.first.kernel.numpy()
    start = lsuv(model, X, orthogonal=False)["first"]
    np.testing.assert_allclose(model.first.kernel.numpy(), before * start.scale, rtol=1e-6)


def test_bad_arguments() -> None:
    model = Subclassed()
    for arguments in ({"tolerance": 0.0}, {"tolerance": float("nan")}, {"max_iterations": 0}, {"seed": "x"}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            lsuv(model, X, **arguments)
    with pytest.raises(ValueError, match=r"expected the outputs of layer .* to vary"):
        lsuv(model, np.zeros_like(X))
    with pytest.raises(ValueError, match="a model with layers that have a kernel"):
        lsuv(keras.Sequential([L.Flatten()]), X)
    model.first.activation = keras.activations.relu
    with pytest.raises(ValueError, match="to vary"):
        lsuv(model, np.full_like(X, np.nan))
    assert model.first.activation is keras.activations.relu
