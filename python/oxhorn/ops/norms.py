"""Norms of vectors and matrices, and distances between points."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import Axis, as_float, promoted, some_axes
from oxhorn.ops.dispatch import operation

__all__ = ["cdist", "norm"]


@operation("x")
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    r"""The norm of vectors or matrices.

    For vectors (`axis` is one axis, or `x` has one): (sum |x_i|^ord)^(1/ord).

    | `ord`          | vectors                  | matrices                                  |
    |----------------|--------------------------|-------------------------------------------|
    | `None`         | sqrt(sum x_i^2)          | sqrt(sum x_ij^2)                          |
    | `"fro"`        | -                        | sqrt(sum x_ij^2)                          |
    | `"nuc"`        | -                        | the sum of the singular values            |
    | inf, -inf      | largest, smallest |x_i|   | largest, smallest sum of |x_ij| of a row  |
    | 0              | how many are not 0       | -                                         |
    | 1, -1          | as above                 | largest, smallest sum of |x_ij| of a column |
    | 2, -2          | as above                 | the largest, the smallest singular value  |
    | another number | as above                 | -                                         |

    Args:
        x: A tensor; dtypes other than floats become `floatx()`.
        ord: The order, as in the table.
        axis: One axis for vectors, two for matrices. By default all of `x`, which must then have one or two axes
            unless `ord` is `None`.
        keepdims: Whether these axes stay, with size 1.

    Returns:
        A tensor without these axes.

    Raises:
        ValueError: If `ord` is not in the table, or `axis` names no vectors or matrices.

    >>> import oxhorn as keras
    >>> x = [[3.0, 0.0], [4.0, 12.0]]
    >>> float(keras.ops.norm(x)), float(keras.ops.norm(x, ord=1))
    (13.0, 12.0)
    >>> keras.ops.norm(x, axis=0).numpy()
    array([ 5., 12.], dtype=float32)
    """
    x = as_float(x)
    rank = len(x.shape)
    if isinstance(ord, str) and ord not in ("fro", "nuc"):
        raise ValueError(f"norm: Invalid `ord` argument {ord!r}; expected 'fro', 'nuc', a number or None.")
    if axis is None:
        axes = list(range(rank))
        if ord is None:
            return _euclidean(x, axes, keepdims)
    else:
        axes = some_axes("norm", axis, rank)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(
        f"norm: expected one axis for vectors or two for matrices; got axis={axis!r} for a tensor of rank {rank}."
    )


def _reduce(op: str, x: Any, axis: int | list[int], keepdims: bool) -> Any:
    return _core.apply(op, [x], {"axis": axis, "keepdims": bool(keepdims)})


def _euclidean(x: Any, axes: list[int], keepdims: bool) -> Any:
    return _core.apply("sqrt", [_reduce("sum", _core.apply("square", [x]), axes, keepdims)])


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ValueError(
            f"norm: Invalid `ord` argument for vector norm: {ord!r} is for matrices; expected a number or None."
        )
    if ord is None or ord == 2:
        return _euclidean(x, [axis], keepdims)
    size = _core.apply("absolute", [x])
    if ord in (math.inf, -math.inf):
        return _reduce("max" if ord > 0 else "min", size, axis, keepdims)
    if ord == 0:
        there = _core.apply("cast", [_core.apply("not_equal", [x, 0])], {"dtype": str(x.dtype)})
        return _reduce("sum", there, axis, keepdims)
    if ord == 1:
        return _reduce("sum", size, axis, keepdims)
    total = _reduce("sum", _core.apply("power", [size, float(ord)]), axis, keepdims)
    return _core.apply("power", [total, 1.0 / float(ord)])


def _matrix_norm(x: Any, ord: Any, axes: list[int], keepdims: bool) -> Any:
    rows, columns = axes
    if ord is None or ord == "fro":
        return _euclidean(x, axes, keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = _reduce("sum", _core.apply("absolute", [x]), inner, True)
        y = _reduce("max" if ord > 0 else "min", sums, outer, True)
    elif ord in (2, -2, "nuc"):
        last = _core.apply("moveaxis", [x], {"source": axes, "destination": [-2, -1]})
        values = _core.apply("svd", [last], {"full_matrices": False})[1]
        y = _reduce({2: "max", -2: "min", "nuc": "sum"}[ord], values, -1, False)
        for axis in sorted(axes):
            y = _core.apply("expand_dims", [y], {"axis": axis})
    else:
        raise ValueError(
            f"norm: Invalid `ord` argument for matrix norm: {ord!r}; expected None, 'fro', 'nuc', inf, -inf, 1, -1, 2 "
            "or -2. For a vector norm name one axis."
        )
    return y if keepdims else _core.apply("squeeze", [y], {"axis": sorted(axes)})


@operation("x", "y")
def cdist(x: Any, y: Any) -> Any:
    """The Euclidean distance of each point of `x` from each point of `y`: sqrt(sum_k (x_ik - y_jk)^2).

    Args:
        x: Points, shape (..., m, d).
        y: Points, shape (..., n, d); the axes before the last two are broadcast.

    Returns:
        Distances, shape (..., m, n).

    Raises:
        ValueError: If the points do not have one and the same number of coordinates.

    >>> import oxhorn as keras
    >>> keras.ops.cdist([[0.0, 0.0], [3.0, 0.0]], [[0.0, 4.0]]).numpy()
    array([[4.],
           [5.]], dtype=float32)
    """
    x, y = promoted(x, y, floats=True)
    a, b = tuple(x.shape), tuple(y.shape)
    if len(a) < 2 or len(b) < 2:
        raise ValueError(f"cdist: expected points, rank >= 2, shape (..., m, d); got shapes {a} and {b}.")
    if None not in (a[-1], b[-1]) and a[-1] != b[-1]:
        raise ValueError(f"cdist: the last dimension of both inputs must match; got shapes {a} and {b}.")
    x = _core.apply("expand_dims", [x], {"axis": -2})
    y = _core.apply("expand_dims", [y], {"axis": -3})
    squares = _core.apply("square", [_core.apply("subtract", [x, y])])
    return _core.apply("sqrt", [_reduce("sum", squares, -1, False)])
