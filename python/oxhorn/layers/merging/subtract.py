"""Subtract the second input from the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import tree
from oxhorn.layers.merging.base_merge import Merge

__all__ = ["Subtract", "subtract"]


class Subtract(Merge):
    """Subtract the second input from the first, entry by entry.

    `y = x_1 - x_2`

    Args:
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        A list of two tensors whose shapes are equal or broadcast; one of lower rank gets axes of size 1
        after the batch.

    Output shape:
        The shape that they broadcast to.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: When called, if the input is no list of two, or the shapes do not fit.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Subtract()
    >>> layer([np.array([[1.0, 2.0]]), np.array([[4.0, 5.0]])]).numpy().ravel().tolist()
    [-3.0, -3.0]
    """

    def build(self, input_shape: Any = None) -> None:
        """Nothing to build; two inputs are needed."""
        if input_shape is not None and not tree.is_shape(input_shape):
            self._check_two(input_shape)
        super().build(input_shape)

    def _check_two(self, inputs: Any) -> None:
        if isinstance(inputs, (list, tuple)) and len(inputs) != 2:
            raise ValueError(
                f"Subtract layer {self.name!r}: the layer should be called on exactly 2 inputs, a list of exactly 2 "
                f"tensors; got {len(inputs)}. Call it on a list, layer([a, b])."
            )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Subtract the second input from the first."""
        self._check_two(inputs)
        return super().call(inputs, training=training, mask=mask)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Subtract the second input from the first: a new `Subtract` layer, called at once.

    `y = x_1 - x_2`

    Args:
        inputs: A list of two tensors or symbolic tensors.
        **kwargs: `name`, `dtype` and the other arguments of every layer.

    Returns:
        A tensor, symbolic if the inputs are.

    Raises:
        ValueError: If the inputs are no list of two, or the shapes do not fit.

    Example:
    >>> import oxhorn as keras
    >>> a, b = keras.Input(shape=(3,)), keras.Input(shape=(3,))
    >>> keras.layers.subtract([a, b]).shape
    (None, 3)
    """
    return Subtract(**kwargs)(inputs)
