"""Hashes against TensorFlow's and the reference; layers that put categories into bins by them."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.layers import HashedCrossing, Hashing
from oxhorn.layers.preprocessing.fingerprints import combine, fingerprints, to_buckets
from oxhorn.layers.preprocessing.hashed_crossing import _START
from oxhorn.testing.reference import features as ref

KNOWN = json.loads((Path(__file__).parent / "tensorflow_hashes.json").read_text("utf-8"))
TEXTS = [*((string.ascii_lowercase * 40)[:n] for n in KNOWN["lengths"]), *KNOWN["others"]]
MANY = 2**61 - 1


def test_hashes_are_those_of_tensorflow() -> None:
    texts = np.array(TEXTS, object)
    assert to_buckets(texts, MANY).tolist() == KNOWN["farmhash"]
    assert to_buckets(texts, MANY, [133, 137]).tolist() == KNOWN["siphash"]
    numbers = np.arange(len(texts)) * 7 - 40
    start = np.full(len(texts), _START, np.uint64)
    words = combine(combine(start, fingerprints(texts)), numbers.astype(np.uint64))
    assert (words % np.uint64(MANY)).tolist() == KNOWN["crossed"]


def test_the_reference_says_the_same() -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcäöü"), n)) for n in range(9) for _ in range(4)]
    assert to_buckets(np.array(texts, object), MANY).tolist() == ref.hashing(texts, MANY).tolist()
    salted = to_buckets(np.array(texts, object), MANY, [7, 2**63 + 5])
    assert salted.tolist() == ref.hashing(texts, MANY, [7, 2**63 + 5]).tolist()
    numbers = rng.integers(-(2**40), 2**40, (4, 5))
    np.testing.assert_array_equal(Hashing(11)(numbers).numpy(), ref.hashing(numbers, 11))
    np.testing.assert_array_equal(
        Hashing(11, mask_value=int(numbers[1, 1]))(numbers).numpy(),
        ref.hashing(numbers, 11, mask_value=int(numbers[1, 1])),
    )
    words = rng.choice(["red", "green", "blue"], 6)
    places = rng.integers(-3, 3, 6)
    np.testing.assert_array_equal(
        HashedCrossing(9)((words, places, words)).numpy(), ref.hashed_crossing([words, places, words], 9)
    )


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([["A"], ["B"], ["C"], ["D"], ["E"]], [[1], [0], [1], [1], [2]]),  # from Keras's documentation
        (np.array([0, 1, 2, 3, 4]), [1, 0, 1, 0, 2]),
        (np.array([0.9, 1.2]), [1, 0]),
        (np.array([b"A", b"B"]), [1, 0]),
        ("C", 1),
        (np.zeros((0, 2), "int32"), np.zeros((0, 2))),
    ],
)
def test_bins(inputs: Any, expected: Any) -> None:
    bins = Hashing(3)(inputs)
    assert bins.dtype == "int64"
    np.testing.assert_array_equal(bins.numpy(), expected)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(4,), (4, 1), (3, 4), (2, 3, 4)])
def test_shapes_and_vectors(mode: str, shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape)).reshape(shape)
    layer = Hashing(5, output_mode=mode, dtype="int32" if mode == "int" else "float64")
    y = layer(x)
    assert y.dtype == layer.compute_dtype
    assert tuple(y.shape) == layer.compute_output_shape(shape)
    symbolic = layer(keras.Input(shape[1:], dtype="string")).shape
    # In vectors for a sample, an array of one axis is one sample.
    first = 0 if len(shape) == 1 and mode in ("multi_hot", "count") else 1
    assert symbolic[first:] == tuple(y.shape)[first:]
    bins = ref.hashing(x, 5)
    np.testing.assert_array_equal(y.numpy(), bins if mode == "int" else ref.category_encoding(bins, 5, mode))


def test_crossing() -> None:
    words, numbers = np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])
    assert HashedCrossing(5)((words, numbers)).numpy().tolist() == [
        1,
        4,
        1,
        1,
        3,
    ]  # from Keras's documentation
    layer = HashedCrossing(5, output_mode="one_hot")
    assert layer([words[:, None], numbers[:, None]]).numpy().argmax(-1).tolist() == [1, 4, 1, 1, 3]
    assert layer.compute_output_shape([(None, 1), (None, 1)]) == (None, 5)
    assert HashedCrossing(10)(("A", np.array(101))).shape == ()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Hashing(None), "cannot be `None` or non-positive"),
        (lambda: Hashing(0), "cannot be `None` or non-positive"),
        (lambda: Hashing(1.5), "whole number"),
        (lambda: Hashing(2**40), "num_bins"),
        (lambda: Hashing(3, output_mode="two_hot"), "Expected one of"),
        (lambda: Hashing(3, dtype="float32"), "should be an integer type"),
        (lambda: Hashing(3, salt=[1, 2, 3]), "tuple of size 2"),
        (lambda: Hashing(3, salt=True), "tuple of size 2"),
        (lambda: Hashing(3, sparse=True), "`sparse`"),
        (lambda: Hashing(3, mask_value=0)(["a"]), "no text"),
        (lambda: Hashing(3, mask_value="a")([1]), "is text"),
        (lambda: Hashing(3)(np.array([1.0, np.nan])), "strings or whole numbers"),
        (lambda: Hashing(3)(["a", None]), "strings or whole numbers|expected text"),
        (lambda: HashedCrossing(3)(np.array([1])), "list or tuple"),
        (lambda: HashedCrossing(3)([np.array([1])]), "at least two"),
        (lambda: HashedCrossing(3)([np.array([1]), np.array([1, 2])]), "equal shape"),
        (lambda: HashedCrossing(3)([np.ones((2, 2), int)] * 2), "should have shape"),
        (lambda: HashedCrossing(3)([np.array([1.0])] * 2), "integer or string"),
        (lambda: HashedCrossing(3, output_mode="count"), "output_mode"),
        (lambda: HashedCrossing(-1), "num_bins"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize(
    "layer",
    [Hashing(8), Hashing(8, mask_value="", salt=5, output_mode="count"), HashedCrossing(7, "one_hot")],
    ids=repr,
)
def test_config_round_trip(layer: Any) -> None:
    config = layer.get_config()
    assert type(layer).from_config(json.loads(json.dumps(config))).get_config() == config
