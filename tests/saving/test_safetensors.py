"""Weights in safetensors: there and back, what does not fit, and files that are damaged."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import oxhorn as keras
from oxhorn.layers import Dense
from oxhorn.saving import safetensors as own

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def model(units: int = 3) -> Any:
    return keras.Sequential([keras.Input((4,)), Dense(units), Dense(2)])


def test_round_trip_into_a_model_of_other_names(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    first, second = model(), model()
    assert first.layers[0].name != second.layers[0].name
    first.save_weights(path)
    second.load_weights(path)
    np.testing.assert_array_equal(second(X).numpy(), first(X).numpy())
    assert list(tmp_path.iterdir()) == [path]


def test_the_reference_reader_agrees(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    net = model()
    net.save_weights(path)
    read = safetensors.numpy.load_file(path)
    assert set(read) == {f"layers/dense{i}/vars/{j}" for i in ("", "_1") for j in (0, 1)}
    np.testing.assert_array_equal(read["layers/dense/vars/0"], net.layers[0].kernel.numpy())
    safetensors.numpy.save_file({k: v * 2 for k, v in read.items()}, path)
    net.load_weights(path)
    np.testing.assert_array_equal(net.layers[0].kernel.numpy(), read["layers/dense/vars/0"] * 2)


def test_names_are_those_of_the_other_files(tmp_path: Path) -> None:
    x = keras.Input((3, 4))
    inside = [keras.Sequential([Dense(2)]), Dense(1)]
    net = keras.Model(x, inside[1](inside[0](keras.layers.MultiHeadAttention(2, 3)(x, x))))
    net.save_weights(tmp_path / "w.safetensors")
    net.save_weights(tmp_path / "w.weights.h5")
    names: set[str] = set()
    with h5py.File(tmp_path / "w.weights.h5") as file:
        file.visititems(lambda path, one: names.add(path) if isinstance(one, h5py.Dataset) else None)
    assert set(safetensors.numpy.load_file(tmp_path / "w.safetensors")) == names and len(names) == 12


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_all_dtypes(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    value = np.random.default_rng(1).integers(0, 2, shape).astype(dtype)
    own.write(tmp_path / "x.safetensors", {"a": value, "b": value.T.copy().T}, {"k": "v"})
    tensors, metadata = own.read(tmp_path / "x.safetensors")
    assert metadata == {"k": "v"}
    for tensor in tensors.values():
        assert (tensor.dtype, tensor.shape) == (value.dtype, value.shape)
        np.testing.assert_array_equal(tensor, value)


def test_bad_paths(tmp_path: Path) -> None:
    net = model()
    with pytest.raises(ValueError, match=r"must end in `.weights.h5`"):
        net.save_weights(tmp_path / "w.h5")
    with pytest.raises(FileNotFoundError):
        net.load_weights(tmp_path / "none.safetensors")
    with pytest.raises(FileNotFoundError):
        net.save_weights(tmp_path / "no folder" / "w.safetensors")
    net.save_weights(tmp_path / "w.safetensors")
    with pytest.raises(FileExistsError, match="overwrite is False"):
        net.save_weights(tmp_path / "w.safetensors", overwrite=False)
    with pytest.raises(ValueError, match="is not built"):
        keras.Sequential([Dense(1)]).save_weights(tmp_path / "u.safetensors")


def test_a_failing_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.safetensors"
    net = model()
    net.save_weights(path)
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(own.os, "fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        model().save_weights(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: model(5), r"has shape \(4, 3\) .* in the file it has shape \(4, 5\)"),
        (
            lambda: keras.Sequential([keras.Input((4,)), Dense(3)]),
            "missing in the file: 'layers/dense_1/vars/0'",
        ),
        (
            lambda: keras.Sequential([keras.Input((4,)), Dense(3), Dense(2), Dense(1)]),
            "not in the model: 'layers/dense_2/vars/0'",
        ),
    ],
)
def test_other_weights_change_nothing(tmp_path: Path, other: Any, message: str) -> None:
    path = tmp_path / "w.safetensors"
    other().save_weights(path)
    net = model()
    before = net.get_weights()
    with pytest.raises(ValueError, match=message) as caught:
        net.load_weights(path)
    assert "nothing was changed" in str(caught.value)
    for a, b in zip(before, net.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_skip_mismatch_says_what_it_skips(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    other = keras.Sequential([keras.Input((4,)), Dense(3), Dense(7)])
    other.save_weights(path)
    net = model()
    with pytest.warns(UserWarning, match="load_weights skipped: 'layers/dense_1/vars/0'"):
        net.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(net.layers[0].kernel.numpy(), other.layers[0].kernel.numpy())


def entry(**changes: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}


def file_of(header: Any, data: bytes = bytes(8)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has 0 bytes"),
        (b"\x01\x02", "it has 2 bytes"),
        (struct.pack("<Q", 2**63) + b"{}", "its header claims 9223372036854775808 bytes"),
        (struct.pack("<Q", 100) + b"{}", "its header claims 100 bytes"),
        (file_of(b"PK\x03\x04", b""), "does not begin with"),
        (file_of(b"{]", b""), "the header is damaged"),
        (file_of(b'{"a":' * 100_000, b""), "the header is damaged"),
        (file_of(b'{"a": NaN}', b""), "the header is damaged"),
        (file_of(b'{"\xff": 1}', b""), "the header is damaged"),
        (
            file_of(b'{"a":' + json.dumps(entry()).encode() + b',"a":' + json.dumps(entry()).encode() + b"}"),
            "'a' occurs",
        ),
        (file_of({"a": entry(data_offsets=[0, 9])}), "lies from byte 0 to 9, but the file has 8"),
        (file_of({"a": entry(data_offsets=[8, 0])}), "lies from byte 8 to 0"),
        (file_of({"a": entry(data_offsets=[-1, 7])}), "expected two numbers"),
        (file_of({"a": entry(data_offsets=[0.0, 8.0])}), "expected two numbers"),
        (file_of({"a": entry(shape=[3])}), "needs 12 bytes; the header gives it 8"),
        (file_of({"a": entry(shape=[2**62, 4])}), "the header gives it 8"),
        (file_of({"a": entry(shape=[-2])}), "which is not one"),
        (file_of({"a": entry(shape=[True, 2])}), "which is not one"),
        (file_of({"a": entry(shape=[1] * 40)}), "which is not one"),
        (file_of({"a": entry(dtype="C64")}), "has dtype 'C64'; expected one of"),
        (file_of({"a": entry(dtype=["F32"])}), "has dtype"),
        (file_of({"a": entry(), "b": entry()}), "must not overlap or leave gaps"),
        (file_of({"a": entry()}, bytes(12)), "the tensors take 8 bytes, but the file has 12"),
        (file_of({"a": entry(data_offsets=[4, 12])}, bytes(12)), "where 0 is expected"),
        (file_of({"a": [1, 2]}), "must have exactly dtype, shape and data_offsets"),
        (file_of({"a": {**entry(), "path": "/etc/passwd"}}), "must have exactly"),
        (file_of({"a\x00b": entry()}), "too long or has a NUL"),
        (file_of({"a" * 10_000: entry()}), "too long or has a NUL"),
        (file_of({"__metadata__": {"a": 1}}, b""), "must map strings to strings"),
        (file_of({"a": entry(dtype="BOOL", shape=[8])}, b"\x02" * 8), "bytes other than 0 and 1"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        own.read(path)
    with pytest.raises(ValueError, match=r"bad\.safetensors"):
        model().load_weights(path)


def test_cut_off_at_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    net = model()
    net.save_weights(path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"w\.safetensors"):
            net.load_weights(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_changed_byte_never_breaks_the_reader(tmp_path: Path, position: int, byte: int) -> None:
    path = tmp_path / "w.safetensors"
    own.write(path, {"a": np.ones((2, 3)), "b": np.zeros(4, "int32")}, {"k": "v"})
    content = bytearray(path.read_bytes())
    content[position % len(content)] = byte
    path.write_bytes(content)
    try:
        tensors, _ = own.read(path)
    except ValueError:
        return
    assert sum(tensor.nbytes for tensor in tensors.values()) <= len(content)


def test_newer_versions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    net = model()
    net.save_weights(path)
    tensors, metadata = own.read(path)
    own.write(path, tensors, {**metadata, "format_version": "2"})
    with pytest.raises(ValueError, match=r"has version '2' of the format.*Use a newer release"):
        net.load_weights(path)
