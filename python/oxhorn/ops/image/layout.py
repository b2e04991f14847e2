"""Which axis of an image is which, and the checks that all functions of images share."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.conversions import convert_to_tensor


def images_of(images: Any, owner: str, name: str = "images") -> Any:
    """`images` as a tensor of rank 3 (one image) or 4 (a batch)."""
    images = convert_to_tensor(images)
    if len(images.shape) not in (3, 4):
        raise ValueError(
            f"{owner}: Invalid {name} rank: expected rank 3 (single image) or rank 4 (batch of images). "
            f"Received: {name}.shape={tuple(images.shape)}. Add or remove axes."
        )
    return images


def float_images(images: Any, owner: str) -> Any:
    """`images_of`, of a float dtype."""
    images = images_of(images, owner)
    if not str(images.dtype).startswith("float"):
        raise ValueError(
            f"{owner}: Invalid images dtype: expected float dtype. Received: images.dtype={images.dtype}. "
            "Cast them, and scale them to [0, 1] where they hold 0 to 255."
        )
    return images


def axes_of(data_format: str | None, owner: str) -> tuple[int, int, int]:
    """The axes of height, width and channels, counted from the end."""
    if arguments.data_format(data_format, owner) == "channels_last":
        return -3, -2, -1
    return -2, -1, -3


def channels_last(images: Any, data_format: str | None, owner: str) -> Any:
    """The images as a batch with channels last."""
    last = axes_of(data_format, owner)[2] == -1
    if len(images.shape) == 3:
        images = _core.apply("expand_dims", [images], {"axis": 0})
    return images if last else _core.apply("transpose", [images], {"axes": [0, 2, 3, 1]})


def restored(images: Any, data_format: str | None, owner: str, single: bool) -> Any:
    """A batch with channels last, in the format it came in."""
    if axes_of(data_format, owner)[2] != -1:
        images = _core.apply("transpose", [images], {"axes": [0, 3, 1, 2]})
    return _core.apply("squeeze", [images], {"axis": [0]}) if single else images
