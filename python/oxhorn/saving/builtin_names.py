"""The closed list of built-in classes and functions that a config may name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

PACKAGE = __name__.split(".", maxsplit=1)[0]

# Where the public names of each kind live. A file never decides what is imported: this table does.
NAMESPACES = (
    "layers",
    "models",
    "initializers",
    "regularizers",
    "constraints",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "dtype_policies",
    "pretraining",
    "random",
    "activations",
    "utils",
)

# What configs call the module of a class, where it is not `keras.<namespace>`.
_PUBLIC_MODULES = {"models": "keras", "dtype_policies": "keras", "engine": "keras.random"}


def public_module(thing: Any) -> str | None:
    """The module a config names for a class or function of this package; `None` for others."""
    parts = str(getattr(thing, "__module__", "")).split(".")
    if parts[0] != PACKAGE or len(parts) < 2:
        return None
    if parts[1:3] == ["models", "functional"]:
        return "keras.src.models.functional"
    if parts[1:3] == ["optimizers", "schedules"]:
        return "keras.optimizers.schedules"
    return _PUBLIC_MODULES.get(parts[1], f"keras.{parts[1]}")


def _namespace(name: str) -> Any:
    try:
        return importlib.import_module(f"{PACKAGE}.{name}")
    except ModuleNotFoundError as error:
        if str(error.name).startswith(PACKAGE):
            return None
        raise


def _order(module: str | None) -> Iterator[str]:
    """The namespaces, the one that `module` (`keras.layers`, `keras.src.layers.core.dense`) hints at first."""
    parts = [part for part in str(module or "").split(".") if part != "src"][1:]
    path = ".".join(parts) + "."
    hinted = sorted((name for name in NAMESPACES if path.startswith(f"{name}.")), key=len, reverse=True)
    yield from hinted
    yield from (name for name in NAMESPACES if name not in hinted)


def find_class(module: str | None, class_name: str) -> type | None:
    """The built-in class of this name, looked for first where `module` hints at."""
    for name in _order(module):
        found = getattr(_namespace(name), class_name, None) if class_name.isidentifier() else None
        if inspect.isclass(found) and hasattr(found, "from_config") and public_module(found) is not None:
            return found
    return None


def find_function(module: str | None, name: str) -> Any:
    """The built-in activation, loss or metric function of this name, or function of `ops` if `module` says so."""
    if not name.isidentifier():
        return None
    if str(module or "").startswith(("keras.ops", "keras.src.ops")):
        ops = _namespace("ops")
        found = getattr(ops, name, None) if name in ops.__all__ else None
        return found if inspect.isfunction(found) and public_module(found) is not None else None
    for namespace in _order(module):
        if namespace in ("activations", "losses", "metrics"):
            found = getattr(_namespace(namespace), name, None)
            if inspect.isfunction(found) and public_module(found) is not None:
                return found
    return None


def close_names(name: str) -> list[str]:
    """The built-in class names that look like `name`."""
    import difflib  # Only for errors.

    known: set[str] = set()
    for namespace in NAMESPACES:
        module = _namespace(namespace)
        known.update(key for key in dir(module) if inspect.isclass(getattr(module, key, None)))
    return difflib.get_close_matches(str(name)[:100], sorted(known), n=5, cutoff=0.5)
