"""Tensors put together, and cut into parts."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.ops.arguments import TENSORS, as_tensor, one_axis, promoted
from oxhorn.ops.dispatch import operation

__all__ = [
    "append",
    "array_split",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]


def _parts(owner: str, xs: Any) -> list[Any]:
    """The tensors of a list (or the entries of one tensor), of the dtype that they meet in."""
    if isinstance(xs, TENSORS) or not isinstance(xs, (list, tuple)):
        xs = unstack(as_tensor(xs))
    if not xs:
        raise ValueError(f"{owner}: expected a list of at least one tensor; got {xs!r}.")
    return promoted(*xs)


def _join(owner: str, xs: list[Any], axis: int) -> Any:
    return _core.apply("concatenate", xs, {"axis": one_axis(owner, axis, len(xs[0].shape))})


@operation("xs")
def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors one after the other along an axis.

    Args:
        xs: Tensors of the same shape but for that axis; their dtypes are promoted to a common one.
        axis: The axis.

    Raises:
        ValueError: If the shapes do not fit, or there is no such axis.

    >>> import oxhorn as keras
    >>> keras.ops.concatenate([[1, 2], [3]]).numpy().tolist()
    [1, 2, 3]
    """
    if axis is None:
        raise ValueError("concatenate: `axis` cannot be None; it must be a whole number.")
    return _join("concatenate", _parts("concatenate", xs), axis)


@operation("x")
def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of the same shape along a new axis.

    Args:
        x: The tensors; their dtypes are promoted to a common one.
        axis: Where the new axis is in the result.
    """
    parts = _parts("stack", x)
    place = one_axis("stack", axis, len(parts[0].shape) + 1)
    for i, part in enumerate(parts):
        if len(part.shape) != len(parts[0].shape) or builtins.any(
            a is not None and b is not None and a != b
            for a, b in zip(part.shape, parts[0].shape, strict=True)
        ):
            raise ValueError(
                f"stack: every tensor must have the same shape; tensor 0 has {tuple(parts[0].shape)} and tensor {i} "
                f"has {tuple(part.shape)}."
            )
    return _core.apply("stack", parts, {"axis": place})


@operation("x1", "x2")
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """`x2` after `x1` along an axis (both flattened by default)."""
    x1, x2 = promoted(x1, x2)
    if axis is None:
        x1, x2, axis = _flat(x1), _flat(x2), 0
    return _join("append", [x1, x2], axis)


def _flat(x: Any) -> Any:
    return _core.apply("reshape", [x], {"newshape": [-1]})


@operation("xs")
def hstack(xs: Sequence[Any]) -> Any:
    """Tensors side by side: along the second axis, or the first if they have one."""
    parts = [_with_rank(x, 1) for x in _parts("hstack", xs)]
    return _join("hstack", parts, 0 if len(parts[0].shape) == 1 else 1)


@operation("xs")
def vstack(xs: Sequence[Any]) -> Any:
    """Tensors below each other: along the first axis; those with one axis are rows."""
    return _join("vstack", [_with_rank(x, 2) for x in _parts("vstack", xs)], 0)


@operation("xs")
def dstack(xs: Sequence[Any]) -> Any:
    """Tensors behind each other: along the third axis; those with one or two axes get more."""
    return _join("dstack", [_with_rank(x, 3) for x in _parts("dstack", xs)], 2)


def _with_rank(x: Any, rank: int) -> Any:
    """At least that many axes: (n) becomes (1, n) and (1, n, 1), (n, m) becomes (n, m, 1)."""
    if len(x.shape) < rank and len(x.shape) == 0:
        x = _core.apply("expand_dims", [x], {"axis": 0})
    if len(x.shape) < rank and len(x.shape) == 1:
        x = _core.apply("expand_dims", [x], {"axis": 0})
    return _core.apply("expand_dims", [x], {"axis": -1}) if len(x.shape) < rank else x


# Parts -------------------------------------------------------------------------------------------


def _places(indices: Any) -> list[int]:
    return [int(i) for i in (indices.numpy() if isinstance(indices, TENSORS) else indices)]


def _cut(x: Any, places: list[int], axis: int) -> list[Any]:
    if not places:
        return [x]
    parts = list(_core.apply("split", [x], {"indices": places, "axis": axis}))
    if x.shape[axis] is None:
        # The size is open, but those of the parts between two places are not.
        bounds = [0, *places]
        for i in builtins.range(len(places)):
            if 0 <= bounds[i] <= places[i]:
                parts[i] = _of_size(parts[i], axis, places[i] - bounds[i])
    return parts


def _of_size(x: Any, axis: int, size: int) -> Any:
    """The tensor itself, whose open size along an axis is known to be this one."""
    rest = list(x.shape[axis + 1 :])
    if None not in rest:
        return _core.apply("reshape", [x], {"newshape": [size, *rest], "keep": axis})
    rank = len(x.shape)
    axes = [a for a in builtins.range(rank) if a != axis] + [axis]
    turned = _core.apply("transpose", [x], {"axes": axes})
    sized = _core.apply("reshape", [turned], {"newshape": [size], "keep": rank - 1})
    return _core.apply("transpose", [sized], {"axes": sorted(builtins.range(rank), key=axes.__getitem__)})


@operation("x")
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> Any:
    """Parts along an axis: that many of equal size, or cut before each of the places given.

    Args:
        x: A tensor.
        indices_or_sections: A number of parts, or places.
        axis: The axis.

    Returns:
        A list of tensors.

    Raises:
        ValueError: If parts of equal size are not possible.

    >>> import oxhorn as keras
    >>> [part.numpy().tolist() for part in keras.ops.split([1, 2, 3, 4], [1])]
    [[1], [2, 3, 4]]
    """
    x = as_tensor(x)
    place = one_axis("split", axis, len(x.shape))
    if not isinstance(indices_or_sections, (int, np.integer)):
        return _cut(x, _places(indices_or_sections), place)
    size, sections = x.shape[place], int(indices_or_sections)
    if sections < 1 or (size is not None and size % sections):
        raise ValueError(
            f"split: the size of axis {axis} must be divisible by the number of parts; got {sections} parts for "
            f"size {size} in shape {tuple(x.shape)}. `array_split` makes parts of different sizes."
        )
    if size is None:
        return _split_open(x, sections, place)
    step = size // sections
    return _cut(x, list(builtins.range(step, size, step)), place) if step else [x] * sections


def _split_open(x: Any, sections: int, axis: int) -> list[Any]:
    """That many parts of an axis whose size is not known: it becomes the last one, and that two."""
    rank = len(x.shape)
    axes = [a for a in builtins.range(rank) if a != axis] + [axis]
    turned = _core.apply("transpose", [x], {"axes": axes})
    parts = _core.apply("reshape", [turned], {"newshape": [sections, -1], "keep": rank - 1})
    back = sorted(builtins.range(rank), key=axes.__getitem__)
    return [_core.apply("transpose", [parts[..., i, :]], {"axes": back}) for i in builtins.range(sections)]


@operation("x")
def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> Any:
    """As `split`, but the first parts are one longer where parts of equal size are not possible.

    Args:
        x: A tensor.
        indices_or_sections: A number of parts, or places.
        axis: The axis.

    >>> import oxhorn as keras
    >>> [part.numpy().tolist() for part in keras.ops.array_split([1, 2, 3], 2)]
    [[1, 2], [3]]
    """
    x = as_tensor(x)
    place = one_axis("array_split", axis, len(x.shape))
    if not isinstance(indices_or_sections, (int, np.integer)):
        return _cut(x, _places(indices_or_sections), place)
    size, sections = x.shape[place], int(indices_or_sections)
    if sections < 1:
        raise ValueError(f"array_split: expected at least one part; got {sections}.")
    if size is None:
        return _split_open(x, sections, place)
    each, longer = divmod(size, sections)
    ends = [each * (i + 1) + builtins.min(i + 1, longer) for i in builtins.range(sections)]
    return _cut(x, ends[:-1], place)


@operation("x")
def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> Any:
    """`split` along the second axis, or the first if there is one axis."""
    x = _at_least("hsplit", x, 1)
    return split(x, indices_or_sections, 0 if len(x.shape) == 1 else 1)


@operation("x")
def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> Any:
    """`split` along the first axis of a tensor with two or more."""
    return split(_at_least("vsplit", x, 2), indices_or_sections, 0)


@operation("x")
def dsplit(x: Any, indices_or_sections: int | Sequence[int]) -> Any:
    """`split` along the third axis."""
    return split(_at_least("dsplit", x, 3), indices_or_sections, 2)


def _at_least(owner: str, x: Any, rank: int) -> Any:
    x = as_tensor(x)
    if len(x.shape) < rank:
        raise ValueError(
            f"{owner} only works on arrays of at least {rank} dimension{'s' if rank > 1 else ''}; got shape "
            f"{tuple(x.shape)}."
        )
    return x


@operation("x")
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """The entries along an axis, as a list of tensors without it.

    Args:
        x: A tensor.
        num: The size of that axis; needed where it is not known.
        axis: The axis.

    Raises:
        ValueError: If the size is not known and not given.
    """
    x = as_tensor(x)
    place = one_axis("unstack", axis, len(x.shape))
    size = x.shape[place] if num is None else num
    if size is None:
        raise ValueError(
            f"unstack: the size of axis {axis} of shape {tuple(x.shape)} is not known; pass `num`."
        )
    return [x[(*(_ALL,) * place, i)] for i in builtins.range(size)]


_ALL = builtins.slice(None)
