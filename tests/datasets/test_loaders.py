import gzip
import hashlib
import io
import urllib.request

import numpy as np
import pytest

from oxhorn.datasets import auto_mpg, boston_housing, digits, fashion_mnist, files, mnist, movie_reviews
from oxhorn.datasets.images import IDX_FILES


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


def images(n, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 10, n).astype(np.uint8)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def write_idx(folder, train, test, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(IDX_FILES, (*train, *test), strict=True):
        data = idx(array)
        (folder / (name + suffix)).write_bytes(gzip.compress(data) if suffix else data)


def assert_same(loaded, expected):
    for (x, y), (want_x, want_y) in zip(loaded, expected, strict=True):
        np.testing.assert_array_equal(x, want_x)
        np.testing.assert_array_equal(y, want_y)
        assert x.flags.writeable
        assert y.flags.writeable
        assert x.dtype == y.dtype == np.uint8


def test_digits():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (len(x_train), len(x_test)) == (1442, 355)
    assert x_train.dtype == y_train.dtype == np.uint8
    assert (x_train.min(), x_train.max()) == (0, 16)
    counts = np.bincount(y_train, minlength=10) + np.bincount(y_test, minlength=10)
    np.testing.assert_array_equal(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    np.testing.assert_array_equal(np.bincount(y_test), counts // 5)
    digest = hashlib.sha256(x_train.tobytes() + y_train.tobytes() + x_test.tobytes() + y_test.tobytes())
    assert digest.hexdigest() == "eb16a5b9fcc31197ecd8be8456b687084ffc10eb4cc2efbd406de3cc793713c8"


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("place", ["data", "home/.oxhorn/datasets", "home/.keras/datasets"])
@pytest.mark.parametrize(("module", "folder"), [(mnist, "mnist"), (fashion_mnist, "fashion-mnist")])
def test_idx_files(tmp_path, module, folder, place, suffix):
    train, test = images(7, 0), images(3, 1)
    write_idx(tmp_path / place / folder, train, test, suffix)
    assert_same(module.load_data(), (train, test))


@pytest.mark.parametrize("place", ["data", "home/.oxhorn/datasets", "home/.keras/datasets", "."])
def test_mnist_archive(tmp_path, place):
    (x, y), (a, b) = images(7, 0), images(3, 1)
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    path = tmp_path / place / "mnist.npz"
    np.savez(path, x_train=x, y_train=y, x_test=a, y_test=b)
    assert_same(mnist.load_data(), ((x, y), (a, b)))
    assert_same(mnist.load_data(path), ((x, y), (a, b)))


def test_named_folder_comes_first(tmp_path):
    train, test, others = images(7, 0), images(3, 1), images(4, 2)
    write_idx(tmp_path / "data" / "mnist", train, test)
    write_idx(tmp_path / "home" / ".keras" / "datasets" / "mnist", others, others)
    assert_same(mnist.load_data(), (train, test))


@pytest.mark.parametrize(
    ("module", "name"),
    [(mnist, "mnist.npz"), (fashion_mnist, "fashion-mnist/"), (boston_housing, "boston_housing.csv")],
)
def test_offline_error_says_what_to_put_where(tmp_path, module, name, capsys):
    with pytest.raises(FileNotFoundError) as caught:
        module.load_data()
    text = str(caught.value)
    for part in (
        "the download failed: no network",
        str(tmp_path / "data"),
        "OXHORN_DATASETS",
        name,
        "make data",
    ):
        assert part in text
    assert not [p for p in (tmp_path / "home").rglob("*") if p.is_file()]


def test_auto_mpg_missing(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"auto_mpg: there is no file 'auto-mpg.csv'. .*bokeh-sampledata"
    ):
        auto_mpg.load_data()


def serve(monkeypatch, content):
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: io.BytesIO(content))


def test_download_is_checked_and_kept(tmp_path, monkeypatch, capsys):
    content = b"x" * 3_000_000
    serve(monkeypatch, content)
    path = files.download("test", "sub/a.bin", hashlib.sha256(content).hexdigest(), max_bytes=4_000_000)
    assert path == tmp_path / "home/.oxhorn/datasets/sub/a.bin"
    assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == ["a.bin"]
    assert "Downloading data from" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limit", "message"), [(100, "expected .* to have the SHA-256 0000"), (5, "at most 5 bytes")]
)
def test_wrong_download_leaves_nothing(tmp_path, monkeypatch, limit, message):
    serve(monkeypatch, b"0123456789")
    with pytest.raises(ValueError, match=message):
        files.download("test", "a.bin", "0" * 64, max_bytes=limit)
    assert list((tmp_path / "home/.oxhorn/datasets").iterdir()) == []


def test_boston_split_is_keras_s(tmp_path):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(506, 14)).round(3)
    (tmp_path / "data").mkdir()
    np.savetxt(tmp_path / "data" / "boston_housing.csv", table, delimiter=",")
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == (
        (404, 13),
        (404,),
        (102, 13),
        (102,),
    )
    order = np.arange(506)
    np.random.RandomState(113).shuffle(order)
    np.testing.assert_allclose(np.vstack([x_train, x_test]), table[order, :13])
    np.testing.assert_allclose(np.hstack([y_train, y_test]), table[order, 13])
    np.savez(tmp_path / "data" / "boston_housing.npz", x=table[:, :13], y=table[:, 13])
    np.testing.assert_allclose(boston_housing.load_data()[0][0], x_train)


MPG = """mpg,cyl,displ,hp,weight,accel,yr,origin,name
18,8,307,130,3504,12,70,1,chevrolet chevelle malibu
25,4,98,?,2046,19,71,1,ford pinto
26,4,97,46,1835,20.5,70,2,volkswagen 1131 deluxe sedan
24,4,113,95,2372,15,70,3,"toyota, corona mark ii"
"""


def test_auto_mpg(tmp_path):
    path = tmp_path / "cars.csv"
    path.write_text(MPG)
    (x, y), (x_test, y_test) = auto_mpg.load_data(path, test_split=0)
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((3, 9), (3,), (0, 9), (0,))
    cars = dict(zip(y, x, strict=True))
    np.testing.assert_array_equal(cars[18], [8, 307, 130, 3504, 12, 70, 1, 0, 0])
    np.testing.assert_array_equal(cars[24], [4, 113, 95, 2372, 15, 70, 0, 0, 1])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mpg,", "miles,", "expected the columns mpg, cyl"),
        ("3504", "heavy", "expected a number in each column"),
        ("20.5,70,2", "20.5,70,7", "expected origins 1"),
    ],
)
def test_auto_mpg_damaged(tmp_path, old, new, message):
    path = tmp_path / "cars.csv"
    path.write_text(MPG.replace(old, new))
    with pytest.raises(ValueError, match=message):
        auto_mpg.load_data(path)


@pytest.mark.parametrize("module", [boston_housing, auto_mpg])
@pytest.mark.parametrize("split", [-0.1, 1, 2, float("nan")])
def test_bad_split(module, split):
    with pytest.raises(ValueError, match="expected 0 <= test_split < 1, got"):
        module.load_data(test_split=split)


REVIEWS = "1\t2.5\tA fine film.\r\n2\t-1.0\tDull, and long.\r\n3\t0.0\tIt is a film.\r\n4\t0.5\tBelle fa\u00e7ade\r\n"


def test_movie_reviews(tmp_path):
    path = tmp_path / "reviews.txt"
    path.write_text(REVIEWS, encoding="utf-8")
    (x, y), (x_test, y_test) = movie_reviews.load_data(path, test_split=0)
    assert sorted(zip(x.tolist(), y.tolist(), strict=True)) == [
        ("A fine film.", 1),
        ("Belle fa\u00e7ade", 1),
        ("Dull, and long.", 0),
    ]
    assert len(x_test) == len(y_test) == 0
    (x_train, _), (x_test, _) = movie_reviews.load_data(path, test_split=0.4)
    assert (len(x_train), len(x_test)) == (1, 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1\t2.5\tfine\n2\tgood\tno score\n", "line 2"),
        (b"1\t2.5\n", "line 1"),
        (b"1\tnan\tno score\n", "a score from -4 to 4 .* in line 1"),
        (b"1\t25\ttoo good\n", "a score from -4 to 4 .* in line 1"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "no sentences"),
    ],
)
def test_movie_reviews_damaged(tmp_path, data, message):
    path = tmp_path / "reviews.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        movie_reviews.load_data(path)


def test_movie_reviews_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="vaderSentiment"):
        movie_reviews.load_data(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="test_split"):
        movie_reviews.load_data(test_split=1.0)
