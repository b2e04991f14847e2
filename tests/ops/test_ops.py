"""Every op against its row: values, gradients, traced as eager, any memory layout. An op without a row fails."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np
import pytest

from oxhorn import _core, ops
from oxhorn.testing import check_gradients
from tests.arrays import LAYOUTS
from tests.ops import (
    rows_bits,
    rows_conv,
    rows_einsum,
    rows_elementwise,
    rows_fft,
    rows_image,
    rows_indexing,
    rows_linalg,
    rows_nn,
    rows_nn_functions,
    rows_numpy,
    rows_numpy_reductions,
    rows_numpy_shapes,
    rows_order,
    rows_random,
    rows_recurrent,
    rows_shapes,
)
from tests.ops.table import Row

TABLES = {
    "elementwise": rows_elementwise.ROWS,
    "shapes": rows_shapes.ROWS,
    "nn": rows_nn.ROWS,
    "nn functions": rows_nn_functions.ROWS,
    "conv": rows_conv.ROWS,
    "image": rows_image.ROWS,
    "linalg": rows_linalg.ROWS,
    "fft": rows_fft.ROWS,
    "numpy values": rows_numpy.ROWS,
    "numpy shapes": rows_numpy_shapes.ROWS,
    "numpy reductions": rows_numpy_reductions.ROWS,
    "indexing": rows_indexing.ROWS,
    "einsum": rows_einsum.ROWS,
    "bits": rows_bits.ROWS,
    "order": rows_order.ROWS,
    "recurrent": rows_recurrent.RECURRENT,
}
ROWS = [row for rows in TABLES.values() for row in rows]
DIFFERENTIABLE = [row for row in ROWS if row.differentiable()]
TOLERANCES = {"float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-10)}

OPS = set(_core.op_names())
ACTIVATIONS = set(_core.activation_names())

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
every_gradient = pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.id)


def as_list(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (list, tuple)) else [result]


def run(row: Row, inputs: list[Any]) -> list[_core.Tensor]:
    if row.op in OPS:
        return as_list(_core.apply(row.op, inputs, dict(row.attrs)))
    if row.op in ACTIVATIONS:
        return [_core.activation(row.op, inputs[0], dict(row.attrs))]
    function = attrgetter(row.op.removeprefix("ops."))(ops)
    if row.listed:
        return as_list(function(inputs, **row.attrs))
    if row.names:
        return as_list(function(**dict(zip(row.names, inputs, strict=True)), **row.attrs))
    return as_list(function(*inputs, **row.attrs))


def traced(row: Row, arrays: list[np.ndarray], unknown_batch: bool) -> list[np.ndarray]:
    graph = _core.Graph()
    with graph:
        inputs = [graph.input(_spec(a, unknown_batch), a.dtype.name) for a in arrays]
        program = graph.compile(run(row, inputs))
    return program.run(arrays)


def _spec(array: np.ndarray, unknown_batch: bool) -> tuple[int | None, ...]:
    return (None, *array.shape[1:]) if unknown_batch and array.ndim else array.shape


def assert_close(got: np.ndarray, expected: Any, dtype: str, loose: float) -> None:
    expected = np.asarray(expected)
    assert got.shape == expected.shape
    if not np.issubdtype(got.dtype, np.floating):
        np.testing.assert_array_equal(got, expected)
        return
    rtol, atol = TOLERANCES[dtype]
    np.testing.assert_allclose(got, expected, rtol=rtol * loose, atol=atol)


def test_every_op_has_a_row() -> None:
    for name, rows in TABLES.items():
        assert rows, f"the table {name} is empty"
    names = _core.op_names()
    assert len(names) > 100
    # How many places `nonzero` finds depends on values, so it cannot be traced: see test_indexing.py.
    covered = {row.op.removeprefix("ops.") for row in ROWS} | set(rows_random.COVERED) | {"nonzero"}
    assert sorted(set(names) - covered) == []
    public = set(ops.__all__)
    for space in (ops.image, ops.linalg, ops.nn):
        public |= {f"{space.__name__.rpartition('.')[2]}.{name}" for name in space.__all__}
    assert sorted(covered - set(names) - ACTIVATIONS - public) == []


@every_row
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value(row: Row, dtype: str) -> None:
    arrays = row.cast(dtype)
    expected = as_list(row.reference(*[a.astype("float64") if a.dtype == dtype else a for a in arrays]))
    got = run(row, [_core.tensor(a) for a in arrays])
    assert len(got) == len(expected)
    for y, e in zip(got, expected, strict=True):
        assert not y.is_traced
        assert y.shape == np.shape(e)
        assert_close(y.numpy(), e, dtype, row.loose)


@every_row
def test_float_dtype_is_kept(row: Row) -> None:
    for dtype in ("float32", "float64"):
        arrays = row.cast(dtype)
        if not any(a.dtype == dtype for a in arrays) or row.op in ("cast", "confusion_counts"):
            continue
        for y in run(row, [_core.tensor(a) for a in arrays]):
            assert y.dtype == dtype or not y.dtype.startswith("float")


@every_row
def test_traced_equals_eager(row: Row) -> None:
    arrays = row.cast("float32")
    eager = [y.numpy() for y in run(row, [_core.tensor(a) for a in arrays])]
    for y, e in zip(traced(row, arrays, unknown_batch=False), eager, strict=True):
        assert y.dtype == e.dtype
        np.testing.assert_array_equal(y, e)


@pytest.mark.parametrize("row", [r for r in ROWS if r.batch and r.inputs], ids=lambda row: row.id)
def test_traced_with_unknown_batch(row: Row) -> None:
    arrays = row.cast("float64")
    graph = _core.Graph()
    batch = arrays[0].shape[0] if arrays[0].ndim else None
    with graph:
        inputs = [
            graph.input(
                (None, *a.shape[1:]) if a.ndim and a.shape[0] == batch and i in batched(row) else a.shape,
                str(a.dtype),
            )
            for i, a in enumerate(arrays)
        ]
        program = graph.compile(run(row, inputs))
    eager = [y.numpy() for y in run(row, [_core.tensor(a) for a in arrays])]
    for y, e in zip(program.run(arrays), eager, strict=True):
        np.testing.assert_array_equal(y, e)


def batched(row: Row) -> tuple[int, ...]:
    """Inputs that carry samples in their first axis; the others are weights."""
    weights = (
        *("matmul", "dense", "dot", "tensordot", "batch_normalization", "layer_normalization"),
        *("conv", "conv_transpose", "depthwise_conv", "separable_conv"),
    )
    if row.op in weights or (row.op == "take" and row.attrs.get("axis") == 0):
        return (1,) if row.op == "take" else (0,)
    return tuple(range(len(row.inputs)))


@every_gradient
def test_gradient(row: Row) -> None:
    """Eager, through the tape, against central differences in float64."""
    arrays = row.cast("float64")
    wanted = row.differentiable()

    def function(*given: _core.Tensor) -> list[_core.Tensor]:
        tensors = [_core.tensor(a) for a in arrays]
        for place, x in zip(wanted, given, strict=True):
            tensors[place] = x
        return [y for y in run(row, tensors)[: row.through] if y.dtype.startswith("float")]

    check_gradients(function, tuple(arrays[place] for place in wanted), max_elements=40)


def weighted(row: Row, tensors: list[Any]) -> Any:
    """The sum of all float outputs, each times fixed random numbers."""
    rng = np.random.default_rng(3)
    total = None
    for y in run(row, tensors)[: row.through]:
        if y.dtype.startswith("float"):
            term = _core.apply("sum", [_core.apply("multiply", [y, _core.tensor(rng.normal(size=y.shape))])])
            total = term if total is None else _core.apply("add", [total, term])
    return total


@every_gradient
def test_traced_gradient_equals_eager(row: Row) -> None:
    arrays, wanted = row.cast("float64"), row.differentiable()
    tensors = [_core.tensor(a) for a in arrays]
    with _core.Tape() as tape:
        for place in wanted:
            tape.watch(tensors[place])
        total = weighted(row, tensors)
    eager = tape.gradient(total, [tensors[place] for place in wanted])

    graph = _core.Graph()
    with graph:
        inputs = [graph.input(a.shape, str(a.dtype)) for a in arrays]
        gradients = graph.gradients(weighted(row, inputs), [inputs[place] for place in wanted])
        program = graph.compile(gradients)
    for g, e in zip(program.run(arrays), eager, strict=True):
        np.testing.assert_allclose(g, e.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("row", [r for r in DIFFERENTIABLE if r.smooth], ids=lambda row: row.id)
def test_second_derivative(row: Row) -> None:
    """The gradient of sum(gradient * r) against central differences: backward rules are made of ops."""
    arrays, wanted = row.cast("float64"), row.differentiable()

    def gradient(*given: _core.Tensor) -> list[_core.Tensor]:
        tensors = [_core.tensor(a) for a in arrays]
        for place, x in zip(wanted, given, strict=True):
            tensors[place] = x
        with _core.Tape() as tape:
            for x in given:
                tape.watch(x)
            total = weighted(row, tensors)
        return [g for g in tape.gradient(total, list(given)) if g is not None]

    check_gradients(gradient, tuple(arrays[place] for place in wanted), max_elements=12)


@pytest.mark.parametrize("layout", LAYOUTS)
@every_row
def test_any_memory_layout(row: Row, layout: str) -> None:
    arrays = row.cast("float32")
    if not arrays:
        pytest.skip("the op has no input")
    strange = [LAYOUTS[layout](a) for a in arrays]
    before = [a.copy() for a in strange]
    plain = [y.numpy() for y in run(row, [_core.tensor(a) for a in arrays])]
    for y, e in zip(run(row, [_core.tensor(a) for a in strange]), plain, strict=True):
        np.testing.assert_array_equal(y.numpy(), e)
    for y, e in zip(traced(row, strange, unknown_batch=False), plain, strict=True):
        np.testing.assert_array_equal(y, e)
    for a, b in zip(strange, before, strict=True):
        np.testing.assert_array_equal(a, b)
