"""Clipping, weight decay, averages, accumulation, loss scales and factors of the rate: all of them together.

Fifty steps in float64 equal those of the NumPy reference, for a rule in the core and for one in Python, by `apply`,
in compiled `fit`, in eager `fit`, and with a tape by hand.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import reference as ref

CLIPS: list[dict[str, Any]] = [{}, {"clipnorm": 0.4}, {"clipvalue": 0.2}, {"global_clipnorm": 0.6}]
DECAYS: list[dict[str, Any]] = [{}, {"weight_decay": 0.05}]
AVERAGES: list[dict[str, Any]] = [
    {},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
]
COLLECTED: list[dict[str, Any]] = [{}, {"gradient_accumulation_steps": 3}]
SCALES: list[dict[str, Any]] = [{}, {"loss_scale_factor": 8.0}]
FACTORS: list[dict[str, Any]] = [{}, {"learning_rate_multipliers": {"kernel": 0.25, "bias": 2.0}}]
ALL = [
    {key: value for part in parts for key, value in part.items()}
    for parts in itertools.product(CLIPS, DECAYS, AVERAGES, COLLECTED, SCALES, FACTORS)
]
# Each pair of options, of different kinds, is among these.
SOME = ALL[::7]
RATE = 0.0625
STEPS = 50


class OwnMomentum(keras.optimizers.Optimizer):
    """SGD with momentum 0.9, by operations on tensors."""

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.momenta = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        m = self.momenta[self._get_variable_index(variable)]
        self.assign(m, 0.9 * m - gradient * learning_rate)
        self.assign_add(variable, m)


def core(around: dict[str, Any]) -> Any:
    optimizer = keras.optimizers.SGD(RATE, momentum=0.9, **around)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def own(around: dict[str, Any]) -> Any:
    optimizer = OwnMomentum(RATE, **around)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def adam(around: dict[str, Any]) -> Any:
    optimizer = keras.optimizers.Adam(RATE, **around)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def reference(around: dict[str, Any], rule: Any = core) -> Any:
    """For weights in the order kernel, bias."""
    around = dict(around)
    factors = around.pop("learning_rate_multipliers", None)
    shared = {"no_decay": [1], "multipliers": list(factors.values()) if factors else None, **around}
    if rule is adam:
        return ref.optimizers.Adam(RATE, **shared)
    return ref.optimizers.SGD(RATE, momentum=0.9, **shared)


def start() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(4, 3)), rng.normal(size=3)]


def label(around: dict[str, Any]) -> str:
    return "-".join(around) or "plain"


@pytest.mark.parametrize(
    ("rule", "around"),
    [(core, around) for around in ALL] + [(rule, around) for rule in (adam, own) for around in SOME],
)
def test_apply(rule: Any, around: dict[str, Any]) -> None:
    weights = start()
    variables = [
        keras.Variable(w, dtype="float64", name=n) for w, n in zip(weights, ("kernel", "bias"), strict=True)
    ]
    optimizer, right = rule(around), reference(around, rule)
    rng = np.random.default_rng(1)
    for step in range(STEPS):
        gradients = [rng.normal(size=w.shape) * 10.0 ** rng.uniform(-2, 1) for w in weights]
        optimizer.apply([_core.tensor(g) for g in gradients], variables)
        weights = right.step(weights, gradients)
        for variable, weight in zip(variables, weights, strict=True):
            np.testing.assert_allclose(
                variable.numpy(), weight, rtol=1e-9, atol=1e-11, err_msg=f"step {step}"
            )
    assert int(optimizer._iterations.numpy()) == STEPS


X = np.random.default_rng(2).normal(size=(40, 4))
Y = np.random.default_rng(3).normal(size=(40, 3))


def regression(optimizer: Any, eager: bool) -> tuple[Any, Any]:
    layer = keras.layers.Dense(3, dtype="float64")
    model = keras.Sequential([keras.Input((4,), dtype="float64"), layer])
    layer.set_weights(start())
    model.compile(optimizer, loss="mse", run_eagerly=eager)
    return model, layer


def right_after_fifty(around: dict[str, Any], rule: Any = core) -> list[np.ndarray]:
    """Five epochs of ten steps of the mean squared error; the averages, where there are some."""
    (kernel, bias), right = start(), reference(around, rule)
    scale = around.get("loss_scale_factor", 1.0)
    for step in range(STEPS):
        rows = slice(step % 10 * 4, step % 10 * 4 + 4)
        error = 2 * (X[rows] @ kernel + bias - Y[rows]) / (4 * 3)
        kernel, bias = right.step([kernel, bias], [scale * X[rows].T @ error, scale * error.sum(0)])
    return right.averages if around.get("use_ema") else [kernel, bias]


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
@pytest.mark.parametrize("rule", [core, own])
@pytest.mark.parametrize("around", SOME, ids=label)
def test_fit(around: dict[str, Any], rule: Any, eager: bool) -> None:
    model, layer = regression(rule(around), eager)
    model.fit(X, Y, batch_size=4, epochs=5, shuffle=False, verbose=0)
    for got, weight in zip(layer.get_weights(), right_after_fifty(around), strict=True):
        np.testing.assert_allclose(got, weight, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("rule", [core, own])
@pytest.mark.parametrize("around", SOME, ids=label)
def test_a_loop_by_hand(around: dict[str, Any], rule: Any) -> None:
    optimizer = rule(around)
    model, layer = regression(optimizer, False)
    variables = layer.trainable_variables
    for step in range(STEPS):
        rows = slice(step % 10 * 4, step % 10 * 4 + 4)
        with keras.GradientTape() as tape:
            loss = keras.ops.mean(keras.ops.square(model(X[rows]) - Y[rows]))
            scaled = optimizer.scale_loss(loss)
        optimizer.apply_gradients(zip(tape.gradient(scaled, variables), variables, strict=True))
    optimizer.finalize_variable_values(variables)
    for got, weight in zip(layer.get_weights(), right_after_fifty(around), strict=True):
        np.testing.assert_allclose(got, weight, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("rule", [core, own])
@pytest.mark.parametrize("around", SOME, ids=label)
def test_values_in_and_values_out(around: dict[str, Any], rule: Any) -> None:
    optimizer = rule(around)
    model, layer = regression(optimizer, False)
    del model
    optimizer.build(layer.trainable_variables)
    values = [v.value for v in layer.trainable_variables]
    state = [v.value for v in optimizer.variables]
    weights, right = start(), reference(around)
    rng = np.random.default_rng(5)
    for _ in range(10):
        gradients = [rng.normal(size=w.shape) for w in weights]
        values, state = optimizer.stateless_apply(state, [_core.tensor(g) for g in gradients], values)
        weights = right.step(weights, gradients)
    for got, weight in zip(values, weights, strict=True):
        np.testing.assert_allclose(got.numpy(), weight, rtol=1e-9, atol=1e-11)
    for variable, value in zip(layer.get_weights(), start(), strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize(
    "clip",
    [{"clipnorm": 0.4}, {"clipvalue": 0.2}, {"global_clipnorm": 0.6}, {"global_clipnorm": 100.0}],
    ids=str,
)
def test_clipping_by_hand_equals_the_optimizers(clip: dict[str, float]) -> None:
    [(how, limit)] = clip.items()
    ops = keras.ops
    model, layer = regression(keras.optimizers.SGD(0.25, **clip), False)
    with keras.GradientTape() as tape:
        loss = ops.mean(ops.square(model(X) - Y))
    gradients = tape.gradient(loss, layer.trainable_variables)
    if how == "clipvalue":
        clipped = [ops.clip(g, -limit, limit) for g in gradients]
    elif how == "clipnorm":
        clipped = [g * limit / ops.maximum(ops.norm(g), limit) for g in gradients]
    else:
        clipped, norm = keras.optimizers.clip_by_global_norm(gradients, limit)
        np.testing.assert_allclose(
            float(norm), np.sqrt(sum(np.sum(np.square(np.asarray(g))) for g in gradients)), rtol=1e-12
        )
    keras.optimizers.SGD(0.25).apply(clipped, layer.trainable_variables)
    by_hand = layer.get_weights()
    layer.set_weights(start())
    model.fit(X, Y, batch_size=40, verbose=0)
    for got, right in zip(layer.get_weights(), by_hand, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12)


@pytest.mark.parametrize("rule", [core, own])
@pytest.mark.parametrize("with_tape", [False, True])
@pytest.mark.parametrize("scale", [None, 8.0])
def test_computed_clipped_and_applied(rule: Any, with_tape: bool, scale: float | None) -> None:
    ops = keras.ops
    optimizer = rule({"loss_scale_factor": scale})
    model, layer = regression(optimizer, False)
    (kernel, bias), right = start(), reference({})
    for _ in range(STEPS):
        error = 2 * (X @ kernel + bias - Y) / Y.size
        kernel, bias = right.step(
            [kernel, bias], [np.clip(X.T @ error, -0.1, 0.1), np.clip(error.sum(0), -0.1, 0.1)]
        )
        if with_tape:
            with keras.GradientTape() as tape:
                loss = ops.mean(ops.square(model(X) - Y))
            pairs = optimizer.compute_gradients(loss, layer.trainable_variables, tape)
        else:
            pairs = optimizer.compute_gradients(
                lambda: ops.mean(ops.square(model(X) - Y)), layer.trainable_variables
            )
        limit = 0.1 * (scale or 1.0)
        optimizer.apply_gradients([(ops.clip(g, -limit, limit), v) for g, v in pairs])
    np.testing.assert_allclose(layer.get_weights()[0], kernel, rtol=1e-9)
    np.testing.assert_allclose(layer.get_weights()[1], bias, rtol=1e-9)


@pytest.mark.parametrize(
    "make", [lambda: keras.optimizers.Adam(0.1), lambda: keras.optimizers.LossScaleOptimizer(own({}))]
)
def test_minimize_is_one_step(make: Any) -> None:
    a, b = (keras.Variable([3.0, -1.0], dtype="float64") for _ in range(2))
    one, two = make(), make()
    for _ in range(5):
        one.minimize(lambda: keras.ops.sum(a**4), [a])
        two.apply([two.scale_loss(4 * b.value**3)], [b])
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)
    one.minimize(lambda: keras.ops.sum(a**2))
    with pytest.raises(ValueError, match="the variables are not known yet"):
        make().minimize(lambda: keras.ops.sum(a**2))
    with pytest.raises(ValueError, match="and no tape"):
        make().minimize(keras.ops.sum(a**2), [a])


def test_clipping_by_the_global_norm() -> None:
    gradients, norm = keras.optimizers.clip_by_global_norm([[3.0, 0.0], None, [[4.0]]], 10.0)
    assert float(norm) == 5.0
    assert gradients[1] is None
    assert gradients[0].numpy().tolist() == [3.0, 0.0]
    infinite, _ = keras.optimizers.clip_by_global_norm([[np.inf], [1.0]], 1.0)
    assert all(np.isnan(g.numpy()).all() for g in infinite)
    for limit in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="clip_norm"):
            keras.optimizers.clip_by_global_norm([[1.0]], limit)
    with pytest.raises(ValueError, match="at least one gradient"):
        keras.optimizers.clip_by_global_norm([None], 1.0)


@pytest.mark.parametrize("rule", [core, own])
def test_overwritten_by_its_gradient(rule: Any) -> None:
    """As in Keras: `v <- g`, with accumulation the largest of the gradients at every k-th step."""
    for steps, expected in ((None, [1.0, 5.0, 2.0, 3.0]), (2, [9.0, 5.0, 5.0, 3.0])):
        plain = keras.Variable([9.0], name="scale")
        plain.overwrite_with_gradient = True
        other = keras.Variable([0.0], name="bias")
        optimizer = rule({"gradient_accumulation_steps": steps, "use_ema": True, "weight_decay": 0.5})
        seen = []
        for g in (1.0, 5.0, 2.0, 3.0):
            optimizer.apply([[g], [0.0]], [plain, other])
            seen.append(float(plain[0]))
        assert seen == expected
        assert optimizer._model_variables_moving_average[0] is None
        optimizer.finalize_variable_values([plain, other])
        assert float(plain[0]) == expected[-1]


def test_overwritten_inside_fit() -> None:
    class Scaled(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(4, 3), initializer="ones")
            self.amax = self.add_weight(shape=(3,), initializer="ones")
            self.amax.overwrite_with_gradient = True

        def call(self, x: Any) -> Any:
            return keras.ops.matmul(x, self.kernel) + self.amax

    results = []
    for eager in (False, True):
        model = keras.Sequential([keras.Input((4,)), Scaled()])
        model.compile(keras.optimizers.SGD(0.5), loss="mse", run_eagerly=eager)
        x, y = X[:4].astype("float32"), Y[:4].astype("float32")
        gradient = 2 * (x @ np.ones((4, 3)) + 1 - y).sum(0) / 12
        model.fit(x, y, batch_size=4, verbose=0)
        np.testing.assert_allclose(model.layers[0].amax.numpy(), gradient, rtol=1e-5)
        results.append(model.get_weights()[0])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)
