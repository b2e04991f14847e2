"""Penalties and projections of weights, by themselves and inside layers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import check_gradients
from oxhorn.testing import reference as ref

W = np.random.default_rng(3).normal(size=(4, 6)) * 2

REGULARIZERS: list[tuple[str, dict[str, Any]]] = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.2}),
    ("L1L2", {"l1": 0.3, "l2": 0.2}),
    ("L1L2", {}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.3, "mode": "columns"}),
]
CONSTRAINTS: list[tuple[str, dict[str, Any]]] = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 1, "axis": 1}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 2.0, "max_value": 3.0, "rate": 0.4, "axis": 1}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("WeightClip", {}),
    ("WeightClip", {"max_value": 0.5}),
    ("WeightClip", {"max_value": -0.5, "min_value": -1.5}),
]


def test_every_one_has_a_row() -> None:
    for module, base, rows in (
        (keras.regularizers, keras.regularizers.Regularizer, REGULARIZERS),
        (keras.constraints, keras.constraints.Constraint, CONSTRAINTS),
    ):
        public = {
            c.__name__
            for c in (getattr(module, name) for name in module.__all__)
            if isinstance(c, type) and issubclass(c, base)
        }
        assert len(public) > 3
        assert sorted(public - {base.__name__} - {name for name, _ in rows}) == []


@pytest.mark.parametrize(("name", "arguments"), REGULARIZERS, ids=str)
def test_regularizer(name: str, arguments: dict[str, Any]) -> None:
    penalty = getattr(keras.regularizers, name)(**arguments)
    expected = ref.regularizers.ALL[name](W, **arguments)
    np.testing.assert_allclose(float(penalty(_core.tensor(W))), expected, rtol=1e-7)
    np.testing.assert_allclose(float(penalty(_core.tensor(W.astype("float32")))), expected, rtol=1e-5)
    if arguments or name != "L1L2":
        check_gradients(penalty, W)
    config = penalty.get_config()
    assert type(penalty).from_config(config).get_config() == config
    revived = keras.regularizers.deserialize(json.loads(json.dumps(keras.regularizers.serialize(penalty))))
    assert revived.get_config() == config


@pytest.mark.parametrize(("name", "arguments"), CONSTRAINTS, ids=str)
def test_constraint(name: str, arguments: dict[str, Any]) -> None:
    project = getattr(keras.constraints, name)(**arguments)
    expected = ref.constraints.ALL[name](W, **arguments)
    np.testing.assert_allclose(np.asarray(project(_core.tensor(W))), expected, rtol=1e-7)
    config = project.get_config()
    assert type(project).from_config(config).get_config() == config
    revived = keras.constraints.deserialize(json.loads(json.dumps(keras.constraints.serialize(project))))
    assert revived.get_config() == config


@pytest.mark.parametrize("name", ["l1", "l2", "l1_l2"])
def test_regularizer_by_short_name(name: str) -> None:
    kind = {"l1": "L1", "l2": "L2", "l1_l2": "L1L2"}[name]
    assert type(keras.regularizers.get(name)).__name__ == kind


def test_penalty_joins_the_loss() -> None:
    layer = keras.layers.Dense(
        2, kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1(0.5), dtype="float64"
    )
    model = keras.Sequential([keras.Input((3,), dtype="float64"), layer])
    rng = np.random.default_rng(0)
    k, b = rng.normal(size=(3, 2)), rng.normal(size=2)
    layer.set_weights([k, b])
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    penalty = 0.01 * np.sum(k * k) + 0.5 * np.sum(np.abs(b))
    np.testing.assert_allclose(float(sum(float(v) for v in model.losses)), penalty, rtol=1e-12)
    model.compile(keras.optimizers.SGD(0.125), "mse")
    expected = np.mean((x @ k + b - y) ** 2) + penalty
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), expected, rtol=1e-7)
    history = model.fit(x, y, batch_size=5, epochs=1, verbose=0)
    np.testing.assert_allclose(history.history["loss"][0], expected, rtol=1e-7)
    error = 2 * (x @ k + b - y) / y.size
    new_k = k - 0.125 * (x.T @ error + 0.02 * k)
    np.testing.assert_allclose(layer.get_weights()[0], new_k, rtol=1e-10)


def test_constraint_holds_during_fit() -> None:
    layer = keras.layers.Dense(2, kernel_constraint="non_neg", bias_constraint=keras.constraints.MaxNorm(0.1))
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(20, 3)), 5 + rng.normal(size=(20, 2)), batch_size=4, epochs=2, verbose=0)
    k, b = layer.get_weights()
    assert (k >= 0).all()
    assert np.linalg.norm(b) <= 0.1 + 1e-6


def test_weights_of_a_critic_are_clipped() -> None:
    clip = keras.constraints.WeightClip(0.05)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "relu", kernel_constraint=clip, bias_constraint=clip),
            keras.layers.Dense(1, kernel_constraint="weight_clip"),
        ]
    )
    model.compile(keras.optimizers.RMSprop(0.1), "mse")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(20, 3)), 5 + rng.normal(size=(20, 1)), batch_size=4, epochs=2, verbose=0)
    kernel, bias, last, free = model.get_weights()
    for weight, bound in ((kernel, 0.05), (bias, 0.05), (last, 0.01)):
        assert np.abs(weight).max() == np.float32(bound)
    assert np.abs(free).max() > 0.05


@pytest.mark.parametrize(
    "arguments",
    [{"max_value": -1.0}, {"max_value": 0.0, "min_value": 1.0}, {"max_value": float("nan")}],
    ids=str,
)
def test_bounds_the_wrong_way_round(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"WeightClip: expected .*max_value.*Received"):
        keras.constraints.WeightClip(**arguments)


def test_orthogonal_penalty_says_what_it_takes() -> None:
    with pytest.raises(ValueError, match=r"rank 2\. Received: inputs\.shape=\(4, 4, 4\)") as error:
        keras.regularizers.OrthogonalRegularizer()(np.zeros((4, 4, 4)))
    assert "kernels of Dense layers" in error.value.__notes__[0]


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal_penalty_of_orthogonal_vectors(mode: str) -> None:
    penalty = keras.regularizers.OrthogonalRegularizer(1.0, mode)
    q = np.asarray(keras.initializers.Orthogonal(seed=1)((5, 3), dtype="float64"))
    assert float(penalty(q if mode == "columns" else q.T)) == pytest.approx(0.0, abs=1e-12)
    assert float(penalty(np.ones((3, 3)))) == pytest.approx(1.0)
