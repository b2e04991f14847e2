"""Flattening."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import data_format as check_data_format
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Flatten"]


class Flatten(CoreLayer):
    """Put all axes but the batch into one.

    `y[b, (i * W + j) * C + c] = x[b, i, j, c]`

    Args:
        data_format: "channels_last" or "channels_first": with the latter the channels are moved to the end
            first, so that both give the same order. Defaults to None, the configured format.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ...)`.

    Output shape:
        `(batch, size)`, with the product of the sizes; `(batch, 1)` for an input `(batch,)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the format is none of the two.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Flatten()(keras.Input(shape=(10, 64))).shape
    (None, 640)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_data_format(data_format, "Flatten")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}
