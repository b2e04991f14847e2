"""Zeros around an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer
from oxhorn.layers.reshaping.sides import sides

__all__ = ["ZeroPadding2D"]


class ZeroPadding2D(CoreLayer):
    """Add rows and columns of zeros around each image.

    `y[b, i, j] = x[b, i - top, j - left]` inside, 0 outside

    Args:
        padding: A number for all four sides, a pair `(rows, columns)` each for both sides, or
            `((top, bottom), (left, right))`. Defaults to (1, 1).
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with channels first.

    Output shape:
        The same with `top + rows + bottom` rows and `left + columns + right` columns.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the padding is negative or of another form; when called, if the input has not four
            axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.ZeroPadding2D(((1, 0), (2, 2)))(keras.Input(shape=(4, 5, 3))).shape
    (None, 5, 9, 3)
    """

    def __init__(
        self,
        padding: int | Sequence[int] | Sequence[Sequence[int]] = (1, 1),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.padding = sides(padding, 2, "padding", "ZeroPadding2D")
        self.data_format = arguments.data_format(data_format, "ZeroPadding2D")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}
