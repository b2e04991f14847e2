"""The members of a ZIP file from a stranger: checked by their table, read in place.

Names are compared and looked up, never used as paths. A member that is packed may be no more than a hundred times as
large as its bytes in the file, and is unpacked no further than its reader wants.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from oxhorn.saving import hdf5, zip_checks

MAX_MEMBERS = 100_000
MAX_EXPANSION = 100
# Small members may well be packed more than a hundred times.
SMALL = 1 << 24
# All members together: assets are unpacked to the disk, and many small ones make a large one.
MOST_TOGETHER = 1 << 28
BLOCK = 1 << 20
LOCAL_HEADER = struct.Struct("<4s5H3L2H")


class Archive:
    """A ZIP file whose table has been checked.

    Args:
        file: The open file.
        label: What error messages call it.

    Raises:
        ValueError: If it is no ZIP file, cut off, or its members overlap, repeat, are encrypted, have names that lead
            elsewhere, or would unpack to far more than they are.
    """

    def __init__(self, file: BinaryIO, label: str) -> None:
        self.label = label
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file, "r")
            infos = self._zip.infolist()
            for info in infos:
                zip_checks.check_place(info)
        except (ValueError, OSError, *zip_checks.DAMAGE) as error:
            raise ValueError(f"{label}: not a ZIP archive, or cut off: {error}.") from None
        if len(infos) > MAX_MEMBERS:
            raise ValueError(f"{label}: {len(infos)} members; {MAX_MEMBERS} are the limit.")
        self._infos: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            self._check(info)
            if info.filename in self._infos:
                raise ValueError(f"{label}: the member {info.filename[:100]!r} occurs more than once.")
            self._infos[info.filename] = info
        self._check_overlaps(infos)
        size = sum(info.file_size for info in infos)
        stored = sum(info.compress_size for info in infos)
        if size > max(MOST_TOGETHER, MAX_EXPANSION * stored):
            raise ValueError(
                f"{label}: the members claim {size} bytes together, and {stored} are stored: a decompression bomb."
            )

    def _check(self, info: zipfile.ZipInfo) -> None:
        name = info.orig_filename
        shown = f"{self.label}: the member {name[:100]!r}"
        if not zip_checks.is_plain_name(name):
            raise ValueError(f"{shown} has a name that is no plain path within the archive.")
        if info.flag_bits & 0x1:
            raise ValueError(f"{shown} is encrypted.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{shown} is packed by method {info.compress_type}; only 0 and 8 are read.")
        if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
            raise ValueError(f"{shown} claims {info.file_size} bytes, and {info.compress_size} are stored.")
        if info.file_size > max(SMALL, MAX_EXPANSION * info.compress_size):
            raise ValueError(
                f"{shown} claims {info.file_size} bytes, and {info.compress_size} are stored: a decompression bomb."
            )
        if (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise ValueError(f"{shown} is a link.")

    def _check_overlaps(self, infos: list[zipfile.ZipInfo]) -> None:
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < end:
                raise ValueError(f"{self.label}: the member {info.filename[:100]!r} overlaps another one.")
            end = info.header_offset + LOCAL_HEADER.size + info.compress_size

    def names(self) -> list[str]:
        """The names of the members."""
        return list(self._infos)

    def size(self, name: str) -> int:
        """The bytes of a member, unpacked."""
        return self._infos[name].file_size

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a member.

        Raises:
            ValueError: If it has more than `limit`, or is damaged.
        """
        if self.size(name) > limit:
            raise ValueError(f"{self.label}: {name!r} has {self.size(name)} bytes; {limit} are the limit.")
        target = io.BytesIO()
        self.copy(name, target)
        return target.getvalue()

    def copy(self, name: str, target: Any) -> None:
        """Writes the bytes of a member to an open file."""
        try:
            with self._zip.open(name) as member:
                shutil.copyfileobj(member, target, BLOCK)
        except zip_checks.DAMAGE as error:
            raise ValueError(f"{self.label}: {name!r} is damaged: {error}.") from None

    @contextlib.contextmanager
    def opened(self, name: str, limit: int) -> Iterator[hdf5.Group]:
        """The root of a member that is an HDF5 file, read where it lies, or unpacked to a file without a name.

        Raises:
            ValueError: If it has more than `limit` bytes, or is damaged.
        """
        info = self._infos[name]
        label = f"{self.label}: {name}"
        if info.file_size > limit:
            raise ValueError(f"{label}: {info.file_size} bytes; the model has room for {limit}.")
        with contextlib.ExitStack() as stack:
            if info.compress_type == zipfile.ZIP_STORED:
                part = _Part(self._file, self._start(info), info.file_size)
                self._check_sum(part, info, label)
                source: Any = stack.enter_context(io.BufferedReader(part, 1 << 16))
            else:
                source = stack.enter_context(tempfile.TemporaryFile())
                self.copy(name, source)
                source.seek(0)
            yield stack.enter_context(hdf5.opening(source, label))

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where the bytes of a member begin: after its own header, whose names may have other lengths."""
        self._file.seek(info.header_offset)
        head = self._file.read(LOCAL_HEADER.size)
        if len(head) != LOCAL_HEADER.size or head[:4] != b"PK\x03\x04":
            raise ValueError(f"{self.label}: {info.filename[:100]!r} has no header where the table says.")
        fields = LOCAL_HEADER.unpack(head)
        return info.header_offset + LOCAL_HEADER.size + int(fields[9]) + int(fields[10])

    def _check_sum(self, part: _Part, info: zipfile.ZipInfo, label: str) -> None:
        value = 0
        while block := part.read(BLOCK):
            value = zlib.crc32(block, value)
        if value != info.CRC or part.tell() != info.file_size:
            raise ValueError(f"{label}: the checksum is wrong: the file is damaged or cut off.")
        part.seek(0)


class _Part(io.RawIOBase):
    """Some bytes of a file, as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")[: max(0, self._size - self._place)]
        self._file.seek(self._start + self._place)
        count = self._file.readinto(view) if len(view) else 0  # type: ignore[attr-defined]
        self._place += count
        return int(count)
