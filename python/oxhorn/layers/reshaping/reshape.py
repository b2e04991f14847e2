"""Reshaping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Reshape"]


class Reshape(CoreLayer):
    """Give each sample another shape, the numbers in the same order.

    `y = reshape(x, (batch, *target_shape))`

    Args:
        target_shape: The shape of a sample: non-negative integers, of which one may be -1, which is then
            worked out from the others.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ...)`.

    Output shape:
        `(batch, *target_shape)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the shape has a size below -1, or more than one -1; when called, if the numbers do not
            fit into it.

    Example:
    >>> import oxhorn as keras
    >>> x = keras.Input(shape=(12,))
    >>> keras.layers.Reshape((3, 4))(x).shape
    (None, 3, 4)
    >>> keras.layers.Reshape((-1, 2, 2))(x).shape
    (None, 3, 2, 2)
    """

    def __init__(self, target_shape: int | Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = arguments.integer_or_integers(target_shape, "target_shape", "Reshape")
        sizes = [sizes] if isinstance(sizes, int) else sizes
        self.target_shape = tuple(sizes)
        if min(self.target_shape, default=0) < -1:
            raise ValueError(
                f"Reshape: expected each size to be a non-negative integer, or one of them -1, which is worked out "
                f"from the others. Received: target_shape={self.target_shape}. Pass one such as (-1, 8)."
            )
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                f"Reshape: expected at most one unknown dimension, -1, in `target_shape`. "
                f"Received: target_shape={self.target_shape}. Give all sizes but one."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "target_shape": self.target_shape}
