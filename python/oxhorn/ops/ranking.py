"""The largest numbers of a tensor, and whether a target is among them."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import as_float, as_tensor
from oxhorn.ops.dispatch import operation

__all__ = ["in_top_k", "top_k"]


def _count(owner: str, k: Any) -> int:
    if isinstance(k, bool) or not hasattr(k, "__index__") or k < 0:
        raise ValueError(f"{owner}: `k` must be a whole number of 0 or more; got {k!r}.")
    return int(k)


@operation("x")
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """The k largest numbers along the last axis, and their places.

    Args:
        x: A tensor of numbers.
        k: How many; at most the last size of `x`.
        sorted: Whether they must be in falling order, which they always are.

    Returns:
        The numbers and their places (int32), both with k as their last size. Of equal numbers the first comes first.

    Raises:
        ValueError: If `k` is negative or larger than the last size.

    >>> import oxhorn as keras
    >>> values, places = keras.ops.top_k([5, 2, 7, 1, 9, 3], 3)
    >>> values.numpy(), places.numpy()
    (array([9, 7, 5], dtype=int32), array([4, 2, 0], dtype=int32))
    """
    return tuple(_core.apply("top_k", [as_tensor(x)], {"k": _count("top_k", k)}))


@operation("targets", "predictions")
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the prediction for the target is one of the k largest: fewer than k others are larger.

    Args:
        targets: Classes, shape (...).
        predictions: A number for each class, shape (..., classes).
        k: How many places count.

    Returns:
        A bool tensor of the shape of `targets`. A prediction that is NaN for the target counts as the lowest.

    Raises:
        ValueError: If the shapes do not fit, or a target is no class.

    >>> import oxhorn as keras
    >>> keras.ops.in_top_k([1, 0], [[0.1, 0.9, 0.8], [0.2, 0.3, 0.4]], k=2).numpy()
    array([ True, False])
    """
    return _core.apply("in_top_k", [as_tensor(targets), as_float(predictions)], {"k": _count("in_top_k", k)})
