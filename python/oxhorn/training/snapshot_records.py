"""Plain data with arrays in it, as the records of a snapshot file, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Record = str | np.ndarray[Any, Any]

# The record that holds the data, with the names of the arrays in their places.
TREE = "tree"
_DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")
_ALLOWED = "None, booleans, numbers, texts, arrays, and lists, tuples, sets and dicts of these"


def to_records(data: Any, who: str) -> dict[str, Record]:
    """`data` as records.

    Args:
        data: Plain data and arrays.
        who: Whose data they are, for errors.

    Raises:
        TypeError: If something in it is neither.
    """
    records: dict[str, Record] = {}
    try:
        tree = _encoded(data, "", records, who)
    except RecursionError:
        raise TypeError(f"{who}: expected plain data, got lists or dicts that hold themselves.") from None
    return {TREE: json.dumps(tree, separators=(",", ":")), **records}


def from_records(records: Mapping[str, Record]) -> Any:
    """The data that `to_records` was given.

    Raises:
        ValueError: If the records are of another kind.
    """
    text = records.get(TREE)
    if not isinstance(text, str):
        raise ValueError(f"there is no record {TREE!r}")
    try:
        return _decoded(json.loads(text), records)
    except (RecursionError, TypeError) as error:
        raise ValueError(f"the record {TREE!r} is not what a run writes ({error})") from None


def same(one: Any, other: Any) -> bool:
    """Whether two pieces of such data hold the same."""
    a, b = (to_records(data, "a comparison") for data in (one, other))
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# A list is a list and a dict is a dict of one key, which says what stands for what:
# t tuple, e set, d dict with texts as keys, p dict with other keys, a array, s NumPy scalar.
def _encoded(value: Any, place: str, records: dict[str, Record], who: str) -> Any:
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return value
    if isinstance(value, (list, tuple)):
        items = [_encoded(item, f"{place}/{i}", records, who) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"t": items}
    if isinstance(value, (set, frozenset)):
        return {"e": [_encoded(item, f"{place}/item", records, who) for item in sorted(value)]}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {"d": {key: _encoded(item, f"{place}/{key}", records, who) for key, item in value.items()}}
        return {
            "p": [
                [_encoded(key, f"{place}/key", records, who), _encoded(item, f"{place}/{key}", records, who)]
                for key, item in value.items()
            ]
        }
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.name in _DTYPES:
        name = place.lstrip("/")
        while name in records or name in ("", TREE):
            name += "+"
        native = value.dtype.newbyteorder("=")
        records[name] = np.ascontiguousarray(value, native).reshape(value.shape)
        return {"a" if isinstance(value, np.ndarray) else "s": name}
    what = f"array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
    raise TypeError(
        f"{who}: expected {_ALLOWED} (arrays of {', '.join(_DTYPES)}); got a value of type {what} at "
        f"{place.lstrip('/') or 'the top'!r}."
    )


def _decoded(value: Any, records: Mapping[Any, Record]) -> Any:
    if isinstance(value, list):
        return [_decoded(item, records) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError(f"the record {TREE!r} is not what a run writes: a dict of {len(value)} entries")
    kind, inner = next(iter(value.items()))
    if kind == "t":
        return tuple(_decoded(item, records) for item in inner)
    if kind == "e":
        return {_decoded(item, records) for item in inner}
    if kind == "d":
        return (
            {key: _decoded(item, records) for key, item in inner.items()}
            if type(inner) is dict
            else _no(kind)
        )
    if kind == "p":
        return {_decoded(key, records): _decoded(item, records) for key, item in inner}
    if kind in ("a", "s"):
        array = records.get(inner)
        if not isinstance(array, np.ndarray) or (kind == "s" and array.ndim):
            raise ValueError(f"there is no array {inner!r}")
        # Whoever gets it may go on writing into it.
        return (array if array.flags.writeable else array.copy()) if kind == "a" else array[()]
    return _no(kind)


def _no(kind: str) -> Any:
    raise ValueError(f"the record {TREE!r} is not what a run writes: {kind!r}")
