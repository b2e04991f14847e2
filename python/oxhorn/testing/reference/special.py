"""Special functions, pieces of arrays, and other small formulas that NumPy has not got."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def erf(x: ArrayLike) -> Array:
    """erf(x) = 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x"""
    return _erf(x)


def erfc(x: ArrayLike) -> Array:
    """erfc(x) = 1 - erf(x), precise for large x"""
    return _erfc(x)


def erfinv(y: ArrayLike) -> Array:
    """The x with erf(x) = y, by Newton's method: x <- x - (erf(x) - y) / erf'(x)."""
    y = np.asarray(y, np.float64)
    # Winitzki's approximation is near enough for Newton's method to converge.
    log = np.log1p(-y * y)
    a = 2.0 / (math.pi * 0.147) + log / 2.0
    x = np.sign(y) * np.sqrt(np.sqrt(a * a - log / 0.147) - a)
    for _ in range(4):
        x = x - (_erf(x) - y) * math.sqrt(math.pi) / 2.0 * np.exp(x * x)
    return x


def rsqrt(x: ArrayLike) -> Array:
    """1 / sqrt(x)"""
    return 1.0 / np.sqrt(x)


def slice(inputs: ArrayLike, start_indices: Sequence[int], shape: Sequence[int]) -> Array:
    """The block of this shape that begins at these indices."""
    corner = tuple(np.s_[start : start + size] for start, size in zip(start_indices, shape, strict=True))
    return np.asarray(inputs)[corner]


def get_item(x: ArrayLike, key: Any) -> Array:
    """x[key]"""
    return np.asarray(x)[key]


def rearrange(tensor: ArrayLike, pattern: str, **sizes: int) -> Array:
    """Split axes, move them and join them, as a pattern says: `"b (h w) c -> b c h w"`, with `h=8`."""
    left, right = (
        [re.findall(r"\w+", group) for group in re.findall(r"\([^)]*\)|\w+", side)]
        for side in pattern.split("->")
    )
    x = np.asarray(tensor)
    known = dict(sizes)
    for group, size in zip(left, x.shape, strict=True):
        unknown = [name for name in group if name not in known]
        if unknown:
            known[unknown[0]] = size // math.prod(known[name] for name in group if name in known)
    names = [name for group in left for name in group]
    split = x.reshape([known[name] for name in names])
    moved = split.transpose([names.index(name) for group in right for name in group])
    return moved.reshape([math.prod(known[name] for name in group) for group in right])
