"""pad_sequences, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras

A = [[1], [2, 3], [4, 5, 6]]
TABLE: list[tuple[dict[str, Any], Any]] = [
    ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
    ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [4, 5, 6]]),
    ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6]]),
    ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5]]),
    ({"maxlen": 4, "padding": "post", "value": -1}, [[1, -1, -1, -1], [2, 3, -1, -1], [4, 5, 6, -1]]),
    ({"dtype": "float32", "value": 0.5}, [[0.5, 0.5, 1.0], [0.5, 2.0, 3.0], [4.0, 5.0, 6.0]]),
]


@pytest.mark.parametrize(("arguments", "right"), TABLE, ids=[str(a) for a, _ in TABLE])
def test_numbers(arguments: dict[str, Any], right: Any) -> None:
    result = keras.utils.pad_sequences(A, **arguments)
    np.testing.assert_array_equal(result, right)
    assert result.dtype == arguments.get("dtype", "int32")
    assert keras.preprocessing.sequence.pad_sequences is keras.utils.pad_sequences


def test_texts_vectors_and_nothing() -> None:
    texts = keras.utils.pad_sequences([["a"], ["b", "long"]], dtype=object, value="pad")
    assert texts.tolist() == [["pad", "a"], ["b", "long"]]
    vectors = keras.utils.pad_sequences([[], [[1, 1]], np.full((3, 2), 2)], maxlen=2)
    assert vectors.tolist() == [[[0, 0], [0, 0]], [[0, 0], [1, 1]], [[2, 2], [2, 2]]]
    assert keras.utils.pad_sequences([]).shape == (0, 0)
    assert keras.utils.pad_sequences([[], []]).shape == (2, 0)


@pytest.mark.parametrize(
    ("sequences", "arguments", "text"),
    [
        (3, {}, "`sequences` must be iterable"),
        ([1, 2], {}, "Found non-iterable: 1"),
        (A, {"padding": "both"}, "`padding` to be one of 'pre', 'post'"),
        (A, {"truncating": "x"}, "`truncating` to be one of 'pre', 'post'"),
        (A, {"maxlen": 0}, "`maxlen` to be a positive integer"),
        (A, {"value": "pad"}, "`dtype` int32 is not compatible with `value`'s type"),
        ([[[1, 2]], [[1, 2, 3]]], {}, r"the shape \(2,\) of the first sequence; got .*\(3,\)"),
    ],
)
def test_what_is_refused(sequences: Any, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        keras.utils.pad_sequences(sequences, **arguments)
