"""A constraint on every single weight."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.arguments import describe, number
from oxhorn.constraints.constraint import Constraint

__all__ = ["WeightClip"]


class WeightClip(Constraint):
    """Keep each number of a weight between two bounds, as the critic of a Wasserstein GAN needs it. An addition.

    `min(max(w, min_value), max_value)`

    It suits kernels and biases of any shape.

    Args:
        max_value: Largest value. Defaults to 0.01.
        min_value: Smallest value, or None for `-max_value`. Defaults to None.

    Returns:
        When called with a weight: a tensor of the same shape.

    Raises:
        ValueError: If a bound is no finite number, or they are the wrong way round.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.constraints.WeightClip(0.5)(np.array([-2.0, 0.1, 3.0])).numpy().tolist()
    [-0.5, 0.1, 0.5]

    Source: Arjovsky et al., 2017 (https://arxiv.org/abs/1701.07875).
    """

    def __init__(self, max_value: float = 0.01, min_value: float | None = None) -> None:
        self.max_value = number(max_value, "max_value", "WeightClip")
        self.min_value = None if min_value is None else number(min_value, "min_value", "WeightClip")
        if self._least > self.max_value:
            raise ValueError(
                "WeightClip: expected `min_value` <= `max_value`, and `max_value` >= 0 where it is the only one. "
                f"Received: max_value={describe(max_value)}, min_value={describe(min_value)}. Swap them."
            )

    @property
    def _least(self) -> float:
        return -self.max_value if self.min_value is None else self.min_value

    def __call__(self, w: Any) -> Any:
        """Return the weight, clipped.

        Args:
            w: The weight: a variable, a tensor or an array.
        """
        return ops.clip(w, self._least, self.max_value)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"max_value": self.max_value, "min_value": self.min_value}
