"""New tensors of a shape, with values that follow from the arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.engine.sizes import has_open_sizes, template
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.arguments import TENSORS, as_tensor, constant, to_tensor, value_of
from oxhorn.ops.dispatch import operation

__all__ = [
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "identity",
    "ones",
    "ones_like",
    "tri",
    "zeros",
    "zeros_like",
]

Sizes = int | Sequence[int]


def known_sizes(shape: Any) -> tuple[int, ...]:
    """A shape argument as a tuple of whole numbers.

    Raises:
        ValueError: If a size is not known.
        TypeError: If a size is symbolic.
    """
    if isinstance(shape, (*TENSORS, np.ndarray)) and len(shape.shape) == 1:
        shape = np.asarray(shape).tolist()
    sizes = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    if any(size is None for size in sizes):
        raise ValueError(
            f"A new tensor needs known sizes; got shape {sizes}. Use `zeros_like`, `ones_like` or `full_like` for a "
            "shape like that of a tensor whose batch size is open."
        )
    return tuple(int(value_of("A new tensor", "shape", size).__index__()) for size in sizes)


def zeros(shape: Sizes, dtype: Any = None) -> Any:
    """A tensor of zeros.

    Args:
        shape: The sizes.
        dtype: The dtype; `floatx()` by default.
    """
    if has_open_sizes(shape):
        return _filled(shape, 0.0, dtype)
    return constant(np.zeros(known_sizes(shape), standardize_dtype(dtype)), dtype)


def ones(shape: Sizes, dtype: Any = None) -> Any:
    """A tensor of ones.

    Args:
        shape: The sizes.
        dtype: The dtype; `floatx()` by default.
    """
    if has_open_sizes(shape):
        return _filled(shape, 1.0, dtype)
    return constant(np.ones(known_sizes(shape), standardize_dtype(dtype)), dtype)


def _filled(shape: Any, value: float, dtype: Any) -> Any:
    return _core.apply("full_like", [template(shape)], {"value": value, "dtype": standardize_dtype(dtype)})


def empty(shape: Sizes, dtype: Any = None) -> Any:
    """A tensor whose values do not matter: zeros.

    Args:
        shape: The sizes.
        dtype: The dtype; `floatx()` by default.
    """
    return zeros(shape, dtype)


@operation("fill_value")
def full(shape: Sizes, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor of one value.

    Args:
        shape: The sizes.
        fill_value: The value: a number, or a tensor that broadcasts to the shape.
        dtype: The dtype; `floatx()` by default.
    """
    wanted = standardize_dtype(dtype)
    if has_open_sizes(shape):
        return _core.apply("broadcast_like", [to_tensor(as_tensor(fill_value), wanted), template(shape)])
    sizes = known_sizes(shape)
    if isinstance(fill_value, (bool, int, float)):
        return _core.tensor(np.full(sizes, fill_value, wanted))
    return _core.apply("broadcast_to", [to_tensor(as_tensor(fill_value), wanted)], {"shape": list(sizes)})


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on the k-th diagonal, zeros elsewhere.

    Args:
        N: The number of rows.
        M: The number of columns; N by default.
        k: The diagonal: 0 is the main one, those above are positive.
        dtype: The dtype; `floatx()` by default.

    >>> import oxhorn as keras
    >>> keras.ops.eye(2, 3, k=1).numpy().tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    rows, columns, place = _matrix("eye", N, M, k)
    return constant(np.eye(rows, columns, place, dtype=standardize_dtype(dtype)), dtype)


def identity(n: int, dtype: Any = None) -> Any:
    """The identity matrix of n rows.

    Args:
        n: The number of rows and columns.
        dtype: The dtype; `floatx()` by default.
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on the k-th diagonal and below, zeros above.

    Args:
        N: The number of rows.
        M: The number of columns; N by default.
        k: The diagonal: 0 is the main one, those above are positive.
        dtype: The dtype; `floatx()` by default.
    """
    rows, columns, place = _matrix("tri", N, M, k)
    return constant(np.tri(rows, columns, place, dtype=standardize_dtype(dtype)), dtype)


def _matrix(owner: str, n: Any, m: Any, k: Any) -> tuple[int, int, int]:
    rows = value_of(owner, "N", n)
    columns = rows if m is None else value_of(owner, "M", m)
    for name, number in (("N", rows), ("M", columns)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(
                f"{owner}: `{name}` must be a whole number; got {number!r} of type {type(number).__name__}."
            )
        if number < 0:
            raise ValueError(f"{owner}: `{name}` must be at least 0; got {number}.")
    return rows, columns, int(value_of(owner, "k", k))


@operation("x")
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of `x`.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` by default.
    """
    return _core.apply("zeros_like", [as_tensor(x)], _typed(dtype))


@operation("x")
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of `x`.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` by default.
    """
    return _core.apply("ones_like", [as_tensor(x)], _typed(dtype))


@operation("x")
def empty_like(x: Any, dtype: Any = None) -> Any:
    """A tensor in the shape of `x` whose values do not matter: zeros.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` by default.
    """
    return _core.apply("zeros_like", [as_tensor(x)], _typed(dtype))


@operation("x", "fill_value")
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value in the shape of `x`.

    Args:
        x: A tensor.
        fill_value: The value: a number, or a tensor that broadcasts to the shape of `x`.
        dtype: The dtype; that of `x` by default.
    """
    x = as_tensor(x)
    if isinstance(fill_value, (bool, int, float)):
        return _core.apply("full_like", [x], {"value": float(fill_value), **_typed(dtype)})
    wanted = x.dtype if dtype is None else standardize_dtype(dtype)
    return _core.apply("broadcast_like", [to_tensor(as_tensor(fill_value), wanted), x])


def _typed(dtype: Any) -> dict[str, Any]:
    return {} if dtype is None else {"dtype": standardize_dtype(dtype)}
