"""Metrics from counts of true and false positives and negatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.arguments import describe, integer
from oxhorn.losses.loss import apply_mask
from oxhorn.losses.values import convert, convert_float, mask_of, op, squeeze_or_expand_to_same_rank
from oxhorn.metrics.metric import Metric, as_result
from oxhorn.metrics.reduction import TOTAL

# Below every prediction: with top_k and no thresholds, whatever is among the k largest is a yes.
LOWEST = -1e10

# The order of the core's counts.
TRUE_POSITIVES, FALSE_POSITIVES, TRUE_NEGATIVES, FALSE_NEGATIVES = range(4)


def parse_thresholds(who: str, thresholds: Any, default: float) -> list[float]:
    """Thresholds as a list; each must lie in [0, 1]."""
    if thresholds is None:
        return [default]
    if hasattr(thresholds, "tolist"):
        thresholds = thresholds.tolist()
    given = list(thresholds) if isinstance(thresholds, Sequence) else [thresholds]
    if not given:
        raise ValueError(
            f"{who}: expected a threshold, or a list with at least one; got {describe(thresholds)}."
        )
    wrong = [t for t in given if isinstance(t, bool) or not isinstance(t, (int, float)) or not 0 <= t <= 1]
    if wrong:
        raise ValueError(
            f"{who}: Threshold values must be in [0, 1]. Received: {wrong} in thresholds={given}."
        )
    return [float(threshold) for threshold in given]


def confusion_counts(
    who: str, y_true: Any, y_pred: Any, sample_weight: Any, thresholds: list[float], **attrs: Any
) -> _core.Tensor:
    """True positives, false positives, true negatives, false negatives at each threshold.

    Args:
        who: Who asks, for messages.
        y_true: Targets; not 0 is a yes.
        y_pred: Predictions of the same shape; above the threshold is a yes. A mask that travels with them leaves
            values out.
        sample_weight: None, or weights of a shape with which that of the predictions begins.
        thresholds: Thresholds.
        **attrs: `top_k`, `class_id`, `multi_label`, `label_weights`, `clip`, as the core has them.

    Returns:
        Shape `(4, thresholds)`; with `multi_label`, `(4, thresholds, labels)`. The type is float64.
    """
    weights = apply_mask(sample_weight, mask_of(y_pred), TOTAL, "sum", who)
    y_pred, y_true = squeeze_or_expand_to_same_rank(convert_float(y_pred), convert(y_true))
    if weights is not None:
        weights = convert(weights, TOTAL)
        if weights.ndim == y_pred.ndim + 1 and weights.shape[-1] == 1:
            weights = op("squeeze", weights, axis=-1)
    class_id = attrs.get("class_id")
    if y_pred.ndim == 1 and class_id is not None:
        raise ValueError(
            f"{who}: When class_id is provided, y_pred must be a 2D array with shape (num_samples, num_classes), "
            f"found shape: {tuple(y_pred.shape)}."
        )
    classes = y_pred.shape[-1] if y_pred.ndim else None
    if class_id is not None and classes is not None and class_id >= classes:
        raise ValueError(
            f"{who}: expected class_id to be in [0, {classes}), a class of y_pred {tuple(y_pred.shape)}; got "
            f"class_id={class_id}."
        )
    if y_pred.ndim == 1 and attrs.get("top_k") is not None:
        # One row, of which the largest are chosen.
        y_pred, y_true = op("expand_dims", y_pred, axis=0), op("expand_dims", y_true, axis=0)
        if weights is not None and weights.ndim == 1:
            weights = op("expand_dims", weights, axis=0)
    inputs = [y_true, y_pred] if weights is None else [y_true, y_pred, weights]
    attrs = {key: value for key, value in attrs.items() if value is not None}
    return op("confusion_counts", *inputs, thresholds=thresholds, **attrs)


class _ConfusionCount(Metric):
    """One of the four counts."""

    _kind: int

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = parse_thresholds(type(self).__name__, thresholds, 0.5)
        self.accumulator = self._add_total("accumulator", (len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets; not 0 is a yes.
            y_pred: Predictions of the same shape.
            sample_weight: None, or weights of a shape with which that of the predictions begins.
        """
        counts = confusion_counts(self.name, y_true, y_pred, sample_weight, self.thresholds)
        self.accumulator.assign_add(counts[self._kind])

    def result(self) -> _core.Tensor:
        """The count so far; one for each threshold if several were given."""
        value = self.accumulator.value
        return as_result(self, value[0] if len(self.thresholds) == 1 else value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_ConfusionCount):
    """How many are predicted yes, and are.

    Formula: `sum(w [y_true][y_pred > threshold])`

    Args:
        thresholds: A number in [0, 1] or several. Defaults to 0.5.
        name: Name of the metric. Defaults to `"true_positives"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.TruePositives()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7]))
    2.0

    Source: Keras 3.
    """

    _kind = TRUE_POSITIVES


class FalsePositives(_ConfusionCount):
    """How many are predicted yes, and are not.

    Formula: `sum(w [not y_true][y_pred > threshold])`

    Args:
        thresholds: A number in [0, 1] or several. Defaults to 0.5.
        name: Name of the metric. Defaults to `"false_positives"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.FalsePositives()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7]))
    1.0

    Source: Keras 3.
    """

    _kind = FALSE_POSITIVES


class TrueNegatives(_ConfusionCount):
    """How many are predicted no, and are not.

    Formula: `sum(w [not y_true][y_pred <= threshold])`

    Args:
        thresholds: A number in [0, 1] or several. Defaults to 0.5.
        name: Name of the metric. Defaults to `"true_negatives"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.TrueNegatives()([0, 0, 1, 1], [0.9, 0.1, 0.8, 0.7]))
    1.0

    Source: Keras 3.
    """

    _kind = TRUE_NEGATIVES


class FalseNegatives(_ConfusionCount):
    """How many are predicted no, and are.

    Formula: `sum(w [y_true][y_pred <= threshold])`

    Args:
        thresholds: A number in [0, 1] or several. Defaults to 0.5.
        name: Name of the metric. Defaults to `"false_negatives"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.FalseNegatives()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7]))
    1.0

    Source: Keras 3.
    """

    _kind = FALSE_NEGATIVES


class _Ratio(Metric):
    """True positives over true positives and one kind of errors."""

    _direction = "up"
    _errors: tuple[int, str]

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        who = type(self).__name__
        self.init_thresholds = thresholds
        self.top_k = None if top_k is None else integer(top_k, "top_k", who, low=1)
        self.class_id = None if class_id is None else integer(class_id, "class_id", who, low=0)
        self.thresholds = parse_thresholds(who, thresholds, 0.5 if top_k is None else LOWEST)
        shape = (len(self.thresholds),)
        self.true_positives = self._add_total("true_positives", shape)
        self._wrong = self._add_total(self._errors[1], shape)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets; not 0 is a yes.
            y_pred: Predictions of the same shape.
            sample_weight: None, or weights of a shape with which that of the predictions begins.
        """
        counts = confusion_counts(
            self.name,
            y_true,
            y_pred,
            sample_weight,
            self.thresholds,
            top_k=self.top_k,
            class_id=self.class_id,
        )
        self.true_positives.assign_add(counts[TRUE_POSITIVES])
        self._wrong.assign_add(counts[self._errors[0]])

    def result(self) -> _core.Tensor:
        """The ratio so far; one for each threshold if several were given. 0 where nothing was counted."""
        right = self.true_positives.value
        value = op("divide_no_nan", right, right + self._wrong.value)
        return as_result(self, value[0] if len(self.thresholds) == 1 else value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_Ratio):
    """How many of those predicted yes are.

    Formula: `true positives / (true positives + false positives)`

    Args:
        thresholds: A number in [0, 1] or several: above is a yes. Defaults to 0.5.
        top_k: Only the k largest predictions of a row can be a yes. Defaults to None.
        class_id: Only this column counts. Defaults to None.
        name: Name of the metric. Defaults to `"precision"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.Precision()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7]))  # doctest: +ELLIPSIS
    0.66666...

    Source: Keras 3.
    """

    _errors = (FALSE_POSITIVES, "false_positives")

    @property
    def false_positives(self) -> Any:
        """The variable that counts false positives."""
        return self._wrong


class Recall(_Ratio):
    """How many of those that are were predicted yes.

    Formula: `true positives / (true positives + false negatives)`

    Args:
        thresholds: A number in [0, 1] or several: above is a yes. Defaults to 0.5.
        top_k: Only the k largest predictions of a row can be a yes. Defaults to None.
        class_id: Only this column counts. Defaults to None.
        name: Name of the metric. Defaults to `"recall"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.Recall()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7]))  # doctest: +ELLIPSIS
    0.66666...

    Source: Keras 3.
    """

    _errors = (FALSE_NEGATIVES, "false_negatives")

    @property
    def false_negatives(self) -> Any:
        """The variable that counts false negatives."""
        return self._wrong
