"""Your own classes and functions by name, so that configs that mention them can be read."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

_by_name: dict[str, Any] = {}
_names: dict[Any, str] = {}


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[dict[str, Any]] = []


_scopes = _Scopes()


def get_custom_objects() -> dict[str, Any]:
    """The registered classes and functions by name; the dict itself, so that it can be added to.

    Returns:
        The dict.

    >>> import oxhorn as keras
    >>> def halve(x):
    ...     return x / 2
    >>> keras.saving.get_custom_objects()["halve"] = halve
    >>> keras.activations.get("halve")(4.0)
    2.0
    >>> del keras.saving.get_custom_objects()["halve"]
    """
    return _by_name


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """A decorator that registers a class or function under `package>name`.

    Args:
        package: A name of your project.
        name: The name of the class or function by default.

    Returns:
        The decorator, which returns what it is given.

    Raises:
        ValueError: If a class has no `get_config`.

    >>> import oxhorn as keras
    >>> @keras.saving.register_keras_serializable(package="docs")
    ... class Twice(keras.Layer):
    ...     def call(self, x):
    ...         return x + x
    >>> keras.saving.get_registered_name(Twice)
    'docs>Twice'
    """

    def register(thing: T) -> T:
        own_name = name if name is not None else getattr(thing, "__name__", "")
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(
                f"register_keras_serializable: Cannot register a class that does not have a get_config() method, since "
                f"it cannot be written to a config; got {own_name!r}. Define `get_config(self)`."
            )
        registered = f"{package}>{own_name}"
        _by_name[registered] = thing
        _names[thing] = registered
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """The name `obj` is registered under, or its own name.

    Args:
        obj: A class or function.

    Returns:
        The name, as configs hold it.

    >>> import oxhorn as keras
    >>> @keras.saving.register_keras_serializable(package="docs", name="double")
    ... def twice(x):
    ...     return x + x
    >>> keras.saving.get_registered_name(twice)
    'docs>double'
    """
    try:
        registered = _names.get(obj)
    except TypeError:
        registered = None
    return registered if registered is not None else str(getattr(obj, "__name__", type(obj).__name__))


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """The class or function of this name, from open scopes, the registered ones, or the dicts given; or `None`.

    Args:
        name: The name, as configs hold it.
        custom_objects: Classes and functions by name, looked at where nothing is registered under it.
        module_objects: The same, looked at last.

    Returns:
        What was found first, or `None`.

    >>> import oxhorn as keras
    >>> keras.saving.get_registered_object("double", {"double": abs})(-3)
    3
    >>> keras.saving.get_registered_object("unheard of") is None
    True
    """
    for scope in reversed(_scopes.stack):
        if name in scope:
            return scope[name]
    for objects in (_by_name, custom_objects, module_objects):
        if objects and name in objects:
            return objects[name]
    return None


def find_by_bare_name(name: str) -> Any:
    """What is registered, or in an open scope, as `name` of any package; or `None`."""
    for objects in (*reversed(_scopes.stack), _by_name):
        for registered, found in objects.items():
            if registered.endswith(f">{name}"):
                return found
    return None


class CustomObjectScope:
    """A context in which configs may mention these classes and functions.

    Args:
        custom_objects: Classes and functions by name.

    >>> import oxhorn as keras
    >>> def double(x):
    ...     return 2 * x
    >>> with keras.saving.custom_object_scope({"double": double}):
    ...     keras.saving.get_registered_object("double")(3)
    6
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None = None) -> None:
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self) -> CustomObjectScope:
        _scopes.stack.append(self.custom_objects)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _scopes.stack.pop()


custom_object_scope = CustomObjectScope
