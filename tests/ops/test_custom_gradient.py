"""Gradients of one's own: eager and traced, of second order, in loops, in branches and in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops
from tests.ops.control import X, eager, gradient_of, traced


@ops.custom_gradient
def log1pexp(x: Any) -> Any:
    e = ops.exp(x)

    def grad(*args: Any, upstream: Any = None) -> Any:
        if upstream is None:
            (upstream,) = args
        return upstream * (1.0 - 1.0 / (1.0 + e))

    return ops.log(1.0 + e), grad


@ops.custom_gradient
def two(x: Any, scale: float, y: Any) -> Any:
    def grad(up_a: Any, up_b: Any) -> Any:
        return up_a * 2.0, None, up_b * 3.0 + up_a

    return (x * scale, y * scale), grad


@ops.custom_gradient
def keyword(x: Any) -> Any:
    def grad(*args: Any, upstream: Any) -> Any:
        return upstream * args[0]

    return x * 0.0, grad


CUSTOM = {
    "closure": (log1pexp, lambda x: 1.5 / (1 + np.exp(-x))),
    "several": (lambda x: two(x, 4.0, x), lambda x: np.full_like(x, 1.5 * 2 + 2.5 * 3 + 1.5)),
    "keyword": (keyword, lambda x: 1.5 * x),
    "in a loop": (lambda x: ops.map(log1pexp, x), lambda x: 1.5 / (1 + np.exp(-x))),
    "in a branch": (
        lambda x: ops.cond(ops.sum(x) > 99, lambda: x, lambda: log1pexp(x)),
        lambda x: 1.5 / (1 + np.exp(-x)),
    ),
}


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_gradient(name: str) -> None:
    function, reference = CUSTOM[name]
    first = gradient_of(function)
    for got in (eager(first, X)[0], traced(first, X)[0]):
        np.testing.assert_allclose(got, reference(X), rtol=1e-12)
    second = gradient_of(function, 2)
    expected, h = np.zeros_like(X), 1e-6
    for index in np.ndindex(*X.shape):
        step = np.zeros_like(X)
        step[index] = h
        expected[index] = (np.sum(reference(X + step) ** 2) - np.sum(reference(X - step) ** 2)) / (2 * h)
    if name != "several":
        for got in (eager(second, X)[0], traced(second, X)[0]):
            np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)


def test_custom_gradient_with_variables() -> None:
    inside, argument = keras.Variable(2.0), keras.Variable(5.0)

    @ops.custom_gradient
    def scaled(x: Any, w: Any) -> Any:
        return x * w * inside, lambda up: (up * 10.0 * inside, up * 100.0)

    def gradients(x: Any) -> Any:
        with _core.Tape() as tape:
            tape.watch(x)
            y = ops.sum(scaled(x, argument))
        return tape.gradient(y, [x, argument, inside])

    x = np.ones((2,), "float32")
    on_tape = gradients(_core.tensor(x))
    assert on_tape[2] is None
    for got in (eager(lambda x: gradients(x)[:2], x), traced(lambda x: gradients(x)[:2], x)):
        np.testing.assert_array_equal(got[0], [20.0, 20.0])
        assert float(got[1]) == 200.0


def test_custom_gradient_in_training() -> None:
    """Gradient reversal: the weight moves the other way, in traced and in eager steps alike."""

    @ops.custom_gradient
    def reverse(x: Any) -> Any:
        return x, lambda up: -up

    class Reversed(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return reverse(x)

    results = []
    for layers, run_eagerly in (([], False), ([Reversed()], False), ([Reversed()], True)):
        dense = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
        model = keras.Sequential([dense, *layers])
        model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=run_eagerly)
        model.fit(np.ones((2, 2), "float32"), np.zeros((2, 1), "float32"), verbose=0)
        results.append(np.asarray(dense.kernel.numpy()) - 1.0)
    np.testing.assert_allclose(results[1], -results[0], rtol=1e-6)
    np.testing.assert_array_equal(results[2], results[1])


def test_jvp_with_auxiliary_results() -> None:
    y, dy, aux = ops.jvp(lambda a, b: (a * b["c"], a**2), (3.0, {"c": 2.0}), (1.0, {"c": 10.0}), has_aux=True)
    assert (float(y), float(dy), float(aux)) == (6.0, 32.0, 9.0)
    with pytest.raises(ValueError, match="shape of its primal"):
        ops.jvp(ops.sin, (np.ones(3),), (np.ones(2),))
