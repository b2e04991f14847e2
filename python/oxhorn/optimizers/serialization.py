"""Optimizers by name and by configuration."""

from __future__ import annotations

import inspect
from typing import Any

from oxhorn import optimizers
from oxhorn.arguments import describe
from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from, named
from oxhorn.optimizers.optimizer import Optimizer

# Those that are not optimizers, or cannot be made from a config alone.
_OTHERS = ("LearningRateSchedule", "Optimizer", "OptimizerMap")
_CLASSES = tuple(name for name in optimizers.__all__ if name[0].isupper() and name not in _OTHERS)
OBJECTS = LazyObjects(optimizers.__name__, {name: name for name in _CLASSES})
# Names are compared in lower case.
_LOWER = {name.lower(): name for name in _CLASSES}


def serialize(optimizer: Optimizer) -> Any:
    """The configuration of an optimizer."""
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """An optimizer from its configuration; names of built-in classes may be written in any case.

    Args:
        config: What `serialize` returned.
        custom_objects: Names that stand for classes of yours.
    """
    name = config.get("class_name") if isinstance(config, dict) else None
    if isinstance(name, str) and name.lower() in _LOWER and not (custom_objects or {}).get(name):
        kind: type[Optimizer] = OBJECTS[_LOWER[name.lower()]]
        if config.get("registered_name") in (None, name, kind.__name__):
            return kind.from_config(dict(config.get("config") or {}), custom_objects=custom_objects)
    return deserialize_from(config, "optimizer", OBJECTS, custom_objects)


def get(identifier: Any) -> Any:
    """An optimizer by name, configuration, class, or as it is.

    Args:
        identifier: None, a name such as `"adam"` (in any case), a configuration, a class or an `Optimizer`.

    Returns:
        None or an `Optimizer`.

    Raises:
        ValueError: If there is no such optimizer.

    Example:
    >>> import oxhorn as keras
    >>> type(keras.optimizers.get("RMSProp")).__name__
    'RMSprop'
    """
    found = identifier
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, str):
        builtin = _LOWER.get(identifier.lower())
        found = OBJECTS[builtin] if builtin else named(identifier, "optimizer", OBJECTS)
    if inspect.isclass(found) and issubclass(found, Optimizer):
        try:
            inspect.signature(found).bind()
        except TypeError as error:
            raise ValueError(
                f"optimizers.get: {found.__name__} cannot be made from its name alone ({error}). Make one with its "
                "arguments, and pass that."
            ) from None
        found = found()  # type: ignore[call-arg]
    if found is None or isinstance(found, Optimizer):
        return found
    raise ValueError(
        f"optimizers.get: expected a name, a configuration, a class or an Optimizer; got {describe(identifier)}."
    )
