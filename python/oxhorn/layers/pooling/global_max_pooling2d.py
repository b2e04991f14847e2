"""Global max pooling over images."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.pooling.base_pooling import BaseGlobalPooling

__all__ = ["GlobalMaxPooling2D"]


class GlobalMaxPooling2D(BaseGlobalPooling):
    """Keep the largest value of each channel over the whole image.

    `y[b, c] = max_{i, j} x[b, i, j, c]`

    Args:
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        keepdims: Whether to keep the rows and columns with size 1. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with channels first.

    Output shape:
        `(batch, channels)`; with `keepdims`, `(batch, 1, 1, channels)` or `(batch, channels, 1, 1)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is of the wrong kind; when called, if the input has not four axes.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.arange(9, dtype="float32").reshape(1, 3, 3, 1)
    >>> keras.layers.GlobalMaxPooling2D()(x).numpy().ravel().tolist()
    [8.0]

    Source: Lin et al., 2014 (https://arxiv.org/abs/1312.4400).
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, keepdims=keepdims, **kwargs)
