"""Activations whose outputs are probabilities along an axis."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from oxhorn.activations.apply import activation
from oxhorn.arguments import integer, integer_or_integers

__all__ = ["log_softmax", "softmax", "sparsemax"]


def softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """Turn scores into probabilities that add up to 1 along an axis.

    `f(x)_i = exp(x_i - max(x)) / sum_j exp(x_j - max(x))`

    Args:
        x: A tensor or array of floats, any shape.
        axis: The axis, or a list of axes taken together. Defaults to -1.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the axis is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.softmax(np.array([1.0, 1.0, 1.0, 1.0])).numpy().tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    result = activation("softmax", x, axis=integer_or_integers(axis, "axis", "softmax"))
    warn_of_one_score("softmax", axis, result.shape, stacklevel=4)
    return result


def log_softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """Logarithm of softmax, without under- or overflow.

    `f(x)_i = x_i - log(sum_j exp(x_j))`

    Args:
        x: A tensor or array of floats, any shape.
        axis: The axis, or a list of axes taken together. Defaults to -1.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the axis is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.log_softmax(np.array([0.0, 0.0])).numpy().round(4).tolist()
    [-0.6931, -0.6931]
    """
    axes = integer_or_integers(axis, "axis", "log_softmax")
    if isinstance(axes, int):
        return activation("log_softmax", x, axis=axes)
    from oxhorn import ops

    return ops.log_softmax(x, axis=axes)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """Turn scores into probabilities of which many are exactly 0.

    `f(x) = argmin_p |p - x|^2` over all `p >= 0` with `sum(p) = 1`

    Args:
        x: A tensor or array of floats, any shape.
        axis: The axis. Defaults to -1.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the axis is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.sparsemax(np.array([3.0, 2.5, -1.0])).numpy().tolist()
    [0.75, 0.25, 0.0]

    Source: Martins and Astudillo, 2016 (https://arxiv.org/abs/1602.02068).
    """
    return activation("sparsemax", x, axis=integer(axis, "axis", "sparsemax", high=None))


def warn_of_one_score(who: str, axis: Any, shape: Sequence[int | None], stacklevel: int) -> None:
    """Says so where softmax is taken over an axis of size 1, so that nothing can be learned from its results."""
    if isinstance(axis, int) and shape[axis] == 1:
        warnings.warn(
            f"{who}: softmax over axis {axis} of a tensor of shape {tuple(shape)}: the axis has size 1, so that every "
            "result is 1. For one score use a sigmoid instead.",
            stacklevel=stacklevel,
        )
