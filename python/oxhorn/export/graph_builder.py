"""A graph of ONNX nodes while it is written: values, constants, names.

Images lie with their channels last here and with their channels first in ONNX. A `Value` may know itself in both
orders: what is computed with channels first is only transposed back when somebody needs it the other way, so that a
chain of convolutions, normalizations and pools has no transposition inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Dim = int | None
Shape = tuple[Dim, ...]

OPSET = 18
# The largest version that runtimes of this opset read.
IR_VERSION = 9
# Bytes of weights that a file has room for, which can have 2 GB in all.
LIMIT = 2**31 - 2**20
# The end of any axis, in a slice.
FAR = 2**31 - 1


class Value:
    """A tensor of the graph: an output of a node, an input, or a constant.

    Attributes:
        dtype: As in NumPy.
        shape: Sizes; `None` where they are open.
        array: The numbers of a constant.
        first: The same with channels first, if that was computed or asked for.
        source: The value that this one is a transposition of, and the order of its axes, where nobody has read it yet.
        hint: What a constant is called.
        dims: The tensor of sizes of a value that is only looked at for its shape.
    """

    __slots__ = ("array", "dims", "dtype", "first", "hint", "name", "shape", "source")

    def __init__(self, dtype: str, shape: Sequence[Dim], name: str | None = None) -> None:
        self.dtype, self.shape, self.name = dtype, tuple(shape), name
        self.array: Array | None = None
        self.first: Value | None = None
        self.source: tuple[Value, list[int]] | None = None
        self.hint = "constant"
        self.dims: Value | None = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether the elements are floats."""
        return self.dtype.startswith("float")


def to_first(rank: int) -> list[int]:
    """The order of axes that brings the channels from the last place to the second."""
    return [0, rank - 1, *range(1, rank - 1)]


def to_last(rank: int) -> list[int]:
    """The other way round."""
    return [0, *range(2, rank), 1]


class Builder:
    """Writes nodes. A branch or the body of a loop has a builder of its own, which sees the values around it."""

    def __init__(self, outer: Builder | None = None) -> None:
        self.nodes: list[Any] = []
        self.outer = outer
        root = self if outer is None else outer.root
        self.root: Builder = root
        if outer is None:
            self.initializers: dict[str, Array] = {}
            self._taken: set[str] = set()
            self._counts: dict[str, int] = {}
            self._known: dict[Any, Value] = {}
            self._derived: dict[Any, tuple[Value, Value]] = {}
            self.scope = ""

    # Names ------------------------------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """A name that nothing has yet: this one, or one with a number behind it."""
        root = self.root
        while True:
            number = root._counts.get(name, -1) + 1
            root._counts[name] = number
            made = name if number == 0 else f"{name}_{number}"
            if made not in root._taken:
                root._taken.add(made)
                return made

    def name(self, value: Value | None) -> str:
        """What a node says to read this value; what is needed for it is written now."""
        if value is None:
            return ""
        if value.name is None:
            if value.array is not None:
                value.name = self.unique(value.hint)
                self.root.initializers[value.name] = np.asarray(value.array, order="C")
            elif value.first is not None or value.source is not None:
                source, perm = value.source or (value.first, to_last(value.rank))
                value.name = self.emit("Transpose", [source], value.dtype, value.shape, perm=perm).name
            elif value.dims is not None:
                made = self.filled(value.dims, np.zeros(1, value.dtype), value.shape)
                value.name = made.name
        assert value.name is not None
        return value.name

    def is_transposed(self, value: Value) -> bool:
        """Whether the value lies with channels first, and nobody has asked for it the other way."""
        return value.first is not None and value.name is None and value.array is None

    def with_channels_first(self, value: Value) -> Value:
        """The value with its channels in the second place."""
        if value.first is None:
            perm = to_first(value.rank)
            value.first = self.transpose(value, perm)
        return value.first

    def with_channels_last(self, first: Value) -> Value:
        """The value that lies so with its channels first; nothing is transposed yet."""
        value = Value(first.dtype, [first.shape[i] for i in to_last(first.rank)])
        value.first = first
        return value

    # Nodes ------------------------------------------------------------------------------------------

    def emit_many(
        self,
        op: str,
        inputs: Sequence[Value | None],
        specs: Sequence[tuple[str, Sequence[Dim]]],
        **attributes: Any,
    ) -> list[Value]:
        """Adds a node with these outputs."""
        from onnx import helper

        names = [self.name(value) for value in inputs]
        scope = self.root.scope
        label = self.unique(f"{scope}/{op}" if scope else op)
        outputs = [Value(dtype, shape) for dtype, shape in specs]
        for i, value in enumerate(outputs):
            value.name = self.unique(f"{label}:{i}")
        made = [value.name or "" for value in outputs]
        self.nodes.append(helper.make_node(op, names, made, name=label, **attributes))
        return outputs

    def emit(
        self,
        op: str,
        inputs: Sequence[Value | None],
        dtype: str | None = None,
        shape: Sequence[Dim] | None = None,
        **attributes: Any,
    ) -> Value:
        """Adds a node with one output, by default of the dtype and shape of the first input."""
        like = inputs[0]
        assert like is not None
        spec = (dtype or like.dtype, like.shape if shape is None else shape)
        return self.emit_many(op, inputs, [spec], **attributes)[0]

    # Constants --------------------------------------------------------------------------------------

    def constant(self, array: Any, hint: str = "constant") -> Value:
        """An array in the file. It is written when a node reads it; small ones are shared."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size <= 16 else None
        known = self.root._known.get(key) if key else None
        if known is not None and hint == "constant":
            return known
        value = Value(array.dtype.name, array.shape)
        value.array, value.hint = array, hint
        if key and hint == "constant":
            self.root._known[key] = value
        return value

    def scalar(self, number: float, like: Value | str) -> Value:
        """A number of the dtype of another value."""
        dtype = like if isinstance(like, str) else like.dtype
        return self.constant(np.asarray(number).astype(dtype))

    def ints(self, numbers: Sequence[int]) -> Value:
        """Whole numbers: axes, sizes, places."""
        return self.constant(np.asarray(list(numbers), "int64"))

    def derived(
        self, value: Value, how: Any, make: Callable[[Array], Array], hint: str | None = None
    ) -> Value:
        """A constant that is made of another one, the same for everybody who asks for it."""
        key = (id(value), how)
        known = self.root._derived.get(key)
        if known is None:
            assert value.array is not None
            made = self.constant(make(value.array), hint or value.hint)
            known = self.root._derived[key] = (value, made)
        return known[1]

    # Sizes ------------------------------------------------------------------------------------------

    def size(self, value: Value, axis: int) -> int | Value:
        """The size of an axis: a number, or a tensor of shape (1,) where it is open."""
        known = value.shape[axis]
        if known is not None:
            return known
        if value.dims is not None:
            return self.emit("Gather", [value.dims, self.ints([axis])], "int64", (1,), axis=0)
        source = value
        if self.is_transposed(value) and value.first is not None:
            axis, source = to_last(value.rank)[axis], value.first
        elif value.name is None and value.source is not None:
            source, perm = value.source
            axis = perm[axis]
        return self.emit("Shape", [source], "int64", (1,), start=axis, end=axis + 1)

    def sizes(self, parts: Sequence[int | Value]) -> Value:
        """A shape as a tensor."""
        if all(isinstance(part, int) for part in parts):
            return self.ints([part for part in parts if isinstance(part, int)])
        joined: list[Value] = []
        run: list[int] = []
        for part in [*parts, None]:
            if isinstance(part, int):
                run.append(part)
                continue
            if run:
                joined.append(self.ints(run))
                run = []
            if part is not None:
                joined.append(part)
        if len(joined) == 1:
            return joined[0]
        return self.emit("Concat", joined, "int64", (len(parts),), axis=0)

    def shape_of(self, value: Value) -> Value:
        """The shape of a value as a tensor."""
        if all(size is not None for size in value.shape):
            return self.ints([size for size in value.shape if size is not None])
        if value.dims is not None:
            return value.dims
        if value.name is None:
            return self.sizes([self.size(value, axis) for axis in range(value.rank)])
        return self.emit("Shape", [value], "int64", (value.rank,))

    def calculate(self, op: str, a: int | Value, b: int | Value) -> int | Value:
        """Add, Sub, Mul, Div (downwards) or Mod of two sizes."""
        if isinstance(a, int) and isinstance(b, int):
            rules = {"Add": a + b, "Sub": a - b, "Mul": a * b}
            return rules[op] if op in rules else (a // b if op == "Div" else a % b)
        x, y = (self.ints([v]) if isinstance(v, int) else v for v in (a, b))
        if op == "Mod":
            return self.emit("Mod", [x, y])
        if op == "Div":
            # The quotient of a node is rounded towards zero.
            x = self.emit("Sub", [x, self.emit("Mod", [x, y])])
        return self.emit(op, [x, y])

    def arange(self, size: int | Value) -> Value:
        """0, 1, ..., size - 1 as int64."""
        if isinstance(size, int):
            return self.constant(np.arange(size, dtype="int64"))
        end = self.reshape(size, [])
        return self.emit("Range", [self.scalar(0, "int64"), end, self.scalar(1, "int64")], "int64", (None,))

    def filled(self, dims: Value, value: Array, shape: Sequence[Dim]) -> Value:
        """One number in a shape that is a tensor."""
        from onnx import numpy_helper

        tensor = numpy_helper.from_array(value)
        return self.emit("ConstantOfShape", [dims], value.dtype.name, shape, value=tensor)

    # Form -------------------------------------------------------------------------------------------

    def cast(self, value: Value, dtype: str) -> Value:
        """The value in another dtype."""
        if value.dtype == dtype:
            return value
        if value.array is not None:
            return self.derived(value, dtype, lambda array: array.astype(dtype))
        if self.is_transposed(value) and value.first is not None:
            return self.with_channels_last(self.cast(value.first, dtype))
        return self.emit("Cast", [value], dtype, to=element_type(dtype))

    def transpose(self, value: Value, perm: Sequence[int]) -> Value:
        """The axes in another order."""
        perm = list(perm)
        if perm == list(range(value.rank)):
            return value
        if value.array is not None:
            return self.derived(value, ("transpose", *perm), lambda array: array.transpose(perm))
        if self.is_transposed(value) and value.first is not None:
            order = to_first(value.rank)
            return self.transpose(value.first, [order.index(axis) for axis in perm])
        if value.source is not None:
            source, before = value.source
            return self.transpose(source, [before[axis] for axis in perm])
        if perm == to_last(value.rank):
            return self.with_channels_last(value)
        made = Value(value.dtype, [value.shape[axis] for axis in perm])
        made.source = (value, perm)
        return made

    def reshape(
        self, value: Value, target: Sequence[int | Value], shape: Sequence[Dim] | None = None
    ) -> Value:
        """The value under another shape; -1 is what is left.

        Args:
            value: What is reshaped.
            target: The sizes.
            shape: The result's, where it cannot be told from the sizes.
        """
        numbers = [part for part in target if isinstance(part, int)]
        if value.array is not None and len(numbers) == len(target):
            return self.derived(value, ("reshape", *numbers), lambda array: array.reshape(numbers))
        if shape is None:
            shape = [part if isinstance(part, int) and part >= 0 else None for part in target]
        if -1 not in numbers:
            return self.reshape_to(value, self.sizes(target), shape)
        return self.emit("Reshape", [value, self.sizes(target)], shape=shape)

    def reshape_to(self, value: Value, sizes: Value, shape: Sequence[Dim]) -> Value:
        """The value under a shape that is a tensor."""
        # A size of 0 is one of 0 elements, not that of the value.
        return self.emit("Reshape", [value, sizes], shape=shape, allowzero=1)

    def reshape_keeping(self, value: Value, keep: int, target: Sequence[int], shape: Sequence[Dim]) -> Value:
        """The first axes as they are, the others under the shape `target`."""
        if 0 not in shape and sum(size is None for size in shape) < 2:
            # The size that is open follows from the others, for an empty batch too.
            return self.reshape(value, [-1 if size is None else size for size in shape], shape)
        kept = [self.size(value, axis) for axis in range(keep)]
        known = [new if size is None else size for new, size in zip(target, shape[keep:], strict=True)]
        return self.reshape(value, [*kept, *known], shape)

    def unsqueeze(self, value: Value, axes: Sequence[int]) -> Value:
        """New axes of size 1, at these places of the result."""
        if not axes:
            return value
        shape = list(value.shape)
        for axis in sorted(axes):
            shape.insert(axis, 1)
        if value.array is not None:
            return self.reshape(value, [int(size or 0) for size in shape])
        return self.emit("Unsqueeze", [value, self.ints(axes)], shape=shape)

    def squeeze(self, value: Value, axes: Sequence[int]) -> Value:
        """Without these axes of size 1."""
        shape = [size for axis, size in enumerate(value.shape) if axis not in axes]
        if value.array is not None:
            return self.reshape(value, [int(size or 0) for size in shape])
        return self.emit("Squeeze", [value, self.ints(axes)], shape=shape)

    def expand(self, value: Value, target: Sequence[int | Value]) -> Value:
        """Repeated along axes of size 1."""
        shape = [part if isinstance(part, int) else None for part in target]
        return self.emit("Expand", [value, self.sizes(target)], shape=shape)

    def slice(self, value: Value, axis: int, begin: int, end: int, step: int = 1, size: Dim = None) -> Value:
        """A stretch of an axis."""
        shape = [*value.shape[:axis], size, *value.shape[axis + 1 :]]
        given = [self.ints([n]) for n in (begin, end, axis, step)]
        return self.emit("Slice", [value, *given], shape=shape)

    def gather(self, value: Value, places: Any, axis: int) -> Value:
        """The entries of an axis at these places."""
        index = places if isinstance(places, Value) else self.constant(np.asarray(places, "int64"))
        if index.rank == 1 and value.rank > 2 and self.is_transposed(value) and value.first is not None:
            return self.with_channels_last(self.gather(value.first, index, to_last(value.rank)[axis]))
        shape = [*value.shape[:axis], *index.shape, *value.shape[axis + 1 :]]
        return self.emit("Gather", [value, index], shape=shape, axis=axis)


def element_type(dtype: str) -> int:
    """ONNX's number of a dtype."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
