"""Linear algebra: shapes of symbolic tensors, special matrices, and what is refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.ops import linalg


def symbolic(*shape: int | None) -> Any:
    return keras.KerasTensor(shape)


def shapes(y: Any) -> Any:
    return tuple(one.shape for one in y) if isinstance(y, (tuple, list)) else y.shape


SHAPES = [
    (lambda: linalg.cholesky(symbolic(None, 4, 4)), (None, 4, 4)),
    (lambda: linalg.inv(symbolic(None, None, None)), (None, None, None)),
    (lambda: linalg.det(symbolic(None, 4, 4)), (None,)),
    (lambda: ops.slogdet(symbolic(None, 4, 4)), ((None,), (None,))),
    (lambda: linalg.solve(symbolic(None, 4, 4), symbolic(None, 4)), (None, 4)),
    (lambda: linalg.solve_triangular(symbolic(None, 4, 4), symbolic(None, 4, 2), lower=True), (None, 4, 2)),
    (lambda: linalg.lu_factor(symbolic(None, 4, 3)), ((None, 4, 3), (None, 3))),
    (lambda: linalg.qr(symbolic(None, 4, 3)), ((None, 4, 3), (None, 3, 3))),
    (lambda: linalg.qr(symbolic(4, 3), mode="complete"), ((4, 4), (4, 3))),
    (lambda: linalg.svd(symbolic(None, 3, 2)), ((None, 3, 3), (None, 2), (None, 2, 2))),
    (lambda: linalg.svd(symbolic(None, 3, 2), full_matrices=False), ((None, 3, 2), (None, 2), (None, 2, 2))),
    (lambda: linalg.svd(symbolic(None, 3, 2), compute_uv=False), (None, 2)),
    (lambda: linalg.eigh(symbolic(None, 4, 4)), ((None, 4), (None, 4, 4))),
    (lambda: linalg.eig(symbolic(None, 4, 4)), ((None, 4), (None, 4, 4))),
    (lambda: linalg.pinv(symbolic(None, 4, 3)), (None, 3, 4)),
    (lambda: linalg.lstsq(symbolic(5, 7), symbolic(5, 2)), (7, 2)),
    (lambda: linalg.matrix_rank(symbolic(None, 4, 3)), (None,)),
    (lambda: linalg.norm(symbolic(None, 3, 3), axis=1, keepdims=True), (None, 1, 3)),
    (lambda: linalg.norm(symbolic(None, 3, 4), ord=2, axis=(1, 2)), (None,)),
    (lambda: ops.cdist(symbolic(None, 2), symbolic(1, 2)), (None, 1)),
]


@pytest.mark.parametrize("case", range(len(SHAPES)))
def test_symbolic_shapes(case: int) -> None:
    call, expected = SHAPES[case]
    assert shapes(call()) == expected


ONES = np.ones((2, 2))
REFUSED = [
    (lambda: linalg.cholesky(symbolic(None, 3, 4)), r"cholesky: expected square .* shape \(None, 3, 4\)"),
    (lambda: linalg.det(symbolic(None, None, 4)), r"square .* \(None, None, 4\)"),
    (lambda: linalg.inv(np.ones(3)), r"a rank of at least 2; got shape \(3,\)"),
    (lambda: linalg.inv(ONES), "singular one: pivot 1 is 0. pinv and lstsq work"),
    (lambda: linalg.solve(np.stack([np.eye(2), ONES]), ONES), r"matrix 1 of a batch of shape \(2, 2, 2\)"),
    (lambda: linalg.solve(np.eye(2), 1.0), "got a scalar"),
    (lambda: linalg.solve(symbolic(4, 4), symbolic(3, 2)), r"as many rows .* \(4, 4\) and \(3, 2\)"),
    (lambda: linalg.solve(np.ones((2, 3, 3)), np.ones((4, 3, 1))), r"broadcast .* \(2,\) and \(4,\)"),
    (lambda: linalg.solve_triangular(np.diag([1.0, 0.0]), np.ones(2)), "pivot 1 is 0"),
    (lambda: linalg.cholesky([[1.0, 2.0], [2.0, 1.0]]), "positive definite .* leading block of size 2"),
    (lambda: linalg.cholesky([[np.nan]]), "positive definite"),
    (lambda: linalg.eig([[0.0, -1.0], [1.0, 0.0]]), r"no complex tensors.* 0.000000 \+- 1.000000i"),
    (lambda: linalg.qr(ONES, mode="full"), r"Expected one of \{'reduced', 'complete'\}"),
    (lambda: linalg.lstsq(np.ones((2, 2, 2)), np.ones(2)), r"rank 2 .* a.shape=\(2, 2, 2\)"),
    (lambda: linalg.lstsq(ONES, np.ones(3)), r"equal to a.shape\[0\]"),
    (lambda: linalg.pinv(ONES, rcond=-1.0), "`rcond` of 0 or more; got -1"),
    (lambda: linalg.norm(ONES, ord=3), "Invalid `ord` argument for matrix norm: 3"),
    (lambda: linalg.norm(ONES, ord="fro", axis=0), "Invalid `ord` argument for vector norm"),
    (lambda: linalg.norm(ONES, ord="max"), "Invalid `ord` argument 'max'"),
    (lambda: linalg.norm(np.ones((2, 2, 2)), ord=1), "one axis for vectors or two for matrices"),
    (lambda: linalg.norm(ONES, axis=(0, 0)), "each axis may be named once"),
    (lambda: linalg.norm(np.ones(3), axis=1), "axis 1 is out of bounds"),
    (lambda: ops.cdist(np.ones(2), np.ones((2, 2))), "rank >= 2"),
    (lambda: ops.cdist(np.ones((2, 3)), np.ones((2, 2))), r"must match; got shapes \(2, 3\) and \(2, 2\)"),
    (lambda: ops.top_k([1.0, 2.0], 3), "at most the last size"),
    (lambda: ops.top_k([1.0, 2.0], -1), "`k` must be a whole number of 0 or more; got -1"),
    (lambda: ops.in_top_k([3], [[0.1, 0.2]], 1), r"in \[0, 2\); got 3"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text[:40] for _, text in REFUSED])
def test_refused(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_pass_through(bad: float) -> None:
    """Decompositions neither hang nor hide them."""
    x = np.array([[1.0, bad], [2.0, 3.0]])
    for y in (*linalg.svd(x), *linalg.eigh(x), *linalg.eig(x), linalg.pinv(x)):
        assert np.isnan(y.numpy()).all()
    assert not np.isfinite(float(linalg.norm(x, ord=2)))
    assert int(linalg.matrix_rank(x)) == 0


def test_empty_matrices() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert linalg.inv(np.ones((0, 3, 3))).shape == (0, 3, 3)
        assert linalg.det(np.ones((2, 0, 0))).numpy().tolist() == [1.0, 1.0]
        assert shapes(linalg.svd(np.ones((3, 0)))) == ((3, 3), (0,), (0, 0))
        assert shapes(linalg.qr(np.ones((2, 0, 3)))) == ((2, 0, 0), (2, 0, 3))
        assert shapes(linalg.eigh(np.ones((0, 0)))) == ((0,), (0, 0))
        assert linalg.solve(np.eye(3), np.ones((3, 0))).shape == (3, 0)
        assert linalg.pinv(np.ones((0, 3))).shape == (3, 0)


def test_whole_numbers_become_floats() -> None:
    assert linalg.inv(np.array([[2, 0], [0, 4]])).dtype == "float32"
    assert linalg.norm(np.array([3, 4])).dtype == "float32"
    assert linalg.solve(np.eye(2), np.array([1, 2])).dtype == "float64"


def test_vectors_may_lack_a_sign_but_not_a_place() -> None:
    """Large matrices: what is multiplied out is the matrix again."""
    x = np.random.default_rng(2).normal(size=(60, 40))
    u, s, vt = (y.numpy() for y in linalg.svd(x, full_matrices=True))
    np.testing.assert_allclose((u[:, :40] * s) @ vt, x, atol=1e-12)
    np.testing.assert_allclose(u.T @ u, np.eye(60), atol=1e-12)
    np.testing.assert_allclose(s, np.linalg.svd(x, compute_uv=False), rtol=1e-12)
    w, v = (y.numpy() for y in linalg.eigh(x.T @ x))
    np.testing.assert_allclose((v * w) @ v.T, x.T @ x, atol=1e-11)
    lu, pivots = (y.numpy() for y in linalg.lu_factor(x))
    lower = np.tril(lu, -1)[:, :40] + np.eye(60, 40)
    back = lower @ np.triu(lu[:40])
    for k, p in reversed(list(enumerate(pivots))):
        back[[k, p]] = back[[p, k]]
    np.testing.assert_allclose(back, x, atol=1e-12)
