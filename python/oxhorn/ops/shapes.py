"""Functions that move values without changing them."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.ops.dispatch import operation


@operation("x")
def reshape(x: Any, newshape: Any) -> Any:
    """The values of `x` in row order in another shape.

    Args:
        x: A tensor.
        newshape: The sizes. One may be -1: it follows from the others. The first may be `None`: it stays.
    """
    sizes = [newshape] if isinstance(newshape, int) else list(newshape)
    attrs: dict[str, Any] = {"newshape": sizes}
    if sizes and sizes[0] is None:
        attrs = {"newshape": sizes[1:], "keep": 1}
    if None in attrs["newshape"]:
        raise ValueError(
            f"reshape: only the first size may be None; got newshape={newshape!r}. Use -1 for another."
        )
    return _core.apply("reshape", [x], attrs)


@operation("x")
def ravel(x: Any) -> Any:
    """The values of `x` in one row."""
    return _core.apply("reshape", [x], {"newshape": [-1]})


@operation("x")
def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """A new axis of size 1 at `axis`."""
    for one in sorted(axis) if isinstance(axis, (list, tuple)) else [axis]:
        x = _core.apply("expand_dims", [x], {"axis": one})
    return x


@operation("x")
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Without the axes of size 1 (all of them by default)."""
    chosen = list(axis) if isinstance(axis, (list, tuple)) else axis
    return _core.apply("squeeze", [x], {"axis": chosen})


@operation("x")
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order (reversed by default)."""
    return _core.apply("transpose", [x], {"axes": list(axes) if axes is not None else None})


@operation("x")
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    axes = list(builtins.range(len(x.shape)))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return _core.apply("transpose", [x], {"axes": axes})


@operation("x")
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places, the others in their order."""
    rank = len(x.shape)
    moved = [a % rank for a in _as_list(source)]
    places = [a % rank for a in _as_list(destination)]
    axes = [axis for axis in builtins.range(rank) if axis not in moved]
    for place, axis in sorted(zip(places, moved, strict=True)):
        axes.insert(place, axis)
    return _core.apply("transpose", [x], {"axes": axes})


def _as_list(axes: int | Sequence[int]) -> list[int]:
    return [axes] if isinstance(axes, int) else list(axes)


@operation("xs")
def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors one after the other along an axis."""
    return _core.apply("concatenate", list(xs), {"axis": axis})


@operation("x")
def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of the same shape along a new axis."""
    return _core.apply("stack", list(x), {"axis": axis})


@operation("x1")
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """`x2` after `x1` along an axis (both flattened by default)."""
    if axis is None:
        x1, x2, axis = ravel(x1), ravel(x2), 0
    return _core.apply("concatenate", [x1, x2], {"axis": axis})


@operation("x")
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> Any:
    """Parts along an axis: that many of equal size, or cut before each of the places given."""
    if isinstance(indices_or_sections, int):
        size, sections = x.shape[axis], indices_or_sections
        if size is None or sections < 1 or size % sections:
            raise ValueError(
                f"split: axis {axis} of shape {tuple(x.shape)} cannot be cut into {sections} parts of equal size."
            )
        step = size // sections
        places = list(builtins.range(step, size, step))
    else:
        places = list(indices_or_sections)
    if not places:
        return [x]
    return _core.apply("split", [x], {"indices": places, "axis": axis})


@operation("x")
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """The entries along an axis, as a list of tensors without it."""
    size = x.shape[axis] if num is None else num
    if size is None:
        raise ValueError(
            f"unstack: the size of axis {axis} of shape {tuple(x.shape)} is not known; pass `num`."
        )
    before = (_ALL,) * (axis % len(x.shape))
    return [x[(*before, i)] for i in builtins.range(size)]


_ALL = builtins.slice(None)


@operation("x")
def tile(x: Any, repeats: int | Sequence[int]) -> Any:
    """Copies of the whole tensor beside each other, that many along each axis."""
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    counts = [1] * (len(x.shape) - len(counts)) + counts
    for _ in builtins.range(len(counts) - len(x.shape)):
        x = _core.apply("expand_dims", [x], {"axis": 0})
    return _core.apply("tile", [x], {"repeats": counts})


@operation("x")
def repeat(x: Any, repeats: int, axis: int | None = None) -> Any:
    """Each entry along an axis that many times (of the flattened tensor by default)."""
    if axis is None:
        x, axis = ravel(x), 0
    return _core.apply("repeat", [x], {"repeats": repeats, "axis": axis})


@operation("x")
def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """The entries along axes (all by default) in reverse order."""
    chosen = list(axis) if isinstance(axis, (list, tuple)) else axis
    return _core.apply("flip", [x], {"axis": chosen})


@operation("x")
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float | None = None) -> Any:
    """Values put around a tensor.

    Args:
        x: A tensor.
        pad_width: A pair (before, after) for each axis; one pair or one number serves all axes.
        mode: `"constant"`, `"reflect"`, `"symmetric"` or `"edge"`.
        constant_values: The value for `"constant"`; 0 by default.
    """
    rank = len(x.shape)
    if isinstance(pad_width, int):
        pad_width = [(pad_width, pad_width)]
    pairs = [(p, p) if isinstance(p, int) else tuple(p) for p in pad_width]
    if len(pad_width) == 2 and _all_integers(pad_width):
        pairs = [tuple(pad_width)]
    if len(pairs) == 1:
        pairs = pairs * rank
    attrs: dict[str, Any] = {"pad_width": [list(pair) for pair in pairs], "mode": mode}
    if constant_values is not None:
        attrs["constant_values"] = float(constant_values)
    return _core.apply("pad", [x], attrs)


def _all_integers(values: Sequence[Any]) -> bool:
    """Whether all entries are whole numbers."""
    return builtins.all(isinstance(value, int) for value in values)


@operation("x")
def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """Repeated along axes of size 1, and along new first axes, up to a shape."""
    return _core.apply("broadcast_to", [x], {"shape": list(shape)})


@operation("x", "key")
def get_item(x: Any, key: Any) -> Any:
    """x[key]."""
    if isinstance(key, list):
        key = tuple(key)
    return x[key]


@operation("inputs")
def slice(inputs: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Any:
    """The part of that shape that begins at these places."""
    stops = [start + size for start, size in zip(start_indices, shape, strict=True)]
    return inputs[tuple(builtins.slice(a, b) for a, b in zip(start_indices, stops, strict=True))]


@operation("x", "indices")
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries at whole-number places along an axis (of the flattened tensor by default)."""
    if axis is None:
        x, axis = ravel(x), 0
    return _core.apply("take", [x, indices], {"axis": axis})
