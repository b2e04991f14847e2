"""Vectors of length one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.layer import Layer

__all__ = ["UnitNormalization"]


class UnitNormalization(Layer):
    """Bring each vector to length one.

    `y = x / sqrt(max(sum(x^2), 1e-12))`

    Args:
        axis: The axis, or axes, of the vectors. Defaults to -1.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any that has the axes.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        TypeError: If `axis` is neither an integer nor a list of integers.
        ValueError: When called, if an axis is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.UnitNormalization()(np.array([[3.0, 4.0]])).numpy().round(3).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        try:
            self.axis = arguments.integer_or_integers(axis, "axis", "UnitNormalization")
        except ValueError as error:
            raise TypeError(
                f"Invalid value for `axis` argument: expected an int or a list/tuple of ints. {error}"
            ) from None
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Divide by the length."""
        self._check_axes(inputs.shape)
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        self._check_axes(input_shape)
        return input_shape

    def _check_axes(self, shape: Any) -> None:
        for axis in [self.axis] if isinstance(self.axis, int) else self.axis:
            if not -len(shape) <= axis < len(shape):
                raise ValueError(
                    f"UnitNormalization layer {self.name!r}: Axis {axis} is out of bounds for input shape "
                    f"{tuple(shape)}. Received: axis={self.axis}."
                )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
