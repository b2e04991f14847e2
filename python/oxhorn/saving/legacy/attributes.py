"""The attributes of legacy files: lists of names, cut into pieces where they are long, and configs as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.saving.hdf5 import MAX_NAMES, Group
from oxhorn.saving.limited_json import read_json

# HDF5 keeps at most 64 kB in an attribute of fixed size.
MAX_ATTRIBUTE = 64512


def names_in(group: Group, attribute: str) -> list[str]:
    """A list of names, from `attribute` or from its pieces `attribute0`, `attribute1`, ...

    Raises:
        ValueError: If it is no list of names, or one longer than any model has.
    """
    value = group.attribute(attribute)
    if value is not None:
        return _names(value, group, attribute)
    found: list[str] = []
    for i in range(MAX_NAMES):
        piece = group.attribute(f"{attribute}{i}")
        if piece is None:
            break
        names = _names(piece, group, attribute)
        found.extend(names)
        if not names or len(found) > MAX_NAMES:
            raise ValueError(
                f"{group.label}: {attribute!r} of group {group.path[:200] or '/'!r} has empty pieces, or more than "
                f"{MAX_NAMES} names."
            )
    return found


def _names(value: Any, group: Group, attribute: str) -> list[str]:
    if isinstance(value, np.ndarray) and value.size == 0:
        return []
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(
            f"{group.label}: attribute {attribute!r} of group {group.path[:200] or '/'!r} must be a list of names; got "
            f"{str(value)[:100]!r}."
        )
    return value


def put_names(group: Any, attribute: str, names: list[str]) -> None:
    """Writes a list of names to an `h5py.Group`, in as many pieces as it needs."""
    array = np.asarray([name.encode() for name in names])
    if any(len(name.encode()) > MAX_ATTRIBUTE for name in names):
        raise ValueError(
            f"A name in {attribute!r} has more than {MAX_ATTRIBUTE} bytes, which HDF5 cannot hold."
        )
    if array.nbytes <= MAX_ATTRIBUTE:
        group.attrs[attribute] = array
        return
    length = MAX_ATTRIBUTE // array.itemsize
    for i, start in enumerate(range(0, len(names), length)):
        group.attrs[f"{attribute}{i}"] = array[start : start + length]


def config_in(group: Group, attribute: str) -> Any:
    """What the JSON text in an attribute says; `None` if there is no such attribute.

    Raises:
        ValueError: If it is not JSON, too deep, or has a key twice.
    """
    text = group.attribute(attribute)
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"{group.label}: {attribute!r} must be JSON text; got {type(text).__name__}.")
    return _plain(read_json(text.encode(), f"{group.label}: {attribute!r}"))


def _plain(value: Any) -> Any:
    """Tuples and shapes were written as objects, and are lists here."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape") and isinstance(value.get("items"), list):
        return [_plain(item) for item in value["items"]]
    return {key: _plain(item) for key, item in value.items()}
