"""The best of one rate where another is good enough."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import describe, integer
from oxhorn.losses.values import op
from oxhorn.metrics.confusion import (
    FALSE_NEGATIVES,
    FALSE_POSITIVES,
    TRUE_NEGATIVES,
    TRUE_POSITIVES,
    confusion_counts,
)
from oxhorn.metrics.metric import Metric, as_result


class _AtConstraint(Metric):
    """The largest value of one rate over the thresholds at which another rate is at least `value`."""

    _direction = "up"
    _constraint: str

    def __init__(
        self, value: Any, num_thresholds: Any, class_id: int | None, name: str | None, dtype: Any
    ) -> None:
        who, constraint = type(self).__name__, self._constraint
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ValueError(
                f"{who}: Argument `{constraint}` must be in the range [0, 1]. "
                f"Received: {constraint}={value} (of type {type(value).__name__})."
            )
        if isinstance(num_thresholds, bool) or not isinstance(num_thresholds, int) or num_thresholds <= 0:
            raise ValueError(
                f"{who}: Argument `num_thresholds` must be an integer > 0. "
                f"Received: num_thresholds={describe(num_thresholds)}"
            )
        super().__init__(name=name, dtype=dtype)
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = None if class_id is None else integer(class_id, "class_id", who, low=0)
        last = num_thresholds - 1
        self.thresholds = [i / last for i in range(num_thresholds)] if last else [0.5]
        shape = (num_thresholds,)
        self.true_positives = self._add_total("true_positives", shape)
        self.false_positives = self._add_total("false_positives", shape)
        self.true_negatives = self._add_total("true_negatives", shape)
        self.false_negatives = self._add_total("false_negatives", shape)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets; not 0 is a yes.
            y_pred: Predictions in [0, 1], of the same shape.
            sample_weight: None, or weights of a shape with which that of the predictions begins.
        """
        counts = confusion_counts(
            self.name, y_true, y_pred, sample_weight, self.thresholds, class_id=self.class_id, clip=True
        )
        self.true_positives.assign_add(counts[TRUE_POSITIVES])
        self.false_positives.assign_add(counts[FALSE_POSITIVES])
        self.true_negatives.assign_add(counts[TRUE_NEGATIVES])
        self.false_negatives.assign_add(counts[FALSE_NEGATIVES])

    def _rate(self, part: Any, rest: Any) -> _core.Tensor:
        return op("divide_no_nan", part.value, part.value + rest.value)

    def _rates(self) -> tuple[_core.Tensor, _core.Tensor]:
        """The rate that is bound, and the one that is sought."""
        raise NotImplementedError

    def result(self) -> _core.Tensor:
        """The best value so far; 0 where no threshold is good enough."""
        bound, sought = self._rates()
        enough = op("greater_equal", bound, float(self.value))
        return as_result(self, op("max", op("where", enough, sought, op("zeros_like", sought))))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "class_id": self.class_id,
            self._constraint: self.value,
        }


class SensitivityAtSpecificity(_AtConstraint):
    """The largest sensitivity at which the specificity is at least a given one.

    Formula: the largest `tp / (tp + fn)` over thresholds with `tn / (tn + fp) >= specificity`

    Args:
        specificity: The specificity that is asked for, in [0, 1].
        num_thresholds: Number of thresholds, evenly over [0, 1]. Defaults to 200.
        class_id: Only this column counts. Defaults to None.
        name: Name of the metric. Defaults to `"sensitivity_at_specificity"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.SensitivityAtSpecificity(0.5)
    >>> float(metric([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5

    Source: J. Yerushalmy, Statistical problems in assessing methods of medical diagnosis, 1947.
    """

    _constraint = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def _rates(self) -> tuple[_core.Tensor, _core.Tensor]:
        specificity = self._rate(self.true_negatives, self.false_positives)
        return specificity, self._rate(self.true_positives, self.false_negatives)


class SpecificityAtSensitivity(_AtConstraint):
    """The largest specificity at which the sensitivity is at least a given one.

    Formula: the largest `tn / (tn + fp)` over thresholds with `tp / (tp + fn) >= sensitivity`

    Args:
        sensitivity: The sensitivity that is asked for, in [0, 1].
        num_thresholds: Number of thresholds, evenly over [0, 1]. Defaults to 200.
        class_id: Only this column counts. Defaults to None.
        name: Name of the metric. Defaults to `"specificity_at_sensitivity"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.SpecificityAtSensitivity(0.5)
    >>> round(float(metric([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])), 4)
    0.6667

    Source: J. Yerushalmy, Statistical problems in assessing methods of medical diagnosis, 1947.
    """

    _constraint = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def _rates(self) -> tuple[_core.Tensor, _core.Tensor]:
        sensitivity = self._rate(self.true_positives, self.false_negatives)
        return sensitivity, self._rate(self.true_negatives, self.false_positives)


class PrecisionAtRecall(_AtConstraint):
    """The largest precision at which the recall is at least a given one.

    Formula: the largest `tp / (tp + fp)` over thresholds with `tp / (tp + fn) >= recall`

    Args:
        recall: The recall that is asked for, in [0, 1].
        num_thresholds: Number of thresholds, evenly over [0, 1]. Defaults to 200.
        class_id: Only this column counts. Defaults to None.
        name: Name of the metric. Defaults to `"precision_at_recall"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.PrecisionAtRecall(0.5)
    >>> float(metric([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5

    Source: Keras 3.
    """

    _constraint = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall

    def _rates(self) -> tuple[_core.Tensor, _core.Tensor]:
        recall = self._rate(self.true_positives, self.false_negatives)
        return recall, self._rate(self.true_positives, self.false_positives)


class RecallAtPrecision(_AtConstraint):
    """The largest recall at which the precision is at least a given one.

    Formula: the largest `tp / (tp + fn)` over thresholds with `tp / (tp + fp) >= precision`

    Args:
        precision: The precision that is asked for, in [0, 1].
        num_thresholds: Number of thresholds, evenly over [0, 1]. Defaults to 200.
        class_id: Only this column counts. Defaults to None.
        name: Name of the metric. Defaults to `"recall_at_precision"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.RecallAtPrecision(0.8)
    >>> float(metric([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.5

    Source: Keras 3.
    """

    _constraint = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision

    def _rates(self) -> tuple[_core.Tensor, _core.Tensor]:
        precision = self._rate(self.true_positives, self.false_positives)
        return precision, self._rate(self.true_positives, self.false_negatives)
