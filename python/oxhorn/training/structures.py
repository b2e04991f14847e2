"""Nested containers of arrays: taken apart into a flat list of leaves, and put together again.

A *template* is the container with every leaf replaced by its position in the flat list; `None` stays `None`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any


def take_apart(structure: Any, leaves: list[Any]) -> Any:
    """Append the leaves of `structure` to `leaves` and return its template."""
    if structure is None:
        return None
    if isinstance(structure, dict):
        return {key: take_apart(value, leaves) for key, value in structure.items()}
    if isinstance(structure, list):
        return [take_apart(value, leaves) for value in structure]
    if isinstance(structure, tuple):
        return _tuple_like(structure, [take_apart(value, leaves) for value in structure])
    leaves.append(structure)
    return len(leaves) - 1


def put_together(template: Any, leaves: Sequence[Any]) -> Any:
    """The structure of `template` with `leaves` at their places."""
    if template is None:
        return None
    if isinstance(template, int):
        return leaves[template]
    if isinstance(template, dict):
        return {key: put_together(value, leaves) for key, value in template.items()}
    if isinstance(template, list):
        return [put_together(value, leaves) for value in template]
    return _tuple_like(template, [put_together(value, leaves) for value in template])


def template_key(template: Any) -> Hashable:
    """A hashable value that two templates share exactly when they are equal."""
    if isinstance(template, dict):
        return ("dict", tuple((name, template_key(value)) for name, value in template.items()))
    if isinstance(template, (list, tuple)):
        return (type(template).__name__, tuple(template_key(value) for value in template))
    hashable: Hashable = template
    return hashable


def flatten(structure: Any) -> list[Any]:
    """The leaves of `structure`, without `None`s."""
    leaves: list[Any] = []
    take_apart(structure, leaves)
    return leaves


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """`structure` with `function` applied to every leaf; `None` stays `None`."""
    leaves: list[Any] = []
    template = take_apart(structure, leaves)
    return put_together(template, [function(leaf) for leaf in leaves])


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a container rather than a leaf."""
    return isinstance(structure, (dict, list, tuple))


def _tuple_like(original: tuple[Any, ...], values: list[Any]) -> tuple[Any, ...]:
    if hasattr(original, "_fields"):
        rebuilt: tuple[Any, ...] = type(original)(*values)
        return rebuilt
    return tuple(values)
