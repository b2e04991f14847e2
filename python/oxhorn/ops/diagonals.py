"""Diagonals and triangles of matrices, and matrices made from a line of numbers."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.engine import allowance
from oxhorn.ops.arguments import as_number, as_tensor, one_axis
from oxhorn.ops.dispatch import operation
from oxhorn.ops.reductions import as_summand

__all__ = ["diag", "diagflat", "diagonal", "trace", "tril", "triu", "vander"]


@operation("x")
def diag(x: Any, k: int = 0) -> Any:
    """A matrix with these numbers on its k-th diagonal; or, of a matrix, its k-th diagonal.

    Args:
        x: A tensor with one or two axes.
        k: The diagonal: 0 is the main one, those above are positive.

    Raises:
        ValueError: If there are more axes.

    >>> import oxhorn as keras
    >>> keras.ops.diag([1, 2]).numpy().tolist()
    [[1, 0], [0, 2]]
    """
    x = as_tensor(x)
    if len(x.shape) == 1:
        return _on_diagonal(x, k)
    if len(x.shape) != 2:
        raise ValueError(f"diag: `x` must be 1-D or 2-D; got a tensor of shape {tuple(x.shape)}.")
    return diagonal(x, k)


@operation("x")
def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with all values of a tensor, in row order, on its k-th diagonal."""
    return _on_diagonal(_core.apply("reshape", [as_tensor(x)], {"newshape": [-1]}), k)


def _on_diagonal(x: Any, k: int) -> Any:
    """A matrix with a line of numbers on its k-th diagonal."""
    if x.shape[0] is not None:
        return _core.apply("diag", [x], {"k": k})
    column = _core.apply("expand_dims", [x], {"axis": 1})
    square = _core.apply("broadcast_like", [column, _core.apply("multiply", [column, column[:, 0]])])
    matrix = _core.apply("triu", [_core.apply("tril", [square], {"k": 0})], {"k": 0})
    if k == 0:
        return matrix
    up, down = builtins.max(k, 0), builtins.max(-k, 0)
    return _core.apply("pad", [matrix], {"pad_width": [[down, up], [up, down]], "mode": "constant"})


@operation("x")
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonals of the matrices that lie along two axes, as a new last axis.

    Args:
        x: A tensor with at least two axes.
        offset: The diagonal: 0 is the main one, those above are positive.
        axis1: The rows of the matrices.
        axis2: Their columns.

    Raises:
        ValueError: If there are fewer than two axes, the two are the same, or their sizes are not known.

    >>> import oxhorn as keras
    >>> keras.ops.diagonal([[1, 2], [3, 4]], offset=1).numpy().tolist()
    [2]
    """
    x = as_tensor(x)
    rank = len(x.shape)
    if rank < 2:
        raise ValueError(
            f"diagonal: requires an array of at least two dimensions; got a tensor of shape {tuple(x.shape)}."
        )
    rows, columns = (one_axis("diagonal", axis, rank) for axis in (axis1, axis2))
    if rows == columns:
        raise ValueError(
            f"diagonal: `axis1` and `axis2` cannot be the same; got axis1={axis1}, axis2={axis2}."
        )
    order = [axis for axis in builtins.range(rank) if axis not in (rows, columns)] + [rows, columns]
    n, m = x.shape[rows], x.shape[columns]
    if order != list(builtins.range(rank)):
        x = _core.apply("transpose", [x], {"axes": order})
    if m is None and n is not None:
        # The same diagonal of the transposed matrices, whose number of columns is known.
        x = _core.apply("transpose", [x], {"axes": [*builtins.range(rank - 2), rank - 1, rank - 2]})
        n, m, offset = m, n, -offset
    if m is None:
        raise ValueError(
            f"diagonal: at least one size of the matrices must be known; got shape {tuple(x.shape)} with the rows "
            "on its axis -2 and the columns on axis -1."
        )
    if offset < 0:
        x, offset = x[..., -offset:, :], 0
    # In the flat matrix, one row and one column further is m + 1 places further; no more than m - offset fit in.
    places = builtins.max(m - offset, 0)
    flat = _core.apply("reshape", [x], {"newshape": [-1 if n is None else x.shape[-2] * m], "keep": rank - 2})
    return flat[..., offset : offset + places * (m + 1) : m + 1] if places else flat[..., :0]


@operation("x")
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along the diagonals of the matrices that lie along two axes.

    Args:
        x: A tensor with at least two axes.
        offset: The diagonal: 0 is the main one, those above are positive.
        axis1: The rows of the matrices.
        axis2: Their columns.
    """
    return _core.apply("sum", [as_summand(diagonal(x, offset, axis1, axis2))], {"axis": -1})


@operation("x")
def tril(x: Any, k: int = 0) -> Any:
    """The values on the k-th diagonal of matrices and below it, zeros above."""
    return _core.apply("tril", [as_tensor(x)], {"k": int(k)})


@operation("x")
def triu(x: Any, k: int = 0) -> Any:
    """The values on the k-th diagonal of matrices and above it, zeros below."""
    return _core.apply("triu", [as_tensor(x)], {"k": int(k)})


@operation("x")
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Vandermonde's matrix: the powers of each number in a row.

    Args:
        x: A tensor with one axis.
        N: The number of powers, from 0 on; as many as there are numbers by default.
        increasing: Whether they begin with the lowest.

    Raises:
        ValueError: If there are more axes.

    >>> import oxhorn as keras
    >>> keras.ops.vander([2, 3], 3).numpy().tolist()
    [[4, 2, 1], [9, 3, 1]]
    """
    x = as_number(x)
    if len(x.shape) != 1:
        raise ValueError(f"vander: expected a tensor with one axis; got shape {tuple(x.shape)}.")
    count = x.shape[0] if N is None else N
    if count is None:
        exponents = _core.apply("cumsum", [_core.apply("ones_like", [x])], {"axis": 0})
        exponents = _core.apply("subtract", [exponents, _core.apply("ones_like", [x])])
        exponents = exponents if increasing else _core.apply("flip", [exponents], {"axis": 0})
        return _core.apply("power", [_core.apply("expand_dims", [x], {"axis": 1}), exponents])
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 0:
        raise ValueError(f"vander: `N` must be a whole number of at least 0; got {N!r}.")
    # One op a column.
    allowance.spend((int(count), 1024), "float64", "vander")
    powers = [_core.apply("ones_like", [x])]
    while len(powers) < count:
        powers.append(_core.apply("multiply", [powers[-1], x]))
    columns = _core.apply("stack", powers if increasing else powers[::-1], {"axis": -1})
    return columns[:, :0] if count == 0 else columns
