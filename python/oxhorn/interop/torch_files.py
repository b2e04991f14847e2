"""Files that `torch.save` writes, in both forms, without PyTorch.

The form since PyTorch 1.6, a zip archive whose members are stored as they are:

    name/data.pkl      the object; its tensors name their storages by key
    name/byteorder     "little" or "big"
    name/data/<key>    the numbers of a storage

The form before it, pickles one after the other and then the storages:

    a magic number, the version 1001, {"little_endian": True, ...}, the object, [key, ...]
    for each key: the count of its numbers (8 bytes, little-endian), the numbers

Source: `torch/serialization.py` of PyTorch.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from oxhorn.interop.stored import DTYPES, Array
from oxhorn.interop.torch_pickle import Storage, StorageTable, StoredTensor, read_object, window
from oxhorn.saving import zip_checks
from oxhorn.saving.restricted_pickle import PickleError

__all__ = ["OLD_START", "ZIP_START", "opened"]

ZIP_START = b"PK\x03\x04"
OLD_START = b"\x80"
_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_MAX_MEMBERS = 200_000
_MAX_NAME = 1000

Load = Callable[[StoredTensor], Array]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Load]]:
    """The object of a file of `torch.save`, and a function that reads its tensors as long as the context lasts.

    Raises:
        ValueError: If it is another file, damaged, or holds anything but plain data and tensors. No more memory is
            taken than the file has bytes.
    """
    with path.open("rb") as file, contextlib.ExitStack() as stack:
        with _errors_of(path):
            size = os.fstat(file.fileno()).st_size
            start = file.read(4)
            file.seek(0)
            if start == ZIP_START:
                found, storages = _read_zip(stack.enter_context(zipfile.ZipFile(file)), size)
            else:
                found, storages = _read_old(file.read(size))

        def load(tensor: StoredTensor) -> Array:
            with _errors_of(path):
                return storages(tensor)

        yield found, load


@contextlib.contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """All that reading a damaged file raises, as a ValueError with its path."""
    try:
        yield
    except PickleError as error:
        raise ValueError(
            f"{path}: expected a state dict that `torch.save` wrote; this file is not read: {error}."
        ) from None
    except zip_checks.DAMAGE as error:
        raise ValueError(f"{path}: expected a file of `torch.save`, got a damaged one ({error}).") from None


class _Storages:
    """The storages of a file, each read once."""

    def __init__(self, read: Callable[[Storage], bytes | memoryview], order: Literal["<", ">"]) -> None:
        self._read = read
        self._order = order
        self._kept: dict[str, Array] = {}

    def __call__(self, tensor: StoredTensor) -> Array:
        storage = tensor.storage
        if storage.key not in self._kept:
            content = self._read(storage)
            if len(content) != storage.numel * storage.itemsize:
                raise PickleError(
                    f"storage {storage.key} has {len(content)} bytes; was the file changed while being read?"
                )
            if storage.dtype == "bool" and bytes(content).strip(b"\x00\x01"):
                raise PickleError(f"storage {storage.key} of booleans has bytes other than 0 and 1")
            dtype = np.dtype(DTYPES[storage.dtype]).newbyteorder(self._order)
            self._kept[storage.key] = np.frombuffer(content, dtype)
        return window(tensor, self._kept[storage.key])


# The zip form ------------------------------------------------------------------------------------------


def _read_zip(archive: zipfile.ZipFile, size: int) -> tuple[Any, _Storages]:
    members = _checked_members(archive, size)
    roots = [
        name.removesuffix("/data.pkl")
        for name in members
        if name.endswith("/data.pkl") and name.count("/") == 1
    ]
    if not roots:
        raise PickleError("it has no member data.pkl in a folder, as an archive of `torch.save` has")
    if len(roots) > 1:
        raise PickleError("it has more than one data.pkl")
    root = roots[0]
    order = archive.read(members[f"{root}/byteorder"]) if f"{root}/byteorder" in members else b"little"
    if order not in (b"little", b"big"):
        raise PickleError(f"its byte order is {order[:20]!r}, neither little nor big")
    table = StorageTable()
    content = archive.read(members[f"{root}/data.pkl"])
    found, end = read_object(content, table)
    if end != len(content):
        raise PickleError(f"its data.pkl has {len(content) - end} bytes after the end")
    for storage in table.storages.values():
        info = members.get(f"{root}/data/{storage.key}")
        if info is None:
            raise PickleError(f"it lacks the storage {storage.key}")
        if info.file_size != storage.numel * storage.itemsize:
            raise PickleError(
                f"storage {storage.key} should have {storage.numel} numbers of {storage.dtype}, and has "
                f"{info.file_size} bytes"
            )

    def read(storage: Storage) -> bytes:
        return archive.read(members[f"{root}/data/{storage.key}"])

    return found, _Storages(read, "<" if order == b"little" else ">")


def _checked_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    # Stricter than `saving.archive_members.Archive`: what `torch.save` writes is never packed, so that the members
    # together are no larger than the file.
    infos = archive.infolist()
    if len(infos) > _MAX_MEMBERS:
        raise PickleError(f"it has {len(infos)} members; at most {_MAX_MEMBERS} are read")
    members: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for info in infos:
        name = info.orig_filename
        shown = repr(name[:100])
        if len(name) > _MAX_NAME or not zip_checks.is_plain_name(name):
            raise PickleError(
                f"it has a member named {shown}, which is no name within an archive of `torch.save`"
            )
        if name.endswith("/constants.pkl") or "/code/" in name:
            raise PickleError(
                "it is a TorchScript program. Where PyTorch is, load it with `torch.jit.load` and save "
                "`torch.save(model.state_dict(), path)`"
            )
        if name in members:
            raise PickleError(f"it has two members named {shown}")
        zip_checks.check_place(info)
        if (
            info.compress_type != zipfile.ZIP_STORED
            or info.file_size != info.compress_size
            or info.flag_bits & 1
        ):
            raise PickleError(f"its member {shown} is compressed or encrypted, which `torch.save` never does")
        total += info.file_size
        members[name] = info
    if total > size:
        raise PickleError(f"its members announce {total} bytes, and the file has {size}")
    return members


# The old form ------------------------------------------------------------------------------------------


def _read_old(content: bytes) -> tuple[Any, _Storages]:
    table = StorageTable()
    magic, position = read_object(content, table)
    if type(magic) is not int or magic != _MAGIC:
        raise PickleError("it is a pickle, but not one of `torch.save`")
    version, position = read_object(content, table, position)
    if type(version) is not int or version != _VERSION:
        raise PickleError(f"its version is {repr(version)[:30]}; {_VERSION} is read")
    system, position = read_object(content, table, position)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise PickleError("it was not written by a little-endian machine; save it again on one")
    found, position = read_object(content, table, position)
    keys, position = read_object(content, table, position)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise PickleError("it has no list of its storages")
    if len(set(keys)) != len(keys) or set(keys) != set(table.storages):
        raise PickleError("its list of storages is not that of its tensors")
    places: dict[str, tuple[int, int]] = {}
    for key in keys:
        storage = table.storages[key]
        begin = position + 8
        if begin > len(content):
            raise PickleError(f"it ends before storage {key}")
        (numel,) = struct.unpack("<q", content[position:begin])
        position = begin + storage.numel * storage.itemsize
        if numel != storage.numel or position > len(content):
            raise PickleError(
                f"storage {key} should have {storage.numel} numbers of {storage.dtype}; it announces {numel}, and "
                f"{len(content) - begin} bytes follow"
            )
        places[key] = begin, position
    if position != len(content):
        raise PickleError(f"it has {len(content) - position} bytes after its last storage")

    whole = memoryview(content)  # storages are windows into what was read, not copies

    def read(storage: Storage) -> memoryview:
        begin, end = places[storage.key]
        return whole[begin:end]

    return found, _Storages(read, "<")
