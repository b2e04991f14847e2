"""Files from the internet, kept in a folder, checked, and unpacked without a way out of it."""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, Self

from oxhorn.saving import zip_checks
from oxhorn.saving.atomic import replacing
from oxhorn.utils.fetching import fetch, sum_of
from oxhorn.utils.messages import print_message

# An archive may hold that many times its own size, and that many members.
_MOST_GROWTH = 1000
_MOST_MEMBERS = 1_000_000
# The kinds of members in a tar file that describe the next one: the reader takes each into memory.
_NOTES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_MOST_NOTES = 1 << 20
# What damaged bytes make of the unpackers of the standard library.
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeDecodeError)


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | list[str] | tuple[str, ...] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """A file from the internet, fetched once and kept.

    With `extract`, an archive is unpacked beside it, into a folder of its name. Members that lie outside of that
    folder, links, devices, and archives that grow beyond all measure are refused, and nothing is left behind.

    Args:
        fname: The name to keep it under: no path. By default, the last part of `origin`.
        origin: Where it comes from: `https://`, `http://`, or `file://` for a file of this machine.
        untar: The older name of `extract`.
        md5_hash: The older way to give the MD5 sum as `file_hash`.
        file_hash: The sum that the file must have: SHA-256 (64 digits) or MD5 (32 digits).
        cache_subdir: The folder below `cache_dir`.
        hash_algorithm: `"sha256"`, `"md5"`, or `"auto"` to go by the number of digits.
        extract: Whether to unpack an archive.
        archive_format: `"tar"`, `"zip"`, a list of these, or `"auto"` for both.
        cache_dir: Where files are kept. Defaults to `~/.keras`, or the environment variable `KERAS_HOME`.
        force_download: Whether to fetch it again although it is there.

    Returns:
        The path of the file, or of the folder that was unpacked.

    Raises:
        ValueError: If an argument is not as described, the sum is another one, or the archive is not safe.
        OSError: If it cannot be fetched.

    Example:
    >>> import pathlib, tempfile
    >>> import oxhorn as keras
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source = pathlib.Path(folder, "numbers.txt")
    ...     _ = source.write_text("1 2 3")
    ...     path = keras.utils.get_file(origin=source.as_uri(), cache_dir=pathlib.Path(folder, "kept"))
    ...     print(pathlib.Path(path).read_text())
    Downloading data from file://...numbers.txt
    1 2 3
    """
    who = "get_file"
    if origin is None:
        raise ValueError(f'{who}: Please specify the "origin" argument, the address of the file; got None.')
    name = _name_of(fname, origin)
    digest = file_hash if file_hash is not None else md5_hash
    algorithm = "md5" if file_hash is None and md5_hash is not None else hash_algorithm
    if algorithm not in ("auto", "sha256", "md5"):
        raise ValueError(
            f"{who}: expected `hash_algorithm` to be 'auto', 'sha256' or 'md5'; got {hash_algorithm!r}."
        )
    formats = _formats(archive_format)
    base = Path(cache_dir or os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    folder = base / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    kept = target.is_file() and not force_download
    if kept and digest is not None and not _has_sum(target, digest, algorithm):
        print_message(f"{who}: {target} does not have the expected sum; it is fetched again.")
        kept = False
    if not kept:
        _fetch(origin, target, digest, algorithm)
    if not (extract or untar):
        return str(target)
    unpacked = folder / _unpacked_name(name)
    if kept and unpacked.is_dir():
        return str(unpacked)
    _unpack(target, unpacked, formats)
    return str(unpacked)


def _name_of(fname: Any, origin: str) -> str:
    if fname is None:
        from urllib.parse import unquote, urlsplit

        name = PurePosixPath(unquote(urlsplit(origin).path)).name
        if not name:
            raise ValueError(
                f"get_file: Can't parse the file name from the origin provided, {origin!r}. Please pass `fname`."
            )
    else:
        name = os.fspath(fname)
    plain = PurePosixPath(name).name == name and PureWindowsPath(name).name == name
    if not plain or name in (".", "..") or "\0" in name:
        raise ValueError(
            "get_file: Paths are no longer accepted as the `fname` argument: expected a file name alone, and the "
            f"folder as `cache_dir` and `cache_subdir`; got {name!r}."
        )
    return name


def _formats(archive_format: Any) -> tuple[str, ...]:
    if archive_format is None:
        return ()
    given = ("tar", "zip") if archive_format == "auto" else archive_format
    given = (given,) if isinstance(given, str) else tuple(given)
    unknown = [name for name in given if name not in ("tar", "zip")]
    if unknown:
        raise ValueError(
            f"get_file: expected `archive_format` to be 'auto', 'tar', 'zip', a list of these or None; got "
            f"{unknown[0]!r}."
        )
    return given


def _has_sum(path: Path, digest: str, algorithm: str) -> bool:
    return sum_of(path, _algorithm(digest, algorithm)) == digest.lower()


def _algorithm(digest: str, algorithm: str) -> str:
    return algorithm if algorithm != "auto" else "sha256" if len(digest) == 64 else "md5"


def _fetch(origin: str, target: Path, digest: str | None, algorithm: str) -> None:
    if not origin.startswith(("https://", "http://", "file://")):
        raise ValueError(
            f"get_file: expected `origin` to begin with https://, http:// or file://; got {origin!r}."
        )
    print_message(f"Downloading data from {origin}")
    with replacing(target) as temporary:
        fetch("get_file", origin, temporary)
        if digest is not None and not _has_sum(temporary, digest, algorithm):
            raise ValueError(
                "get_file: Incomplete or corrupted file detected: the "
                f"{_algorithm(digest, algorithm)} file hash does not match the provided value of {digest}. Nothing was "
                f"kept of {origin}."
            )


def _unpacked_name(name: str) -> str:
    for ending in (".tar.gz", ".tar.bz2", ".tar.xz", ".tar", ".tgz", ".zip"):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name + "_extracted"


def _unpack(archive: Path, folder: Path, formats: tuple[str, ...]) -> None:
    """Unpacks into a folder beside the archive, all or nothing."""
    writers: dict[str, tuple[Callable[[Any], bool], Callable[[Path, Path], None]]] = {
        "tar": (_is_tar, _unpack_tar),
        "zip": (zipfile.is_zipfile, _unpack_zip),
    }
    for kind in formats:
        is_one, unpack = writers[kind]
        if is_one(archive):
            break
    else:
        raise ValueError(
            f"get_file: expected {archive} to be an archive of the kind {' or '.join(formats) or '(none)'}; it is not. "
            "Leave `extract` out for other files."
        )
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name[:100]}.", suffix=".part", dir=folder.parent))
    try:
        unpack(archive, made)
        made.chmod(0o755)
        if folder.is_dir():
            shutil.rmtree(folder)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


class _Budget:
    """Counts members and bytes, so that a small file cannot fill a disk."""

    def __init__(self, archive: Path) -> None:
        self._archive, self._members = archive, 0
        self._bytes = _MOST_GROWTH * max(archive.stat().st_size, 1 << 20)

    def member(self) -> None:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise ValueError(
                f"get_file: {self._archive} has more than {_MOST_MEMBERS} members. Nothing was unpacked."
            )

    def copy(self, source: IO[bytes], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            while block := source.read(1 << 20):
                self.spend(len(block))
                out.write(block)

    def spend(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            raise ValueError(
                f"get_file: {self._archive} would grow to more than {_MOST_GROWTH} times its size. Nothing was "
                "unpacked."
            )


def _inside(folder: Path, name: str, archive: Path) -> Path:
    """Where a member goes: below the folder, or not at all. No link is ever made, so that names are all there is.

    Unlike `saving.zip_checks.is_plain_name`, it lets pass what common archives have: `./` in front, a colon inside.
    """
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    parts = [part for part in posix.parts if part not in (".", "/")]
    bad = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in name
    if bad or len(name) > 4096 or any(len(os.fsencode(part)) > 255 for part in parts):
        raise ValueError(
            f"get_file: {archive} has a member {name[:100]!r} that does not lie in its folder. Nothing was unpacked."
        )
    return folder.joinpath(*parts)


class _Header(tarfile.TarInfo):
    """What stands before a member. Long names and other notes come as members of their own, read as a whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.type in _NOTES and header.size > _MOST_NOTES:
            raise _LongNotesError(f"a member has {header.size} bytes of notes; {_MOST_NOTES} are the limit")
        return header


class _LongNotesError(ValueError):
    """Names longer than any file system takes: a decompression bomb."""


def _is_tar(archive: Path) -> bool:
    try:
        with tarfile.open(archive, tarinfo=_Header) as tar:
            return tar.next() is not None  # Zeros alone are an archive of nothing.
    except _LongNotesError:
        return True  # Unpacking it says so.
    except (tarfile.TarError, *_DAMAGE):
        return False


def _unpack_tar(archive: Path, folder: Path) -> None:
    budget = _Budget(archive)
    try:
        with tarfile.open(archive, tarinfo=_Header) as tar:
            for member in tar:
                budget.member()
                target = _inside(folder, member.name, archive)
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                elif member.isreg():
                    source = tar.extractfile(member)
                    assert source is not None
                    budget.copy(source, target)
                else:
                    raise ValueError(
                        f"get_file: {archive} has a member {member.name[:100]!r} that is a link or a device. Nothing "
                        "was unpacked."
                    )
            # The sum of what is packed comes last, and nobody looks at it who stops before.
            while tar.fileobj is not None and (block := tar.fileobj.read(1 << 20)):
                budget.spend(len(block))
    except (tarfile.TarError, _LongNotesError, *_DAMAGE) as error:
        raise ValueError(f"get_file: {archive} cannot be unpacked: {error}. Nothing was unpacked.") from None


def _unpack_zip(archive: Path, folder: Path) -> None:
    budget = _Budget(archive)
    try:
        with zipfile.ZipFile(archive) as package:
            for member in package.infolist():
                budget.member()
                zip_checks.check_place(member)
                target = _inside(folder, member.filename, archive)
                if member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                with package.open(member) as source:
                    budget.copy(source, target)
    except (*zip_checks.DAMAGE, *_DAMAGE) as error:
        raise ValueError(f"get_file: {archive} cannot be unpacked: {error}. Nothing was unpacked.") from None
