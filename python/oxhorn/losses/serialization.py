"""Losses by name and by configuration."""

from __future__ import annotations

from typing import Any

from oxhorn import losses
from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from, get_from

OBJECTS = LazyObjects(
    losses.__name__,
    {
        **{name: name for name in losses.__all__ if name not in ("deserialize", "get", "serialize")},
        "huber_loss": "huber",
    },
)


def serialize(loss: Any) -> Any:
    """The configuration of a loss.

    Args:
        loss: A `Loss`, or a loss function.

    Returns:
        A dict (or, for a function, its name) that `deserialize` understands.
    """
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """A loss from its configuration.

    Args:
        name: What `serialize` returned, or the name of a loss.
        custom_objects: Names that stand for classes and functions of yours.

    Returns:
        A `Loss`, or a loss function.
    """
    return deserialize_from(name, "loss", OBJECTS, custom_objects)


def get(identifier: Any) -> Any:
    """A loss by name, configuration, or as it is.

    Args:
        identifier: None, a name such as `"mse"` or `"MeanSquaredError"`, a configuration, a function or a `Loss`.

    Returns:
        None, a loss function, or a `Loss`.

    Raises:
        ValueError: If there is no such loss.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.get("mse").__name__
    'mean_squared_error'
    """
    return get_from(identifier, "loss", OBJECTS)
