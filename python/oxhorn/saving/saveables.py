"""The objects of a model that have a state of their own (layers, optimizers, ...), each with its place in the model.

A place is the way along attributes: `optimizer`, `dense_a`, `encoder/dense`. Entries of lists, tuples and dicts are
named by class and count, since automatic layer names differ from run to run: `layers/dense`, `layers/dense_1`.
Functional models and stacks begin with their list `layers`; the other attributes follow in the order of their
names, private ones last. An object that several attributes lead to has the first place.

Source: the layout of Keras's `.weights.h5` files.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from oxhorn.engine.naming import to_snake_case
from oxhorn.engine.operation import Operation

Container = (list, tuple, dict)

# Classes that Keras names otherwise inside, which is where its paths come from.
_INNER_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}

# Attributes of a model that lead to its parts; all others of the class `Model` are its own business.
_PARTS_OF_MODELS = {"layers", "optimizer"}
_OTHER_LISTS_OF_LAYERS = {"_stack", "_stacked", "_graph"}


class Saveable(NamedTuple):
    """An object and its place."""

    path: str
    object: Any


def is_saveable(value: Any) -> bool:
    """Whether the object may have a state that is saved."""
    return isinstance(value, Operation) or callable(getattr(type(value), "_obj_type", None))


def walk(root: Any, skip: Collection[Any] = ()) -> Iterator[Saveable]:
    """All objects of a model with their first places, a whole before its parts.

    Args:
        root: The model.
        skip: Objects that are left out, with their parts.
    """
    return _walk(root, "", {id(one) for one in skip})


def _walk(one: Any, path: str, visited: set[int]) -> Iterator[Saveable]:
    if id(one) in visited:
        return
    visited.add(id(one))
    yield Saveable(path, one)
    for name, value in attributes(one):
        place = joined(path, name)
        if is_saveable(value):
            yield from _walk(value, place, visited)
        else:
            for entry_path, entry in entries(value, place):
                yield from _walk(entry, entry_path, visited)


def joined(path: str, name: str) -> str:
    """`path/name`, or the name alone at the root."""
    return f"{path}/{name}" if path else name


def attributes(one: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that may lead to parts with a state, and their values, in the order of saving."""
    skipped = _skipped(_kind(one))
    names = sorted(dir(one), key=lambda name: f"~{name}" if name.startswith("_") else name)
    if getattr(one, "_graph", None) is not None or hasattr(one, "_stacked"):
        names = ["layers", *(name for name in names if name != "layers")]
    for name in names:
        if name.startswith("__") or name in skipped:
            continue
        try:
            value = getattr(one, name)
        except Exception:
            # A property of a user's own that cannot be had now holds nothing to be saved.
            continue
        if isinstance(value, Container) or is_saveable(value):
            yield name, value


def entries(container: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The objects in a container and in the containers in it, each with its place.

    Args:
        container: A list, tuple or dict.
        path: Its place.
    """
    return _entries(container, path, set())


def _entries(container: Any, path: str, visited: set[int]) -> Iterator[tuple[str, Any]]:
    if id(container) in visited:
        return
    visited.add(id(container))
    counts: dict[str, int] = {}
    for value in list(container.values()) if isinstance(container, dict) else container:
        nested = isinstance(value, Container)
        if not nested and not is_saveable(value):
            continue
        name = "container" if nested else to_snake_case(_class_name(value))
        count = counts.get(name, 0)
        counts[name] = count + 1
        place = joined(path, name if count == 0 else f"{name}_{count}")
        if nested:
            yield from _entries(value, place, visited)
        else:
            yield place, value


def _class_name(value: Any) -> str:
    name = type(value).__name__
    return _INNER_NAMES.get(name, name) if type(value).__module__.startswith("oxhorn.") else name


def _kind(one: Any) -> str:
    if isinstance(one, Operation):
        return (
            "Model"
            if hasattr(one, "_is_functional")
            else "Layer"
            if hasattr(one, "_tracker")
            else "Operation"
        )
    return str(one._obj_type())


@functools.cache
def _skipped(kind: str) -> frozenset[str]:
    """The attributes that every object of a kind has: they lead to no part."""
    from oxhorn import layers, losses, metrics, models, optimizers

    if kind == "Model":
        return frozenset(set(dir(models.Model())) - _PARTS_OF_MODELS | _OTHER_LISTS_OF_LAYERS)
    if kind == "Layer":
        return frozenset(dir(layers.Layer()))
    if kind == "Optimizer":
        return frozenset(dir(optimizers.Optimizer(1.0)))
    if kind == "Metric":
        return frozenset(dir(metrics.Metric()))
    if kind == "Loss":
        return frozenset(dir(losses.Loss()))
    return frozenset(dir(Operation()) if kind == "Operation" else ())
