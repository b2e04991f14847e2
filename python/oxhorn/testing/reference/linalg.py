"""Linear algebra where NumPy has no function of the name, or gives its results in no fixed order and sign."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def flipped(x: ArrayLike) -> Array:
    """Of the last two axes"""
    return np.swapaxes(np.asarray(x), -1, -2)


def symmetric(x: ArrayLike) -> Array:
    """(x + x^T) / 2"""
    return (np.asarray(x) + flipped(x)) / 2


def cholesky(x: ArrayLike, upper: bool = False) -> Array:
    """L with x = L L^T"""
    factor = np.linalg.cholesky(symmetric(x))
    return flipped(factor) if upper else factor


def cholesky_inverse(x: ArrayLike, upper: bool = False) -> Array:
    """(L L^T)^-1"""
    factor = flipped(np.triu(x)) if upper else np.tril(x)
    return np.linalg.inv(factor @ flipped(factor))


def logdet(x: ArrayLike) -> Array:
    """ln det x"""
    return np.linalg.slogdet(np.asarray(x))[1]


def solve(a: ArrayLike, b: ArrayLike) -> Array:
    """a^-1 b; vectors if b has one axis less than a"""
    a, b = np.asarray(a), np.asarray(b)
    vectors = b.ndim == a.ndim - 1
    x = np.linalg.solve(a, b[..., None] if vectors else b)
    return x[..., 0] if vectors else x


def solve_triangular(a: ArrayLike, b: ArrayLike, lower: bool = False) -> Array:
    """As solve, where the other half of a counts as 0"""
    return solve(np.tril(a) if lower else np.triu(a), b)


def lu_factor(x: ArrayLike) -> tuple[Array, Array]:
    """Elimination: L below the diagonal, U on and above it; pivots_k, the row that was exchanged with row k"""
    x = np.array(x, float)
    m, n = x.shape[-2:]
    pivots = np.zeros((*x.shape[:-2], min(m, n)), np.int32)
    for batch in np.ndindex(x.shape[:-2]):
        a = x[batch]
        for k in range(min(m, n)):
            p = k + int(np.argmax(abs(a[k:, k])))
            pivots[batch][k] = p
            a[[k, p]] = a[[p, k]]
            if a[k, k] != 0:
                a[k + 1 :, k] /= a[k, k]
                a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return x, pivots


def signs(v: Array) -> Array:
    """For each column, that of its element of largest magnitude"""
    largest = np.argmax(abs(v), axis=-2, keepdims=True)
    return np.where(np.take_along_axis(v, largest, -2) < 0, -1.0, 1.0)


def svd(x: ArrayLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U diag(s) V^T, the largest element of each column of U that has a singular value positive"""
    u, s, vt = np.linalg.svd(np.asarray(x), full_matrices=full_matrices)
    if not compute_uv:
        return s
    k = s.shape[-1]
    sign = signs(u[..., :k])
    u[..., :k] *= sign
    vt[..., :k, :] *= flipped(sign)
    return u, s, vt


def eigh(x: ArrayLike) -> tuple[Array, Array]:
    """Rising w, and V with x V = V diag(w), for a symmetric x"""
    w, v = np.linalg.eigh(symmetric(x))
    return w, v * signs(v)


def eig(x: ArrayLike) -> tuple[Array, Array]:
    """Rising w, and V with x V = V diag(w), for a real w"""
    w, v = np.linalg.eig(np.asarray(x))
    order = np.argsort(w.real, axis=-1)
    w = np.take_along_axis(w.real, order, -1)
    v = np.take_along_axis(v.real, order[..., None, :], -1)
    return w, v * signs(v)


def lstsq(a: ArrayLike, b: ArrayLike, rcond: float | None = None) -> Array:
    """The shortest x among those with the smallest |a x - b|"""
    return np.linalg.lstsq(np.asarray(a), np.asarray(b), rcond=rcond)[0]


def pinv(x: ArrayLike, rcond: float | None = None) -> Array:
    """V diag(1/s) U^T over the singular values above rcond times the largest"""
    x = np.asarray(x)
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    if rcond is None:
        rcond = 10 * max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    inverse = np.divide(1, s, out=np.zeros_like(s), where=s > rcond * s[..., :1])
    return flipped(vt) @ (inverse[..., None] * flipped(u))


def cdist(x: ArrayLike, y: ArrayLike) -> Array:
    """|x_i - y_j|"""
    return np.linalg.norm(np.asarray(x)[..., :, None, :] - np.asarray(y)[..., None, :, :], axis=-1)
