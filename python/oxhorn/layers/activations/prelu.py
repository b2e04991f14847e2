"""The rectified linear unit whose slope is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, constraints, initializers, regularizers
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["PReLU"]


class PReLU(CoreLayer):
    """Rectified linear unit with a learned slope below zero.

    `y = x` for `x >= 0`, `y = alpha * x` below

    Args:
        alpha_initializer: Initializer of the slopes. Defaults to "Zeros".
        alpha_regularizer: Regularizer of the slopes, or None. Defaults to None.
        alpha_constraint: Constraint of the slopes, or None. Defaults to None.
        shared_axes: Axes along which all units share a slope, counted with the batch as axis 0: [1, 2]
            after a two-dimensional convolution gives one slope for each filter. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ...)`, every axis but the batch known (or shared).

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is of the wrong kind, or an axis is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.PReLU(alpha_initializer="ones", shared_axes=[1])
    >>> layer(np.array([[-1.0, 2.0]])).numpy().tolist()
    [[-1.0, 2.0]]
    >>> layer.alpha.shape
    (1,)

    Source: He et al., 2015 (https://arxiv.org/abs/1502.01852).
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes: list[int] | None = None
        if shared_axes is not None:
            axes = arguments.integer_or_integers(shared_axes, "shared_axes", "PReLU")
            self.shared_axes = [axes] if isinstance(axes, int) else axes
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
