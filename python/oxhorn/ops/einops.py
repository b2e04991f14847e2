"""`rearrange`: axes taken apart, reordered and put together, as a pattern of names says."""

from __future__ import annotations

import re
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import as_tensor
from oxhorn.ops.dispatch import operation

__all__ = ["rearrange"]

_GROUP = re.compile(r"\(([^()]*)\)|(\w+)")


@operation("tensor")
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """The axes of a tensor in another order, some of them split or joined.

    `"b (h h1) w -> b h (h1 w)"` names each axis; parentheses on the left split an axis, on the right they join some.

    Args:
        tensor: A tensor.
        pattern: Names of axes before and after `->`.
        axes_lengths: Sizes of axes that are split off, by name. One in each group may be left out.

    Raises:
        ValueError: If the pattern is not well formed or does not fit the shape.

    >>> import oxhorn as keras
    >>> images = keras.ops.ones((2, 4, 6, 3))
    >>> keras.ops.rearrange(images, "b (h h1) (w w1) c -> b h w (c h1 w1)", h1=2, w1=2).shape
    (2, 2, 3, 12)
    """
    x = as_tensor(tensor)
    before, after = _read(pattern)
    if len(before) != len(x.shape):
        raise ValueError(
            f"rearrange: the pattern {pattern!r} has {len(before)} axes before '->', but the tensor has shape "
            f"{tuple(x.shape)}."
        )
    names, sizes = _split_sizes(before, tuple(x.shape), pattern, axes_lengths)
    wanted = [name for group in after for name in group]
    if sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise ValueError(
            f"rearrange: each name must occur once before '->' and once after it; got {names} and {wanted} in "
            f"{pattern!r}."
        )
    for i, group in reversed(list(enumerate(before))):
        if len(group) != 1:
            x = _split_axis(x, i, [sizes[name] for name in group])
    x = _core.apply("transpose", [x], {"axes": [names.index(name) for name in wanted]}) if names else x
    for i, group in enumerate(after):
        x = _join_axes(x, i, len(group))
    return x


def _read(pattern: str) -> tuple[list[list[str]], list[list[str]]]:
    """The groups of names before and after the arrow."""
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(f"rearrange: a pattern has one '->', as in 'a b -> b a'; got {pattern!r}.")
    groups = []
    for side in sides:
        if _GROUP.sub("", side).strip():
            raise ValueError(
                f"rearrange: a pattern is made of names, parentheses and one '->'; got {pattern!r}."
            )
        groups.append([(inner.split() if not name else [name]) for inner, name in _GROUP.findall(side)])
    return groups[0], groups[1]


def _split_sizes(
    before: list[list[str]], shape: tuple[int | None, ...], pattern: str, given: dict[str, int]
) -> tuple[list[str], dict[str, int | None]]:
    """The names of the axes after splitting, in their order, and the size of each."""
    names: list[str] = []
    sizes: dict[str, int | None] = {}
    for group, size in zip(before, shape, strict=True):
        open_names = [name for name in group if name not in given]
        known = 1
        for name in group:
            sizes[name] = given.get(name)
            known *= given.get(name, 1)
        if len(open_names) > 1:
            raise ValueError(f"rearrange: the sizes of all but one of {group} must be given in {pattern!r}.")
        exact = bool(open_names) or size is None or known == size
        if not exact or known < 1 or (open_names and size is not None and size % known):
            raise ValueError(
                f"rearrange: an axis of size {size} cannot be split into {group} with the sizes {given}."
            )
        if open_names:
            sizes[open_names[0]] = None if size is None else size // known
        names += group
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(
            f"rearrange: sizes are given for {unknown}, which are not in the pattern {pattern!r}."
        )
    return names, sizes


def _split_axis(x: Any, axis: int, sizes: list[int | None]) -> Any:
    """One axis as several; what comes after it may have open sizes, for it is taken out of the way."""
    rank = len(x.shape)
    target = [-1 if size is None else size for size in sizes]
    if axis == rank - 1 or None not in x.shape[axis + 1 :]:
        rest = list(x.shape[axis + 1 :])
        return _core.apply("reshape", [x], {"newshape": target + rest, "keep": axis})
    order = [*range(axis), *range(axis + 1, rank), axis]
    turned = _core.apply("transpose", [x], {"axes": order})
    split = _core.apply("reshape", [turned], {"newshape": target, "keep": rank - 1})
    back = [*range(axis), *range(rank - 1, rank - 1 + len(sizes)), *range(axis, rank - 1)]
    return _core.apply("transpose", [split], {"axes": back})


def _join_axes(x: Any, axis: int, count: int) -> Any:
    """`count` neighbouring axes as one."""
    if count == 1:
        return x
    if count == 0:
        return _core.apply("expand_dims", [x], {"axis": axis})
    size: int | None = 1
    for one in x.shape[axis : axis + count]:
        size = None if one is None or size is None else size * one
    target = -1 if size is None else size
    rest = list(x.shape[axis + count :])
    if None not in rest:
        return _core.apply("reshape", [x], {"newshape": [target, *rest], "keep": axis})
    rank = len(x.shape)
    order = [*range(axis), *range(axis + count, rank), *range(axis, axis + count)]
    turned = _core.apply("transpose", [x], {"axes": order})
    joined = _core.apply("reshape", [turned], {"newshape": [target], "keep": rank - count})
    return _core.apply(
        "transpose", [joined], {"axes": [*range(axis), rank - count, *range(axis, rank - count)]}
    )
