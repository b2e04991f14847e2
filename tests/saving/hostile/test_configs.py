"""Configs that name what is not theirs, take long, or are no JSON that can be meant (12 to 17)."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import oxhorn as keras
from tests.saving.hostile.table import Table, with_another_value
from tests.saving.test_archive_hostile import EVIL, GREEDY

L = keras.layers


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


def test_values_that_have_no_place_there(table: Table, good: Path) -> None:
    draw = random.Random(4)
    with h5py.File(good / "m.h5") as file, zipfile.ZipFile(good / "m.keras") as archive:
        texts = {
            "m.keras": archive.read("config.json").decode(),
            "m.h5": str(file.attrs["model_config"]),
            "m.json": (good / "m.json").read_text("utf-8"),
        }
    for name, text in texts.items():
        for _ in range(150):
            label, changed = with_another_value(text, draw)
            table.add(label, name, with_config(good, name, changed.encode()), WITH_CONFIG[name])
    assert not table.problems(harmless=True)


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
    table.add("doubled", "m.json", doubled(40))
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
    "the same key twice": b'{"class_name": "Sequential", "config": {"name": "a", "name": "b", "layers": []}}',
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
