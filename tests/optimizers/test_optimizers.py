"""Fifty steps of every optimizer equal those of the NumPy reference, in float64."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.optimizers.rule_optimizer import RuleOptimizer
from oxhorn.testing import reference as ref
from tests.optimizers.trajectories import (
    ALL_AROUND,
    CASES,
    PEER_ROWS,
    gradients,
    make,
    peer_gradients,
    peer_start,
    start,
    variables,
)

every_case = pytest.mark.parametrize(
    ("name", "arguments"), CASES, ids=[f"{n}-{a}".replace(" ", "") for n, a in CASES]
)


def test_every_optimizer_has_a_case() -> None:
    assert CASES
    kinds = {name for name in keras.optimizers.__all__ if name[0].isupper()}
    # Those around others, and the one that wants a function instead of gradients, have files of their own.
    names = {*_core.optimizer_names(), *kinds}
    names -= {
        "Optimizer",
        "LossScaleOptimizer",
        "MultiOptimizer",
        "LBFGS",
        "LearningRateSchedule",
        "OptimizerMap",
    }
    assert len(names) >= 17
    assert sorted(names - {name for name, _ in CASES}) == []


@every_case
def test_trajectory(name: str, arguments: dict[str, Any]) -> None:
    weights = start()
    optimizer, right = make(name, arguments), ref.optimizers.ALL[name](learning_rate=0.0625, **arguments)
    vs = variables(weights, rows=name == "SparseAdam")
    for step in range(50):
        optimizer.apply([_core.tensor(g) for g in gradients(step)], vs)
        weights = right.step(weights, gradients(step))
        for v, w in zip(vs, weights, strict=True):
            np.testing.assert_allclose(v.numpy(), w, rtol=1e-10, atol=1e-12, err_msg=f"step {step}")
    assert int(optimizer._iterations.numpy()) == 50
    if arguments.get("use_ema"):
        optimizer.finalize_variable_values(vs)
        for v, average in zip(vs, right.averages, strict=True):
            np.testing.assert_allclose(v.numpy(), average, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("row", PEER_ROWS, ids=lambda row: f"{row['optimizer']}-{row['arguments']}")
def test_trajectory_of_peers(row: dict[str, Any]) -> None:
    optimizer, vs = make(row["optimizer"], row["arguments"]), variables(peer_start())
    for step in range(50):
        optimizer.apply([_core.tensor(g) for g in peer_gradients(step)], vs)
        right = row["weights"].get(str(step + 1))
        if right is not None:
            got = np.concatenate([v.numpy().ravel() for v in vs])
            np.testing.assert_allclose(got, right, rtol=1e-8, atol=1e-10, err_msg=f"step {step + 1}")


@every_case
def test_trajectory_in_float32(name: str, arguments: dict[str, Any]) -> None:
    weights = start()
    optimizer, right = make(name, arguments), ref.optimizers.ALL[name](learning_rate=0.0625, **arguments)
    vs = variables(weights, "float32", rows=name == "SparseAdam")
    for step in range(5):
        optimizer.apply([_core.tensor(g.astype("float32")) for g in gradients(step)], vs)
        weights = right.step(weights, gradients(step))
    for v, w in zip(vs, weights, strict=True):
        assert v.dtype == "float32"
        np.testing.assert_allclose(v.numpy(), w, rtol=1e-4, atol=1e-5)


@every_case
def test_config_round_trip(name: str, arguments: dict[str, Any]) -> None:
    optimizer = make(name, arguments)
    again = type(optimizer).from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()
    revived = keras.optimizers.deserialize(json.loads(json.dumps(keras.optimizers.serialize(optimizer))))
    assert type(revived) is type(optimizer)
    assert revived.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    ("name", "arguments", "slots"),
    [
        ("SGD", {}, []),
        ("SGD", {"momentum": 0.9}, ["a_momentum", "b_momentum"]),
        ("RMSprop", {}, ["a_velocity", "b_velocity"]),
        (
            "RMSprop",
            {"momentum": 0.9, "centered": True},
            [
                "a_velocity",
                "b_velocity",
                "a_momentum",
                "b_momentum",
                "a_average_gradient",
                "b_average_gradient",
            ],
        ),
        ("Adam", {}, ["a_momentum", "a_velocity", "b_momentum", "b_velocity"]),
        (
            "Adam",
            {"amsgrad": True},
            ["a_momentum", "a_velocity", "b_momentum", "b_velocity", "a_velocity_hat", "b_velocity_hat"],
        ),
        ("Adagrad", {}, ["a_accumulator", "b_accumulator"]),
        (
            "Adadelta",
            {},
            [
                "a_accumulated_grad",
                "a_accumulated_delta_var",
                "b_accumulated_grad",
                "b_accumulated_delta_var",
            ],
        ),
        ("Adamax", {}, ["a_momentum", "a_norm", "b_momentum", "b_norm"]),
        ("Nadam", {}, ["a_momentum", "a_velocity", "b_momentum", "b_velocity", "variable"]),
        ("Ftrl", {}, ["a_accumulator", "a_linear", "b_accumulator", "b_linear"]),
        ("Lion", {}, ["a_momentum", "b_momentum"]),
        ("Adafactor", {}, ["a", "a", "a_velocity", "b", "b", "b_velocity"]),
        ("Lamb", {}, ["a_momentum", "a_velocity", "b_momentum", "b_velocity"]),
        ("Muon", {}, ["a_momentum", "b_momentum", "b_velocity"]),
        ("ScheduleFreeAdamW", {}, ["a_momentum", "a_velocity", "b_momentum", "b_velocity"]),
        (
            "Nadam",
            {"use_ema": True, "gradient_accumulation_steps": 2},
            [
                *["a_average", "b_average", "a_gradient_accumulator", "b_gradient_accumulator"],
                *["a_momentum", "a_velocity", "b_momentum", "b_velocity", "variable"],
            ],
        ),
    ],
)
def test_variables_as_keras_orders_them(name: str, arguments: dict[str, Any], slots: list[str]) -> None:
    optimizer = getattr(keras.optimizers, name)(**arguments)
    optimizer.build([keras.Variable(np.zeros((2, 3)), name="a"), keras.Variable(np.zeros(3), name="b")])
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", *slots]


def test_excluded_from_weight_decay() -> None:
    optimizer = keras.optimizers.SGD(0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    kernel, bias = (keras.Variable(np.ones(2), dtype="float64", name=n) for n in ("kernel", "bias"))
    optimizer.apply([_core.tensor(np.zeros(2))] * 2, [kernel, bias])
    np.testing.assert_allclose(kernel.numpy(), 0.95)
    np.testing.assert_array_equal(bias.numpy(), 1.0)


def test_constraint_after_the_update() -> None:
    w = keras.Variable(np.array([1.0, -1.0]), dtype="float64", name="w")
    w.constraint = keras.constraints.NonNeg()
    keras.optimizers.SGD(0.5).apply([_core.tensor(np.array([4.0, 0.0]))], [w])
    np.testing.assert_array_equal(w.numpy(), [0.0, 0.0])


ALONE_AND_TOGETHER = [
    (name, arguments)
    for name, arguments in CASES
    # Tables of embeddings have a test of their own.
    if name != "SparseAdam"
    and (not {*arguments} & {*ALL_AROUND} or {*arguments} >= {*ALL_AROUND} or name in ("AdamW", "Adam"))
]


@pytest.mark.parametrize(
    ("name", "arguments"),
    ALONE_AND_TOGETHER,
    ids=[f"{n}-{a}".replace(" ", "") for n, a in ALONE_AND_TOGETHER],
)
def test_inside_fit(name: str, arguments: dict[str, Any]) -> None:
    """fit moves the weights exactly as the reference does with the gradient of the mean squared error."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    layer = keras.layers.Dense(1, use_bias=False, dtype="float64")
    model = keras.Sequential([keras.Input((3,), dtype="float64"), layer])
    w = rng.normal(size=(3, 1))
    layer.set_weights([w])
    right = ref.optimizers.ALL[name](learning_rate=0.0625, **arguments)
    optimizer = make(name, arguments)
    calls = count_calls(optimizer)
    model.compile(optimizer, loss="mse")
    model.fit(x, y, batch_size=4, epochs=4, shuffle=False, verbose=0)
    assert len(calls) <= 2, "the rule is traced, not called at every step"
    for _ in range(4):
        for part in (slice(0, 4), slice(4, 8)):
            error = x[part] @ w - y[part]
            [w] = right.step([w], [2 * x[part].T @ error / 4])
    if arguments.get("use_ema"):
        [w] = right.averages  # Keras leaves the averages in the model when fit ends
    np.testing.assert_allclose(layer.get_weights()[0], w, rtol=1e-9, atol=1e-11)


def count_calls(optimizer: Any) -> list[None]:
    """Grows with each call of `update_step` by Python; for rules of the core there is none to count."""
    calls: list[None] = []
    if not isinstance(optimizer, RuleOptimizer):
        rule = optimizer.update_step

        def counted(*arguments: Any) -> None:
            calls.append(None)
            rule(*arguments)

        optimizer.update_step = counted
    return calls
