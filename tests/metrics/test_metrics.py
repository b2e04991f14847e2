"""Every metric: the value over a stream of batches is the value over everything at once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import reference as ref
from tests.metrics.rows import ROWS, WEIGHT, MetricRow, P, Q, T

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def make(row: MetricRow, **more: Any) -> keras.metrics.Metric:
    return getattr(keras.metrics, row.metric)(**row.arguments, **more)


def expected(row: MetricRow, weight: np.ndarray | None) -> np.ndarray:
    return np.asarray(ref.metrics.ALL[row.metric](*row.data, weight, **row.arguments))


def feed(
    metric: keras.metrics.Metric, row: MetricRow, weight: np.ndarray | None, batches: list[slice]
) -> np.ndarray:
    for part in batches:
        metric.update_state(
            *[d[part] for d in row.data], sample_weight=None if weight is None else weight[part]
        )
    return np.asarray(metric.result())


def test_every_metric_has_a_row() -> None:
    assert ROWS
    names = set(_core.metric_names())
    assert names
    known = {row.metric for row in ROWS}
    functions = set(ref.losses.ALL) | {
        "binary_accuracy",
        "categorical_accuracy",
        "sparse_categorical_accuracy",
        "top_k_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
        "accuracy",
    }
    assert sorted(names - known - functions) == []
    public = {
        n
        for n, c in ((name, getattr(keras.metrics, name)) for name in keras.metrics.__all__)
        if isinstance(c, type) and issubclass(c, keras.metrics.Metric)
    }
    assert sorted(public - known - {"Metric", "MeanMetricWrapper"}) == []


@every_row
@pytest.mark.filterwarnings("ignore:.*sample weights are `float`")
@pytest.mark.parametrize("weighted", [False, True])
def test_value(row: MetricRow, weighted: bool) -> None:
    weight = WEIGHT if weighted else None
    got = feed(make(row, dtype="float64"), row, weight, [slice(None)])
    np.testing.assert_allclose(got, expected(row, weight), rtol=1e-7, atol=1e-9)
    got = feed(make(row), row, weight, [slice(None)])
    np.testing.assert_allclose(got, expected(row, weight), rtol=1e-4, atol=1e-5)


@every_row
@pytest.mark.parametrize("weighted", [False, True])
def test_streamed(row: MetricRow, weighted: bool) -> None:
    """Batches of unequal size, after something else and a reset."""
    weight = WEIGHT if weighted else None
    metric = make(row, dtype="float64")
    feed(metric, row, weight, [slice(3, 9)])
    metric.reset_state()
    got = feed(metric, row, weight, [slice(0, 7), slice(7, 8), slice(8, 20), slice(20, None)])
    right = expected(row, weight)
    np.testing.assert_allclose(got, right, rtol=1e-7, atol=1e-9)


@every_row
def test_reset_clears(row: MetricRow) -> None:
    metric = make(row)
    feed(metric, row, None, [slice(None)])
    metric.reset_state()
    assert all(not np.asarray(v).any() for v in metric.variables)


@every_row
def test_config_round_trip(row: MetricRow) -> None:
    metric = make(row, name="mine")
    again = type(metric).from_config(metric.get_config())
    assert again.get_config() == metric.get_config()
    revived = keras.metrics.deserialize(json.loads(json.dumps(keras.metrics.serialize(metric))))
    assert type(revived) is type(metric)
    np.testing.assert_array_equal(
        feed(revived, row, None, [slice(None)]), feed(metric, row, None, [slice(None)])
    )


@every_row
def test_inside_evaluate(row: MetricRow) -> None:
    """The same number when the metric is traced and run by evaluate."""
    if len(row.data) == 1 or row.data[1].ndim != 2:
        pytest.skip("needs predictions that a model can give")
    x = row.data[1].astype("float64")
    inputs = keras.Input(x.shape[1:], dtype="float64")
    model = keras.Model(inputs, keras.layers.Activation("linear", dtype="float64")(inputs))
    model.compile(loss=None, metrics=[make(row, dtype="float64", name="m")])
    logs = model.evaluate(x, row.data[0], batch_size=7, verbose=0, return_dict=True)
    np.testing.assert_allclose(np.asarray(logs["m"]), expected(row, None), rtol=1e-7, atol=1e-9)


def test_mask_of_the_predictions() -> None:
    predicted = _core.tensor(Q.reshape(6, 5, 5))
    mask = np.random.default_rng(1).integers(0, 2, (6, 5)).astype(bool)
    predicted._keras_mask = _core.tensor(mask)
    truth = np.random.default_rng(2).integers(0, 5, (6, 5))
    metric = keras.metrics.SparseCategoricalAccuracy(dtype="float64")
    metric.update_state(truth, predicted)
    hit = truth == Q.reshape(6, 5, 5).argmax(-1)
    np.testing.assert_allclose(float(metric.result()), hit[mask].mean(), rtol=1e-12)


def test_metric_called_returns_result() -> None:
    metric = keras.metrics.BinaryAccuracy(dtype="float64")
    assert float(metric(T, P)) == float(metric.result())


def test_nothing_seen_is_zero() -> None:
    assert float(keras.metrics.Mean().result()) == 0.0


@pytest.mark.parametrize("name", ["TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"])
@pytest.mark.parametrize("k", [0, -1, 2.5, "3"])
def test_how_many_of_the_best(name: str, k: Any) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected `k` to be a positive integer"):
        getattr(keras.metrics, name)(k=k)
