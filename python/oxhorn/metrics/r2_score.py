"""The share of variance that predictions explain."""

from __future__ import annotations

import warnings
from typing import Any

from oxhorn import _core
from oxhorn.arguments import describe, integer
from oxhorn.losses.loss import apply_mask
from oxhorn.losses.values import align_weights, convert, mask_of, op, squeeze_or_expand_to_same_rank
from oxhorn.metrics.metric import Metric, as_result
from oxhorn.metrics.reduction import TOTAL

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """The share of the variance of the targets that predictions explain: 1 is best, 0 is as good as the mean.

    Formula: `1 - sum(w (y_true - y_pred)^2) / sum(w (y_true - mean(y_true))^2)` for each column; adjusted for `p`
    regressors, `1 - (1 - r2) (n - 1) / (n - p - 1)`

    Args:
        class_aggregation: None gives a score for each column; `"uniform_average"` their mean,
            `"variance_weighted_average"` their mean by variance. Defaults to `"uniform_average"`.
        num_regressors: Number of independent regressors to adjust for; 0 for the plain score. Defaults to 0.
        name: Name of the metric. Defaults to `"r2_score"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range, or data are not of shape `(N, columns)`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
    0.5714

    Source: S. Wright, Correlation and causation, 1921.
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                "R2Score: Invalid value for argument `class_aggregation`. Expected one of "
                f"{_AGGREGATIONS}. Received: class_aggregation={class_aggregation}"
            )
        if isinstance(num_regressors, int) and num_regressors < 0:
            raise ValueError(
                "R2Score: Invalid value for argument `num_regressors`. Expected a value >= 0. "
                f"Received: num_regressors={describe(num_regressors)}"
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = integer(num_regressors, "num_regressors", "R2Score", low=0)
        self.num_samples = self._add_total("num_samples")
        self._built = False

    def _build(self, y_true: _core.Tensor, y_pred: _core.Tensor) -> None:
        columns = y_pred.shape[-1] if y_pred.ndim else None
        if y_pred.ndim != 2 or y_true.ndim != 2 or columns is None or y_true.shape[-1] not in (columns, None):
            raise ValueError(
                "R2Score expects 2D inputs with shape (batch_size, output_dim) and a known output_dim; got "
                f"y_pred.shape={tuple(y_pred.shape)} and y_true.shape={tuple(y_true.shape)}."
            )
        self.squared_sum = self._add_total("squared_sum", (columns,))
        self.sum = self._add_total("sum", (columns,))
        self.total_mse = self._add_total("residual", (columns,))
        self.count = self._add_total("count", (columns,))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets, shape `(N, columns)`.
            y_pred: Predictions of the same shape; `(N,)` and `(N, 1)` match each other.
            sample_weight: None, or weights of a shape with which that of the predictions begins.
        """
        weights = apply_mask(sample_weight, mask_of(y_pred), TOTAL, "sum", self.name)
        y_true, y_pred = squeeze_or_expand_to_same_rank(convert(y_true, TOTAL), convert(y_pred, TOTAL))
        if not self._built:
            self._build(y_true, y_pred)
        ones = op("ones_like", y_true)
        if weights is not None:
            weights = convert(weights, TOTAL)
            ones = ones * (align_weights(self.name, weights, y_true) if weights.ndim else weights)
        self.sum.assign_add(op("sum", y_true * ones, axis=0))
        self.squared_sum.assign_add(op("sum", op("square", y_true) * ones, axis=0))
        self.total_mse.assign_add(op("sum", op("square", y_true - y_pred) * ones, axis=0))
        self.count.assign_add(op("sum", ones, axis=0))
        self.num_samples.assign_add(op("sum", op("ones_like", y_true)))

    def result(self) -> _core.Tensor:
        """The score so far."""
        if not self._built:
            return _core.tensor(0.0, self.dtype)
        total = self.squared_sum.value - op("square", self.sum.value) / self.count.value
        raw = 1.0 - self.total_mse.value / total
        # Targets that are all the same have no variance to explain.
        score = op("where", op("isinf", raw), op("zeros_like", raw), raw)
        if self.class_aggregation == "uniform_average":
            score = op("mean", score)
        elif self.class_aggregation == "variance_weighted_average":
            score = op("sum", total * score) / op("sum", total)
        return as_result(self, score if self.num_regressors == 0 else self._adjusted(score))

    def _adjusted(self, score: _core.Tensor) -> _core.Tensor:
        left = self.num_samples.value - 1.0 - self.num_regressors
        if not left.is_traced and float(left) <= 0.0:
            what = "Division by zero" if float(left) == 0.0 else "More independent predictors than datapoints"
            warnings.warn(f"{what} in adjusted R2 score: the plain R2 score is given.", stacklevel=3)
        adjusted = 1.0 - (1.0 - score) * (self.num_samples.value - 1.0) / left
        return op("where", op("greater", left, 0.0), adjusted, score)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
