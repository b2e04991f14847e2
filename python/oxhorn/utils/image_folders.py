"""Pictures in folders as a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import arguments
from oxhorn.data.elements import Array
from oxhorn.utils import folders, images

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Batches of the pictures in a folder, of one size, with labels by subfolder.

    Args:
        directory: The folder; with `labels="inferred"`, one with a subfolder for each class.
        labels: `"inferred"`, a list of whole numbers in the order of the files' names, or `None`.
        label_mode: `"int"` for class numbers (int32), `"categorical"` for one-hot rows, `"binary"` for 0 and 1 of shape
            (batch, 1), both float32, or `None` for pictures alone.
        class_names: The subfolders to take, in the order of their numbers. Defaults to all, by name.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`: 3, 4 or 1 channels.
        batch_size: Pictures in a batch; `None` for single ones.
        image_size: (height, width) they are brought to.
        shuffle: Whether to shuffle: each pass has an order of its own.
        seed: Seed of the order, and of which pictures are for validation.
        validation_split: The part for validation, between 0 and 1.
        subset: `"training"`, `"validation"` or `"both"` (a pair), with `validation_split`.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        follow_links: Whether to go into folders that links point to.
        crop_to_aspect_ratio: Whether to cut off what is too long, in place of distorting.
        pad_to_aspect_ratio: Whether to fill up with black what is too short, in place of distorting.
        data_format: `"channels_last"` or `"channels_first"`; by default as configured.
        format: Accepted for compatibility: the result is always a `keras.data.Dataset`.
        verbose: Whether to print how many files there are.

    Returns:
        A `Dataset` of float32 pictures from 0 to 255, (batch, height, width, channels), with their labels; it has
        `class_names` and `file_paths`. With `subset="both"`, a pair of these.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If there are no pictures, arguments do not go together, or (while iterating) a file is no picture:
            the message names it.
        ImportError: If Pillow is not installed.

    Example:
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cats", "dogs"):
    ...         pathlib.Path(folder, name).mkdir()
    ...         keras.utils.save_img(pathlib.Path(folder, name, "one.png"), np.ones((8, 9, 3)))
    ...     pictures = keras.utils.image_dataset_from_directory(folder, image_size=(4, 4))
    ...     x, y = next(iter(pictures))
    Found 2 files belonging to 2 classes.
    >>> x.shape, sorted(y.tolist()), pictures.class_names
    ((2, 4, 4, 3), [0, 1], ['cats', 'dogs'])
    """
    who = "image_dataset_from_directory"
    folder = folders.Folder(
        who=who,
        directory=directory,
        labels=labels,
        label_mode=label_mode,
        class_names=class_names,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        follow_links=follow_links,
        verbose=verbose,
    )
    if color_mode not in images.MODES:
        raise ValueError(
            f'{who}: `color_mode` must be one of "rgb", "rgba" or "grayscale"; got {color_mode!r}.'
        )
    interpolation = arguments.choice(interpolation, _INTERPOLATIONS, "interpolation", who)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(f"{who}: pictures can be cropped or padded to the proportions of a size, not both.")
    folders.check_format(who, format)
    height, width = images._size(image_size, "image_size", who)
    layout = arguments.data_format(data_format, who)
    images.pillow(who)

    def read(path: str) -> Array:
        from oxhorn import ops

        picture = images.read_picture(path, color_mode).astype(np.float32)
        if picture.shape[:2] != (height, width):
            resized = ops.image.resize(
                picture,
                (height, width),
                interpolation=interpolation,
                crop_to_aspect_ratio=crop_to_aspect_ratio,
                pad_to_aspect_ratio=pad_to_aspect_ratio,
                data_format="channels_last",
            )
            picture = np.asarray(resized, np.float32)
        return picture if layout == "channels_last" else np.ascontiguousarray(picture.transpose(2, 0, 1))

    return folder.dataset(read, "images", ENDINGS)
