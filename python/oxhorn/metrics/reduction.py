"""Metrics that are sums and means of values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import _core
from oxhorn.losses.loss import apply_mask, map_tensors
from oxhorn.losses.values import cast, convert, mask_of, op, show, squeeze_or_expand_to_same_rank
from oxhorn.metrics.metric import Metric, as_result

# Totals are kept in float64, whatever the values are.
TOTAL = "float64"


def reduce_to_samplewise_values(
    who: str, values: Any, sample_weight: Any, reduction: str
) -> tuple[_core.Tensor, _core.Tensor | None]:
    """Weighted values and weights, one of each for each sample.

    Args:
        who: Who asks, for messages.
        values: Shape `(N, ...)`.
        sample_weight: None, or weights of a shape with which that of the values begins.
        reduction: `"mean"` or `"sum"`: what becomes of the further axes.
    """
    values = cast(convert(values), TOTAL)
    weights: _core.Tensor | None = None
    if sample_weight is not None:
        weights = convert(sample_weight, TOTAL)
        values, weights = squeeze_or_expand_to_same_rank(values, weights)
        fits = weights.ndim <= values.ndim and all(
            w is None or v is None or w in (v, 1) for w, v in zip(weights.shape, values.shape, strict=False)
        )
        if not fits:
            raise ValueError(
                f"{who}: expected sample weights of a shape with which {show(values.shape)} begins; got"
                f" {show(weights.shape)}."
            )
        if values.ndim > weights.ndim:
            values = op(reduction, values, axis=list(range(weights.ndim, values.ndim)))
        weights = op("ones_like", values) * weights
        values = values * weights
        if weights.ndim > 1:
            weights = op(reduction, weights, axis=list(range(1, weights.ndim)))
    if values.ndim > 1:
        values = op(reduction, values, axis=list(range(1, values.ndim)))
    return values, weights


class Sum(Metric):
    """The (weighted) sum of values.

    Formula: `sum(w v)`

    Args:
        name: Name of the metric. Defaults to `"sum"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> total = keras.metrics.Sum()
    >>> total.update_state([1.0, 3.0, 5.0])
    >>> float(total.result())
    9.0

    Source: Keras 3.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self._add_total("total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values.

        Args:
            values: Values of any shape; a mask that travels with them leaves some out.
            sample_weight: None, or weights of a shape with which that of the values begins.
        """
        sample_weight = apply_mask(sample_weight, mask_of(values), TOTAL, "sum", self.name)
        values, _ = reduce_to_samplewise_values(self.name, values, sample_weight, "sum")
        self.total.assign_add(op("sum", values))

    def result(self) -> _core.Tensor:
        """The sum so far."""
        return as_result(self, self.total.value)


class Mean(Metric):
    """The (weighted) mean of values.

    Formula: `sum(w v) / sum(w)`; of values with further axes, their mean over those counts as one value

    Args:
        name: Name of the metric. Defaults to `"mean"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> mean = keras.metrics.Mean()
    >>> mean.update_state([1.0, 3.0], sample_weight=[3.0, 1.0])
    >>> float(mean.result())
    1.5

    Source: Keras 3.
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self._add_total("total")
        self.count = self._add_total("count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values.

        Args:
            values: Values of shape `(N, ...)`, or one value; a mask that travels with them leaves some out.
            sample_weight: None, or weights of a shape with which that of the values begins.
        """
        self._add(values, apply_mask(sample_weight, mask_of(values), TOTAL, "sum", self.name))

    def _add(self, values: Any, sample_weight: Any) -> None:
        values, weights = reduce_to_samplewise_values(self.name, values, sample_weight, "mean")
        self.total.assign_add(op("sum", values))
        self.count.assign_add(op("sum", op("ones_like", values) if weights is None else weights))

    def result(self) -> _core.Tensor:
        """The mean so far; 0 before the first value."""
        return as_result(self, op("divide_no_nan", self.total.value, self.count.value))


class MeanMetricWrapper(Mean):
    """The mean of what a function of targets and predictions gives.

    Formula: `sum(w fn(y_true, y_pred)) / sum(w)`

    Args:
        fn: A function `fn(y_true, y_pred, **kwargs)` that gives one value for each sample.
        name: Name of the metric. Defaults to the name of the class in snake case.
        dtype: Type of the result. Defaults to `floatx()`.
        **kwargs: Passed on to `fn`.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.MeanMetricWrapper(keras.losses.mean_absolute_error, name="mae")
    >>> float(metric([[1.0], [2.0]], [[1.5], [2.0]]))
    0.25

    Source: Keras 3.
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        if getattr(fn, "__module__", "").startswith("oxhorn.losses"):
            self._direction = "down"

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions; a mask that travels with them leaves values out.
            sample_weight: None, or weights of a shape with which that of the function's values begins.
        """
        mask = mask_of(y_pred)
        y_true, y_pred = map_tensors(convert, y_true), map_tensors(convert, y_pred)
        values = convert(self._fn(y_true, y_pred, **self._fn_kwargs))
        sample_weight = apply_mask(sample_weight, mask, TOTAL, "sum", self.name)
        if sample_weight is not None:
            # As in Keras, values that the function itself left out (they are 0) count in a mean without weights.
            sample_weight = apply_mask(sample_weight, mask_of(values), TOTAL, "sum", self.name)
        self._add(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        from oxhorn.saving import serialize_keras_object

        return {
            **super().get_config(),
            "fn": serialize_keras_object(self._fn),
            **{key: serialize_keras_object(value) for key, value in self._fn_kwargs.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric from what `get_config` returned."""
        if "fn" in config:
            from oxhorn.saving import deserialize_keras_object

            config = {
                key: value if callable(value) else deserialize_keras_object(value)
                for key, value in config.items()
            }
        return cls(**config)


class BuiltinMean(MeanMetricWrapper):
    """A mean of this package: its configuration holds its own arguments rather than a function."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"name": self.name, "dtype": self.dtype, **self._fn_kwargs}
