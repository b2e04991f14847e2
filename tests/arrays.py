"""The same numbers in every memory layout NumPy knows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def fortran(a: Array) -> Array:
    return np.array(a, order="F")


def strided(a: Array) -> Array:
    """Every second element of a larger array, along each axis."""
    big = np.zeros(tuple(2 * n for n in a.shape), a.dtype)
    view = big[(..., *(slice(None, None, 2) for _ in a.shape))]
    view[...] = a
    return view


def negative_stride(a: Array) -> Array:
    flip = (..., *(slice(None, None, -1) for _ in a.shape))
    return a[flip].copy()[flip]


def read_only(a: Array) -> Array:
    copy = np.array(a)
    copy.flags.writeable = False
    return copy


def big_endian(a: Array) -> Array:
    return a.astype(a.dtype.newbyteorder(">"))


def misaligned(a: Array) -> Array:
    """Data that starts one byte after a multiple of its size."""
    memory = np.zeros(a.nbytes + 1, np.uint8)
    view = np.ndarray(a.shape, a.dtype, memory, offset=1)
    view[...] = a
    return view


def transposed(a: Array) -> Array:
    return np.array(a.T, order="C").T


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    f.__name__: f for f in (fortran, strided, negative_stride, read_only, big_endian, misaligned, transposed)
}
