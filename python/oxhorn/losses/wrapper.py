"""Losses made from functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from oxhorn import _core, config
from oxhorn.losses.loss import Loss
from oxhorn.losses.values import convert, convert_float, squeeze_or_expand_to_same_rank


def run_loss(name: str, y_true: Any, y_pred: Any, **attrs: Any) -> _core.Tensor:
    """One of the core's losses, without reduction over the samples."""
    y_pred = convert_float(y_pred)
    attrs["epsilon"] = config.epsilon()
    return _core.loss(name, json.dumps(attrs), convert(y_true), y_pred)


# Functions whose targets are class numbers.
_OF_CLASS_NUMBERS = (
    "categorical_generalized_cross_entropy",
    "circle",
    "ctc",
    "multi_margin",
    "sparse_categorical_crossentropy",
    "triplet_margin",
)


class LossFunctionWrapper(Loss):
    """A loss from a function of targets and predictions.

    Args:
        fn: A function `fn(y_true, y_pred, **kwargs)` that returns one value for each sample.
        reduction: As in `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to the name of the class in snake case.
        dtype: Type or policy of the computation. Defaults to `floatx()`.
        **kwargs: Passed on to `fn`.

    Example:
    >>> import oxhorn as keras
    >>> loss = keras.losses.LossFunctionWrapper(keras.losses.huber, delta=2.0)
    >>> float(loss([[0.0]], [[1.0]]))
    0.5

    Source: Keras 3.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        self._keeps_integer_targets = getattr(fn, "__name__", "") in _OF_CLASS_NUMBERS

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's values, after ranks that differ by an axis of size 1 are made equal."""
        if isinstance(y_true, _core.Tensor) and isinstance(y_pred, _core.Tensor):
            y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        from oxhorn.saving import serialize_keras_object

        return {
            **super().get_config(),
            "fn": serialize_keras_object(self.fn),
            **{key: serialize_keras_object(value) for key, value in self._fn_kwargs.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss from what `get_config` returned."""
        if "fn" in config:
            from oxhorn.saving import deserialize_keras_object

            config = {
                key: value if callable(value) else deserialize_keras_object(value)
                for key, value in config.items()
            }
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class BuiltinLoss(LossFunctionWrapper):
    """A loss of this package: its configuration holds its own arguments rather than a function."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {**Loss.get_config(self), **self._fn_kwargs}
