"""Where weights come from: files of PyTorch, safetensors, and arrays in memory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from oxhorn.interop import torch_files
from oxhorn.interop.stored import Stored, checked_name, from_arrays
from oxhorn.interop.torch_pickle import StoredTensor

__all__ = ["opened"]


@contextlib.contextmanager
def opened(source: Any, key: Any, who: str) -> Iterator[tuple[dict[str, Stored], list[str], str]]:
    """The arrays of a source, which can be read as long as the context lasts.

    Args:
        source: A path, or a dict of arrays.
        key: The names that lead to the state dict in a checkpoint that holds more.
        who: The function, for messages.

    Returns:
        The arrays by name; what else lies among them; and what the source is called in messages.

    Raises:
        ValueError: If it is no such source, or damaged.
    """
    keys = _checked_key(key, who)
    if isinstance(source, Mapping):
        where = f"{who}: the dict of arrays"
        yield from_arrays(_within(source, keys, where, _is_array), where), [], "the dict of arrays"
        return
    if not isinstance(source, (str, os.PathLike)):
        more = "; pass its `state_dict()`" if callable(getattr(source, "state_dict", None)) else ""
        raise ValueError(
            f"{who}: expected a path, or a dict of arrays; got an object of type {type(source).__name__}{more}."
        )
    path = Path(source)
    where = str(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError(f"{where}: expected a regular file; this is a pipe or a device.")
    with path.open("rb") as file:
        start = file.read(9)
    if len(start) == 9 and start[8:] == b"{" and not start.startswith(torch_files.ZIP_START):
        if keys:
            raise ValueError(f"{who}: {where} is a safetensors file, which has no parts; leave `key` out.")
        yield _safetensors(path), [], where
        return
    if not start.startswith((torch_files.ZIP_START, torch_files.OLD_START)):
        raise ValueError(
            f"{where}: expected a file of `torch.save` or a safetensors file; it begins with {start[:8]!r}. "
            "Is it cut off, or of another format?"
        )
    with torch_files.opened(path) as (root, load):
        found = _within(root, keys, where, lambda value: isinstance(value, StoredTensor))
        arrays: dict[str, Stored] = {}
        others = []
        for name, value in found.items():
            if isinstance(value, StoredTensor):
                shown = checked_name(name, where)
                what, dtype = f"{where}: {shown!r}", value.storage.dtype
                arrays[shown] = Stored(what, value.shape, dtype, lambda value=value: load(value))  # type: ignore[misc]
            else:
                key = f"; to read it, pass key={str(name)[:50]!r}" if isinstance(value, Mapping) else ""
                others.append(f"{str(name)[:100]} ({_described(value)}): no array{key}")
        yield arrays, others, where


def _safetensors(path: Path) -> dict[str, Stored]:
    from oxhorn.saving import safetensors

    entries: dict[str, Any] = {}

    def note(found: dict[str, Any]) -> list[str]:
        entries.update(found)
        return []

    safetensors.read(path, note)

    tensors: dict[str, Any] = {}

    def reader(name: str) -> Any:
        def load() -> Any:
            if not tensors:
                tensors.update(safetensors.read(path)[0])
            if name not in tensors:
                raise ValueError(
                    f"{path}: tensor {name[:100]!r} is gone; was the file changed while being read?"
                )
            return tensors[name]

        return load

    return {
        name: Stored(f"{path}: {name[:100]!r}", tuple(entry.shape), entry.numpy_dtype, reader(name))
        for name, entry in entries.items()
    }


def _checked_key(key: Any, who: str) -> tuple[str, ...]:
    if key is None:
        return ()
    keys = (key,) if isinstance(key, str) else tuple(key) if isinstance(key, Sequence) else None
    if keys is None or not all(isinstance(one, str) for one in keys):
        raise ValueError(f"{who}: expected `key` to be text or a list of texts; got {key!r}.")
    return keys


def _is_array(value: Any) -> bool:
    return not isinstance(value, Mapping) and (hasattr(value, "__array__") or hasattr(value, "numpy"))


def _within(root: Any, keys: tuple[str, ...], where: str, is_array: Any) -> Mapping[Any, Any]:
    """The dict of arrays that the keys lead to."""
    found = root
    for i, key in enumerate(keys):
        if not isinstance(found, Mapping) or key not in found:
            at = f" under {keys[:i]}" if i else ""
            raise ValueError(f"{where}: expected {key!r}{at}; there is {_contents(found)}.")
        found = found[key]
    if not isinstance(found, Mapping) or not any(is_array(value) for value in found.values()):
        inner = (
            [str(name) for name, value in found.items() if isinstance(value, Mapping)]
            if isinstance(found, Mapping)
            else []
        )
        hint = f" Choose one of its parts, such as key={inner[0][:50]!r}." if inner else ""
        raise ValueError(
            f"{where}: expected a state dict, which has arrays by name; there is {_contents(found)}.{hint}"
        )
    return found


def _contents(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _described(value)
    shown = [f"{str(name)[:60]!r} ({_described(item)})" for name, item in list(value.items())[:20]]
    more = f" and {len(value) - 20} more" if len(value) > 20 else ""
    return f"a dict of {', '.join(shown)}{more}" if shown else "an empty dict"


def _described(value: Any) -> str:
    """A few words, without a look at what is nested."""
    if isinstance(value, StoredTensor):
        return f"array {value.shape}"
    if isinstance(value, Mapping):
        arrays = sum(1 for item in value.values() if isinstance(item, StoredTensor) or _is_array(item))
        return f"dict of {len(value)}, {arrays} of them arrays"
    if isinstance(value, (bool, int, float)) or value is None:
        return repr(value)[:30]
    return (
        f"{type(value).__name__} of {len(value)}"
        if isinstance(value, (str, list, tuple))
        else type(value).__name__
    )
