"""Layers to configs and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["deserialize", "serialize"]


def serialize(layer: Any) -> dict[str, Any]:
    """Return the config of a layer, with its class.

    Args:
        layer: A layer.

    Returns:
        A dict with `module`, `class_name`, `config` and `registered_name`.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.serialize(keras.layers.Flatten())["class_name"]
    'Flatten'
    """
    from oxhorn.saving import serialize_keras_object

    config: dict[str, Any] = serialize_keras_object(layer)
    return config


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a new layer, without weights, from what `serialize` returned.

    Args:
        config: The dict.
        custom_objects: Your own classes and functions by name.

    Returns:
        A layer.

    Raises:
        ValueError: If the config is none of a layer.

    Example:
    >>> import oxhorn as keras
    >>> config = keras.layers.serialize(keras.layers.Dense(3))
    >>> keras.layers.deserialize(config).units
    3
    """
    from oxhorn.layers.layer import Layer
    from oxhorn.saving import deserialize_keras_object

    layer = deserialize_keras_object(config, custom_objects=dict(custom_objects or {}))
    if not isinstance(layer, Layer):
        raise ValueError(
            f"keras.layers.deserialize: expected the config of a layer. Received: a config of "
            f"{type(layer).__name__}. Pass what keras.layers.serialize returned."
        )
    return layer
