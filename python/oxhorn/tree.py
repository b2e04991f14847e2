"""Nested structures: lists, tuples, named tuples and dicts with anything else as leaves.

Dicts are walked in the order of their sorted keys (an `OrderedDict` in its own order), so that two
equal dicts always flatten alike.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]


class MAP_TO_NONE:
    """What the function of `traverse` returns to put `None` in the place of a part.

    >>> import oxhorn as keras
    >>> keras.tree.traverse(lambda x: keras.tree.MAP_TO_NONE if x == 2 else None, [1, [2]])
    [1, [None]]
    """


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a list, tuple or dict.

    >>> import oxhorn as keras
    >>> keras.tree.is_nested([1]), keras.tree.is_nested(1)
    (True, False)
    """
    return isinstance(structure, (list, tuple, dict))


def _keys(mapping: Mapping[Any, Any]) -> list[Any]:
    if isinstance(mapping, OrderedDict):
        return list(mapping)
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def _items(structure: Any) -> list[tuple[Any, Any]]:
    if isinstance(structure, dict):
        return [(key, structure[key]) for key in _keys(structure)]
    return list(enumerate(structure))


def _rebuild(structure: Any, values: Iterable[Any]) -> Any:
    """A container of the type of `structure` that holds `values`, given in walking order."""
    if isinstance(structure, dict):
        by_key = dict(zip(_keys(structure), values, strict=True))
        ordered = {key: by_key[key] for key in structure}
        return OrderedDict(ordered) if isinstance(structure, OrderedDict) else ordered
    if isinstance(structure, tuple):
        if hasattr(structure, "_fields"):
            return type(structure)(*values)
        return tuple(values)
    return list(values)


def flatten(structure: Any) -> list[Any]:
    """The leaves of `structure`, in walking order.

    >>> import oxhorn as keras
    >>> keras.tree.flatten({"b": 1, "a": [2, (3,)]})
    [2, 3, 1]
    """
    leaves: list[Any] = []
    _flatten(structure, leaves)
    return leaves


def _flatten(structure: Any, leaves: list[Any]) -> None:
    if isinstance(structure, dict):
        for key in _keys(structure):
            _flatten(structure[key], leaves)
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            _flatten(item, leaves)
    else:
        leaves.append(structure)


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves of `structure`, each with the keys and indices that lead to it.

    >>> import oxhorn as keras
    >>> keras.tree.flatten_with_path({"a": [5, 6]})
    [(('a', 0), 5), (('a', 1), 6)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, item in _items(structure) for path, leaf in flatten_with_path(item)]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """A structure like the first one, with `func` applied to the leaves that correspond.

    Args:
        func: Called with one leaf of each structure.
        structures: At least one; all of the same structure.
        none_is_leaf: If False, `None` stays `None` and `func` does not see it.

    Raises:
        ValueError: If the structures differ.

    >>> import oxhorn as keras
    >>> keras.tree.map_structure(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    if not structures:
        raise ValueError("map_structure expects at least one structure; got none.")
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    return _map(func, structures, none_is_leaf)


def _map(func: Callable[..., Any], structures: tuple[Any, ...], none_is_leaf: bool) -> Any:
    first = structures[0]
    if isinstance(first, dict):
        return _rebuild(
            first, [_map(func, tuple(s[key] for s in structures), none_is_leaf) for key in _keys(first)]
        )
    if isinstance(first, (list, tuple)):
        return _rebuild(first, [_map(func, group, none_is_leaf) for group in zip(*structures, strict=True)])
    if first is None and not none_is_leaf:
        return None
    return func(*structures)


def map_structure_up_to(shallow: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """As `map_structure`, but only as deep as `shallow`: deeper parts are handed to `func` whole.

    >>> import oxhorn as keras
    >>> keras.tree.map_structure_up_to([0, 0], len, [[1, 2], [3]])
    [2, 1]
    """
    if not is_nested(shallow):
        return func(*structures)
    for structure in structures:
        if not is_nested(structure) or len(structure) != len(shallow):
            raise ValueError(
                f"The structures do not match: expected {len(shallow)} entries like {shallow!r}, "
                f"got {structure!r}."
            )
    return _rebuild(
        shallow,
        [map_structure_up_to(item, func, *(s[key] for s in structures)) for key, item in _items(shallow)],
    )


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """As `map_structure`, with shapes (tuples or lists of integers and `None`) as the leaves.

    >>> import oxhorn as keras
    >>> keras.tree.map_shape_structure(len, {"a": (None, 3), "b": (4,)})
    {'a': 2, 'b': 1}
    """
    if is_shape(structure):
        return func(tuple(structure))
    if is_nested(structure):
        return _rebuild(structure, [map_shape_structure(func, item) for _, item in _items(structure)])
    raise ValueError(f"Expected a shape or a list, tuple or dict of shapes; got {structure!r}.")


def is_shape(x: Any) -> bool:
    """Whether `x` is a tuple or list of integers and `None`."""
    return isinstance(x, (list, tuple)) and all(
        d is None or (hasattr(d, "__index__") and not isinstance(d, bool)) for d in x
    )


def flatten_shapes(structure: Any) -> list[tuple[int | None, ...]]:
    """The shapes of a structure of shapes, in walking order."""
    shapes: list[tuple[int | None, ...]] = []
    map_shape_structure(shapes.append, structure)
    return shapes


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """The inverse of `flatten`: the leaves of `flat_sequence` in the form of `structure`.

    Raises:
        ValueError: If there are more or fewer leaves than places.

    >>> import oxhorn as keras
    >>> keras.tree.pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
    {'b': 3, 'a': (1, 2)}
    """
    flat = list(flat_sequence)
    places = len(flatten(structure))
    if len(flat) != places:
        raise ValueError(
            f"The structure has {places} leaves but the flat sequence has {len(flat)}: {structure!r}."
        )
    leaves = iter(flat)
    return _map(lambda _: next(leaves), (structure,), True)


def assert_same_structure(a: Any, b: Any) -> None:
    """Raises `ValueError` unless `a` and `b` nest alike (their leaves may differ).

    >>> import oxhorn as keras
    >>> keras.tree.assert_same_structure([1, (2, 3)], [4, (5, 6)])
    """
    _assert_same(a, b, ())


def _assert_same(a: Any, b: Any, path: tuple[Any, ...]) -> None:
    where = f" at {list(path)}" if path else ""
    if is_nested(a) != is_nested(b) or (is_nested(a) and isinstance(a, dict) != isinstance(b, dict)):
        raise ValueError(
            f"The structures do not match{where}: expected {type(a).__name__}, got {type(b).__name__}."
        )
    if isinstance(a, dict):
        if set(a) != set(b):
            raise ValueError(
                f"The structures do not match{where}: one dict has the keys {_keys(a)}, the other {_keys(b)}."
            )
        for key in _keys(a):
            _assert_same(a[key], b[key], (*path, key))
    elif is_nested(a):
        if isinstance(a, list) != isinstance(b, list):
            raise ValueError(
                f"The structures do not match{where}: expected {type(a).__name__}, got {type(b).__name__}."
            )
        if len(a) != len(b):
            raise ValueError(
                f"The structures do not match{where}: one has {len(a)} entries, the other {len(b)}."
            )
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            _assert_same(x, y, (*path, i))


def assert_same_paths(a: Any, b: Any) -> None:
    """Raises `ValueError` unless `a` and `b` have leaves at the same keys and indices.

    >>> import oxhorn as keras
    >>> keras.tree.assert_same_paths([1, 2], (3, 4))
    """
    paths_a = {path for path, _ in flatten_with_path(a)}
    paths_b = {path for path, _ in flatten_with_path(b)}
    if paths_a != paths_b:
        raise ValueError(
            f"The structures have leaves at different paths: only in the first {sorted(paths_a - paths_b)}, "
            f"only in the second {sorted(paths_b - paths_a)}."
        )


def lists_to_tuples(structure: Any) -> Any:
    """`structure` with every list turned into a tuple.

    >>> import oxhorn as keras
    >>> keras.tree.lists_to_tuples([1, [2]])
    (1, (2,))
    """
    if isinstance(structure, (list, tuple)) and not hasattr(structure, "_fields"):
        return tuple(lists_to_tuples(item) for item in structure)
    if is_nested(structure):
        return _rebuild(structure, [lists_to_tuples(item) for _, item in _items(structure)])
    return structure


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Calls `func` on every part of `structure`, containers included; what it returns replaces the part.

    A return value of `None` keeps the part as it is; `MAP_TO_NONE` stands for a `None` in its place.

    >>> import oxhorn as keras
    >>> keras.tree.traverse(lambda x: x * 2 if isinstance(x, int) else None, [1, [2]])
    [2, [4]]
    """
    if not callable(func):
        raise TypeError(f"tree.traverse: expected `func` to be a function; got {func!r}.")
    if top_down:
        replaced = func(structure)
        if replaced is not None:
            return None if replaced is MAP_TO_NONE else replaced
    result = structure
    if is_nested(structure):
        result = _rebuild(structure, [traverse(func, item, top_down) for _, item in _items(structure)])
    if not top_down:
        replaced = func(result)
        if replaced is not None:
            return None if replaced is MAP_TO_NONE else replaced
    return result
