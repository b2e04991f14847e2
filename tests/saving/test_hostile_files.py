"""Hostile files, all kinds against all readers: refused, quickly, in little memory, and nothing is touched or run.

A process of its own (`hostile_reader`) opens every file of the table under a limit of memory and time, and notes what
it opens, imports and starts. What single readers refuse besides is in their own tests; `LINES` says where, for each
kind of bad file that the project knows of.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import oxhorn as keras
from tests.interop.building import new_form, tensor
from tests.saving import hostile_reader
from tests.saving.test_archive_hostile import EVIL, GREEDY, NAMES
from tests.saving.test_snapshot_file import array_entry, forged, text_entry

ROOT = Path(__file__).parents[2]
L = keras.layers

# What is good -------------------------------------------------------------------------------------------

# The name of the file, and the readers that open it.
FORMATS = {
    "m.keras": ["load_model", "load_weights", "editor"],
    "m.weights.h5": ["load_weights", "editor"],
    "t.weights.json": ["load_weights"],
    "m.h5": ["load_model", "load_weights", "by_name"],
    "m.safetensors": ["load_weights", "torch"],
    "m.pth": ["torch"],
    "m.json": ["json"],
    "m.tar.gz": ["get_file"],
    "m.zip": ["get_file"],
    "m.snapshot": ["resume"],
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good file of every kind."""
    folder = tmp_path_factory.mktemp("good")
    model = hostile_reader.small()
    for name in ("m.keras", "m.h5"):
        model.save(folder / name)
    model.save_weights(folder / "m.weights.h5")
    model.save_weights(folder / "t.weights.json", max_shard_size=1)
    model.save_weights(folder / "m.safetensors")
    (folder / "m.json").write_text(model.to_json())
    shapes = {"a.weight": (4, 3), "a.bias": (4,), "b.weight": (2, 4), "b.bias": (2,)}
    arrays = {
        name: tensor(numel=int(np.prod(shape)), size=shape, stride=strides(shape), key=str(i))
        for i, (name, shape) in enumerate(shapes.items())
    }
    content = {str(i): b"\x01" * 4 * int(np.prod(shape)) for i, shape in enumerate(shapes.values())}
    (folder / "m.pth").write_bytes(new_form(arrays, content))
    with tarfile.open(folder / "m.tar.gz", "w:gz") as tar, zipfile.ZipFile(folder / "m.zip", "w") as package:
        tar.add(folder / "m.h5", "inside.h5")
        package.write(folder / "m.h5", "inside.h5")
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / (1 - epoch))
    with pytest.raises(ZeroDivisionError):
        model.fit(
            np.ones((4, 3)),
            np.ones((4, 2)),
            epochs=2,
            verbose=0,
            resume=folder / "m.snapshot",
            callbacks=[stop],
        )
    return folder


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[1], 1) if len(shape) == 2 else (1,)


class Table:
    """Cases for the process that reads: what they are, and what it says of them."""

    def __init__(self, good: Path, folder: Path) -> None:
        self.good, self.folder = good, folder
        self.labels: list[str] = []
        self.cases: list[dict[str, Any]] = []
        for name, readers in FORMATS.items():
            for reader in readers:
                # The names of our own weights are not PyTorch's; a snapshot changes when a run goes on.
                if reader != "resume" and (reader, name) != ("torch", "m.safetensors"):
                    self.cases.append({"reader": reader, "path": str(good / name), "good": True})
        shutil.copy(good / "m.snapshot", folder / "m.snapshot")
        self.cases.append({"reader": "resume", "path": str(folder / "m.snapshot"), "good": True})
        self.count = len(self.cases)

    def add(
        self, label: str, name: str, content: bytes | Callable[[Path], None], readers: Any = None
    ) -> None:
        """A file of this name, opened by all readers of its kind, or by some."""
        place = self.folder / f"{len(self.labels)}"
        place.mkdir()
        if name.endswith(".weights.json"):
            for shard in self.good.glob("t_*.h5"):
                shutil.copy(shard, place)
        if callable(content):
            content(place / name)
        else:
            (place / name).write_bytes(content)
        for reader in readers or FORMATS[name]:
            self.labels.append(f"{label}: {name} by {reader}")
            self.cases.append({"reader": reader, "path": str(place / name)})

    def problems(self, harmless: bool = False) -> list[str]:
        """Of each case, what was not as it should be; with `harmless`, a file may also be read without an error."""
        found = subprocess.run(
            [sys.executable, "-m", "tests.saving.hostile_reader"],
            input=json.dumps(self.cases),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "OXHORN_NUM_THREADS": "1"},
            timeout=900,
            check=False,
        )
        assert found.returncode == 0, found.stderr[-3000:]
        results = json.loads(found.stdout)
        problems = [f"a good file: {one}" for one in results[: self.count] if one["kind"]]
        for label, case, one in zip(
            self.labels, self.cases[self.count :], results[self.count :], strict=True
        ):
            wrong = [word for word in ("seen", "changed") if one[word] and (one["refused"] or word == "seen")]
            if not one["refused"] and (one["kind"] or not harmless):
                wrong.append("not refused")
            if one["seconds"] > 20:
                wrong.append("slow")
            if one["refused"] and len(one["message"]) < 10:
                wrong.append("says nothing")
            if wrong:
                problems.append(f"{label}: {', '.join(wrong)}: {case['path']}: {one}"[:700])
        return problems


@pytest.fixture
def table(good: Path, tmp_path: Path) -> Table:
    return Table(good, tmp_path)


# Any file (1, 2, 19) ------------------------------------------------------------------------------------


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
        hostile_reader.small().save(path, zipped=False)
        (path / "model.weights.h5").unlink()
        os.mkfifo(path / "model.weights.h5")

    table.add("a folder with a pipe", "folder", make, ["load_model"])
    assert not table.problems()


# HDF5 (4, 5, 6, 9, 10, 18) ------------------------------------------------------------------------------


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


# Configs (12 to 17) -------------------------------------------------------------------------------------


def with_config(good: Path, name: str, text: bytes) -> bytes:
    """The file with another config."""
    if name == "m.json":
        return text
    content = (good / name).read_bytes()
    if name == "m.h5":
        memory = io.BytesIO(content)
        with h5py.File(memory, "r+") as file:
            file.attrs["model_config"] = np.bytes_(text) if len(text) < 60_000 else text
        return memory.getvalue()
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.namelist():
            target.writestr(member, text if member == "config.json" else source.read(member))
    return packed.getvalue()


def config_of(good: Path) -> dict[str, Any]:
    return dict(json.loads((good / "m.json").read_bytes()))


WITH_CONFIG = {"m.keras": ["load_model"], "m.h5": ["load_model"], "m.json": ["json"]}


def test_gadgets_in_configs(table: Table, good: Path) -> None:
    for label, evil in {**EVIL, **GREEDY}.items():
        config = config_of(good)
        config["config"]["layers"][1] = evil
        for name, readers in WITH_CONFIG.items():
            if name != "m.json" or label not in GREEDY:
                table.add(label, name, with_config(good, name, json.dumps(config).encode()), readers)
    assert not table.problems()


def doubled(levels: int) -> bytes:
    """Models inside models, each of which calls the one inside it twice."""
    x = keras.Input((2,))
    model = keras.Model(x, L.Dense(2)(x), name="m0")
    x = keras.Input((2,), name="x")
    config = json.loads(keras.Model(x, model(model(x)), name="m1").to_json())
    text, inner = json.dumps(config), config["config"]["layers"][1]["config"]["name"]
    for level in range(2, levels):
        outer = json.loads(text.replace(json.dumps(inner), json.dumps(f"m{level - 1}")))
        outer["config"]["name"] = f"m{level}"
        outer["config"]["layers"][1] = {
            **config,
            "name": f"m{level - 1}",
            "inbound_nodes": outer["config"]["layers"][1]["inbound_nodes"],
        }
        config = outer
    return json.dumps(config).encode()


def backwards(count: int) -> bytes:
    """A chain of layers, the last one first."""
    x = h = keras.Input((2,), name="x")
    for i in range(3):
        h = L.ReLU(name=f"r{i}")(h)
    config = json.loads(keras.Model(x, h).to_json())
    layers, pattern = config["config"]["layers"], json.dumps(config["config"]["layers"][-1])
    for i in range(3, count):
        layers.append(json.loads(pattern.replace('"r2"', f'"r{i}"').replace('"r1"', f'"r{i - 1}"')))
    layers.reverse()
    config["config"]["output_layers"][0] = f"r{count - 1}"
    return json.dumps(config).encode()


def shared(class_name: str, argument: str, innermost: dict[str, Any]) -> dict[str, Any]:
    """Layers inside layers, each of which has the one before twice."""
    layer = {**innermost, "shared_object_id": 1}
    for number in range(2, 40):
        again = {
            "module": "keras.layers",
            "class_name": class_name,
            "config": {},
            "shared_object_id": number - 1,
        }
        layer = {**again, "config": {argument: [layer, again]}, "shared_object_id": number}
    return layer


def _layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": class_name, "config": config}


LONG = {
    "cells": _layer("RNN", cell=shared("StackedRNNCells", "cells", _layer("SimpleRNNCell", units=2))),
    "pipelines": shared("Pipeline", "layers", _layer("ReLU")),
    "chains": _layer("AugMix", num_chains=10**9),
    "augmentations": _layer("RandAugment", num_ops=10**9),
    "n-grams": _layer("TextVectorization", ngrams=10**9),
}


def test_configs_that_take_long(table: Table, good: Path) -> None:
    for name in ("m.keras", "m.h5"):
        table.add("doubled", name, with_config(good, name, doubled(40)), ["load_model"])
        for label, layer in LONG.items():
            config = config_of(good)
            config["config"]["layers"][0]["config"]["batch_shape"] = [None, 4, 3]
            config["config"]["layers"][1] = layer
            table.add(label, name, with_config(good, name, json.dumps(config).encode()), ["load_model"])
    assert not table.problems()
    # Any order of the calls is good, and none is slow: 3000 rounds of 3000 would be minutes.
    long = Table(good, table.folder / "0")
    long.add("backwards", "m.json", backwards(3000), ["json"])
    assert not long.problems(harmless=True)


TEXTS = {
    "the same key twice": b'{"class_name": "Sequential", "class_name": "Sequential", "config": {}}',
    "deep lists": b'{"class_name": "Sequential", "config": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"class_name": "Sequential", "config": ' * 20_000 + b"1" + b"}" * 20_000,
    "many digits": b'{"class_name": "Sequential", "config": {"name": ' + b"9" * 100_000 + b"}}",
    "many empty lists": b'{"class_name": "Sequential", "config": {"layers": ['
    + b"[]," * 4_500_000
    + b"[]]}}",
    "half a letter": b'{"class_name": "\\ud800", "config": {"name": "\\udfff"}}',
    "no UTF-8": b'{"class_name": "\xff", "config": {}}',
    "a NUL": b'{"class_name": "Seq\\u0000uential", "config": {}}',
    "infinite": b'{"class_name": "Sequential", "config": {"name": "a", "layers": 1e999}}',
    "text": b'"Sequential"',
}


def test_json(table: Table, good: Path) -> None:
    for label, text in TEXTS.items():
        for name, readers in WITH_CONFIG.items():
            if name != "m.json" or label != "no UTF-8":
                table.add(label, name, with_config(good, name, text), readers)
        table.add(label, "t.weights.json", text)
        table.add(label, "m.safetensors", struct.pack("<Q", len(text)) + text)
    assert not table.problems()


# Archives (3, 8, 9, 11) ---------------------------------------------------------------------------------


def test_archives(table: Table, good: Path) -> None:
    for name in ("m.keras", "m.pth", "m.zip"):
        with zipfile.ZipFile(good / name) as source:
            members = {member: source.read(member) for member in source.namelist()}

        def packed(
            members: dict[str, bytes] = members, method: int = zipfile.ZIP_STORED, **more: bytes
        ) -> bytes:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as target:
                for member, content in {**members, **more}.items():
                    target.writestr(member, content)
            return file.getvalue()

        for evil in NAMES[:9]:
            if name != "m.pth":
                table.add(f"the name {evil[:40]}", name, packed(**{evil: b"x"}))
        if name != "m.zip":
            many = {f"assets/{i}": bytes(16_000_000) for i in range(40)}
            table.add("many bombs", name, packed({**members, **many}, zipfile.ZIP_DEFLATED))
        first = next(iter(members))
        content = bytearray(packed())
        at = content.index(b"PK\x01\x02")
        for offset, form, value in (
            (42, "<L", 2**31),
            (20, "<L", 2**32 - 1),
            (24, "<L", 2**32 - 1),
            (8, "<H", 1),
            (10, "<H", 99),
        ):
            changed = bytearray(content)
            struct.pack_into(form, changed, at + offset, value)
            table.add(f"a table with {value} at {offset}", name, bytes(changed))
        changed = bytearray(content)
        changed[30 : 30 + len(first)] = b"x" * len(first)
        table.add("two names for one member", name, bytes(changed))
    assert not table.problems(harmless=True)


# Weights in other files (4 to 7, 13, 18) ----------------------------------------------------------------


def header(entries: Any, data: bytes = b"", size: int | None = None) -> bytes:
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def entry(shape: Any, offsets: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


HEADERS = {
    "huge header": header({}, size=2**63 - 1),
    "all bits": header({}, size=2**64 - 1),
    "no object": header([1]),
    "huge shape": header(entry([2**62, 8], [0, 4]), bytes(4)),
    "product beyond 64 bits": header(entry([2**32, 2**32], [0, 0])),
    "negative": header(entry([-1], [0, 4]), bytes(4)),
    "fraction": header(entry([1.5], [0, 4]), bytes(4)),
    "true": header(entry([True], [0, 4]), bytes(4)),
    "other size": header(entry([2], [0, 4]), bytes(4)),
    "beyond the end": header(entry([1], [4, 8]), bytes(4)),
    "backwards": header(entry([1], [4, 0]), bytes(4)),
    "overlap": header({**entry([1], [0, 4]), "b": entry([1], [0, 4])["a"]}, bytes(4)),
    "hole": header({**entry([1], [0, 4]), "b": entry([1], [8, 12])["a"]}, bytes(12)),
    "more behind": header(entry([1], [0, 4]), bytes(400)),
    "other dtype": header(entry([1], [0, 4], "PICKLE"), bytes(4)),
    "dtype of another kind": header(entry([1], [0, 4], {"a": 1}), bytes(4)),
    "offsets too many": header(entry([1], [0, 4, 8]), bytes(8)),
    "notes that are no text": header({"__metadata__": {"a": 1}}),
    "no such weight": header(entry([1], [0, 4]), bytes(4)),
    "many": header({f"{i}": entry([0], [0, 0])["a"] for i in range(120_000)}),
}


def test_headers_of_safetensors(table: Table) -> None:
    for label, content in HEADERS.items():
        table.add(label, "m.safetensors", content)
    assert not table.problems()


# Snapshots ----------------------------------------------------------------------------------------------


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, (dict, list)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from _leaves(one, (*path, key))


def test_snapshots_with_right_sums(table: Table, good: Path) -> None:
    for label, content in {
        "huge array": forged(array_entry("a", 1, [2**62, 8])),
        "huge text": forged(text_entry("a", 2**62)),
        "no state": forged(b""),
        "newer": forged(b"", version=99),
    }.items():
        table.add(label, "m.snapshot", content)
    assert not table.problems()


def test_forged_states(table: Table, good: Path) -> None:
    from oxhorn import _core

    records = _core.read_snapshot(str(good / "m.snapshot"))
    draw = random.Random(2)
    values = [None, -1, 2**62, 10**40, float("nan"), 1e308, "x" * 1000, [], {}, [[1]] * 3, True, "../../x"]

    def add(label: str, changed: dict[str, Any]) -> None:
        table.add(label, "m.snapshot", lambda path: _core.write_snapshot(str(path), changed))

    for name, value in records.items():
        add(f"without {name}", {key: one for key, one in records.items() if key != name})
        if isinstance(value, str):
            try:
                parsed = json.loads(value)
            except ValueError:
                parsed = None
            places = list(_leaves(parsed))
            for _ in range(min(150, 3 * len(places))):
                other = json.loads(value)
                place, bad = draw.choice(places), draw.choice(values)
                inner = other
                for key in place[:-1]:
                    inner = inner[key]
                inner[place[-1]] = bad
                add(f"{name} {place} {str(bad)[:20]}", {**records, name: json.dumps(other)})
            for text in ("null", "[]", "[" * 100_000, "{", "7"):
                add(f"{name} {text[:5]}", {**records, name: text})
        else:
            for array in (value.astype("float64"), np.zeros((0,), value.dtype), np.zeros((9, 9), "bool")):
                add(f"{name} of {array.dtype} {array.shape}", {**records, name: array})
            add(f"{name} text", {**records, name: "x"})
    assert not table.problems(harmless=True)


# Every line of the list ---------------------------------------------------------------------------------

# What each kind of bad file is, and the tests for it: here (no module), or in a module of tests.
LINES = {
    1: ("cut off", ["test_cut_and_foreign_files", "saving.test_snapshot_file:test_cut_off_at_every_byte"]),
    2: ("wrong magic", ["test_cut_and_foreign_files"]),
    3: ("bombs", ["test_archives", "test_json", "saving.test_archive_hostile:test_bombs"]),
    4: ("declared shapes", ["test_trees_in_hdf5_files", "test_headers_of_safetensors"]),
    5: (
        "dtype and shape against bytes",
        ["test_headers_of_safetensors", "interop.test_hostile_files:test_windows"],
    ),
    6: ("offsets", ["test_headers_of_safetensors", "saving.test_archive_hostile:test_members_that_overlap"]),
    7: ("keys twice", ["test_json"]),
    8: ("members twice", ["saving.test_archive_hostile:test_members_that_occur_twice"]),
    9: ("names", ["test_archives", "saving.test_archive_hostile:test_names_that_are_special_somewhere"]),
    10: ("ways out of HDF5", ["test_trees_in_hdf5_files", "test_trees_in_the_editor"]),
    11: ("links in archives", ["saving.test_archive_hostile:test_links_and_encryption"]),
    12: ("unknown classes and modules", ["test_gadgets_in_configs"]),
    13: ("code", ["test_gadgets_in_configs", "interop.test_hostile_pickles:test_what_exploits_do"]),
    14: ("nesting", ["test_json", "test_configs_that_take_long"]),
    15: (
        "numbers and types",
        ["test_json", "test_forged_states", "saving.test_archive_hostile:test_sizes_in_configs"],
    ),
    16: ("texts that take long", ["test_json", "test_configs_that_take_long"]),
    17: ("paths in configs", ["test_gadgets_in_configs"]),
    18: ("other weights", ["test_trees_in_hdf5_files", "saving.test_legacy_hostile:test_trees"]),
    19: ("replaced while read, not whole", ["saving.test_snapshot_file:test_a_full_disk_keeps_the_old_file"]),
    20: (
        "np.load",
        ["reuse.test_feature_files:test_damaged_files_are_computed_again", "test_np_load_takes_no_pickles"],
    ),
}


def test_np_load_takes_no_pickles() -> None:
    calls = []
    for path in (ROOT / "python" / "oxhorn").rglob("*.py"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if "np.load(" in line:
                calls.append(f"{path.name}:{number}")
                assert "allow_pickle=False" in line, calls[-1]
            assert "allow_pickle=True" not in line, f"{path.name}:{number}"
    assert calls


@pytest.mark.parametrize("line", range(1, 21))
def test_every_line_has_its_tests(line: int) -> None:
    kind, tests = LINES[line]
    assert kind and tests
    for name in tests:
        module, _, function = name.rpartition(":")
        home = importlib.import_module(f"tests.{module}") if module else sys.modules[__name__]
        assert callable(getattr(home, function)), name
