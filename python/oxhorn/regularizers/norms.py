"""Penalties on the size of the weights."""

from __future__ import annotations

from typing import Any

from oxhorn.regularizers.regularizer import CoreRegularizer, factor_of

__all__ = ["L1", "L1L2", "L2"]


class L1(CoreRegularizer):
    """Penalise the sum of absolute values, which pulls weights to exactly zero.

    `penalty = l1 * sum(|w|)`

    Args:
        l1: Factor. Defaults to 0.01.

    Returns:
        When called with a weight: a scalar tensor.

    Raises:
        ValueError: If the factor is no finite number, or negative.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> float(keras.regularizers.L1(0.5)(np.array([1.0, -3.0])))
    2.0
    """

    core_name = "L1"

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = factor_of(0.01 if l1 is None else l1, "l1", "L1")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1}


class L2(CoreRegularizer):
    """Penalise the sum of squares, which keeps weights small.

    `penalty = l2 * sum(w^2)`

    Args:
        l2: Factor. Defaults to 0.01.

    Returns:
        When called with a weight: a scalar tensor.

    Raises:
        ValueError: If the factor is no finite number, or negative.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> float(keras.regularizers.L2(0.5)(np.array([1.0, -3.0])))
    5.0
    """

    core_name = "L2"

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = factor_of(0.01 if l2 is None else l2, "l2", "L2")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l2": self.l2}


class L1L2(CoreRegularizer):
    """Penalise absolute values and squares together.

    `penalty = l1 * sum(|w|) + l2 * sum(w^2)`

    Args:
        l1: Factor of the absolute values. Defaults to 0.0.
        l2: Factor of the squares. Defaults to 0.0.

    Returns:
        When called with a weight: a scalar tensor.

    Raises:
        ValueError: If a factor is no finite number, or negative.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> float(keras.regularizers.L1L2(l1=0.5, l2=0.5)(np.array([1.0, -3.0])))
    7.0
    """

    core_name = "L1L2"

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = factor_of(0.0 if l1 is None else l1, "l1", "L1L2")
        self.l2 = factor_of(0.0 if l2 is None else l2, "l2", "L1L2")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}
