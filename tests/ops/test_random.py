"""Random ops: moments, bounds, independence; the same key gives the same numbers, another key others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from oxhorn import _core
from oxhorn.testing import check_gradients
from tests.ops.rows_random import ROWS, RandomRow

N = 60000


def key(seed: int = 3, counter: int = 5) -> _core.Tensor:
    return _core.tensor(np.array([seed, counter], "int64"))


def draw(row: RandomRow, dtype: str, shape: tuple[int, ...] = (200, 300), **of: int) -> np.ndarray:
    return _core.apply(row.op, [key(**of)], {**row.attrs, "shape": list(shape), "dtype": dtype}).numpy()


every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.op}-{row.attrs}".replace(" ", ""))


@every_row
def test_moments(row: RandomRow) -> None:
    for dtype in row.dtypes:
        x = draw(row, dtype)
        assert x.shape == (200, 300)
        assert x.dtype == dtype
        assert abs(x.mean() - row.mean) < 5 * row.stddev / math.sqrt(N)
        assert abs(x.std() / row.stddev - 1) < 5 / math.sqrt(N)
        assert row.low <= x.min()
        assert x.max() <= row.high


@every_row
def test_key_decides(row: RandomRow) -> None:
    dtype = row.dtypes[0]
    a = draw(row, dtype)
    np.testing.assert_array_equal(a, draw(row, dtype))
    for other in (draw(row, dtype, seed=4), draw(row, dtype, counter=6)):
        assert not np.array_equal(a, other)
        correlation = np.corrcoef(a.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 5 / math.sqrt(N)


@every_row
def test_neighbours_are_independent(row: RandomRow) -> None:
    x = draw(row, row.dtypes[0]).astype(float)
    for a, b in ((x[1:], x[:-1]), (x[:, 1:], x[:, :-1]), (x[:, 4:], x[:, :-4])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / math.sqrt(a.size)


@every_row
def test_traced_with_the_shape_of_another(row: RandomRow) -> None:
    graph = _core.Graph()
    with graph:
        k, like = graph.input((2,), "int64"), graph.input((None, 7), "float32")
        program = graph.compile([_core.apply(row.op, [k, like], {**row.attrs, "dtype": row.dtypes[0]})])
    for n in (1, 5):
        [x] = program.run([np.array([3, 5]), np.zeros((n, 7), "float32")])
        np.testing.assert_array_equal(x, draw(row, row.dtypes[0], (n, 7)))


def dropped(x: Any, rate: float, **attrs: Any) -> _core.Tensor:
    return _core.apply("dropout", [key(), x], {"rate": rate, **attrs})


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout(rate: float) -> None:
    x = np.random.default_rng(0).normal(size=(200, 300))
    y = dropped(_core.tensor(x), rate).numpy()
    kept = y != 0
    np.testing.assert_allclose(y[kept], (x / (1 - rate))[kept], rtol=1e-12)
    assert abs(kept.mean() - (1 - rate)) < 5 * math.sqrt(rate * (1 - rate) / N)
    check_gradients(lambda v: dropped(v, rate), x[:6, :7])


def test_dropout_rate_zero_is_identity() -> None:
    x = np.random.default_rng(0).normal(size=(5, 6))
    np.testing.assert_array_equal(dropped(_core.tensor(x), 0.0).numpy(), x)


def test_dropout_with_noise_shape() -> None:
    y = dropped(_core.tensor(np.ones((50, 40))), 0.5, noise_shape=[None, 1]).numpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    assert (y == y[:, :1]).all()
    assert 0 < (y[:, 0] > 0).mean() < 1


def test_shuffle() -> None:
    x = np.arange(1000)
    y = _core.apply("random_shuffle", [key(), _core.tensor(x)], {"axis": 0}).numpy()
    np.testing.assert_array_equal(np.sort(y), x)
    assert (y != x).mean() > 0.9
    rows = _core.apply("random_shuffle", [key(), _core.tensor(x.reshape(100, 10))], {"axis": 0}).numpy()
    assert {tuple(r) for r in rows} == {tuple(r) for r in x.reshape(100, 10)}


def test_categorical() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    logits = np.log(np.maximum(p, 1e-30))
    y = _core.apply("random_categorical", [key(), _core.tensor(logits)], {"num_samples": 20000}).numpy()
    assert y.shape == (2, 20000)
    for row, right in zip(y, p, strict=True):
        share = np.bincount(row, minlength=3) / 20000
        assert (np.abs(share - right) <= 5 * np.sqrt(right * (1 - right) / 20000)).all()


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("random_uniform", {"minval": 2.0, "maxval": 1.0}),
        ("random_normal", {"stddev": -1.0}),
        ("random_bernoulli", {"probability": 1.5}),
        ("random_randint", {"minval": 3, "maxval": 3}),
    ],
)
def test_bad_parameters(op: str, attrs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=op):
        _core.apply(op, [key()], {**attrs, "shape": [3]})


def test_bad_key() -> None:
    for bad in (np.array([1.0, 2.0]), np.array([1, 2, 3]), np.array(5)):
        with pytest.raises((ValueError, TypeError), match="key"):
            _core.apply("random_uniform", [_core.tensor(bad)], {"shape": [3]})
