"""Dropout of whole feature maps of images."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.regularization.base_spatial_dropout import BaseSpatialDropout

__all__ = ["SpatialDropout2D"]


class SpatialDropout2D(BaseSpatialDropout):
    """Set whole feature maps to zero while training: neighbours, which are much alike, go together.

    `y = x * keep / (1 - rate)` with one `keep ~ Bernoulli(1 - rate)` for each sample and channel while training,
    `y = x` otherwise

    Args:
        rate: The part of the channels that is set to zero, in [0, 1].
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.
            Defaults to None.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        name: A name; automatic if not given.
        dtype: A dtype policy or its name; that of `keras.config.dtype_policy()` by default.

    Call arguments:
        inputs: The input.
        training: Whether to drop anything. Defaults to the model's mode.

    Input shape:
        `(batch, rows, columns, channels)`, or with the channels after the batch for channels_first.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the rate is outside [0, 1]; when called, if the input has not 4 axes.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.SpatialDropout2D(0.5, seed=1)
    >>> y = layer(np.ones((2, 3, 3, 4), "float32"), training=True).numpy()
    >>> bool((y == y[:, :1, :1]).all())
    True

    Source: Tompson et al., 2014 (https://arxiv.org/abs/1411.4280).
    """

    axes = 2

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, data_format=data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}
