"""Convolutions that begin as the identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core, arguments
from oxhorn.config import floatx
from oxhorn.initializers.initializer import Initializer, sizes_of

__all__ = ["Dirac"]


class Dirac(Initializer):
    """Fill a convolution's kernel so that it passes its input on: as many channels of it as there are filters.

    `w[c, d, g * filters / groups + d] = 1` with `c` the middle of the window, `d` the channels of a group and `g`
    the groups; 0 elsewhere. With padding "same" and stride 1 the convolution returns its input. An addition,
    known from PyTorch as `dirac_`; for windows of even size the middle is where padding "same" needs it.

    Args:
        groups: The groups of the convolution; each passes on its own channels. Defaults to 1.

    Raises:
        ValueError: If `groups` is no positive integer; when called, if the shape is not that of the kernel of a
            convolution (one to three axes of the window, channels, filters) or the groups do not divide the filters.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Conv1D(2, 3, padding="same", kernel_initializer=keras.initializers.Dirac())
    >>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy().tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]

    Source: Zagoruyko and Komodakis, 2017 (https://arxiv.org/abs/1706.00388).
    """

    def __init__(self, groups: int = 1) -> None:
        self.groups = arguments.positive_integer(groups, "groups", "Dirac")

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return the kernel.

        Args:
            shape: `(*window, channels of a group, filters)`.
            dtype: Name of the dtype; None is the configured float dtype.
        """
        *window, channels, filters = sizes = sizes_of(shape, "Dirac") or [0, 0]
        if not 3 <= len(sizes) <= 5 or 0 in window or filters % self.groups != 0:
            raise ValueError(
                f"Dirac: expected the shape of the kernel of a convolution, (*window, channels, filters), with filters "
                f"that {self.groups} groups divide. Received: shape={tuple(shape)}. Use it for Conv1D, Conv2D and "
                "Conv3D; Identity is for matrices."
            )
        kernel = np.zeros(sizes)
        middle = tuple((size - 1) // 2 for size in window)
        each = filters // self.groups
        for group in range(self.groups):
            for d in range(min(channels, each)):
                kernel[(*middle, d, group * each + d)] = 1.0
        return _core.tensor(kernel, dtype or floatx())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"groups": self.groups}
