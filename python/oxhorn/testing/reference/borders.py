"""Borders of images, and images seen from elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference.images import affine_transform, homography

Array = NDArray[Any]


def pad_images(
    images: ArrayLike,
    top_padding: int = 0,
    left_padding: int = 0,
    bottom_padding: int = 0,
    right_padding: int = 0,
) -> Array:
    """Rows and columns of zeros around images of shape (batch, height, width, channels)"""
    return np.pad(images, [(0, 0), (top_padding, bottom_padding), (left_padding, right_padding), (0, 0)])


def crop_images(
    images: ArrayLike,
    top_cropping: int = 0,
    left_cropping: int = 0,
    bottom_cropping: int = 0,
    right_cropping: int = 0,
) -> Array:
    """Images of shape (batch, height, width, channels) without these rows and columns"""
    x = np.asarray(images)
    return x[:, top_cropping : x.shape[1] - bottom_cropping, left_cropping : x.shape[2] - right_cropping]


def perspective_transform(
    images: ArrayLike, start_points: ArrayLike, end_points: ArrayLike, fill_value: float = 0.0
) -> Array:
    """What was at the four start points comes to lie at the four end points"""
    return affine_transform(images, homography(start_points, end_points), 1, "constant", fill_value)
