"""The safetensors format, read with every check and written so that a crash leaves the old file.

    8 bytes: n, the length of the header, little-endian
    n bytes: JSON {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
                   "__metadata__": {"key": "text"}}, padded with spaces
    the data: offsets count from its first byte; tensors lie without gaps or overlaps

The core reads and checks headers, since hostile ones would take Python hours, and many times their size in memory.

Source: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from oxhorn import _core
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
    "U16": ("<u2", "<i4"),
    "U32": ("<u4", "<i8"),
}
_IN_FILES = DTYPES | {name: code for name, (code, _) in WIDENED.items()}

MAX_NAME = 4096


def write(path: str | os.PathLike[str], tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Writes `tensors` to `path`: to a temporary file beside it, which then takes its place.

    Raises:
        ValueError: If an array has a dtype that is not in `DTYPES`, or a name that no reader takes.
        OSError: If the folder cannot be written to; the file at `path` is as before.
    """
    if not all(isinstance(x, str) for pair in metadata.items() for x in pair):
        raise ValueError(f"{path}: expected metadata that maps strings to strings; got {dict(metadata)!r}.")
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    arrays = []
    offset = 0
    for name, tensor in tensors.items():
        if len(name) > MAX_NAME or "\x00" in name or name in header:
            raise ValueError(
                f"{path}: expected names of up to {MAX_NAME} characters, without NUL, other than '__metadata__'; "
                f"got {name[:100]!r}."
            )
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
    file = _core.SafetensorsFile(path)
    rows = file.entries()
    places = {row[0]: place for place, row in enumerate(rows)}
    entries = {name: Entry(dtype, shape, begin, end) for name, dtype, shape, begin, end in rows}
    tensors: dict[str, Array] = {}
    for name in entries if wanted is None else wanted(entries):
        entry = entries[name]
        array = file.read(places[name]).view(_IN_FILES[entry.dtype]).reshape(entry.shape)
        if entry.dtype == "BF16":
            array = (array.astype("<u4") << 16).view("<f4")
        tensors[name] = array.astype(entry.numpy_dtype, copy=False)
    return tensors, file.metadata()
