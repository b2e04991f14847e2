"""Entries by their places: read, written, folded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Value


def _whole(b: Builder, index: Value) -> Value:
    return index if index.dtype in ("int32", "int64") else b.cast(index, "int64")


@converts("take", "embedding")
def take(b: Builder, node: Node) -> Value:
    """y[.., j, ..] = x[.., index[j], ..]."""
    x, index = node.inputs
    return b.gather(x, _whole(b, index), node.attributes["axis"])


@converts("take_along_axis")
def take_along_axis(b: Builder, node: Node) -> Value:
    """An index for each entry of the result."""
    x, index = node.inputs
    return b.emit("GatherElements", [x, _whole(b, index)], shape=node.spec[1], axis=node.attributes["axis"])


@converts("take_rows")
def take_rows(b: Builder, node: Node) -> Value:
    """y[n, j, :] = x[n, index[n, j], :]."""
    x, index = node.inputs
    places = b.unsqueeze(b.cast(index, "int64"), [2])
    return b.emit("GatherND", [x, places], shape=node.spec[1], batch_dims=1)


@converts("one_hot")
def one_hot(b: Builder, node: Node) -> Value:
    """1 at the place of the class, zeros for what is no class."""
    (x,) = node.inputs
    axis, classes = node.attributes["axis"], node.attributes["classes"]
    shape = [1] * (x.rank + 1)
    shape[axis] = classes
    numbers = b.constant(np.arange(classes, dtype="int64").reshape(shape))
    there = b.emit("Equal", [b.unsqueeze(b.cast(x, "int64"), [axis]), numbers], "bool", node.spec[1])
    return b.cast(there, node.spec[0])


@converts("places")
def places(b: Builder, node: Node) -> Value:
    """The flat place, in the first axes of an array, of each row of indices."""
    index = b.cast(node.inputs[0], "int64")
    depth = index.shape[-1] or 0
    sizes = node.attributes["sizes"]
    known: list[int | Value] = (
        list(sizes[:depth]) if sizes else [b.size(node.inputs[1], i) for i in range(depth)]
    )
    zero = b.scalar(0, "int64")
    flat: Value | None = None
    outside: Value | None = None
    for axis, size in enumerate(known):
        one = b.squeeze(b.slice(index, index.rank - 1, axis, axis + 1, size=1), [index.rank - 1])
        whole = b.reshape(b.sizes([size]), [])
        negative = b.emit("Less", [one, zero], "bool")
        if node.attributes["skip_negative"]:
            outside = negative if outside is None else b.emit("Or", [outside, negative])
        else:
            one = b.emit("Where", [negative, b.emit("Add", [one, whole]), one], "int64", one.shape)
        flat = one if flat is None else b.emit("Add", [b.emit("Mul", [flat, whole]), one])
    assert flat is not None
    return (
        flat
        if outside is None
        else b.emit("Where", [outside, b.scalar(-1, "int64"), flat], "int64", flat.shape)
    )


def _rows(b: Builder, x: Value, depth: int) -> Value:
    """The first axes as one."""
    if depth == 1:
        return x
    rest = [b.size(x, axis) for axis in range(depth, x.rank)]
    return b.reshape(x, [-1, *rest])


@converts("gather_at")
def gather_at(b: Builder, node: Node) -> Value:
    """y[.., :] = x[places[..], :]."""
    x, at = node.inputs
    return b.gather(_rows(b, x, node.attributes["depth"]), at, 0)


@converts("scatter_update")
def scatter_update(b: Builder, node: Node) -> Value:
    """Rows replaced: x with x[places[j], :] = u[j, :]."""
    x, at, updates = node.inputs
    rows = _rows(b, x, node.attributes["depth"])
    made = b.emit("ScatterND", [rows, b.unsqueeze(at, [at.rank]), updates])
    return b.reshape_to(made, b.shape_of(x), x.shape)


FOLDS = {
    "sum_at": ("add", 0),
    "prod_at": ("mul", 1),
    "max_at": ("max", -math.inf),
    "min_at": ("min", math.inf),
}


@converts(*FOLDS)
def fold(b: Builder, node: Node) -> Value:
    """y[p, :] = the fold of u[j, :] over places[j] = p; a negative place is none."""
    updates, at, *like = node.inputs
    how, start = FOLDS[node.op]
    depth, target = node.attributes["depth"], node.attributes["target"]
    shape = node.spec[1]
    dtype = updates.dtype
    if target == "Like":
        full: list[int | Value] = [b.size(like[0], axis) for axis in range(like[0].rank)]
    elif "Shape" in target:
        full = list(target["Shape"])
    else:
        if target["Rows"] is None:
            raise node.refuse(
                "has as many rows as its ids say, which only data can tell", "Give it `num_segments`."
            )
        full = [target["Rows"], *(b.size(updates, axis) for axis in range(at.rank, updates.rank))]
    rows: int | Value = 1
    for size in full[:depth]:
        rows = b.calculate("Mul", rows, size)
    # One row more, for what has no place.
    more = b.calculate("Add", rows, 1)
    number = _start(start, dtype)
    begin = b.expand(b.constant(number.reshape([1] * (1 + len(full) - depth))), [more, *full[depth:]])
    zero = b.scalar(0, "int64")
    somewhere = b.emit(
        "Where", [b.emit("Less", [at, zero], "bool"), b.reshape(b.sizes([rows]), []), at], "int64", at.shape
    )
    made = b.emit("ScatterND", [begin, b.unsqueeze(somewhere, [at.rank]), updates], reduction=how)
    cut = b.emit(
        "Slice",
        [made, b.ints([0]), b.sizes([rows]), b.ints([0])],
        shape=[rows if isinstance(rows, int) else None, *made.shape[1:]],
    )
    return b.reshape(cut, full, shape)


def _start(number: float, dtype: str) -> np.ndarray[Any, Any]:
    if math.isinf(number) and not dtype.startswith("float"):
        limits = np.iinfo(dtype)
        number = limits.min if number < 0 else limits.max
    return np.asarray(number, dtype)
