"""Functions that move values without changing them."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.sizes import has_open_sizes, sizes_of, template
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.arguments import TENSORS, as_tensor, axis_list, one_axis, some_axes
from oxhorn.ops.dispatch import has_symbolic, operation

__all__ = [
    "broadcast_to",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "meshgrid",
    "moveaxis",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "rot90",
    "squeeze",
    "swapaxes",
    "tile",
    "transpose",
]


def _reshaped_by_values(x: Any, newshape: Any) -> Any:
    """A symbolic tensor of open sizes where symbolic tensors hold the sizes; None where they are known."""
    if isinstance(newshape, KerasTensor):
        if len(newshape.shape) != 1 or newshape.shape[0] is None:
            raise ValueError(
                "reshape: expected a symbolic `newshape` to be one row of sizes, of a known length; got shape "
                f"{newshape.shape}."
            )
        sizes: tuple[int | None, ...] = (None,) * newshape.shape[0]
    elif isinstance(newshape, (list, tuple)) and has_symbolic(newshape):
        open_sizes = (KerasTensor, type(None))
        sizes = tuple(None if isinstance(size, open_sizes) or size == -1 else int(size) for size in newshape)
    else:
        return None
    dtype = x.dtype if hasattr(x, "dtype") else as_tensor(x).dtype
    return KerasTensor(sizes, standardize_dtype(str(dtype)))


@operation("x", rule=_reshaped_by_values)
def reshape(x: Any, newshape: Any) -> Any:
    """The values of `x` in row order in another shape.

    Args:
        x: A tensor.
        newshape: The sizes. One may be -1: it follows from the others. The first ones may be `None`: they stay.
            Symbolic tensors among them leave sizes open; when it runs, they need numbers, or sizes from `ops.shape`.

    Raises:
        ValueError: If the number of values would change, or more than one size is -1.
        TypeError: If a size is a value that is computed inside a traced call: shapes are known before.
    """
    x = as_tensor(x)
    given = newshape if isinstance(newshape, (list, tuple)) else (newshape,)
    if builtins.any(isinstance(size, _core.Tensor) and size.is_traced for size in given):
        raise TypeError(
            "reshape: the sizes in `newshape` are computed inside a traced call, and the shapes of a traced model "
            "must be known before it runs. Take them from ops.shape(x), or let -1 stand for one; or call the function "
            "eagerly, or compile with run_eagerly=True."
        )
    if type(newshape) is tuple and builtins.all(type(size) is int and size >= 0 for size in newshape):
        return _core.apply("reshape", [x], {"newshape": newshape})
    if isinstance(newshape, (*TENSORS, np.ndarray)):
        newshape = np.asarray(newshape).tolist()
    if has_open_sizes(newshape):
        return _core.apply("reshape_like", [x, template(newshape, filled_from=x)])
    sizes = list(newshape) if isinstance(newshape, (list, tuple)) else [newshape]
    kept = 0
    while kept < len(sizes) and sizes[kept] is None:
        kept += 1
    if None in sizes[kept:]:
        raise ValueError(
            f"reshape: only the first sizes may be None; got newshape={newshape!r}. Use -1 for another."
        )
    tail = [int(size.__index__()) for size in sizes[kept:]]
    if builtins.any(size < -1 for size in tail):
        raise ValueError(
            f"reshape: each size must be a non-negative integer, or -1 for one that follows from the others; got "
            f"newshape={tuple(sizes)!r} for shape {tuple(x.shape)}."
        )
    if tail.count(-1) > 1:
        raise ValueError(
            f"reshape: there can be at most one unknown dimension (-1), which follows from the others; got "
            f"newshape={tuple(sizes)!r} for shape {tuple(x.shape)}."
        )
    return _core.apply("reshape", [x], {"newshape": tail, "keep": kept} if kept else {"newshape": tail})


@operation("x")
def ravel(x: Any) -> Any:
    """The values of `x` in one row."""
    return _core.apply("reshape", [as_tensor(x)], {"newshape": [-1]})


@operation("x")
def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """New axes of size 1.

    Args:
        x: A tensor.
        axis: Where they are in the result.
    """
    if not isinstance(axis, (int, np.integer, list, tuple)):
        raise ValueError(
            f"expand_dims: `axis` must be a whole number, or a list or tuple of them; got {axis!r}."
        )
    x = as_tensor(x)
    count = len(axis) if isinstance(axis, (list, tuple)) else 1
    for one in sorted(some_axes("expand_dims", axis, len(x.shape) + count)):
        x = _core.apply("expand_dims", [x], {"axis": one})
    return x


@operation("x")
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Without axes of size 1.

    Args:
        x: A tensor.
        axis: These axes; all of size 1 by default.
    """
    return _core.apply("squeeze", [as_tensor(x)], {"axis": axis_list(axis)})


@operation("x")
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order (reversed by default).

    Args:
        x: A tensor.
        axes: All axes, in the order that they have in the result.

    Raises:
        ValueError: If `axes` does not name each axis once.
    """
    x = as_tensor(x)
    if axes is None:
        return _core.apply("transpose", [x], {"axes": None})
    rank, order = len(x.shape), list(axes)
    if len(order) != rank:
        raise ValueError(
            f"transpose: `axes` must be a list of the same length as the input shape; got axes={order} for shape "
            f"{tuple(x.shape)}."
        )
    if not builtins.all(hasattr(a, "__index__") and -rank <= a < rank for a in order):
        raise ValueError(
            f"transpose: Each axis in `axes` must be an integer in [-{rank}, {rank}); got axes={order} for shape "
            f"{tuple(x.shape)}."
        )
    if len({a % rank for a in order}) != rank:
        raise ValueError(
            f"transpose: expected a valid permutation of the {rank} axes, each of them once; got axes={order}."
        )
    return _core.apply("transpose", [x], {"axes": [int(a) for a in order]})


@operation("x")
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    x = as_tensor(x)
    axes = list(builtins.range(len(x.shape)))
    first, second = (one_axis("swapaxes", axis, len(axes)) for axis in (axis1, axis2))
    axes[first], axes[second] = axes[second], axes[first]
    return _core.apply("transpose", [x], {"axes": axes})


@operation("x")
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places, the others in their order.

    Args:
        x: A tensor.
        source: The axes.
        destination: As many places.

    Raises:
        ValueError: If there are not as many places as axes, or no such axes.
    """
    x = as_tensor(x)
    rank = len(x.shape)
    moved, places = some_axes("moveaxis", source, rank), some_axes("moveaxis", destination, rank)
    if len(moved) != len(places):
        raise ValueError(
            "moveaxis: `source` and `destination` must have the same number of elements; got "
            f"source={source!r} and destination={destination!r}."
        )
    axes = [axis for axis in builtins.range(rank) if axis not in moved]
    for place, axis in sorted(zip(places, moved, strict=True)):
        axes.insert(place, axis)
    return _core.apply("transpose", [x], {"axes": axes})


@operation("x")
def tile(x: Any, repeats: Any) -> Any:
    """Copies of the whole tensor beside each other, that many along each axis."""
    x = as_tensor(x)
    if isinstance(repeats, (*TENSORS, np.ndarray)):
        repeats = np.asarray(repeats).tolist()
    counts = list(repeats) if isinstance(repeats, (list, tuple)) else [repeats]
    if has_open_sizes(counts):
        return _tile_openly(x, counts)
    counts = [1] * (len(x.shape) - len(counts)) + [int(count) for count in counts]
    for _ in builtins.range(len(counts) - len(x.shape)):
        x = _core.apply("expand_dims", [x], {"axis": 0})
    return _core.apply("tile", [x], {"repeats": counts})


def _tile_openly(x: Any, counts: list[Any]) -> Any:
    """`tile` as often as open sizes say: broadcast along axes of their own, which then join those of `x`."""
    sizes = sizes_of(x)
    rank = builtins.max(len(sizes), len(counts))
    sizes = (1,) * (rank - len(sizes)) + sizes
    counts = [1] * (rank - len(counts)) + counts
    apart: list[Any] = []
    shown: list[Any] = []
    for size, count in zip(sizes, counts, strict=True):
        apart += [1, size]
        shown += [count, size]
    together = [size * count for size, count in zip(sizes, counts, strict=True)]
    if builtins.any(isinstance(size, TENSORS) for size in together):
        raise ValueError(
            f"tile: an axis of open size cannot be repeated an open number of times; got repeats={counts!r} for shape "
            f"{tuple(x.shape)}."
        )
    return reshape(broadcast_to(reshape(x, apart), shown), together)


@operation("x")
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry along an axis several times.

    Args:
        x: A tensor.
        repeats: How many times: one number, or one for each entry.
        axis: The axis; the tensor is flattened by default.

    Raises:
        ValueError: If there are not as many numbers as entries.

    >>> import oxhorn as keras
    >>> keras.ops.repeat([1, 2], [1, 3]).numpy().tolist()
    [1, 2, 2, 2]
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = _core.apply("reshape", [x], {"newshape": [-1]}), 0
    place = one_axis("repeat", axis, len(x.shape))
    counts = np.asarray(repeats.numpy() if isinstance(repeats, TENSORS) else repeats).ravel()
    if counts.size == 1:
        return _core.apply("repeat", [x], {"repeats": int(counts[0]), "axis": place})
    size = x.shape[place]
    if size is not None and counts.size != size:
        raise ValueError(
            f"repeat: `repeats` must be one number or one for each entry of axis {axis}; got {counts.size} numbers for "
            f"size {size} in shape {tuple(x.shape)}."
        )
    rows = np.repeat(np.arange(counts.size, dtype="int32"), counts)
    return _core.apply("take", [x, _core.tensor(rows)], {"axis": place})


@operation("x")
def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """The entries along axes (all by default) in reverse order."""
    return _core.apply("flip", [as_tensor(x)], {"axis": axis_list(axis)})


@operation("x")
def fliplr(x: Any) -> Any:
    """The columns (the second axis) in reverse order."""
    return _core.apply("flip", [_at_least("fliplr", x, 2)], {"axis": 1})


@operation("x")
def flipud(x: Any) -> Any:
    """The rows (the first axis) in reverse order."""
    return _core.apply("flip", [_at_least("flipud", x, 1)], {"axis": 0})


def _at_least(owner: str, x: Any, rank: int) -> Any:
    x = as_tensor(x)
    if len(x.shape) < rank:
        raise ValueError(
            f"{owner} requires input with {rank} or more dimensions; got a tensor of shape {tuple(x.shape)}."
        )
    return x


@operation("x")
def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Any:
    """The entries moved on by `shift` places; what leaves at one end comes in at the other.

    Args:
        x: A tensor.
        shift: How many places, for each axis.
        axis: The axes; the tensor is flattened for it, and gets its shape back, by default.

    >>> import oxhorn as keras
    >>> keras.ops.roll([1, 2, 3], 1).numpy().tolist()
    [3, 1, 2]
    """
    x, shifts, axes = as_tensor(x), axis_list(shift), axis_list(axis)
    if isinstance(shifts, int) and isinstance(axes, list):
        shifts = [shifts] * len(axes)
    elif isinstance(shifts, list) and isinstance(axes, int):
        shifts = builtins.sum(shifts)
    return _core.apply("roll", [x], {"shift": shifts, "axis": axes})


@operation("array")
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turned by 90 degrees `k` times in a plane, from the first axis towards the second.

    Args:
        array: A tensor with at least two axes.
        k: How many times.
        axes: The two axes of the plane.

    Raises:
        ValueError: If there are fewer than two axes, or `axes` are not two different ones.

    >>> import oxhorn as keras
    >>> keras.ops.rot90([[1, 2], [3, 4]]).numpy().tolist()
    [[2, 4], [1, 3]]
    """
    x = as_tensor(array)
    rank = len(x.shape)
    if rank < 2:
        raise ValueError(
            f"rot90: the input array must have at least 2 dimensions; got a tensor of shape {tuple(x.shape)}."
        )
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"rot90: Invalid axes: {axes}. Axes must be a tuple of two different dimensions.")
    first, second = some_axes("rot90", list(axes), rank)
    turns = k % 4
    order = list(builtins.range(rank))
    order[first], order[second] = order[second], order[first]
    if turns == 2:
        return _core.apply("flip", [x], {"axis": [first, second]})
    if turns == 1:
        return _core.apply("transpose", [_core.apply("flip", [x], {"axis": second})], {"axes": order})
    if turns == 3:
        return _core.apply("flip", [_core.apply("transpose", [x], {"axes": order})], {"axis": second})
    return x


@operation("x")
def meshgrid(*x: Any, indexing: str = "xy") -> Any:
    """The coordinates of the points of a grid, one tensor for each axis.

    Args:
        x: The coordinates along each axis: tensors with one axis.
        indexing: `"xy"`: the first tensor runs along the columns; `"ij"`: along the rows.

    Returns:
        A list of tensors of one shape.

    Raises:
        ValueError: For another `indexing`.

    >>> import oxhorn as keras
    >>> columns, rows = keras.ops.meshgrid([1, 2], [3, 4])
    >>> columns.numpy().tolist(), rows.numpy().tolist()
    ([[1, 2], [1, 2]], [[3, 3], [4, 4]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: `indexing` must be 'xy' or 'ij'; got {indexing!r}.")
    lines = [_core.apply("reshape", [as_tensor(one)], {"newshape": [-1]}) for one in x]
    rank = len(lines)
    order = list(builtins.range(rank))
    if indexing == "xy" and rank > 1:
        order[:2] = [1, 0]
    laid = []
    for line, place in zip(lines, order, strict=True):
        for axis in builtins.range(rank):
            if axis != place:
                line = _core.apply("expand_dims", [line], {"axis": axis})
        laid.append(line)
    if rank < 2:
        return laid
    frame = _core.apply("zeros_like", [laid[0]], {"dtype": "bool"})
    for line in laid[1:]:
        frame = _core.apply("logical_or", [frame, _core.apply("zeros_like", [line], {"dtype": "bool"})])
    return [_core.apply("broadcast_like", [line, frame]) for line in laid]


@operation("x")
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Values put around a tensor.

    Args:
        x: A tensor.
        pad_width: A pair (before, after) for each axis; one pair or one number serves all axes.
        mode: `"constant"`, `"reflect"`, `"symmetric"` or `"edge"`.
        constant_values: The value for `"constant"`; 0 by default.

    Raises:
        ValueError: If there are not as many pairs as axes, or `constant_values` is given for another mode.
    """
    x = as_tensor(x)
    if constant_values is not None and mode != "constant":
        raise ValueError(
            "pad: Argument `constant_values` can only be provided when `mode == 'constant'`. "
            f"Received: mode={mode!r}. Leave it out."
        )
    pairs = _pairs(pad_width, len(x.shape), tuple(x.shape))
    attrs: dict[str, Any] = {"pad_width": pairs, "mode": mode}
    if constant_values is not None:
        attrs["constant_values"] = float(constant_values)
    return _core.apply("pad", [x], attrs)


def _pairs(pad_width: Any, rank: int, shape: tuple[int | None, ...]) -> list[list[int]]:
    if isinstance(pad_width, TENSORS):
        pad_width = pad_width.numpy()
    if isinstance(pad_width, np.ndarray):
        pad_width = pad_width.tolist()
    if isinstance(pad_width, (int, np.integer)):
        pad_width = ((pad_width, pad_width),)
    entries = list(pad_width)
    if len(entries) == 2 and builtins.all(isinstance(one, (int, np.integer)) for one in entries):
        entries = [tuple(entries)]
    pairs: list[list[int]] = []
    for entry in entries:
        pair = [entry] if isinstance(entry, (int, np.integer)) else list(entry)
        if len(pair) not in (1, 2):
            raise ValueError(
                f"pad: `pad_width` should be a list of tuples of length 1 or 2. Received: pad_width={pad_width}."
            )
        pairs.append([int(pair[0]), int(pair[-1])])
    if len(pairs) == 1:
        pairs = pairs * rank
    if len(pairs) != rank:
        raise ValueError(
            f"pad: `pad_width` must have the same length as `x.shape`. Received: pad_width={pad_width} (of length "
            f"{len(pairs)}) and x.shape={shape} (of length {rank})."
        )
    return pairs


@operation("x")
def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """Repeated along axes of size 1, and along new first axes, up to a shape."""
    if has_open_sizes(shape):
        return _core.apply("broadcast_like", [as_tensor(x), template(shape)])
    return _core.apply("broadcast_to", [as_tensor(x)], {"shape": list(shape)})
