"""The file of a training snapshot: what is written comes back, and nothing else is ever read."""

from __future__ import annotations

import json
import os
import signal
import stat
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from oxhorn import _core
from oxhorn._core import read_snapshot, write_snapshot

RECORDS: dict[str, Any] = {
    "state": json.dumps({"epoch": 3, "name": "naïve 模型"}),
    "weights/0": np.arange(6, dtype="float32").reshape(2, 3),
    "flags": np.array([True, False, True]),
    "empty": np.zeros((0, 3), "int64"),
    "scalar": np.array(2.5),
}
MAGIC = b"\x93OXSNAP\n"
HEAD = 40


def check_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for name, value in expected.items():
        if isinstance(value, str):
            assert found[name] == value
        else:
            array = found[name]
            assert (array.dtype, array.shape) == (value.dtype.newbyteorder("="), value.shape)
            assert array.flags.writeable and array.flags.aligned and array.flags.c_contiguous
            np.testing.assert_array_equal(array, value)


def bytes_of(path: Path, records: dict[str, Any] = RECORDS) -> bytes:
    write_snapshot(path, records)
    return path.read_bytes()


def forged(index: bytes, data: bytes = b"", *, length: int | None = None, version: int = 1) -> bytes:
    """A file with right sums around any index."""
    head = MAGIC + struct.pack(
        "<IQQII",
        version,
        len(index),
        len(data) if length is None else length,
        zlib.crc32(data),
        zlib.crc32(index),
    )
    return head + struct.pack("<I", zlib.crc32(head)) + index + data


def array_entry(name: str, dtype: int, shape: list[int]) -> bytes:
    text = name.encode()
    return struct.pack(f"<Q{len(text)}sIIQ{len(shape)}Q", len(text), text, 1, dtype, len(shape), *shape)


def text_entry(name: str, length: int) -> bytes:
    text = name.encode()
    return struct.pack(f"<Q{len(text)}sIQ", len(text), text, 0, length)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "s.snapshot"
    write_snapshot(path, RECORDS)
    check_same(read_snapshot(str(path)), RECORDS)
    assert list(tmp_path.iterdir()) == [path]
    write_snapshot(path, {})
    assert read_snapshot(path) == {}


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
arrays = st.sampled_from(["float32", "float64", "int32", "int64", "uint8", "bool", ">f4", ">i8"]).flatmap(
    lambda dtype: hnp.arrays(
        np.dtype(dtype), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    )
)
records = st.dictionaries(
    names, st.one_of(st.text(st.characters(exclude_categories=["Cs"])), arrays), max_size=6
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=records, view=st.sampled_from(["as is", "transposed", "reversed"]))
def test_any_records(tmp_path: Path, content: dict[str, Any], view: str) -> None:
    if view != "as is":
        content = {
            k: v if isinstance(v, str) else v.T if view == "transposed" or v.ndim == 0 else v[::-1]
            for k, v in content.items()
        }
    write_snapshot(tmp_path / "s", content)
    check_same(read_snapshot(tmp_path / "s"), content)


def test_tensors_and_variables_are_written_without_a_copy_in_numpy(tmp_path: Path) -> None:
    values = np.arange(4, dtype="float32")
    write_snapshot(tmp_path / "s", {"v": _core.Variable(values), "t": _core.tensor(values)})
    check_same(read_snapshot(tmp_path / "s"), {"v": values, "t": values})


def test_cut_off_at_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "s"
    content = bytes_of(path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        expected = "an empty file" if length == 0 else "the file is cut off"
        with pytest.raises(ValueError, match=rf"{path}: expected .*{expected}"):
            read_snapshot(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(ValueError, match="something follows its end"):
        read_snapshot(path)


def test_every_byte_altered(tmp_path: Path) -> None:
    path = tmp_path / "s"
    content = bytes_of(path)
    for position in range(len(content)):
        for change in (0x01, 0x80, 0xFF):
            altered = bytearray(content)
            altered[position] ^= change
            path.write_bytes(altered)
            expected = (
                "expected a training snapshot"
                if position < 8
                else "version"
                if position < 12
                else "the checksum is another"
            )
            with pytest.raises(ValueError, match=expected):
                read_snapshot(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04" + bytes(100), "got a file that begins with 50 4b 03 04"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "begins with 89 48 44 46"),
        (b"{}", "begins with 7b 7d"),
        (b"\x93OXSNAP\r\n" + bytes(100), "begins with 93 4f"),  # a transfer as text
        (forged(b"", version=2), "expected version 1 of the snapshot format; got version 2. Use the release"),
        (forged(b"", version=0), "got version 0"),
        (forged(b"", length=2**64 - 1), "the file is cut off"),
        (forged(b"", length=2**63), "the file is cut off"),
        (forged(text_entry("a", 2**64 - 1)), "records of 18446744073709551615 bytes, and 0 bytes of data"),
        (forged(text_entry("a", 2**40)), "records of 1099511627776 bytes, and 0 bytes"),
        (forged(array_entry("a", 0, [2**40])), "records of 4398046511104 bytes, and 0 bytes"),
        (forged(array_entry("a", 0, [2**62, 2**62])), "up to 32 axes and 2\\^63 bytes; got shape"),
        (forged(array_entry("a", 0, [2**62, 2**62, 0])), "up to 32 axes and 2\\^63 bytes; got shape"),
        (forged(array_entry("a", 4, [2**64 - 1])), "up to 32 axes and 2\\^63 bytes; got shape"),
        (forged(array_entry("a", 4, [1] * 33), b"x"), "up to 32 axes"),
        (forged(array_entry("a", 9, [1]), b"x"), "expected an entry at byte 0 of its index"),
        (forged(array_entry("a", 0, [1]), b"12345"), "records of 4 bytes, and 5 bytes of data"),
        (forged(array_entry("a", 5, [1]), b"\x02"), 'array "a" of bool to have bytes 0 and 1; got a byte 2'),
        (forged(text_entry("a", 1), b"\xff"), 'the text "a" in UTF-8'),
        (forged(text_entry("a", 0) * 2), '"a" twice'),
        (forged(text_entry("", 0)), "names of 1 to 4096 bytes"),
        (forged(text_entry("a\0", 0)), "without NUL"),
        (forged(text_entry("n" * 5000, 0)), "of 5000 bytes"),
        (forged(struct.pack("<Q", 2**63)), "expected an entry at byte 0"),
        (forged(text_entry("a", 0) + b"\x01"), "expected an entry at byte 21"),
    ],
)
def test_hostile_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_snapshot(path)
    assert str(caught.value).startswith(f"{path}: expected ")


def test_bad_arguments(tmp_path: Path) -> None:
    path = tmp_path / "s"
    deep = np.zeros((1,) * 33, "float32")
    for bad, error, message in [
        ({"x": np.zeros(2, "float16")}, TypeError, r"records\['x'\] to be .*; got an array of dtype float16"),
        ({"x": np.zeros(2, object)}, TypeError, "got an array of dtype object"),
        ({"x": np.zeros(2, "complex64")}, TypeError, "dtype complex64"),
        ({"x": np.zeros(2, "datetime64[s]")}, TypeError, "dtype datetime64"),
        ({"x": [1.0]}, TypeError, "got list"),
        ({"x": None}, TypeError, "got NoneType"),
        ({3: "x"}, TypeError, "names that are str; got 3"),
        ({"": "x"}, ValueError, "names of 1 to 4096 bytes"),
        ({"\ud800": "x"}, ValueError, "surrogates"),
        ({"x": "\ud800"}, ValueError, "surrogates"),
        ({"x": np.array([2], "uint8").view("bool")}, ValueError, "bytes 0 and 1"),
        ({"x": deep}, ValueError, "up to 32 axes"),
    ]:
        with pytest.raises(error, match=message):
            write_snapshot(path, bad)  # type: ignore[arg-type]
        assert not list(tmp_path.iterdir())


def test_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        read_snapshot(tmp_path / "none")
    assert caught.value.filename == str(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        write_snapshot(tmp_path / "none" / "s", RECORDS)
    for call in (read_snapshot, lambda path: write_snapshot(path, RECORDS)):
        with pytest.raises(OSError, match="expected the path of a file; got a folder"):
            call(tmp_path)
        with pytest.raises(ValueError, match="NUL"):
            call(f"{tmp_path}/a\0b")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        for call in (read_snapshot, lambda path: write_snapshot(path, RECORDS)):
            with pytest.raises(OSError, match="got a pipe or device"):
                call(tmp_path / "pipe")
    long_name = tmp_path / ("ü" * 120)  # 240 bytes; the temporary name must still fit into 255
    write_snapshot(long_name, RECORDS)
    check_same(read_snapshot(long_name), RECORDS)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_and_links(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "s"
    path.parent.mkdir()
    mask = os.umask(0o027)
    try:
        write_snapshot(path, RECORDS)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    link = tmp_path / "link"
    link.symlink_to("folder/s")
    write_snapshot(link, {"a": "new"})
    assert link.is_symlink() and read_snapshot(path) == {"a": "new"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    (tmp_path / "circle").symlink_to("circle")
    for call in (read_snapshot, lambda path: write_snapshot(path, RECORDS)):
        with pytest.raises(OSError, match="symbolic links"):
            call(tmp_path / "circle")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_no_permission(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", RECORDS)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            write_snapshot(tmp_path / "s", {})
    finally:
        tmp_path.chmod(0o700)
    check_same(read_snapshot(tmp_path / "s"), RECORDS)


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a process of its own that finds this package."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "s"
    write_snapshot(path, RECORDS)
    code = """
import resource, signal, sys
import numpy as np
from oxhorn._core import write_snapshot
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    write_snapshot(sys.argv[1], {"x": np.zeros(1 << 20)})
except OSError as error:
    print(error.errno, error.filename)
"""
    done = run(code, path)
    assert done.stdout.split() == ["27", str(path)], done
    check_same(read_snapshot(path), RECORDS)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
def test_memory_that_a_file_takes(tmp_path: Path) -> None:
    """Every hostile file of 1 MB is refused within a few MB; a good one takes its size."""
    many = b"".join(text_entry(f"{i:x}", 0) for i in range(45_000))
    files = {
        "length": forged(b"", b"x" * 10**6, length=2**62),
        "text": forged(text_entry("a", 2**40), b"x" * 10**6),
        "array": forged(array_entry("a", 1, [2**50]), b"x" * 10**6),
        "shape": forged(array_entry("a", 1, [])[:-8] + struct.pack("<Q", 2**60) + bytes(10**6)),
        "many": forged(many, b"x"),
        "index": forged(b"\xff" * 10**6),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    code = """
import numpy, resource, sys
from oxhorn._core import read_snapshot
before = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (before + 24 * 10**6,) * 2)
for path in sys.argv[1:]:
    try:
        read_snapshot(path)
        print("read", path)
    except ValueError:
        print("refused")
"""
    done = run(code, *(tmp_path / name for name in files))
    assert done.stdout.split() == ["refused"] * len(files), done


def test_memory_of_a_round_trip(tmp_path: Path) -> None:
    big = np.ones(4_000_000, "float32")
    tracemalloc.start()
    try:
        write_snapshot(tmp_path / "s", {"x": big})
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.reset_peak()
        found = read_snapshot(tmp_path / "s")
        assert tracemalloc.get_traced_memory()[1] < big.nbytes + 1_000_000
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found["x"], big)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
def test_too_little_memory_is_an_error(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "arrays", {"x": np.zeros(8_000_000)})
    write_snapshot(tmp_path / "texts", {"x": "x" * 64_000_000})
    code = """
import numpy, resource, sys
from oxhorn._core import read_snapshot
before = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (before + 32 * 10**6,) * 2)
for path in sys.argv[1:]:
    try:
        read_snapshot(path)
    except (MemoryError, RuntimeError) as error:
        print(type(error).__name__)
"""
    done = run(code, tmp_path / "arrays", tmp_path / "texts")
    assert len(done.stdout.split()) == 2, done


WRITER = """
import sys
import numpy as np
from oxhorn._core import write_snapshot
i = 0
while True:
    write_snapshot(sys.argv[1], {"i": str(i), "x": np.full(200_000, i, "float64")})
    i += 1
    if i == 2:
        print("ready", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "s"
    rng = np.random.default_rng(0)
    leftovers = 0
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0, 0.02))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        found = read_snapshot(path)
        np.testing.assert_array_equal(found["x"], np.full(200_000, float(str(found["i"]))))
        left = [p for p in tmp_path.iterdir() if p != path]
        assert all(p.name.startswith(".s.") and p.name.endswith(".part") for p in left)
        leftovers = max(leftovers, len(left))
    assert leftovers > 0, "no writer was hit in the middle: the test shows nothing"


def test_replaced_while_it_is_read(tmp_path: Path) -> None:
    """A reader that has the file open reads the old one to its end; one that writes in place is found out."""
    path = tmp_path / "s"
    content = bytes_of(path, {"x": np.zeros(1_000_000)})
    code = """
import sys, time
for i in range(40):
    with open(sys.argv[1], "r+b") as file:
        file.seek(4_000_000)
        file.write(bytes([i + 1]))
    time.sleep(0.005)
"""
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
    refused = 0
    while writer.poll() is None:
        try:
            np.testing.assert_array_equal(read_snapshot(path)["x"], 0)
        except ValueError as error:
            assert "the checksum is another" in str(error)
            refused += 1
    assert refused and path.stat().st_size == len(content)
