"""Global max pooling over sequences."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.pooling.base_pooling import BaseGlobalPooling

__all__ = ["GlobalMaxPooling1D"]


class GlobalMaxPooling1D(BaseGlobalPooling):
    """Keep the largest value of each feature over all steps.

    `y[b, c] = max_t x[b, t, c]`

    Args:
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        keepdims: Whether to keep the steps with size 1. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, features)`, or `(batch, features, steps)` with channels first.

    Output shape:
        `(batch, features)`; with `keepdims`, `(batch, 1, features)` or `(batch, features, 1)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is of the wrong kind; when called, if the input has not three axes.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.array([1.0, 2.0, 3.0], "float32").reshape(1, 3, 1)
    >>> keras.layers.GlobalMaxPooling1D()(x).numpy().ravel().tolist()
    [3.0]

    Source: Lin et al., 2014 (https://arxiv.org/abs/1312.4400).
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, keepdims=keepdims, **kwargs)
