"""MNIST: 70,000 handwritten digits, 28 x 28 grey pixels."""

from __future__ import annotations

import os

from oxhorn.datasets import files, images

_FILE = "mnist.npz"
_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str | os.PathLike[str] = _FILE) -> tuple[images.Split, images.Split]:
    """Load MNIST.

    Looked for in the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in `~/.keras/datasets`, as
    `mnist.npz` or as the four IDX files in a subfolder `mnist` (plain or `.gz`); else downloaded and checked.

    Args:
        path: an archive to read instead: a path, or its name in one of these folders. Defaults to `"mnist.npz"`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images of shape `(60000, 28, 28)` and `(10000, 28, 28)` with
        pixels from 0 to 255, and uint8 labels from 0 to 9.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if a file is damaged.

    Example:
        >>> import oxhorn as keras
        >>> (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()  # doctest: +SKIP
        >>> x_train.shape, y_train[:6]  # doctest: +SKIP
        ((60000, 28, 28), array([5, 0, 4, 1, 9, 2], dtype=uint8))

    Source: Y. LeCun, C. Cortes, C. Burges, http://yann.lecun.com/exdb/mnist/; CC BY-SA 3.0.
    """
    archive = files.given(path)
    if archive is not None:
        return images.from_npz("mnist", archive)
    choices = [_FILE, "mnist/ with " + ", ".join(images.IDX_FILES) + " (each plain or .gz)"]
    if os.fspath(path) != _FILE:
        raise files.missing("mnist", [os.fspath(path)], f"there is no file {os.fspath(path)!r}.")
    raw = files.find([f"mnist/{name}" for name in images.IDX_FILES])
    if raw is not None:
        return images.from_idx("mnist", raw)
    try:
        archive = files.download("mnist", _FILE, _SHA256, max_bytes=20 << 20)
    except OSError as error:
        raise files.missing("mnist", choices, f"not found here, and the download failed: {error}.") from error
    return images.from_npz("mnist", archive)
