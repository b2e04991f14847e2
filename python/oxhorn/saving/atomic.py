"""Files that are replaced as a whole: a crash, a full disk or an error leaves what was there before."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside `path`, empty and to be written by its name; it takes the place of `path` at the end.

    Its bytes are on the disk before its name changes, so that not even a power cut leaves half a file.

    Raises:
        OSError: If there is no folder to write to, `path` is a folder itself, or cannot be written.
    """
    target = checked_target(path)
    # Names of 255 bytes are the limit of most systems, and a character may take four.
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:50]}.", suffix=".part", dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(_permissions(target))
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def checked_target(path: str | os.PathLike[str]) -> Path:
    """Where a file of this name is written: the file that a link points to is replaced, not the link.

    Raises:
        OSError: If there is no such folder, or `path` is a folder.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder. Give the name of a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{os.fspath(path)!r}: there is no folder {str(target.parent)!r}. Make it first."
        )
    return target


def _permissions(target: Path) -> int:
    """Those of the file that is replaced, or of any new file: a temporary one is private."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Makes the new name last through a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
