"""Every loss: values, gradients, weights, reductions, masks, configuration."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import reference as ref
from tests.losses.rows import LOGITS, ONE_HOT, REAL, ROWS, LossRow

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
TOLERANCES = {"float32": (2e-5, 1e-5), "float64": (1e-7, 1e-10)}


def make(row: LossRow, **more: Any) -> keras.losses.Loss:
    return getattr(keras.losses, row.loss)(**row.arguments, **more)


def expected(row: LossRow, dtype: str = "float64") -> np.ndarray:
    truth = row.y_true.astype(dtype).astype("float64") if row.y_true.dtype == float else row.y_true
    return np.asarray(
        ref.losses.ALL[row.function](truth, row.y_pred.astype(dtype).astype("float64"), **row.arguments)
    )


def test_every_loss_has_a_row() -> None:
    assert ROWS
    names = set(_core.loss_names())
    assert len(names) >= 15
    assert sorted(names - {row.function for row in ROWS}) == []
    classes = {
        name
        for name, value in ((name, getattr(keras.losses, name)) for name in keras.losses.__all__)
        if isinstance(value, type) and issubclass(value, keras.losses.Loss)
    }
    assert sorted(classes - {row.loss for row in ROWS} - {"Loss", "LossFunctionWrapper"}) == []


@every_row
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_function(row: LossRow, dtype: str) -> None:
    truth = row.y_true.astype(dtype) if row.y_true.dtype == float else row.y_true
    values = getattr(keras.losses, row.function)(truth, row.y_pred.astype(dtype), **row.arguments)
    rtol, atol = TOLERANCES[dtype]
    assert values.dtype == dtype
    np.testing.assert_allclose(np.asarray(values), expected(row, dtype), rtol=rtol, atol=atol)


@every_row
@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None]
)
def test_reductions(row: LossRow, reduction: str | None) -> None:
    loss = make(row, reduction=reduction, dtype="float64")
    values = expected(row)
    ignored = row.arguments.get("ignore_class")
    mask = None if ignored is None else row.y_true != ignored
    if row.loss == "Circle":
        mask = values > 0
    if row.loss == "TripletMargin" and row.arguments.get("mining", "semi_hard") is not None:
        mask = row.y_true.ravel() != 3  # this anchor has no positive
    got = loss(row.y_true, row.y_pred)
    right = ref.losses.reduce(values, mask=mask, reduction=reduction)
    np.testing.assert_allclose(np.asarray(got), right, rtol=1e-7, atol=1e-10)
    if values.ndim == 1 and row.arguments.get("axis") != 0:
        weight = np.random.default_rng(2).uniform(size=values.shape)
        for w in (weight, weight[:, None]):
            got = np.asarray(loss(row.y_true, row.y_pred, sample_weight=w))
            right = ref.losses.reduce(values, w, mask, reduction)
            assert got.shape == right.shape
            np.testing.assert_allclose(got, right, rtol=1e-7, atol=1e-10)


@every_row
def test_extreme_values_stay_finite(row: LossRow) -> None:
    assert np.isfinite(np.asarray(make(row)(row.y_true, row.y_pred))).all()


@every_row
def test_config_round_trip(row: LossRow) -> None:
    loss = make(row, name="mine", reduction="sum")
    again = type(loss).from_config(loss.get_config())
    assert again.get_config() == loss.get_config()
    revived = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert type(revived) is type(loss)
    assert revived.get_config() == loss.get_config()
    np.testing.assert_allclose(
        np.asarray(revived(row.y_true, row.y_pred)), np.asarray(loss(row.y_true, row.y_pred)), rtol=0, atol=0
    )


@every_row
def test_found_by_name(row: LossRow) -> None:
    assert type(keras.losses.get(row.loss)) is type(make(row))
    assert keras.losses.get(row.function) is getattr(keras.losses, row.function)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum", "none"])
def test_mask_of_the_predictions(reduction: str) -> None:
    rng = np.random.default_rng(4)
    y_true, y_pred = rng.normal(size=(3, 5, 2)), rng.normal(size=(3, 5, 2))
    mask = rng.integers(0, 2, (3, 5)).astype(bool)
    values = ref.losses.mean_squared_error(y_true, y_pred)
    for weight in (None, rng.uniform(size=(3, 5))):
        predicted = _core.tensor(y_pred)
        predicted._keras_mask = _core.tensor(mask)
        got = keras.losses.MeanSquaredError(reduction=reduction, dtype="float64")(y_true, predicted, weight)
        np.testing.assert_allclose(
            np.asarray(got), ref.losses.reduce(values, weight, mask, reduction), rtol=1e-7
        )


def test_a_row_twice_is_weight_two() -> None:
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, reduction="sum", dtype="float64")
    twice = np.concatenate([np.arange(6), [2, 4]])
    weight = np.array([1.0, 1, 2, 1, 2, 1])
    np.testing.assert_allclose(
        float(loss(ONE_HOT[twice], LOGITS[twice])), float(loss(ONE_HOT, LOGITS, weight)), rtol=1e-12
    )


def test_unit_and_zero_weights() -> None:
    loss = keras.losses.MeanSquaredError(reduction="sum", dtype="float64")
    y_true, y_pred = REAL
    assert float(loss(y_true, y_pred, np.ones(6))) == float(loss(y_true, y_pred))
    keep = np.array([1, 0, 1, 1, 0, 1], bool)
    np.testing.assert_allclose(
        float(loss(y_true, y_pred, keep.astype(float))), float(loss(y_true[keep], y_pred[keep])), rtol=1e-14
    )


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("bce", "binary_crossentropy"),
        ("kld", "kl_divergence"),
    ],
)
def test_short_names(name: str, function: str) -> None:
    assert keras.losses.get(name) is getattr(keras.losses, function)
