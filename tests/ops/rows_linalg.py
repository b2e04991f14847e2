"""Rows of linear algebra: matrices, batches of them, wide and tall ones, singular ones."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import linalg as ref
from tests.ops.table import Row, real


def _apart_from_singular(*shape: int, seed: int = 1) -> np.ndarray:
    """Random matrices, the identity added twice: far from singular."""
    return np.random.default_rng(seed).uniform(-1, 1, shape) + 2 * np.eye(shape[-2], shape[-1])


def _positive(*shape: int, seed: int = 2) -> np.ndarray:
    half = np.random.default_rng(seed).uniform(-1, 1, shape)
    return half @ np.swapaxes(half, -1, -2) + np.eye(shape[-1])


def _spread(*shape: int, seed: int = 3) -> np.ndarray:
    """Matrices whose singular values (1, 2, ...) lie well apart."""
    u, s, vt = np.linalg.svd(np.random.default_rng(seed).normal(size=shape), full_matrices=False)
    return (u * (1.0 + np.arange(s.shape[-1])[::-1])) @ vt


def _with_eigenvalues(*shape: int, seed: int = 4) -> np.ndarray:
    """P diag(-1, 0, 1, ...) P^-1"""
    p = _apart_from_singular(*shape, seed=seed)
    return (p * (np.arange(shape[-1]) - 1.0)) @ np.linalg.inv(p)


M, B = _apart_from_singular(3, 3), _apart_from_singular(2, 4, 4)
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 1.0], [3.0, 6.0, 2.0]])

SOLVE = [
    Row("cholesky", [_positive(3, 3)], ref.cholesky, batch=False),
    Row("cholesky", [_positive(2, 4, 4)], ref.cholesky),
    Row("cholesky", [_positive(2, 3, 3)], lambda x: ref.cholesky(x, True), {"upper": True}),
    Row("cholesky_inverse", [ref.cholesky(_positive(2, 3, 3))], ref.cholesky_inverse, loose=4),
    Row("cholesky_inverse", [M], lambda x: ref.cholesky_inverse(x, True), {"upper": True}, batch=False),
    Row("inv", [M], np.linalg.inv, batch=False),
    Row("inv", [B], np.linalg.inv),
    Row("solve", [M, real(3)], ref.solve, batch=False),
    Row("solve", [B, real(2, 4)], ref.solve),
    Row("solve", [B, real(2, 4, 3)], ref.solve),
    Row("solve", [M, real(2, 3, 2)], ref.solve, batch=False, note="one matrix for all"),
    Row("solve", [B, real(1, 4, 2)], ref.solve, batch=False, note="one right side for all"),
    Row("solve_triangular", [M, real(3)], ref.solve_triangular, batch=False),
    Row("solve_triangular", [B, real(2, 4, 2)], ref.solve_triangular),
    Row("solve_triangular", [B, real(2, 4)], lambda a, b: ref.solve_triangular(a, b, True), {"lower": True}),
    Row("lstsq", [_spread(5, 3), real(5)], ref.lstsq, batch=False),
    Row("lstsq", [_spread(3, 5), real(3, 2)], ref.lstsq, {"rcond": 1e-3}, batch=False),
    Row("pinv", [_spread(2, 4, 3)], ref.pinv),
    Row("pinv", [_spread(3, 4)], ref.pinv, batch=False),
    Row(
        "pinv",
        [np.diag([4.0, 2.0, 0.1])],
        lambda x: ref.pinv(x, 0.1),
        {"rcond": 0.1},
        gradient=(),
        batch=False,
    ),
]

FACTORS = [
    Row("lu_factor", [M], ref.lu_factor, batch=False),
    Row("lu_factor", [real(2, 4, 4)], ref.lu_factor, loose=8),
    Row("lu_factor", [real(2, 4, 3)], ref.lu_factor, gradient=(), loose=8),
    Row("lu_factor", [real(2, 3, 4)], ref.lu_factor, gradient=(), loose=8),
    Row("qr", [M], np.linalg.qr, batch=False),
    Row("qr", [real(2, 4, 3)], lambda x: tuple(np.linalg.qr(x)), loose=4),
    Row("qr", [real(2, 3, 4)], lambda x: tuple(np.linalg.qr(x)), loose=4),
    Row(
        "linalg.qr",
        [real(2, 3, 4)],
        lambda x: tuple(np.linalg.qr(x, "complete")),
        {"mode": "complete"},
        loose=4,
    ),
    Row(
        "linalg.qr",
        [real(4, 3)],
        lambda x: tuple(np.linalg.qr(x, "complete")),
        {"mode": "complete"},
        gradient=(),
        batch=False,
        loose=4,
    ),
    Row("svd", [_spread(3, 3)], ref.svd, batch=False, loose=4),
    *[
        Row("svd", [_spread(*shape)], lambda x: ref.svd(x, False), {"full_matrices": False}, loose=4)
        for shape in [(2, 4, 3), (2, 3, 4), (2, 3, 3)]
    ],
    *[
        Row("linalg.svd", [_spread(*shape)], lambda x: ref.svd(x, compute_uv=False), {"compute_uv": False})
        for shape in [(2, 4, 3), (2, 3, 4)]
    ],
    Row("eigh", [_spread(3, 3) + np.diag([0.0, 4.0, 9.0])], ref.eigh, batch=False, loose=8),
    Row("eigh", [_spread(2, 4, 4) + np.diag([0.0, 4.0, 9.0, 16.0])], ref.eigh, loose=8),
    Row("eig", [_with_eigenvalues(3, 3)], ref.eig, batch=False, loose=8),
    Row("eig", [_with_eigenvalues(2, 4, 4)], ref.eig, loose=8),
]

NUMBERS = [
    Row("det", [M], np.linalg.det, batch=False),
    Row("det", [B], np.linalg.det, loose=4),
    Row("det", [SINGULAR], np.linalg.det, smooth=False, batch=False, loose=4, note="singular"),
    Row("slogdet", [M], lambda x: tuple(np.linalg.slogdet(x)), batch=False),
    Row("slogdet", [real(3, 4, 4)], lambda x: tuple(np.linalg.slogdet(x)), loose=4),
    Row("logdet", [_positive(2, 3, 3)], ref.logdet),
    Row("matrix_rank", [real(2, 4, 3)], np.linalg.matrix_rank, gradient=()),
    Row("matrix_rank", [SINGULAR], np.linalg.matrix_rank, gradient=(), batch=False),
    Row("matrix_rank", [np.diag([3.0, 1.0])], lambda x: np.int32(1), {"tol": 2.0}, gradient=(), batch=False),
    Row("cdist", [real(2, 4, 3), real(2, 5, 3, seed=7)], ref.cdist),
    Row("cdist", [real(4, 3), real(2, 5, 3, seed=7)], ref.cdist, batch=False),
]


def _norm(x, ord, axis, keepdims=False, **options):
    attrs = {"ord": ord, "axis": axis, "keepdims": keepdims}
    return Row("norm", [x], lambda v: np.linalg.norm(v, ord, axis, keepdims), attrs, loose=4, **options)


_V = np.array([[0.3, -1.2, 2.0], [-0.7, 0.5, 1.1], [1.6, -0.9, 0.2], [0.8, 1.4, -2.2]])
NORMS = [
    _norm(real(2, 3, 4), None, None),
    _norm(real(5), None, None, batch=False),
    *[
        _norm(_V, ord, 1, smooth=ord not in (np.inf, -np.inf, 1))
        for ord in (None, 2, 3, -1, -2, 0.5, np.inf, -np.inf, 1)
    ],
    _norm(_V, 0, -1, True, gradient=()),
    *[_norm(_V, ord, None, batch=False, smooth=ord == "fro") for ord in ("fro", 1, -1, np.inf, -np.inf)],
    *[
        _norm(_spread(2, 3, 4), ord, (1, 2), keepdims)
        for ord in ("fro", "nuc", 2, -2)
        for keepdims in (False, True)
    ],
    *[_norm(_spread(3, 4, 2), ord, (2, 0), True, batch=False, smooth=False) for ord in (1, -np.inf)],
]

ROWS = [*SOLVE, *FACTORS, *NUMBERS, *NORMS]
