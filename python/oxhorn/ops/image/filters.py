"""Filters that meet every channel by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core, arguments
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.ops.conversions import cast, convert_to_numpy, convert_to_tensor
from oxhorn.ops.curves import exp
from oxhorn.ops.dispatch import has_symbolic, operation
from oxhorn.ops.image.layout import channels_last, float_images, restored
from oxhorn.ops.joining import stack
from oxhorn.ops.nn.convolutions import depthwise_conv
from oxhorn.ops.reductions import sum
from oxhorn.ops.shapes import pad, reshape, tile


def filtered(images: Any, rows: Any, columns: Any, padding: str) -> Any:
    """Images (batch, height, width, channels) under the filter rows[i] * columns[j], one axis after the other."""
    channels = images.shape[3]
    if channels is None:
        return _shifted(_shifted(images, 1, rows, padding), 2, columns, padding)
    down = tile(reshape(rows, (-1, 1, 1, 1)), (1, 1, channels, 1))
    across = tile(reshape(columns, (1, -1, 1, 1)), (1, 1, channels, 1))
    images = depthwise_conv(images, down, padding=padding, data_format="channels_last")
    return depthwise_conv(images, across, padding=padding, data_format="channels_last")


def _shifted(images: Any, axis: int, weights: Any, padding: str) -> Any:
    """The sum of shifted images, each times its weight: for any number of channels."""
    count = weights.shape[0]
    if padding == "same":
        pairs = [(0, 0)] * 4
        pairs[axis] = ((count - 1) // 2, count // 2)
        images = pad(images, pairs)
    total = None
    for k in range(count):
        part = [slice(None)] * 4
        part[axis] = slice(k, k - count + 1 or None)
        term = images[tuple(part)] * weights[k]
        total = term if total is None else total + term
    return total


def gaussian(size: int, sigma: Any, dtype: str) -> Any:
    """Weights e^(-(i - (size - 1) / 2)^2 / (2 sigma^2)), i < size, scaled to the sum 1."""
    x = convert_to_tensor(np.arange(size) - (size - 1) / 2, dtype)
    weights = exp(-0.5 * (x / sigma) * (x / sigma))
    return weights / sum(weights)


def _blurred_by_values(images: Any, kernel_size: Any = None, *_args: Any, **_rest: Any) -> Any:
    """A symbolic tensor like the images where the sizes of the filter are symbolic; None where they are known."""
    if not has_symbolic([kernel_size]):
        return None
    images = float_images(images, "gaussian_blur")
    return KerasTensor(tuple(images.shape), str(images.dtype))


@operation("images", "sigma", rule=_blurred_by_values)
def gaussian_blur(
    images: Any,
    kernel_size: Any = (3, 3),
    sigma: Any = (1.0, 1.0),
    data_format: str | None = None,
) -> Any:
    """Images under a bell-shaped filter; zeros lie around them.

    y[h, w] = sum over i, j of x[h + i, w + j] e^(-i^2 / (2 sigma_y^2) - j^2 / (2 sigma_x^2)), scaled to the sum 1

    Args:
        images: Float images of rank 3, or a batch of rank 4.
        kernel_size: (width, height) of the filter: numbers, or a tensor that has them.
        sigma: (sigma_x, sigma_y), its standard deviations in pixels: numbers or a tensor.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: If the rank, the dtype or a size is wrong.
        TypeError: If `kernel_size` is computed inside a traced call.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.gaussian_blur(keras.ops.ones((2, 8, 8, 3)), (5, 5), (1.0, 1.0)).shape
        (2, 8, 8, 3)
    """
    owner = "gaussian_blur"
    images = float_images(images, owner)
    given = kernel_size if isinstance(kernel_size, (list, tuple)) else (kernel_size,)
    if any(isinstance(size, _core.Tensor) and size.is_traced for size in given):
        raise TypeError(
            f"{owner}: the sizes in `kernel_size` are computed inside a traced call, and those of a filter must be "
            "known before it runs. Give two numbers, or compile with run_eagerly=True."
        )
    if isinstance(kernel_size, (_core.Tensor, _core.Variable)):
        kernel_size = convert_to_numpy(kernel_size)
    if isinstance(kernel_size, np.ndarray):
        kernel_size = kernel_size.tolist()
    width, height = arguments.integers(kernel_size, 2, "kernel_size", owner)
    dtype = str(images.dtype)
    sigma = cast(convert_to_tensor(sigma), dtype)
    if tuple(sigma.shape) != (2,):
        raise ValueError(
            f"{owner}: expected `sigma` to be two numbers, (sigma_x, sigma_y). "
            f"Received a value of shape {tuple(sigma.shape)}."
        )
    single = len(images.shape) == 3
    batch = channels_last(images, data_format, owner)
    rows, columns = gaussian(height, sigma[1], dtype), gaussian(width, sigma[0], dtype)
    return restored(filtered(batch, rows, columns, "same"), data_format, owner, single)


@operation("images")
def sobel_edges(images: Any, data_format: str | None = None) -> Any:
    """How fast the brightness changes downwards and to the right; zeros lie around the images.

    y[.., 0] = x under [[-1, -2, -1], [0, 0, 0], [1, 2, 1]], y[.., 1] = x under its transpose

    Args:
        images: A batch of images, of rank 4. Whole numbers become floats.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Floats of the shape of the images and a last axis of size 2: change along the height, along the width.

    Raises:
        ValueError: If the rank is not 4.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.sobel_edges(keras.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3, 2)
    """
    owner = "sobel_edges"
    images = convert_to_tensor(images)
    if len(images.shape) != 4:
        raise ValueError(
            f"{owner}: Invalid images rank: expected rank 4 (batch of images). "
            f"Received: images.shape={tuple(images.shape)}. Add an axis for the batch."
        )
    if not str(images.dtype).startswith("float"):
        images = cast(images, "float32")
    dtype = str(images.dtype)
    batch = channels_last(images, data_format, owner)
    smooth, change = (convert_to_tensor(np.array(w), dtype) for w in ([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]))
    edges = [
        restored(filtered(batch, rows, columns, "same"), data_format, owner, False)
        for rows, columns in ((change, smooth), (smooth, change))
    ]
    return stack(edges, axis=-1)
