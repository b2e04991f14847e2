"""Losses that compare areas: how much of targets and predictions is common."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import integer_or_integers, number
from oxhorn.losses.values import op, same_shape
from oxhorn.losses.wrapper import BuiltinLoss


def _axes(axis: Any, who: str) -> Any:
    return None if axis is None else integer_or_integers(axis, "axis", who)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> _core.Tensor:
    """One minus twice what targets and predictions have in common over what they have together.

    Formula: `1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred) + epsilon)`, sums over `axis`

    Args:
        y_true: Targets in [0, 1], any shape.
        y_pred: Predictions of the same shape.
        axis: The axis or axes of one area; None takes everything as one. Defaults to None.

    Returns:
        The shape without these axes; a scalar by default.

    Raises:
        ValueError: If the shapes differ, or there is no such axis.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.3333

    Source: F. Milletari et al., V-Net, 2016 (https://arxiv.org/abs/1606.04797).
    """
    axes = _axes(axis, "dice")
    y_true, y_pred = same_shape("dice", y_true, y_pred)
    common = op("sum", y_true * y_pred, axis=axes)
    together = op("sum", y_true, axis=axes) + op("sum", y_pred, axis=axes)
    return 1.0 - 2.0 * common / (together + config.epsilon())


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> _core.Tensor:
    """The Dice loss with weights of its own for what is missed and what is too much.

    Formula: `1 - c / (c + alpha sum(y_true (1 - y_pred)) + beta sum((1 - y_true) y_pred) + epsilon)` with
    `c = sum(y_true y_pred)`, sums over `axis`

    Args:
        y_true: Targets in [0, 1], any shape.
        y_pred: Predictions of the same shape.
        alpha: The weight of what is missed. Defaults to 0.5.
        beta: The weight of what is too much. Defaults to 0.5.
        axis: The axis or axes of one area; None takes everything as one. Defaults to None.

    Returns:
        The shape without these axes; a scalar by default.

    Raises:
        ValueError: If the shapes differ, or there is no such axis.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], alpha=1.0)), 4)
    0.5

    Source: S. S. M. Salehi et al., 2017 (https://arxiv.org/abs/1706.05721).
    """
    axes = _axes(axis, "tversky")
    alpha, beta = number(alpha, "alpha", "tversky", low=0.0), number(beta, "beta", "tversky", low=0.0)
    y_true, y_pred = same_shape("tversky", y_true, y_pred)
    common = op("sum", y_true * y_pred, axis=axes)
    missed = op("sum", y_true * (1.0 - y_pred), axis=axes)
    too_much = op("sum", (1.0 - y_true) * y_pred, axis=axes)
    return 1.0 - common / (common + alpha * missed + beta * too_much + config.epsilon())


class Dice(BuiltinLoss):
    """One minus twice what targets and predictions have in common over what they have together.

    Formula: `1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred) + epsilon)`

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"dice"`.
        axis: The axis or axes of one area; None takes the whole batch as one. Defaults to None.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.Dice()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.3333

    Source: F. Milletari et al., V-Net, 2016 (https://arxiv.org/abs/1606.04797).
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=_axes(axis, "Dice"))
        self.axis = axis


class Tversky(BuiltinLoss):
    """The Dice loss with weights of its own for what is missed and what is too much.

    Formula: `1 - c / (c + alpha missed + beta too_much + epsilon)`, see `tversky`

    Args:
        alpha: The weight of what is missed. Defaults to 0.5.
        beta: The weight of what is too much. Defaults to 0.5.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"tversky"`.
        axis: The axis or axes of one area; None takes the whole batch as one. Defaults to None.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> loss = keras.losses.Tversky(alpha=1.0)
    >>> round(float(loss([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.5

    Source: S. S. M. Salehi et al., 2017 (https://arxiv.org/abs/1706.05721).
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            tversky,
            reduction,
            name,
            dtype,
            alpha=number(alpha, "alpha", "Tversky", low=0.0),
            beta=number(beta, "beta", "Tversky", low=0.0),
            axis=_axes(axis, "Tversky"),
        )
        self.alpha = alpha
        self.beta = beta
        self.axis = axis
