"""A penalty on what passes through."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, regularizers
from oxhorn.layers.layer import Layer

__all__ = ["ActivityRegularization"]


class ActivityRegularization(Layer):
    """Return the input as it is, and add a penalty on its size to the loss.

    `y = x`, `loss += (l1 * sum(|x|) + l2 * sum(x^2)) / batch`

    Args:
        l1: Coefficient of the sum of absolute values, at least 0. Defaults to 0.0.
        l2: Coefficient of the sum of squares, at least 0. Defaults to 0.0.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: the input.

    Raises:
        ValueError: If a coefficient is negative or not finite.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.ActivityRegularization(l2=0.5)
    >>> _ = layer(np.array([[1.0, 2.0]]))
    >>> float(layer.losses[0])
    2.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        self.l1 = arguments.number(l1, "l1", "ActivityRegularization", low=0.0)
        self.l2 = arguments.number(l2, "l2", "ActivityRegularization", low=0.0)
        super().__init__(activity_regularizer=regularizers.L1L2(l1=self.l1, l2=self.l2), **kwargs)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the input."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}
