"""An activation function as a layer."""

from __future__ import annotations

from typing import Any

from oxhorn import activations
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Activation"]


class Activation(CoreLayer):
    """Apply an activation function.

    `y = activation(x)`

    Args:
        activation: A name such as "relu", or a callable from a tensor to a tensor.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the name is unknown.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.Activation("relu")(np.array([-1.0, 2.0])).numpy().tolist()
    [0.0, 2.0]
    """

    build_at_init = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
