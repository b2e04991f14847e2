"""`.keras` files from strangers: refused with a `ValueError` or `TypeError`, in little memory, and nothing is run."""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import oxhorn as keras

L = keras.layers
REFUSED = (ValueError, TypeError)


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    """The members of a good archive, in order."""
    file = io.BytesIO()
    keras.Sequential([keras.Input((3,)), L.Dense(2, name="dense")], name="good").save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def refused(content: bytes, folder: Path, message: str, memory: int = 150) -> None:
    """`load_model` refuses a file of this content at once, in at most `memory` more MB, and leaves nothing behind."""
    path = folder / "m.keras"
    path.write_bytes(content)
    modules = set(sys.modules)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(REFUSED, match=message):
        keras.saving.load_model(path)
    assert time.perf_counter() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < memory * 1024
    assert [one.name for one in folder.iterdir()] == ["m.keras"]
    assert not {
        name for name in set(sys.modules) - modules if name.split(".")[0] in ("antigravity", "this", "turtle")
    }


# The archive --------------------------------------------------------------------------------------------


def test_the_good_one_is_read(members: dict[str, bytes]) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        model = keras.saving.load_model(io.BytesIO(packed(members, method)))
        assert model.count_params() == 8


def test_cut_off_or_other_bytes(members: dict[str, bytes], tmp_path: Path) -> None:
    content = packed(members)
    for size in [*range(40), *range(40, len(content), 211), *range(len(content) - 60, len(content))]:
        refused(content[:size], tmp_path, "not a ZIP archive|not a model|damaged|cut off")
    for prefix in (b"", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"):
        refused(prefix + b"\x00" * 500, tmp_path, "not a ZIP archive")


def test_a_changed_byte_in_the_weights(members: dict[str, bytes], tmp_path: Path) -> None:
    content = bytearray(packed(members))
    at = content.index(b"\x89HDF")
    for offset in (0, 100, 1000, 3000):
        changed = bytearray(content)
        changed[at + offset] ^= 0xFF
        refused(bytes(changed), tmp_path, "checksum is wrong")


NAMES = [
    "../evil.txt",
    "assets/../../evil.txt",
    "/etc/passwd",
    "assets//x",
    "assets/..",
    "..\\evil.txt",
    "assets/..\\..\\evil",
    "C:\\evil.txt",
    "C:evil",
    "assets/./x",
    "x" * 10_000,
    "assets/a\nb",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_elsewhere(name: str, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(packed({**members, name: b"x"}), tmp_path, "has a name that")


@pytest.mark.parametrize(
    "name", ["con", "assets/NUL.txt", "assets/a?b", "assets/a ", "assets/lpt1/x", "assets/" + "x" * 300]
)
def test_names_that_are_special_somewhere(name: str, members: dict[str, bytes], tmp_path: Path) -> None:
    if name == "con":
        name = "assets/con"
    refused(packed({**members, name: b"x"}), tmp_path, "Invalid asset path")


def test_a_nul_in_a_name(members: dict[str, bytes], tmp_path: Path) -> None:
    content = packed({**members, "assets/aXb": b"x"}).replace(b"assets/aXb", b"assets/a\x00b")
    refused(content, tmp_path, "has a name that|not a ZIP archive")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_occur_twice(members: dict[str, bytes], tmp_path: Path) -> None:
    for name in members:
        file = io.BytesIO(packed(members))
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(name, members[name])
        refused(file.getvalue(), tmp_path, "occurs more than once")


def test_links_and_encryption(members: dict[str, bytes], tmp_path: Path) -> None:
    file = io.BytesIO(packed(members))
    with zipfile.ZipFile(file, "a") as archive:
        info = zipfile.ZipInfo("assets/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    refused(file.getvalue(), tmp_path, "is a link")
    content = bytearray(packed(members))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    refused(bytes(content), tmp_path, "is encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing(method: int, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(packed(members, method), tmp_path, "is packed by method")


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "assets/x"])
def test_bombs(name: str, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(
        packed({**members, name: bytes(50_000_000)}, zipfile.ZIP_DEFLATED), tmp_path, "a decompression bomb"
    )


def test_many_members(members: dict[str, bytes], tmp_path: Path) -> None:
    many = {f"assets/{i}": b"" for i in range(100_001)}
    refused(packed({**members, **many}), tmp_path, "100004 members")


def test_sizes_that_are_not_true(members: dict[str, bytes], tmp_path: Path) -> None:
    content = packed(members)
    at = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    for size in (0, 1, 10**6, 2**32 - 2):
        changed = bytearray(content)
        changed[at + 24 : at + 28] = struct.pack("<L", size)
        refused(bytes(changed), tmp_path, "claims|damaged|cut off")
        changed[at + 20 : at + 24] = struct.pack("<L", size)
        refused(bytes(changed), tmp_path, "overlaps|damaged|cut off|claims")


def test_members_that_overlap(members: dict[str, bytes], tmp_path: Path) -> None:
    content = bytearray(packed(members))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 1)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    refused(bytes(content), tmp_path, "overlaps|damaged|Overlapped")


def test_members_before_the_file(members: dict[str, bytes], tmp_path: Path) -> None:
    content = bytearray(packed(members))
    # Where the directory begins, by the record at the end: one more moves all members a byte to the front.
    content[content.rindex(b"PK\x05\x06") + 16] += 1
    refused(bytes(content), tmp_path, "begins before the file does")


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_missing_member(name: str, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(
        packed({k: v for k, v in members.items() if k != name}), tmp_path, "not a model|expected the weights"
    )


def test_weights_that_need_pickle(members: dict[str, bytes], tmp_path: Path) -> None:
    other = {k: v for k, v in members.items() if k != "model.weights.h5"}
    refused(packed({**other, "model.weights.npz": b""}), tmp_path, "is not read, since it needs pickle")


# The config ---------------------------------------------------------------------------------------------


def with_config(members: dict[str, bytes], change: Callable[[dict[str, Any]], Any]) -> bytes:
    config = json.loads(members["config.json"])
    result = change(config)
    return packed({**members, "config.json": json.dumps(config if result is None else result).encode()})


def as_second_layer(config: Any) -> Callable[[dict[str, Any]], None]:
    def change(model: dict[str, Any]) -> None:
        model["config"]["layers"][1] = config

    return change


def layer(class_name: str, config: Any = None, module: Any = "keras.layers", **more: Any) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": {} if config is None else config, **more}


EVIL = {
    "unknown class": layer("Nothing"),
    "eval": layer("eval", {"source": "1"}, "builtins", registered_name="builtins.eval"),
    "system": layer("system", {"command": "true"}, "os"),
    "Popen": layer("Popen", {"args": ["true"]}, "subprocess"),
    "a module that runs on import": layer("x", {}, "antigravity"),
    "settings": layer("enable_unsafe_deserialization", {}, "keras.config"),
    "get_file": layer("get_file", {"origin": "http://127.0.0.1/x"}, "keras.utils"),
    "load_model": layer("load_model", {"filepath": "/etc/passwd"}, "keras.saving"),
    "inside of Keras": layer("func_load", {"code": ""}, "keras.src.utils.python_utils"),
    "own module": layer("Archive", {"file": "x", "label": "y"}, "oxhorn.saving.archive_members"),
    "a built-in under another name": layer("Dense", {"units": 2}, registered_name="subprocess.Popen"),
    "other frameworks": layer("TFSMLayer", {"filepath": "/elsewhere/model"}),
    "pickles of other frameworks": layer("TorchModuleWrapper", {"module": "gASV"}),
    "lambda": layer("Lambda", {"function": {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}}),
    "old lambda": layer(
        "Lambda", {"function": ["4wEAAAA=", None, None], "function_type": "lambda", "module": "x"}
    ),
    "lambda as activation": layer(
        "Dense", {"units": 2, "activation": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}}
    ),
    "function of a module": layer(
        "Dense",
        {
            "units": 2,
            "activation": {
                "class_name": "function",
                "module": "os",
                "config": "system",
                "registered_name": "system",
            },
        },
    ),
    "function with a path for a name": layer(
        "Dense",
        {"units": 2, "activation": {"class_name": "function", "module": "builtins", "config": "os.system"}},
    ),
    "function of ops that runs functions": layer(
        "Dense",
        {
            "units": 2,
            "activation": {"class_name": "function", "module": "keras.saving", "config": "load_model"},
        },
    ),
    "typespec": layer("Dense", {"units": {"class_name": "__typespec__", "config": [1], "module": "os"}}),
    "vocabulary path": layer("StringLookup", {"vocabulary": "/etc/passwd"}),
    "vocabulary path of text": layer("TextVectorization", {"vocabulary": "/etc/passwd"}),
    "vocabulary address": layer("IntegerLookup", {"vocabulary": "http://127.0.0.1/x"}),
    "vocabulary device": layer("StringLookup", {"vocabulary": "/dev/zero"}),
    "no layer": layer("Adam", {}, "keras.optimizers"),
    "itself": "not a dict",
    "list": [1, 2],
    "number": 7,
    "None": None,
    "empty": {},
    "config of another type": layer("Dense", [1, 2, 3]),
    "class of another type": layer(7),  # type: ignore[arg-type]
    "class is a list": layer(["Dense"], {"units": 2}),  # type: ignore[arg-type]
    "long class": layer("x" * 100_000),
    "unknown argument": layer("Dense", {"units": 2, "wheels": 4}),
    "missing argument": layer("Dense", {}),
}


@pytest.mark.parametrize("name", EVIL)
def test_configs_that_are_refused(name: str, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(with_config(members, as_second_layer(EVIL[name])), tmp_path, ".")


@pytest.mark.parametrize(
    "units", [-1, 0, 1.5, "3", None, True, 2**31, 2**63, 10**30, float("nan"), float("inf"), [2], {}, 10**9]
)
def test_sizes_in_configs(units: Any, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(with_config(members, as_second_layer(layer("Dense", {"units": units}))), tmp_path, ".")


GREEDY = {
    "wide": layer("Dense", {"units": 10**8}),
    "vocabulary": layer("Embedding", {"input_dim": 10**10, "output_dim": 100}),
    "cells": layer("Dense", {"units": 50_000_000, "use_bias": False}),
    "padding": layer("Reshape", {"target_shape": [2**62, 4]}),
    "repetition": layer("RepeatVector", {"n": 2**62}),
}


@pytest.mark.parametrize("name", GREEDY)
def test_layers_larger_than_the_file(name: str, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(with_config(members, as_second_layer(GREEDY[name])), tmp_path, ".")


def test_nesting(members: dict[str, bytes], tmp_path: Path) -> None:
    deep = "[" * 10_000 + "]" * 10_000
    for text in (
        '{"class_name": "Sequential", "module": "keras", "config": ' + deep + "}",
        '{"class_name": "x", "config": ' * 10_000 + "1" + "}" * 10_000,
        '{"class_name": "Wrapper", "module": "keras.layers", "config": {"layer": ' * 5000 + "1" + "}}" * 5000,
    ):
        refused(
            packed({**members, "config.json": text.encode()}),
            tmp_path,
            "nested too deep|Unknown class|config",
        )


def test_models_inside_models(members: dict[str, bytes], tmp_path: Path) -> None:
    config = json.loads(members["config.json"])
    inner = config
    for _ in range(300):
        inner = {
            "module": "keras",
            "class_name": "Sequential",
            "config": {"name": "m", "layers": [inner]},
            "registered_name": None,
        }
    refused(
        packed({**members, "config.json": json.dumps(inner).encode()}),
        tmp_path,
        "nested too deep|could not be loaded",
    )


def test_shared_objects_in_a_circle(members: dict[str, bytes], tmp_path: Path) -> None:
    inside = {**layer("Dense", {"units": 2}), "shared_object_id": 1}
    around = {
        **layer("TimeDistributed", {"layer": {**layer("Dense", {"units": 2}), "shared_object_id": 2}}),
        "shared_object_id": 2,
    }
    for shared in (around, {**layer("TimeDistributed", {"layer": inside}), "shared_object_id": 1}):
        refused(with_config(members, as_second_layer(shared)), tmp_path, ".")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "JSON is damaged"),
        (b"{", "JSON is damaged"),
        (b"\xff\xfe{}", "JSON is damaged"),
        (b"[]", "not the config of a model"),
        (b"3", "not the config of a model"),
        (b'{"a": 1, "a": 2}', "occurs more than once"),
        (b'{"class_name": "Dense", "module": "keras.layers", "config": {"units": 2}}', "expected a model"),
        (b'{"class_name": "Adam", "module": "keras.optimizers", "config": {}}', "expected a model"),
        (b'{"class_name": "function", "module": "builtins", "config": "relu"}', "expected a model"),
        (b'{"class_name": "x", "config": ' + b"9" * 5000 + b"}", "JSON is damaged"),
    ],
)
def test_json(text: bytes, message: str, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(packed({**members, "config.json": text}), tmp_path, message)


@pytest.mark.parametrize(
    "compile_config",
    [
        {"optimizer": layer("system", {}, "os")},
        {"loss": {"class_name": "function", "module": "os", "config": "system"}},
        {
            "optimizer": "adam",
            "loss": "mse",
            "metrics": [layer("MeanIoU", {"num_classes": 10**6}, "keras.metrics")],
        },
        {"optimizer": {"class_name": "__lambda__", "config": {"value": ""}}},
        {"optimizer": "adam", "wheels": 4},
        [1],
        "adam",
    ],
)
def test_compile_configs(compile_config: Any, members: dict[str, bytes], tmp_path: Path) -> None:
    refused(with_config(members, lambda config: config.update(compile_config=compile_config)), tmp_path, ".")


# The weights --------------------------------------------------------------------------------------------


def with_weights(members: dict[str, bytes], change: Callable[[h5py.File], None]) -> bytes:
    file = io.BytesIO(members["model.weights.h5"])
    with h5py.File(file, "a") as root:
        change(root)
    return packed({**members, "model.weights.h5": file.getvalue()})


def replaced(name: str, **options: Any) -> Callable[[h5py.File], None]:
    def change(root: h5py.File) -> None:
        del root[name]
        root.create_dataset(name, **options)

    return change


def linked(name: str, link: Any) -> Callable[[h5py.File], None]:
    def change(root: h5py.File) -> None:
        del root[name]
        root[name] = link

    return change


KERNEL = "layers/dense/vars/0"
WEIGHTS = {
    "fewer": (lambda root: root.__delitem__(KERNEL), "received 1 variables"),
    "more": (lambda root: root.create_dataset("layers/dense/vars/2", data=[1.0]), "received 3 variables"),
    "of other layers": (
        lambda root: root.create_dataset("layers/x/vars/0", data=[1.0]),
        "not in the model: 'layers/x/vars'",
    ),
    "of other shape": (
        replaced(KERNEL, data=np.zeros((2, 3), "f4")),
        r"shape \(3, 2\), and \(2, 3\) in the file",
    ),
    "of other kind": (replaced("layers/dense/vars/1", data=["a", "b"]), "holds text"),
    "complex": (replaced(KERNEL, data=np.zeros((3, 2), "c8")), "expected numbers or booleans"),
    "huge": (replaced(KERNEL, shape=(2**40, 2**20), dtype="f4", chunks=(10, 10)), "shape"),
    "never written": (replaced(KERNEL, shape=(3, 2), dtype="f4"), "0 are stored"),
    "in another file": (
        replaced(KERNEL, shape=(3, 2), dtype="f4", external=[("/etc/passwd", 0, 24)]),
        "another file",
    ),
    "behind a soft link": (linked("layers/dense", h5py.SoftLink("/x")), "SoftLink"),
    "behind an external link": (
        linked("layers", h5py.ExternalLink("/elsewhere/other.h5", "/layers")),
        "ExternalLink",
    ),
    "under another name": (
        lambda root: root.move(KERNEL, "layers/dense/vars/kernel"),
        "expected an array '0'",
    ),
    "a group": (
        lambda root: (root.__delitem__(KERNEL), root.create_group(KERNEL)),
        "is a group; expected a dataset",
    ),
    "in a circle": (
        lambda root: root["layers/dense"].__setitem__("back", root["layers"]),
        "in a circle",
    ),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights(name: str, members: dict[str, bytes], tmp_path: Path) -> None:
    change, message = WEIGHTS[name]
    refused(with_weights(members, change), tmp_path, message)


def test_numbers_that_are_no_numbers_are_weights_too(members: dict[str, bytes]) -> None:
    content = with_weights(members, replaced(KERNEL, data=np.full((3, 2), np.nan, "f4")))
    model = keras.saving.load_model(io.BytesIO(content))
    assert np.isnan(model.get_weights()[0]).all()


# Folders ------------------------------------------------------------------------------------------------


def test_links_in_a_folder(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), L.Dense(2)])
    for name in ("config.json", "model.weights.h5"):
        folder = tmp_path / name.replace(".", "-")
        model.save(folder, zipped=False)
        (folder / name).rename(tmp_path / name)
        (folder / name).symlink_to(tmp_path / name)
        with pytest.raises(ValueError, match="a link, which is not followed"):
            keras.saving.load_model(folder)
