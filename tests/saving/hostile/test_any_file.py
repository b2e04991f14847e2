"""Files that are cut off, of another kind, altered, or no files (1, 2, 19)."""

from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path

from tests.saving.hostile import reader
from tests.saving.hostile.table import FORMATS, Table


def test_cut_and_foreign_files(table: Table, good: Path) -> None:
    for name in FORMATS:
        content = (good / name).read_bytes()
        size = len(content)
        for cut in sorted({0, 1, 7, 8, 9, 40, size // 3, size // 2, size - 30, size - 1}):
            table.add(f"cut at {cut} of {size}", name, content[:cut])
        table.add("zeros", name, bytes(size))
        for other in FORMATS:
            if Path(other).suffix not in (Path(name).suffix, ".gz", ".zip"):
                foreign = (good / other).read_bytes()
                if not (name.endswith((".zip", ".tar.gz")) and zipfile.is_zipfile(good / other)):
                    # PyTorch's files are known by what is in them.
                    readers = [reader for reader in FORMATS[name] if (reader, other) != ("torch", "m.pth")]
                    table.add(f"really {other}", name, foreign, readers)
        if name != "m.json":
            table.add("a folder", name, lambda path: path.mkdir())
    assert not table.problems()


def test_altered_bytes(table: Table, good: Path) -> None:
    draw = random.Random(5)
    for name in FORMATS:
        content = (good / name).read_bytes()
        for _ in range(25):
            changed = bytearray(content)
            for _ in range(draw.choice([1, 1, 4])):
                at = min(draw.randrange(len(changed)), draw.randrange(len(changed)))
                changed[at] = draw.choice([0, 255, changed[at] ^ (1 << draw.randrange(8))])
            table.add("altered", name, bytes(changed))
    assert not table.problems(harmless=True)


def test_a_folder_with_a_pipe(table: Table) -> None:
    def make(path: Path) -> None:
        reader.small().save(path, zipped=False)
        (path / "model.weights.h5").unlink()
        os.mkfifo(path / "model.weights.h5")

    table.add("a folder with a pipe", "folder", make, ["load_model"])
    assert not table.problems()
