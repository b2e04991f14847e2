"""HDF5 files: what is read, what is refused, and that nothing else happens."""

from __future__ import annotations

import io
import time
import tracemalloc

import h5py
import numpy as np
import pytest

from oxhorn.saving import hdf5

TABLE = np.arange(12, dtype="f4").reshape(3, 4)
WIDE = np.arange(100_000.0).reshape(100, 1000)


def _write(path):
    with hdf5.writing(path) as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "dense"
        group["0"] = TABLE
        group["1"] = np.array(3, dtype="i8")
        group["2"] = np.zeros((0, 3), "f4")
        group["3"] = np.array([True, False])
        file.attrs["config"] = b'{"x": 1}'
        file.attrs["names"] = [b"a", b"bc"]
        file.attrs["texts"] = np.array(["x", "y\u00fc"], dtype=object)
        file.attrs["count"] = 3
    return path


@pytest.fixture
def path(tmp_path):
    return _write(tmp_path / "a.h5")


def test_groups_datasets_and_attributes(path):
    with hdf5.opening(path) as root:
        assert root.names() == ["layers"] and "layers/dense" in root and "layers/conv" not in root
        assert [name for name, _ in root.walk()] == [
            "layers",
            "layers/dense",
            "layers/dense/vars",
            *(f"layers/dense/vars/{i}" for i in range(4)),
        ]
        variables = root.group("layers/dense").group("vars")
        assert variables.attribute("name") == "dense" and variables.attribute("other") is None
        assert {name: root.attribute(name) for name in root.attribute_names()} == {
            "config": '{"x": 1}',
            "names": ["a", "bc"],
            "texts": ["x", "y\u00fc"],
            "count": 3,
        }
        first = variables.dataset("0")
        assert (first.shape, first.dtype, first.nbytes) == ((3, 4), "float32", 48)
        assert np.array_equal(first.read((3, 4), "float32"), TABLE)
        assert first.read(dtype="float64").dtype == "float64"
        assert variables.dataset("1").read((), "int32") == 3
        assert variables.dataset("2").read().shape == (0, 3)
        assert variables.dataset("3").read((2,), "bool").tolist() == [True, False]


def test_the_same_content_gives_the_same_bytes(path, tmp_path):
    time.sleep(1.1)
    assert path.read_bytes() == _write(tmp_path / "b.h5").read_bytes()


def test_file_objects_are_read_too(path):
    with hdf5.opening(io.BytesIO(path.read_bytes()), "the part") as root:
        assert np.array_equal(root.dataset("layers/dense/vars/0").read(), TABLE)


def test_an_error_while_writing_keeps_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="stop"), hdf5.writing(path) as file:
        file["x"] = TABLE
        raise RuntimeError("stop")
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["a.h5"]


STORED = {
    "gzip": ({"data": WIDE, "compression": "gzip", "shuffle": True, "chunks": (33, 333)}, None),
    "gzip alone": ({"data": WIDE, "compression": "gzip", "chunks": (100, 10)}, None),
    "chunks": ({"data": WIDE, "chunks": (33, 333)}, None),
    "big-endian": ({"data": WIDE.astype(">f4")}, None),
    "lzf": ({"data": WIDE, "compression": "lzf"}, "packed with the filters"),
    "checksums": ({"data": WIDE, "fletcher32": True}, "packed with the filters"),
    "no values": ({"shape": (3, 4), "dtype": "f4"}, "needs 48 bytes, and 0 are stored"),
    "no chunks": ({"shape": (3, 4), "dtype": "f4", "chunks": (2, 2)}, "needs 48 bytes, and 0 are stored"),
    "no packed chunks": (
        {"shape": (3, 4), "dtype": "f4", "chunks": (2, 2), "compression": "gzip"},
        "0 chunks in the file",
    ),
    "huge": (
        {"shape": (2**40,), "dtype": "f4", "chunks": (1000,), "compression": "gzip"},
        "claims 4398046511104 bytes",
    ),
    "huge product": ({"shape": (2**31, 2**30), "dtype": "f4", "chunks": (10, 10)}, "claims"),
    "huge chunks": (
        {"shape": (3,), "maxshape": (None,), "dtype": "f4", "chunks": (2**27,)},
        "has chunks of 536870912",
    ),
    "huge packed chunks": (
        {"shape": (3,), "maxshape": (None,), "dtype": "f4", "chunks": (2**27,), "compression": "gzip"},
        "larger than it needs",
    ),
    "text": ({"data": "hello"}, "holds text"),
    "records": ({"data": np.zeros(3, dtype=[("a", "f4")])}, "expected numbers or booleans"),
    "complex": ({"data": np.zeros(3, dtype="c8")}, "expected numbers or booleans"),
    "references": ({"shape": (2,), "dtype": h5py.ref_dtype}, "expected numbers|holds text|kind"),
    "nothing": ({"data": h5py.Empty("f4")}, "holds no array"),
}


@pytest.mark.parametrize("name", STORED)
def test_ways_of_storing(name, tmp_path):
    options, refused = STORED[name]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", **options)
    tracemalloc.start()
    try:
        with hdf5.opening(tmp_path / "a.h5") as root:
            if refused is None:
                assert np.array_equal(root.dataset("x").read((100, 1000)), WIDE)
            else:
                with pytest.raises(ValueError, match=refused):
                    root.dataset("x").read()
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_packed_chunk_that_unpacks_to_more_is_refused(tmp_path):
    import zlib

    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset("x", (4,), "f4", chunks=(4,), compression="gzip")
        made.id.write_direct_chunk((0,), zlib.compress(bytes(20_000)))
    with (
        hdf5.opening(tmp_path / "a.h5") as root,
        pytest.raises(ValueError, match="17 bytes or more; expected 16"),
    ):
        root.dataset("x").read((4,))


def test_bfloat16_is_read_as_float32(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        half = (np.array([1.0, -2.5, 0.0], "f4").view(np.uint32) >> 16).astype(np.uint16)
        made = file.create_dataset("x", data=half.view("V2"))
        made.attrs["dtype"] = "bfloat16"
    with hdf5.opening(tmp_path / "a.h5") as root:
        assert root.dataset("x").dtype == "bfloat16"
        assert root.dataset("x").read((3,), "float32").tolist() == [1.0, -2.5, 0.0]


def _linked(file, elsewhere):
    file["soft"] = h5py.SoftLink("/layers")
    file["dangling"] = h5py.SoftLink("/nowhere")
    file["outside"] = h5py.ExternalLink(str(elsewhere), "/layers")
    file["absolute"] = h5py.ExternalLink("/etc/passwd", "/")
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource(str(elsewhere), "x", (3,))
    file.create_virtual_dataset("virtual", layout)
    file.create_dataset("external", (3,), "f4", external=[("/etc/passwd", 0, 12)])
    file["type"] = np.dtype("f4")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("soft", "is a SoftLink, which leads elsewhere"),
        ("soft/dense", "is a SoftLink"),
        ("dangling", "is a SoftLink"),
        ("outside", "is a ExternalLink"),
        ("absolute", "is a ExternalLink"),
        ("virtual", "made of other datasets"),
        ("external", "in another file"),
        ("type", "neither a group nor a dataset"),
        ("layers//dense", "not a name"),
        ("layers/../layers", "not a name"),
        ("/layers", "not a name"),
        ("layers/" * 200, "too long"),
        ("x" * 20_000, "too long"),
    ],
)
def test_nothing_is_followed(name, message, path):
    with h5py.File(path, "a") as file:
        _linked(file, path)
    with hdf5.opening(path) as root:
        with pytest.raises(ValueError, match=message):
            root.dataset(name)
        with pytest.raises(ValueError, match=r"leads elsewhere|not a name|another file|neither|made of"):
            list(root.walk())


def test_circles_and_second_ways_are_refused(path):
    with h5py.File(path, "a") as file:
        file["layers/dense/back"] = file["layers"]
    with hdf5.opening(path) as root, pytest.raises(ValueError, match="reached by two paths, or in a circle"):
        list(root.walk())


def test_one_kind_instead_of_another(path):
    with hdf5.opening(path) as root:
        with pytest.raises(KeyError, match="layers/conv"):
            root.group("layers/conv")
        with pytest.raises(ValueError, match="is a group; expected a dataset"):
            root.dataset("layers")
        with pytest.raises(ValueError, match="is a dataset; expected a group"):
            root.group("layers/dense/vars/0")
        first = root.dataset("layers/dense/vars/0")
        with pytest.raises(ValueError, match=r"shape \(4, 3\), and \(3, 4\) in the file"):
            first.read((4, 3))
        with pytest.raises(ValueError, match="dtype int32, and float32 in the file"):
            first.read((3, 4), "int32")


def test_values_that_the_dtype_cannot_hold(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.array([2**40])
    with hdf5.opening(tmp_path / "a.h5") as root, pytest.raises(ValueError, match="int32 cannot hold"):
        root.dataset("x").read((1,), "int32")


def test_attributes_that_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["bytes"] = np.array(b"\xff\xfe")
        file.attrs["record"] = np.zeros(2, dtype=[("a", "f4")])
        file.attrs["empty"] = h5py.Empty("f4")
        file.attrs.create("broken", b"\xff\xfe", dtype=h5py.string_dtype())
    with hdf5.opening(tmp_path / "a.h5") as root:
        for name, message in {"bytes": "UTF-8", "broken": "UTF-8", "record": "kind", "empty": "kind"}.items():
            with pytest.raises(ValueError, match=message):
                root.attribute(name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an HDF5 file: it begins with b'' and has only 0 bytes"),
        (b"PK\x03\x04" + bytes(1000), "not an HDF5 file"),
        (hdf5.SIGNATURE, "damaged|cut off"),
        (hdf5.SIGNATURE + bytes(2000), "damaged|cut off"),
        (hdf5.SIGNATURE + b"\xff" * 2000, "damaged|cut off"),
    ],
)
def test_other_files(content, message, tmp_path):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(ValueError, match=message), hdf5.opening(tmp_path / "a.h5"):
        pass


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError), hdf5.opening(tmp_path / "a.h5"):
        pass
    with pytest.raises(IsADirectoryError), hdf5.opening(tmp_path):
        pass


def test_cut_off_anywhere(path, tmp_path):
    content = path.read_bytes()
    for size in [*range(120), *range(120, len(content), 97)]:
        (tmp_path / "b.h5").write_bytes(content[:size])
        with (
            pytest.raises(ValueError, match=r"not an HDF5 file|cut off|damaged"),
            hdf5.opening(tmp_path / "b.h5") as root,
        ):
            list(root.walk())


def test_a_text_of_no_size_does_not_stop_the_reader(path):
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL\x01")
    # The first text becomes free space of no size, which the HDF5 library would look at for ever.
    content[heap + 16 : heap + 32] = bytes(16)
    path.write_bytes(content)
    with hdf5.opening(path) as root, pytest.raises(ValueError, match="damaged: a text of 0 bytes"):
        root.group("layers/dense/vars").attribute("name")
