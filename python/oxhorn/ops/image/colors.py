"""Colours: grey, and hue, saturation and value."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.ops.comparisons import equal, greater, less, where
from oxhorn.ops.conversions import cast
from oxhorn.ops.creation import zeros_like
from oxhorn.ops.dispatch import operation
from oxhorn.ops.elementwise import abs, maximum, minimum, mod
from oxhorn.ops.image.layout import axes_of, float_images, images_of
from oxhorn.ops.joining import concatenate
from oxhorn.ops.rounding import clip


def _channels(images: Any, axis: int) -> list[Any]:
    """The three channels, each with its axis kept."""
    if images.shape[axis] is None:
        return [_core.apply("take", [images, [i]], {"axis": axis}) for i in range(3)]
    return list(_core.apply("split", [images], {"indices": [1, 2], "axis": axis}))


def _check_channels(images: Any, axis: int, allowed: tuple[int, ...], owner: str) -> None:
    if images.shape[axis] is not None and images.shape[axis] not in allowed:
        what = "3 (RGB) or 1 (Grayscale)" if 1 in allowed else "3"
        raise ValueError(
            f"{owner}: Invalid channel size: expected images with {what} channels. "
            f"Received: images.shape={tuple(images.shape)}. Check `data_format`."
        )


@operation("images")
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """Brightness of colours.

    y = 0.2989 r + 0.587 g + 0.114 b

    Args:
        images: Images of rank 3, or a batch of rank 4, with 3 channels (or 1: they stay as they are).
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the same dtype with one channel.

    Raises:
        ValueError: If the rank or the number of channels is another.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.rgb_to_grayscale(keras.ops.ones((2, 4, 4, 3))).shape
        (2, 4, 4, 1)
    """
    owner = "rgb_to_grayscale"
    images = images_of(images, owner)
    axis = axes_of(data_format, owner)[2]
    _check_channels(images, axis, (1, 3), owner)
    if images.shape[axis] == 1:
        return images
    dtype = str(images.dtype)
    computed = images if dtype.startswith("float") else cast(images, "float32")
    red, green, blue = _channels(computed, axis)
    grey = red * 0.2989 + green * 0.587 + blue * 0.114
    return grey if computed is images else cast(grey, dtype)


@operation("images")
def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """Hue, saturation and value of colours, all within [0, 1].

    value = max(r, g, b), range = value - min(r, g, b), saturation = range / value;
    hue = (g - b) / (6 range) where r is largest, 1/3 + (b - r) / (6 range) where g is, 2/3 + (r - g) / (6 range)
    where b is, modulo 1; 0 where the range is 0.

    Args:
        images: Float images of rank 3, or a batch of rank 4, with 3 channels within [0, 1].
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: If the rank, the number of channels or the dtype is another.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.rgb_to_hsv([[[0.0, 1.0, 0.0]]]).numpy().round(3).tolist()
        [[[0.3330000042915344, 1.0, 1.0]]]
    """
    owner = "rgb_to_hsv"
    images = float_images(images, owner)
    axis = axes_of(data_format, owner)[2]
    _check_channels(images, axis, (3,), owner)
    tiny = float(np.finfo(str(images.dtype)).eps)
    images = where(less(abs(images), tiny), zeros_like(images), images)
    red, green, blue = _channels(images, axis)
    value = maximum(maximum(red, green), blue)
    extent = value - minimum(minimum(red, green), blue)
    saturation = where(greater(value, 0), extent / where(greater(value, 0), value, 1.0), 0.0)
    sixth = 1.0 / (6.0 * where(greater(extent, 0), extent, 1.0))
    hue = where(equal(value, green), sixth * (blue - red) + 2.0 / 6.0, sixth * (red - green) + 4.0 / 6.0)
    hue = where(equal(value, red), sixth * (green - blue), hue)
    hue = where(greater(extent, 0), where(less(hue, 0), hue + 1.0, hue), 0.0)
    return concatenate([hue, saturation, value], axis=axis)


@operation("images")
def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """Colours from hue, saturation and value: the inverse of `rgb_to_hsv`.

    With d = 6 (hue mod 1): colour = value * (1 - saturation + saturation * share), and the shares are
    clip(|d - 3| - 1, 0, 1) of red, clip(2 - |d - 2|, 0, 1) of green, clip(2 - |d - 4|, 0, 1) of blue.

    Args:
        images: Float images of rank 3, or a batch of rank 4, with 3 channels: hue, saturation, value.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: If the rank, the number of channels or the dtype is another.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.hsv_to_rgb([[[0.0, 1.0, 0.5]]]).numpy().tolist()
        [[[0.5, 0.0, 0.0]]]
    """
    owner = "hsv_to_rgb"
    images = float_images(images, owner)
    axis = axes_of(data_format, owner)[2]
    _check_channels(images, axis, (3,), owner)
    hue, saturation, value = _channels(images, axis)
    d = mod(hue, 1.0) * 6.0
    shares = (
        clip(abs(d - 3.0) - 1.0, 0.0, 1.0),
        clip(2.0 - abs(d - 2.0), 0.0, 1.0),
        clip(2.0 - abs(d - 4.0), 0.0, 1.0),
    )
    return concatenate([value * (1.0 - saturation + saturation * share) for share in shares], axis=axis)
