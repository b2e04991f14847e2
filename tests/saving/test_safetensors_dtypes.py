"""Tensors of safetensors files with 16 and 8 bits: every value is read exactly."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from oxhorn.saving import safetensors

EVERY = np.arange(2**16, dtype=np.uint16)


def file_of(path, dtype, content, shape):
    header = json.dumps({"x": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(content)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)
    return path


@pytest.mark.parametrize(
    ("dtype", "content", "expected"),
    [
        ("F16", EVERY.astype("<u2").tobytes(), EVERY.view(np.float16).astype(np.float32)),
        ("BF16", EVERY.astype("<u2").tobytes(), (EVERY.astype(np.uint32) << 16).view(np.float32)),
        ("I16", EVERY.astype("<u2").tobytes(), EVERY.view(np.int16).astype(np.int32)),
        ("I8", bytes(range(256)), np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int32)),
    ],
)
def test_every_value(tmp_path, dtype, content, expected):
    path = file_of(tmp_path / "x.safetensors", dtype, content, [len(expected)])
    tensors, _ = safetensors.read(path)
    assert tensors["x"].dtype == expected.dtype
    np.testing.assert_array_equal(tensors["x"], expected)
    entries = {}
    safetensors.read(path, lambda found: entries.update(found) or [])
    assert entries["x"].numpy_dtype == expected.dtype.name


@pytest.mark.parametrize("dtype", ["F8_E4M3", "C64", "U64", "", 3])
def test_other_dtypes_are_refused(tmp_path, dtype):
    with pytest.raises(ValueError, match="expected one of"):
        safetensors.read(file_of(tmp_path / "x.safetensors", dtype, b"\0" * 8, [1]))
