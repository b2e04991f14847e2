"""What MNIST and Fashion-MNIST have in common: 70,000 grey images of 28 x 28 pixels in ten classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from oxhorn.datasets.readers import UInt8, read_idx, read_npz

Split = tuple[UInt8, UInt8]

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_MOST = 60_000
_PIXELS = 28 * 28


def from_npz(who: str, path: Path) -> tuple[Split, Split]:
    """Read `x_train`, `y_train`, `x_test`, `y_test` from a NumPy archive."""
    images, labels = _MOST * _PIXELS, _MOST * 8
    limits = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    arrays = read_npz(path, limits)
    x_train, y_train, x_test, y_test = (arrays[name] for name in limits)
    return _checked(who, path, x_train, y_train), _checked(who, path, x_test, y_test)


def from_idx(who: str, paths: list[Path]) -> tuple[Split, Split]:
    """Read the four files of `IDX_FILES`, in that order."""
    x_train, x_test = (read_idx(paths[i], 3, _MOST * _PIXELS) for i in (0, 2))
    y_train, y_test = (read_idx(paths[i], 1, _MOST) for i in (1, 3))
    return _checked(who, paths[0], x_train, y_train), _checked(who, paths[2], x_test, y_test)


def _checked(who: str, path: Path, x: UInt8, y: UInt8) -> Split:
    if x.ndim != 3 or x.shape[1:] != (28, 28) or y.shape != x.shape[:1] or x.dtype != np.uint8:
        raise ValueError(
            f"{who}: expected {path} to hold uint8 images of shape (n, 28, 28) and n labels, "
            f"got {x.dtype} images of shape {x.shape} and labels of shape {y.shape}."
        )
    if y.size and (y.min() < 0 or y.max() > 9):
        raise ValueError(f"{who}: expected labels from 0 to 9 in {path}, got {y.min()} to {y.max()}.")
    return x, y.astype(np.uint8)
