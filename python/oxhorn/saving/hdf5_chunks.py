"""Compressed datasets of HDF5 files, unpacked here: never more bytes than a chunk has.

HDF5's own unpacking grows its memory for as long as the packed bytes go on, so that a small file could ask for all
there is. A chunk of n bytes is unpacked to at most n bytes here, and straight into its place.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DEFLATE, SHUFFLE = 1, 2
MAX_CHUNK = 1 << 26


def read_chunks(handle: Any, filters: list[Any], who: str) -> Array:
    """The values of an `h5py.Dataset` in chunks that went through `filters` (in the order of writing).

    Raises:
        ValueError: If a filter is not gzip or shuffle, a chunk is not in the file, or has other than its own size.
    """
    codes = [one[0] for one in filters]
    if any(code not in (DEFLATE, SHUFFLE) for code in codes):
        raise ValueError(f"{who} is packed with the filters {codes}; only gzip (1) and shuffle (2) are read.")
    shape, chunk, dtype = handle.shape, handle.chunks, np.dtype(handle.dtype)
    size = math.prod(chunk) * dtype.itemsize
    if size > max(MAX_CHUNK, 2 * math.prod(shape) * dtype.itemsize):
        raise ValueError(
            f"{who} of shape {shape} has chunks of shape {chunk}, which are larger than it needs."
        )
    counts = [-(-n // step) for n, step in zip(shape, chunk, strict=True)]
    stored = handle.id.get_num_chunks()
    if stored != math.prod(counts):
        raise ValueError(
            f"{who} has {stored} chunks in the file; its shape {shape} needs {math.prod(counts)}."
        )
    result = np.empty(shape, dtype.newbyteorder("="))
    for index in np.ndindex(*counts):
        start = tuple(i * step for i, step in zip(index, chunk, strict=True))
        packed_size = handle.id.get_chunk_info_by_coord(start).size
        if packed_size > 2 * size + 1024:
            raise ValueError(f"{who}: the chunk at {start} of {size} bytes takes {packed_size} bytes packed.")
        mask, packed = handle.id.read_direct_chunk(start)
        values = np.frombuffer(_unpacked(packed, codes, mask, size, dtype.itemsize, who), dtype).reshape(
            chunk
        )
        stop = tuple(min(a + step, n) for a, step, n in zip(start, chunk, shape, strict=True))
        place = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        result[place] = values[tuple(slice(b - a) for a, b in zip(start, stop, strict=True))]
    return result


def _unpacked(packed: Any, codes: list[int], mask: int, size: int, itemsize: int, who: str) -> bytes:
    """The filters undone, the last one first; bit i of `mask` says that filter i was left out."""
    data = bytes(packed)
    for i, code in reversed(list(enumerate(codes))):
        if mask >> i & 1:
            continue
        if code == DEFLATE:
            worker = zlib.decompressobj()
            try:
                data = worker.decompress(data, size + 1)
            except zlib.error as error:
                raise ValueError(f"{who} has a chunk that cannot be unpacked: {error}.") from None
        elif itemsize > 1 and len(data) % itemsize == 0:
            # Shuffle: all first bytes of the values, then all second ones.
            data = np.frombuffer(data, np.uint8).reshape(itemsize, -1).T.tobytes()
    if len(data) != size:
        raise ValueError(f"{who} has a chunk of {len(data)} bytes or more; expected {size}.")
    return data
