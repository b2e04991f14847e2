"""Average pooling over volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.pooling.base_pooling import BasePooling

__all__ = ["AveragePooling3D"]


class AveragePooling3D(BasePooling):
    """Keep the mean of each window of a volume.

    `y[b, o, c] = mean_k x[b, o * stride + k, c]` over the window; o and k run over all three axes. Padding does not
    count.

    Args:
        pool_size: Depth, height and width of the window: one positive integer for all, or three.
        strides: Steps from one window to the next: one integer or three; None for the size of the window.
            Defaults to None.
        padding: "valid" (only whole windows) or "same" (windows may reach over the edge). Defaults to
            "valid".
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        name: Name of the layer, or None for one of its own. Defaults to None.
        **kwargs: `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or with the channels second with channels first.

    Output shape:
        `(batch, new_depth, new_rows, new_columns, channels)`, or with the channels second with channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if the window is larger than the input.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.AveragePooling3D(pool_size=2)(keras.Input(shape=(8, 6, 4, 3))).shape
    (None, 4, 3, 2, 3)
    """

    rank = 3

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding=padding, data_format=data_format, name=name, **kwargs)
