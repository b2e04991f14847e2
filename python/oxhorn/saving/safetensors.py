"""The safetensors format, read with every check and written so that a crash leaves the old file.

    8 bytes: n, the length of the header, little-endian
    n bytes: JSON {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
                   "__metadata__": {"key": "text"}}, padded with spaces
    the data: offsets count from its first byte; tensors lie without gaps or overlaps

Source: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oxhorn.saving.atomic import replacing

Array = np.ndarray[Any, Any]

DTYPES = {
    "F32": "<f4",
    "F64": "<f8",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "|u1",
    "BOOL": "|b1",
}
_CODES = {np.dtype(code): name for name, code in DTYPES.items()}

# Dtypes of other libraries: how they lie in the file, and the dtype they are read as, which has all their values. Those
# of BF16 are the upper halves of float32's.
WIDENED = {
    "F16": ("<f2", "<f4"),
    "BF16": ("<u2", "<f4"),
    "I16": ("<i2", "<i4"),
    "I8": ("|i1", "<i4"),
}
_IN_FILES = DTYPES | {name: code for name, (code, _) in WIDENED.items()}

MAX_HEADER = 100_000_000
_MAX_NAME = 4096


def write(path: str | os.PathLike[str], tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Writes `tensors` to `path`: to a temporary file beside it, which then takes its place.

    Raises:
        ValueError: If an array has a dtype that is not in `DTYPES`.
        OSError: If the folder cannot be written to; the file at `path` is as before.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    arrays = []
    offset = 0
    for name, tensor in tensors.items():
        little = tensor.dtype.newbyteorder("<")
        if little not in _CODES:
            raise ValueError(f"Tensor {name!r} has dtype {tensor.dtype}; expected one of {sorted(DTYPES)}.")
        array = np.ascontiguousarray(tensor, dtype=little)
        header[name] = {
            "dtype": _CODES[little],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
        arrays.append(array)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for array in arrays:
            file.write(array.tobytes() if array.ndim == 0 else array.data.cast("B") if array.size else b"")


class Entry(NamedTuple):
    """What the header says of one tensor."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def numpy_dtype(self) -> str:
        """The name in NumPy of the dtype that the tensor is read as."""
        return np.dtype(WIDENED[self.dtype][1] if self.dtype in WIDENED else DTYPES[self.dtype]).name


def read(
    path: str | os.PathLike[str], wanted: Callable[[dict[str, Entry]], Iterable[str]] | None = None
) -> tuple[dict[str, Array], dict[str, str]]:
    """The tensors and the metadata of a file.

    Args:
        path: The file.
        wanted: Called with the entries of the header, before any tensor is read; returns the names of those to
            read, or raises. All are read by default.

    Returns:
        The tensors by name, and the metadata. Those of a dtype in `WIDENED` become the same values in a wider one.

    Raises:
        ValueError: If the file is not a safetensors file, or damaged. No more memory is taken than the file has
            bytes, whatever its header says.
    """
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        start, header = _read_header(file, size, path)
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(
            isinstance(key, str) and isinstance(value, str) for key, value in metadata.items()
        ):
            raise ValueError(f"{path}: `__metadata__` must map strings to strings.")
        entries = _check_entries(header, size - start, path)
        tensors: dict[str, Array] = {}
        for name in entries if wanted is None else wanted(entries):
            dtype, shape, begin, end = entries[name]
            file.seek(start + begin)
            data = file.read(end - begin)
            if len(data) != end - begin:
                raise ValueError(
                    f"{path}: the file ended within tensor {name!r}; was it changed while being read?"
                )
            if dtype == "BOOL" and data.strip(b"\x00\x01"):
                raise ValueError(f"{path}: tensor {name!r} of dtype BOOL has bytes other than 0 and 1.")
            array = np.frombuffer(data, dtype=_IN_FILES[dtype]).reshape(shape)
            if dtype == "BF16":
                array = (array.astype("<u4") << 16).view("<f4")
            tensors[name] = array.astype(entries[name].numpy_dtype)
    return tensors, metadata


def _read_header(file: Any, size: int, path: Any) -> tuple[int, dict[str, Any]]:
    prefix = file.read(8)
    if len(prefix) < 8:
        raise ValueError(
            f"{path}: not a safetensors file: it has {len(prefix)} bytes, and at least 8 are needed."
        )
    (length,) = struct.unpack("<Q", prefix)
    if length > min(MAX_HEADER, size - 8):
        raise ValueError(
            f"{path}: not a safetensors file, or cut off: its header claims {length} bytes, "
            f"the file has {size - 8} after its first 8 (and {MAX_HEADER} is the limit)."
        )
    text = file.read(length)
    if len(text) != length or not text.startswith(b"{"):
        raise ValueError(f"{path}: not a safetensors file: its header does not begin with '{{'.")
    try:
        header = json.loads(
            text.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: the header is damaged: {error}.") from None
    if not isinstance(header, dict):
        raise ValueError(f"{path}: the header must be a JSON object.")
    return 8 + length, header


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated[:100]!r} occurs more than once")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_count(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool) and 0 <= x < 2**63


def _check_entries(header: dict[str, Any], data_size: int, path: Any) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for name, entry in header.items():
        shown = repr(name[:100])
        if len(name) > _MAX_NAME or "\x00" in name:
            raise ValueError(f"{path}: the name of tensor {shown} is too long or has a NUL character.")
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise ValueError(f"{path}: tensor {shown} must have exactly dtype, shape and data_offsets.")
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in _IN_FILES:
            raise ValueError(
                f"{path}: tensor {shown} has dtype {str(dtype)[:100]!r}; expected one of {sorted(_IN_FILES)}."
            )
        if not isinstance(shape, list) or len(shape) > 32 or not all(_is_count(n) for n in shape):
            raise ValueError(f"{path}: tensor {shown} has the shape {str(shape)[:100]}, which is not one.")
        if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_count(n) for n in offsets):
            raise ValueError(
                f"{path}: tensor {shown} has offsets {str(offsets)[:100]}; expected two numbers."
            )
        begin, end = offsets
        if begin > end or end > data_size:
            raise ValueError(
                f"{path}: tensor {shown} lies from byte {begin} to {end}, but the file has {data_size} bytes of "
                "data. Is it cut off?"
            )
        expected = math.prod(shape) * np.dtype(_IN_FILES[dtype]).itemsize
        if expected != end - begin:
            raise ValueError(
                f"{path}: tensor {shown} of shape {shape} and dtype {dtype} needs {expected} bytes; "
                f"the header gives it {end - begin}."
            )
        entries[name] = Entry(dtype, tuple(shape), begin, end)
    position = 0
    for name, (_, _, begin, end) in sorted(entries.items(), key=lambda item: (item[1][2], item[1][3])):
        if begin != position:
            raise ValueError(
                f"{path}: tensor {name[:100]!r} begins at byte {begin}, where {position} is expected: tensors must "
                "not overlap or leave gaps."
            )
        position = end
    if position != data_size:
        raise ValueError(
            f"{path}: the tensors take {position} bytes, but the file has {data_size} bytes of data."
        )
    return entries
