"""Assets: files that layers write beside their variables, such as a vocabulary.

A layer gets a folder to write to or to read from. When a file is read, this is a folder of its own, made for the
moment: what an archive calls its members never becomes a path outside it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from oxhorn.saving.zip_checks import is_plain_name

RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
MAX_PART = 255


def check_name(name: str, label: str) -> None:
    """Refuses what is not a plain path inside an archive, on any system.

    Raises:
        ValueError: If it is absolute, leads upwards, or has characters or parts that some system takes for more.
    """
    # Members are only looked up by name; these become names of files.
    bad = (
        not is_plain_name(name)
        or any(letter in name for letter in '*?"<>|')
        or any(
            part == ""
            or len(part) > MAX_PART
            or part != part.rstrip(" .")
            or part.split(".")[0].strip().lower() in RESERVED
            for part in name.split("/")
        )
    )
    if bad:
        raise ValueError(f"{label}: Invalid asset path: {name[:100]!r} is not a name inside an archive.")


class WriteAssets:
    """A folder for the assets of each object, below one temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, path: str) -> str:
        """The folder of the object at `path`, made now."""
        if path:
            check_name(path, "save_assets")
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def files(self) -> list[tuple[str, Path]]:
        """All files that were written, by their path below the root, in order."""
        found = []
        for folder, _, names in os.walk(self.root):
            for name in names:
                file = Path(folder) / name
                if file.is_symlink():
                    raise ValueError(f"save_assets: {name!r} is a link; expected a file.")
                found.append((file.relative_to(self.root).as_posix(), file))
        return sorted(found)


@contextlib.contextmanager
def writing() -> Iterator[WriteAssets]:
    """A temporary folder for assets."""
    with tempfile.TemporaryDirectory(prefix="assets-") as folder:
        yield WriteAssets(Path(folder))


class ReadAssets:
    """The assets in an archive or a folder.

    Args:
        files: For each asset, by its path below `assets/`, a function that writes it to a file that is open.
    """

    def __init__(self, files: Mapping[str, Callable[[Any], None]], label: str) -> None:
        for name in files:
            check_name(name, label)
        self._files = files

    def has_path(self, path: str) -> bool:
        """Whether anything lies at or below `path`."""
        return any(name.startswith(f"{path}/") for name in self._files)

    @contextlib.contextmanager
    def folder(self, path: str) -> Iterator[str | None]:
        """A temporary folder with the files below `path`; `None` if there are none."""
        prefix = f"{path}/" if path else ""
        names = [name for name in self._files if name.startswith(prefix)]
        if not names:
            yield None
            return
        root = Path(tempfile.mkdtemp(prefix="assets-"))
        try:
            for name in names:
                target = root / name[len(prefix) :]
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    self._files[name](file)
            yield str(root)
        finally:
            shutil.rmtree(root, ignore_errors=True)
