"""Metrics for probabilities."""

from __future__ import annotations

from typing import Any

from oxhorn.losses.probabilistic import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from oxhorn.metrics.reduction import BuiltinMean


class KLDivergence(BuiltinMean):
    """The divergence of predicted distributions from the targets.

    Formula: mean of `sum(y_true log(y_true / y_pred))`

    Args:
        name: Name of the metric. Defaults to `"kl_divergence"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.KLDivergence()([[0.0, 1.0]], [[0.5, 0.5]])), 5)
    0.69315

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, name, dtype)


class Poisson(BuiltinMean):
    """The log-likelihood of counts, up to its constant and with the sign of a loss.

    Formula: mean of `y_pred - y_true log(y_pred + epsilon)`

    Args:
        name: Name of the metric. Defaults to `"poisson"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.Poisson()([[2.0]], [[1.0]])), 5)
    1.0

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, name, dtype)


class BinaryCrossentropy(BuiltinMean):
    """The cross-entropy of yes-or-no targets.

    Formula: mean of `-y log(p) - (1 - y) log(1 - p)`

    Args:
        name: Name of the metric. Defaults to `"binary_crossentropy"`.
        dtype: Type of the result. Defaults to `floatx()`.
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        label_smoothing: How far targets move to the uniform distribution, in [0, 1]. Defaults to 0.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.BinaryCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]])), 5)
    0.69315

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(BuiltinMean):
    """The cross-entropy of one-hot targets.

    Formula: mean of `-sum(y_true log(p))`

    Args:
        name: Name of the metric. Defaults to `"categorical_crossentropy"`.
        dtype: Type of the result. Defaults to `floatx()`.
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        label_smoothing: How far targets move to the uniform distribution, in [0, 1]. Defaults to 0.
        axis: The axis of the classes. Defaults to -1.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 5)
    0.69315

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(BuiltinMean):
    """The cross-entropy of targets that are class numbers.

    Formula: mean of `-log(p[y_true])`

    Args:
        name: Name of the metric. Defaults to `"sparse_categorical_crossentropy"`.
        dtype: Type of the result. Defaults to `floatx()`.
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        ignore_class: A number that marks targets that do not count. Defaults to None.
        axis: The axis of the classes. Defaults to -1.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 5)
    0.69315

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
