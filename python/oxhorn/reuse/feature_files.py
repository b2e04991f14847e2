"""Features in a folder: one `.npy` file for each tensor, mapped into memory, and a note of what they were made from."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from oxhorn.reuse.fingerprint import digest_of
from oxhorn.saving.atomic import replacing

FORMAT = "oxhorn.features"
FORMAT_VERSION = 1
NOTE = "features.json"
# The note is a few hundred bytes; a large file is something else.
_MOST_BYTES = 1 << 20

Array = np.ndarray[Any, Any]


def read(folder: Path, fingerprint: str, shapes: Sequence[tuple[int | None, ...]]) -> list[Array] | None:
    """The features in a folder, mapped into memory; `None` if they are not those asked for, or not whole.

    Args:
        folder: The folder.
        fingerprint: Of what they must have been made from.
        shapes: Of each array; `None` for sizes that are not known.

    Raises:
        ValueError: If the folder's note is not one of ours, or of a newer version: then the folder is not touched.
    """
    note = _note(folder)
    if note is None or note.get("fingerprint") != fingerprint:
        return None
    digests = note.get("digests")
    if not isinstance(digests, list) or len(digests) != len(shapes):
        return None
    arrays = []
    for i, (shape, digest) in enumerate(zip(shapes, digests, strict=True)):
        try:
            array = np.load(folder / _name(i), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        fits = array.ndim == len(shape) and all(
            b in (None, a) for a, b in zip(array.shape, shape, strict=True)
        )
        if not fits or array.dtype.hasobject or digest_of(array) != digest:
            return None
        arrays.append(array)
    return arrays


def write(folder: Path, fingerprint: str, blocks: Iterator[list[Array]], rows: int) -> list[Array]:
    """Writes features block by block, then the note, and maps them into memory.

    Every file is complete before it gets its name, and the note, without which nobody reads them, comes last.

    Args:
        folder: The folder, which is made if it is not there.
        fingerprint: Of what they are made from.
        blocks: Rows of each array.
        rows: How many there are altogether.

    Raises:
        ValueError: If the folder's note is not one of ours.
        OSError: If the folder cannot be written to.
    """
    _note(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NOTE).unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        maps: list[Any] = []
        at = 0
        for block in blocks:
            if not maps:
                for i, part in enumerate(block):
                    temporary = stack.enter_context(replacing(folder / _name(i)))
                    shape = (rows, *part.shape[1:])
                    maps.append(open_memmap(temporary, mode="w+", dtype=part.dtype, shape=shape))
            for target, part in zip(maps, block, strict=True):
                target[at : at + len(part)] = part
            at += len(block[0])
        for target in maps:
            target.flush()
        digests = [digest_of(target) for target in maps]
        maps.clear()
    note = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "fingerprint": fingerprint,
        "digests": digests,
    }
    with replacing(folder / NOTE) as temporary:
        temporary.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    return [np.load(folder / _name(i), mmap_mode="r", allow_pickle=False) for i in range(len(digests))]


def _name(i: int) -> str:
    return f"features_{i}.npy"


def _note(folder: Path) -> dict[str, Any] | None:
    """The note of a folder; `None` if there is none."""
    path = folder / NOTE
    if folder.exists() and not folder.is_dir():
        raise ValueError(
            f"cache_features: {str(folder)!r} is a file; `path` is a folder for features. Give another one."
        )
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    note: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        note = json.loads(data) if len(data) <= _MOST_BYTES else None
    if not isinstance(note, dict) or note.get("format") != FORMAT:
        raise ValueError(
            f"cache_features: {str(path)!r} is not a note of stored features, so the folder is left alone. Give "
            "another `path`, or remove the file."
        )
    version = note.get("format_version")
    if version != FORMAT_VERSION:
        raise ValueError(
            f"cache_features: {str(path)!r} has version {version!r} of the format; this release knows version "
            f"{FORMAT_VERSION}. Use a newer release, or another `path`."
        )
    return note
