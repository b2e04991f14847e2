"""Data in all its forms becomes columns: right values and dtypes, borrowed where possible, refused with a reason."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.training.data_adapters.arrays import as_column, lists_to_arrays
from oxhorn.training.data_adapters.batch import Batch, Dtypes, make_batch
from oxhorn.training.data_adapters.class_weight import check_class_weight, class_weight_to_sample_weight
from oxhorn.training.data_adapters.ordered_queue import in_order
from oxhorn.training.data_adapters.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from oxhorn.training.data_adapters.splitting import train_validation_split
from tests.arrays import LAYOUTS

DTYPES = Dtypes("float32", {})


def batch(x: Any, y: Any = None, sample_weight: Any = None, dtypes: Dtypes = DTYPES) -> Batch:
    return make_batch("fit", x, y, sample_weight, dtypes)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float32"),
        ("int8", "int32"),
        ("int16", "int32"),
        ("int32", "int32"),
        ("int64", "int64"),
        ("uint8", "uint8"),
        ("uint16", "int32"),
        ("uint32", "int64"),
        ("uint64", "int64"),
        ("bool", "bool"),
    ],
)
def test_dtypes(given: str, kept: str) -> None:
    values = np.array([[0, 1], [1, 0], [1, 1]])
    column = as_column(values.astype(given), "x", "float32")
    assert column.dtype == kept
    np.testing.assert_array_equal(column.astype("float64"), values.astype("float64"))


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "uint8", "bool"])
def test_a_column_is_borrowed(dtype: str) -> None:
    x = np.ones((5, 3), dtype)
    assert as_column(x, "x", "float32") is x
    rows = x[1:4]
    assert np.shares_memory(as_column(rows, "x", "float32"), x)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    plain = np.arange(24, dtype="float32").reshape(4, 3, 2)
    odd = LAYOUTS[layout](plain)
    before = odd.copy()
    column = as_column(odd, "x", "float32")
    np.testing.assert_array_equal(column, plain)
    assert column.flags.c_contiguous
    assert column.flags.aligned
    assert column.dtype.isnative
    np.testing.assert_array_equal(odd, before)


def test_float64_on_request() -> None:
    x = np.array([[1 / 3]])
    assert as_column(x, "x", "float64") is x
    both = batch([x, x], x[:, 0], dtypes=Dtypes("float32", {0: "float64"}))
    assert [column.dtype.name for column in both.columns] == ["float64", "float32", "float32"]


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.array([[1, "a"]], object), ("x must hold numbers", "Python objects", "astype")),
        (np.array(["a", "b"]), ("x must hold numbers", "text", "<U1")),
        (np.ones((2, 2), "complex64"), ("complex numbers", "complex64", "real and the imaginary")),
        (np.zeros(3, "datetime64[s]"), ("dates",)),
        (np.zeros(3, [("a", "f4")]), ("records",)),
        (np.float32(3.0), ("rank 1", "np.array([value])")),
        (np.zeros((0, 3)), ("at least one sample", "(0, 3)")),
        (np.array([2**64 - 1], "uint64"), ("18446744073709551615", "int64")),
        ([[1.0, 2.0], [3.0]], ("same shape",)),
        ([], ("x is empty", "at least one sample")),
        ("hello", ("'hello'", "str")),
        (None, ("`x` is None",)),
        (np.ma.masked_array([1.0, 2.0], [True, False]), ("masked array with 1", "filled")),
    ],
    ids=lambda value: str(getattr(value, "dtype", type(value).__name__)),
)
def test_what_is_no_data(x: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError) as caught:
        batch(x)
    for word in words:
        assert word in str(caught.value)


def test_lengths_differ() -> None:
    with pytest.raises(ValueError, match="same number of samples in all arrays: x has 20, y has 19"):
        batch(np.zeros((20, 2)), np.zeros(19))
    with pytest.raises(ValueError, match=r"x\['a'\] has 3, x\['b'\] has 4"):
        batch({"a": np.zeros(3), "b": np.zeros(4)})
    with pytest.raises(ValueError, match="sample_weight has 3"):
        batch(np.zeros((20, 2)), np.zeros(20), np.ones(3))
    with pytest.raises(ValueError, match=r"one array for each input; .* use np.stack\(x\)"):
        batch([np.zeros(3), np.zeros(3)], np.zeros(2))


def test_lists_of_numbers_are_one_array() -> None:
    np.testing.assert_array_equal(lists_to_arrays([[1, 2], [3, 4]], "x"), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(lists_to_arrays([np.float32(1.0), np.float32(2.0)], "x"), [1.0, 2.0])
    assert isinstance(lists_to_arrays([np.zeros(2), np.ones(2)], "x"), list)
    given = {"a": [[1.0], [2.0]], "b": np.zeros(2)}
    assert batch(given).template[0] == {"a": 0, "b": 1}


def test_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    made = batch(frame, pandas.Series([0, 1]))
    np.testing.assert_array_equal(made.columns[0], [[1, 3], [2, 4]])
    assert made.columns[1].dtype == "int64"
    with pytest.raises(ValueError, match=r"Columns that are not numbers: 'name'"):
        batch(frame.assign(name=["u", "v"]))


def test_structures_and_specs() -> None:
    x, y = np.zeros((4, 3), "float32"), np.zeros(4, "int64")
    made = batch((x, {"k": x}), [y, None], [None, np.ones(4)])
    assert made.template == ((0, {"k": 1}), [2, None], [None, 3])
    assert made.unpack(["p", "q", "r", "s"]) == (("p", {"k": "q"}), ["r", None], [None, "s"])
    assert made.columns[3].dtype == "float32"
    assert batch(x, y).spec == batch(x[:2], y[:2]).spec
    assert batch(x, y).spec != batch(x, y[:, None]).spec
    assert batch(x, y).spec != batch([x], y).spec
    assert batch(x, y).spec != batch(x.astype("uint8"), y).spec


def test_integer_sample_weights_become_floats() -> None:
    assert batch(np.zeros((2, 1)), np.zeros(2), np.array([1, 2])).columns[2].dtype == "float32"


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ("x", ("x", None, None)),
        (("x",), ("x", None, None)),
        (("x", "y"), ("x", "y", None)),
        (["x", "y", "w"], ("x", "y", "w")),
        ({"a": 1}, ({"a": 1}, None, None)),
    ],
)
def test_unpacking(data: Any, parts: tuple[Any, Any, Any]) -> None:
    assert unpack_x_y_sample_weight(data) == parts


def test_packing() -> None:
    assert pack_x_y_sample_weight("x") == "x"
    assert pack_x_y_sample_weight(["x"]) == (["x"],)
    assert pack_x_y_sample_weight("x", "y") == ("x", "y")
    assert pack_x_y_sample_weight("x", "y", "w") == ("x", "y", "w")
    with pytest.raises(ValueError, match="a tuple of 4 elements"):
        unpack_x_y_sample_weight((1, 2, 3, 4))


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 2, 1, 2]),
        np.array([[0], [2], [1], [2]]),
        np.eye(3)[[0, 2, 1, 2]],
        np.array([0.0, 2.0, 1.0, 2.0]),
    ],
)
def test_class_weights(y: np.ndarray[Any, Any]) -> None:
    weights = class_weight_to_sample_weight("fit", y, {0: 1.0, 1: 0.5, 2: 3.0}, "float64")
    np.testing.assert_array_equal(weights, [1.0, 3.0, 0.5, 3.0])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ([1.0, 2.0], "expected `class_weight` to be a dict"),
        ({}, "empty `class_weight`"),
        ({"a": 1.0}, "class indices .* got 'a' of type str"),
        ({-1: 1.0}, "class indices .* got -1"),
        ({1.5: 1.0}, "class indices .* got 1.5"),
        ({True: 1.0}, "class indices .* got True"),
        ({0: -1.0}, "at least 0 in `class_weight`; got -1.0 for class 0"),
        ({0: float("nan")}, "finite weights .* got nan"),
        ({0: "2"}, "to be numbers; got '2'"),
    ],
)
def test_bad_class_weights(class_weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_class_weight("fit", class_weight)


def test_class_weights_that_do_not_fit_the_labels() -> None:
    with pytest.raises(
        ValueError, match=r"has \[0, 1\], but `y` also holds \[2, 3\]. Add for example \{2: 1.0\}"
    ):
        class_weight_to_sample_weight("fit", np.array([0, 3, 2]), {0: 1.0, 1: 1.0}, "float32")
    with pytest.raises(ValueError, match="single output"):
        class_weight_to_sample_weight("fit", [np.zeros(3), np.zeros(3)], {0: 1.0}, "float32")
    with pytest.raises(ValueError, match=r"one class for each sample .* shape \(2, 3, 4\)"):
        class_weight_to_sample_weight("fit", np.zeros((2, 3, 4)), {0: 1.0}, "float32")
    with pytest.raises(ValueError, match="`y` was not given"):
        class_weight_to_sample_weight("fit", None, {0: 1.0}, "float32")


def test_the_last_part_is_for_validation() -> None:
    x, y = np.arange(10).reshape(10, 1), np.array([0, 1] * 5)
    (x_train, y_train, w_train), (x_val, y_val, w_val) = train_validation_split(x, y, None, 0.25)
    assert (x_train.ravel().tolist(), x_val.ravel().tolist()) == (list(range(7)), [7, 8, 9])
    assert (len(y_train), len(y_val), w_train, w_val) == (7, 3, None, None)
    assert np.shares_memory(x_train, x)


@pytest.mark.parametrize(
    ("count", "split", "message"),
    [
        (
            10,
            0.95,
            r"validation_split=0.95 of 10 samples leaves 0 for training and 10 .* nothing for training",
        ),
        (1, 0.5, r"leaves 0 for training and 1 .* nothing for training"),
        (10, 1e-17, r"leaves 10 for training and 0 .* nothing for validation"),
        (10, 1.0, "between 0 and 1"),
        (10, -0.1, "between 0 and 1"),
        (10, float("nan"), "between 0 and 1"),
        (10, "half", "to be a number between 0 and 1; got 'half'"),
        (10, True, "to be a number"),
    ],
)
def test_splits_that_cannot_be(count: int, split: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_validation_split(np.zeros((count, 1)), np.zeros(count), None, split)


def test_sorted_labels_are_warned_of() -> None:
    x, y = np.zeros((9, 1)), np.repeat([0, 1, 2], 3)
    with pytest.warns(UserWarning, match="`y` is sorted, .* only the labels 2 to 2. Shuffle x and y"):
        train_validation_split(x, y, None, 0.3)


def test_frames_are_split_by_rows() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": np.arange(4.0)}, index=[7, 3, 5, 1])
    (x_train, _, _), (x_val, _, _) = train_validation_split(frame, None, None, 0.5)
    assert (x_train["a"].tolist(), x_val["a"].tolist()) == ([0.0, 1.0], [2.0, 3.0])


def test_batches_from_threads_come_in_order() -> None:
    running = threading.Semaphore(0)
    seen = set()

    def make(index: int) -> int:
        seen.add(threading.current_thread().name)
        running.release()
        return index * index

    assert list(in_order(make, iter(range(20)), workers=3, max_queue_size=4)) == [i * i for i in range(20)]
    assert all(name.startswith("oxhorn-data") for name in seen)
    endless = in_order(make, None, workers=2, max_queue_size=2)
    assert [next(endless) for _ in range(5)] == [0, 1, 4, 9, 16]
    endless.close()


def test_random_numbers_of_batches_do_not_depend_on_threads() -> None:
    def batches(workers: int) -> list[list[float]]:
        keras.utils.set_random_seed(4)
        noise = keras.layers.GaussianNoise(1.0)
        make = lambda index: noise(np.zeros(3, "float32"), training=True).numpy().tolist()  # noqa: E731
        passes = [in_order(make, iter(range(40)), workers, 2 * workers) for _ in range(2)]
        return [batch for one in passes for batch in one]

    alone = batches(0)
    assert len({tuple(batch) for batch in alone}) == 80
    assert batches(1) == batches(4) == alone


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    def make(index: int) -> int:
        if index == 2:
            raise KeyError("batch 2 is broken")
        return index

    batches = in_order(make, iter(range(5)), workers=2, max_queue_size=3)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(KeyError, match="batch 2 is broken"):
        next(batches)
