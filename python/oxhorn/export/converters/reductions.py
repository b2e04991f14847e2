"""Sums, means, extremes: along axes, and running."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.export.converters.control import scan
from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Value, to_last

REDUCTIONS = {
    "sum": "ReduceSum",
    "mean": "ReduceMean",
    "prod": "ReduceProd",
    "max": "ReduceMax",
    "min": "ReduceMin",
}


def axes_of(x: Value, axes: Any) -> list[int]:
    """The axes that are meant, from 0 on; all if none are given."""
    if axes is None:
        return list(range(x.rank))
    return sorted(axis % x.rank for axis in ([axes] if isinstance(axes, int) else axes))


def reduce(b: Builder, op: str, x: Value, axes: list[int], keepdims: bool) -> Value:
    """A reduction along axes; of images with channels first without a transposition, where that is possible."""
    if not axes:
        return x
    if b.is_transposed(x) and x.first is not None:
        moved = sorted(to_last(x.rank)[axis] for axis in axes)
        spatial = list(range(1, x.rank - 1))
        if keepdims:
            return b.with_channels_last(reduce(b, op, x.first, moved, True))
        if axes == spatial or axes == list(range(x.rank)):
            return reduce(b, op, x.first, moved, False)
    if keepdims:
        shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    else:
        shape = [size for axis, size in enumerate(x.shape) if axis not in axes]
    return b.emit(op, [x, b.ints(axes)], shape=shape, keepdims=int(keepdims))


@converts(*REDUCTIONS)
def reduction(b: Builder, node: Node) -> Value:
    """Along some axes."""
    (x,) = node.inputs
    axes = axes_of(x, node.attributes["axes"])
    wide = x if x.is_float or x.dtype in ("int32", "int64") else b.cast(x, "int32")
    return b.cast(reduce(b, REDUCTIONS[node.op], wide, axes, node.attributes["keepdims"]), node.spec[0])


@converts("any", "all")
def boolean_reduction(b: Builder, node: Node) -> Value:
    """Whether some, or all, are true."""
    x = b.cast(b.cast(node.inputs[0], "bool"), "int32")
    op = "ReduceMax" if node.op == "any" else "ReduceMin"
    made = reduce(b, op, x, axes_of(x, node.attributes["axes"]), node.attributes["keepdims"])
    return b.cast(made, "bool")


@converts("argmax", "argmin")
def arg_extreme(b: Builder, node: Node) -> Value:
    """The place of the first largest or smallest."""
    (x,) = node.inputs
    axis, keepdims = node.attributes["axis"], node.attributes["keepdims"]
    largest, rank = node.attributes["largest"], x.rank
    op = "ArgMax" if largest else "ArgMin"
    if x.dtype == "int64":
        # Runtimes have the op for narrower numbers alone: the first that is the extreme.
        extreme = reduce(b, "ReduceMax" if largest else "ReduceMin", x, axes_of(x, axis), True)
        x, op = b.emit("Equal", [x, extreme], "bool"), "ArgMax"
    if x.dtype in ("bool", "uint8"):
        x = b.cast(x, "int32")
    if axis is None:
        made = b.emit(op, [b.reshape(x, [-1])], "int64", [1], axis=0, keepdims=1)
        made = b.reshape(made, [1] * rank if keepdims else [])
    else:
        made = b.emit(op, [x], "int64", node.spec[1], axis=axis % rank, keepdims=int(keepdims))
    return b.cast(made, node.spec[0])


@converts("cumsum", "cumprod")
def running(b: Builder, node: Node) -> Value:
    """Sums or products of all elements so far."""
    (x,) = node.inputs
    axis, reverse = node.attributes["axis"], node.attributes["reverse"]
    if node.op == "cumsum":
        wide = x if x.dtype in ("float32", "float64", "int32", "int64") else b.cast(x, "int32")
        return b.cast(b.emit("CumSum", [wide, b.scalar(axis, "int64")], reverse=int(reverse)), x.dtype)
    wide = x if x.is_float or x.dtype in ("int32", "int64") else b.cast(x, "int32")
    rest = [b.size(x, i) for i in range(x.rank) if i != axis]
    ones = b.expand(b.scalar(1, wide), rest) if rest else b.scalar(1, wide)
    inner = Builder(b)
    shape = [size for i, size in enumerate(x.shape) if i != axis]
    so_far, element = (Value(wide.dtype, shape, inner.unique(name)) for name in ("so_far", "element"))
    product = inner.emit("Mul", [so_far, element])
    b.name(wide)
    (_, made) = scan(
        b,
        inner,
        [so_far],
        [element],
        [product],
        [product],
        [ones],
        [wide],
        axis=axis,
        reverse=reverse,
        length=x.shape[axis],
    )
    return b.cast(made, x.dtype)


def tensordot_matrix(b: Builder, x: Value, matrix: np.ndarray[Any, Any], axis: int) -> Value:
    """y[.., o, ..] = sum over i of matrix[o, i] x[.., i, ..]: every linear function along an axis."""
    weights = b.constant(matrix.astype(x.dtype), "weights")
    rank = x.rank
    if axis == rank - 1:
        flat = b.constant(np.ascontiguousarray(matrix.T).astype(x.dtype), "weights")
        return b.emit("MatMul", [x, flat], shape=[*x.shape[:-1], matrix.shape[0]])
    order = [i for i in range(rank) if i != axis]
    # The axis goes before the last, where a product of matrices takes it.
    if axis != rank - 2:
        last = order.pop()
        x = b.transpose(x, [*order, axis, last])
    y = b.emit("MatMul", [weights, x], shape=[*x.shape[:-2], matrix.shape[0], x.shape[-1]])
    if axis == rank - 2:
        return y
    now = [*order, axis, rank - 1]
    return b.transpose(y, [now.index(i) for i in range(rank)])
