"""Loaders of data sets that hold pickles: their contents as Keras gives them, and nothing that they name is run."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import tarfile
import tracemalloc
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.datasets import california_housing, cifar10, cifar100, files, imdb, pickles, reuters


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """A home without data, and no network."""

    def offline(url, timeout):
        raise OSError("no network")

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("OXHORN_DATASETS", str(tmp_path / "data"))
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()


def ragged(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    texts = np.empty(count, object)
    for i in range(count):
        texts[i] = rng.integers(1, 30, rng.integers(1, 9)).tolist()
    return texts


def as_keras_reads(x: Any, labels: Any, order: np.ndarray) -> tuple[list[list[int]], list[int]]:
    return [[1] + [w + 3 for w in x[i]] for i in order], [int(labels[i]) for i in order]


def test_imdb(tmp_path):
    x, a = ragged(20, 0), ragged(10, 1)
    y, b = np.arange(20) % 2, np.arange(10) % 2
    np.savez(tmp_path / "data" / "imdb.npz", x_train=x, y_train=y, x_test=a, y_test=b)
    rng = np.random.RandomState(113)
    orders = []
    for n in (20, 10):
        order = np.arange(n)
        rng.shuffle(order)
        orders.append(order)
    (x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=12, skip_top=5)
    for texts, labels, raw, given, order in (
        (x_train, y_train, x, y, orders[0]),
        (x_test, y_test, a, b, orders[1]),
    ):
        right, right_labels = as_keras_reads(raw, given, order)
        assert texts.tolist() == [[w if 5 <= w < 12 else 2 for w in text] for text in right]
        assert labels.tolist() == right_labels
        assert labels.dtype == np.int64
    whole = imdb.load_data()[0][0]
    largest = max(max(text) for text in [*x, *a]) + 3
    # As in Keras, the largest number is cut even where all words are wanted.
    right = as_keras_reads(x, y, orders[0])[0]
    assert whole.tolist() == [[w if w < largest else 2 for w in text] for text in right]
    short = imdb.load_data(maxlen=4, start_char=None, index_from=0, oov_char=None)
    assert all(len(text) < 4 for text in short[0][0])
    assert len(short[0][0]) == len(short[0][1]) == sum(len(text) < 4 for text in x)
    with pytest.raises(ValueError, match="maxlen=1"):
        imdb.load_data(maxlen=1)


def test_reuters(tmp_path):
    x, y = ragged(25, 0), np.arange(25) % 46
    path = tmp_path / "wires.npz"
    np.savez(path, x=x, y=y)
    (x_train, y_train), (x_test, y_test) = reuters.load_data(path, test_split=0.4, num_words=100)
    order = np.arange(25)
    np.random.RandomState(113).shuffle(order)
    right, labels = as_keras_reads(x, y, order)
    assert [*x_train, *x_test] == right
    assert [*y_train, *y_test] == labels
    assert len(x_train) == 15
    names = reuters.get_label_names()
    assert (len(names), names[3], names[-1]) == (46, "earn", "lead")


@pytest.mark.parametrize(("module", "name"), [(imdb, "imdb"), (reuters, "reuters")])
def test_words(tmp_path, module, name):
    path = tmp_path / "data" / f"{name}_word_index.json"
    path.write_text('{"the": 1, "café": 2}', "utf-8")
    assert module.get_word_index() == {"the": 1, "café": 2}
    for bad in ("[1]", '{"a": "b"}', "{", '{"a": true}'):
        path.write_text(bad)
        with pytest.raises(ValueError, match=name):
            module.get_word_index()


def test_california(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(700, 8)).astype("float32"), rng.normal(size=700).astype("float32")
    np.savez(tmp_path / "data" / "california_housing.npz", x=x, y=y)
    for version, count in (("large", 700), ("small", 600)):
        (x_train, y_train), (x_test, y_test) = california_housing.load_data(version)
        order = np.arange(count)
        np.random.RandomState(113).shuffle(order)
        np.testing.assert_array_equal(np.vstack([x_train, x_test]), x[order])
        np.testing.assert_array_equal(np.hstack([y_train, y_test]), y[order])
        assert len(x_train) == int(count * 0.8)
    with pytest.raises(ValueError, match="version"):
        california_housing.load_data("medium")


def batch(
    count: int, seed: int, protocol: int, **labels: int
) -> tuple[bytes, np.ndarray, dict[str, list[int]]]:
    """A file as CIFAR's are: a dict with bytes as keys."""
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, (count, 3072), np.uint8)
    found = {name: rng.integers(0, classes, count).tolist() for name, classes in labels.items()}
    content = {b"batch_label": b"x", b"data": data, **{name.encode(): v for name, v in found.items()}}
    return pickle.dumps(content, protocol), data, found


def write(folder: Path, contents: dict[str, bytes], form: str, inner: str, archive: str) -> None:
    if form == "archive":
        with tarfile.open(folder / archive, "w:gz") as tar:
            for name, content in contents.items():
                info = tarfile.TarInfo(f"{inner}/{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return
    place = folder / inner if form == "folder" else folder / f"{inner}-target" / inner
    place.mkdir(parents=True)
    for name, content in contents.items():
        (place / name).write_bytes(content)


@pytest.mark.parametrize("form", ["archive", "folder", "keras"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_cifar(tmp_path, form, protocol):
    ten = {name: batch(4, i, protocol, labels=10) for i, name in enumerate(cifar10._MEMBERS)}
    hundred = {
        name: batch(5, i, protocol, fine_labels=100, coarse_labels=20)
        for i, name in enumerate(("train", "test"))
    }
    data = tmp_path / "data"
    write(data, {n: c for n, (c, _, _) in ten.items()}, form, "cifar-10-batches-py", "cifar-10-python.tar.gz")
    write(
        data, {n: c for n, (c, _, _) in hundred.items()}, form, "cifar-100-python", "cifar-100-python.tar.gz"
    )
    (x, y), (a, b) = cifar10.load_data()
    assert (x.shape, y.shape, a.shape, b.shape) == ((20, 32, 32, 3), (20, 1), (4, 32, 32, 3), (4, 1))
    assert x.dtype == y.dtype == np.uint8
    whole = np.concatenate([d for _, d, _ in ten.values()]).reshape(-1, 3, 32, 32)
    np.testing.assert_array_equal(np.concatenate([x, a]), whole.transpose(0, 2, 3, 1))
    assert np.concatenate([y, b]).ravel().tolist() == [i for _, _, f in ten.values() for i in f["labels"]]
    for mode in ("fine", "coarse"):
        (x, y), (_, b) = cifar100.load_data(mode)
        assert np.concatenate([y, b]).ravel().tolist() == [
            i for _, _, f in hundred.values() for i in f[f"{mode}_labels"]
        ]
    keras.config.set_image_data_format("channels_first")
    try:
        np.testing.assert_array_equal(cifar10.load_data()[1][0], whole[-4:])
    finally:
        keras.config.set_image_data_format("channels_last")


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (imdb.load_data, "imdb.npz"),
        (imdb.get_word_index, "imdb_word_index.json"),
        (reuters.load_data, "reuters.npz"),
        (california_housing.load_data, "california_housing.npz"),
        (cifar10.load_data, "cifar-10-python.tar.gz"),
        (cifar100.load_data, "cifar-100-python.tar.gz"),
        (lambda: imdb.load_data("mine.npz"), "mine.npz"),
    ],
)
def test_offline_error_says_what_to_put_where(load, name, tmp_path, capsys):
    with pytest.raises(FileNotFoundError) as caught:
        load()
    assert name in str(caught.value)
    assert str(tmp_path / "data") in str(caught.value)


def test_downloads_with_an_md5(monkeypatch, capsys):
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: io.BytesIO(b"{}"))
    digest = hashlib.md5(b"{}", usedforsecurity=False).hexdigest()
    assert files.download("test", "a.json", digest, max_bytes=9).read_bytes() == b"{}"
    with pytest.raises(ValueError, match="MD5"):
        files.download("test", "b.json", "0" * 32, max_bytes=9)


# Hostile files -----------------------------------------------------------------------------------------


class Runs:
    """Runs a command when it is unpickled, by anybody who lets it."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def objects(content: bytes, descr: str = "|O") -> bytes:
    """A .npy file that says it holds objects."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}".ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode() + content


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize(
    "hostile",
    [
        Runs(os.system, "touch owned"),
        Runs(eval, "open('owned', 'w')"),
        Runs(os.mkdir, "owned"),
        [Runs(Path, "owned")],
        np.zeros(3),
        np.array(["text"]),
        [["words"]],
        [[1.5]],
        [[True]],
        {"a": 1},
        3,
        None,
    ],
)
def test_nothing_but_lists_of_numbers(tmp_path, hostile):
    path = archive(tmp_path / "x.npz", x=objects(pickle.dumps(hostile)), y=objects(b""))
    with pytest.raises(ValueError, match="expected"):
        reuters.load_data(path)
    with pytest.raises(ValueError, match="expected"):
        cifar = tmp_path / "data" / "cifar-100-python"
        cifar.mkdir(exist_ok=True)
        for name in ("train", "test"):
            (cifar / name).write_bytes(pickle.dumps(hostile))
        cifar100.load_data()
    assert not (tmp_path / "owned").exists()


def test_damaged_files(tmp_path):
    good = pickle.dumps(ragged(3, 0), 4)
    assert [len(r) for r in pickles.read_pickle(good, tmp_path)] == [len(r) for r in ragged(3, 0)]
    assert pickles.read_pickle(good, tmp_path, known=True) == pickles.read_pickle(good, tmp_path)
    for cut in range(len(good)):
        with pytest.raises(ValueError, match="expected"):
            pickles.read_pickle(good[:cut], tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(500):
        noisy = bytearray(good)
        noisy[rng.integers(len(noisy))] = rng.integers(256)
        with contextlib.suppress(ValueError):
            pickles.read_pickle(bytes(noisy), tmp_path)
    # A place in the reader's memory that asks for gigabytes.
    with pytest.raises(ValueError, match="expected"):
        pickles.read_pickle(b"\x80\x02]r\xff\xff\xff\x7f]r\xff\xff\xff\x7e", tmp_path)
    path = tmp_path / "x.npz"
    path.write_bytes(b"PK nothing")
    for module in (imdb, reuters, california_housing):
        with pytest.raises(ValueError, match="expected"):
            module.load_data(path=path)
    with pytest.raises(ValueError, match="expected"):
        imdb.load_data(archive(tmp_path / "y.npz", x=b""))
    with pytest.raises(ValueError, match=r"\.npy format"):
        reuters.load_data(archive(tmp_path / "z.npz", x=b"NUMPY"))
    (tmp_path / "data" / "cifar-10-python.tar.gz").write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(ValueError, match="tar archive"):
        cifar10.load_data()


def test_an_archive_that_unpacks_to_more_than_it_says(tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", bytes(200_000_000))
    content = bytearray(path.read_bytes())
    # The size in the directory, which is what is checked.
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="damaged file"):
            pickles.read_ragged(path, ["x"], 1000, "")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_labels_that_do_not_fit(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, x=ragged(3, 0), y=np.arange(4))
    with pytest.raises(ValueError, match="a label for each of 3 texts"):
        reuters.load_data(path)
    np.savez(path, x_train=ragged(3, 0), x_test=ragged(3, 0), y_train=np.ones(3), y_test=np.ones(3))
    with pytest.raises(ValueError, match="a label for each"):
        imdb.load_data(path)
    np.savez(path, x=np.ones((3, 7)), y=np.ones(3))
    with pytest.raises(ValueError, match=r"x \(n, 8\)"):
        california_housing.load_data(path=path)
    content, _, _ = batch(3, 0, 4, fine_labels=100, coarse_labels=20)
    large = content.replace(b"fine_labels", b"fine_labelz")
    write(tmp_path / "data", {"train": large, "test": content}, "folder", "cifar-100-python", "")
    with pytest.raises(ValueError, match="n labels from 0 to 99 in the file train"):
        cifar100.load_data()


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (lambda: imdb.load_data(num_words=-1), "num_words"),
        (lambda: imdb.load_data(maxlen=2.5), "maxlen"),
        (lambda: reuters.load_data(skip_top="a"), "skip_top"),
        (lambda: reuters.load_data(test_split=1.0), "test_split"),
        (lambda: california_housing.load_data(test_split=-0.1), "test_split"),
        (lambda: cifar100.load_data("rough"), "label_mode"),
    ],
)
def test_bad_arguments(load, message):
    with pytest.raises(ValueError, match=message):
        load()
