"""Concatenation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from oxhorn import ops
from oxhorn.arguments import integer
from oxhorn.layers.merging.base_merge import Merge, check_masks

__all__ = ["Concatenate", "concatenate"]


class Concatenate(Merge):
    """Put the inputs one after the other along an axis.

    `y[..., i, ...] = x_1[..., i, ...]` for the first, `x_2[..., i - n_1, ...]` for the second, and so on

    Args:
        axis: The axis. Defaults to -1.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        A list of tensors of the same shape but for `axis`.

    Output shape:
        That shape with the sum of the sizes along `axis`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the axis is no integer; when called, if the input is no list or the shapes do not fit.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Concatenate()
    >>> layer([np.array([[1.0, 2.0]]), np.array([[3.0]])]).numpy().tolist()
    [[1.0, 2.0, 3.0]]
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = integer(axis, "axis", "Concatenate", high=None)

    def build(self, input_shape: Any = None) -> None:
        """Nothing to build; the shapes must agree."""
        with _explained():
            super().build(input_shape)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Put the inputs one after the other."""
        with _explained():
            return super().call(inputs, training=training, mask=mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the masks one after the other; an input without one counts whole.

        Args:
            inputs: The list of inputs.
            mask: The list of their masks, None for an input without one.

        Returns:
            A mask with the shape of the result but its last axis, or None if no input has one.
        """
        masks = check_masks(self.name, inputs, mask)
        if masks is None or all(entry is None for entry in masks):
            return None
        whole = []
        for x, entry in zip(inputs, masks, strict=True):
            if entry is not None and len(entry.shape) >= len(x.shape):
                whole.append(ops.cast(entry, "bool"))
                continue
            # Of the input's shape and True everywhere, whatever the input holds.
            ones = ops.cast(ops.ones_like(x), "bool")
            if entry is not None:
                ones = ops.logical_and(ones, ops.expand_dims(entry, axis=-1))
            whole.append(ones)
        return ops.any(ops.concatenate(whole, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


@contextmanager
def _explained() -> Iterator[None]:
    """Adds the rule to the core's message about shapes."""
    try:
        yield
    except ValueError as error:
        if "shapes that agree" not in str(error):
            raise
        raise ValueError(
            f"{error}. A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis."
        ) from None


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Put the inputs one after the other: a new `Concatenate` layer, called at once.

    Args:
        inputs: A list of tensors or symbolic tensors.
        axis: The axis. Defaults to -1.
        **kwargs: `name`, `dtype` and the other arguments of every layer.

    Returns:
        A tensor, symbolic if the inputs are.

    Raises:
        ValueError: If the inputs are no list, or the shapes do not fit.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.concatenate([keras.Input(shape=(3,)), keras.Input(shape=(4,))]).shape
    (None, 7)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
