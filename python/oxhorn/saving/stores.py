"""What `save_own_variables` writes to and `load_own_variables` reads from: arrays by name, in a group of an HDF5 file.

A weights file may be one HDF5 file, or several (shards) with a table in JSON that says which has what.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, KeysView
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from oxhorn.saving import hdf5
from oxhorn.saving.limited_json import MAX_BYTES, read_json
from oxhorn.saving.zip_checks import is_plain_name

Array = np.ndarray[Any, Any]

VARIABLES = "vars"
GIBI = 1024**3
MAX_SHARDS = 10_000


def place_of(path: str) -> str:
    """The group that holds the arrays of the object at `path`."""
    return f"{path}/{VARIABLES}" if path else VARIABLES


class Reading(Protocol):
    """Weights that are there to be read."""

    label: str

    def store(self, path: str) -> ReadStore:
        """The arrays of the object at `path`; none if nothing is there."""

    def has_path(self, path: str) -> bool:
        """Whether anything lies at or below `path`."""

    def all_paths(self) -> list[str]:
        """The paths of all arrays."""


class Writing(Protocol):
    """Weights that are being written."""

    def store(self, path: str, name: str | None) -> WriteStore:
        """A place for the arrays of the object at `path`."""


# Reading --------------------------------------------------------------------------------------------------


class ReadStore:
    """The arrays of one object, by name, as a dict that is read when asked."""

    def __init__(self, groups: list[hdf5.Group], path: str) -> None:
        self.path = path
        self._where: dict[str, hdf5.Group] = {}
        for group in groups:
            for name in group.names():
                self._where.setdefault(name, group)

    def keys(self) -> KeysView[str]:
        """The names of the arrays."""
        return self._where.keys()

    def __len__(self) -> int:
        return len(self._where)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __bool__(self) -> bool:
        return True

    def dataset(self, name: str) -> hdf5.Dataset:
        """The array of this name, not read yet.

        Raises:
            KeyError: If there is none.
        """
        if name not in self._where:
            first = name.split("/")[0]
            if first == name or first not in self._where:
                raise KeyError(f"{place_of(self.path)}/{name}")
            return self._where[first].dataset(name)
        return self._where[name].dataset(name)

    def __getitem__(self, name: str) -> Array:
        return self.dataset(name).read()

    def get(self, name: str, default: Any = None) -> Any:
        """The array of this name, or `default`."""
        return self[name] if name in self else default  # noqa: SIM401 - this is `get`

    def items(self) -> Iterator[tuple[str, Array]]:
        """Names and arrays."""
        return ((name, self[name]) for name in self)


class Hdf5Reading:
    """Weights in one HDF5 file."""

    def __init__(self, root: hdf5.Group) -> None:
        self.root = root
        self.label = root.label

    def store(self, path: str) -> ReadStore:
        found = _group(self.root, place_of(path))
        if found is None and "_layer_checkpoint_dependencies" in self.root:
            # As Keras 2.13 named it.
            found = _group(self.root, place_of(path.replace("layers", "_layer_checkpoint_dependencies")))
        return ReadStore([] if found is None else [found], path)

    def has_path(self, path: str) -> bool:
        return path in self.root

    def all_paths(self) -> list[str]:
        return [path for path, one in self.root.walk() if isinstance(one, hdf5.Dataset)]


def _group(root: hdf5.Group, path: str) -> hdf5.Group | None:
    try:
        return root.group(path)
    except KeyError:
        return None


class ShardedReading:
    """Weights in several HDF5 files."""

    def __init__(self, label: str, shards: dict[str, hdf5.Group], table: dict[str, list[str]]) -> None:
        self.label = label
        self._shards = shards
        self._table = table

    def store(self, path: str) -> ReadStore:
        place = place_of(path)
        groups = [_group(self._shards[name], place) for name in self._table.get(f"/{place}", ())]
        return ReadStore([group for group in groups if group is not None], path)

    def has_path(self, path: str) -> bool:
        return any(place == f"/{path}" or place.startswith(f"/{path}/") for place in self._table)

    def all_paths(self) -> list[str]:
        return [path for shard in self._shards.values() for path in Hdf5Reading(shard).all_paths()]


@contextlib.contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Reading]:
    """The weights in a `.weights.h5` file, or in the shards of a `.weights.json` file.

    Raises:
        OSError: If a file is not there.
        ValueError: If a file is damaged, or the table names files outside its folder.
    """
    path = Path(path)
    if path.suffix != ".json":
        with hdf5.opening(path) as root:
            yield Hdf5Reading(root)
        return
    table = _shard_table(path)
    names = sorted({name for files in table.values() for name in files})
    if len(names) > MAX_SHARDS:
        raise ValueError(f"{path}: the table names {len(names)} files; {MAX_SHARDS} are the limit.")
    with contextlib.ExitStack() as stack:
        shards = {name: stack.enter_context(hdf5.opening(path.with_name(name))) for name in names}
        yield ShardedReading(str(path), shards, table)


def _shard_table(path: Path) -> dict[str, list[str]]:
    with path.open("rb") as file:
        content = read_json(file.read(MAX_BYTES + 1), str(path))
    table = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(table, dict):
        raise ValueError(f"{path}: expected a table of shards with the entry 'weight_map'.")
    found: dict[str, list[str]] = {}
    for place, files in table.items():
        files = [files] if isinstance(files, str) else files
        if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
            raise ValueError(f"{path}: 'weight_map' must have file names; got {str(files)[:100]!r}.")
        for name in files:
            if not name.endswith(".h5") or "/" in name or not is_plain_name(name):
                raise ValueError(
                    f"{path}: {name[:100]!r} is not the name of a weights file in the same folder."
                )
        found[place if place.startswith("/") else f"/{place}"] = files
    return found


# Writing --------------------------------------------------------------------------------------------------


class WriteStore:
    """A place for the arrays of one object, used as a dict."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._where: dict[str, Any] = {}

    def _group(self, value: Array, name: str) -> Any:
        raise NotImplementedError

    def __setitem__(self, name: str, value: Any) -> None:
        array = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
        if not isinstance(name, str) or array.dtype.kind not in "fiub":
            raise ValueError(
                f"save_own_variables at {self.path!r}: expected arrays of numbers by name; got {name!r} of dtype "
                f"{array.dtype}. Text goes to a file in `save_assets`."
            )
        if name in self._where:
            del self[name]
        group = self._group(array, name)
        group[name] = array
        self._where[name] = group

    def __getitem__(self, name: str) -> Array:
        found: Array = self._where[name][name][()]
        return found

    def __delitem__(self, name: str) -> None:
        del self._where.pop(name)[name]

    def __len__(self) -> int:
        return len(self._where)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __bool__(self) -> bool:
        return True

    def keys(self) -> KeysView[str]:
        """The names of the arrays."""
        return self._where.keys()

    def update(self, arrays: Any) -> None:
        """Puts all arrays of a dict in."""
        for name, value in arrays.items():
            self[name] = value


class _GroupStore(WriteStore):
    def __init__(self, file: Any, path: str, name: str | None) -> None:
        super().__init__(path)
        self._file = file
        self._made = _new_group(file, path, name) if name is not None else None

    def _group(self, value: Array, name: str) -> Any:
        if self._made is None:
            self._made = _new_group(self._file, self.path, None)
        return self._made


def _new_group(file: Any, path: str, name: str | None) -> Any:
    parts = place_of(path).split("/")
    if any(part in ("", ".", "..") or "\x00" in part for part in parts):
        raise ValueError(
            f"The place {path!r} of an object in its model cannot be a path in a file. Rename the attribute."
        )
    group = file.require_group("/".join(parts))
    if name is not None:
        group.attrs["name"] = name
    return group


class Hdf5Writing:
    """Weights into one `h5py.File`."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def store(self, path: str, name: str | None) -> WriteStore:
        return _GroupStore(self._file, path, name)


class ShardedWriting:
    """Weights into files of a limited size: `NAME_00000.weights.h5`, `NAME_00001.weights.h5`, ..."""

    def __init__(self, path: Path, max_shard_size: float, stack: contextlib.ExitStack) -> None:
        self.path = path
        self.limit = float(max_shard_size) * GIBI
        self._base = path.stem.replace(".weights", "")
        self._stack = stack
        self._count = 0
        self._filled = 0
        self.total = 0
        self.table: dict[str, list[str]] = {}
        self._next_shard()

    def _next_shard(self) -> None:
        self.name = f"{self._base}_{self._count:05}.weights.h5"
        self._count += 1
        self._filled = 0
        self.file = self._stack.enter_context(hdf5.writing(self.path.with_name(self.name)))

    def room_for(self, size: int, what: str) -> Any:
        """The file that takes `size` more bytes."""
        if size > self.limit:
            raise ValueError(
                f"The size of {what} is {size} bytes, which exceeds the maximum shard size of {self.limit:.0f} bytes. "
                "Increase `max_shard_size` (in GB) to accommodate it."
            )
        if self._filled + size > self.limit:
            self._next_shard()
        self._filled += size
        self.total += size
        return self.file

    def store(self, path: str, name: str | None) -> WriteStore:
        return _ShardStore(self, path, name)

    def content(self) -> str:
        """The table as JSON."""
        names = {place: files[0] if len(files) == 1 else files for place, files in self.table.items()}
        return json.dumps({"metadata": {"total_size": self.total}, "weight_map": names}, indent=4)


class _ShardStore(WriteStore):
    def __init__(self, shards: ShardedWriting, path: str, name: str | None) -> None:
        super().__init__(path)
        self._shards = shards
        self._name = name
        if name is not None:
            _new_group(shards.file, path, name)

    def _group(self, value: Array, name: str) -> Any:
        file = self._shards.room_for(value.nbytes, f"{place_of(self.path)}/{name}")
        files = self._shards.table.setdefault(f"/{place_of(self.path)}", [])
        if self._shards.name not in files:
            files.append(self._shards.name)
        return _new_group(file, self.path, self._name)


@contextlib.contextmanager
def writing(path: str | os.PathLike[str], max_shard_size: float | None = None) -> Iterator[Writing]:
    """A new weights file; it takes its place when all went well. With `max_shard_size` (in GB), several files.

    Raises:
        OSError: If the folder cannot be written to; old files are as before.
    """
    if max_shard_size is None:
        with hdf5.writing(path) as file:
            yield Hdf5Writing(file)
        return
    from oxhorn.saving.atomic import replacing

    path = Path(path)
    with contextlib.ExitStack() as stack:
        shards = ShardedWriting(path, max_shard_size, stack)
        yield shards
        # The stack closes the shards in the reverse order; the table, which says that they are there, comes last.
        stack.close()
        with replacing(path) as temporary:
            temporary.write_text(shards.content(), "utf-8")
