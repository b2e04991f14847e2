"""The places of an HDF5 file where texts of any length lie, looked over before the HDF5 library reads them.

    "GCOL", version 1, 3 bytes, n in 8 bytes: a collection of n bytes, header included
    objects: index in 2 bytes, count in 2, 4 bytes, size in 8, then the bytes, filled up to a multiple of 8;
             the object of index 0 is the space left, and its size includes these 16 bytes

The library walks along the objects without looking where it steps: a size of 0 keeps it in one place for ever, where
no Ctrl-C reaches it.
"""

from __future__ import annotations

import io
from typing import BinaryIO

SIGNATURE = b"GCOL\x01"
HEADER = 16
BLOCK = 1 << 20
MAX_COLLECTIONS = 100_000
MAX_STEPS = 10_000_000


def check_heaps(file: BinaryIO, label: str) -> int:
    """Follows the sizes in every collection of the file.

    Returns:
        The bytes of the longest text.

    Raises:
        ValueError: If one does not lead from object to object to the end.
    """
    size = file.seek(0, io.SEEK_END)
    _check_superblock(file, label)
    steps = longest = 0
    for count, start in enumerate(_collections(file, size)):
        taken, largest = _walk(file, start, size, label)
        steps, longest = steps + taken, max(longest, largest)
        if count >= MAX_COLLECTIONS or steps > MAX_STEPS:
            raise ValueError(f"{label}: the HDF5 file has more texts than any model; it is not read.")
    return longest


def _check_superblock(file: BinaryIO, label: str) -> None:
    """The layout above is that of files whose addresses and sizes have 8 bytes: all but museum pieces."""
    file.seek(8)
    head = file.read(8)
    sizes = head[5:7] if head[:1] in (b"\x00", b"\x01") else head[1:3]
    if sizes != b"\x08\x08":
        raise ValueError(
            f"{label}: an HDF5 file with addresses and sizes of {list(sizes)} bytes; expected 8."
        )


def _collections(file: BinaryIO, size: int) -> list[int]:
    starts: list[int] = []
    keep = len(SIGNATURE) - 1
    tail = b""
    for place in range(0, size, BLOCK):
        file.seek(place)
        block = tail + file.read(BLOCK)
        at = block.find(SIGNATURE)
        while at >= 0 and len(starts) <= MAX_COLLECTIONS:
            starts.append(place - len(tail) + at)
            at = block.find(SIGNATURE, at + 1)
        tail = block[-keep:]
    return starts


def _walk(file: BinaryIO, start: int, size: int, label: str) -> tuple[int, int]:
    """The number of objects, and the size of the largest."""
    file.seek(start + 8)
    length = int.from_bytes(file.read(8), "little")
    # The library refuses what reaches beyond the file by itself.
    if length > size - start:
        return 1, 0
    place, end, steps, largest = HEADER, length, 0, 0
    while place + HEADER <= end:
        file.seek(start + place)
        head = file.read(HEADER)
        index, taken = int.from_bytes(head[:2], "little"), int.from_bytes(head[8:], "little")
        step = taken if index == 0 else HEADER + (taken + 7) // 8 * 8
        if step < HEADER or place + step > end:
            raise ValueError(
                f"{label}: the HDF5 file is damaged: a text of {taken} bytes at byte {start + place}, where "
                f"{end - place} are left."
            )
        largest = largest if index == 0 else max(largest, taken)
        place += step
        steps += 1
        if steps > MAX_STEPS:
            break
    return steps, largest
