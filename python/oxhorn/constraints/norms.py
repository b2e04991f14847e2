"""Constraints on the length of a unit's weights, and on their sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.arguments import integer_or_integers, number
from oxhorn.constraints.constraint import CoreConstraint

__all__ = ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]


class MaxNorm(CoreConstraint):
    """Shorten the weights of each unit to a largest length.

    `w * clip(|w|, 0, max_value) / |w|` with the length `|w| = sqrt(sum(w^2))` over `axis`

    Args:
        max_value: Largest length, at least 0. Defaults to 2.
        axis: Axis or axes over which the length is taken: 0 for a dense kernel `(inputs, units)`, [0, 1, 2]
            for a convolution's `(rows, columns, inputs, filters)`. Defaults to 0.

    Returns:
        When called with a weight: a tensor of the same shape.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.constraints.MaxNorm(1.0)(np.array([[3.0], [4.0]])).numpy().round(3).tolist()
    [[0.6], [0.8]]

    Source: Srivastava et al., 2014 (https://jmlr.org/papers/v15/srivastava14a.html).
    """

    core_name = "MaxNorm"

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        number(max_value, "max_value", "MaxNorm", low=0.0)
        self.max_value = max_value
        self.axis = integer_or_integers(axis, "axis", "MaxNorm")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(CoreConstraint):
    """Set negative weights to zero.

    `max(w, 0)`

    Returns:
        When called with a weight: a tensor of the same shape.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.constraints.NonNeg()(np.array([-1.0, 2.0])).numpy().tolist()
    [0.0, 2.0]
    """

    core_name = "NonNeg"


class UnitNorm(CoreConstraint):
    """Bring the weights of each unit to length one.

    `w / (|w| + 1e-7)` with the length `|w| = sqrt(sum(w^2))` over `axis`

    Args:
        axis: Axis or axes over which the length is taken. Defaults to 0.

    Returns:
        When called with a weight: a tensor of the same shape.

    Raises:
        ValueError: If the axis is no integer and no list of integers.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.constraints.UnitNorm()(np.array([[3.0], [4.0]])).numpy().round(3).tolist()
    [[0.6], [0.8]]
    """

    core_name = "UnitNorm"

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = integer_or_integers(axis, "axis", "UnitNorm")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


class MinMaxNorm(CoreConstraint):
    """Bring the length of each unit's weights between two bounds.

    `w * (rate * clip(|w|, min_value, max_value) + (1 - rate) * |w|) / |w|`

    Args:
        min_value: Smallest length, at least 0. Defaults to 0.0.
        max_value: Largest length, not below `min_value`. Defaults to 1.0.
        rate: How far to go at each update, in [0, 1]; 1 is all the way. Defaults to 1.0.
        axis: Axis or axes over which the length is taken. Defaults to 0.

    Returns:
        When called with a weight: a tensor of the same shape.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.constraints.MinMaxNorm(0.0, 2.5)(np.array([[3.0], [4.0]])).numpy().round(3).tolist()
    [[1.5], [2.0]]
    """

    core_name = "MinMaxNorm"

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        self.min_value = number(min_value, "min_value", "MinMaxNorm", low=0.0)
        self.max_value = number(max_value, "max_value", "MinMaxNorm", low=self.min_value)
        self.rate = number(rate, "rate", "MinMaxNorm", low=0.0, high=1.0)
        self.axis = integer_or_integers(axis, "axis", "MinMaxNorm")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }
