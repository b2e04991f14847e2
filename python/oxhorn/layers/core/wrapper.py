"""The base of layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from oxhorn.layers.layer import Layer

__all__ = ["Wrapper"]


class Wrapper(Layer):
    """A layer that holds another one, as `self.layer`; the base of those that change what it computes.

    Subclasses define `call`.

    Args:
        layer: The layer inside.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Raises:
        ValueError: If `layer` is not a layer.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> class Twice(keras.layers.Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> Twice(keras.layers.Rescaling(3.0))(np.array([1.0])).numpy().tolist()
    [9.0]
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"{type(self).__name__}: Layer {layer!r} supplied to Wrapper isn't a supported layer type; expected "
                f"a layer, got {type(layer).__name__}. Pass an object, such as Dense(3), not its class."
            )
        super().__init__(**kwargs)
        self.layer: Any = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The layer that `get_config` describes."""
        from oxhorn.saving import deserialize_keras_object

        arguments = dict(config)
        layer = deserialize_keras_object(arguments.pop("layer"), custom_objects=custom_objects)
        return cls(layer, **arguments)
