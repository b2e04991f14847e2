"""Global max pooling over volumes."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.pooling.base_pooling import BaseGlobalPooling

__all__ = ["GlobalMaxPooling3D"]


class GlobalMaxPooling3D(BaseGlobalPooling):
    """Keep the largest value of each channel over the whole volume.

    `y[b, c] = max_{i, j, k} x[b, i, j, k, c]`

    Args:
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        keepdims: Whether to keep depth, rows and columns with size 1. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or with the channels second with channels first.

    Output shape:
        `(batch, channels)`; with `keepdims`, `(batch, 1, 1, 1, channels)` or `(batch, channels, 1, 1, 1)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is of the wrong kind; when called, if the input has not five axes.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.arange(9, dtype="float32").reshape(1, 1, 3, 3, 1)
    >>> keras.layers.GlobalMaxPooling3D()(x).numpy().ravel().tolist()
    [8.0]

    Source: Lin et al., 2014 (https://arxiv.org/abs/1312.4400).
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, keepdims=keepdims, **kwargs)
