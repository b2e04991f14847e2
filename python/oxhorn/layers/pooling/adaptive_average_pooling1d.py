"""Average pooling of sequences to a given size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.pooling.base_pooling import BaseAdaptivePooling

__all__ = ["AdaptiveAveragePooling1D"]


class AdaptiveAveragePooling1D(BaseAdaptivePooling):
    """Take the mean over each window of a sequence, the windows chosen so that the output has a given size.

    `y[b, o, c] = mean_i x[b, i, c]` from `floor(o * n / size)` to `ceil((o + 1) * n / size)` on an axis of n entries

    Args:
        output_size: Size of the output: a positive integer.
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, features)`, or with the features second with channels first.

    Output shape:
        The same with the steps of `output_size`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if the input has another number of axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.AdaptiveAveragePooling1D(3)(keras.Input(shape=(7, 3))).shape
    (None, 3, 3)
    """

    rank = 1

    def __init__(
        self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(output_size, data_format=data_format, **kwargs)
