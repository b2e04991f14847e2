"""Digits: 1797 handwritten digits, 8 x 8 grey pixels; part of the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from oxhorn.datasets.readers import UInt8, read_npz

_FILE = Path(__file__).parent / "data" / "digits.npz"


def load_data() -> tuple[tuple[UInt8, UInt8], tuple[UInt8, UInt8]]:
    """Load the digits, which come with the package and need no download.

    The split is fixed and the same for every class: in the order of the original file, every fifth image of a class
    is for testing. That makes 1442 images for training and 355 for testing.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images of shape `(n, 8, 8)` with pixels from 0 to 16, and
        uint8 labels from 0 to 9.

    Example:
        >>> import oxhorn as keras
        >>> (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
        >>> x_train.shape, x_test.shape, x_train.max()
        ((1442, 8, 8), (355, 8, 8), np.uint8(16))

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49; CC BY 4.0. The 1797 images of its test part, as scikit-learn distributes them.
    """
    arrays = read_npz(_FILE, {"x": 1 << 20, "y": 1 << 20})
    x, y = arrays["x"], arrays["y"]
    test = np.zeros(len(y), dtype=bool)
    for label in range(10):
        test[np.flatnonzero(y == label)[4::5]] = True
    return (x[~test], y[~test]), (x[test], y[test])
