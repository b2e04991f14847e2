"""The area under a curve of rates over thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core, config
from oxhorn.activations import sigmoid
from oxhorn.arguments import boolean, describe, integer, number
from oxhorn.losses.values import convert_float, op
from oxhorn.metrics.confusion import (
    FALSE_NEGATIVES,
    FALSE_POSITIVES,
    TRUE_NEGATIVES,
    TRUE_POSITIVES,
    confusion_counts,
)
from oxhorn.metrics.metric import Metric, as_result

_CURVES = {"roc": "ROC", "pr": "PR", "prgain": "PRGAIN"}


def _word(value: Any, allowed: tuple[str, ...], what: str) -> str:
    word = value.lower() if isinstance(value, str) else value
    if word not in allowed:
        raise ValueError(f'Invalid {what} value: "{value}". Expected one of {list(allowed)}.')
    return str(word)


class AUC(Metric):
    """The area under the curve of rates that thresholds trace.

    Formula: the sum over neighbouring thresholds of `(x_i - x_(i+1)) height_i`, with

    - ROC: `x = fp / (fp + tn)` and `y = tp / (tp + fn)`
    - PR: `x = tp / (tp + fn)` and `y = tp / (tp + fp)`
    - PRGAIN: `x = max(1 - r fn / tp, 0)` and `y = 1 - r fp / tp`, `r` the ratio of targets yes to no
    - height: the mean of `y_i` and `y_(i+1)` (`"interpolation"`), the smaller (`"minoring"`) or the larger
      (`"majoring"`); for PR with interpolation, precision is interpolated along the true positives

    Args:
        num_thresholds: Number of thresholds, evenly over [0, 1]; at least 2. Defaults to 200.
        curve: `"ROC"`, `"PR"` or `"PRGAIN"`. Defaults to `"ROC"`.
        summation_method: `"interpolation"`, `"minoring"` or `"majoring"`. Defaults to `"interpolation"`.
        name: Name of the metric. Defaults to `"auc"`.
        dtype: Type of the result. Defaults to `floatx()`.
        thresholds: Thresholds of your own in [0, 1]; then `num_thresholds` does not count. Defaults to None.
        multi_label: Whether each column is a problem of its own; the result is the mean of their areas. Defaults to
            False.
        num_labels: Number of columns, only with `multi_label`. Defaults to None: from the first batch.
        label_weights: Weights of the columns. Defaults to None.
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.AUC(num_thresholds=3)
    >>> float(metric([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.75

    Source: T. Fawcett, An introduction to ROC analysis, 2006; J. Davis, M. Goadrich, The relationship between
        precision-recall and ROC curves, 2006; P. Flach, M. Kull, Precision-recall-gain curves, 2015.
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _CURVES[_word(curve, tuple(_CURVES), "AUC curve")]
        self.summation_method = _word(
            summation_method, ("interpolation", "majoring", "minoring"), "AUC summation method"
        )
        self._init_from_thresholds = thresholds is not None
        if thresholds is None:
            if isinstance(num_thresholds, bool) or not isinstance(num_thresholds, int) or num_thresholds <= 1:
                raise ValueError(
                    "AUC: Argument `num_thresholds` must be an integer > 1. "
                    f"Received: num_thresholds={describe(num_thresholds)}"
                )
            count = num_thresholds
            inner = [(i + 1) / (count - 1) for i in range(count - 2)]
        else:
            inner = sorted(number(t, "thresholds", "AUC", low=0.0, high=1.0) for t in thresholds)
        self.num_thresholds = len(inner) + 2
        # The outermost thresholds lie beyond [0, 1], so that the curve reaches both its ends.
        epsilon = config.epsilon()
        self._thresholds = [0.0 - epsilon, *inner, 1.0 + epsilon]
        self.multi_label = boolean(multi_label, "multi_label", "AUC")
        self.num_labels = None if num_labels is None else integer(num_labels, "num_labels", "AUC", low=1)
        if num_labels is not None and not self.multi_label:
            raise ValueError(f"AUC: num_labels goes with multi_label=True; got num_labels={num_labels}.")
        self.label_weights = (
            None
            if label_weights is None
            else [number(w, "label_weights", "AUC", low=0.0) for w in label_weights]
        )
        self._from_logits = boolean(from_logits, "from_logits", "AUC")
        self._built = False
        if not self.multi_label:
            self._build((self.num_thresholds,))
        elif self.num_labels is not None:
            self._build((self.num_thresholds, self.num_labels))

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, with the two outermost."""
        return list(self._thresholds)

    def _build(self, shape: tuple[int, ...]) -> None:
        self.true_positives = self._add_total("true_positives", shape)
        self.false_positives = self._add_total("false_positives", shape)
        self.true_negatives = self._add_total("true_negatives", shape)
        self.false_negatives = self._add_total("false_negatives", shape)
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets; not 0 is a yes.
            y_pred: Probabilities (or logits) of the same shape.
            sample_weight: None, or weights of a shape with which that of the predictions begins.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        y_pred = convert_float(y_pred)
        if self._from_logits:
            y_pred = sigmoid(y_pred)
            y_pred._keras_mask = mask
        if not self._built:
            shape = tuple(y_pred.shape)
            if len(shape) != 2 or shape[1] is None:
                raise ValueError(
                    f"AUC: with multi_label, expected y_pred of shape (N, labels) with a known number of labels; got"
                    f" {shape}."
                )
            self._build((self.num_thresholds, shape[1]))
        counts = confusion_counts(
            self.name,
            y_true,
            y_pred,
            sample_weight,
            self._thresholds,
            multi_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
            clip=True,
        )
        self.true_positives.assign_add(counts[TRUE_POSITIVES])
        self.false_positives.assign_add(counts[FALSE_POSITIVES])
        self.true_negatives.assign_add(counts[TRUE_NEGATIVES])
        self.false_negatives.assign_add(counts[FALSE_NEGATIVES])

    def result(self) -> _core.Tensor:
        """The area so far."""
        if not self._built:
            return _core.tensor(0.0, self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = self._interpolated_precision_areas()
        else:
            x, y = self._axes()
            low, high = y[:-1], y[1:]
            if self.summation_method == "interpolation":
                height = (low + high) / 2.0
            else:
                height = op("minimum" if self.summation_method == "minoring" else "maximum", low, high)
            areas = (x[:-1] - x[1:]) * height
        if not self.multi_label:
            return as_result(self, op("sum", areas))
        by_label = op("sum", areas, axis=0)
        if self.label_weights is None:
            return as_result(self, op("mean", by_label))
        weights = _core.tensor(self.label_weights, by_label.dtype)
        return as_result(self, op("divide_no_nan", op("sum", by_label * weights), op("sum", weights)))

    def _axes(self) -> tuple[_core.Tensor, _core.Tensor]:
        tp, fp = self.true_positives.value, self.false_positives.value
        tn, fn = self.true_negatives.value, self.false_negatives.value
        recall = op("divide_no_nan", tp, tp + fn)
        if self.curve == "ROC":
            return op("divide_no_nan", fp, fp + tn), recall
        if self.curve == "PR":
            return recall, op("divide_no_nan", tp, tp + fp)
        # Without a true positive, recall gain is 0 and precision gain 1; recall gain is never below 0.
        ratio = op("divide_no_nan", tp + fn, tn + fp)
        zero, one = _core.tensor(0.0, tp.dtype), _core.tensor(1.0, tp.dtype)
        none = op("equal", tp, zero)
        recall_gain = op("where", none, zero, 1.0 - ratio * op("divide_no_nan", fn, tp))
        precision_gain = op("where", none, one, 1.0 - ratio * op("divide_no_nan", fp, tp))
        return op("maximum", recall_gain, zero), precision_gain

    def _interpolated_precision_areas(self) -> _core.Tensor:
        # Between two thresholds, true positives are a line over all positives p: tp = slope p + intercept. The area
        # of tp / p over recall is then slope (dtp + intercept log(p_i / p_(i+1))) / (tp + fn).
        tp, fp, fn = self.true_positives.value, self.false_positives.value, self.false_negatives.value
        zero = _core.tensor(0.0, tp.dtype)
        p = tp + fp
        dtp = tp[:-1] - tp[1:]
        slope = op("divide_no_nan", dtp, op("maximum", p[:-1] - p[1:], zero))
        intercept = tp[1:] - slope * p[1:]
        both = op("logical_and", op("greater", p[:-1], zero), op("greater", p[1:], zero))
        ratio = op("where", both, op("divide_no_nan", p[:-1], p[1:]), op("ones_like", p[1:]))
        return op(
            "divide_no_nan",
            slope * (dtp + intercept * op("log", ratio)),
            op("maximum", tp[1:] + fn[1:], zero),
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self._from_logits,
        }
        if self._init_from_thresholds:
            config["thresholds"] = self._thresholds[1:-1]
        return config
