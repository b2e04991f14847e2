"""F-scores: precision and recall in one number."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core, config
from oxhorn.losses.loss import apply_mask
from oxhorn.losses.values import align_weights, cast, convert, mask_of, op
from oxhorn.metrics.metric import Metric, as_result
from oxhorn.metrics.reduction import TOTAL


def _check_float(who: str, name: str, value: Any) -> None:
    if not isinstance(value, float):
        raise ValueError(
            f"{who}: Invalid `{name}` argument value. It should be a Python float. "
            f"Received: {name}={value} of type '{type(value)}'"
        )


class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall.

    Formula: `(1 + beta^2) precision recall / (beta^2 precision + recall)` for each class

    Args:
        average: None gives a score for each class; `"micro"` counts all classes together, `"macro"` takes the mean of
            the classes' scores, `"weighted"` their mean by the number of targets. Defaults to None.
        beta: How much more recall counts than precision; above 0. Defaults to 1.
        threshold: Above it a prediction is a yes, in (0, 1]; None makes the largest of a row the yes. Defaults to
            None.
        name: Name of the metric. Defaults to `"fbeta_score"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> metric.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
    >>> [round(float(score), 4) for score in metric.result().numpy()]
    [0.3846, 0.9091, 0.8333]

    Source: C. J. van Rijsbergen, Information retrieval, 1979.
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        who = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                f"{who}: Invalid `average` argument value. Expected one of: {{None, 'micro', 'macro', 'weighted'}}. "
                f"Received: average={average}"
            )
        _check_float(who, "beta", beta)
        if not 0 < beta < math.inf:
            raise ValueError(f"{who}: Invalid `beta` argument value. It should be > 0. Received: beta={beta}")
        if threshold is not None:
            _check_float(who, "threshold", threshold)
            if not 0 < threshold <= 1:
                raise ValueError(
                    f"{who}: Invalid `threshold` argument value. It should verify 0 < threshold <= 1. "
                    f"Received: threshold={threshold}"
                )
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def _build(self, y_true_shape: tuple[int | None, ...], y_pred_shape: tuple[int | None, ...]) -> None:
        shapes = f"y_pred.shape={tuple(y_pred_shape)} and y_true.shape={tuple(y_true_shape)}."
        if len(y_pred_shape) != 2 or len(y_true_shape) != 2:
            raise ValueError(
                f"FBetaScore expects 2D inputs with shape (batch_size, output_dim). Received input shapes: {shapes} "
                "Make class numbers one-hot with keras.utils.to_categorical."
            )
        classes = y_pred_shape[-1]
        if classes is None or y_true_shape[-1] is None:
            raise ValueError(
                "FBetaScore expects 2D inputs with shape (batch_size, output_dim), with output_dim fully defined "
                f"(not None). Received input shapes: {shapes}"
            )
        if y_true_shape[-1] != classes:
            raise ValueError(f"FBetaScore expects as many targets as predictions in each row; got {shapes}")
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self._add_total("true_positives", shape)
        self.false_positives = self._add_total("false_positives", shape)
        self.false_negatives = self._add_total("false_negatives", shape)
        self.intermediate_weights = self._add_total("intermediate_weights", shape)
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: One-hot (or yes-or-no) targets, shape `(N, classes)`.
            y_pred: Predictions of the same shape.
            sample_weight: None, or one weight for each sample.
        """
        weights = apply_mask(sample_weight, mask_of(y_pred), TOTAL, "sum", self.name)
        y_true, y_pred = convert(y_true, TOTAL), convert(y_pred, self.dtype)
        if not self._built:
            self._build(tuple(y_true.shape), tuple(y_pred.shape))
        if self.threshold is None:
            # A row of zeros has no yes.
            largest = op("greater_equal", y_pred, op("max", y_pred, axis=-1, keepdims=True))
            something = op("greater", op("abs", y_pred), _core.tensor(1e-9, y_pred.dtype))
            said = op("logical_and", largest, something)
        else:
            said = op("greater", y_pred, _core.tensor(self.threshold, y_pred.dtype))
        yes = cast(said, TOTAL)
        if weights is not None:
            weights = align_weights(self.name, convert(weights, TOTAL), yes)

        def total(x: _core.Tensor) -> _core.Tensor:
            x = x if weights is None else x * weights
            return op("sum", x) if self.average == "micro" else op("sum", x, axis=0)

        self.true_positives.assign_add(total(yes * y_true))
        self.false_positives.assign_add(total(yes * (1.0 - y_true)))
        self.false_negatives.assign_add(total((1.0 - yes) * y_true))
        self.intermediate_weights.assign_add(total(y_true))

    def result(self) -> _core.Tensor:
        """The score so far."""
        if not self._built:
            return _core.tensor(0.0, self.dtype)
        epsilon = config.epsilon()
        right = self.true_positives.value
        precision = right / (right + self.false_positives.value + epsilon)
        recall = right / (right + self.false_negatives.value + epsilon)
        squared = self.beta**2
        score = (1.0 + squared) * (precision * recall / (squared * precision + recall + epsilon))
        if self.average == "weighted":
            weights = self.intermediate_weights.value
            score = op("sum", score * (weights / (op("sum", weights) + epsilon)))
        elif self.average is not None:
            score = op("mean", score)
        return as_result(self, score)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {
            **super().get_config(),
            "average": self.average,
            "beta": self.beta,
            "threshold": self.threshold,
        }


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall.

    Formula: `2 precision recall / (precision + recall)` for each class

    Args:
        average: None gives a score for each class; `"micro"` counts all classes together, `"macro"` takes the mean of
            the classes' scores, `"weighted"` their mean by the number of targets. Defaults to None.
        threshold: Above it a prediction is a yes, in (0, 1]; None makes the largest of a row the yes. Defaults to
            None.
        name: Name of the metric. Defaults to `"f1_score"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.F1Score(threshold=0.5)
    >>> metric.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
    >>> [round(float(score), 4) for score in metric.result().numpy()]
    [0.5, 0.8, 0.6667]

    Source: C. J. van Rijsbergen, Information retrieval, 1979.
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        config = super().get_config()
        del config["beta"]
        return config
