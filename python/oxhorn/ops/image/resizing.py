"""Images of another size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core, arguments
from oxhorn.ops.comparisons import greater, less, logical_and, logical_not, where
from oxhorn.ops.conversions import cast, convert_to_tensor, saturate_cast
from oxhorn.ops.creation import ones_like, zeros_like
from oxhorn.ops.curves import sin
from oxhorn.ops.dispatch import operation
from oxhorn.ops.elementwise import abs, maximum
from oxhorn.ops.image.layout import axes_of, images_of
from oxhorn.ops.products import matmul
from oxhorn.ops.reductions import sum
from oxhorn.ops.rounding import round
from oxhorn.ops.shapes import expand_dims, moveaxis

RESIZE_METHODS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")
TRANSLATE_METHODS = (
    "linear",
    "bilinear",
    "trilinear",
    "cubic",
    "bicubic",
    "tricubic",
    "lanczos3",
    "lanczos5",
)


@operation("images")
def resize(
    images: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Images of another size.

    On each axis y[o] = sum over i of w(o, i) x[i], where w(o, i) = f(|s - i| / width), scaled to the sum 1;
    s = (o + 1/2) n / size - 1/2 is the place of output o among the n inputs, and width is 1, or n / size where images
    become smaller and `antialias` is set. f is a triangle (bilinear), a cubic with a = -1/2 (bicubic) or a windowed
    sinc (lanczos); nearest takes the pixel under the middle of the output.

    Args:
        images: Images of rank 3, or a batch of rank 4. Whole numbers are rounded and stay within their dtype.
        size: (height, width) of the result.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        antialias: Whether smaller images are means over all pixels that an output covers.
        crop_to_aspect_ratio: Whether images are first cut to the proportions of `size`, around the middle.
        pad_to_aspect_ratio: Whether images are first put in the middle of a frame of the proportions of `size`.
        fill_mode: How the frame is filled: `"constant"`.
        fill_value: The number that fills it.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of that size, of the same dtype.

    Raises:
        ValueError: If the rank, a size or a name is wrong, or images are to be both cut and padded.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.resize(keras.ops.ones((2, 4, 4, 3)), (8, 6)).shape
        (2, 8, 6, 3)
    """
    owner = "resize"
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise ValueError(f"{owner}: Expected `size` to be a tuple of 2 integers. Received: size={size}")
    height, width = (arguments.integer(n, "size", owner) for n in size)
    if height <= 0 or width <= 0:
        raise ValueError(f"{owner}: `size` must have positive height and width. Received: size={size}")
    if pad_to_aspect_ratio and crop_to_aspect_ratio:
        raise ValueError(
            f"{owner}: Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`. Received both."
        )
    arguments.choice(fill_mode, ("constant",), "fill_mode", owner)
    arguments.choice(interpolation, RESIZE_METHODS, "interpolation", owner)
    images = images_of(images, owner)
    rows, columns, _ = axes_of(data_format, owner)
    dtype = str(images.dtype)
    if not dtype.startswith("float") and (interpolation != "nearest" or pad_to_aspect_ratio):
        images = cast(images, "float32")
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        frame = {"axes": [rows, columns], "target": [height, width]}
        if pad_to_aspect_ratio:
            frame["pad"] = arguments.number(fill_value, "fill_value", owner)  # type: ignore[assignment]
        images = _core.apply("fit_aspect", [images], frame)
    attrs = {"method": interpolation, "antialias": bool(antialias)}
    images = _core.apply("resample", [images], {"axis": rows, "size": height, **attrs})
    images = _core.apply("resample", [images], {"axis": columns, "size": width, **attrs})
    return images if str(images.dtype) == dtype else saturate_cast(round(images), dtype)


def _triangle(t: Any) -> Any:
    return maximum(1.0 - t, 0.0)


def _cubic(t: Any) -> Any:
    near, far = ((1.5 * t - 2.5) * t) * t + 1.0, ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return where(less(t, 1.0), near, where(less(t, 2.0), far, zeros_like(t)))


def _lanczos(t: Any, radius: float) -> Any:
    inside = greater(t, 1e-3)
    safe = where(inside, t, ones_like(t))
    value = radius * sin(np.pi * safe) * sin(np.pi * safe / radius) / (np.pi**2 * safe * safe)
    return where(greater(t, radius), zeros_like(t), where(inside, value, ones_like(t)))


def _weight(method: str, t: Any) -> Any:
    """How much an input counts at distance `t`."""
    if method.startswith("lanczos"):
        return _lanczos(t, float(method[-1]))
    return _cubic(t) if "cubic" in method else _triangle(t)


@operation("images", "scale", "translation")
def scale_and_translate(
    images: Any,
    output_shape: Sequence[int],
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Any:
    """Images scaled and moved by any amounts, which may be tensors: gradients flow to them.

    On each axis of `spatial_dims`, y[o] = sum over i of w(o, i) x[i] with w(o, i) = f(|s - i| / width), scaled to the
    sum 1, and s = (o + 1/2 - translation) / scale - 1/2; y[o] is 0 where s lies outside of the images. width is
    max(1 / scale, 1) where `antialias` is set, else 1.

    Args:
        images: A tensor with at least the axes that are named. Whole numbers become float32.
        output_shape: Shape of the result.
        scale: For each of `spatial_dims`, how much larger the images become.
        translation: For each of `spatial_dims`, how far they move towards the end, in pixels of the result.
        spatial_dims: The axes that are scaled and moved.
        method: `"linear"` (`"bilinear"`, `"trilinear"`), `"cubic"` (`"bicubic"`, `"tricubic"`), `"lanczos3"` or
            `"lanczos5"`.
        antialias: Whether smaller images are means over all pixels that an output covers.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: If the method is none of these, or numbers of axes do not agree.

    Example:
        >>> import oxhorn as keras
        >>> images, half = keras.ops.ones((1, 8, 8, 3)), keras.ops.array([0.5, 0.5])
        >>> keras.ops.image.scale_and_translate(images, (1, 4, 4, 3), half, half * 0, (1, 2), "linear").shape
        (1, 4, 4, 3)
    """
    owner = "scale_and_translate"
    arguments.choice(method, TRANSLATE_METHODS, "method", owner)
    images = convert_to_tensor(images)
    if not str(images.dtype).startswith("float"):
        images = cast(images, "float32")
    dtype = str(images.dtype)
    scale, translation = cast(scale, dtype), cast(translation, dtype)
    rank = len(images.shape)
    if len(output_shape) != rank:
        raise ValueError(
            f"{owner}: expected `output_shape` with {rank} sizes, as the images have. "
            f"Received: output_shape={tuple(output_shape)}, images.shape={tuple(images.shape)}."
        )
    count = len(spatial_dims)
    for name, given in (("scale", scale), ("translation", translation)):
        if tuple(given.shape) != (count,):
            raise ValueError(
                f"{owner}: expected `{name}` with one number for each of spatial_dims={tuple(spatial_dims)}. "
                f"Received a tensor of shape {tuple(given.shape)}."
            )
    moved = [axis % rank for axis in spatial_dims]
    for axis, size in enumerate(output_shape):
        if axis not in moved and None not in (size, images.shape[axis]) and size != images.shape[axis]:
            raise ValueError(
                f"{owner}: axis {axis} is not among spatial_dims={tuple(spatial_dims)}, so that its size stays. "
                f"Received: output_shape={tuple(output_shape)}, images.shape={tuple(images.shape)}."
            )
    for place, axis in enumerate(moved):
        size = arguments.integer(output_shape[axis], "output_shape", owner, low=1)
        weights = _placed_weights(
            images, axis, size, scale[place], translation[place], method.lower(), bool(antialias)
        )
        images = moveaxis(matmul(moveaxis(images, axis, -1), weights), -1, axis)
    return images


def _placed_weights(
    images: Any, axis: int, size: int, scale: Any, translation: Any, method: str, antialias: bool
) -> Any:
    """W of shape (inputs, outputs) for one axis."""
    dtype = str(images.dtype)
    inputs = cast(_core.apply("arange_along", [images], {"axis": axis}), dtype)
    last = cast(_core.apply("axis_size", [images], {"size": {"input": 0, "axis": axis}}), dtype) - 0.5
    step = 1.0 / scale
    middle = convert_to_tensor(np.arange(size) + 0.5, dtype)
    places = middle * step - translation * step - 0.5
    width = maximum(step, 1.0) if antialias else ones_like(step)
    weights = _weight(method, abs(expand_dims(places, 0) - expand_dims(inputs, 1)) / width)
    total = sum(weights, axis=0, keepdims=True)
    enough = greater(abs(total), 1000.0 * float(np.finfo("float32").eps))
    weights = where(enough, weights / where(enough, total, ones_like(total)), zeros_like(weights))
    inside = logical_and(logical_not(less(places, -0.5)), logical_not(greater(places, last)))
    return where(expand_dims(inside, 0), weights, zeros_like(weights))
