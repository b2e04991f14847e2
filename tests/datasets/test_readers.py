import gzip
import io
import zipfile

import numpy as np
import pytest

from oxhorn.datasets.images import from_npz
from oxhorn.datasets.readers import read_csv, read_idx, read_npz

GOOD = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1]) + bytes([1, 2, 3, 4])


def test_idx(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(GOOD)
    np.testing.assert_array_equal(read_idx(path, 3, 4), [[[1], [2]], [[3], [4]]])


@pytest.mark.parametrize("cut", range(len(GOOD)))
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_cut_off_anywhere(tmp_path, cut, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(GOOD[:cut]) if suffix else GOOD[:cut])
    with pytest.raises(ValueError, match="expected"):
        read_idx(path, 3, 4)


def test_idx_gzip_cut_off_anywhere(tmp_path):
    whole = gzip.compress(GOOD)
    path = tmp_path / "a.gz"
    for cut in range(len(whole) - 8):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="expected"):
            read_idx(path, 3, 4)


@pytest.mark.parametrize(
    "data",
    [
        GOOD + b"5",  # more than declared
        GOOD.replace(b"\x00\x00\x08\x03", b"\x00\x00\x0d\x03"),  # floats
        bytes([0, 0, 8, 3]) + b"\xff" * 12 + b"1234",  # 2^96 items declared
        bytes([0, 0, 8, 3]) + b"\x00" * 12 + b"1234",  # none declared
        b"\x89PNG\r\n\x1a\n" + b"0" * 50,
    ],
)
def test_idx_wrong(tmp_path, data):
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="expected"):
        read_idx(path, 3, 1000)


def test_idx_bomb_is_read_only_up_to_the_limit(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 1, 255, 255, 255, 255]) + bytes(50_000_000)))
    with pytest.raises(ValueError, match=r"at most 1000\), got 1001"):
        read_idx(path, 1, 1000)


def archive(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_npz(tmp_path):
    path = archive(tmp_path / "a.npz", x=np.arange(6).reshape(2, 3), other=np.ones(3))
    np.testing.assert_array_equal(read_npz(path, {"x": 48})["x"], [[0, 1, 2], [3, 4, 5]])


def test_npz_missing_and_too_large(tmp_path):
    path = archive(tmp_path / "a.npz", x=np.zeros(10_000))
    with pytest.raises(ValueError, match=r"expected the arrays y, got x.npy"):
        read_npz(path, {"y": 100})
    with pytest.raises(ValueError, match="expected x to take at most 100 bytes"):
        read_npz(path, {"x": 100})


def test_npz_never_loads_objects(tmp_path):
    path = archive(tmp_path / "a.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="got Python objects, which are never loaded"):
        read_npz(path, {"x": 100})


def test_npz_declared_larger_than_it_is(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 1 << 20)}
    )
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", header.getvalue() + b"12")
    with pytest.raises(ValueError, match="expected x to take at most 100 bytes, got shape"):
        read_npz(path, {"x": 100})


def test_npz_cut_off_anywhere(tmp_path):
    whole = archive(tmp_path / "a.npz", x=np.arange(6)).read_bytes()
    path = tmp_path / "b.npz"
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="expected"):
            read_npz(path, {"x": 48})


def test_npz_encrypted_or_before_the_file(tmp_path):
    good = archive(tmp_path / "a.npz", x=np.arange(6)).read_bytes()
    path = tmp_path / "b.npz"
    encrypted, before = bytearray(good), bytearray(good)
    encrypted[good.index(b"PK\x01\x02") + 8] |= 1
    # Where the directory begins, by the record at the end: one more moves all members a byte to the front.
    before[good.rindex(b"PK\x05\x06") + 16] += 1
    for content, message in ((encrypted, "is encrypted"), (before, "begins before the file does")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"expected a NumPy archive .*{message}"):
            read_npz(path, {"x": 48})


def test_images_of_another_shape(tmp_path):
    x, y = np.zeros((3, 8, 8), np.uint8), np.zeros(3, np.uint8)
    path = archive(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    with pytest.raises(
        ValueError, match=r"expected .* images of shape \(n, 28, 28\) .* got uint8 .*\(3, 8, 8\)"
    ):
        from_npz("mnist", path)


def test_labels_out_of_range(tmp_path):
    x, y = np.zeros((3, 28, 28), np.uint8), np.array([0, 1, 10], np.uint8)
    path = archive(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    with pytest.raises(ValueError, match=r"expected labels from 0 to 9 in .*, got 0 to 10"):
        from_npz("mnist", path)


def test_csv_limits(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,2\n" * 11)
    with pytest.raises(ValueError, match="expected at most 10 rows, got more"):
        read_csv(path, max_rows=10)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="expected a text table"):
        read_csv(path, max_rows=10)
