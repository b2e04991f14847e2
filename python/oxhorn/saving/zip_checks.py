"""What every reader of ZIP files asks of them: of saved models, of PyTorch's files, of data sets, of downloads.

Which sizes and ways of packing are right is for each reader to say, since they expect other members.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

# What Python's reader raises for damaged files; the last ones are for unknown methods, encrypted members and
# places that cannot be.
DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    UnicodeDecodeError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)
MAX_NAME = 4096


def check_place(info: zipfile.ZipInfo) -> None:
    """A directory may name places before the file, which Python's reader would only notice as it goes there.

    Raises:
        zipfile.BadZipFile: If this member is at such a place.
    """
    if info.header_offset < 0:
        raise zipfile.BadZipFile(f"the member {info.orig_filename[:100]!r} begins before the file does")


def is_plain_name(name: str) -> bool:
    """Whether a name that stands in a file, of a member or of a shard, is a path below that file's place everywhere."""
    parts = name.rstrip("/").split("/")
    letters = all(letter not in "\\:" and ord(letter) >= 32 for letter in name)
    return letters and len(name) <= MAX_NAME and not any(part in ("", ".", "..") for part in parts)
