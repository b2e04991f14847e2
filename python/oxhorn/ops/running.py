"""Running sums and products, and differences of neighbours."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.arguments import as_tensor, one_axis, to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.nan_reductions import without_nan

__all__ = ["cumprod", "cumsum", "diff", "nancumprod", "nancumsum"]


def _run(name: str, x: Any, axis: Any, dtype: Any) -> Any:
    x = as_tensor(x)
    if dtype is not None:
        x = to_tensor(x, standardize_dtype(dtype))
    if isinstance(axis, (list, tuple)):
        if len(axis) != 1:
            raise ValueError(f"{name}: `axis` must be one axis or None; got {axis!r}.")
        axis = axis[0]
    if axis is not None:
        axis = one_axis(name, axis, len(x.shape))
    total = _core.apply(name, [x], {"axis": axis})
    # The core adds small integers up as int32; their own dtype is kept here, as in NumPy's modular arithmetic.
    return to_tensor(total, "uint8") if x.dtype == "uint8" else total


@operation("x")
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """y_i = x_0 + ... + x_i along an axis.

    Args:
        x: A tensor.
        axis: The axis; the flattened tensor by default.
        dtype: The dtype of the sums; that of `x` by default (int32 for booleans).

    Raises:
        ValueError: If there is no such axis.

    >>> import oxhorn as keras
    >>> keras.ops.cumsum([1, 2, 3]).numpy().tolist()
    [1, 3, 6]
    """
    return _run("cumsum", x, axis, dtype)


@operation("x")
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """y_i = x_0 * ... * x_i along an axis.

    Args:
        x: A tensor.
        axis: The axis; the flattened tensor by default.
        dtype: The dtype of the products; that of `x` by default (int32 for booleans).

    Raises:
        ValueError: If there is no such axis.

    >>> import oxhorn as keras
    >>> keras.ops.cumprod([1, 2, 3]).numpy().tolist()
    [1, 2, 6]
    """
    return _run("cumprod", x, axis, dtype)


@operation("x")
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sums along an axis (of the flattened tensor by default); NaN counts as 0."""
    return _run("cumsum", without_nan(x, 0.0)[0], axis, dtype)


@operation("x")
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running products along an axis (of the flattened tensor by default); NaN counts as 1."""
    return _run("cumprod", without_nan(x, 1.0)[0], axis, dtype)


@operation("a")
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """y_i = a_(i+1) - a_i along an axis, n times over.

    Args:
        a: A tensor; of booleans it is asked whether neighbours differ.
        n: How many times.
        axis: The axis.

    Returns:
        A tensor whose axis is shorter by `n` (empty at the least).

    Raises:
        ValueError: If `n` is negative, or there is no such axis.

    >>> import oxhorn as keras
    >>> keras.ops.diff([1, 4, 9, 16], n=2).numpy().tolist()
    [2, 2]
    """
    a = as_tensor(a)
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 0:
        raise ValueError(f"diff: `n` must be a whole number of at least 0; got {n!r}.")
    place = one_axis("diff", axis, len(a.shape))
    before = (slice(None),) * place
    name = "not_equal" if a.dtype == "bool" else "subtract"
    for _ in range(n):
        a = _core.apply(name, [a[(*before, slice(1, None))], a[(*before, slice(None, -1))]])
    return a
