"""Borders put around images, or cut off."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.dispatch import operation
from oxhorn.ops.image.layout import axes_of, images_of


def _sides(owner: str, what: str, sides: tuple[Any, Any], target: Any, names: tuple[str, str, str]) -> None:
    """ValueError unless exactly two of (before, behind, target) are given and none is negative."""
    given = dict(zip(names, (*sides, target), strict=True))
    if list(given.values()).count(None) != 1:
        listed = ", ".join(f"{name}={value}" for name, value in given.items())
        raise ValueError(
            f"{owner}: Must specify exactly two of {names[0]}, {names[1]}, {names[2]}. Received: {listed}"
        )
    for name, value in given.items():
        if value is not None:
            _not_negative(owner, what, name, arguments.integer(value, name, owner))


def _not_negative(owner: str, what: str, name: str, value: int) -> None:
    if value < 0:
        raise ValueError(f"{owner}: {name} must be >= 0. Received: {name}={value}. {what}")


def _fitted(
    owner: str,
    images: Any,
    axis: int,
    sides: tuple[Any, Any],
    target: Any,
    names: tuple[str, str, str],
    sign: int,
) -> Any:
    """The images with one axis made longer (`sign` 1) or shorter (-1)."""
    what = "Use crop_images to make images smaller." if sign > 0 else "Use pad_images to make images larger."
    _sides(owner, what, sides, target, names)
    before, behind = sides
    size = images.shape[axis]
    if size is None:
        if target is None:
            if sign > 0:
                pairs = [[0, 0]] * len(images.shape)
                pairs[axis] = [before, behind]
                return _core.apply("pad", [images], {"pad_width": pairs})
            raise ValueError(
                f"{owner}: When the size of axis {axis} of the images is unknown, {names[2]} must be given. "
                f"Received: images.shape={tuple(images.shape)}, {names[0]}={before}, {names[1]}={behind}."
            )
        place = {"before": sign * before} if before is not None else {"behind": sign * behind}
        return _core.apply("extent", [images], {"axis": axis, "size": target, **place})
    if target is None:
        target = size + sign * (before + behind)
    elif before is None:
        before = sign * (target - size) - behind
    else:
        behind = sign * (target - size) - before
    for name, value in zip(names, (before, behind, target), strict=True):
        if value < 0:
            _not_negative(owner, f"images.shape={tuple(images.shape)}. {what}", name, value)
    return _core.apply("extent", [images], {"axis": axis, "size": target, "before": sign * before})


@operation("images")
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Zeros around images.

    height = top_padding + (the height of the images) + bottom_padding: two of target height, top and bottom are
    given, the third follows. So also for the width.

    Args:
        images: Images of rank 3, or a batch of rank 4.
        top_padding: Rows above.
        left_padding: Columns to the left.
        bottom_padding: Rows below.
        right_padding: Columns to the right.
        target_height: Height of the result.
        target_width: Width of the result.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the target size, of the same dtype.

    Raises:
        ValueError: If not exactly two of three are given, or one of them is (or would be) negative.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.pad_images(keras.ops.ones((4, 4, 3)), 1, 2, target_height=8, target_width=8).shape
        (8, 8, 3)
    """
    owner = "pad_images"
    images = images_of(images, owner)
    height, width, _ = axes_of(data_format, owner)
    names = ("top_padding", "bottom_padding", "target_height")
    images = _fitted(owner, images, height, (top_padding, bottom_padding), target_height, names, 1)
    names = ("left_padding", "right_padding", "target_width")
    return _fitted(owner, images, width, (left_padding, right_padding), target_width, names, 1)


@operation("images")
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images without their borders.

    height = (the height of the images) - top_cropping - bottom_cropping: two of target height, top and bottom are
    given, the third follows. So also for the width.

    Args:
        images: Images of rank 3, or a batch of rank 4.
        top_cropping: Rows cut off above.
        left_cropping: Columns cut off to the left.
        bottom_cropping: Rows cut off below.
        right_cropping: Columns cut off to the right.
        target_height: Height of the result.
        target_width: Width of the result.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the target size, of the same dtype.

    Raises:
        ValueError: If not exactly two of three are given, or one of them is (or would be) negative.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.crop_images(keras.ops.ones((9, 9, 3)), 1, 2, target_height=4, target_width=5).shape
        (4, 5, 3)
    """
    owner = "crop_images"
    images = images_of(images, owner)
    height, width, _ = axes_of(data_format, owner)
    names = ("top_cropping", "bottom_cropping", "target_height")
    images = _fitted(owner, images, height, (top_cropping, bottom_cropping), target_height, names, -1)
    names = ("left_cropping", "right_cropping", "target_width")
    return _fitted(owner, images, width, (left_cropping, right_cropping), target_width, names, -1)
