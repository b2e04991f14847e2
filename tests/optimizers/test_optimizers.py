"""Twenty steps of every optimizer equal those of the NumPy reference, in float64."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import reference as ref

RULES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.3, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-5}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 1e-3}),
]
COMMON: list[dict[str, Any]] = [
    {},
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 0.7},
    {"weight_decay": 0.05},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    {
        "clipnorm": 0.5,
        "weight_decay": 0.05,
        "use_ema": True,
        "ema_momentum": 0.9,
        "ema_overwrite_frequency": 5,
    },
]
CASES = [
    (name, {**rule, **common}) for name, rule in RULES for common in COMMON if not set(rule) & set(common)
]
every_case = pytest.mark.parametrize(
    ("name", "arguments"), CASES, ids=[f"{n}-{a}".replace(" ", "") for n, a in CASES]
)
SHAPES = [(4, 3), (3,), (), (2, 17, 3)]


def start(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=s) for s in SHAPES]


def gradients(step: int) -> list[np.ndarray]:
    rng = np.random.default_rng(100 + step)
    return [rng.normal(size=s) * 10.0 ** rng.uniform(-2, 1) for s in SHAPES]


def variables(values: list[np.ndarray], dtype: str = "float64") -> list[keras.Variable]:
    return [keras.Variable(v.astype(dtype), dtype=dtype, name=f"w{i}") for i, v in enumerate(values)]


def make(name: str, arguments: dict[str, Any]) -> keras.optimizers.Optimizer:
    return getattr(keras.optimizers, name)(learning_rate=0.0625, **arguments)


def test_every_optimizer_has_a_case() -> None:
    assert CASES
    names = set(_core.optimizer_names())
    assert len(names) >= 5
    assert sorted(names - {name for name, _ in CASES}) == []


@every_case
def test_trajectory(name: str, arguments: dict[str, Any]) -> None:
    weights = start()
    optimizer, right = make(name, arguments), ref.optimizers.ALL[name](learning_rate=0.0625, **arguments)
    vs = variables(weights)
    for step in range(20):
        optimizer.apply([_core.tensor(g) for g in gradients(step)], vs)
        weights = right.step(weights, gradients(step))
        for v, w in zip(vs, weights, strict=True):
            np.testing.assert_allclose(v.numpy(), w, rtol=1e-10, atol=1e-12, err_msg=f"step {step}")
    assert int(optimizer.iterations.numpy()) == 20
    if arguments.get("use_ema"):
        optimizer.finalize_variable_values(vs)
        for v, average in zip(vs, right.averages, strict=True):
            np.testing.assert_allclose(v.numpy(), average, rtol=1e-10, atol=1e-12)


@every_case
def test_trajectory_in_float32(name: str, arguments: dict[str, Any]) -> None:
    weights = start()
    optimizer, right = make(name, arguments), ref.optimizers.ALL[name](learning_rate=0.0625, **arguments)
    vs = variables(weights, "float32")
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
    ],
)
def test_variables_as_keras_orders_them(name: str, arguments: dict[str, Any], slots: list[str]) -> None:
    optimizer = getattr(keras.optimizers, name)(**arguments)
    optimizer.build([keras.Variable(np.zeros(2), name="a"), keras.Variable(np.zeros(3), name="b")])
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


def test_inside_fit() -> None:
    """fit moves the weights exactly as the reference does with the gradient of the mean squared error."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    for name, arguments in CASES:
        layer = keras.layers.Dense(1, use_bias=False, dtype="float64")
        model = keras.Sequential([keras.Input((3,), dtype="float64"), layer])
        w = rng.normal(size=(3, 1))
        layer.set_weights([w])
        right = ref.optimizers.ALL[name](learning_rate=0.0625, **arguments)
        model.compile(make(name, arguments), loss="mse")
        model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
        for _ in range(3):
            for part in (slice(0, 4), slice(4, 8)):
                error = x[part] @ w - y[part]
                [w] = right.step([w], [2 * x[part].T @ error / 4])
        if arguments.get("use_ema"):
            [w] = right.averages  # Keras leaves the averages in the model when fit ends
        np.testing.assert_allclose(
            layer.get_weights()[0], w, rtol=1e-9, atol=1e-11, err_msg=f"{name} {arguments}"
        )
