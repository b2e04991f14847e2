"""Control flow: eager, traced and plain NumPy agree, values and gradients; training, memory, threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops, tree
from tests.ops.control import DTYPES, Array, X, central, eager, gradient_of, traced


@dataclass(frozen=True)
class Row:
    """function(x) must equal reference(x); `smooth` rows have two derivatives, `gradient=False` none when traced."""

    name: str
    function: Callable[[Any], Any]
    reference: Callable[[Array], Any]
    gradient: bool = True
    open_batch: bool = True


W = np.array([0.5, -0.3, 0.8])


def _w(x: Any) -> Any:
    return _core.tensor(W.astype(str(x.dtype)))


def _np_recurrence(x: Array, reverse: bool = False) -> tuple[Array, Array]:
    c, ys = np.zeros(3), []
    for row in x[::-1] if reverse else x:
        ys.append(c * row)
        c = np.tanh(c * W + row)
    return c, np.stack(ys[::-1] if reverse else ys)


def _recurrence(x: Any, reverse: bool = False) -> Any:
    w = _w(x)

    def step(c: Any, row: Any) -> Any:
        return ops.tanh(c * w + row), c * row

    return ops.scan(step, ops.zeros((3,), x.dtype), x, reverse=reverse)


def _fibonacci(x: Any) -> Any:
    def step(c: Any, _: Any) -> Any:
        return {"a": c["b"], "b": c["a"] + c["b"]}, (c["a"], None)

    last, (ys, none) = ops.scan(step, {"a": x[0], "b": x[1]}, length=4)
    assert none is None
    return last, ys


def _np_fibonacci(x: Array) -> list[Array]:
    a, b, ys = x[0], x[1], []
    for _ in range(4):
        ys.append(a)
        a, b = b, a + b
    return [a, b, np.stack(ys)]


def _while(x: Any) -> Any:
    return ops.while_loop(
        lambda n, v: ops.sum(v * v) < 50, lambda n, v: (n + 1, v * 2), (0, x), maximum_iterations=20
    )


def _np_while(x: Array) -> list[Any]:
    n = 0
    while np.sum(x * x) < 50:
        n, x = n + 1, x * 2
    return [np.int32(n), x]


def _matrices(x: Any) -> Any:
    """Products of 2x2 matrices made of the rows of x."""
    m = ops.stack([ops.stack([x[:, 0], x[:, 1]], 1), ops.stack([x[:, 2], x[:, 0]], 1)], 1)
    return ops.associative_scan(ops.matmul, m)


def _np_matrices(x: Array) -> Array:
    made: list[Array] = []
    for a, b, c in x:
        m = np.array([[a, b], [c, a]])
        made.append(made[-1] @ m if made else m)
    return np.stack(made)


def _rows_by_sign(x: Any) -> Any:
    """A condition in a loop: rows whose first entry is large are squared, the others doubled."""
    return ops.map(lambda r: ops.cond(r[0] > 0.5, lambda: r * r, lambda: r * 2.0), x)


ROWS = [
    Row("cond-true", lambda x: ops.cond(ops.sum(x) > -9, lambda: x * x, lambda: x + 1), lambda x: x * x),
    Row("cond-false", lambda x: ops.cond(ops.sum(x) > 99, lambda: x * x, lambda: ops.exp(x)), np.exp),
    Row(
        "cond-structure",
        lambda x: ops.cond(
            ops.any(x > 0), lambda: {"a": (x, 1.0), "b": None}, lambda: {"a": (x, 2.0), "b": None}
        ),
        lambda x: [x, 1.0],
    ),
    Row(
        "switch",
        lambda x: ops.switch(ops.argmax(x[0]), [lambda v: v, lambda v: v * v, ops.exp], x),
        lambda x: [x, x * x, np.exp(x)][np.argmax(x[0])],
    ),
    Row(
        "switch-clamped",
        lambda x: ops.switch(ops.cast(ops.sum(x * x) * 99, "int32"), [ops.sin, ops.cos], x),
        np.cos,
    ),
    Row("scan", _recurrence, _np_recurrence),
    Row("scan-reverse", lambda x: _recurrence(x, True), lambda x: _np_recurrence(x, True)),
    Row("scan-length", _fibonacci, _np_fibonacci),
    Row("scan-number", lambda x: ops.scan(lambda c, r: (c + ops.sum(r), c), 0, x)[0], np.sum),
    Row("scan-last-only", lambda x: _recurrence(x)[0], lambda x: _np_recurrence(x)[0]),
    Row(
        "fori",
        lambda x: ops.fori_loop(1, 4, lambda i, v: v * x + ops.cast(i, x.dtype), x),
        lambda x: ((x * x + 1) * x + 2) * x + 3,
    ),
    Row("fori-none", lambda x: ops.fori_loop(3, 3, lambda i, v: v * 2, x), lambda x: x),
    Row(
        "fori-open",
        lambda x: ops.fori_loop(0, ops.sum(ops.ones_like(x[:, 0], "int32")), lambda i, v: v * 2, x),
        lambda x: x * 2.0 ** len(x),
        gradient=False,
    ),
    Row("fori-size", lambda x: ops.fori_loop(0, ops.shape(x)[0], lambda i, v: v * x, x), lambda x: x**5),
    Row(
        "scan-size",
        lambda x: ops.scan(lambda c, _: (c * c, c), x, length=ops.shape(x)[0])[1],
        lambda x: np.stack([x, x**2, x**4, x**8]),
    ),
    Row("while", _while, _np_while, gradient=False),
    Row("map", lambda x: ops.map(lambda r: {"a": r * r, "b": ops.sum(r)}, x), lambda x: [x * x, x.sum(1)]),
    Row("map-cond", _rows_by_sign, lambda x: np.where(x[:, :1] > 0.5, x * x, x * 2)),
    Row(
        "vectorized_map",
        lambda x: ops.vectorized_map(lambda p: ops.dot(p[0], p[1]), (x, x)),
        lambda x: (x * x).sum(1),
    ),
    Row("associative_scan", _matrices, _np_matrices, open_batch=False),
    Row("associative_scan-open", _matrices, _np_matrices),
    Row(
        "associative_scan-reverse",
        lambda x: ops.associative_scan(ops.add, x, reverse=True, axis=1),
        lambda x: np.cumsum(x[:, ::-1], 1)[:, ::-1],
    ),
    Row("vectorize", lambda x: ops.vectorize(lambda a, b: a * b + a)(x, x[0]), lambda x: x * x[0] + x),
    Row(
        "vectorize-signature",
        lambda x: ops.vectorize(ops.dot, signature="(n),(n)->()")(x, x[0]),
        lambda x: x @ x[0],
    ),
    Row(
        "jvp",
        lambda x: ops.jvp(lambda a: (ops.sin(a), a[0]), (x,), (x * x,)),
        lambda x: [np.sin(x), x[0], np.cos(x) * x * x, (x * x)[0]],
    ),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@every_row
@pytest.mark.parametrize("dtype", DTYPES)
def test_value(row: Row, dtype: str) -> None:
    x = X.astype(dtype)
    rtol, atol = DTYPES[dtype]
    expected = tree.flatten(row.reference(X))
    for got in (eager(row.function, x), traced(row.function, x, open_batch=row.open_batch)):
        assert len(got) == len(expected)
        for y, e in zip(got, expected, strict=True):
            assert y.shape == np.shape(e)
            np.testing.assert_allclose(y, e, rtol=rtol, atol=atol)


@pytest.mark.parametrize("row", [row for row in ROWS if row.gradient], ids=lambda row: row.name)
@pytest.mark.parametrize("order", [1, 2])
def test_gradient(row: Row, order: int) -> None:
    """Eager against differences, traced against eager; the second derivative likewise."""
    function = gradient_of(row.function, order)
    got = eager(function, X)[0]
    if order == 1:
        np.testing.assert_allclose(got, central(row.function, X), rtol=1e-5, atol=1e-7)
    again = traced(function, X, open_batch=row.open_batch)[0]
    np.testing.assert_allclose(again, got, rtol=1e-9, atol=1e-11)


def test_one_program_serves_any_length() -> None:
    with _core.Graph() as graph:
        x = graph.input((None, 3), "float64")
        program = graph.compile([gradient_of(_recurrence)(x)])
    for n in (1, 4, 2, 7):
        x = np.resize(X, (n, 3))
        np.testing.assert_allclose(program.run([x])[0], eager(gradient_of(_recurrence), x)[0], rtol=1e-10)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 13])
def test_associative_scan_of_any_length(n: int, reverse: bool) -> None:
    x = np.arange(1.0, n + 1)
    expected = np.cumsum(x[::-1])[::-1] if reverse else np.cumsum(x)
    np.testing.assert_allclose(ops.associative_scan(ops.add, x, reverse=reverse), expected)
    two = ops.associative_scan(lambda a, b: (a[0] + b[0], a[1] * b[1]), (x, x), reverse=reverse)
    np.testing.assert_allclose(two[0], expected)


def test_no_steps() -> None:
    last, ys = ops.scan(lambda c, x: (c, {"y": c * x}), 2.0, np.zeros((0, 3), "float32"))
    assert float(last) == 2.0
    assert tuple(ys["y"].shape) == (0, 3)


# Training ------------------------------------------------------------------------------------------


class OwnRNN(keras.layers.Layer):
    """h_t = tanh(x_t U + h_{t-1} V + b), one sample's steps along axis 1."""

    def __init__(self, units: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.units = units
        self.dropout = keras.layers.Dropout(dropout, seed=3)

    def build(self, input_shape: Any) -> None:
        self.u = self.add_weight(shape=(input_shape[-1], self.units), name="u")
        self.v = self.add_weight(shape=(self.units, self.units), name="v")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def step(self, h: Any, x: Any) -> Any:
        h = self.dropout(ops.tanh(ops.matmul(x, self.u) + ops.matmul(h, self.v) + self.b))
        return h, h

    def start(self, x: Any) -> Any:
        return ops.zeros_like(ops.matmul(x[:, 0], self.u))

    def call(self, x: Any) -> Any:
        return ops.scan(self.step, self.start(x), ops.transpose(x, (1, 0, 2)))[0]


class LoopRNN(OwnRNN):
    """The same as a Python loop."""

    def call(self, x: Any) -> Any:
        h = self.start(x)
        for t in range(x.shape[1]):
            h, _ = self.step(h, x[:, t])
        return h


def trained(cls: type[OwnRNN], run_eagerly: bool, dropout: float = 0.0) -> list[Array]:
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(24, 5, 3)).astype("float32"), rng.normal(size=(24, 2)).astype("float32")
    model = keras.Sequential([cls(4, dropout), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=run_eagerly)
    model.fit(x, y, batch_size=10, epochs=3, verbose=0, shuffle=False)
    return [np.asarray(w) for w in model.get_weights()]


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_cell_of_ones_own_trains_as_its_loop_does(dropout: float) -> None:
    """In fit's traced steps, in eager steps, and as a plain Python loop; dropout draws the same numbers."""
    traced_weights = trained(OwnRNN, False, dropout)
    for other in (
        trained(OwnRNN, True, dropout),
        trained(LoopRNN, False, dropout),
        trained(LoopRNN, True, dropout),
    ):
        for a, b in zip(traced_weights, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_memory_is_flat_over_many_steps() -> None:
    model = keras.Sequential([OwnRNN(4), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.ones((40, 5, 3), "float32"), np.ones((40, 2), "float32")
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    before = _core.allocations()
    model.fit(x, y, batch_size=8, epochs=20, verbose=0)
    assert _core.allocations() - before < 40  # a few for each call, none for each of the 100 steps


def test_threads() -> None:
    model = keras.Sequential([OwnRNN(4), keras.layers.Dense(2)])
    x = np.random.default_rng(5).normal(size=(64, 5, 3)).astype("float32")
    expected = model.predict(x, verbose=0)
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            if not np.array_equal(model.predict(x, verbose=0), expected):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_condition_on_the_training_flag_and_on_a_variable() -> None:
    class Warmup(keras.layers.Layer):
        """Passes its input on, ten times as large, until it was trained three times."""

        def build(self, input_shape: Any) -> None:
            self.calls = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False)
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, x: Any, training: bool = False) -> Any:
            def count() -> Any:
                self.calls.assign_add(1)
                return x * 10.0

            return ops.cond(self.calls < 3, count if training else lambda: x * 10.0, lambda: x) * self.scale

    for run_eagerly in (False, True):
        layer = Warmup()
        model = keras.Sequential([layer])
        model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=run_eagerly)
        x = np.ones((5, 2), "float32")
        model.fit(x, x, batch_size=1, verbose=0)
        assert int(layer.calls.numpy()) == 3
        np.testing.assert_array_equal(model.predict(x, verbose=0), x)


# Functional models ---------------------------------------------------------------------------------


def test_symbolic_loops_make_models() -> None:
    x = keras.Input((3,))
    last, sums = ops.scan(lambda c, r: (c + r, c), ops.zeros((3,)), x)
    outputs = [
        ops.map(lambda r: r * 2, x),
        ops.vectorized_map(lambda p: p[0] + p[1], [x, x]),
        last,
        sums,
        ops.fori_loop(0, 3, lambda i, v: v + 1, x),
        ops.while_loop(lambda v: ops.sum(v) < 100, lambda v: v * 2, x),
        ops.switch(1, [ops.add, ops.subtract], x, x),
        ops.associative_scan(ops.add, x, axis=1),
    ]
    assert [tuple(y.shape) for y in outputs[:2]] == [(None, 3), (None, 3)]
    assert tuple(last.shape) == (3,)
    values = np.arange(6, dtype="float32").reshape(2, 3)
    model = keras.Model(x, outputs)
    got = [np.asarray(y) for y in model(values)]
    expected = [
        values * 2,
        values * 2,
        values.sum(0),
        np.stack([np.zeros(3), values[0]]),
        values + 3,
        values * 8,
        values * 0,
        np.cumsum(values, 1),
    ]
    for y, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(y, e)


def test_symbolic_cond_holds_its_layers() -> None:
    x = keras.Input((3,))
    y = ops.cond(ops.sum(x) > 0, lambda: keras.layers.Dense(2)(x * 2.0), lambda: keras.layers.Dense(2)(x))
    model = keras.Model(x, y)
    assert len(model.trainable_weights) == 4
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3), "float32"), np.full((4, 2), 3.0, "float32"), verbose=0)
    changed = [bool(np.any(a != b)) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [True, True, False, False]
    with pytest.raises(ValueError, match=r"\(3,\).*\(4,\)"):
        ops.cond(keras.KerasTensor((), "bool"), lambda: ops.ones((3,)), lambda: ops.zeros((4,)))
    with pytest.raises(ValueError, match="from outside"):
        ops.map(lambda r: r + x, x)


@keras.saving.register_keras_serializable("control_flow_tests")
def doubled(x: Any) -> Any:
    return x + x


def test_a_model_with_a_map_comes_back_from_its_config() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, ops.vectorized_map(doubled, x))
    config = model.get_config()
    assert config["layers"][1]["module"] == "keras.src.ops.core"
    again = keras.Model.from_config(config)
    np.testing.assert_array_equal(again(np.ones((2, 3), "float32")), np.full((2, 3), 2.0))
