"""Windows cut out of images and volumes."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.conversions import convert_to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.nn.windows import padding_name


def _cut(
    owner: str, x: Any, size: Any, strides: Any, dilation_rate: Any, padding: Any, data_format: Any
) -> Any:
    """The windows of images (two sizes) or volumes (three)."""
    rank = len(size)
    x = convert_to_tensor(x)
    if len(x.shape) not in (rank + 1, rank + 2):
        raise ValueError(
            f"{owner}: expected an input of rank {rank + 1} (a single one) or {rank + 2} (a batch) for windows of size "
            f"{size}. Received an input of shape {tuple(x.shape)}."
        )
    attrs = {
        "size": list(size),
        "strides": list(arguments.integers(size if strides is None else strides, rank, "strides", owner)),
        "dilation_rate": list(arguments.integers(dilation_rate, rank, "dilation_rate", owner)),
        "padding": padding_name(padding, owner),
    }
    last = arguments.data_format(data_format, owner) == "channels_last"
    single = len(x.shape) == rank + 1
    if single:
        x = _core.apply("expand_dims", [x], {"axis": 0})
    if not last:
        x = _core.apply("transpose", [x], {"axes": [0, *range(2, rank + 2), 1]})
    x = _core.apply("patches", [x], attrs)
    if not last:
        x = _core.apply("transpose", [x], {"axes": [0, rank + 1, *range(1, rank + 1)]})
    return _core.apply("squeeze", [x], {"axis": [0]}) if single else x


@operation("images")
def extract_patches(
    images: Any,
    size: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    dilation_rate: int | tuple[int, ...] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The windows of images (or of volumes, for three sizes), each as one row of numbers.

    y[n, o, (k, c)] = x[n, o * stride + k * dilation - before, c], 0 outside, with o and k over all spatial axes

    Args:
        images: Images of rank 3, or a batch of rank 4 (one rank more for volumes).
        size: Height and width of a window, one number or one for each; three for volumes.
        strides: Steps of the window; its size by default.
        dilation_rate: Distance of neighbouring places of the window.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        A tensor of shape (batch, windows.., height * width * channels) of the same dtype, with channels where the
        images have them.

    Raises:
        TypeError: If `size` is neither a number nor a tuple.
        ValueError: If sizes do not fit the images.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.extract_patches(keras.ops.ones((2, 20, 20, 3)), 5).shape
        (2, 4, 4, 75)
    """
    owner = "extract_patches"
    if not isinstance(size, (int, tuple, list)):
        raise TypeError(
            f"{owner}: Invalid `size` argument. Expected an int or a tuple. "
            f"Received: size={size} of type {type(size).__name__}"
        )
    if not isinstance(size, int) and len(size) not in (2, 3):
        raise ValueError(
            f"{owner}: Invalid `size` argument. Expected a tuple of length 2 or 3. "
            f"Received: size={size} with length {len(size)}"
        )
    sizes = arguments.integers(size, 2 if isinstance(size, int) else len(size), "size", owner)
    return _cut(owner, images, sizes, strides, dilation_rate, padding, data_format)


@operation("volumes")
def extract_patches_3d(
    volumes: Any,
    size: int | tuple[int, int, int],
    strides: int | tuple[int, int, int] | None = None,
    dilation_rate: int | tuple[int, int, int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The windows of volumes, each as one row of numbers.

    y[n, o, (k, c)] = x[n, o * stride + k * dilation - before, c], 0 outside, with o and k over all three axes

    Args:
        volumes: A volume of rank 4, or a batch of rank 5.
        size: Depth, height and width of a window, one number or one for each.
        strides: Steps of the window; its size by default.
        dilation_rate: Distance of neighbouring places of the window.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        A tensor of shape (batch, windows.., depth * height * width * channels) of the same dtype, with channels where
        the volumes have them.

    Raises:
        ValueError: If sizes do not fit the volumes.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.extract_patches_3d(keras.ops.ones((2, 10, 10, 10, 3)), 5).shape
        (2, 2, 2, 2, 375)
    """
    owner = "extract_patches_3d"
    sizes = arguments.integers(size, 3, "size", owner)
    return _cut(owner, volumes, sizes, strides, dilation_rate, padding, data_format)
