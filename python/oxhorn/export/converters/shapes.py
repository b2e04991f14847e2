"""Other shapes of the same numbers, joined, cut and repeated; and sizes as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import FAR, Builder, Dim, Value, to_first, to_last


@converts("reshape")
def reshape(b: Builder, node: Node) -> Value:
    """The first axes as they are, the others under another shape."""
    keep, target = node.attributes["keep"], node.attributes["target"]
    return b.reshape_keeping(node.inputs[0], keep, target, node.spec[1])


@converts("reshape_like")
def reshape_like(b: Builder, node: Node) -> Value:
    """The shape of the second input."""
    x, like = node.inputs
    return b.reshape_to(x, b.shape_of(like), like.shape)


@converts("expand_dims")
def expand_dims(b: Builder, node: Node) -> Value:
    """A new axis of size 1."""
    axis = node.attributes["axis"]
    return b.unsqueeze(node.inputs[0], [axis % (node.inputs[0].rank + 1)])


@converts("squeeze")
def squeeze(b: Builder, node: Node) -> Value:
    """Without axes of size 1."""
    (x,) = node.inputs
    axes = node.attributes["axes"]
    if axes is None:
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    chosen = sorted(axis % x.rank for axis in ([axes] if isinstance(axes, int) else axes))
    return b.squeeze(x, chosen) if chosen else x


@converts("transpose")
def transpose(b: Builder, node: Node) -> Value:
    """The axes in another order."""
    return b.transpose(node.inputs[0], node.attributes["axes"])


@converts("concatenate")
def concatenate(b: Builder, node: Node) -> Value:
    """One after the other along an axis."""
    axis, inputs = node.attributes["axis"], node.inputs
    if len(inputs) == 1:
        return inputs[0]
    firsts = [value.first for value in inputs if value.first is not None]
    if any(b.is_transposed(value) for value in inputs) and len(firsts) == len(inputs):
        rank = inputs[0].rank
        shape = [node.spec[1][i] for i in to_first(rank)]
        return b.with_channels_last(b.emit("Concat", firsts, shape=shape, axis=to_last(rank)[axis]))
    return b.emit("Concat", inputs, shape=node.spec[1], axis=axis)


@converts("strided_slice")
def strided_slice(b: Builder, node: Node) -> Value:
    """From, to and by how much along each axis."""
    return _cut(b, node.inputs[0], node.attributes["cuts"], node.spec[1])


def _cut(b: Builder, x: Value, cuts: Sequence[Mapping[str, Any]], shape: Sequence[Dim]) -> Value:
    if x.array is not None:
        return b.constant(x.array[tuple(slice(c["begin"], c["end"], c["stride"]) for c in cuts)], x.hint)
    if b.is_transposed(x) and x.first is not None:
        order = to_first(x.rank)
        moved = _cut(b, x.first, [cuts[axis] for axis in order], [shape[axis] for axis in order])
        return b.with_channels_last(moved)
    axes, begins, ends, steps = [], [], [], []
    for axis, cut in enumerate(cuts):
        begin, end, step = cut["begin"], cut["end"], cut["stride"]
        if begin is None and end is None and step == 1:
            continue
        axes.append(axis)
        begins.append((0 if step > 0 else FAR) if begin is None else begin)
        ends.append((FAR if step > 0 else -FAR) if end is None else end)
        steps.append(step)
    if not axes:
        return x
    return b.emit("Slice", [x, *(b.ints(part) for part in (begins, ends, axes, steps))], shape=shape)


@converts("slice_at")
def slice_at(b: Builder, node: Node) -> Value:
    """A block that begins at places which are values."""
    x, start, *like = node.inputs
    start = b.cast(start, "int64")
    sizes = node.attributes["sizes"]
    block = b.shape_of(like[0]) if sizes is None else b.ints([FAR if n == -1 else n for n in sizes])
    end = b.emit("Add", [start, block])
    return b.emit("Slice", [x, start, end, b.ints(range(x.rank))], shape=node.spec[1])


@converts("slice_update")
def slice_update(b: Builder, node: Node) -> Value:
    """The block that begins at places which are values, replaced."""
    x, start, updates = node.inputs
    start = b.cast(start, "int64")
    place: Value | None = None
    for axis in range(x.rank):
        along = b.emit(
            "Add", [b.arange(b.size(updates, axis)), b.gather(start, [axis], 0)], shape=[updates.shape[axis]]
        )
        size = b.size(x, axis)
        if place is None:
            place = along
        else:
            scaled = b.emit("Mul", [place, b.ints([size]) if isinstance(size, int) else size])
            place = b.emit(
                "Add", [b.unsqueeze(scaled, [axis]), along], shape=[*scaled.shape, updates.shape[axis]]
            )
    if place is None:
        return updates
    flat = [b.reshape(value, [-1]) for value in (x, place, updates)]
    made = b.emit("ScatterElements", flat, axis=0)
    return b.reshape_to(made, b.shape_of(x), x.shape)


@converts("pad")
def pad(b: Builder, node: Node) -> Value:
    """More places around; each is a number, or the copy of one inside."""
    (x,) = node.inputs
    width, mode = node.attributes["width"], node.attributes["mode"]
    if mode == "constant":
        return padded(b, x, width, node.attributes["value"])
    for axis, (before, behind) in enumerate(width):
        if before == behind == 0:
            continue
        size = x.shape[axis]
        if size is None and mode != "symmetric":
            pads = b.ints([n if i == axis else 0 for n in (before, behind) for i in range(x.rank)])
            x = b.emit("Pad", [x, pads], shape=x.shape, mode=mode)
            continue
        if size is None:
            raise node.refuse(
                f"pads an axis of open size in the mode {mode!r}",
                "Give the input a known size along that axis.",
            )
        places = np.pad(np.arange(size), (before, behind), mode=mode)
        x = b.gather(x, places, axis)
    return x


def padded(b: Builder, x: Value, width: Any, value: float = 0.0) -> Value:
    """With so many places (before, behind) of one number along each axis."""
    if not any(before or behind for before, behind in width):
        return x
    if b.is_transposed(x) and x.first is not None:
        moved = [width[0], width[-1], *width[1:-1]]
        return b.with_channels_last(padded(b, x.first, moved, value))
    dtype = x.dtype
    if dtype == "bool":
        x = b.cast(x, "uint8")
    pads = b.ints([before for before, _ in width] + [behind for _, behind in width])
    shape = [None if n is None else n + sum(w) for n, w in zip(x.shape, width, strict=True)]
    made = b.emit("Pad", [x, pads, b.scalar(value, x)], shape=shape, mode="constant")
    return b.cast(made, dtype)


@converts("extent")
def extent(b: Builder, node: Node) -> Value:
    """An axis of another size: places are added, or cut off, at both ends."""
    (x,) = node.inputs
    axis, size = node.attributes["axis"], node.attributes["size"]
    before: int | Value | None = node.attributes["before"]
    n = b.size(x, axis)
    if before is None:
        before = b.calculate("Sub", b.calculate("Sub", size, n), node.attributes["behind"])
    behind = b.calculate("Sub", b.calculate("Sub", size, n), before)
    pads: list[int | Value] = [0] * (2 * x.rank)
    pads[axis], pads[x.rank + axis] = before, behind
    number = b.scalar(0, "uint8" if x.dtype == "bool" else x)
    wide = b.cast(x, "uint8") if x.dtype == "bool" else x
    return b.cast(b.emit("Pad", [wide, b.sizes(pads), number], shape=node.spec[1], mode="constant"), x.dtype)


@converts("fit_aspect")
def fit_aspect(b: Builder, node: Node) -> Value:
    """The middle of an image in the proportions of a target, or the image in the middle of a larger one."""
    (x,) = node.inputs
    axes, fill = node.attributes["axes"], node.attributes["pad"]
    for axis in axes:
        old, new = x.shape[axis], node.spec[1][axis]
        if old is None or new is None:
            raise node.refuse(
                "looks at the proportions of images of open size", "Give the input a known size."
            )
        if fill is None:
            start = (old - new) // 2
            x = b.slice(x, axis, start, start + new, size=new)
        else:
            width = [((new - old) // 2, (new - old) // 2) if i == axis else (0, 0) for i in range(x.rank)]
            x = padded(b, x, width, fill)
    return x


@converts("roll")
def roll(b: Builder, node: Node) -> Value:
    """What leaves at one end comes in at the other."""
    (x,) = node.inputs
    axis = node.attributes["axis"]
    n = b.size(x, axis)
    cut = b.calculate("Mod", -node.attributes["shift"], n)
    parts = []
    for begin, end in ((cut, FAR), (0, cut)):
        given = [b.sizes([part]) for part in (begin, end, axis)]
        shape = [None if i == axis else size for i, size in enumerate(x.shape)]
        parts.append(b.emit("Slice", [x, *given], shape=shape))
    return b.emit("Concat", parts, shape=x.shape, axis=axis)


@converts("repeat", "tile")
def repeat(b: Builder, node: Node) -> Value:
    """Each entry of an axis several times, or the whole axis."""
    (x,) = node.inputs
    axis, times = node.attributes["axis"], node.attributes["times"]
    if node.attributes["whole"]:
        return b.emit(
            "Tile", [x, b.ints([times if i == axis else 1 for i in range(x.rank)])], shape=node.spec[1]
        )
    longer = b.unsqueeze(x, [axis + 1])
    counts = [times if i == axis + 1 else 1 for i in range(longer.rank)]
    shape = [*longer.shape[: axis + 1], times, *longer.shape[axis + 2 :]]
    longer = b.emit("Tile", [longer, b.ints(counts)], shape=shape)
    target = [b.size(x, i) for i in range(x.rank)]
    target[axis] = b.calculate("Mul", target[axis], times)
    return b.reshape(longer, target, node.spec[1])


@converts("broadcast_to")
def broadcast_to(b: Builder, node: Node) -> Value:
    """A given shape, or that of the second input."""
    shape = node.attributes["shape"]
    target = b.ints(shape) if shape is not None else b.shape_of(node.inputs[1])
    return b.emit("Expand", [node.inputs[0], target], shape=node.spec[1])


@converts("shaped")
def shaped(b: Builder, node: Node) -> Value:
    """Something for other ops to take their shape from: the sizes are calculated, the zeros only if they are read."""
    value = Value(*node.spec)
    parts: list[int | Value] = [_size(b, node, size) for size in node.attributes["sizes"]]
    if -1 in parts:
        total: int | Value = 1
        source = node.inputs[-1]
        for axis in range(source.rank):
            total = b.calculate("Mul", total, b.size(source, axis))
        for part in parts:
            if not (isinstance(part, int) and part == -1):
                total = b.calculate("Div", total, part)
        parts = [total if isinstance(part, int) and part == -1 else part for part in parts]
    value.dims = b.sizes(parts)
    return value


@converts("axis_size")
def axis_size(b: Builder, node: Node) -> Value:
    """The size of an axis as a number."""
    attributes = node.attributes.get("value", node.attributes)
    size = _size(b, node, attributes)
    return b.cast(b.reshape(size if isinstance(size, Value) else b.ints([size]), []), node.spec[0])


def _size(b: Builder, node: Node, size: Any) -> int | Value:
    """(times n + plus) // over for the size n of an axis of an input."""
    if isinstance(size, int):
        return size
    n = b.size(node.inputs[size["input"]], size["axis"])
    for op, by, nothing in (("Mul", size["times"], 1), ("Add", size["plus"], 0), ("Div", size["over"], 1)):
        n = n if by == nothing else b.calculate(op, n, by)
    return n


@converts("full_like")
def full_like(b: Builder, node: Node) -> Value:
    """One number in the shape of the input."""
    dtype, shape = node.spec
    number = np.asarray(node.attributes["value"]).astype(dtype)
    sizes = [size for size in shape if size is not None]
    if len(sizes) == len(shape) and np.prod(sizes, dtype="int64") <= 64:
        return b.constant(np.full(sizes, number, dtype))
    value = Value(dtype, shape)
    dims = b.shape_of(node.inputs[0])
    if dtype == "bool":
        return b.cast(b.filled(dims, number.astype("uint8").reshape(1), shape), "bool")
    value.name = b.filled(dims, number.reshape(1), shape).name
    value.dims = dims
    return value


@converts("arange_along")
def arange_along(b: Builder, node: Node) -> Value:
    """0, 1, ... as far as an axis goes."""
    places = b.arange(b.size(node.inputs[0], node.attributes["axis"]))
    return b.cast(places, node.spec[0])


@converts("tril", "triu")
def triangle(b: Builder, node: Node) -> Value:
    """One half of a matrix, zeros in the other."""
    (x,) = node.inputs
    lower, k = node.attributes["lower"], node.attributes["k"]
    wide = x if x.dtype in ("float32", "float64", "int64") else b.cast(x, "int64")
    return b.cast(b.emit("Trilu", [wide, b.scalar(k, "int64")], upper=int(not lower)), x.dtype)


@converts("diagonal_of_axes")
def diagonal_of_axes(b: Builder, node: Node) -> Value:
    """The diagonals of matrices, whose rows and columns are on two axes."""
    (x,) = node.inputs
    first, second = node.attributes["first"], node.attributes["second"]
    rest = [axis for axis in range(x.rank) if axis not in (first, second)]
    n = b.size(x, first)
    line = b.transpose(x, [first, second, *rest])
    line = b.reshape(line, [-1, *(b.size(x, axis) for axis in rest)])
    step = b.calculate("Add", n, 1)
    places = b.emit("Mul", [b.arange(n), b.sizes([step])])
    taken = b.gather(line, places, 0)
    back = first - (second < first)
    order = list(range(1, taken.rank))
    order.insert(back, 0)
    return b.transpose(taken, order)


@converts("diag")
def diag(b: Builder, node: Node) -> Value:
    """A line as a diagonal, or the diagonal of a matrix as a line. Their sizes are known, or the core refuses them."""
    (x,) = node.inputs
    k = node.attributes["k"]
    sizes = [size or 0 for size in x.shape]
    if not node.attributes["build"]:
        rows, columns = sizes
        on_it = [i * columns + i + k for i in range(rows) if 0 <= i + k < columns]
        return b.gather(b.reshape(x, [-1]), on_it, 0)
    (n,) = sizes
    eye = b.constant(np.eye(n, dtype=bool))
    dtype = "uint8" if x.dtype == "bool" else x.dtype
    wide = b.unsqueeze(b.cast(x, dtype), [1])
    made = b.emit("Where", [eye, wide, b.scalar(0, dtype)], dtype, [n, n])
    return b.cast(padded(b, made, [(max(-k, 0), max(k, 0)), (max(k, 0), max(-k, 0))]), x.dtype)
