"""Windows of series, data in two parts, and curves of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import utils
from oxhorn.data import Dataset

SERIES = np.arange(20.0).reshape(10, 2)


@pytest.mark.parametrize("length", [1, 3, 10])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("rate", [1, 3])
@pytest.mark.parametrize("targets", [None, np.arange(10), np.arange(4)])
@pytest.mark.parametrize(("start", "end"), [(None, None), (2, None), (None, 8), (1, 9)])
def test_windows(length: int, stride: int, rate: int, targets: Any, start: Any, end: Any) -> None:
    part = SERIES[start:end]
    labels = None if targets is None else targets[start or 0 :]
    expected = []
    for i in range(0, len(part), stride):
        window = [part[j] for j in range(i, i + length * rate, rate) if j < len(part)]
        if len(window) == length and (labels is None or i < len(labels)):
            expected.append((np.array(window), None if labels is None else labels[i]))
    call = lambda: utils.timeseries_dataset_from_array(  # noqa: E731
        SERIES, targets, length, stride, rate, batch_size=2, start_index=start, end_index=end
    )
    if not expected:
        with pytest.raises(ValueError, match="no window fits"):
            call()
        return
    found: list[Any] = []
    for batch in call():
        x, y = (batch, [None] * len(batch)) if targets is None else batch
        found += zip(x, y, strict=True)
    assert len(found) == len(expected)
    for (x, y), (window, label) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, window)
        assert y == label


def test_windows_shuffled_and_single() -> None:
    data = utils.timeseries_dataset_from_array(SERIES, SERIES[:, 0], 2, shuffle=True, seed=1, batch_size=None)
    first, second = ([float(y) for _, y in data] for _ in range(2))
    assert first != second and sorted(first) == sorted(second)
    for x, y in data:
        assert x[0, 0] == y


BAD_WINDOWS = {
    "start_index": [-1, 11, 1.5, True],
    "end_index": [-1, 0, 11],
    "sampling_rate": [0, -1, 10, "3"],
    "sequence_stride": [0, 10],
    "sequence_length": [0, None],
    "batch_size": [0],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, v) for name, values in BAD_WINDOWS.items() for v in values]
)
def test_bad_windows(name: str, value: Any) -> None:
    options: dict[str, Any] = {"sequence_length": 3, name: value}
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        utils.timeseries_dataset_from_array(np.arange(10), None, **options)


@pytest.mark.parametrize(("data", "targets", "word"), [(np.ones(9), 3, "targets"), ([], None, "data")])
def test_series_without_time(data: Any, targets: Any, word: str) -> None:
    with pytest.raises(ValueError, match=f"expected `{word}` with an axis of time"):
        utils.timeseries_dataset_from_array(data, targets, 2)


@pytest.mark.parametrize("kind", ["array", "tuple", "list", "dict", "dataset", "generator", "indexed"])
@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((0.8, None), (8, 2)),
        ((None, 0.3), (7, 3)),
        ((3, None), (3, 7)),
        ((0.5, 0.2), (5, 2)),
        ((2, 0.5), (2, 5)),
        ((np.float32(0.5), np.int64(5)), (5, 5)),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_split(kind: str, sizes: Any, expected: tuple[int, int], shuffle: bool) -> None:
    x, y = np.arange(10), np.arange(10) * 2
    data: Any = {
        "array": x,
        "tuple": (x, y),
        "list": [x, y],
        "dict": {"x": x, "y": y},
        "dataset": Dataset.from_tensor_slices((x, y)),
        "generator": Dataset.from_generator(lambda: zip(x, y, strict=True)),
        "indexed": [(a, b) for a, b in zip(x, y, strict=True)],
    }[kind]
    if kind == "indexed":
        data = Indexed(data)
    left, right = utils.split_dataset(data, *sizes, shuffle=shuffle, seed=1)
    assert (len(left), len(right)) == expected
    first, second = ([_first(element) for element in part] for part in (left, right))
    assert not set(first) & set(second)
    assert [_first(element) for element in left] == first, "the same part in each pass"
    if not shuffle:
        assert first == list(range(expected[0])) and second == list(range(10))[-expected[1] :]
    elif expected[0] + expected[1] == 10:
        assert sorted(first + second) == list(range(10)) and first != list(range(expected[0]))


@pytest.mark.parametrize(
    "make",
    [
        lambda rows: rows.shuffle(40, seed=1),
        lambda rows: rows.shuffle(40, seed=1).map(lambda n: n),
        lambda rows: rows.map(lambda n: n).shuffle(40, seed=1).cache(),
    ],
)
def test_parts_of_what_is_shuffled_anew_have_nothing_in_common(make: Callable[[Dataset], Dataset]) -> None:
    left, right = utils.split_dataset(make(Dataset.range(40)), 0.5)
    first, second = ([int(n) for n in part] for part in (left, right))
    assert sorted(first + second) == list(range(40)) and first != list(range(20))
    assert [int(n) for n in left] == first, "the same part in each pass"
    with pytest.raises(TypeError, match="no end"):
        utils.split_dataset(make(Dataset.range(40)).repeat(), 0.5)


@pytest.mark.parametrize("length", [None, 40])
@pytest.mark.parametrize("kept", [False, True])
def test_parts_of_a_random_generator_are_of_one_pass(length: int | None, kept: bool) -> None:
    rng, passes = np.random.default_rng(0), []

    def numbers() -> Any:
        passes.append(1)
        yield from rng.permutation(40)

    data = Dataset.from_generator(numbers, length=length)
    left, right = utils.split_dataset(data.cache() if kept else data, 0.5, shuffle=True, seed=1)
    first, second = ([int(n) for n in part] for part in (left, right))
    assert sorted(first + second) == list(range(40))
    assert [int(n) for n in left] == first and len(passes) == 1


class Indexed:
    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, i: int) -> Any:
        return self._items[i]


def _first(element: Any) -> int:
    part = (
        element["x"] if isinstance(element, dict) else element[0] if isinstance(element, tuple) else element
    )
    return int(part)


BAD_SPLITS: list[tuple[Any, Any, type[Exception], str]] = [
    (None, None, ValueError, "neither"),
    (1.5, None, ValueError, "share between"),
    (11, None, ValueError, "between 0 and the 10"),
    (-1, None, ValueError, "between 0"),
    (0.8, 0.5, ValueError, "together at most 10"),
    (0.01, None, ValueError, "left part without any"),
    (None, 0, ValueError, "right part without any"),
    ("half", None, TypeError, "to be a number"),
    (True, None, TypeError, "to be a number"),
]


@pytest.mark.parametrize(("left", "right", "kind", "words"), BAD_SPLITS)
def test_bad_splits(left: Any, right: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        utils.split_dataset(np.arange(10), left, right)
    with pytest.raises(TypeError, match="expected a Dataset"):
        utils.split_dataset(3, 0.5)


def test_plot_history_of_validation_in_some_epochs() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    run = {"loss": [3.0, 2.0, 1.5, 1.0, 0.5], "val_loss": [2.5, 1.5]}

    class History:
        history, epoch = run, range(5)

    for key in ("loss", "val_loss"):
        axes = utils.plot_history(History(), key=key)
        assert list(axes.get_lines()[-1].get_xdata()) == [1, 3]


def test_plot_history() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.ones((8, 2)), np.ones(8)
    run = model.fit(x, y, epochs=4, validation_data=(x, y), validation_freq=2, verbose=0)
    plain = {"loss": [3.0, 2.0, 1.0]}
    axes = utils.plot_history([("small", run), ("BIG", plain)], log=True)
    full, dashed, other = axes.get_lines()
    assert full.get_ydata().tolist() == run.history["loss"] and dashed.get_xdata().tolist() == [1, 3]
    assert dashed.get_linestyle() == "--" and dashed.get_color() == full.get_color() != other.get_color()
    labels = [label.get_text() for label in axes.get_legend().get_texts()]
    assert labels == ["Small, training", "Small, validation", "BIG, training"]
    for single in (run, run.history, {"one": run}, [run]):
        assert len(utils.plot_history(single, key="mae", ax=axes).get_lines()) >= 5
    for bad, words in (
        ((run, "accuracy"), "expected `key` to be a metric of run"),
        (([],), "at least one"),
        ((3,), "expected what fit returned"),
        (([("a", 3)],), "run 'a' to be what fit returned"),
    ):
        with pytest.raises(ValueError, match=words):
            utils.plot_history(*bad)
    pyplot.close("all")
