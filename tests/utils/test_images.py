"""Pictures in files: reading, writing, sizes, and what is wrong said with its file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import utils
from oxhorn.preprocessing.image import smart_resize

PIL = pytest.importorskip("PIL.Image")

RGB = np.random.default_rng(0).integers(0, 256, size=(6, 9, 3)).astype("uint8")


@pytest.mark.parametrize(("ending", "channels"), [("png", 1), ("png", 3), ("png", 4), ("bmp", 1), ("bmp", 3)])
def test_round_trip(tmp_path: Path, ending: str, channels: int) -> None:
    x = np.concatenate([RGB, RGB[:, :, :1]], -1)[:, :, :channels]
    path = tmp_path / f"picture.{ending}"
    utils.save_img(path, x, scale=False)
    mode = {1: "grayscale", 3: "rgb", 4: "rgba"}[channels]
    for given in (path, str(path), io.BytesIO(path.read_bytes())):
        array = utils.img_to_array(utils.load_img(given, color_mode=mode))
        assert array.dtype == np.float32 and array.flags.writeable
        np.testing.assert_array_equal(array, x)


def test_scale_and_layouts() -> None:
    x = np.array([[[-1.0], [0.0]], [[0.5], [1.0]]])
    picture = np.asarray(utils.array_to_img(x))
    np.testing.assert_array_equal(picture, np.uint8([[0, 127], [191, 255]]))
    np.testing.assert_array_equal(np.asarray(utils.array_to_img(np.zeros((2, 2, 1)))), 0)
    first = utils.array_to_img(RGB.transpose(2, 0, 1), data_format="channels_first", scale=False)
    np.testing.assert_array_equal(np.asarray(first), RGB)
    assert utils.img_to_array(first, data_format="channels_first", dtype="float64").shape == (3, 6, 9)
    deep = utils.array_to_img(np.full((2, 2, 1), 1000.0), scale=False)
    assert utils.img_to_array(deep).max() == 1000


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"])
def test_sizes(tmp_path: Path, interpolation: str) -> None:
    path = tmp_path / "picture.png"
    utils.save_img(path, RGB)
    assert utils.load_img(path, target_size=(4, 5), interpolation=interpolation).size == (5, 4)
    whole = np.full((6, 10, 3), 255, "uint8")
    whole[:, :2] = whole[:, -2:] = 0
    utils.save_img(path, whole, scale=False)
    middle = utils.load_img(path, target_size=(3, 3), interpolation=interpolation, keep_aspect_ratio=True)
    whole_width = utils.load_img(path, target_size=(3, 3), interpolation=interpolation)
    assert np.asarray(middle).min() > 200 > np.asarray(whole_width).min()


def test_smart_resize_takes_the_middle() -> None:
    x = np.zeros((4, 8, 1), "float32")
    x[:, 2:6] = 1.0
    for image in (x, x[None]):
        made = smart_resize(image, (2, 2))
        assert isinstance(made, np.ndarray)
        np.testing.assert_array_equal(made.reshape(2, 2), 1.0)
    first = smart_resize(
        keras.ops.convert_to_tensor(x.transpose(2, 0, 1)), (2, 2), data_format="channels_first"
    )
    assert tuple(first.shape) == (1, 2, 2) and not isinstance(first, np.ndarray)


def test_transparency_is_left_out_of_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    utils.save_img(path, np.ones((5, 5, 4)))
    assert utils.load_img(path, color_mode="rgba").size == (5, 5)


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "no picture": (
        lambda f: utils.load_img(write(f, b"GIF89a but not really")),
        ValueError,
        "one.png is not a picture",
    ),
    "text": (lambda f: utils.load_img(write(f, b"hello")), ValueError, "no known kind of picture.$"),
    "cut off": (lambda f: utils.load_img(cut(f)), ValueError, "one.png is not a picture"),
    "not there": (lambda f: utils.load_img(f / "none.png"), FileNotFoundError, "none.png"),
    "no path": (lambda f: utils.load_img(3), TypeError, "expected a path"),
    "color mode": (lambda f: utils.load_img(f, color_mode="cmyk"), ValueError, "color_mode"),
    "interpolation": (lambda f: utils.load_img(f, interpolation="x"), ValueError, "interpolation"),
    "target size": (lambda f: utils.load_img(whole(f), target_size=(3,)), ValueError, r"\(height, width\)"),
    "size 0": (lambda f: utils.load_img(whole(f), target_size=(0, 3)), ValueError, "target_size"),
    "rank": (lambda f: utils.array_to_img(np.ones((2, 2))), ValueError, "rank 3"),
    "channels": (lambda f: utils.array_to_img(np.ones((2, 2, 5))), ValueError, "1, 3 or 4; got 5"),
    "rank of an image": (lambda f: utils.img_to_array(np.ones(3)), ValueError, "image shape"),
    "smart size": (lambda f: smart_resize(np.ones((3, 3, 1)), 3), ValueError, "size"),
    "smart rank": (lambda f: smart_resize(np.ones((3, 3)), (2, 2)), ValueError, "incorrect rank"),
    "format": (lambda f: utils.save_img(f / "one.strange", RGB), ValueError, "strange"),
}


def write(folder: Path, data: bytes) -> Path:
    path = folder / "one.png"
    path.write_bytes(data)
    return path


def whole(folder: Path) -> Path:
    path = folder / "one.png"
    utils.save_img(path, RGB)
    return path


def cut(folder: Path) -> Path:
    return write(folder, whole(folder).read_bytes()[:-40])


@pytest.mark.parametrize("name", BAD)
def test_errors(tmp_path: Path, name: str) -> None:
    call, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        call(tmp_path)


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ImportError, match=r"oxhorn\[images\]"):
        utils.load_img("any.png")
