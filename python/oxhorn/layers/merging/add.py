"""Add up all inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.merging.base_merge import Merge

__all__ = ["Add", "add"]


class Add(Merge):
    """Add up all inputs, entry by entry.

    `y = x_1 + x_2 + ...`

    Args:
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        A list of tensors whose shapes are equal or broadcast; one of lower rank gets axes of size 1 after the
        batch.

    Output shape:
        The shape that they broadcast to.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: When called, if the input is no list, or the shapes do not fit.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Add()
    >>> layer([np.array([[1.0, 2.0]]), np.array([[4.0, 5.0]])]).numpy().ravel().tolist()
    [5.0, 7.0]
    """


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Add up all inputs: a new `Add` layer, called at once.

    `y = x_1 + x_2 + ...`

    Args:
        inputs: A list of tensors or symbolic tensors.
        **kwargs: `name`, `dtype` and the other arguments of every layer.

    Returns:
        A tensor, symbolic if the inputs are.

    Raises:
        ValueError: If the inputs are no list, or the shapes do not fit.

    Example:
    >>> import oxhorn as keras
    >>> a, b = keras.Input(shape=(3,)), keras.Input(shape=(3,))
    >>> keras.layers.add([a, b]).shape
    (None, 3)
    """
    return Add(**kwargs)(inputs)
