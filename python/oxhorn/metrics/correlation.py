"""How predictions follow targets."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import integer
from oxhorn.losses.values import op, same_shape
from oxhorn.metrics.reduction import BuiltinMean


def _centred(x: _core.Tensor, axis: int) -> _core.Tensor:
    return x - op("mean", x, axis=axis, keepdims=True)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> _core.Tensor:
    """The linear correlation of predictions with targets along an axis, from -1 to 1.

    Formula: `mean((y_true - mean(y_true)) (y_pred - mean(y_pred))) / (std(y_true) std(y_pred))`

    Args:
        y_true: Targets, any shape.
        y_pred: Predictions of the same shape.
        axis: The axis. Defaults to -1.

    Returns:
        The shape without that axis; NaN where targets or predictions are all the same.

    Raises:
        ValueError: If the shapes differ, or there is no such axis.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])[0]), 4)
    1.0

    Source: K. Pearson, 1895.
    """
    axis = integer(axis, "axis", "pearson_correlation")
    y_true, y_pred = same_shape("pearson_correlation", y_true, y_pred)
    together = op("mean", _centred(y_true, axis) * _centred(y_pred, axis), axis=axis)
    return together / (op("std", y_true, axis=axis) * op("std", y_pred, axis=axis))


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> _core.Tensor:
    """The agreement of predictions with targets along an axis, from -1 to 1: they must be equal, not only proportional.

    Formula: `2 cov(y_true, y_pred) / (var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))^2 + epsilon)`

    Args:
        y_true: Targets, any shape.
        y_pred: Predictions of the same shape.
        axis: The axis. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes differ, or there is no such axis.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]])[0]), 4)
    0.5714

    Source: L. I.-K. Lin, A concordance correlation coefficient to evaluate reproducibility, 1989.
    """
    axis = integer(axis, "axis", "concordance_correlation")
    y_true, y_pred = same_shape("concordance_correlation", y_true, y_pred)
    together = op("mean", _centred(y_true, axis) * _centred(y_pred, axis), axis=axis)
    apart = op("square", op("mean", y_true, axis=axis) - op("mean", y_pred, axis=axis))
    total = op("var", y_true, axis=axis) + op("var", y_pred, axis=axis) + apart
    return 2.0 * together / (total + config.epsilon())


class PearsonCorrelation(BuiltinMean):
    """The mean of the linear correlations of predictions with targets.

    Formula: mean of `mean((y_true - mean(y_true)) (y_pred - mean(y_pred))) / (std(y_true) std(y_pred))`

    Args:
        name: Name of the metric. Defaults to `"pearson_correlation"`.
        dtype: Type of the result. Defaults to `floatx()`.
        axis: The axis along which targets and predictions are compared. Defaults to -1.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.PearsonCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])), 4)
    1.0

    Source: K. Pearson, 1895.
    """

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


class ConcordanceCorrelation(BuiltinMean):
    """The mean agreement of predictions with targets.

    Formula: mean of `2 cov(y_true, y_pred) / (var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))^2 + epsilon)`

    Args:
        name: Name of the metric. Defaults to `"concordance_correlation"`.
        dtype: Type of the result. Defaults to `floatx()`.
        axis: The axis along which targets and predictions are compared. Defaults to -1.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]])), 4)
    0.5714

    Source: L. I.-K. Lin, A concordance correlation coefficient to evaluate reproducibility, 1989.
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
        self.axis = axis
