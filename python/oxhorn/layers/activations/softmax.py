"""Softmax as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.arguments import integer_or_integers
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Softmax"]


class Softmax(CoreLayer):
    """Turn scores into probabilities that add up to 1.

    `y_i = exp(x_i - max(x)) / sum_j exp(x_j - max(x))`

    Args:
        axis: The axis along which they add up, or a list of axes taken together. Defaults to -1.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The scores.
        mask: Booleans that broadcast to the scores, True for those that count; the others get probability 0.
            Defaults to None.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the axis is no integer and no list of integers; when called, if it is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> print(keras.layers.Softmax()(np.array([1.0, 2.0, 1.0])).numpy().round(4))
    [0.2119 0.5761 0.2119]
    """

    build_at_init = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = integer_or_integers(axis, "axis", "Softmax")
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
