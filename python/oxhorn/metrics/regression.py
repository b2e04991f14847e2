"""Metrics for numbers."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.losses import regression
from oxhorn.losses.loss import apply_mask
from oxhorn.losses.regression import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from oxhorn.losses.values import cast, convert, mask_of, op
from oxhorn.metrics.accuracy_functions import same_shape
from oxhorn.metrics.reduction import TOTAL, BuiltinMean, Mean


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> _core.Tensor:
    """The cosine of the angle between targets and predictions; the loss of this name is minus it.

    Formula: `sum(y_true y_pred, axis) / (||y_true|| ||y_pred||)`

    Args:
        y_true: Targets, shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.
        axis: The axis along which the vectors lie. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes differ, or there is no such axis.

    Example:
    >>> import oxhorn as keras
    >>> keras.metrics.cosine_similarity([[1.0, 0.0]], [[2.0, 0.0]]).numpy().tolist()
    [1.0]

    Source: Keras 3.
    """
    return -regression.cosine_similarity(y_true, y_pred, axis=axis)


class MeanSquaredError(BuiltinMean):
    """Mean of the squared errors.

    Formula: mean of `(y_true - y_pred)^2`

    Args:
        name: Name of the metric. Defaults to `"mean_squared_error"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.MeanSquaredError()([[0.0, 2.0]], [[1.0, 4.0]]))
    2.5

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, name, dtype)


class MeanAbsoluteError(BuiltinMean):
    """Mean of the absolute errors.

    Formula: mean of `|y_true - y_pred|`

    Args:
        name: Name of the metric. Defaults to `"mean_absolute_error"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.MeanAbsoluteError()([[0.0, 2.0]], [[1.0, 4.0]]))
    1.5

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(BuiltinMean):
    """Mean of the absolute errors in percent of the targets.

    Formula: mean of `100 |y_true - y_pred| / max(|y_true|, epsilon)`

    Args:
        name: Name of the metric. Defaults to `"mean_absolute_percentage_error"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]]))
    25.0

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(BuiltinMean):
    """Mean of the squared differences of logarithms.

    Formula: mean of `(log(1 + y_true) - log(1 + y_pred))^2`

    Args:
        name: Name of the metric. Defaults to `"mean_squared_logarithmic_error"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.MeanSquaredLogarithmicError()([[0.0]], [[1.718281828]])), 5)
    1.0

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, name, dtype)


class LogCoshError(BuiltinMean):
    """Mean of the logarithms of the errors' hyperbolic cosines.

    Formula: mean of `log(cosh(y_pred - y_true))`

    Args:
        name: Name of the metric. Defaults to `"logcosh"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.LogCoshError()([[0.0]], [[1.0]])), 5)
    0.43378

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "logcosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, name, dtype)


class CosineSimilarity(BuiltinMean):
    """Mean cosine of the angles between targets and predictions.

    Formula: mean of `sum(y_true y_pred) / (||y_true|| ||y_pred||)` along `axis`

    Args:
        name: Name of the metric. Defaults to `"cosine_similarity"`.
        dtype: Type of the result. Defaults to `floatx()`.
        axis: The axis along which the vectors lie. Defaults to -1.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.CosineSimilarity()([[1.0, 0.0]], [[2.0, 0.0]]))
    1.0

    Source: Keras 3.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "cosine_similarity",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again; the axis only if it is not the last one."""
        config = super().get_config()
        if self.axis == -1:
            del config["axis"]
        return config


class RootMeanSquaredError(Mean):
    """The root of the mean of the squared errors.

    Formula: `sqrt(mean((y_true - y_pred)^2))`

    Args:
        name: Name of the metric. Defaults to `"root_mean_squared_error"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.RootMeanSquaredError()([0.0, 0.0], [3.0, 3.0]))
    3.0

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype=dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions of the same shape; `(N,)` and `(N, 1)` match each other.
            sample_weight: None, or weights of a shape with which that of the predictions begins.
        """
        mask = mask_of(y_pred)
        y_pred = cast(convert(y_pred), self.dtype)
        y_true, y_pred = same_shape(self.name, cast(convert(y_true), self.dtype), y_pred)
        sample_weight = apply_mask(sample_weight, mask, TOTAL, "sum", self.name)
        super().update_state(op("square", y_pred - y_true), sample_weight=sample_weight)

    def result(self) -> _core.Tensor:
        """The root so far."""
        return op("sqrt", super().result())
