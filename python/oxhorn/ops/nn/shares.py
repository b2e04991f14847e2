"""Functions whose results are probabilities along an axis, or their logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.activations.distributions import warn_of_one_score
from oxhorn.arguments import integer, integer_or_integers
from oxhorn.ops.arguments import as_tensor
from oxhorn.ops.dispatch import operation


def _axes(x: Any, axis: Any, who: str) -> int | list[int]:
    """An axis, or a list of axes; None is all of them."""
    if axis is None:
        return list(range(len(x.shape)))
    return integer_or_integers(axis, "axis", who)


@operation("x")
def softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Any:
    """Scores turned into probabilities that add up to 1.

    `f(x)_i = exp(x_i) / sum_j exp(x_j)`, computed without overflow

    Args:
        x: A tensor; whole numbers become floats.
        axis: The axis, or axes taken together; None is all of them. Defaults to -1.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: If there is no such axis.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.softmax([1.0, 1.0]).numpy().tolist()
    [0.5, 0.5]
    """
    x = as_tensor(x)
    axes = _axes(x, axis, "softmax")
    result = _core.activation("softmax", x, {"axis": axes})
    warn_of_one_score("ops.softmax", axes, result.shape, stacklevel=4)
    return result


@operation("x")
def log_softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Any:
    """The logarithm of softmax, computed without under- or overflow.

    `f(x)_i = x_i - log(sum_j exp(x_j))`

    Args:
        x: A tensor; whole numbers become floats.
        axis: The axis, or axes taken together; None is all of them. Defaults to -1.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: If there is no such axis.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.log_softmax(np.array([0.0, 0.0])).numpy().round(4).tolist()
    [-0.6931, -0.6931]
    """
    x = as_tensor(x)
    axes = _axes(x, axis, "log_softmax")
    if isinstance(axes, int):
        return _core.activation("log_softmax", x, {"axis": axes})
    return x - _core.apply("logsumexp", [x], {"axis": axes, "keepdims": True})


@operation("x")
def sparsemax(x: Any, axis: int = -1) -> Any:
    """Scores turned into probabilities of which many are exactly 0.

    `f(x) = argmin_p |p - x|^2` over all `p >= 0` with `sum(p) = 1`; `f(x)_i = max(x_i - tau, 0)`

    Args:
        x: A tensor; whole numbers become floats.
        axis: The axis. Defaults to -1.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: If there is no such axis.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.sparsemax([3.0, 2.5, -1.0]).numpy().tolist()
    [0.75, 0.25, 0.0]

    Source: Martins and Astudillo, 2016 (https://arxiv.org/abs/1602.02068).
    """
    return _core.activation("sparsemax", x, {"axis": integer(axis, "axis", "sparsemax", high=None)})
