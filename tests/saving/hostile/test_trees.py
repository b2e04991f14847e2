"""HDF5 files with links, storage elsewhere, and arrays that are not what they say (4, 5, 6, 9, 10, 18)."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.saving.hostile.table import FORMATS, Table


def _kernel(file: Any) -> str:
    """The path of the last kernel, of shape (4, 2)."""
    found: list[str] = []
    file.visititems(lambda path, x: found.append(path) if getattr(x, "shape", None) == (4, 2) else None)
    return sorted(found)[0]


def _fill(file: Any, path: str, **options: Any) -> None:
    file.create_dataset(path, (4, 2), "f4", **options)


def _chunk(file: Any, path: str) -> None:
    data = file.create_dataset(path, (4, 2), "f4", chunks=(4, 2), compression="gzip")
    data.id.write_direct_chunk((0, 0), zlib.compress(bytes(100_000_000), 9))


def _virtual(file: Any, path: str) -> None:
    layout = h5py.VirtualLayout((4, 2), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 2), "f4")
    file.create_virtual_dataset(path, layout)


TREES: dict[str, Callable[[Any, str], Any]] = {
    "soft link": lambda f, p: f.__setitem__(p, h5py.SoftLink("/")),
    "soft link to itself": lambda f, p: f.__setitem__(p, h5py.SoftLink(f"/{p}")),
    "external link": lambda f, p: f.__setitem__(p, h5py.ExternalLink("/etc/passwd", "/x")),
    "external link to a pipe": lambda f, p: f.__setitem__(p, h5py.ExternalLink("/dev/stdin", "/x")),
    "external storage": lambda f, p: _fill(f, p, external=[("/etc/passwd", 0, 32)]),
    "virtual": _virtual,
    "no values": lambda f, p: _fill(f, p, fillvalue=7),
    "no chunks": lambda f, p: _fill(f, p, fillvalue=7, chunks=(1, 1)),
    "one shape, no bytes": lambda f, p: f.create_dataset(p, (2**40, 2**20), "f8", chunks=(2**10, 2**10)),
    "product beyond 64 bits": lambda f, p: f.create_dataset(p, (2**40, 2**40), "f4", chunks=(1, 1)),
    "zero size": lambda f, p: f.create_dataset(p, (0, 2**60), "f4"),
    "giant chunk": lambda f, p: f.create_dataset(
        p, (4, 2), "f4", chunks=(2**14, 2**14), maxshape=(None, None), compression="gzip"
    ),
    "bomb in a chunk": _chunk,
    "unknown filter": lambda f, p: _fill(f, p, chunks=(4, 2), compression="lzf", data=np.ones((4, 2))),
    "null": lambda f, p: f.create_dataset(p, data=h5py.Empty("f4")),
    "references": lambda f, p: f.create_dataset(p, (4, 2), h5py.ref_dtype),
    "region references": lambda f, p: f.create_dataset(p, (4, 2), h5py.regionref_dtype),
    "texts": lambda f, p: f.create_dataset(p, (4, 2), h5py.string_dtype()),
    "lists": lambda f, p: f.create_dataset(p, (4, 2), h5py.vlen_dtype("f4")),
    "records": lambda f, p: f.create_dataset(p, (4, 2), [("a", "f4"), ("b", "f4")]),
    "arrays in values": lambda f, p: f.create_dataset(p, (4,), np.dtype("(2,)f4")),
    "complex": lambda f, p: f.create_dataset(p, (4, 2), "c8"),
    "a type": lambda f, p: f.__setitem__(p, np.dtype("f4")),
    "a group": lambda f, p: f.create_group(p),
    "a circle": lambda f, p: f.__setitem__(p, f["/"]),
    "another shape": lambda f, p: f.create_dataset(p, data=np.ones((2, 4), "f4")),
    "one axis more": lambda f, p: f.create_dataset(p, data=np.ones((4, 2, 1), "f4")),
    "nothing": lambda f, p: None,
}
# What is a fault in no reader but those that put the array somewhere.
HARMLESS = {"another shape", "one axis more", "nothing", "zero size", "a group", "unknown filter"}


def changed_trees(good: Path, name: str, change: Callable[[Any, str], Any]) -> bytes:
    """A file whose last kernel is something else; in an archive, too."""
    archive = zipfile.ZipFile(good / name) if name.endswith(".keras") else None
    memory = io.BytesIO(archive.read("model.weights.h5") if archive else (good / name).read_bytes())
    with h5py.File(memory, "r+") as file:
        path = _kernel(file)
        del file[path]
        change(file, path)
    if archive is None:
        return memory.getvalue()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for member in archive.namelist():
            target.writestr(member, memory.getvalue() if member.endswith(".h5") else archive.read(member))
    return packed.getvalue()


def test_trees_in_hdf5_files(table: Table, good: Path) -> None:
    for label, change in TREES.items():
        for name in ("m.keras", "m.weights.h5", "m.h5"):
            content = changed_trees(good, name, change)
            readers = [one for one in FORMATS[name] if one != "editor"]
            table.add(label, name, content, readers)
    assert not table.problems()


def test_trees_in_the_editor(table: Table, good: Path) -> None:
    for label, change in TREES.items():
        for name in ("m.keras", "m.weights.h5"):
            table.add(label, name, changed_trees(good, name, change), ["editor"])
    assert not table.problems(harmless=True)
