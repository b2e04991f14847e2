"""ContrastLimitedAdaptiveHistogramEqualization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.histograms import counts_of, rows_of_pixels
from oxhorn.layers.preprocessing.image.ranges import rescaled, value_range_of

__all__ = ["ContrastLimitedAdaptiveHistogramEqualization"]


class ContrastLimitedAdaptiveHistogramEqualization(ColorLayer):
    """Spread the values of each channel tile by tile, in training and inference alike, so that detail shows.

    `y = sum over the four tiles t around a pixel of w_t T_t(x)`, w is bilinear in the distance to the middles of the
    tiles; `T_t(x) = (C_t(x) - C_t(0)) 255 / (n - C_t(0))`, C_t(x) counts the n pixels of tile t with a value up to x

    Images whose sizes tiles do not divide are mirrored at their ends.

    Args:
        value_range: (low, high) of the pixels. Defaults to (0, 255). They are brought into [0, 255], and back.
        clip_limit: A count above `clip_limit n / 256` is cut off there, and what is cut off is shared out to all
            values; at 0 or below nothing is cut off. Defaults to 4.0.
        tile_grid_size: (rows, columns) of tiles. Defaults to (8, 8).
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: `bounding_box_format`, `name`, `dtype` and the other arguments of every layer.

    Call arguments:
        data: Images of rank 3 or 4, or a dict of images and what belongs to them.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`; channels come before with
        `data_format="channels_first"`.

    Output shape:
        The same.

    Returns:
        When called: what it was called with, changed; whole numbers have become floats.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
    >>> layer(np.arange(48.0).reshape(4, 4, 3)).shape
    (4, 4, 3)

    Source: Pizer et al., 1987 (https://doi.org/10.1016/S0734-189X(87)80186-X); Zuiderveld, 1994, Graphics Gems IV.
    """

    _ALWAYS = True

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Sequence[int] = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        owner = "ContrastLimitedAdaptiveHistogramEqualization"
        self.value_range = value_range_of(value_range, owner)
        self.clip_limit = arguments.number(clip_limit, "clip_limit", owner)
        self.tile_grid_size = arguments.integers(tile_grid_size, 2, "tile_grid_size", owner)

    def _recolored(self, images: Any, transformation: Any) -> Any:
        dtype, (down, across) = images.dtype, self.tile_grid_size
        planes, rows = rows_of_pixels(rescaled(images, self.value_range, (0, 255)), self.channel_axis)
        _, _, height, width = ops.shape(planes)
        tall, wide = (height + down - 1) // down, (width + across - 1) // across
        pixels = ops.convert_to_tensor(tall) * wide
        table = self._tables(planes, tall, wide, ops.cast(pixels, dtype))

        # The tiles before and behind each row and column, and how near the one behind is.
        above, below, share_y = _neighbours(height, tall, down, dtype)
        left, right, share_x = _neighbours(width, wide, across, dtype)
        values = ops.reshape(ops.clip(ops.cast(rows, "int32"), 0, 255), ops.shape(planes))

        def looked_up(tile_y: Any, tile_x: Any) -> Any:
            tile = ops.expand_dims(tile_y, 1) * across + ops.expand_dims(tile_x, 0)
            index = ops.reshape(values + tile * 256, ops.shape(rows))
            return ops.reshape(ops.take_along_axis(table, index, axis=-1), ops.shape(planes))

        def between(tile_y: Any) -> Any:
            return looked_up(tile_y, left) * (1.0 - share_x) + looked_up(tile_y, right) * share_x

        share_y = ops.expand_dims(share_y, 1)
        spread = between(above) * (1.0 - share_y) + between(below) * share_y
        return rescaled(ops.moveaxis(spread, -3, self.channel_axis), (0, 255), self.value_range)

    def _tables(self, planes: Any, tall: Any, wide: Any, pixels: Any) -> Any:
        """What each tile makes of each value: (batch, channels, tiles * 256)."""
        down, across = self.tile_grid_size
        batch, channels, height, width = ops.shape(planes)
        # (batch, channels, tiles down, rows of a tile, tiles across, columns of a tile)
        planes = ops.take(planes, _mirrored(down, tall, height), axis=2)
        planes = ops.take(planes, _mirrored(across, wide, width), axis=4)
        tile = np.arange(down * across, dtype="int32").reshape(down, 1, across, 1)
        bins = ops.clip(ops.cast(planes, "int32"), 0, 255) + tile * 256
        pixels_of_tiles = -1 if None in bins.shape[2:] else int(np.prod(bins.shape[2:]))
        counts = counts_of(ops.reshape(bins, (batch, channels, pixels_of_tiles)), down * across * 256)
        counts = ops.cast(ops.reshape(counts, (batch, channels, down * across, 256)), pixels.dtype)
        if self.clip_limit > 0:
            kept = ops.minimum(counts, self.clip_limit * pixels / 256.0)
            counts = kept + ops.mean(counts - kept, axis=-1, keepdims=True)
        up_to = ops.cumsum(counts, axis=-1)
        lowest = up_to[..., :1]
        rest = pixels - lowest
        rest = ops.where(ops.equal(rest, 0.0), ops.ones_like(rest), rest)
        table = ops.clip((up_to - lowest) * 255.0 / rest, 0.0, 255.0)
        return ops.reshape(table, (batch, channels, down * across * 256))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "value_range": self.value_range,
            "clip_limit": self.clip_limit,
            "tile_grid_size": self.tile_grid_size,
        }
        return {**super().get_config(), **own}


def _mirrored(tiles: int, length: Any, size: Any) -> Any:
    """The places of each tile, (tiles, length); those behind an axis of this size are mirrored at its ends."""
    length, within = ops.convert_to_tensor(length), ops.arange(length, dtype="int32")
    place = np.arange(tiles, dtype="int32")[:, np.newaxis] * length + ops.expand_dims(within, 0)
    last = 2 * ops.convert_to_tensor(size)
    place = place % last
    return ops.minimum(place, last - 1 - place)


def _neighbours(size: Any, length: Any, tiles: int, dtype: str) -> tuple[Any, Any, Any]:
    """For each place on an axis the tiles whose middles lie before and behind it, and the share of the latter."""
    place = ops.arange(size, dtype="int32")
    middle = (ops.cast(place, dtype) - ops.cast(length, dtype) / 2.0) / ops.cast(length, dtype)
    before = ops.floor(middle)
    tile = ops.cast(before, "int32")
    return ops.clip(tile, 0, tiles - 1), ops.clip(tile + 1, 0, tiles - 1), middle - before
