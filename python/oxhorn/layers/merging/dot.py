"""Dot products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.arguments import boolean, describe, integer_or_integers
from oxhorn.layers.merging.base_merge import Merge

__all__ = ["Dot", "dot"]


class Dot(Merge):
    """Sum the products of two inputs along one axis of each.

    `y[b, i, j] = sum_k x_1[b, i, k] * x_2[b, j, k]` for inputs of three axes and `axes=2`

    Args:
        axes: The axis of both inputs, or a pair of axes, one for each; not 0, the batch.
        normalize: Whether to divide by the lengths along the axes, which gives the cosine of the angle.
            Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        A list of two tensors of at least two axes, the same batch and the same size along the axes.

    Output shape:
        The batch, the other axes of the first, the other axes of the second; `(batch, 1)` for two vectors.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If `axes` is no pair; when called, if the input is no list of two or the shapes do not
            fit.
        TypeError: If `axes` is no integer and no list of integers.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> a, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    >>> keras.layers.Dot(axes=1)([a, b]).numpy().tolist()
    [[11.0]]
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axes, (str, bytes, float, bool)) or axes is None:
            raise TypeError(
                f"Dot: expected `axes` to be an integer or a pair of integers. "
                f"Received: axes={describe(axes)}. Pass one such as axes=1."
            )
        self.axes = integer_or_integers(axes, "axes", "Dot")
        pair = [self.axes, self.axes] if isinstance(self.axes, int) else self.axes
        if len(pair) != 2 or 0 in pair:
            raise ValueError(
                f"Dot: expected `axes` to be one axis or two, none of them 0 (the batch). "
                f"Received: axes={describe(axes)}. Pass one such as axes=1 or axes=(1, 2)."
            )
        self.normalize = boolean(normalize, "normalize", "Dot")

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the masked axes are summed over.

        Args:
            inputs: The list of inputs.
            mask: The list of their masks.
        """
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """Sum the products of two inputs along an axis of each: a new `Dot` layer, called at once.

    Args:
        inputs: A list of two tensors or symbolic tensors.
        axes: The axis of both, or a pair. Defaults to -1.
        **kwargs: `normalize`, `name`, `dtype` and the other arguments of every layer.

    Returns:
        A tensor, symbolic if the inputs are.

    Raises:
        ValueError: If the inputs are no list of two, or the shapes do not fit.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.dot([keras.Input(shape=(3,)), keras.Input(shape=(3,))]).shape
    (None, 1)
    """
    return Dot(axes=axes, **kwargs)(inputs)
