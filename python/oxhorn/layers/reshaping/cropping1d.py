"""Sequences without their ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer
from oxhorn.layers.reshaping.sides import enough_to_crop

__all__ = ["Cropping1D"]


class Cropping1D(CoreLayer):
    """Cut off both ends of each sequence.

    `y[b, t] = x[b, t + before]`, shorter by `before + behind` steps

    Args:
        cropping: A number of steps for both ends, or a pair `(before, behind)`. Defaults to (1, 1).
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, features)`.

    Output shape:
        The same with fewer steps.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If a number is negative or no pair; when called, if nothing would be left.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Cropping1D((1, 2))(keras.Input(shape=(8, 3))).shape
    (None, 5, 3)
    """

    def __init__(
        self,
        cropping: int | Sequence[int] = (1, 1),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cropping = arguments.integers(cropping, 2, "cropping", "Cropping1D", low=0)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Cut off the ends."""
        with enough_to_crop(
            "The `cropping` parameter of `Cropping1D` layer must be smaller than the sequence is long."
        ):
            return super().call(inputs, training=training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "cropping": self.cropping}
