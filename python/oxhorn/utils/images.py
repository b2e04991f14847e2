"""Pictures in files, as Pillow images and as arrays."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, cast

import numpy as np

from oxhorn import arguments, config
from oxhorn.data.elements import Array

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
# Kinds of grey that are kept as they are: 8, 16 and 32 bits.
_GREYS = ("L", "I;16", "I")
_INTERPOLATIONS = {
    "nearest": "NEAREST",
    "bilinear": "BILINEAR",
    "bicubic": "BICUBIC",
    "hamming": "HAMMING",
    "box": "BOX",
    "lanczos": "LANCZOS",
}


def pillow(who: str) -> Any:
    """Pillow's module `Image`, which is an extra."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            f"{who} needs Pillow, which is not installed: pip install 'oxhorn[images]'."
        ) from None
    return Image


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """A picture from a file.

    Args:
        path: A path, or a file in memory (`io.BytesIO`).
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`.
        target_size: (height, width) to bring it to, or `None`.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos"`, `"box"` or `"hamming"`.
        keep_aspect_ratio: Whether to cut out the largest middle part of the target's proportions first.

    Returns:
        A Pillow image.

    Raises:
        ImportError: If Pillow is not installed.
        ValueError: If the file is no picture, or an argument is none of the above.
        FileNotFoundError: If it is not there.

    Example:
    >>> import io
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> file = io.BytesIO()
    >>> keras.utils.save_img(file, np.zeros((4, 6, 3)), file_format="png")
    >>> keras.utils.img_to_array(keras.utils.load_img(file, target_size=(2, 3))).shape
    (2, 3, 3)
    """
    image = pillow("load_img")
    if color_mode not in MODES:
        raise ValueError(f'load_img: `color_mode` must be "grayscale", "rgb", or "rgba"; got {color_mode!r}.')
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(
            f"load_img: expected `interpolation` to be one of {sorted(_INTERPOLATIONS)}; got {interpolation!r}."
        )
    if isinstance(path, io.BytesIO):
        file, name = path, "the file in memory"
    elif isinstance(path, (str, bytes, os.PathLike)):
        name = os.fsdecode(path)
        file = io.BytesIO(Path(name).expanduser().read_bytes())
    else:
        raise TypeError(f"load_img: expected a path or io.BytesIO; got {arguments.describe(path)}.")
    try:
        picture = image.open(file)
        picture.load()
        if color_mode != "grayscale" or picture.mode not in _GREYS:
            picture = picture.convert(MODES[color_mode])
    except (OSError, SyntaxError, ValueError, image.DecompressionBombError) as error:
        unknown = isinstance(error, image.UnidentifiedImageError)  # its own words have an address in memory
        reason = "it has the format of no known kind of picture" if unknown else error
        raise ValueError(f"load_img: {name} is not a picture that can be read: {reason}.") from None
    if target_size is None:
        return picture
    height, width = _size(target_size, "target_size", "load_img")
    if picture.size == (width, height):
        return picture
    box = _middle(picture.size, (width, height)) if keep_aspect_ratio else None
    return picture.resize((width, height), getattr(image.Resampling, _INTERPOLATIONS[interpolation]), box=box)


def _size(size: Any, name: str, who: str) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise ValueError(f"{who}: expected `{name}` to be (height, width); got {arguments.describe(size)}.")
    height, width = (arguments.integer(n, name, who, low=1, high=2**16) for n in size)
    return height, width


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest middle part of the target's proportions, as left, top, right, bottom."""
    width, height = size
    crop_width = min(width, height * target[0] // target[1])
    crop_height = min(height, width * target[1] // target[0])
    left, top = (width - crop_width) // 2, (height - crop_height) // 2
    return left, top, left + crop_width, top + crop_height


def img_to_array(img: Any, data_format: str | None = None, dtype: str | None = None) -> Array:
    """A Pillow image as an array (height, width, channels) of values from 0 to 255.

    Args:
        img: The image.
        data_format: `"channels_last"` or `"channels_first"`; by default as configured.
        dtype: By default `floatx()`.

    Raises:
        ValueError: If the image has no height and width.
    """
    first = arguments.data_format(data_format, "img_to_array") == "channels_first"
    array = np.asarray(img, dtype=config.floatx() if dtype is None else dtype)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise ValueError(
            f"img_to_array: Unsupported image shape: expected height, width and perhaps channels; got {array.shape}."
        )
    # A copy of its own, which may be written to.
    return np.array(array.transpose(2, 0, 1) if first else array, order="C")


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: str | None = None) -> Any:
    """An array as a Pillow image.

    With `scale`, y = 255 (x - min x) / (max x - min x).

    Args:
        x: An array or tensor (height, width, channels) with 1, 3 or 4 channels.
        data_format: `"channels_last"` or `"channels_first"`; by default as configured.
        scale: Whether to bring values to the range from 0 to 255. If not, they must be in it.
        dtype: What to calculate in; by default `floatx()`.

    Raises:
        ImportError: If Pillow is not installed.
        ValueError: If the shape is none of the above.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> image = keras.utils.array_to_img(np.arange(24.0).reshape(2, 4, 3))
    >>> image.size, keras.utils.img_to_array(image).max()
    ((4, 2), np.float32(255.0))
    """
    image = pillow("array_to_img")
    array = np.asarray(x, dtype=config.floatx() if dtype is None else dtype)
    if array.ndim != 3:
        raise ValueError(
            "array_to_img: Expected image array to have rank 3 (single image); "
            f"got an array of shape {array.shape}."
        )
    if arguments.data_format(data_format, "array_to_img") == "channels_first":
        array = array.transpose(1, 2, 0)
    if scale:
        array = array - np.min(array)
        top = np.max(array)
        array = array * (255 / top) if top != 0 else array
    channels = array.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(
            f"array_to_img: Unsupported channel number: expected 1, 3 or 4; got {channels} in shape {array.shape}."
        )
    if channels == 1:
        # Values that do not fit into 8 bits make an image of 32.
        return image.fromarray(array[:, :, 0].astype("int32" if np.max(array) > 255 else "uint8"))
    return image.fromarray(array.astype("uint8"))


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array to a picture file.

    Args:
        path: A path or an open file.
        x: An array or tensor (height, width, channels).
        data_format: `"channels_last"` or `"channels_first"`; by default as configured.
        file_format: `"png"`, `"jpg"` and whatever Pillow knows; by default what the path ends in.
        scale: Whether to bring values to the range from 0 to 255.
        **kwargs: Handed on to Pillow's `Image.save`.

    Raises:
        ImportError: If Pillow is not installed.
        ValueError: If the format is unknown, or the array is no image.
    """
    picture = array_to_img(x, data_format=data_format, scale=scale)
    ending = Path(os.fsdecode(path)).suffix[1:] if isinstance(path, (str, bytes, os.PathLike)) else ""
    wanted = (file_format or ending).lower()
    if picture.mode == "RGBA" and wanted in ("jpg", "jpeg"):
        from oxhorn.utils.messages import print_message

        print_message("save_img: JPEG has no transparency, so that the picture is saved as RGB.")
        picture = picture.convert("RGB")
    try:
        picture.save(path, format="jpeg" if wanted == "jpg" else wanted or None, **kwargs)
    except KeyError:
        raise ValueError(
            f"save_img: expected a format that Pillow writes, such as 'png' or 'jpg'; got {wanted!r}. Pass "
            "`file_format`, or a path that ends in one."
        ) from None


def smart_resize(
    x: Any, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last"
) -> Any:
    """Pictures brought to a size without distortion: the largest middle part of its proportions is resized.

    Args:
        x: An array or tensor (height, width, channels), or a batch of these.
        size: (height, width).
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        An array for an array, a tensor for a tensor.

    Raises:
        ValueError: If `x` is no picture, or `size` no size.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.preprocessing.image.smart_resize(np.ones((34, 50, 3)), (20, 20)).shape
    (20, 20, 3)
    """
    from oxhorn import ops

    height, width = _size(size, "size", "smart_resize")
    rank = len(np.shape(x))
    if rank not in (3, 4):
        raise ValueError(
            "smart_resize: Expected an image array with shape (height, width, channels), or a batch of these; got "
            f"input with incorrect rank, of shape {np.shape(x)}."
        )
    axis = -3 if arguments.data_format(data_format, "smart_resize") == "channels_last" else -2
    tall, wide = np.shape(x)[axis], np.shape(x)[axis + 1]
    crop_height = max(min(tall, int(wide * height / width)), 1)
    crop_width = max(min(wide, int(tall * width / height)), 1)
    top, left = int((tall - crop_height) / 2), int((wide - crop_width) / 2)
    rows, columns = slice(top, top + crop_height), slice(left, left + crop_width)
    part = x[..., rows, columns, :] if axis == -3 else x[..., rows, columns]
    resized = ops.image.resize(part, (height, width), interpolation=interpolation, data_format=data_format)
    return np.asarray(resized) if isinstance(x, np.ndarray) else resized


def read_picture(path: str, color_mode: str) -> Array:
    """The values of a picture file, (height, width, channels), for batches of many."""
    return cast(Array, np.atleast_3d(np.asarray(load_img(path, color_mode=color_mode))))
