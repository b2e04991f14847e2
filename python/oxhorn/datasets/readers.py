"""Reading IDX, .npz and .csv files that may be damaged or hostile: no code, no more memory than a limit."""

from __future__ import annotations

import contextlib
import csv
import functools
import gzip
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from oxhorn.saving.zip_checks import DAMAGE, check_place

UInt8 = npt.NDArray[np.uint8]


def read_idx(path: Path, ndim: int, max_items: int) -> UInt8:
    """Read a file of unsigned bytes in the IDX format, plain or compressed with gzip.

    Layout, big-endian: 0x00 0x00 0x08 `ndim`, then `ndim` sizes of four bytes, then the items.

    Args:
        path: the file.
        ndim: the number of dimensions it has to have.
        max_items: the most items it may have.

    Returns:
        An array that owns its memory.

    Raises:
        ValueError: if the file is anything else.
    """
    header = 4 + 4 * ndim
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(header + max_items + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path}: expected a gzip file, got a damaged one ({error}). Fetch it again."
        ) from None
    magic = bytes([0, 0, 8, ndim])
    if data[:4] != magic:
        raise ValueError(f"{path}: expected an IDX file that begins with {magic!r}, got {data[:4]!r}.")
    if len(data) < header:
        raise ValueError(
            f"{path}: expected a header of {header} bytes, got {len(data)}: the file is cut off."
        )
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", count=ndim, offset=4))
    if math.prod(shape) != len(data) - header:
        raise ValueError(
            f"{path}: expected {math.prod(shape)} items for shape {shape} (at most {max_items}), "
            f"got {len(data) - header}."
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape).copy()


def read_npz(path: Path, max_bytes: Mapping[str, int]) -> dict[str, npt.NDArray[Any]]:
    """Read the named arrays of a NumPy archive.

    Args:
        path: the file.
        max_bytes: for each array wanted, the most bytes that it may take.

    Returns:
        The arrays by name.

    Raises:
        ValueError: if the file is no archive, an array is missing, is too large, or holds Python objects.
    """
    arrays = {}
    with npz_members(path, max_bytes) as members:
        for name, opened in members.items():
            with opened() as file:
                _check_header(file, path, name, max_bytes[name])
            with opened() as file:
                arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays


@contextlib.contextmanager
def npz_members(path: Path, max_bytes: Mapping[str, int]) -> Iterator[dict[str, Callable[[], IO[bytes]]]]:
    """The members of a NumPy archive that hold the arrays wanted; each may be opened as long as the context lasts.

    Args:
        path: the file.
        max_bytes: for each array wanted, the most bytes that it may take.

    Raises:
        ValueError: if the file is no archive or damaged, or an array is missing or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            missing = [name for name in max_bytes if f"{name}.npy" not in archive.namelist()]
            if missing:
                got = ", ".join(archive.namelist()[:20]) or "none"
                raise ValueError(f"{path}: expected the arrays {', '.join(max_bytes)}, got {got}.")
            members = {name: archive.getinfo(f"{name}.npy") for name in max_bytes}
            for name, member in members.items():
                check_place(member)
                if member.file_size > max_bytes[name] + 4096:  # the header takes a little
                    raise ValueError(
                        f"{path}: expected {name} to take at most {max_bytes[name]} bytes, got {member.file_size}."
                    )
            yield {name: functools.partial(archive.open, member) for name, member in members.items()}
    except DAMAGE as error:
        raise ValueError(f"{path}: expected a NumPy archive (.npz), got a damaged file ({error}).") from None


def _check_header(file: Any, path: Path, name: str, limit: int) -> None:
    # What the header declares is compared with the limit before anything is allocated.
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{path}: expected {name} in version 1.0 or 2.0 of the .npy format, got {version}.")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError(
            f"{path}: expected {name} to hold numbers, got Python objects, which are never loaded."
        )
    size = math.prod(shape) * dtype.itemsize
    if size > limit or any(n < 0 for n in shape):
        raise ValueError(
            f"{path}: expected {name} to take at most {limit} bytes, got shape {shape}, {size} bytes."
        )


def read_csv(path: Path, max_rows: int) -> list[list[str]]:
    """Read a small text table, separated by commas, as lists of texts.

    Args:
        path: the file.
        max_rows: the most rows it may have.

    Returns:
        The rows that are not empty.

    Raises:
        ValueError: if the file is no text or has more rows.
    """
    rows = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                if row:
                    rows.append([cell.strip() for cell in row])
                if len(rows) > max_rows:
                    raise ValueError(f"{path}: expected at most {max_rows} rows, got more.")
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: expected a text table separated by commas, got {error}.") from None
    return rows
