"""Data sets of files in folders: pictures, texts and sounds, with labels, splits and orders by seed."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import utils

pytest.importorskip("PIL.Image")


def picture(path: Path, value: int) -> None:
    utils.save_img(path.with_suffix(".png"), np.full((6, 8, 3), value, "uint8"), scale=False)


def text(path: Path, value: int) -> None:
    path.with_suffix(".txt").write_text(f"text {value}", encoding="utf-8")


def sound(path: Path, value: int, width: int = 2, rate: int = 8000) -> None:
    with wave.open(str(path.with_suffix(".wav")), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes((value * 256).to_bytes(2, "little", signed=True) * (value + 3))


def pictures(folder: Path, **options: Any) -> Any:
    return utils.image_dataset_from_directory(folder, image_size=(4, 4), verbose=False, **options)


def texts(folder: Path, **options: Any) -> Any:
    return utils.text_dataset_from_directory(folder, verbose=False, **options)


def sounds(folder: Path, **options: Any) -> Any:
    return utils.audio_dataset_from_directory(folder, verbose=False, **options)


# Name: how a file is written, the data set, and the number that a sample was written with.
KINDS: dict[str, tuple[Callable[..., None], Callable[..., Any], Callable[[Any], int]]] = {
    "pictures": (picture, pictures, lambda x: round(float(x.mean()))),
    "texts": (text, texts, lambda x: int(str(x).split()[1])),
    "sounds": (sound, sounds, lambda x: round(float(x[0, 0] * 128))),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A folder of 5 + 4 files with the numbers 0 to 8 in them, the data set, and how to read a number."""
    write, dataset, number = KINDS[request.param]
    for i in range(9):
        folder = tmp_path / "data" / ("a" if i < 5 else "b") / ("deeper" if i == 3 else "")
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / f"file{i}", i)
    (tmp_path / "data" / "a" / "notes.md").write_text("nothing")
    (tmp_path / "data" / ".hidden").mkdir()
    return tmp_path / "data", dataset, number


def pairs(dataset: Any, number: Callable[[Any], int]) -> list[tuple[int, Any]]:
    found = []
    for x, y in dataset:
        found += [(number(one), label.tolist()) for one, label in zip(x, y, strict=True)]
    return found


def test_labels(kind: Any) -> None:
    folder, dataset, number = kind
    data = dataset(folder, batch_size=4, shuffle=False)
    assert data.class_names == ["a", "b"] and len(data.file_paths) == 9
    found = pairs(data, number)
    assert sorted(found) == [(i, int(i > 4)) for i in range(9)]
    assert [len(y) for _, y in data] == [4, 4, 1]
    one_hot = pairs(dataset(folder, label_mode="categorical"), number)
    assert sorted(one_hot) == [(i, [1.0, 0.0] if i < 5 else [0.0, 1.0]) for i in range(9)]
    binary = pairs(dataset(folder, label_mode="binary"), number)
    assert sorted(binary) == [(i, [float(i > 4)]) for i in range(9)]
    turned = dataset(folder, class_names=["b", "a"])
    assert turned.class_names == ["b", "a"] and (0, 1) in pairs(turned, number)
    only = dataset(folder, class_names=["b"])
    assert sorted(n for n, _ in pairs(only, number)) == [5, 6, 7, 8]
    plain = dataset(folder, labels=None)
    assert sorted(number(x) for batch in plain for x in batch) == list(range(9)) and plain.class_names is None
    own = dataset(folder, labels=[3, 3, 3, 3, 3, 7, 7, 7, 7], shuffle=False)
    assert own.class_names == ["3", "7"] and sorted(pairs(own, number))[-1] == (8, 7)
    single = list(dataset(folder, batch_size=None, shuffle=False))
    assert len(single) == 9 and single[-1][1].shape == ()


def test_it_begins_other_data_sets_as_any_dataset_does(kind: Any) -> None:
    folder, dataset, _ = kind
    data = dataset(folder, shuffle=False)
    for other in (
        data.zip(data, data.range(1)),
        data.from_tensor_slices([1]),
        data.from_generator(lambda: [1]),
    ):
        assert len(list(other)) == 1 and other.class_names is None and list(other.file_paths) == []


def test_orders(kind: Any) -> None:
    folder, dataset, number = kind
    data = dataset(folder, seed=1, batch_size=3)
    first, second = pairs(data, number), pairs(data, number)
    assert first != second and sorted(first) == sorted(second)
    assert pairs(dataset(folder, seed=1, batch_size=3), number) == first
    keras.utils.set_random_seed(4)
    one = pairs(dataset(folder), number)
    keras.utils.set_random_seed(4)
    assert pairs(dataset(folder), number) == one


@pytest.mark.parametrize("shuffle", [True, False])
def test_splits(kind: Any, shuffle: bool) -> None:
    folder, dataset, number = kind
    options = {"validation_split": 0.3, "seed": 2, "shuffle": shuffle}
    training = {n for n, _ in pairs(dataset(folder, subset="training", **options), number)}
    validation = {n for n, _ in pairs(dataset(folder, subset="validation", **options), number)}
    assert len(training) == 7 and len(validation) == 2 and training | validation == set(range(9))
    both = dataset(folder, subset="both", **options)
    assert [{n for n, _ in pairs(part, number)} for part in both] == [training, validation]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "labels": ({"labels": "other"}, "`labels` argument should be"),
    "labels as an array": ({"labels": np.zeros(9, "int32")}, "`labels` argument should be a list or tuple"),
    "number of labels": ({"labels": [1, 2]}, "match the number of files in the folder, 9; got 2"),
    "kind of labels": ({"labels": ["a"] * 9}, "whole numbers"),
    "labels of no class": (
        {"labels": [0, 0, 0, 0, 0, 2, 2, 2, 2], "label_mode": "categorical"},
        "from 0 to 1",
    ),
    "labels below 0": ({"labels": [-1] * 4 + [0] * 5, "label_mode": "binary"}, "from 0 to 1 with 2 classes"),
    "seed": ({"seed": "one"}, "seed"),
    "label mode": ({"label_mode": "other"}, "`label_mode` argument must be"),
    "class names": ({"class_names": ["a", "c"]}, "did not match the names of the subfolders"),
    "class names without classes": (
        {"labels": None, "class_names": ["a"]},
        'only pass `class_names` if `labels="inf',
    ),
    "split": ({"validation_split": 2}, "between 0 and 1"),
    "split without subset": ({"validation_split": 0.5}, "`validation_split` must be set"),
    "subset without split": ({"subset": "training"}, "`validation_split` must be set"),
    "subset": ({"validation_split": 0.5, "subset": "other"}, '"training", "validation" or "both"'),
    "no seed": ({"validation_split": 0.5, "subset": "training"}, "must provide a `seed`"),
    "nothing left": ({"validation_split": 0.05, "subset": "both", "seed": 1}, "leaves none for validation"),
    "batch size": ({"batch_size": 0}, "batch_size"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(kind: Any, name: str) -> None:
    folder, dataset, _ = kind
    options, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        dataset(folder, **options)


def test_nothing_there(kind: Any, tmp_path: Path) -> None:
    _, dataset, _ = kind
    (tmp_path / "empty" / "a").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"No (images|text files|audio files) found"):
        dataset(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        dataset(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="exactly 2"):
        dataset(_three(tmp_path, dataset), label_mode="binary")


def _three(folder: Path, dataset: Any) -> Path:
    write = next(write for write, made, _ in KINDS.values() if made is dataset)
    for name in "abc":
        (folder / "three" / name).mkdir(parents=True)
        write(folder / "three" / name / "one", 1)
    return folder / "three"


BROKEN = {
    "pictures": (".png", b"no picture"),
    "texts": (".txt", b"\xff\xfe\xfa"),
    "sounds": (".wav", b"RIFFxxxx"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    write, dataset, _ = KINDS[name]
    (tmp_path / "a").mkdir()
    write(tmp_path / "a" / "good", 1)
    ending, data = BROKEN[name]
    (tmp_path / "a" / f"bad{ending}").write_bytes(data)
    with pytest.raises(ValueError, match=f"bad{ending}"):
        list(dataset(tmp_path))


def test_links_are_followed_only_if_asked(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, dataset, _ = kind
    elsewhere = tmp_path / "elsewhere"
    (folder / "b").rename(elsewhere)
    (folder / "b").mkdir()
    (folder / "b" / "link").symlink_to(elsewhere, target_is_directory=True)
    assert len(dataset(folder).file_paths) == 5
    assert len(dataset(folder, follow_links=True).file_paths) == 9
    with monkeypatch.context() as here:
        here.chdir(folder)
        assert len(dataset(".", labels=None, follow_links=True).file_paths) == 9
    (folder / "b" / "back").symlink_to(folder, target_is_directory=True)
    (elsewhere / "round").symlink_to(folder / "b", target_is_directory=True)
    with_others = dataset(folder, class_names=["b"], follow_links=True).file_paths
    assert len(with_others) == 4 + 5, "what `back` leads to once, without the folder that it came from"


def test_sizes_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    wide = np.zeros((4, 8, 3), "uint8")
    wide[:, 2:6] = 255
    utils.save_img(tmp_path / "a" / "one.png", wide, scale=False)

    def only(**options: Any) -> Any:
        return next(
            iter(utils.image_dataset_from_directory(tmp_path, labels=None, verbose=False, **options))
        )[0]

    np.testing.assert_array_equal(only(image_size=(2, 2), crop_to_aspect_ratio=True), 255.0)
    padded = only(image_size=(8, 8), pad_to_aspect_ratio=True)
    assert padded[0].max() == 0 and padded[4].max() == 255
    assert only(image_size=(4, 8), color_mode="grayscale").shape == (4, 8, 1)
    assert only(image_size=(4, 8), color_mode="rgba").shape == (4, 8, 4)
    assert only(image_size=(4, 8), data_format="channels_first").shape == (3, 4, 8)
    np.testing.assert_array_equal(only(image_size=(4, 8)), wide)
    for options, words in (
        ({"color_mode": "other"}, "color_mode"),
        ({"interpolation": "other"}, "interpolation"),
        ({"interpolation": "area"}, "interpolation"),
        ({"image_size": 3}, "image_size"),
        ({"format": "other"}, "format"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "not both"),
    ):
        with pytest.raises(ValueError, match=words):
            only(**options)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_sounds_of_all_widths(tmp_path: Path, width: int) -> None:
    values = np.array([-1.0, -0.5, 0.0, 0.5])
    top = 2 ** (8 * width - 1)
    numbers = (values * top).astype(np.int64) + (128 if width == 1 else 0)
    (tmp_path / "a").mkdir()
    with wave.open(str(tmp_path / "a" / "one.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(width)
        file.setframerate(100)
        file.writeframes(b"".join(int(n).to_bytes(width, "little", signed=width > 1) for n in numbers))
    (batch,) = sounds(tmp_path, labels=None, sampling_rate=100)
    np.testing.assert_array_equal(batch, values.reshape(1, 2, 2).astype("float32"))
    (batch,) = sounds(tmp_path, labels=None, output_sequence_length=5)
    assert batch.shape == (1, 5, 2) and not batch[0, 2:].any()
    with pytest.raises(ValueError, match="expected 44100 samples a second"):
        list(sounds(tmp_path, sampling_rate=44100))
    with pytest.raises(NotImplementedError, match="ragged"):
        sounds(tmp_path, ragged=True)


def test_a_network_learns_from_a_folder(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    for i in range(40):
        folder = tmp_path / ("dark" if i % 2 else "light")
        folder.mkdir(exist_ok=True)
        picture(folder / f"{i}", 40 + i if i % 2 else 200 + i)
    training, validation = pictures(
        tmp_path, label_mode="binary", validation_split=0.25, subset="both", seed=1, batch_size=10
    )
    model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(training, validation_data=validation, epochs=60, verbose=0).history
    assert history["val_accuracy"][-1] > 0.9


def test_texts_are_cut_and_vectorized(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.txt").write_text("good film, ä good day", encoding="utf-8")
    (batch,) = texts(tmp_path, labels=None, max_length=9)
    assert batch.tolist() == ["good film"]
    vectorize = keras.layers.TextVectorization(output_sequence_length=3)
    vectorize.adapt(texts(tmp_path, labels=None))
    assert vectorize(batch).shape == (1, 3)
