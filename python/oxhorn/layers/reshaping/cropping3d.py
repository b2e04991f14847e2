"""Volumes without their borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer
from oxhorn.layers.reshaping.sides import CROPPING_RULE, enough_to_crop, sides

__all__ = ["Cropping3D"]


class Cropping3D(CoreLayer):
    """Cut off both ends of each axis of a volume.

    `y[b, i, ..] = x[b, i + before, ..]`, shorter by `before + behind` on each axis

    Args:
        cropping: A number for all ends, a number for each axis (both of its ends), or
            `((front, back), (top, bottom), (left, right))`. Defaults to ((1, 1), (1, 1), (1, 1)).
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or with the channels second with channels first.

    Output shape:
        The same with fewer depth, rows and columns.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If a number is negative or the form is another; when called, if nothing would be left.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Cropping3D(2)(keras.Input(shape=(8, 9, 7, 3))).shape
    (None, 4, 5, 3, 3)
    """

    def __init__(
        self,
        cropping: int | Sequence[int] | Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cropping = sides(cropping, 3, "cropping", "Cropping3D")
        self.data_format = arguments.data_format(data_format, "Cropping3D")

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Cut off the ends."""
        with enough_to_crop(CROPPING_RULE):
            return super().call(inputs, training=training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}
