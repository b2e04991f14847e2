"""Initializers without randomness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from oxhorn import _core
from oxhorn.arguments import describe, number
from oxhorn.config import floatx
from oxhorn.initializers.initializer import CoreInitializer, sizes_of, value_of

__all__ = ["Constant", "Identity", "Ones", "Zeros"]


class Zeros(CoreInitializer):
    """Fill with zeros.

    `w = 0`

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.Zeros()((2, 2)).numpy().tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """

    core_name = "Zeros"


class Ones(CoreInitializer):
    """Fill with ones.

    `w = 1`

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.Ones()((3,)).numpy().tolist()
    [1.0, 1.0, 1.0]
    """

    core_name = "Ones"


class Constant(CoreInitializer):
    """Fill with one value, or with an array that broadcasts to the shape.

    `w = value`

    Args:
        value: A number or an array of numbers. Defaults to 0.0.

    Raises:
        ValueError: If the value is no number and no array of numbers.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.Constant(0.1)((2,), dtype="float64").numpy().tolist()
    [0.1, 0.1]
    """

    core_name = "Constant"

    def __init__(self, value: Any = 0.0) -> None:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(
                f"Constant: expected `value` to be a number or an array of numbers. "
                f"Received: value={describe(value)}. Pass a number such as value=0.1."
            )
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return a tensor of the shape and dtype asked for, filled with the value."""
        if np.ndim(self.value) == 0:
            return super().__call__(shape, dtype)
        array = np.asarray(self.value)
        try:
            full = np.broadcast_to(array, tuple(shape))
        except ValueError:
            raise ValueError(
                f"Constant: expected a shape to which `value` of shape {array.shape} broadcasts. "
                f"Received: shape={tuple(shape)}. Pass a value of that shape."
            ) from None
        return _core.tensor(np.ascontiguousarray(full), dtype or floatx())

    def core_config(self) -> dict[str, Any]:
        """The value as a plain float."""
        return {"value": float(self.value)}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new initializer from what `get_config` returned."""
        return cls(value_of(config["value"]))


class Identity(CoreInitializer):
    """The identity matrix, scaled.

    `w[i, j] = gain if i == j else 0`

    Args:
        gain: Number on the diagonal. Defaults to 1.0.

    Raises:
        ValueError: When called with a shape that is no matrix.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.Identity(gain=2.0)((2, 2)).numpy().tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """

    core_name = "Identity"

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number(gain, "gain", "Identity")

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return a matrix of the shape and dtype asked for, with the gain on its diagonal."""
        sizes = sizes_of(shape, "Identity")
        if len(sizes) != 2:
            raise ValueError(
                f"Identity can only be used for 2D matrices: expected a shape of two sizes. Received: "
                f"shape={tuple(sizes)} of rank {len(sizes)}. Use Dirac for convolutions."
            )
        return super().__call__(sizes, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"gain": self.gain}
