"""Sorted values, and places in sorted lines."""

from __future__ import annotations

from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Value


@converts("sort", "argsort", "top_k")
def sort(b: Builder, node: Node) -> list[Value]:
    """The first elements of the last axis in order, and their places."""
    (x,) = node.inputs
    keep = node.attributes["keep"]
    count: int | Value = b.size(x, x.rank - 1) if keep is None else keep
    wide = x if x.dtype != "uint8" else b.cast(x, "int32")
    specs = [(wide.dtype, node.spec[1]), ("int64", node.spec[1])]
    values, order = b.emit_many(
        "TopK", [wide, b.sizes([count])], specs, axis=-1, largest=int(node.attributes["descending"]), sorted=1
    )
    return [b.cast(values, x.dtype), b.cast(order, "int32")]


@converts("in_top_k")
def in_top_k(b: Builder, node: Node) -> Value:
    """Whether fewer than k predictions are larger than that of the target."""
    targets, predictions = node.inputs
    axis = predictions.rank - 1
    places = b.unsqueeze(b.cast(targets, "int64"), [axis])
    own = b.emit("GatherElements", [predictions, places], shape=[*targets.shape, 1], axis=axis)
    larger = b.cast(b.emit("Greater", [predictions, own], "bool"), "int32")
    count = b.emit("ReduceSum", [larger, b.ints([axis])], shape=targets.shape, keepdims=0)
    inside = b.emit("Less", [count, b.scalar(node.attributes["value"], "int32")], "bool")
    finite = b.squeeze(b.emit("IsNaN", [b.emit("Sub", [own, own])], "bool"), [axis])
    return b.emit("And", [inside, b.emit("Not", [finite])])


@converts("searchsorted")
def searchsorted(b: Builder, node: Node) -> Value:
    """How many elements of a line are below each value, or not above it."""
    line, values = node.inputs
    if line.dtype == "uint8":
        line, values = b.cast(line, "int32"), b.cast(values, "int32")
    op = "LessOrEqual" if node.attributes["right"] else "Less"
    wide = b.unsqueeze(values, [values.rank])
    below = b.emit(op, [line, wide], "bool", [*values.shape, line.shape[0]])
    count = b.emit(
        "ReduceSum", [b.cast(below, "int64"), b.ints([values.rank])], shape=values.shape, keepdims=0
    )
    return b.cast(count, node.spec[0])
