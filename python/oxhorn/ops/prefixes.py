"""Prefix combinations by an associative function, in a number of steps that grows with the logarithm of the length."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.ops.scans import scan
from oxhorn.ops.subgraphs import Leaves, looping, require_callable, same_structure

Combine = Callable[[Sequence[Any], Sequence[Any]], list[Any]]


@looping("elems")
def associative_scan(f: Callable[..., Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """All prefixes of a sequence, combined by an associative function.

    y_0 = x_0,  y_t = f(y_{t-1}, x_t),  where f(a, f(b, c)) = f(f(a, b), c)

    Pairs are combined, then pairs of pairs, and so on: about 2 log2(n) calls of `f` on long arrays in place of n on
    short ones. Where the length is unknown while a model is traced, it is a loop of n steps.

    Args:
        f: A function of two structures like `elems`, whose tensors have any size (the same in all) along `axis`; it
            combines them place by place along that axis, and returns a structure of the same shapes.
        elems: A tensor, or a structure of tensors with the same size along `axis`.
        reverse: Whether to start from the end.
        axis: The axis to go along.

    Returns:
        The combinations: a structure like `elems`.

    Raises:
        TypeError: If `f` is no function.
        ValueError: If the sizes along the axis differ.

    Source: Blelloch 1990, "Prefix sums and their applications".

    >>> import oxhorn as keras
    >>> keras.ops.associative_scan(keras.ops.add, keras.ops.arange(5)).numpy()
    array([ 0,  1,  3,  6, 10], dtype=int32)
    """
    require_callable("associative_scan", "f", f)
    leaves = Leaves(elems, "elems")
    if not len(leaves):
        raise ValueError(f"associative_scan: expected at least one tensor; got {elems!r}.")
    for label, x in zip(leaves.labels, leaves.tensors, strict=True):
        if not -len(x.shape) <= axis < len(x.shape):
            raise ValueError(
                f"associative_scan: axis {axis} is out of range for {label} of shape {tuple(x.shape)}."
            )
    sizes = {x.shape[axis] for x in leaves.tensors}
    if len(sizes) > 1:
        shapes = [tuple(x.shape) for x in leaves.tensors]
        raise ValueError(
            "associative_scan: the tensors must have the same first dimension (the same size along the axis to scan, "
            f"axis={axis}); got the shapes {shapes}."
        )
    places = [axis % len(x.shape) for x in leaves.tensors]

    def combine(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
        if reverse:
            first, second = second, first
        result = f(leaves.pack(first), leaves.pack(second))
        same_structure("associative_scan", "elems and what `f` returns", leaves.structure, result)
        return Leaves(result, "result").tensors

    xs = leaves.tensors
    if reverse:
        xs = [_core.apply("flip", [x], {"axis": at}) for x, at in zip(xs, places, strict=True)]
    size = sizes.pop()
    ys = _step_by_step(combine, xs, places) if size is None else _by_pairs(combine, xs, places, size)
    if reverse:
        ys = [_core.apply("flip", [y], {"axis": at}) for y, at in zip(ys, places, strict=True)]
    return leaves.pack(ys)


def _cut(xs: Sequence[Any], places: Sequence[int], start: int, stop: int | None, step: int = 1) -> list[Any]:
    cut = builtins.slice(start, stop, step)
    return [x[(*(builtins.slice(None),) * at, cut)] for x, at in zip(xs, places, strict=True)]


def _by_pairs(combine: Combine, xs: list[Any], places: list[int], n: int) -> list[Any]:
    """y_1, y_3, ... are the prefixes of the pairs; y_2, y_4, ... have one element more than those before them."""
    if n < 2:
        return xs
    pairs = combine(_cut(xs, places, 0, n - 1, 2), _cut(xs, places, 1, None, 2))
    odd = _by_pairs(combine, pairs, places, n // 2)
    first = _cut(xs, places, 0, 1)
    if n == 2:
        return [_join([a, b], at) for a, b, at in zip(first, odd, places, strict=True)]
    before = odd if n % 2 else _cut(odd, places, 0, n // 2 - 1)
    even = combine(before, _cut(xs, places, 2, None, 2))
    # Even places first, then odd ones: the order that puts them in turn.
    half = n - n // 2
    order = np.array([t // 2 if t % 2 == 0 else half + t // 2 for t in range(n)], np.int32)
    return [
        _core.apply("take", [_join([a, b, c], at), _core.tensor(order)], {"axis": at})
        for a, b, c, at in zip(first, even, odd, places, strict=True)
    ]


def _join(xs: list[Any], axis: int) -> Any:
    return _core.apply("concatenate", xs, {"axis": axis})


def _step_by_step(combine: Combine, xs: list[Any], places: list[int]) -> list[Any]:
    """The same as a loop, for a length that is not known yet."""
    ahead = [_move(x, at, 0) for x, at in zip(xs, places, strict=True)]
    first = _cut(xs, places, 0, 1)

    def step(carry: list[Any], element: list[Any]) -> tuple[list[Any], list[Any]]:
        wide = [_core.apply("expand_dims", [x], {"axis": at}) for x, at in zip(element, places, strict=True)]
        made = combine(carry, wide)
        return made, [_core.apply("squeeze", [y], {"axis": [at]}) for y, at in zip(made, places, strict=True)]

    _, later = scan(step, first, _cut(ahead, [0] * len(ahead), 1, None))
    return [_join([a, _move(y, 0, at)], at) for a, y, at in zip(first, later, places, strict=True)]


def _move(x: Any, source: int, destination: int) -> Any:
    axes = [axis for axis in range(len(x.shape)) if axis != source]
    axes.insert(destination, source)
    return x if source == destination else _core.apply("transpose", [x], {"axes": axes})
