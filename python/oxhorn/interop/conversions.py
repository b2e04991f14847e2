"""How arrays of PyTorch become ours, and the way back: each conversion has both.

With `W` for PyTorch's array and `V` for ours:

    a dense kernel          V[i, o] = W[o, i]
    a convolution           V[y, x, i, o] = W[o, i, y, x]; `i` counts within the group
    a depthwise one         V[y, x, i, m] = W[i * M + m, 0, y, x]
    a transposed one        V[y, x, o, i] = W[i, o, y, x]
    gates side by side      V[i, g * H + h] = W[order[g] * H + h, i]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from oxhorn.interop.stored import Array

__all__ = [
    "Conversion",
    "alone",
    "depthwise",
    "folded",
    "gates",
    "linear",
    "moved_channels",
    "reshaped",
    "same",
    "side_by_side",
    "summed",
    "taken",
    "transposed",
    "turned",
]


class Conversion(NamedTuple):
    """From one or more arrays of PyTorch to one of ours, and back.

    `plain` is the conversion that the shapes are found with, where this one only adds another order.
    """

    text: str
    to_ours: Callable[..., Array]
    to_torch: Callable[[Array], tuple[Array, ...]]
    plain: Any = None

    def torch_shapes(self, shape: Sequence[int]) -> list[tuple[int, ...]]:
        """The shapes that the arrays of PyTorch have where ours has this one."""
        like = np.broadcast_to(np.float32(0), tuple(shape))  # one number, whatever the shape
        return [array.shape for array in (self.plain or self).to_torch(like)]


def alone(text: str, to_ours: Callable[[Array], Array], to_torch: Callable[[Array], Array]) -> Conversion:
    """A conversion of a single array."""
    return Conversion(text, to_ours, lambda array: (to_torch(array),))


same = alone("as it is", lambda w: w, lambda v: v)

# From the last axis to the first, all in between as they are: (o, i) -> (i, o), (o, i, y, x) -> (y, x, i, o).
transposed = alone(
    "(out, in, ...) -> (..., in, out)",
    lambda w: np.moveaxis(w, (1, 0), (-2, -1)),
    lambda v: np.moveaxis(v, (-2, -1), (1, 0)),
)


linear = transposed._replace(text="(out, in) -> (in, out)")
turned = transposed._replace(text="(in, out, ...) -> (..., out, in)")


def depthwise(shape: Sequence[int]) -> Conversion:
    """Of a depthwise kernel `(places, input, multiplier)`."""
    *_, inputs, multiplier = shape

    def to_ours(w: Array) -> Array:
        return np.moveaxis(w.reshape(inputs, multiplier, *w.shape[2:]), (0, 1), (-2, -1))

    def to_torch(v: Array) -> Array:
        w = np.moveaxis(v, (-2, -1), (0, 1))
        return w.reshape(inputs * multiplier, 1, *w.shape[2:])

    return alone("(in * multiplier, 1, ...) -> (..., in, multiplier)", to_ours, to_torch)


def folded(shape: Sequence[int], inputs: int) -> Conversion:
    """Of a dense kernel whose first `inputs` axes are the input's, the others the output's, such as heads."""
    rows, columns = math.prod(shape[:inputs]), math.prod(shape[inputs:])
    return alone(
        f"(out, in) -> {tuple(shape)}",
        lambda w: w.T.reshape(shape),
        lambda v: v.reshape(rows, columns).T,
    )


def reshaped(shape: Sequence[int], theirs: Sequence[int]) -> Conversion:
    """The same numbers in another shape."""
    return alone(
        f"{tuple(theirs)} -> {tuple(shape)}", lambda w: w.reshape(shape), lambda v: v.reshape(theirs)
    )


def moved_channels() -> Conversion:
    """Of an array over a map: PyTorch has the channels first."""
    return alone(
        "(channels, ...) -> (..., channels)",
        lambda w: np.moveaxis(w, 0, -1),
        lambda v: np.moveaxis(v, -1, 0),
    )


def gates(order: Sequence[int], names: tuple[str, str]) -> Conversion:
    """Of a kernel whose columns are gates side by side, `order[g]` being PyTorch's place of our gate `g`."""
    text = "(out, in) -> (in, out)"
    return alone(
        text if names[0] == names[1] else f"{text}; gates {names[0]} -> {names[1]}",
        lambda w: _reordered(w.T, order),
        lambda v: _reordered(v, np.argsort(order)).T,
    )


def summed() -> Conversion:
    """Two biases that are added anyway, as one; on the way back the second is zero."""
    return Conversion("the sum of both", lambda a, b: a + b, lambda v: (v, np.zeros(v.shape, v.dtype)))


def side_by_side(order: Sequence[int], names: tuple[str, str]) -> Conversion:
    """Two biases over gates, as the two rows of one."""

    def to_ours(a: Array, b: Array) -> Array:
        return np.stack([_reordered(a, order), _reordered(b, order)])

    def to_torch(v: Array) -> tuple[Array, ...]:
        back = np.argsort(order)
        return _reordered(v[0], back), _reordered(v[1], back)

    return Conversion(f"both, as two rows; gates {names[0]} -> {names[1]}", to_ours, to_torch)


def _reordered(array: Array, order: Sequence[int] | Array) -> Array:
    """The gates along the last axis in another order."""
    parts = np.split(array, len(order), axis=-1)
    return np.concatenate([parts[int(place)] for place in order], axis=-1)


def taken(inner: Conversion, order: Array, axis: int, text: str) -> Conversion:
    """`inner`, and then our entries along an axis in another order: entry `j` is the one that was at `order[j]`."""
    back = np.argsort(order)
    return Conversion(
        f"{inner.text}; {text}" if inner is not same else text,
        lambda *arrays: np.take(inner.to_ours(*arrays), order, axis),
        lambda array: inner.to_torch(np.take(array, back, axis)),
        inner.plain or inner,
    )
