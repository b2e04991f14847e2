"""What CIFAR-10 and CIFAR-100 have in common: 60,000 coloured images of 32 x 32 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import config
from oxhorn.datasets import files, pickles
from oxhorn.datasets.images import Split
from oxhorn.datasets.readers import UInt8

_ORIGIN = "https://www.cs.toronto.edu/~kriz/"


def load(
    who: str,
    folder: str,
    archive: str,
    sha256: str,
    members: dict[str, int],
    keys: Sequence[str],
    classes: int,
) -> tuple[Split, Split]:
    """Read the files of one of the two sets.

    Args:
        who: Name of the data set, for messages.
        folder: The name of the folder in the archive.
        archive: The name of the archive.
        sha256: Its checksum.
        members: The files in it, those for training first, with the most bytes that each may take.
        keys: Under which names their labels stand.
        classes: How many classes there are.
    """
    names = list(members)
    found = files.find([f"{folder}/{name}" for name in names])
    # Keras unpacks the archive into a folder of this name.
    found = found or files.find([f"{folder}-target/{folder}/{name}" for name in names])
    contents: dict[str, Any] = {}
    if found is not None:
        for name, path in zip(names, found, strict=True):
            if path.stat().st_size > members[name]:
                raise ValueError(f"{who}: expected {path} to take at most {members[name]} bytes.")
            contents[name] = pickles.read_pickle(path.read_bytes(), path)
    else:
        packed = next(iter(files.find([archive]) or []), None)
        if packed is None:
            try:
                packed = files.download(who, archive, sha256, max_bytes=200 << 20, origin=_ORIGIN)
            except OSError as error:
                choices = [archive, f"{folder}/ with {', '.join(names)}"]
                reason = f"not found here, and the download failed: {error}."
                raise files.missing(who, choices, reason) from error
        contents = pickles.read_members(packed, members)
    parts = [_images_and_labels(who, name, contents[name], keys, classes) for name in names]
    train = (np.concatenate([x for x, _ in parts[:-1]]), np.concatenate([y for _, y in parts[:-1]]))
    return train, parts[-1]


def _images_and_labels(who: str, name: str, content: Any, keys: Sequence[str], classes: int) -> Split:
    data = content.get(b"data") if isinstance(content, dict) else None
    labels = (
        next((content[key.encode()] for key in keys if key.encode() in content), None)
        if data is not None
        else None
    )
    good = (
        isinstance(data, np.ndarray)
        and data.ndim == 2
        and data.shape[1] == 3072
        and isinstance(labels, list)
        and len(labels) == len(data)
        and all(type(label) is int and 0 <= label < classes for label in labels)
    )
    if not good:
        raise ValueError(
            f"{who}: expected `data` of shape (n, 3072) and n labels from 0 to {classes - 1} in the file {name}."
        )
    assert isinstance(data, np.ndarray)
    images: UInt8 = data.reshape(-1, 3, 32, 32)
    if config.image_data_format() == "channels_last":
        images = images.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(labels, np.uint8).reshape(-1, 1)
