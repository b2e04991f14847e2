"""Damaged and hostile files of `torch.save`: a ValueError that says what is wrong, in little memory."""

from __future__ import annotations

import contextlib
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.interop import load_torch_state_dict
from oxhorn.interop.sources import opened
from oxhorn.interop.torch_files import _Storages
from oxhorn.interop.torch_pickle import Storage, StoredTensor
from oxhorn.saving import safetensors
from oxhorn.saving.restricted_pickle import PickleError
from tests.interop.building import (
    Raw,
    call,
    encoded,
    name,
    new_form,
    old_form,
    pickled,
    storage,
    tensor,
    written,
    zipped,
)

GOLDEN = Path(__file__).parent / "golden"
FORMS = [new_form, old_form]


def read(path):
    with opened(path, None, "test") as (arrays, _, _):
        return {key: stored.load() for key, stored in arrays.items()}


@contextlib.contextmanager
def little_memory():
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# Windows into storages ---------------------------------------------------------------------------------

WINDOWS = [
    (tensor(offset=1), "reaches beyond its storage of 6"),
    (tensor(offset=2**62), "reaches beyond"),
    (tensor(offset=-1), "which is no size"),
    (tensor(offset=1.0), "which is no size"),
    (tensor(offset="0"), "which is no size"),
    (tensor(offset=True), "which is no size"),
    (tensor(size=(-2, 3)), "which is no size"),
    (tensor(size=(2, 4)), "more than once|reaches beyond"),
    (tensor(size=(2**40, 2**40), stride=(2**40, 1)), "more than"),
    (tensor(size=(2**63, 2)), "which is no size"),
    (tensor(size=(2**100,), stride=(1,)), "which is no size"),
    (tensor(size=(0, 2**62), stride=(1, 1)), "more than"),
    (tensor(size=(2, 3), stride=(1,)), "with the stride"),
    (tensor(size=6, stride=(1,)), "no tuple"),
    (tensor(size=(1,) * 33, stride=(1,) * 33), "at most 32"),
    (tensor(stride=(-3, 1)), "which is no size"),
    (tensor(stride=(0, 1)), "more than once"),
    (tensor(size=(6,), stride=(0,)), "more than once"),
    (tensor(size=(1_000_000, 6), stride=(0, 1)), "more than once"),
    (tensor(stride=(1, 1)), "more than once"),
    (tensor(stride=(2, 2)), "more than once"),
    (tensor(stride=(2**62, 2**62)), "more than once"),
    (tensor(stride=(4, 2**62)), "reaches beyond"),
    (tensor(size=(2**40,), stride=(1,)), "reaches beyond"),
    (tensor(numel=-1), "without a class and a length"),
    (tensor(numel=2**62), "without a class and a length"),
    (tensor(numel=6.0), "without a class and a length"),
    (tensor(kind=Raw(encoded("FloatStorage"))), "without a class and a length"),
    (tensor(kind=name("torch", "float32")), "without a class and a length"),
    (tensor(key=0), "keys are numbers"),
    (tensor(key="../0"), "keys are numbers"),
    (tensor(key="/etc/passwd"), "keys are numbers"),
    (tensor(key=""), "keys are numbers"),
    (tensor(key="1" * 31), "keys are numbers"),
    (tensor(key="\u0660"), "keys are numbers"),
    (call(name("torch._utils", "_rebuild_tensor_v2"), None, 0, (1,), (1,)), "without a storage"),
    (
        call(
            name("torch._utils", "_rebuild_tensor_v2"), storage(6), 0, (1,), (1,), False, None, {"neg": True}
        ),
        r"conjugate or negative view; call `resolve_neg\(\)`",
    ),
    (call(name("torch._utils", "_rebuild_parameter"), storage(6), True, None), "without a tensor"),
    (call(name("torch", "Size"), (1, -1)), "which is no size"),
    (
        Raw(encoded(("storage", name("torch", "FloatStorage"), "0", "cpu", 6, ("1", 0, 6))) + b"Q"),
        "before 0.4",
    ),
    (Raw(encoded(("storage", name("torch", "FloatStorage"), "0")) + b"Q"), "no storage"),
]


@pytest.mark.parametrize(("value", "message"), WINDOWS)
def test_windows(tmp_path, value, message):
    for form in FORMS:
        path = written(tmp_path, form({"w": value}))
        with little_memory(), pytest.raises(ValueError, match=message):
            read(path)


def test_one_storage_described_in_two_ways(tmp_path):
    for other in (tensor(numel=5, size=(5,), stride=(1,)), tensor(kind="IntStorage")):
        for form in FORMS:
            with pytest.raises(ValueError, match="in two ways"):
                read(written(tmp_path, form({"a": tensor(), "b": other})))


@pytest.mark.parametrize("form", ["new", "old"])
def test_windows_that_are_good(tmp_path, form):
    numbers = np.arange(6, dtype="<f4").tobytes()
    value = {
        "whole": tensor(),
        "turned": tensor(size=(3, 2), stride=(1, 3)),
        "one": tensor(offset=5, size=(), stride=()),
        "row": tensor(offset=3, size=(1, 3), stride=(77, 1)),
        "none": tensor(size=(0, 3), stride=(3, 1)),
        "parameter": call(name("torch._utils", "_rebuild_parameter"), tensor(), True, None),
        "old": call(name("torch._utils", "_rebuild_tensor"), storage(6), 1, (2,), (2,)),
    }
    content = new_form(value, {"0": numbers}) if form == "new" else old_form(value, {"0": (6, numbers)})
    found = read(written(tmp_path, content))
    whole = np.arange(6, dtype=np.float32).reshape(2, 3)
    for key, expected in {
        "whole": whole,
        "turned": whole.T,
        "one": whole[1, 2],
        "row": whole[1:],
        "none": np.zeros((0, 3)),
        "parameter": whole,
        "old": [1, 3],
    }.items():
        np.testing.assert_array_equal(found[key], expected)


@pytest.mark.parametrize(
    ("kind", "dtype", "expected"),
    [
        ("DoubleStorage", "<f8", np.float64),
        ("FloatStorage", "<f4", np.float32),
        ("HalfStorage", "<f2", np.float32),
        ("LongStorage", "<i8", np.int64),
        ("IntStorage", "<i4", np.int32),
        ("ShortStorage", "<i2", np.int16),
        ("CharStorage", "i1", np.int8),
        ("ByteStorage", "u1", np.uint8),
        ("BoolStorage", "?", np.bool_),
    ],
)
def test_dtypes(tmp_path, kind, dtype, expected):
    numbers = np.array([1, 0, 1, 1, 0, 1]).astype(dtype)
    value = {"w": tensor(kind=kind)}
    for content in (
        new_form(value, {"0": numbers.tobytes()}),
        new_form(value, {"0": numbers.astype(numbers.dtype.newbyteorder(">")).tobytes()}, byteorder=b"big"),
        old_form(value, {"0": (6, numbers.tobytes())}),
    ):
        found = read(written(tmp_path, content))["w"]
        assert found.dtype == expected
        assert found.dtype.isnative
        np.testing.assert_array_equal(found.ravel(), numbers)


def test_bfloat16_and_booleans(tmp_path):
    bits = np.array([0x3F80, 0xBF80, 0x7F80, 0x0001, 0x4049, 0x0000], "<u2")
    found = read(written(tmp_path, new_form({"w": tensor(kind="BFloat16Storage")}, {"0": bits.tobytes()})))[
        "w"
    ]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.ravel(), (bits.astype(np.uint32) << 16).view(np.float32))
    with pytest.raises(ValueError, match="other than 0 and 1"):
        read(written(tmp_path, new_form({"w": tensor(kind="BoolStorage")}, {"0": b"\2" * 6})))


# The zip form ------------------------------------------------------------------------------------------

GOOD = {"archive/data.pkl": pickled({"w": tensor()}), "archive/data/0": bytes(24)}


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


def with_duplicate() -> bytes:
    return changed(zipped({**GOOD, "archive/data.pkX": b"again"}), b"archive/data.pkX", b"archive/data.pkl")


def with_central_sizes(size: int) -> bytes:
    """The directory says that the storage is larger than it is."""
    content = bytearray(zipped(GOOD))
    place = content.rindex(b"PK\x01\x02")
    content[place + 20 : place + 28] = struct.pack("<II", size, size)
    return bytes(content)


def overlapping() -> bytes:
    """Many names for the same bytes."""
    more = {f"archive/data/{i}": bytes(5000) if i == 1 else b"" for i in range(1, 9)}
    content = bytearray(zipped({**GOOD, **more}))
    places = [i for i in range(len(content)) if content[i : i + 4] == b"PK\x01\x02"]
    for place in places[3:]:
        for begin, end in ((16, 28), (42, 46)):  # checksum and sizes; where it lies
            content[place + begin : place + end] = content[places[2] + begin : places[2] + end]
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(zipped(GOOD))
    for i in range(len(content)):
        if content[i : i + 4] == b"PK\x01\x02":
            content[i + 8] |= 1
    return bytes(content)


ARCHIVES = {
    "no data.pkl": (zipped({"archive/x": b""}), "no member data.pkl"),
    "data.pkl at the root": (zipped({"data.pkl": GOOD["archive/data.pkl"]}), "no member data.pkl"),
    "data.pkl too deep": (zipped({"a/b/data.pkl": GOOD["archive/data.pkl"]}), "no member data.pkl"),
    "two of them": (zipped({**GOOD, "b/data.pkl": b""}), "more than one data.pkl"),
    "no storage": (zipped({"archive/data.pkl": GOOD["archive/data.pkl"]}), "lacks the storage 0"),
    "short storage": (zipped({**GOOD, "archive/data/0": bytes(20)}), "has 20 bytes"),
    "long storage": (zipped({**GOOD, "archive/data/0": bytes(28)}), "has 28 bytes"),
    "duplicate": (with_duplicate(), "two members"),
    "compressed": (zipped(GOOD, compressed=True), "compressed or encrypted"),
    "bomb": (
        zipped({**GOOD, "archive/data/1": bytes(50_000_000)}, compressed=True),
        "compressed or encrypted",
    ),
    "encrypted": (encrypted(), "compressed or encrypted"),
    "announced size": (with_central_sizes(2**31), "announce"),
    "announced size within the file": (with_central_sizes(25), "has 25 bytes"),
    "overlapping": (overlapping(), "announce"),
    "up": (zipped({**GOOD, "../../etc/passwd": b""}), "no name within"),
    "up within": (zipped({**GOOD, "archive/../x": b""}), "no name within"),
    "absolute": (zipped({**GOOD, "/etc/passwd": b""}), "no name within"),
    "backslash": (zipped({**GOOD, "..\\x": b""}), "no name within"),
    "drive": (zipped({**GOOD, "C:x": b""}), "no name within"),
    "NUL": (changed(zipped({**GOOD, "archive/aXb": b""}), b"archive/aXb", b"archive/a\0b"), "no name within"),
    "endless name": (zipped({**GOOD, "a" * 2000: b""}), "no name within"),
    "byte order": (zipped({**GOOD, "archive/byteorder": b"middle"}), "neither little nor big"),
    "TorchScript": (zipped({**GOOD, "archive/constants.pkl": b""}), r"torch\.jit\.load"),
    "TorchScript code": (zipped({**GOOD, "archive/code/__torch__.py": b"import os"}), r"torch\.jit\.load"),
    "TorchScript as it is": (zipped({"archive/code/x.py": b"import os", **GOOD}, True), r"torch\.jit\.load"),
    "more after the pickle": (zipped({**GOOD, "archive/data.pkl": pickled({}) + b"x"}), "after the end"),
    "altered": (changed(zipped(GOOD), bytes(24), b"\1" * 24), "CRC|damaged"),
    "empty archive": (zipped({}), "begins with"),
    "npz": (zipped({"w.npy": b"\x93NUMPY"}), "no member data.pkl"),
    "cut": (zipped(GOOD)[:-10], "damaged"),
    "only the start": (b"PK\x03\x04", "damaged|begins"),
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_archives(tmp_path, what):
    content, message = ARCHIVES[what]
    path = written(tmp_path, content)
    with little_memory(), pytest.raises(ValueError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["weights.pth"]


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr("oxhorn.interop.torch_files._MAX_MEMBERS", 3)
    with pytest.raises(ValueError, match="at most 3"):
        read(written(tmp_path, new_form({"w": tensor()})))


def test_an_archive_behind_something_else(tmp_path):
    path = written(tmp_path, b"x" * 10 + zipped(GOOD))
    assert zipfile.is_zipfile(path)
    with pytest.raises(ValueError, match="begins with"):
        read(path)


# The old form ------------------------------------------------------------------------------------------

VALUE = {"w": tensor()}
OLD = {
    "magic": (old_form(VALUE, magic=7), "not one of `torch.save`"),
    "magic of text": (old_form(VALUE, magic="x"), "not one of `torch.save`"),
    "magic as a list": (old_form(VALUE, magic=[]), "not one of `torch.save`"),
    "version": (old_form(VALUE, version=1002), "1001 is read"),
    "system": (old_form(VALUE, system=[]), "little-endian"),
    "big-endian": (old_form(VALUE, system={"little_endian": False}), "little-endian"),
    "keys": (old_form(VALUE, keys="0"), "no list of its storages"),
    "keys of numbers": (old_form(VALUE, keys=[0]), "no list of its storages"),
    "keys twice": (old_form(VALUE, keys=["0", "0"]), "not that of its tensors"),
    "other keys": (old_form(VALUE, keys=["1"]), "not that of its tensors"),
    "no keys": (old_form(VALUE, keys=[]), "not that of its tensors"),
    "more keys": (old_form(VALUE, keys=["0", "1"]), "not that of its tensors"),
    "count": (old_form(VALUE, {"0": (7, bytes(24))}), "announces 7"),
    "negative count": (old_form(VALUE, {"0": (-1, bytes(24))}), "announces -1"),
    "huge count": (old_form(VALUE, {"0": (2**62, bytes(24))}), "announces"),
    "short": (old_form(VALUE, {"0": (6, bytes(20))}), "20 bytes follow"),
    "long": (old_form(VALUE, {"0": (6, bytes(28))}), "4 bytes after"),
    "cut before the storage": (old_form(VALUE)[:-28], "ends before storage 0"),
    "huge": (old_form({"w": tensor(numel=2**40)}, {"0": (2**40, b"")}), "bytes follow"),
}


@pytest.mark.parametrize("what", OLD)
def test_old_files(tmp_path, what):
    content, message = OLD[what]
    with pytest.raises(ValueError, match=message):
        read(written(tmp_path, content))


# Any file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["linear.pth", "batch_norm.old.pth", "batch_norm.safetensors"])
def test_cut_at_every_byte(tmp_path, file):
    content = (GOLDEN / file).read_bytes()
    path = tmp_path / "weights"
    size = len(content)
    for cut in sorted({*range(200), *range(200, size, 13), *range(size - 100, size)}):
        path.write_bytes(content[:cut])
        with pytest.raises(ValueError, match="weights: "):
            read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"it begins with b''\. Is it cut off"),
        (b"x", r"it begins with b'x'\. Is it cut off"),
        (b"PK", r"it begins with b'PK'\. Is it cut off"),
        (b"\x80", "announces 1 bytes at byte 1"),
        (b"\x80\x02.", "takes an object from an empty stack"),
        (b"\x89HDF\r\n\x1a\n" * 2, r"it begins with .*HDF.*or of another format"),
        (b"\x93NUMPY" * 2, r"it begins with .*NUMPY.*or of another format"),
        (b"{}" * 10, "not a safetensors file, or cut off"),
        (bytes(99), r"it begins with .*or of another format"),
    ],
)
def test_other_files(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read(written(tmp_path, content))


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing.pth")
    with pytest.raises(OSError, match="directory"):
        read(tmp_path)


def test_pipes_and_devices(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ValueError, match="expected a regular file"):
            read(path)


def test_a_file_that_is_replaced_while_it_is_read(tmp_path):
    size = 100_000
    value = {"w": tensor(size, 0, (size,), (1,))}
    path = written(tmp_path, new_form(value, {"0": bytes(4 * size)}))
    with opened(path, None, "test") as (arrays, _, _):
        path.write_bytes(bytes(10))
        with pytest.raises(ValueError, match=r"weights\.pth"):
            arrays["w"].load()
    content = (GOLDEN / "linear.pth").read_bytes()
    path = tmp_path / "weights.safetensors"
    path.write_bytes((GOLDEN / "batch_norm.safetensors").read_bytes())
    with opened(path, None, "test") as (arrays, _, _):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"weights\.safetensors"):
            arrays["0.weight"].load()
    path.write_bytes((GOLDEN / "batch_norm.safetensors").read_bytes())
    with opened(path, None, "test") as (arrays, _, _):
        path.write_bytes((GOLDEN / "lstm_deep.safetensors").read_bytes())
        with pytest.raises(ValueError, match=r"weights\.safetensors.* is gone"):
            arrays["0.weight"].load()
    path.write_bytes((GOLDEN / "batch_norm.safetensors").read_bytes())
    with opened(path, None, "test") as (arrays, _, _):
        safetensors.write(path, {name: np.zeros((2, 2), np.float32) for name in arrays}, {})
        text = r"weights\.safetensors: '0\.weight' had the shape .* at first and \(2, 2\) later; was the file changed"
        with pytest.raises(ValueError, match=text):
            arrays["0.weight"].load()


def test_a_storage_that_becomes_shorter():
    shorter = _Storages(lambda storage: bytes(4), "<")
    with pytest.raises(PickleError, match=r"storage 0 has 4 bytes; was the file changed while being read"):
        shorter(StoredTensor(Storage("0", "float32", 2), 0, (2,), (1,)))


def test_safetensors_of_unsigned_numbers(tmp_path):
    """What the reader of the format takes, this one takes."""
    header = b'{"x.weight":{"dtype":"U16","shape":[2],"data_offsets":[0,4]}}'
    path = written(tmp_path, struct.pack("<Q", len(header)) + header + struct.pack("<HH", 1, 2**16 - 1))
    assert read(path)["x.weight"].tolist() == [1, 65535]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"x\.weight"):
        load_torch_state_dict(model, path)


def test_nothing_changes_when_a_file_fails_late(tmp_path):
    """The second storage is damaged, which shows only when it is read."""
    values = {"0.weight": tensor(size=(3, 2), stride=(2, 1)), "0.bias": tensor(3, 0, (3,), (1,), key="1")}
    content = new_form(values, {"0": np.ones(6, "<f4").tobytes(), "1": b"\7" * 12})
    path = written(tmp_path, changed(content, b"\7" * 12, b"\1" * 12))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"weights\.pth"):
        load_torch_state_dict(model, path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
