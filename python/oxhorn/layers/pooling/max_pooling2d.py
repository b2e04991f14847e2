"""Max pooling over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.pooling.base_pooling import BasePooling

__all__ = ["MaxPooling2D"]


class MaxPooling2D(BasePooling):
    """Keep the largest value of each window of an image.

    `y[b, i, j, c] = max_{k, l} x[b, i * stride + k, j * stride + l, c]` over the window.

    Args:
        pool_size: Height and width of the window: one positive integer for both, or a pair. Defaults to (2,
            2).
        strides: Steps from one window to the next: one integer or a pair; None for the size of the window.
            Defaults to None.
        padding: "valid" (only whole windows) or "same" (windows may reach over the edge). Defaults to
            "valid".
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        name: Name of the layer, or None for one of its own. Defaults to None.
        **kwargs: `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with channels first.

    Output shape:
        `(batch, new_rows, new_columns, channels)`, or `(batch, channels, new_rows, new_columns)` with
        channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if the window is larger than the input.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.arange(9, dtype="float32").reshape(1, 3, 3, 1)
    >>> keras.layers.MaxPooling2D(pool_size=2, strides=1)(x).numpy().ravel().tolist()
    [4.0, 5.0, 7.0, 8.0]
    """

    rank = 2

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding=padding, data_format=data_format, name=name, **kwargs)
