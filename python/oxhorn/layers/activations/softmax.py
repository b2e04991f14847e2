"""Softmax as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.arguments import integer_or_integers
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Softmax"]


class Softmax(CoreLayer):
    """Turn scores into probabilities that add up to 1.

    `y_i = exp(x_i - max(x)) / sum_j exp(x_j - max(x))`

    Args:
        axis: The axis along which they add up, or a list of axes taken together. Defaults to -1.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The scores.
        mask: Booleans that broadcast to the scores, True for those that count; the others get probability 0.
            Defaults to None; the mask of steps that travels with the inputs leaves the others their probabilities.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the axis is no integer and no list of integers; when called, if it is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> print(keras.layers.Softmax()(np.array([1.0, 2.0, 1.0])).numpy().round(4))
    [0.2119 0.5761 0.2119]
    """

    build_at_init = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = integer_or_integers(axis, "axis", "Softmax")
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Compute in the core; a mask has the shape of the inputs, or one that broadcasts to it."""
        if mask is not None and mask is getattr(inputs, "_keras_mask", None):
            mask = self._of_entries(mask, inputs)
        if mask is not None:
            shape, own = tuple(mask.shape), tuple(inputs.shape)
            wrong = "must not have more dimensions than the inputs" if len(shape) > len(own) else ""
            sizes = zip(reversed(shape), reversed(own), strict=False)
            if not wrong and any(m not in (x, 1) and m is not None and x is not None for m, x in sizes):
                wrong = "must be broadcastable to the inputs"
            if wrong:
                raise ValueError(
                    f"Softmax layer {self.name!r}: the mask {wrong}. Expected a shape such as {own}; got {shape}. "
                    "Give it axes of size 1 where it is the same for all."
                )
        return super().call(inputs, training=training, mask=mask)

    def _of_entries(self, mask: Any, inputs: Any) -> Any:
        """What the mask of steps that travels with the inputs says of their entries: nothing along later axes."""
        rank, steps = len(inputs.shape), len(mask.shape)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        if steps < rank and all(axis % rank >= steps for axis in axes):
            return None
        return ops.reshape(mask, (*ops.shape(mask), *[1] * (rank - steps)))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
