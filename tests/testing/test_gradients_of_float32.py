"""`check_gradients` on layers and models of float32; and lists of tensors, which a tape must not lose."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


class Wrong(keras.layers.Layer):
    """y = w x, with half of the slope hidden."""

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="w")

    def call(self, x):
        return x * (self.w + ops.stop_gradient(self.w)) / 2.0


class Nested(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = keras.layers.Dense(2, activation="tanh")

    def call(self, x):
        return self.inner(x)


@pytest.mark.parametrize("inputs", [X, [X], (X,)], ids=["array", "list", "tuple"])
@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize(
    "make", [lambda: keras.layers.Dense(2, activation="tanh"), Nested], ids=["Dense", "Nested"]
)
def test_layers_of_float32(make, built, inputs):
    layer = make()
    if built:
        layer(X)
        before = layer.get_weights()
    keras.testing.check_gradients(layer, inputs)
    assert layer.compute_dtype == "float32"
    if built:
        for now, then in zip(layer.get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, then)
    assert keras.config.floatx() == "float32"


def test_models_of_float32():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="elu"), keras.layers.Dense(1)]
    )
    keras.testing.check_gradients(model, X)


def test_a_wrong_gradient_is_found():
    with pytest.raises(AssertionError, match=r"wrong gradient of .*w\["):
        keras.testing.check_gradients(Wrong(), X)


@pytest.mark.parametrize("name", ["relu", "sigmoid", "elu", "gelu", "softplus", "silu", "leaky_relu", "tanh"])
def test_lists_of_tensors_stay_on_the_tape(name):
    function = getattr(keras.activations, name)
    v = keras.Variable([0.5, 1.0])
    with keras.GradientTape() as tape:
        y = ops.sum(function([v[0], v[1]]))
    from_list = tape.gradient(y, v)
    with keras.GradientTape() as tape:
        y = ops.sum(function(v * 1.0))
    np.testing.assert_array_equal(from_list.numpy(), tape.gradient(y, v).numpy())


def test_losses_of_lists_of_tensors_stay_on_the_tape():
    v = keras.Variable(2.0)
    with keras.GradientTape() as tape:
        y = keras.losses.MeanSquaredError()([[0.0], [1.0]], [[v * 1.0], [v * 2.0]])
    assert float(tape.gradient(y, v)) == pytest.approx(2.0 + 2.0 * 3.0)
