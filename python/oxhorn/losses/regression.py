"""Losses for numbers."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import number
from oxhorn.losses.wrapper import BuiltinLoss, run_loss


def mean_squared_error(y_true: Any, y_pred: Any) -> _core.Tensor:
    """Mean of the squared errors over the last axis.

    Formula: `mean((y_true - y_pred)^2, axis=-1)`

    Args:
        y_true: Targets, shape `(N, ..., d)`.
        y_pred: Predictions of the same shape; `(N,)` and `(N, 1)` match each other.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.mean_squared_error([[0.0, 2.0]], [[1.0, 4.0]]).numpy().tolist()
    [2.5]

    Source: C. F. Gauss, Theoria motus, 1809.
    """
    return run_loss("mean_squared_error", y_true, y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> _core.Tensor:
    """Mean of the absolute errors over the last axis.

    Formula: `mean(|y_true - y_pred|, axis=-1)`

    Args:
        y_true: Targets, shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.mean_absolute_error([[0.0, 2.0]], [[1.0, 4.0]]).numpy().tolist()
    [1.5]

    Source: R. J. Boscovich, 1757.
    """
    return run_loss("mean_absolute_error", y_true, y_pred)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> _core.Tensor:
    """Mean of the absolute errors in percent of the targets, over the last axis.

    Formula: `100 mean(|y_true - y_pred| / max(|y_true|, epsilon), axis=-1)`, with `epsilon` from `config.epsilon()`

    Args:
        y_true: Targets, shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).numpy().tolist()
    [25.0]

    Source: Keras 3.
    """
    return run_loss("mean_absolute_percentage_error", y_true, y_pred)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> _core.Tensor:
    """Mean of the squared differences of logarithms, over the last axis: it judges ratios.

    Formula: `mean((log(1 + max(y_true, epsilon)) - log(1 + max(y_pred, epsilon)))^2, axis=-1)`

    Args:
        y_true: Targets, shape `(N, ..., d)`, not negative.
        y_pred: Predictions of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.mean_squared_logarithmic_error([[0.0]], [[1.718281828]])[0]), 5)
    1.0

    Source: Keras 3.
    """
    return run_loss("mean_squared_logarithmic_error", y_true, y_pred)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> _core.Tensor:
    """Squared for small errors, linear for large ones.

    Formula, with `e = y_true - y_pred`: mean over the last axis of `e^2 / 2` where `|e| <= delta`, else
    `delta |e| - delta^2 / 2`

    Args:
        y_true: Targets, shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.
        delta: Where the two pieces meet; positive. Defaults to 1.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ, or `delta` is not a finite number above 0.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.huber([[0.0, 0.0]], [[1.0, 3.0]]).numpy().tolist()
    [1.5]

    Source: P. J. Huber, Robust estimation of a location parameter, 1964.
    """
    return run_loss("huber", y_true, y_pred, delta=number(delta, "delta", "huber", above=0.0))


def log_cosh(y_true: Any, y_pred: Any) -> _core.Tensor:
    """Mean of `log(cosh(error))` over the last axis: smooth, squared near 0, linear far away.

    Formula: `mean(log(cosh(y_pred - y_true)), axis=-1)`, computed as `x + softplus(-2 x) - log 2`

    Args:
        y_true: Targets, shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.log_cosh([[0.0]], [[1.0]])[0]), 5)
    0.43378

    Source: Keras 3.
    """
    return run_loss("log_cosh", y_true, y_pred)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> _core.Tensor:
    """Minus the cosine of the angle between targets and predictions: -1 is agreement.

    Formula: `-sum(y_true y_pred, axis) / (||y_true|| ||y_pred||)`

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
    >>> keras.losses.cosine_similarity([[1.0, 0.0]], [[2.0, 0.0]]).numpy().tolist()
    [-1.0]

    Source: Keras 3.
    """
    return run_loss("cosine_similarity", y_true, y_pred, axis=axis)


class MeanSquaredError(BuiltinLoss):
    """Mean of the squared errors.

    Formula: `mean((y_true - y_pred)^2)` over the last axis

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"mean_squared_error"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.MeanSquaredError()([[0.0, 2.0]], [[1.0, 4.0]]))
    2.5

    Source: C. F. Gauss, Theoria motus, 1809.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(BuiltinLoss):
    """Mean of the absolute errors.

    Formula: `mean(|y_true - y_pred|)` over the last axis

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"mean_absolute_error"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.MeanAbsoluteError()([[0.0, 2.0]], [[1.0, 4.0]]))
    1.5

    Source: R. J. Boscovich, 1757.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(BuiltinLoss):
    """Mean of the absolute errors in percent of the targets.

    Formula: `100 mean(|y_true - y_pred| / max(|y_true|, epsilon))` over the last axis

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"mean_absolute_percentage_error"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]]))
    25.0

    Source: Keras 3.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(BuiltinLoss):
    """Mean of the squared differences of logarithms.

    Formula: `mean((log(1 + y_true) - log(1 + y_pred))^2)` over the last axis, both at least `epsilon`

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"mean_squared_logarithmic_error"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.MeanSquaredLogarithmicError()([[0.0]], [[1.718281828]])), 5)
    1.0

    Source: Keras 3.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(BuiltinLoss):
    """Squared for small errors, linear for large ones.

    Formula: `e^2 / 2` where `|e| <= delta`, else `delta |e| - delta^2 / 2`; mean over the last axis

    Args:
        delta: Where the two pieces meet; positive. Defaults to 1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"huber_loss"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5

    Source: P. J. Huber, Robust estimation of a location parameter, 1964.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        delta = number(delta, "delta", "Huber", above=0.0)
        super().__init__(huber, reduction, name, dtype, delta=delta)
        self.delta = delta

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again; delta only if it is not 1."""
        config = super().get_config()
        if self.delta == 1.0:
            del config["delta"]
        return config


class LogCosh(BuiltinLoss):
    """Smooth: squared near 0, linear far away.

    Formula: `mean(log(cosh(y_pred - y_true)))` over the last axis

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"log_cosh"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.LogCosh()([[0.0]], [[1.0]])), 5)
    0.43378

    Source: Keras 3.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(BuiltinLoss):
    """Minus the cosine of the angle between targets and predictions.

    Formula: `-sum(y_true y_pred) / (||y_true|| ||y_pred||)` along `axis`

    Args:
        axis: The axis along which the vectors lie. Defaults to -1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"cosine_similarity"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.CosineSimilarity()([[1.0, 0.0]], [[2.0, 0.0]]))
    -1.0

    Source: Keras 3.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again; the axis only if it is not the last one."""
        config = super().get_config()
        if self.axis == -1:
            del config["axis"]
        return config
