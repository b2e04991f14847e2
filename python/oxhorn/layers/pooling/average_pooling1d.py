"""Average pooling over sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.pooling.base_pooling import BasePooling

__all__ = ["AveragePooling1D"]


class AveragePooling1D(BasePooling):
    """Keep the mean of each window of a sequence.

    `y[b, t, c] = mean_k x[b, t * stride + k, c]` over the window. Padding does not count in the mean.

    Args:
        pool_size: Length of the window, a positive integer.
        strides: Steps from one window to the next; None for the length of the window. Defaults to None.
        padding: "valid" (only whole windows) or "same" (windows may reach over the edge). Defaults to
            "valid".
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        name: Name of the layer, or None for one of its own. Defaults to None.
        **kwargs: `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, features)`, or `(batch, features, steps)` with channels first.

    Output shape:
        `(batch, new_steps, features)`, or `(batch, features, new_steps)` with channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if the window is larger than the input.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.array([1.0, 2.0, 3.0, 4.0], "float32").reshape(1, 4, 1)
    >>> keras.layers.AveragePooling1D(pool_size=2, strides=1)(x).numpy().ravel().tolist()
    [1.5, 2.5, 3.5]
    """

    rank = 1

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
