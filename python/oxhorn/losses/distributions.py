"""Losses of predictions that say how sure they are: a mean and a variance, or a quantile."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, number
from oxhorn.losses.values import cast, convert, convert_float, op, same_shape, show
from oxhorn.losses.wrapper import BuiltinLoss


def gaussian_nll(
    y_true: Any, y_pred: Any, full: bool = False, log_variance: bool = False, epsilon: float = 1e-6
) -> _core.Tensor:
    """The negative log-likelihood of targets under normal distributions with predicted means and variances.

    Formula: `mean((log v + (y_true - m)^2 / v) / 2, axis=-1)`, `v = max(variance, epsilon)`. An addition to Keras's
    list.

    Args:
        y_true: Targets, shape `(N, ..., d)`; `(N, ...)` for d = 1.
        y_pred: Means, then variances, along the last axis: shape `(N, ..., 2 d)`.
        full: Add the constant `log(2 pi) / 2`. Defaults to False.
        log_variance: Whether logarithms of variances are predicted, which may be any numbers. Defaults to False.
        epsilon: The smallest variance; above 0. Defaults to 1e-6.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes do not fit, or an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.gaussian_nll([[1.0]], [[3.0, 1.0]]).numpy().tolist()
    [2.0]

    Source: D. Nix, A. Weigend, Estimating the mean and variance of the target probability distribution, 1994;
    PyTorch's `GaussianNLLLoss`.
    """
    who = "gaussian_nll"
    full, log_variance = boolean(full, "full", who), boolean(log_variance, "log_variance", who)
    epsilon = number(epsilon, "epsilon", who, above=0.0)
    y_pred = convert_float(y_pred)
    y_true = cast(convert(y_true), y_pred.dtype)
    if y_true.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 2:
        y_true = op("expand_dims", y_true, axis=-1)
    size = y_true.shape[-1] if y_true.ndim else None
    fits = y_true.ndim == y_pred.ndim and size is not None and y_pred.shape[-1] == 2 * size
    fits = fits and all(
        a is None or b is None or a == b for a, b in zip(y_true.shape[:-1], y_pred.shape[:-1], strict=True)
    )
    if not fits:
        raise ValueError(
            f"{who}: expected y_pred with a mean and a variance for each target, shape (N, 2 d) for y_true (N, d); got "
            f"y_true {show(y_true.shape)} and y_pred {show(y_pred.shape)}."
        )
    mean, variance = y_pred[..., :size], y_pred[..., size:]
    error = op("square", y_true - mean)
    if log_variance:
        logarithm = op("maximum", variance, math.log(epsilon))
        values = logarithm + error * op("exp", -logarithm)
    else:
        variance = op("maximum", variance, epsilon)
        values = op("log", variance) + error / variance
    result = 0.5 * op("mean", values, axis=-1)
    return result + 0.5 * math.log(2.0 * math.pi) if full else result


class GaussianNLL(BuiltinLoss):
    """The negative log-likelihood of targets under normal distributions with predicted means and variances.

    Formula: `mean((log v + (y_true - m)^2 / v) / 2)`, `v = max(variance, epsilon)`. An addition to Keras's list.

    Args:
        full: Add the constant `log(2 pi) / 2`. Defaults to False.
        log_variance: Whether logarithms of variances are predicted. Defaults to False.
        epsilon: The smallest variance; above 0. Defaults to 1e-6.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"gaussian_nll"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.GaussianNLL()([[1.0]], [[3.0, 1.0]]))
    2.0

    Source: D. Nix, A. Weigend, 1994; PyTorch's `GaussianNLLLoss`.
    """

    def __init__(
        self,
        full: bool = False,
        log_variance: bool = False,
        epsilon: float = 1e-6,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "gaussian_nll",
        dtype: Any = None,
    ) -> None:
        who = "GaussianNLL"
        super().__init__(
            gaussian_nll,
            reduction,
            name,
            dtype,
            full=boolean(full, "full", who),
            log_variance=boolean(log_variance, "log_variance", who),
            epsilon=number(epsilon, "epsilon", who, above=0.0),
        )
        self.full = full
        self.log_variance = log_variance
        self.epsilon = epsilon


def quantile(y_true: Any, y_pred: Any, quantile: float = 0.5) -> _core.Tensor:
    """The loss whose best prediction is a quantile of the targets (the pinball loss).

    Formula: `mean(max(q e, (q - 1) e), axis=-1)`, `e = y_true - y_pred`. An addition to Keras's list.

    Args:
        y_true: Targets, shape `(N, ..., d)`.
        y_pred: Predictions of the same shape.
        quantile: q, between 0 and 1: 0.5 is the median. Defaults to 0.5.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ, or q is not between 0 and 1.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.quantile([[1.0], [1.0]], [[0.0], [2.0]], 0.75).numpy().tolist()
    [0.75, 0.25]

    Source: R. Koenker, G. Bassett, Regression quantiles, 1978.
    """
    q = number(quantile, "quantile", "quantile", above=0.0, below=1.0)
    y_true, y_pred = same_shape("quantile", y_true, y_pred)
    error = y_true - y_pred
    return op("mean", op("maximum", q * error, (q - 1.0) * error), axis=-1)


class Quantile(BuiltinLoss):
    """The loss whose best prediction is a quantile of the targets (the pinball loss).

    Formula: `mean(max(q e, (q - 1) e))` over the last axis, `e = y_true - y_pred`. An addition to Keras's list.

    Args:
        quantile: q, between 0 and 1: 0.5 is the median. Defaults to 0.5.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"quantile"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.Quantile(0.75)([[1.0], [1.0]], [[0.0], [2.0]]))
    0.5

    Source: R. Koenker, G. Bassett, Regression quantiles, 1978.
    """

    def __init__(
        self,
        quantile: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "quantile",
        dtype: Any = None,
    ) -> None:
        q = number(quantile, "quantile", "Quantile", above=0.0, below=1.0)
        super().__init__(_QUANTILE, reduction, name, dtype, quantile=q)
        self.quantile = q


# The argument of the class hides the function's name.
_QUANTILE = quantile
