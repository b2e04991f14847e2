"""Constraints by name and by config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oxhorn import constraints
from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from, get_from

__all__ = ["deserialize", "get", "serialize"]

_OTHERS = ("Constraint", "deserialize", "get", "serialize")

CONSTRAINTS = LazyObjects(
    constraints.__name__, {name: name for name in constraints.__all__ if name not in _OTHERS}
)


def serialize(constraint: Any) -> Any:
    """Return the config of a constraint, or None for None.

    Args:
        constraint: A constraint or None.

    Returns:
        A dict with `class_name` and `config`, or None.
    """
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint a config or a name stands for.

    Args:
        config: What `serialize` returned, or a name.
        custom_objects: Your own classes by name.

    Raises:
        ValueError: If the config or the name is unknown.

    Example:
    >>> import oxhorn as keras
    >>> config = keras.constraints.serialize(keras.constraints.MaxNorm(3.0))
    >>> keras.constraints.deserialize(config).max_value
    3.0
    """
    found = deserialize_from(config, "constraint", CONSTRAINTS, custom_objects)
    return found() if isinstance(found, type) else found


def get(identifier: Any) -> Any:
    """Return the constraint an argument stands for.

    Args:
        identifier: A name such as "max_norm", a config, a class, a callable from a weight to a weight, or
            None.

    Returns:
        The constraint, or None.

    Raises:
        ValueError: If the identifier is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.constraints.get("unit_norm").get_config()
    {'axis': 0}
    """
    return get_from(identifier, "constraint", CONSTRAINTS)
