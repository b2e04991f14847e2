"""Metrics that count right predictions."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import positive_integer
from oxhorn.metrics.accuracy_functions import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from oxhorn.metrics.reduction import BuiltinMean


class Accuracy(BuiltinMean):
    """How often predictions equal their targets.

    Formula: mean of `[y_true = y_pred]`

    Args:
        name: Name of the metric. Defaults to `"accuracy"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.Accuracy()([1, 2, 3, 4], [1, 2, 3, 5]))
    0.75

    Source: Keras 3.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(BuiltinMean):
    """How often probabilities are on the same side of a threshold as their targets.

    Formula: mean of `[y_true = [y_pred > threshold]]`

    Args:
        name: Name of the metric. Defaults to `"binary_accuracy"`.
        dtype: Type of the result. Defaults to `floatx()`.
        threshold: Defaults to 0.5.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.BinaryAccuracy()([1, 0, 1, 0], [0.9, 0.2, 0.3, 0.4]))
    0.75

    Source: Keras 3.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: Any = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(BuiltinMean):
    """How often the best class is that of a one-hot target.

    Formula: mean of `[argmax(y_true) = argmax(y_pred)]`

    Args:
        name: Name of the metric. Defaults to `"categorical_accuracy"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]))
    0.5

    Source: Keras 3.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(BuiltinMean):
    """How often the best class is the target's class number.

    Formula: mean of `[y_true = argmax(y_pred)]`

    Args:
        name: Name of the metric. Defaults to `"sparse_categorical_accuracy"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.SparseCategoricalAccuracy()([1, 0], [[0.1, 0.9], [0.2, 0.8]]))
    0.5

    Source: Keras 3.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "sparse_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(BuiltinMean):
    """How often the class of a one-hot target is among the k best.

    Formula: mean of `[fewer than k classes score higher than argmax(y_true)]`

    Args:
        k: How many classes may be named. Defaults to 5.
        name: Name of the metric. Defaults to `"top_k_categorical_accuracy"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Raises:
        ValueError: If `k` is not a whole number of at least 1.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.TopKCategoricalAccuracy(k=2)
    >>> float(metric([[0, 0, 1], [1, 0, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.2]]))
    0.5

    Source: Keras 3.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        k = positive_integer(k, "k", "TopKCategoricalAccuracy")
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(BuiltinMean):
    """How often the target's class number is among the k best.

    Formula: mean of `[fewer than k classes score higher than y_true]`

    Args:
        k: How many classes may be named. Defaults to 5.
        name: Name of the metric. Defaults to `"sparse_top_k_categorical_accuracy"`.
        dtype: Type of the result. Defaults to `floatx()`.
        from_sorted_ids: Whether predictions are class numbers, the best first. Defaults to False.

    Raises:
        ValueError: If `k` is not a whole number of at least 1.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.SparseTopKCategoricalAccuracy(k=2)
    >>> float(metric([2, 0], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.2]]))
    0.5

    Source: Keras 3.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        k = positive_integer(k, "k", "SparseTopKCategoricalAccuracy")
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
        self.k = k
        self.from_sorted_ids = from_sorted_ids

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        config = super().get_config()
        if not self.from_sorted_ids:
            del config["from_sorted_ids"]
        return config
