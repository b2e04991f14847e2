"""Regularizers by name and by config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oxhorn import regularizers
from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from, get_from

__all__ = ["deserialize", "get", "serialize"]

_OTHERS = ("Regularizer", "deserialize", "get", "serialize")

REGULARIZERS = LazyObjects(
    regularizers.__name__,
    {**{name: name for name in regularizers.__all__ if name not in _OTHERS}, "l1l2": "L1L2"},
)


def serialize(regularizer: Any) -> Any:
    """Return the config of a regularizer, or None for None.

    Args:
        regularizer: A regularizer or None.

    Returns:
        A dict with `class_name` and `config`, or None.
    """
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer a config or a name stands for.

    Args:
        config: What `serialize` returned, or a name.
        custom_objects: Your own classes by name.

    Raises:
        ValueError: If the config or the name is unknown.

    Example:
    >>> import oxhorn as keras
    >>> config = keras.regularizers.serialize(keras.regularizers.L2(0.1))
    >>> keras.regularizers.deserialize(config).l2
    0.1
    """
    found = deserialize_from(config, "regularizer", REGULARIZERS, custom_objects)
    return found() if isinstance(found, type) else found


def get(identifier: Any) -> Any:
    """Return the regularizer an argument stands for.

    Args:
        identifier: A name such as "l2", a config, a class, a callable from a weight to a scalar, or None.

    Returns:
        The regularizer, or None.

    Raises:
        ValueError: If the identifier is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.regularizers.get("l2").get_config()
    {'l2': 0.01}
    """
    return get_from(identifier, "regularizer", REGULARIZERS)
