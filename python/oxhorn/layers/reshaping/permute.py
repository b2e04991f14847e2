"""Permuting axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Permute"]


class Permute(CoreLayer):
    """Put the axes of each sample in another order.

    `y.shape[k] = x.shape[dims[k - 1]]` for `k = 1, 2, ...`

    Args:
        dims: The axes in their new order: the numbers from 1 (the first axis after the batch) to the rank
            of a sample, each once.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ...)`.

    Output shape:
        The same sizes in the new order.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If `dims` is no permutation of 1 to n; when called, if the input has not n axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Permute((2, 1))(keras.Input(shape=(10, 64))).shape
    (None, 64, 10)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = arguments.integer_or_integers(dims, "dims", "Permute")
        self.dims = (axes,) if isinstance(axes, int) else tuple(axes)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: expected `dims` to hold each of the axes 1 to {len(self.dims)} once. "
                f"Received: dims={self.dims}. Axis 0 is the batch and stays where it is."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "dims": self.dims}
