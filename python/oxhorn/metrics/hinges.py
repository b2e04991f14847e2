"""Metrics for margins."""

from __future__ import annotations

from typing import Any

from oxhorn.losses.hinges import categorical_hinge, hinge, squared_hinge
from oxhorn.metrics.reduction import BuiltinMean


class Hinge(BuiltinMean):
    """How far predictions fall short of a margin of 1.

    Formula: mean of `max(1 - y_true y_pred, 0)`; targets of 0 and 1 become -1 and 1

    Args:
        name: Name of the metric. Defaults to `"hinge"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.Hinge()([[1.0, -1.0]], [[0.5, 2.0]]))
    1.75

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(hinge, name, dtype)


class SquaredHinge(BuiltinMean):
    """The square of the shortfalls from a margin of 1.

    Formula: mean of `max(1 - y_true y_pred, 0)^2`; targets of 0 and 1 become -1 and 1

    Args:
        name: Name of the metric. Defaults to `"squared_hinge"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.SquaredHinge()([[1.0, -1.0]], [[0.0, 1.0]]))
    2.5

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, name, dtype)


class CategoricalHinge(BuiltinMean):
    """How far the right class falls short of beating the best wrong one by 1.

    Formula: mean of `max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0)`

    Args:
        name: Name of the metric. Defaults to `"categorical_hinge"`.
        dtype: Type of the result. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]))
    0.5

    Source: Keras 3.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, name, dtype)
