"""Arrays in the pickles of old data sets, read without running anything that these name.

The interpreter is `saving.restricted_pickle`; here are stand-ins for the three functions that NumPy's arrays need.
"""

from __future__ import annotations

import io
import math
import pickle
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oxhorn.datasets.readers import npz_members
from oxhorn.saving.restricted_pickle import Known, PickleError, PickleReader, StandIn
from oxhorn.utils.fetching import sum_of

__all__ = ["read_members", "read_pickle", "read_ragged"]


class _Dtype(StandIn):
    """In the place of `numpy.dtype`: the code it is made of, such as `"u1"` or `"O8"`."""

    def __init__(self, code: Any) -> None:
        self.code = code.decode("ascii", "replace") if isinstance(code, bytes) else str(code)[:20]

    def __setstate__(self, state: Any) -> None:
        """Byte order and fields, which do not matter for bytes and lists."""


class _Array(StandIn):
    """In the place of an array: its shape, dtype and contents."""

    shape: tuple[int, ...] = ()
    code = ""
    data: Any = None

    def __setstate__(self, state: Any) -> None:
        if type(state) is not tuple or len(state) != 5 or not isinstance(state[2], _Dtype):
            raise PickleError("it has an array of another form than NumPy's")
        shape = state[1]
        if type(shape) is not tuple or not all(type(size) is int and size >= 0 for size in shape):
            raise PickleError("it has an array whose shape is none")
        self.shape, self.code, self.data = shape, state[2].code, state[4]


def _dtype(code: Any = "", align: Any = False, copy: Any = False) -> _Dtype:
    return _Dtype(code)


def _reconstruct(subtype: Any, shape: Any, code: Any) -> _Array:
    return _Array()


def _encode(text: Any, encoding: Any = None) -> bytes:
    """How pickles of Python 3 for Python 2 hold bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise PickleError("it has bytes in another form than NumPy's")
    try:
        return text.encode("latin1")
    except UnicodeEncodeError:
        raise PickleError("it has bytes in another form than NumPy's") from None


_KNOWN = {
    ("numpy", "dtype"): Known("numpy.dtype", _dtype),
    ("numpy", "ndarray"): Known("numpy.ndarray"),
    ("numpy.core.multiarray", "_reconstruct"): Known("numpy's _reconstruct", _reconstruct),
    ("numpy._core.multiarray", "_reconstruct"): Known("numpy's _reconstruct", _reconstruct),
    ("_codecs", "encode"): Known("_codecs.encode", _encode),
}


class _QuickReader(pickle.Unpickler):
    """Python's reader in C, for files whose checksum is that of the data set: ten million opcodes take a second."""

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module, name))
        if known is None:
            raise PickleError(f"it names {module}.{name}, which no data set needs")
        return known.make or _Array


def read_pickle(content: bytes, path: Path, known: bool = False) -> Any:
    """The lists, dicts, numbers, bytes and arrays in a pickle.

    Args:
        content: The pickle.
        path: Where it is from, for errors.
        known: Whether its checksum is that of the data set, so that the quick reader will do.

    Returns:
        Arrays of unsigned bytes as NumPy arrays, arrays of objects as lists.

    Raises:
        ValueError: If it holds anything else, or is damaged.
    """
    try:
        if known:
            return _plain(_QuickReader(io.BytesIO(content), encoding="bytes").load(), path)
        return _plain(PickleReader(content, _KNOWN, text_as_bytes=True).load(), path)
    except PickleError as error:
        raise ValueError(f"{path}: expected a pickle of arrays, got one that is not read: {error}.") from None


def _plain(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item, path) for key, item in value.items()}
    if not isinstance(value, _Array):
        return value
    size = math.prod(value.shape)
    if isinstance(value.data, bytes) and value.code in ("u1", "|u1") and size == len(value.data):
        return np.frombuffer(value.data, np.uint8).reshape(value.shape).copy()
    if isinstance(value.data, list) and value.code in ("O8", "|O8", "O4", "O") and len(value.data) == size:
        return value.data
    raise ValueError(
        f"{path}: expected arrays of unsigned bytes or of lists, got {value.code!r} of shape {value.shape} with "
        f"{type(value.data).__name__}."
    )


def read_ragged(path: Path, names: Sequence[str], max_bytes: int, sha256: str) -> dict[str, list[list[int]]]:
    """Read arrays of lists of whole numbers from a NumPy archive.

    Args:
        path: The file.
        names: The arrays wanted.
        max_bytes: The most bytes that one may take.
        sha256: The checksum of the file that is known; another is read with more care, which takes longer.

    Raises:
        ValueError: If the file is anything else.
    """
    found = {}
    known = sum_of(path, "sha256") == sha256
    with npz_members(path, dict.fromkeys(names, max_bytes)) as members:
        for name, opened in members.items():
            with opened() as file:
                # Told how much, it unpacks no more; of its own accord it unpacks all, and then cuts that to size.
                content = file.read(max_bytes + 4096)
            found[name] = _lists(read_pickle(_after_header(content, path, name), path, known), path, name)
    return found


def _after_header(content: bytes, path: Path, name: str) -> bytes:
    """What follows the header of a .npy file: magic, version, the length of a text, that text."""
    if content[:6] != b"\x93NUMPY" or content[6:8] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError(f"{path}: expected {name} in the .npy format, got {content[:8]!r}.")
    width = 2 if content[6] == 1 else 4
    length = int.from_bytes(content[8 : 8 + width], "little")
    return content[8 + width + length :]


def _lists(rows: Any, path: Path, name: str) -> list[list[int]]:
    good = isinstance(rows, list) and all(
        isinstance(row, list) and all(type(word) is int for word in row) for row in rows
    )
    if not good:
        raise ValueError(f"{path}: expected {name} to hold lists of whole numbers.")
    return list(rows)


def read_members(path: Path, max_bytes: Mapping[str, int]) -> dict[str, npt.NDArray[Any]]:
    """Read members of a tar archive by the last part of their names; nothing is written to disk.

    Args:
        path: The archive, compressed with gzip.
        max_bytes: For each member wanted, the most bytes that it may take.

    Returns:
        What the pickles in them hold.

    Raises:
        ValueError: If it is no such archive, or a member is missing or too large.
    """
    found: dict[str, Any] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = Path(member.name).name
                if name not in max_bytes or name in found or not member.isfile():
                    continue
                if member.size > max_bytes[name]:
                    raise ValueError(
                        f"{path}: expected {name} to take at most {max_bytes[name]} bytes, got {member.size}."
                    )
                file = archive.extractfile(member)
                assert file is not None
                found[name] = read_pickle(file.read(), path)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ValueError(f"{path}: expected a tar archive (.tar.gz), got a damaged file ({error}).") from None
    missing = sorted(set(max_bytes) - set(found))
    if missing:
        raise ValueError(f"{path}: expected the files {', '.join(max_bytes)}; it lacks {', '.join(missing)}.")
    return found
