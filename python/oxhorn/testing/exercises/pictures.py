"""The digits that come with the package, as the exercises take them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import Array


@cache
def flat_digits() -> tuple[Array, Array, Array, Array]:
    """x_train, y_train, x_test, y_test: 64 pixels between -1 and 1."""
    from oxhorn.datasets import digits

    (x, y), (x_test, y_test) = digits.load_data()
    return _scaled(x), y.astype("int32"), _scaled(x_test), y_test.astype("int32")


def _scaled(x: Any) -> Array:
    return np.asarray(x.reshape(-1, 64).astype("float32") / 8 - 1)


def placed(images: Any, seed: int, size: int = 12) -> Array:
    """Each 8 x 8 image somewhere on an empty canvas: float32 of shape (n, size, size, 1), pixels from 0 to 1."""
    canvas = np.zeros((len(images), size, size, 1), "float32")
    corners = np.random.default_rng(seed).integers(0, size - 7, size=(len(images), 2))
    for target, image, (row, column) in zip(canvas, images, corners, strict=True):
        target[row : row + 8, column : column + 8, 0] = image / 16
    return canvas


def moving_digits(split: str, copies: int, seed: int) -> tuple[Array, Array]:
    """Digits at random places, each image several times.

    Args:
        split: "train" or "test".
        copies: How many times each image is taken.
        seed: Of the places.

    Returns:
        Images and their digits.
    """
    from oxhorn.datasets import digits

    x, y = digits.load_data()[0 if split == "train" else 1]
    return placed(np.repeat(x, copies, axis=0), seed), np.repeat(y, copies).astype("int32")


def hundred_labels() -> tuple[Array, Array]:
    """100 moving digits, ten of each, with the answer to another question: 1 where the digit is odd, 0 where even."""
    from oxhorn.datasets import digits

    (x, y), _ = digits.load_data()
    rng = np.random.default_rng(5)
    chosen = np.concatenate([rng.permutation(np.flatnonzero(y == label))[:10] for label in range(10)])
    return placed(x[chosen], 6), (y[chosen] % 2).astype("int32")
