"""Losses for margins."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.losses.wrapper import BuiltinLoss, run_loss


def hinge(y_true: Any, y_pred: Any) -> _core.Tensor:
    """How far predictions fall short of a margin of 1, mean over the last axis.

    Formula: `mean(max(1 - y_true y_pred, 0), axis=-1)`; targets of 0 and 1 become -1 and 1

    Args:
        y_true: Targets -1 and 1, or 0 and 1; shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.hinge([[1.0, -1.0]], [[0.5, 2.0]]).numpy().tolist()
    [1.75]

    Source: C. Cortes, V. Vapnik, Support-vector networks, 1995.
    """
    return run_loss("hinge", y_true, y_pred)


def squared_hinge(y_true: Any, y_pred: Any) -> _core.Tensor:
    """The square of `hinge`'s shortfalls, mean over the last axis.

    Formula: `mean(max(1 - y_true y_pred, 0)^2, axis=-1)`; targets of 0 and 1 become -1 and 1

    Args:
        y_true: Targets -1 and 1, or 0 and 1; shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.squared_hinge([[1.0, -1.0]], [[0.0, 1.0]]).numpy().tolist()
    [2.5]

    Source: Y. Tang, Deep learning using linear support vector machines, 2013.
    """
    return run_loss("squared_hinge", y_true, y_pred)


def categorical_hinge(y_true: Any, y_pred: Any) -> _core.Tensor:
    """How far the right class falls short of beating the best wrong one by 1.

    Formula: `max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0)` over the last axis

    Args:
        y_true: One-hot targets, shape `(N, ..., classes)`.
        y_pred: Scores of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.categorical_hinge([[0.0, 1.0]], [[0.5, 1.0]]).numpy().tolist()
    [0.5]

    Source: K. Crammer, Y. Singer, On the algorithmic implementation of multiclass kernel-based vector machines, 2001.
    """
    return run_loss("categorical_hinge", y_true, y_pred)


class Hinge(BuiltinLoss):
    """How far predictions fall short of a margin of 1.

    Formula: `mean(max(1 - y_true y_pred, 0))` over the last axis; targets of 0 and 1 become -1 and 1

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"hinge"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.Hinge()([[1.0, -1.0]], [[0.5, 2.0]]))
    1.75

    Source: C. Cortes, V. Vapnik, Support-vector networks, 1995.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(BuiltinLoss):
    """The square of the shortfalls from a margin of 1.

    Formula: `mean(max(1 - y_true y_pred, 0)^2)` over the last axis; targets of 0 and 1 become -1 and 1

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"squared_hinge"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.SquaredHinge()([[1.0, -1.0]], [[0.0, 1.0]]))
    2.5

    Source: Y. Tang, Deep learning using linear support vector machines, 2013.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(BuiltinLoss):
    """How far the right class falls short of beating the best wrong one by 1.

    Formula: `max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0)` over the last axis

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"categorical_hinge"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]))
    0.5

    Source: K. Crammer, Y. Singer, 2001.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
