"""Slopes to the left, to the right and at every kink, in float64: a choice at the kink, and documented.

Keras's backends disagree at some kinks. Ours are those of Keras on JAX, but for `leaky_relu`, `relu` with a slope below
zero and `sparse_sigmoid`, whose slopes are those of TensorFlow and PyTorch: the piece to the left, or the flat one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import reference as ref
from oxhorn.testing.reference.activations import SELU_ALPHA, SELU_SCALE

# Name, arguments, the kink, slopes: to its left, to its right, at it.
KINKS: list[tuple[str, dict[str, Any], float, float, float, float]] = [
    ("relu", {}, 0.0, 0.0, 1.0, 0.0),
    ("relu", {"negative_slope": 0.1}, 0.0, 0.1, 1.0, 0.1),
    ("relu", {"max_value": 2.0}, 2.0, 1.0, 0.0, 0.0),
    ("relu", {"threshold": 0.7}, 0.7, 0.0, 1.0, 0.0),
    ("relu6", {}, 0.0, 0.0, 1.0, 0.0),
    ("relu6", {}, 6.0, 1.0, 0.0, 0.0),
    ("leaky_relu", {}, 0.0, 0.2, 1.0, 0.2),
    ("elu", {}, 0.0, 1.0, 1.0, 1.0),
    ("elu", {"alpha": 0.5}, 0.0, 0.5, 1.0, 0.5),
    ("selu", {}, 0.0, SELU_ALPHA * SELU_SCALE, SELU_SCALE, SELU_ALPHA * SELU_SCALE),
    ("celu", {"alpha": 1.5}, 0.0, 1.0, 1.0, 1.0),
    ("hard_tanh", {}, -1.0, 0.0, 1.0, 1.0),
    ("hard_tanh", {}, 1.0, 1.0, 0.0, 1.0),
    ("hard_sigmoid", {}, -3.0, 0.0, 1 / 6, 0.0),
    ("hard_sigmoid", {}, 3.0, 1 / 6, 0.0, 0.0),
    ("hard_silu", {}, -3.0, 0.0, -0.5, 0.0),
    ("hard_silu", {}, 3.0, 1.5, 1.0, 1.0),
    ("sparse_plus", {}, -1.0, 0.0, 0.0, 0.0),
    ("sparse_plus", {}, 1.0, 1.0, 1.0, 1.0),
    ("sparse_sigmoid", {}, -1.0, 0.0, 0.5, 0.0),
    ("sparse_sigmoid", {}, 1.0, 0.5, 0.0, 0.0),
    ("soft_shrink", {}, -0.5, 1.0, 0.0, 0.0),
    ("soft_shrink", {"threshold": 1.3}, 1.3, 0.0, 1.0, 0.0),
    ("hard_shrink", {}, -0.5, 1.0, 0.0, 0.0),
    ("hard_shrink", {}, 0.5, 0.0, 1.0, 0.0),
    ("threshold", {"threshold": 0.3, "default_value": -1.0}, 0.3, 0.0, 1.0, 0.0),
    ("softsign", {}, 0.0, 1.0, 1.0, 1.0),
    ("prelu", {}, 0.0, 0.25, 1.0, 0.0),
    ("rrelu", {"lower": 0.1, "upper": 0.3}, 0.0, 0.2, 1.0, 0.0),
]
# One formula for all inputs: around 0 the slope is that of the reference.
SMOOTH = [
    "sigmoid",
    "tanh",
    "tanh_shrink",
    "softplus",
    "squareplus",
    "exponential",
    "silu",
    "gelu",
    "mish",
    "log_sigmoid",
]

LAYERS: list[tuple[str, dict[str, Any], float, float]] = [
    ("ReLU", {}, 0.0, 0.0),
    ("ReLU", {"max_value": 6.0}, 6.0, 0.0),
    ("LeakyReLU", {}, 0.0, 0.3),
    ("PReLU", {"alpha_initializer": "ones"}, 0.0, 0.0),
    ("ELU", {}, 0.0, 1.0),
    ("RReLU", {}, 0.0, 0.0),
    ("Hardtanh", {}, 1.0, 1.0),
]


def value_and_slope(function: Callable[[Any], Any], at: float) -> tuple[float, float]:
    with _core.Tape() as tape:
        x = _core.tensor(np.array([[at]]))
        tape.watch(x)
        y = function(x)
    gradient = tape.gradient(y, [x])[0]
    return float(y.numpy()[0, 0]), 0.0 if gradient is None else float(gradient.numpy()[0, 0])


def test_every_activation_is_here() -> None:
    whole = {"glu", "linear", "log_softmax", "softmax", "sparsemax"}
    names = set(_core.activation_names()) | {"prelu", "rrelu"}
    assert names == {row[0] for row in KINKS} | set(SMOOTH) | whole


@pytest.mark.parametrize(("name", "arguments", "at", "left", "right", "slope"), KINKS, ids=str)
def test_slopes(
    name: str, arguments: dict[str, Any], at: float, left: float, right: float, slope: float
) -> None:
    def f(x: Any) -> Any:
        return getattr(keras.activations, name)(x, **arguments)

    step = 2.0**-20
    below, above = value_and_slope(f, at - step), value_and_slope(f, at + step)
    assert below[1] == pytest.approx(left, abs=4e-6)
    assert above[1] == pytest.approx(right, abs=4e-6)
    assert value_and_slope(f, at)[1] == pytest.approx(slope, abs=1e-12)
    # The slopes on both sides are those of the values.
    for (value, _), side, sign in ((below, left, -1.0), (above, right, 1.0)):
        further = value_and_slope(f, at + 2 * sign * step)[0]
        assert (further - value) / (sign * step) == pytest.approx(side, abs=1e-5)


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_around_zero(name: str) -> None:
    f, reference, step = getattr(keras.activations, name), ref.activations.ALL[name], 1e-6
    for at in (-step, 0.0, step):
        right = (reference(at + step) - reference(at - step)) / (2 * step)
        assert value_and_slope(f, at)[1] == pytest.approx(float(right), abs=1e-6)


@pytest.mark.parametrize(("name", "arguments", "at", "slope"), LAYERS, ids=str)
def test_layers(name: str, arguments: dict[str, Any], at: float, slope: float) -> None:
    layer = getattr(keras.layers, name)(**arguments, dtype="float64")
    layer(np.zeros((1, 1)))
    assert value_and_slope(layer, at)[1] == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize("name", [row[0] for row in KINKS[:1]] + ["soft_shrink", "hard_tanh", "leaky_relu"])
def test_the_same_slopes_in_a_program(name: str) -> None:
    """A traced model has the slopes of eager calls, at the kinks too."""
    points = [row[2] for row in KINKS if row[0] == name and (not row[1])]
    f = getattr(keras.activations, name)
    x = keras.Input((1,), dtype="float64")
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", dtype="float64", name="d")
    model = keras.Model(x, keras.layers.Activation(f, dtype="float64")(dense(x)))
    model.compile(loss=lambda y, p: keras.ops.sum(p - y))
    for at in points or [0.5]:
        expected = value_and_slope(f, at)[1] * at
        gradient = model.gradients(np.array([[at]]), np.zeros((1, 1)))["d/kernel"]
        assert float(gradient[0, 0]) == pytest.approx(expected, abs=1e-12)


def test_sparsemax_at_the_edge_of_its_support() -> None:
    """Where one more entry is about to join, the gradient is that without it."""
    with _core.Tape() as tape:
        x = _core.tensor(np.array([[1.0, 0.0, -3.0]]))
        tape.watch(x)
        y = keras.ops.sum(keras.activations.sparsemax(x) * np.array([[1.0, 2.0, 3.0]]))
    np.testing.assert_array_equal(tape.gradient(y, [x])[0].numpy(), np.zeros((1, 3)))
