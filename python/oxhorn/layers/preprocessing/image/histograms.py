"""How often values occur in each channel of each image."""

from __future__ import annotations

from typing import Any

from oxhorn import ops


def counts_of(bins: Any, size: int) -> Any:
    """`y[b, c, k]` = how often k occurs in `bins[b, c]`.

    Args:
        bins: Whole numbers (int32) from 0 to `size - 1`, of shape (batch, channels, pixels).
        size: How many numbers there are.

    Returns:
        An int32 tensor of shape (batch, channels, size).
    """
    batch, channels, _ = ops.shape(bins)
    zeros = ops.zeros_like(bins)
    image = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1)) + zeros
    channel = ops.reshape(ops.arange(channels, dtype="int32"), (1, -1, 1)) + zeros
    places = ops.stack([ops.reshape(x, (-1,)) for x in (image, channel, bins)], axis=-1)
    return ops.scatter(places, ops.ones_like(places[:, 0]), (batch, channels, size))


def rows_of_pixels(images: Any, channel_axis: int) -> tuple[Any, Any]:
    """A batch of images as (batch, channels, height, width), and with its pixels in one axis."""
    planes = ops.moveaxis(images, channel_axis, -3)
    batch, channels, height, width = ops.shape(planes)
    known = isinstance(height, int) and isinstance(width, int)
    return planes, ops.reshape(planes, (batch, channels, height * width if known else -1))
