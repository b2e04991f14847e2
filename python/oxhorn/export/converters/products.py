"""Products of matrices."""

from __future__ import annotations

from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Value


def _flipped(b: Builder, x: Value) -> Value:
    return b.transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2])


@converts("matmul")
def matmul(b: Builder, node: Node) -> Value:
    """A B, each transposed first if it says so."""
    x, y = node.inputs
    if node.attributes["transpose_a"]:
        x = _flipped(b, x)
    if node.attributes["transpose_b"]:
        y = _flipped(b, y)
    wide = x.dtype if x.is_float else ("int64" if x.dtype == "int64" else "int32")
    made = b.emit("MatMul", [b.cast(x, wide), b.cast(y, wide)], shape=node.spec[1])
    return b.cast(made, node.spec[0])


@converts("dense")
def dense(b: Builder, node: Node) -> Value:
    """X W + b."""
    x, kernel, *bias = node.inputs
    if x.rank == 2 and bias:
        return b.emit("Gemm", [x, kernel, bias[0]], shape=node.spec[1])
    y = b.emit("MatMul", [x, kernel], shape=node.spec[1])
    return b.emit("Add", [y, bias[0]]) if bias else y


@converts("det")
def det(b: Builder, node: Node) -> Value:
    """The determinant."""
    return b.emit("Det", node.inputs, shape=node.spec[1])
