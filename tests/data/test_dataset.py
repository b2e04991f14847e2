"""`data.Dataset`: what each step gives, and the errors of steps."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.data import INFINITE, UNKNOWN, Dataset
from tests.data.small import generated, numbers, values

# Name: the steps, what they give for 0..6, and the cardinality where it is not the number of elements.
STEPS: dict[str, tuple[Callable[[Dataset], Dataset], list[Any], int | None]] = {
    "map": (lambda d: d.map(lambda n: n * 2), [0, 2, 4, 6, 8, 10, 12], None),
    "map on threads": (lambda d: d.map(lambda n: n * 2, num_parallel_calls=3), [0, 2, 4, 6, 8, 10, 12], None),
    "map to a pair": (lambda d: d.map(lambda n: (n, {"a": [n, n]})).take(1), [(0, {"a": [0, 0]})], None),
    "map of a pair": (lambda d: Dataset.zip(d, d).map(lambda a, b: a + b).take(2), [0, 2], None),
    "map with ops": (lambda d: d.map(lambda n: keras.ops.add(n, 1)).take(2), [1, 2], None),
    "filter": (lambda d: d.filter(lambda n: n % 2 == 0), [0, 2, 4, 6], UNKNOWN),
    "flat_map": (lambda d: d.take(3).flat_map(lambda n: Dataset.range(int(n))), [0, 0, 1], UNKNOWN),
    "batch": (lambda d: d.batch(3), [[0, 1, 2], [3, 4, 5], [6]], None),
    "batch, full ones": (lambda d: d.batch(3, drop_remainder=True), [[0, 1, 2], [3, 4, 5]], None),
    "batch of all": (lambda d: d.batch(100), [[0, 1, 2, 3, 4, 5, 6]], None),
    "batch of batches": (lambda d: d.batch(2, True).batch(2), [[[0, 1], [2, 3]], [[4, 5]]], None),
    "unbatch": (lambda d: d.batch(3).unbatch(), [0, 1, 2, 3, 4, 5, 6], UNKNOWN),
    "padded_batch": (
        lambda d: d.take(3).map(lambda n: np.arange(int(n))).padded_batch(2),
        [[[0], [0]], [[0, 1]]],
        None,
    ),
    "padded_batch to a shape": (
        lambda d: d.take(3).map(lambda n: np.arange(int(n))).padded_batch(3, [4], -1),
        [[[-1, -1, -1, -1], [0, -1, -1, -1], [0, 1, -1, -1]]],
        None,
    ),
    "padded_batch of text": (
        lambda d: d.take(2).map(lambda n: ["longer"] * (int(n) + 1)).padded_batch(2),
        [[["longer", ""], ["longer", "longer"]]],
        None,
    ),
    "take": (lambda d: d.take(2), [0, 1], None),
    "take all": (lambda d: d.take(-1), [0, 1, 2, 3, 4, 5, 6], None),
    "take more": (lambda d: d.take(9), [0, 1, 2, 3, 4, 5, 6], None),
    "skip": (lambda d: d.skip(5), [5, 6], None),
    "skip all": (lambda d: d.skip(-1), [], None),
    "repeat": (lambda d: d.take(2).repeat(3), [0, 1, 0, 1, 0, 1], None),
    "repeat, taken": (lambda d: d.take(2).repeat().take(5), [0, 1, 0, 1, 0], None),
    "repeat nothing": (lambda d: d.take(0).repeat(), [], None),
    "repeat not at all": (lambda d: d.repeat(0), [], None),
    "shard": (lambda d: d.shard(3, 1), [1, 4], None),
    "zip": (lambda d: Dataset.zip(d, d.skip(4)), [(0, 4), (1, 5), (2, 6)], None),
    "zip with endless": (lambda d: Dataset.zip((d.take(2), d.repeat())), [(0, 0), (1, 1)], None),
    "concatenate": (lambda d: d.take(2).concatenate(d.skip(5)), [0, 1, 5, 6], None),
    "enumerate": (lambda d: d.skip(5).enumerate(3), [(3, 5), (4, 6)], None),
    "cache": (lambda d: d.cache(), [0, 1, 2, 3, 4, 5, 6], None),
    "prefetch": (lambda d: d.prefetch(2), [0, 1, 2, 3, 4, 5, 6], None),
    "apply": (lambda d: d.apply(lambda d: d.take(1)), [0], None),
    "a chain": (
        lambda d: d.skip(1).map(lambda n: n * 10).cache().batch(2).repeat(2).prefetch(1),
        [[10, 20], [30, 40], [50, 60]] * 2,
        None,
    ),
}


@pytest.mark.parametrize("source", [numbers, generated])
@pytest.mark.parametrize("name", STEPS)
def test_steps(name: str, source: Callable[[], Dataset]) -> None:
    steps, expected, cardinality = STEPS[name]
    dataset = steps(source())
    assert values(dataset) == expected
    assert values(dataset) == expected, "the second pass"
    if source is numbers:
        assert dataset.cardinality() == (len(expected) if cardinality is None else cardinality)
    else:
        assert dataset.cardinality() in (UNKNOWN, INFINITE, 0, len(expected))


def test_every_step_is_in_the_table() -> None:
    public = {name for name in vars(Dataset) if not name.startswith(("_", "from_"))}
    elsewhere = {"range", "shuffle", "as_numpy_iterator", "reduce", "cardinality", "element_spec"}
    elsewhere |= {"get_state", "set_state"}  # tests/training/test_resume.py
    assert {name.split()[0].rstrip(",") for name in STEPS if name != "a chain"} == public - elsewhere


@pytest.mark.parametrize("source", [numbers, generated])
@pytest.mark.parametrize("buffer", [1, 3, 7, 100])
def test_shuffle(source: Callable[[int], Dataset], buffer: int) -> None:
    dataset = source(50).shuffle(buffer, seed=3)
    first, second = values(dataset), values(dataset)
    assert sorted(first) == sorted(second) == list(range(50))
    # An element waits as long as it likes, but comes at most a buffer too early.
    assert all(value - place <= buffer for place, value in enumerate(first))
    assert (first == second) == (buffer == 1)
    again = source(50).shuffle(buffer, seed=3)
    assert [values(again), values(again)] == [first, second]
    fixed = source(50).shuffle(buffer, seed=3, reshuffle_each_iteration=False)
    assert values(fixed) == values(fixed) == first


def test_a_full_buffer_gives_every_order_alike() -> None:
    counts: dict[tuple[int, ...], int] = {}
    dataset = numbers(3).shuffle(3, seed=0)
    for _ in range(6000):
        order = tuple(values(dataset))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    # Six counts of 1000, each within 4.5 standard deviations.
    assert all(abs(count - 1000) < 4.5 * np.sqrt(6000 * 1 / 6 * 5 / 6) for count in counts.values())


def test_rows_that_were_shuffled_are_batched_as_elements_are() -> None:
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20)
    rows = Dataset.from_tensor_slices({"x": x, "y": y}).shuffle(6, seed=1).skip(2).repeat(2).batch(8)
    elements = Dataset.from_tensor_slices({"x": x, "y": y}).map(lambda row: row).shuffle(6, seed=1).skip(2)
    for one, other in zip(rows, elements.repeat(2).batch(8), strict=True):
        np.testing.assert_array_equal(one["x"], other["x"])
        np.testing.assert_array_equal(one["y"], other["y"])
        np.testing.assert_array_equal(one["x"][:, 0], 2.0 * one["y"])


def test_cache_computes_once_and_only_a_complete_pass_counts() -> None:
    calls: list[int] = []
    dataset = numbers(4).map(lambda n: calls.append(int(n)) or n).cache()
    assert values(dataset.take(2)) == [0, 1]
    assert values(dataset) == values(dataset) == [0, 1, 2, 3]
    assert calls == [0, 1, 0, 1, 2, 3]


def test_prefetch_reads_ahead_and_ends_its_thread() -> None:
    begun = threading.Event()
    made: list[int] = []

    def slow() -> Any:
        for n in range(100):
            made.append(n)
            begun.set()
            yield n

    iterator = iter(Dataset.from_generator(slow).prefetch(3))
    assert next(iterator) == 0
    deadline = time.monotonic() + 10
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 4 <= len(made) <= 6
    del iterator
    gc.collect()
    while time.monotonic() < deadline and any(t.name == "oxhorn-prefetch" for t in threading.enumerate()):
        time.sleep(0.01)
    assert not any(t.name == "oxhorn-prefetch" for t in threading.enumerate())


def failing() -> Any:
    yield 1
    yield 2
    raise RuntimeError("the disk is gone")


def uneven() -> Dataset:
    return Dataset.from_generator(lambda: [[1], [2, 3]])


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str | None]] = {
    "no rows": (lambda: Dataset.from_tensor_slices(3.0), ValueError, "an axis of rows"),
    "rows differ": (
        lambda: Dataset.from_tensor_slices((np.ones(3), np.ones(4))),
        ValueError,
        r"float64\[4\]",
    ),
    "objects": (lambda: Dataset.from_tensor_slices([object()]), ValueError, "numbers or text"),
    "ragged lists": (lambda: Dataset.from_tensor_slices([[1], [1, 2]]), ValueError, "lists of equal lengths"),
    "generator object": (lambda: Dataset.from_generator(failing()), TypeError, "without calling it"),
    "no iterable": (lambda: list(Dataset.from_generator(lambda: 3)), TypeError, "yields or returns"),
    "generator raises": (lambda: list(Dataset.from_generator(failing)), RuntimeError, "disk is gone"),
    "raises ahead": (lambda: list(Dataset.from_generator(failing).prefetch(1)), RuntimeError, "disk is gone"),
    "too few": (lambda: list(Dataset.from_generator(lambda: [1, 2], length=3)), ValueError, "ended after 2"),
    "too many": (lambda: list(Dataset.from_generator(lambda: [1, 2], length=1)), ValueError, "goes on"),
    "other structure": (
        lambda: list(Dataset.from_generator(lambda: [1, (1, 2)])),
        ValueError,
        "as element 1",
    ),
    "other keys": (
        lambda: list(Dataset.from_generator(lambda: [{"a": 1}, {"b": 1}])),
        ValueError,
        "structure of the first one",
    ),
    "batch of shapes": (
        lambda: list(Dataset.from_generator(lambda: [[1], [1, 2]]).batch(2)),
        ValueError,
        r"element 0 has \(1,\) and element 1 has \(2,\).*padded_batch",
    ),
    "padding too small": (
        lambda: list(Dataset.from_generator(lambda: [[1, 2, 3]]).padded_batch(2, [2])),
        ValueError,
        "does not fit",
    ),
    "map raises": (lambda: list(numbers().map(lambda n: 1 // (3 - int(n)))), ZeroDivisionError, None),
    "filter raises": (lambda: list(numbers().filter(lambda n: 1 // (3 - int(n)))), ZeroDivisionError, None),
    "flat_map raises": (
        lambda: list(numbers().flat_map(lambda n: numbers(1 // (3 - int(n))))),
        ZeroDivisionError,
        None,
    ),
    "filter by an array": (
        lambda: list(Dataset.from_tensor_slices(np.ones((2, 2))).filter(lambda n: n > 0)),
        ValueError,
        "truth value",
    ),
    "the end in filter": (
        lambda: list(numbers().filter(lambda n: next(iter(())))),
        RuntimeError,
        "Dataset.filter: the function raised StopIteration with element 0",
    ),
    "padding of another kind": (
        lambda: list(uneven().padded_batch(2, padding_value="x")),
        ValueError,
        "a number of int32, as the elements are; got 'x'",
    ),
    "padding that would be cut": (
        lambda: list(uneven().padded_batch(2, padding_value=0.5)),
        ValueError,
        r"a number of int32, .*got 0\.5",
    ),
    "padding of text": (
        lambda: list(uneven().map(lambda n: n.astype(str)).padded_batch(2, padding_value=0)),
        ValueError,
        "`padding_value` to be text",
    ),
    "no function": (lambda: numbers().map(3), TypeError, "expected a function"),
    "flat_map without Dataset": (
        lambda: list(numbers().flat_map(lambda n: [n])),
        TypeError,
        "expected a Dataset",
    ),
    "batch size": (lambda: numbers().batch(0), ValueError, "batch_size"),
    "buffer": (lambda: numbers().shuffle(-1), ValueError, "buffer_size"),
    "shard": (lambda: numbers().shard(3, 3), ValueError, "index"),
    "range of a fraction": (lambda: Dataset.range(1.5), ValueError, "Dataset.range"),
    "range of nothing": (lambda: Dataset.range(), TypeError, "start, stop, step"),
    "range without a step": (lambda: Dataset.range(0, 5, 0), ValueError, "a step other than 0"),
    "zip nothing": (lambda: Dataset.zip(), ValueError, "at least one"),
    "zip arrays": (lambda: Dataset.zip(np.ones(3)), TypeError, "expected a Dataset"),
    "length of endless": (lambda: len(numbers().repeat()), TypeError, "no end"),
    "length unknown": (lambda: len(generated()), TypeError, "after a pass"),
    "workers": (lambda: numbers().map(abs, num_parallel_calls=0), ValueError, "num_parallel_calls"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name: str) -> None:
    call, kind, words = BAD[name]
    with pytest.raises(kind, match=words) as caught:
        call()
    if kind is ZeroDivisionError:
        assert "element 3" in caught.value.__notes__[0]


def test_reduce_and_as_numpy_iterator() -> None:
    assert numbers().reduce(0, lambda total, n: total + int(n)) == 21
    assert list(Dataset.from_tensor_slices([1.5]).as_numpy_iterator()) == [np.float32(1.5)]
    assert repr(numbers()) == "<Dataset of 7 elements>"
    assert Dataset.from_tensors((1, 2.0)).element_spec == "(int32[], float32[])"
    assert Dataset.from_tensors(["a", "bc"]).element_spec == "text[2]"


def test_data_frames() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert values(Dataset.from_tensor_slices(frame)) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_the_end_of_an_iterator_in_a_function_is_an_error() -> None:
    for threads in (None, 2):
        with pytest.raises(RuntimeError, match=r"element 0 \(counted from 0\)"):
            list(numbers().map(lambda n: next(iter(())), num_parallel_calls=threads))


def test_a_source_that_breaks_behind_threads() -> None:
    def broken() -> Any:
        yield from (1, 2, 3)
        raise OSError("the disk is gone")

    seen = []
    with pytest.raises(OSError, match="disk"):
        for element in Dataset.from_generator(broken).map(lambda n: n * 2, num_parallel_calls=4).prefetch(4):
            seen.append(int(element))
    assert seen == [2, 4, 6], "what came before is not lost"


DTYPES: list[tuple[list[Any], str, list[Any]]] = [
    ([1, 2.5], "float32", [1, 2.5]),
    ([2.5, 1], "float32", [2.5, 1]),
    ([np.float64(1), 2], "float64", [1, 2]),
    ([np.int64(1), 2], "int64", [1, 2]),
    ([True, 2], "int32", [1, 2]),
]


@pytest.mark.parametrize(("elements", "dtype", "expected"), DTYPES)
def test_dtypes_in_a_batch(elements: list[Any], dtype: str, expected: list[Any]) -> None:
    data = Dataset.from_generator(lambda: elements)
    for batches in (data.batch(2), data.padded_batch(2)):
        (batch,) = batches
        assert batch.dtype == dtype and batch.tolist() == expected


def test_padded_batches_keep_fractions() -> None:
    (batch,) = Dataset.from_generator(lambda: [[], [1, 2], [0.5]]).padded_batch(3)
    assert batch.dtype == np.float32 and batch.tolist() == [[0, 0], [1, 2], [0.5, 0]]
    (batch,) = Dataset.from_generator(lambda: [[], [1, 2]]).padded_batch(2)
    assert batch.dtype == np.int32 and batch.tolist() == [[0, 0], [1, 2]]
    (batch,) = Dataset.from_generator(lambda: [["a"], ["long", "er"]]).padded_batch(2)
    assert batch.tolist() == [["a", ""], ["long", "er"]]


def test_padding_is_never_cut() -> None:
    texts = [np.array(["a"]), np.array(["b", "c"])]
    for dtype, pad in (("U1", "[PAD]"), (object, "[PAD]"), ("S1", b"[PAD]")):
        kept = [text.astype(dtype) for text in texts]
        (batch,) = Dataset.from_generator(lambda kept=kept: kept).padded_batch(2, padding_value=pad)
        assert batch.astype(str).tolist() == [["a", "[PAD]"], ["b", "c"]]
        (batch,) = Dataset.from_generator(lambda kept=kept: kept).padded_batch(2)
        assert batch.astype(str).tolist() == [["a", ""], ["b", "c"]]
    (batch,) = Dataset.from_generator(lambda: [[0.5], [1.0, 2.0]]).padded_batch(2, padding_value=np.nan)
    assert np.isnan(batch[0, 1]) and batch.dtype == np.float32
    # Where nothing is filled in, nothing has to fit.
    ((x, names),) = Dataset.from_generator(lambda: [([1], "a"), ([2, 3], "b")]).padded_batch(
        2, padding_value=-1
    )
    assert x.tolist() == [[1, -1], [2, 3]] and names.tolist() == ["a", "b"]


def test_numbers_of_64_bits_stay_so_in_map() -> None:
    rows = Dataset.from_tensor_slices(np.arange(3.0)).map(lambda n: n / 3)
    assert [row.dtype for row in rows] == [np.float64] * 3


def test_dicts_in_another_order_have_one_structure() -> None:
    (batch,) = Dataset.from_generator(lambda: [{"a": 1, "b": 2}, {"b": 4, "a": 3}]).batch(2)
    assert batch["a"].tolist() == [1, 3] and batch["b"].tolist() == [2, 4]
    with pytest.raises(ValueError, match="structure"):
        list(Dataset.from_generator(lambda: [{"a": 1}, {"b": 1}]).batch(2))


class Table:
    """What a DataFrame looks like to us."""

    columns = ("a", "b")

    def __getitem__(self, name: str) -> list[int]:
        return [1, 2] if name == "a" else [3, 4]

    def to_dict(self) -> None:
        raise AssertionError("not used")


def test_tables_with_labels() -> None:
    rows = Dataset.from_tensor_slices((Table(), np.array([0, 1])))
    assert values(rows) == [({"a": 1, "b": 3}, 0), ({"a": 2, "b": 4}, 1)]


def test_functions_that_work_in_place_change_no_later_pass() -> None:
    def halve(row: Any) -> Any:
        row /= 2
        return row

    source = np.full((4, 2), 8.0)
    rows = Dataset.from_tensor_slices(source)
    for data in (
        rows.map(halve),
        rows.batch(2).map(halve),
        rows.cache().map(halve),
        rows.batch(4).cache().map(halve),
        Dataset.from_tensors(source).map(halve),
        keras.utils.split_dataset(rows.shuffle(4), 0.5)[0].map(halve),
    ):
        for _ in range(3):
            assert all(np.all(element == 4) for element in data)
    assert np.all(source == 8)
