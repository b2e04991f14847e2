"""The gradient checker finds a wrong gradient and names its place; it leaves what it checks as it was."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import check_gradients


def half_wrong(x: _core.Tensor) -> _core.Tensor:
    """x^2 whose gradient is x instead of 2x: stop_gradient hides one factor."""
    return _core.apply("multiply", [x, _core.apply("stop_gradient", [x])])


def test_right_gradient_passes() -> None:
    check_gradients(lambda x: _core.apply("square", [x]), np.array([[1.0, -2.0], [0.5, 3.0]]))


def test_wrong_gradient_names_the_index() -> None:
    x = np.zeros((3, 4))
    x[1, 2] = 5.0
    with pytest.raises(AssertionError, match=r"input\[1, 2\].*1 of 12 elements"):
        check_gradients(half_wrong, x)


def test_missing_gradient_is_zero() -> None:
    with pytest.raises(AssertionError, match=r"gradient 0 "):
        check_gradients(lambda x: _core.apply("stop_gradient", [x]), np.ones(2))


def test_wrong_parameter_is_named() -> None:
    class Wrong(keras.layers.Layer):
        def build(self, input_shape: tuple[int | None, ...]) -> None:
            self.good = self.add_weight(shape=(2,), initializer="ones", name="good")
            self.bad = self.add_weight(shape=(2,), initializer="ones", name="bad")

        def call(self, inputs: _core.Tensor) -> _core.Tensor:
            return inputs * self.good * half_wrong(self.bad.value)

    with pytest.raises(AssertionError, match=r"wrong/bad\[[01]\]"):
        check_gradients(Wrong(dtype="float64", name="wrong"), np.array([[1.0, 2.0]]))


def test_layer_is_left_as_it_was() -> None:
    layer = keras.layers.BatchNormalization(dtype="float64")
    x = np.random.default_rng(0).normal(size=(6, 3))
    layer(x)
    before = layer.get_weights()
    check_gradients(layer, x, training=True)
    for a, b in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_random_layers_draw_the_same_numbers() -> None:
    check_gradients(keras.layers.Dropout(0.5, dtype="float64", seed=1), np.ones((3, 8)), training=True)


def test_float32_variables_are_refused() -> None:
    with pytest.raises(ValueError, match=r"kernel must be float64.*float32"):
        layer = keras.layers.Dense(2)
        layer.build((None, 4))
        check_gradients(lambda x: layer(x), np.ones((3, 4)), variables=layer.trainable_variables)


def test_nothing_to_check_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        check_gradients(lambda x: x, np.array([1, 2]))


def test_models_and_losses() -> None:
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            keras.layers.Dense(4, activation="tanh", dtype="float64"),
            keras.layers.Dense(2, activation="softmax", dtype="float64"),
        ]
    )
    x = np.random.default_rng(0).normal(size=(5, 3))
    check_gradients(model, x)
    loss = keras.losses.CategoricalCrossentropy(dtype="float64")
    truth = np.eye(2)[[0, 1, 1, 0, 1]]
    check_gradients(lambda x: loss(truth, model(x)), x, variables=model.trainable_variables)


def test_a_loss_by_itself_and_a_subclassed_model() -> None:
    rng = np.random.default_rng(2)
    check_gradients(keras.losses.Huber(dtype="float64"), (rng.normal(size=(4, 3)), rng.normal(size=(4, 3))))

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__(dtype="float64")
            self.inner = keras.layers.Dense(2, activation="tanh", dtype="float64")

        def call(self, x: _core.Tensor, training: bool | None = None) -> _core.Tensor:
            return half_wrong(self.inner(x))

    with pytest.raises(
        AssertionError, match=r"wrong gradient of .*\[\d.*\].*central difference .*, gradient"
    ):
        check_gradients(Own(), rng.normal(size=(4, 3)))
