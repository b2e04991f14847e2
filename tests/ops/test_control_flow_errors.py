"""Control flow: what goes wrong, and what the errors say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from tests.ops.control import X, eager, gradient_of, traced


class Gate(keras.layers.Layer):
    """Calls a function of itself and its input."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(name="gate")
        self.function = function
        self.kept: list[Any] = []

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight(shape=(), initializer="ones", name="w")

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def call(self, x: Any) -> Any:
        return self.function(self, x) * self.w


def fit(function: Callable[[Any, Any], Any], run_eagerly: bool = False) -> Any:
    model = keras.Sequential([keras.Input((3,)), Gate(function)])
    model.compile("sgd", "mse", run_eagerly=run_eagerly)
    x = np.ones((4, 3), "float32")
    model.fit(x, x, verbose=0)
    return model


def loop(x: Any) -> Any:
    while ops.sum(x) < 50:
        x = x * 2
    return x


PYTHON_ON_VALUES = {
    "if": (lambda s, x: x if ops.sum(x) > 0 else -x, "truth of a tensor", "ops.cond"),
    "while": (lambda s, x: loop(x), "truth of a tensor", "ops.while_loop"),
    "and": (lambda s, x: x * (ops.any(x > 0) and 2.0), "truth of a tensor", "ops.logical_and"),
    "for": (lambda s, x: ops.stack([row * 2 for row in x]), "loop over a tensor", "ops.scan"),
    "float": (lambda s, x: x * float(ops.sum(x)), r"float\(\) of a tensor", "functions of `ops`"),
    "int": (lambda s, x: x * int(ops.sum(x)), r"int\(\) of a tensor", "ops.cast"),
    "range": (
        lambda s, x: sum(x for _ in range(ops.argmax(x[0]) + 1)),
        r"int\(\) of a tensor",
        "ops.fori_loop",
    ),
    "item": (lambda s, x: x * ops.sum(x).item(), r"item\(\) of a tensor", "functions of `ops`"),
    "numpy": (lambda s, x: x * ops.sum(x).numpy(), r"numpy\(\) of a tensor", "functions of `ops`"),
    "np.f": (lambda s, x: ops.convert_to_tensor(np.sin(x)), "a NumPy function of a tensor", "NumPy's"),
    "variable": (lambda s, x: x if s.w > 0 else -x, "truth of a tensor", "ops.cond"),
    "float(variable)": (lambda s, x: x * float(s.w), r"float\(\) of a variable", "at every step"),
}


@pytest.mark.parametrize("name", PYTHON_ON_VALUES)
def test_python_that_needs_values_says_what_where_and_both_ways_out(name: str) -> None:
    function, what, way_out = PYTHON_ON_VALUES[name]
    with pytest.raises(TypeError, match=what) as caught:
        fit(function)
    text = str(caught.value)
    assert "traced call" in text
    assert "/gate'" in text
    assert way_out in text
    assert "run_eagerly=True" in text
    fit(function, run_eagerly=True)


def test_a_layer_whose_shape_is_found_by_tracing_is_told_of_compute_output_shape() -> None:
    class Decides(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x if ops.sum(x) > 0 else -x

    with pytest.raises(TypeError, match="compute_output_shape"):
        keras.Sequential([keras.Input((3,)), Decides()])


def test_len_of_an_open_axis() -> None:
    with pytest.raises(TypeError, match="run_eagerly=True"):
        fit(lambda s, x: x * len(x))


def test_values_kept_from_another_trace() -> None:
    def keep(s: Gate, x: Any) -> Any:
        s.kept.append(x * s.w)
        return x + s.kept[0]

    model = fit(keep)
    with pytest.raises(RuntimeError, match="was kept"):
        model.predict(np.ones((4, 3), "float32"), verbose=0)


def test_values_kept_from_a_branch() -> None:
    def leak(s: Gate, x: Any) -> Any:
        kept: list[Any] = []
        ops.cond(ops.sum(x) > 0, lambda: kept.append(x * 2) or x, lambda: x)
        return kept[0] + x

    with pytest.raises(RuntimeError, match="branch or loop body that has ended"):
        fit(leak)


def test_a_variable_assigned_from_numpy_inside_a_traced_call() -> None:
    def assign(s: Gate, x: Any) -> Any:
        s.counter.assign(np.array([1.0, 2.0, 3.0], "float32"))
        return x + s.counter

    for run_eagerly in (False, True):
        gate = Gate(assign)
        gate.counter = keras.Variable(np.zeros(3, "float32"), trainable=False)
        model = keras.Sequential([gate])
        model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=run_eagerly)
        model.fit(np.ones((4, 3), "float32"), np.ones((4, 3), "float32"), verbose=0)
        np.testing.assert_array_equal(gate.counter.numpy(), [1.0, 2.0, 3.0])
        np.testing.assert_array_equal(model.predict(np.ones((1, 3), "float32"), verbose=0), [[2.0, 3.0, 4.0]])


def in_a_trace(function: Callable[[Any], Any]) -> None:
    traced(function, X)


WRONG: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "branch shapes": (
        lambda x: ops.cond(ops.sum(x) > 0, lambda: {"a": x}, lambda: {"a": x[:, :2]}),
        ValueError,
        r"\(None, 3\).*\(None, 2\).*\['a'\]",
    ),
    "branch dtypes": (
        lambda x: ops.cond(ops.sum(x) > 0, lambda: x, lambda: ops.cast(x, "float32")),
        ValueError,
        "float64.*float32",
    ),
    "branch structures": (
        lambda x: ops.cond(ops.sum(x) > 0, lambda: (x, x), lambda: x),
        ValueError,
        "`true_fn` and `false_fn` should return outputs of the same kind",
    ),
    "branch none": (lambda x: ops.cond(ops.sum(x) > 0, lambda: x, lambda: None), ValueError, "None"),
    "condition": (lambda x: ops.cond(x > 0, lambda: x, lambda: x), ValueError, "scalar condition"),
    "while condition": (
        lambda x: ops.while_loop(lambda v: v < 9, lambda v: v * 2, x),
        ValueError,
        "scalar condition",
    ),
    "while gradient": (
        gradient_of(lambda x: ops.while_loop(lambda v: ops.sum(v) < 9, lambda v: v * 2, x)),
        NotImplementedError,
        "fori_loop",
    ),
    "rule count": (
        gradient_of(ops.custom_gradient(lambda x: (x * 2, lambda up: (up, up)))),
        ValueError,
        "expected 1 gradients",
    ),
    "rule shape": (
        gradient_of(ops.custom_gradient(lambda x: (x * 2, lambda up: up[:, :2]))),
        ValueError,
        "shape of argument 0",
    ),
}
WRONG_ANYWHERE: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "carry shape": (
        lambda x: ops.scan(lambda c, r: ({"h": c["h"][:1]}, r), {"h": ops.zeros((3,))}, x),
        ValueError,
        r"carry\['h'\] was float32 \(3,\).*float32 \(1,\)",
    ),
    "carry dtype": (
        lambda x: ops.scan(lambda c, r: (ops.cast(c, "int32"), r), ops.zeros((3,)), x),
        ValueError,
        "carry was float32",
    ),
    "carry structure": (lambda x: ops.scan(lambda c, r: ((c, c), r), x[0], x), ValueError, "same structure"),
    "no pair": (lambda x: ops.scan(lambda c, r: c, 0.0, x), ValueError, "must return a pair"),
    "no function": (lambda x: ops.scan(123, 0.0, x), TypeError, "should be a callable"),
    "unroll": (
        lambda x: ops.scan(lambda c, r: (c, r), 0.0, x, unroll=-1),
        ValueError,
        "must be an positive integer or boolean.",
    ),
    "no length": (lambda x: ops.scan(lambda c, r: (c, r), 0.0), ValueError, "to scan over and"),
    "lengths": (
        lambda x: ops.map(lambda p: p[0], (ops.ones((4, 2)), ops.ones((3, 2)))),
        ValueError,
        "first axis",
    ),
    "length": (
        lambda x: ops.scan(lambda c, r: (c, r), 0.0, ops.ones((4,)), length=3),
        ValueError,
        "length=3",
    ),
    "scalar": (lambda x: ops.map(lambda r: r, ops.sum(x)), ValueError, "a scalar for xs"),
    "loop variables": (
        lambda x: ops.while_loop(lambda a, b: a < 2, lambda a, b: a + 1, (0, x)),
        ValueError,
        "must return 2 values",
    ),
    "loop shape": (
        lambda x: ops.while_loop(lambda n, v: n < 3, lambda n, v: (n + 1, v[:, :1]), (0, x)),
        ValueError,
        r"loop_vars\[1\]",
    ),
    "sizes": (
        lambda x: ops.associative_scan(lambda a, b: a, (np.ones(3), np.ones(4))),
        ValueError,
        " first dimension",
    ),
    "axis": (lambda x: ops.associative_scan(ops.add, x, axis=2), ValueError, "axis 2 is out of range"),
    "signature": (lambda x: ops.vectorize(ops.dot, signature="n,n->"), ValueError, "signature"),
    "rank": (lambda x: ops.vectorize(ops.dot, signature="(n,m,k)->()")(x), ValueError, "at least 3 axes"),
    "no branches": (lambda x: ops.switch(0, []), ValueError, "at least one"),
    "no rule": (lambda x: ops.custom_gradient(lambda x: x)(x), TypeError, "must return a pair"),
    "tangents": (lambda x: ops.jvp(ops.sin, x, x), TypeError, "tuple or list"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_in_a_trace(name: str) -> None:
    function, kind, text = WRONG[name]
    with pytest.raises(kind, match=text):
        in_a_trace(function)


@pytest.mark.parametrize("name", WRONG_ANYWHERE)
def test_wrong(name: str) -> None:
    function, kind, text = WRONG_ANYWHERE[name]
    with pytest.raises(kind, match=text):
        in_a_trace(function)
    with pytest.raises(kind, match=text):
        eager(function, X)


def test_errors_of_gradient_functions_come_out_as_they_are() -> None:
    @ops.custom_gradient
    def broken(x: Any) -> Any:
        def grad(upstream: Any) -> Any:
            raise KeyError("lost")

        return x * 2, grad

    with pytest.raises(KeyError, match="lost"):
        eager(gradient_of(broken), X)
    with pytest.raises(KeyError, match="lost"):
        traced(gradient_of(broken), X)
