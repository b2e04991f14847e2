"""Indexing of tensors, variables and symbolic tensors, and what cannot be known before values are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops

X = np.random.default_rng(0).normal(size=(3, 4, 5))
I, J = np.array([0, 2]), np.array([[1], [2]])  # noqa: E741
KEYS: list[Any] = [
    0,
    -1,
    (1, 2),
    np.s_[1:, ::-1, ::2],
    np.s_[..., None, 1],
    np.s_[10:],
    np.s_[2:0:-1, 3:0:-2],
    (),
    Ellipsis,
    np.int64(2),
    np.array(1),
    I,
    [0, 1],
    np.s_[:, I],
    np.s_[:, :, I],
    np.s_[I, J],
    np.s_[I, :, J],
    np.s_[0, :, I],
    np.s_[:, 0, I],
    np.s_[I, ..., None, J],
    np.s_[:, I, None, J],
    np.s_[J, 1:3, I],
    np.s_[[0, 1], [1, 2], [2, 3]],
    np.s_[:, [0, -1], None],
    X[:, :, 0] > 0,
    X > 0,
    np.s_[X[:, :, 0] > 0, 0],
    np.s_[:, np.array([True, False, True, True])],
    [],
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_as_numpy(key: Any) -> None:
    for x in (_core.tensor(X), keras.Variable(X, dtype="float64")):
        np.testing.assert_array_equal(x[key].numpy(), X[key])


def test_traced_and_symbolic() -> None:
    graph = _core.Graph()
    with graph:
        x, i, at = (
            graph.input((None, 4, 5), "float64"),
            graph.input((None,), "int32"),
            graph.input((), "int32"),
        )
        outputs = [x[i], x[at], x[:, at], x[i, :, i], x[:, 0, i], x[0], x[:, None, -1]]
        program = graph.compile(outputs)
    got = program.run([X, I.astype("int32"), np.int32(1)])
    expected = [X[I], X[1], X[:, 1], X[I, :, I], X[:, 0, I], X[0], X[:, None, -1]]
    for y, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(y, e)

    inputs = keras.Input((4, 5), dtype="float64")
    parts = [
        inputs[:, 1:3],
        inputs[:, ::-1, None, 2],
        inputs[..., [0, 3]],
        ops.get_item(inputs, (slice(None), -1)),
    ]
    assert [p.shape for p in parts] == [(None, 2, 5), (None, 4, 1), (None, 4, 2), (None, 5)]
    for y, e in zip(
        keras.Model(inputs, parts).predict(X, verbose=0),
        [X[:, 1:3], X[:, ::-1, None, 2], X[..., [0, 3]], X[:, -1]],
        strict=True,
    ):
        np.testing.assert_array_equal(y, e)


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (3, IndexError, r"index in \[-3, 3\) for axis 0; got 3"),
        ((0, 0, 0, 0), IndexError, "too many indices"),
        ("a", IndexError, "got str"),
        (1.5, IndexError, "got float"),
        (True, IndexError, "got bool"),
        (np.s_[0.5:], TypeError, "integers or None"),
        (np.s_[::0], ValueError, "step other than 0"),
        ((..., ...), IndexError, "one ellipsis"),
        (np.array([1.5]), IndexError, "array of float64"),
        (np.array([7]), IndexError, "got 7"),
        (np.zeros((2, 2), bool), IndexError, "mask of size 3 along axis 0; got one of size 2"),
    ],
    ids=str,
)
def test_bad_keys(key: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        _core.tensor(X)[key]


def test_symbolic_keys_that_do_not_fit_are_value_errors() -> None:
    inputs = keras.Input((4, 5))
    for key in (np.s_[:, 17], np.s_[..., 5, ...], np.s_[:, :, :, :]):
        with pytest.raises(ValueError, match="index"):
            ops.get_item(inputs, key)


def test_masks_need_values() -> None:
    inputs = keras.Input((4,))
    with pytest.raises((IndexError, ValueError), match="boolean mask"):
        inputs[inputs > 0]


@pytest.mark.parametrize(
    "function",
    [ops.nonzero, ops.unique, lambda x: ops.segment_sum(x, x)],
    ids=["nonzero", "unique", "segment_sum"],
)
def test_sizes_that_depend_on_values(function: Any) -> None:
    """A symbolic tensor stands for the result; a compiled model refuses to run, and says what to do."""
    inputs = keras.Input(batch_shape=(6,), dtype="int32")
    outputs = function(inputs)
    outputs = outputs[0] if isinstance(outputs, tuple) else outputs
    assert outputs.shape == (None,)
    model = keras.Model(inputs, outputs)
    with pytest.raises(ValueError, match="run_eagerly=True"):
        model.predict(np.array([0, 1, 1, 0, 2, 1]), batch_size=6, verbose=0)


def test_unique() -> None:
    x = np.array([[3, 1, 2], [1, 1, 2], [3, 1, 2]])
    for axis in (None, 0, 1):
        got = ops.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
        right = np.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
        for y, e in zip(got, right, strict=True):
            np.testing.assert_array_equal(y.numpy(), e.reshape(y.shape))
    assert ops.unique(np.array([1.0, np.nan, 2.0, np.nan])).shape == (4,)
    values, counts = ops.unique([5, 4], size=4, return_counts=True)
    assert values.numpy().tolist() == [4, 5, 4, 4]
    assert counts.numpy().tolist() == [1, 1, 0, 0]


def test_bad_arguments() -> None:
    for call, message in [
        (lambda: ops.scatter([[0]], [1.0, 2.0], (4,)), r"updates of shape \(1,\)"),
        (lambda: ops.scatter_update([1.0], [[0]], [2.0], reduction="xor"), "reduction"),
        (lambda: ops.slice([1, 2, 3], [0, 0], [1]), "dimensions in `start_indices` must match"),
        (lambda: ops.slice([1, 2, 3], [0], [1, 1]), "dimensions in `inputs` must match"),
        (lambda: ops.segment_sum([1.0, 2.0], [[0, 1]]), "should be an 1-D vector"),
        (lambda: ops.segment_sum([1.0, 2.0], [0]), "same leading dimension"),
        (lambda: ops.bincount([-1, 2]), "at least 0"),
        (lambda: ops.histogram([[1.0]]), "1-dimensional"),
        (lambda: ops.histogram([1.0], bins=-5), "non-negative"),
        (lambda: ops.quantile([1.0, 2.0], 1.5), r"\[0, 1\]"),
        (lambda: ops.quantile([1.0, 2.0], 0.5, method="best"), "`method`"),
        (lambda: ops.argpartition([1, 2], (0, 1)), "kth must be an integer"),
        (lambda: ops.searchsorted([[1, 2]], 1), "1-D sorted"),
        (lambda: ops.searchsorted([1, 2], 1, side="up"), "`side`"),
        (lambda: ops.unravel_index([9], (2, 3)), r"\[0, 6\)"),
        (lambda: ops.einsum("ij,jk->ik", np.ones((2, 3)), np.ones((4, 2))), "one size for label 'j'"),
        (lambda: ops.multi_hot([1]), "`num_classes` must be specified"),
        (lambda: ops.where([True], 1.0), "`x1` and `x2`"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    for call, message in [
        (lambda: ops.scatter([[4]], [1.0], (4,)), r"\[-4, 4\) for axis 0"),
        (lambda: ops.slice([1, 2, 3], [2], [2]), "inside"),
        (lambda: ops.slice_update([1, 2, 3], _core.tensor([2]), [2, 3]), "inside"),
        (lambda: ops.segment_sum([1.0], [3], num_segments=2), r"\[0, 2\)"),
        (lambda: ops.take([1, 2], [2]), "got 2"),
    ]:
        with pytest.raises(IndexError, match=message):
            call()
    with pytest.raises(TypeError, match="integers"):
        ops.bitwise_and(1.5, 2.5)
    with pytest.raises(TypeError, match="can hold"):
        ops.scatter_update([1, 2], [[0]], [1.5])
