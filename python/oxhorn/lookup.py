"""From a name or a config to an object: one rule for initializers, regularizers, constraints, activations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from oxhorn.arguments import describe

__all__ = ["deserialize_from", "get_from", "named", "unknown_name"]


def unknown_name(name: str, kind: str, table: Mapping[str, Any]) -> ValueError:
    """The error for a name that is not in the table: it lists the names that are."""
    import difflib  # Only for errors.

    close = difflib.get_close_matches(name, table, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    names = ", ".join(repr(entry) for entry in sorted(table))
    article = "an" if kind[0] in "aeiou" else "a"
    return ValueError(
        f"Could not interpret {_called(kind)} identifier: Unknown {kind} {name!r}.{hint} Expected one of {names}; or "
        "pass a callable, or register your own with `keras.saving.register_keras_serializable()`: "
        f"{article} {kind} is also found by that name."
    )


def _called(kind: str) -> str:
    return "activation function" if kind == "activation" else kind


def named(
    name: str, kind: str, table: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the object of that name: built in, given in `custom_objects`, or registered.

    Args:
        name: The name.
        kind: What is looked for, for the message.
        table: The built-in objects by name.
        custom_objects: More objects by name, which win.

    Raises:
        ValueError: If there is none of that name.
    """
    if custom_objects and name in custom_objects:
        return custom_objects[name]
    from oxhorn.saving import get_registered_object

    found = get_registered_object(name)
    if found is None:
        found = table.get(name)
    if found is None:
        raise unknown_name(name, kind, table)
    return found


def deserialize_from(
    config: Any, kind: str, table: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the object a config (or a name) stands for.

    Args:
        config: A name, or a dict with `class_name` and `config`.
        kind: What is looked for, for the message.
        table: The built-in classes by name.
        custom_objects: More classes by name, which win.

    Raises:
        ValueError: If the config stands for nothing known.
    """
    if config is None:
        return None
    if isinstance(config, str):
        return named(config, kind, table, custom_objects)
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ValueError(
            f"Expected the config of the {kind} to be a name or a dict with 'class_name' and 'config'. "
            f"Received: {describe(config)}. Pass what `serialize` returned."
        )
    name = config["class_name"]
    inner = config.get("config")
    if (
        config.get("registered_name") in (None, name)
        and name in table
        and isinstance(inner, (dict, type(None)))
    ):
        cls = (custom_objects or {}).get(name, table[name])
        build: Callable[[dict[str, Any]], Any] = getattr(cls, "from_config", lambda kwargs: cls(**kwargs))
        from oxhorn.saving import deserialize_keras_object

        return build({key: _plain(value, deserialize_keras_object) for key, value in (inner or {}).items()})
    from oxhorn.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=dict(custom_objects or {}))


def _plain(value: Any, deserialize: Callable[[Any], Any]) -> Any:
    """Arguments that are objects themselves are rebuilt, all others stay as they are."""
    return deserialize(value) if isinstance(value, dict) and "class_name" in value else value


def get_from(identifier: Any, kind: str, table: Mapping[str, Any]) -> Any:
    """Return the object an argument stands for: None, a name, a config, a class or a callable.

    Args:
        identifier: What was passed.
        kind: What is looked for, for the message.
        table: The built-in classes by name.

    Raises:
        ValueError: If it stands for nothing known.
    """
    if identifier is None:
        return None
    found = deserialize_from(identifier, kind, table) if isinstance(identifier, (str, dict)) else identifier
    if inspect.isclass(found):
        found = found()
    if callable(found):
        return found
    raise ValueError(
        f"Could not interpret {_called(kind)} identifier: Expected the {kind} to be None, a name, a config, a class or "
        f"a callable. Received: {describe(identifier)}. Pass a name such as {sorted(table)[0]!r}."
    )
