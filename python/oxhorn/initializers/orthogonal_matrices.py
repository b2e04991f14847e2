"""Orthogonal matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.initializers.initializer import sizes_of
from oxhorn.initializers.random_initializers import RandomInitializer

__all__ = ["Orthogonal"]


class Orthogonal(RandomInitializer):
    """Draw an orthogonal matrix, uniformly.

    `w = gain * Q` with `Q R` the QR decomposition of a normal matrix, signs chosen so that `R` has a positive
    diagonal. All axes but the last are taken together as rows; with fewer rows than columns the rows are
    orthogonal, otherwise the columns.

    Args:
        gain: Number to multiply with. Defaults to 1.0.
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.

    Raises:
        ValueError: If an argument is out of range, or when called with fewer than two axes.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> q = keras.initializers.Orthogonal(seed=1)((4, 4), dtype="float64").numpy()
    >>> bool(np.allclose(q @ q.T, np.eye(4)))
    True

    Source: Saxe et al., 2014 (https://arxiv.org/abs/1312.6120).
    """

    core_name = "Orthogonal"

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = arguments.number(gain, "gain", "Orthogonal")
        super().__init__(seed=seed)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return a tensor of the shape and dtype asked for, orthogonal as a matrix."""
        sizes = sizes_of(shape, "Orthogonal")
        if len(sizes) < 2:
            raise ValueError(
                f"Orthogonal: expected the tensor to initialize to be at least two-dimensional. Received: "
                f"shape={tuple(sizes)} of rank {len(sizes)}. Use another initializer for vectors, such as zeros for a "
                "bias."
            )
        return super().__call__(sizes, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "gain": self.gain}
