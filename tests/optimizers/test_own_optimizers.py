"""Optimizers of one's own: Langevin noise inside compiled fit, and what Python around a rule of the core may do."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

X = np.random.default_rng(0).normal(size=(32, 2))
Y = X @ np.array([[1.0], [-1.0]]) + 0.5 * np.random.default_rng(1).normal(size=(32, 1))


class SGLD(keras.optimizers.Optimizer):
    """w <- w - learning_rate / 2 g + sqrt(learning_rate) noise (Welling and Teh 2011)."""

    def __init__(self, learning_rate: float = 0.01, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        noise = keras.random.normal(variable.shape, dtype=variable.dtype, seed=self.noise)
        self.assign_add(variable, keras.ops.sqrt(learning_rate) * noise - learning_rate / 2 * gradient)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


def minus_log_likelihood(y: Any, p: Any) -> Any:
    """For errors with a variance of 1/4, but for a constant."""
    return keras.ops.sum(keras.ops.square(y - p)) / 0.5


def model_of(optimizer: Any, eager: bool = False) -> Any:
    layer = keras.layers.Dense(1, use_bias=False, dtype="float64")
    model = keras.Sequential([keras.Input((2,), dtype="float64"), layer])
    layer.set_weights([np.zeros((2, 1))])
    model.compile(optimizer, loss=minus_log_likelihood, run_eagerly=eager)
    return model


def after(optimizer: Any, eager: bool = False, epochs: int = 20) -> np.ndarray:
    model = model_of(optimizer, eager)
    model.fit(X, Y, batch_size=32, epochs=epochs, shuffle=False, verbose=0)
    return model.get_weights()[0]


def test_noise_repeats_with_the_seed_and_only_with_it() -> None:
    first = after(SGLD(1e-3, seed=7))
    np.testing.assert_array_equal(first, after(SGLD(1e-3, seed=7)))
    np.testing.assert_allclose(first, after(SGLD(1e-3, seed=7), eager=True), rtol=1e-12)
    assert np.abs(first - after(SGLD(1e-3, seed=8))).max() > 1e-3
    # Fresh noise in every step: without any, twenty steps would be at rest.
    assert np.abs(first - after(SGLD(1e-3, seed=7), epochs=21)).max() > 1e-3


def test_samples_have_the_spread_of_the_posterior() -> None:
    """For a linear model it is known: mean (X'X)^-1 X'y, covariance (X'X)^-1 / 4."""
    model = model_of(SGLD(2e-4, seed=3))
    samples = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: samples.append(model.get_weights()[0])
    )
    model.fit(X, Y, batch_size=32, epochs=6000, verbose=0, callbacks=[keep])
    taken = np.array(samples[500:])[:, :, 0]
    precision = X.T @ X
    np.testing.assert_allclose(taken.mean(0), np.linalg.solve(precision, X.T @ Y)[:, 0], atol=0.06)
    np.testing.assert_allclose(taken.std(0), np.sqrt(np.diag(np.linalg.inv(precision)) / 4), rtol=0.35)


def test_the_state_of_the_noise_is_kept() -> None:
    model = model_of(SGLD(1e-3, seed=7))
    model.fit(X, Y, batch_size=32, epochs=5, shuffle=False, verbose=0)
    again = pickle.loads(pickle.dumps(model))
    for each in (model, again):
        each.fit(X, Y, batch_size=32, epochs=5, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], again.get_weights()[0])


class Counting(keras.optimizers.Adam):
    """Python around the whole update: gradients are looked at, and every second one is left out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.norms: list[float] = []

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        self.norms.append(float(keras.optimizers.global_norm(grads)))
        if len(self.norms) % 2:
            super().apply(grads, trainable_variables)


class Centralized(keras.optimizers.SGD):
    """Python around the rule: gradients without their mean."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        super().update_step(
            gradient - keras.ops.mean(gradient, axis=0, keepdims=True), variable, learning_rate
        )


@pytest.mark.parametrize("make", [lambda: Counting(0.1), lambda: Centralized(0.01, momentum=0.5)])
def test_python_around_a_rule_of_the_core(make: Any) -> None:
    compiled, eager = make(), make()
    np.testing.assert_allclose(after(compiled), after(eager, eager=True), rtol=1e-12)
    if isinstance(compiled, Counting):
        assert len(compiled.norms) == len(eager.norms) == 20
        assert int(compiled.iterations) == 10


def test_what_build_assigns_is_assigned_once() -> None:
    class Counter(keras.optimizers.Optimizer):
        def build(self, variables: Any) -> None:
            if self.built:
                return
            super().build(variables)
            self.steps = self.add_variable((), dtype="int32", name="steps")
            self.steps.assign(100)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            self.assign_add(self.steps, 1)
            self.assign_sub(variable, learning_rate * gradient)

    for deferred in (False, True):
        layers = [keras.layers.Dense(1, use_bias=False)]
        model = keras.Sequential(layers if deferred else [keras.Input((2,)), *layers])
        model.compile(Counter(0.01), loss="mse")
        model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
        assert int(model.optimizer.steps) == 112
        # Other data, another trace: the optimizer is not built again.
        model.fit(X, Y, sample_weight=np.ones(32), batch_size=8, verbose=0)
        assert int(model.optimizer.steps) == 116


class Leaky(keras.optimizers.Optimizer):
    """Descent with a factor of its own."""

    def __init__(self, learning_rate: Any = 0.5, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.factor = factor
        self.seen = 0

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.seen += 1
        self.assign_sub(variable, gradient * (learning_rate * self.factor))


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_hyperparameters_changed_between_fits(eager: bool) -> None:
    """A traced step does not go on with what it was traced with."""
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    optimizer = Leaky(weight_decay=0.0)
    # The gradient is -1, wherever the weight is.
    model.compile(optimizer, loss=lambda y, p: -keras.ops.mean(p), run_eagerly=eager)

    def step() -> float:
        before = float(model.get_weights()[0][0, 0])
        model.fit(np.ones((1, 1)), np.ones((1, 1)), verbose=0)
        return float(model.get_weights()[0][0, 0]) - before

    assert step() == 0.5
    optimizer.factor = 0.25
    assert step() == 0.125
    traced = optimizer.seen
    optimizer.learning_rate = 1.0
    assert step() == 0.25
    assert optimizer.seen == (traced + 1 if eager else traced)
    optimizer.clipvalue = 0.5
    assert step() == 0.125
    optimizer.learning_rate = keras.optimizers.schedules.PiecewiseConstantDecay([100], [2.0, 1.0])
    assert step() == 0.25
    traced = optimizer.seen
    optimizer.factor = 0.25
    assert step() == 0.25
    assert optimizer.seen == (traced + 1 if eager else traced)
