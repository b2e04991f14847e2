"""Linear algebra on the last two axes of tensors; the axes before them are a batch."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import as_float, promoted
from oxhorn.ops.dispatch import operation
from oxhorn.ops.norms import norm
from oxhorn.ops.own_gradients import jvp

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "jvp",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "solve",
    "solve_triangular",
    "svd",
]


@operation("x")
def cholesky(x: Any, upper: bool = False) -> Any:
    """L with x = L L^T, lower triangular with a positive diagonal.

    Args:
        x: Symmetric positive definite matrices, shape (..., M, M). Only (x + x^T) / 2 counts.
        upper: Whether to give L^T instead.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: If a matrix is not square, or not positive definite.

    >>> import oxhorn as keras
    >>> keras.ops.cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy()
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    return _core.apply("cholesky", [as_float(x)], {"upper": bool(upper)})


@operation("x")
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """A^-1 from the Cholesky factor of A: (L L^T)^-1 = L^-T L^-1.

    Args:
        x: Factors L as `cholesky` gives them, shape (..., M, M). The half above the diagonal is not looked at.
        upper: Whether these are the upper factors L^T.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: If a matrix is not square, or has a 0 on the diagonal.

    >>> import oxhorn as keras
    >>> keras.ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([[0.25, 0.  ],
           [0.  , 1.  ]], dtype=float32)
    """
    triangle = _core.apply("triu" if upper else "tril", [as_float(x)], {"k": 0})
    inverse = _core.apply("inv", [triangle])
    transposed = _core.apply("swapaxes", [inverse], {"axis1": -1, "axis2": -2})
    return _core.apply("matmul", [inverse, transposed] if upper else [transposed, inverse])


@operation("x")
def det(x: Any) -> Any:
    """The determinant. Its gradient is the matrix of cofactors, also where x has no inverse.

    Args:
        x: Matrices, shape (..., M, M).

    Returns:
        A tensor of shape (...).

    Raises:
        ValueError: If a matrix is not square.

    >>> import oxhorn as keras
    >>> float(keras.ops.det([[1.0, 2.0], [3.0, 4.0]]))
    -2.0
    """
    return _core.apply("det", [as_float(x)])


@operation("x")
def slogdet(x: Any) -> Any:
    """The sign of the determinant and ln |det x|, which neither overflows nor vanishes.

    Args:
        x: Matrices, shape (..., M, M).

    Returns:
        Two tensors of shape (...): the signs (0 if x has no inverse) and the logarithms.

    Raises:
        ValueError: If a matrix is not square.

    >>> import oxhorn as keras
    >>> sign, log = keras.ops.slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> float(sign), float(log)
    (-1.0, 0.0)
    """
    return tuple(_core.apply("slogdet", [as_float(x)]))


@operation("x")
def logdet(x: Any) -> Any:
    """The logarithm of the determinant of positive definite matrices: ln det x.

    Args:
        x: Matrices, shape (..., M, M). For others the result is ln |det x|.

    Returns:
        A tensor of shape (...).

    >>> import oxhorn as keras
    >>> float(keras.ops.logdet([[1.0, 0.0], [0.0, 1.0]]))
    0.0
    """
    return slogdet(x)[1]


@operation("x")
def inv(x: Any) -> Any:
    """The inverse x^-1.

    Args:
        x: Matrices, shape (..., M, M).

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: If a matrix is not square, or has no inverse.

    >>> import oxhorn as keras
    >>> keras.ops.inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    return _core.apply("inv", [as_float(x)])


@operation("a", "b")
def solve(a: Any, b: Any) -> Any:
    """The solution x of a x = b.

    Args:
        a: Matrices, shape (..., M, M).
        b: Vectors, shape (..., M), if it has one axis less than `a`; else matrices, shape (..., M, N).
            The axes before the vectors or matrices are broadcast.

    Returns:
        A tensor of the shape of `b`.

    Raises:
        ValueError: If the shapes do not fit, or a matrix has no inverse.

    >>> import oxhorn as keras
    >>> keras.ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).numpy()
    array([1. , 0.5], dtype=float32)
    """
    return _core.apply("solve", promoted(a, b, floats=True))


@operation("a", "b")
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """The solution x of a x = b, for triangular matrices a.

    Args:
        a: Matrices, shape (..., M, M), of which only one half is looked at.
        b: Vectors, shape (..., M), if it has one axis less than `a`; else matrices, shape (..., M, N).
        lower: Whether it is the lower half; the upper one by default.

    Returns:
        A tensor of the shape of `b`.

    Raises:
        ValueError: If the shapes do not fit, or there is a 0 on a diagonal.

    >>> import oxhorn as keras
    >>> keras.ops.solve_triangular([[2.0, 1.0], [0.0, 4.0]], [3.0, 4.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    return _core.apply("solve_triangular", promoted(a, b, floats=True), {"lower": bool(lower)})


@operation("x")
def lu_factor(x: Any) -> Any:
    """P x = L U: the factors by elimination with row exchanges, packed into one matrix.

    Args:
        x: Matrices, shape (..., M, N).

    Returns:
        U on and above the diagonal with L (whose diagonal is 1) below it, shape (..., M, N); and the pivots, int32 of
        shape (..., min(M, N)): row k was exchanged with row `pivots[k]`, in this order.

    >>> import oxhorn as keras
    >>> lu, pivots = keras.ops.lu_factor([[1.0, 3.0], [2.0, 4.0]])
    >>> lu.numpy(), pivots.numpy()
    (array([[2. , 4. ],
           [0.5, 1. ]], dtype=float32), array([1, 1], dtype=int32))
    """
    return tuple(_core.apply("lu_factor", [as_float(x)]))


@operation("x")
def qr(x: Any, mode: str = "reduced") -> Any:
    """The QR decomposition x = Q R: orthonormal columns in Q, an upper triangular R; by Householder reflections.

    Args:
        x: Matrices, shape (..., M, N).
        mode: "reduced" for a Q of K = min(M, N) columns, "complete" for one of M columns.

    Returns:
        Q, shape (..., M, K), and R, shape (..., K, N); K is M if `mode` is "complete".

    Raises:
        ValueError: If `mode` is another one.

    >>> import oxhorn as keras
    >>> q, r = keras.ops.qr([[3.0, 0.0], [4.0, 5.0]])
    >>> r.numpy()
    array([[-5., -4.],
           [ 0.,  3.]], dtype=float32)
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(
            f"qr: this `mode` argument value not supported. Expected one of {{'reduced', 'complete'}}. "
            f"Received: mode={mode}"
        )
    return tuple(_core.apply("qr", [as_float(x)], {"complete": mode == "complete"}))


@operation("x")
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition x = U diag(s) V^T: orthogonal U and V, falling s >= 0.

    The largest element of each column of U (of those with a singular value) is positive. The gradient through U and V
    is not finite where two singular values are equal.

    Args:
        x: Matrices, shape (..., M, N).
        full_matrices: Whether U and V are square; else they have K = min(M, N) columns.
        compute_uv: Whether U and V^T are wanted too.

    Returns:
        U, shape (..., M, M) or (..., M, K); s, shape (..., K); V^T, shape (..., N, N) or (..., K, N). Only s if
        `compute_uv` is False.

    >>> import oxhorn as keras
    >>> keras.ops.svd([[0.0, 2.0], [3.0, 0.0]], compute_uv=False).numpy()
    array([3., 2.], dtype=float32)
    """
    full = bool(full_matrices) and bool(compute_uv)
    u, s, v = _core.apply("svd", [as_float(x)], {"full_matrices": full})
    return (u, s, v) if compute_uv else s


@operation("x")
def eigh(x: Any) -> Any:
    """Eigenvalues and orthonormal eigenvectors of symmetric matrices: x V = V diag(w).

    The gradient through the eigenvectors is not finite where two eigenvalues are equal.

    Args:
        x: Symmetric matrices, shape (..., M, M). Only (x + x^T) / 2 counts.

    Returns:
        The eigenvalues, rising, shape (..., M); and V, shape (..., M, M), with eigenvectors as its columns, the largest
        element of each positive.

    Raises:
        ValueError: If a matrix is not square.

    >>> import oxhorn as keras
    >>> w, v = keras.ops.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> w.numpy()
    array([1., 2.], dtype=float32)
    """
    return tuple(_core.apply("eigh", [as_float(x)]))


@operation("x")
def eig(x: Any) -> Any:
    """Eigenvalues and eigenvectors of general matrices, as long as they are real: x V = V diag(w).

    Args:
        x: Matrices, shape (..., M, M).

    Returns:
        The eigenvalues, rising, shape (..., M); and V, shape (..., M, M), with eigenvectors of length 1 as its columns,
        the largest element of each positive.

    Raises:
        ValueError: If a matrix is not square, or has complex eigenvalues: there are no complex tensors.

    >>> import oxhorn as keras
    >>> w, v = keras.ops.eig([[2.0, 1.0], [0.0, 1.0]])
    >>> w.numpy()
    array([1., 2.], dtype=float32)
    """
    return tuple(_core.apply("eig", [as_float(x)]))


@operation("a", "b")
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The x with the smallest |a x - b|^2; of several the shortest one.

    Args:
        a: A matrix of shape (M, N).
        b: A vector of shape (M,), or a matrix of shape (M, K) with a system in each column.
        rcond: Singular values of `a` up to `rcond` times the largest count as 0. By default as for `pinv`.

    Returns:
        A tensor of shape (N,) or (N, K).

    Raises:
        ValueError: If the shapes do not fit.

    >>> import oxhorn as keras
    >>> keras.ops.lstsq([[1.0], [1.0]], [1.0, 3.0]).numpy().round(4)
    array([2.], dtype=float32)
    """
    a, b = promoted(a, b, floats=True)
    if len(a.shape) != 2 or len(b.shape) not in (1, 2):
        raise ValueError(
            "lstsq: Expected a to have rank 2 and b to have rank 1 or 2; "
            f"got a.shape={tuple(a.shape)} and b.shape={tuple(b.shape)}."
        )
    if a.shape[0] != b.shape[0]:
        raise ValueError(
            "lstsq: Expected b.shape[0] to be equal to a.shape[0]; "
            f"got a.shape={tuple(a.shape)} and b.shape={tuple(b.shape)}."
        )
    return _core.apply("matmul", [_core.apply("pinv", [a], _number("rcond", rcond)), b])


@operation("x")
def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """The rank: the number of singular values above `tol`.

    Args:
        x: Matrices, shape (..., M, N).
        tol: The threshold; by default the largest singular value times max(M, N) times the dtype's epsilon.

    Returns:
        An int32 tensor of shape (...).

    >>> import oxhorn as keras
    >>> int(keras.ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    return _core.apply("matrix_rank", [as_float(x)], _number("tol", tol))


@operation("x")
def pinv(x: Any, rcond: float | None = None) -> Any:
    """The Moore-Penrose inverse V diag(1 / s) U^T, where 1 / s is 0 for singular values that count as 0.

    Args:
        x: Matrices, shape (..., M, N).
        rcond: Singular values up to `rcond` times the largest count as 0; by default 10 max(M, N) times the dtype's
            epsilon.

    Returns:
        A tensor of shape (..., N, M).

    >>> import oxhorn as keras
    >>> keras.ops.pinv([[2.0], [0.0]]).numpy()
    array([[0.5, 0. ]], dtype=float32)
    """
    return _core.apply("pinv", [as_float(x)], _number("rcond", rcond))


def _number(name: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {name: float(value)}
