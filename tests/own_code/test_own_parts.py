"""Regularizers, constraints, initializers, schedules and optimizers of one's own; plain functions in their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5)).astype("float32")
Y = RNG.normal(size=(24, 1)).astype("float32")
OPTIONS: dict[str, Any] = {"batch_size": 6, "epochs": 3, "shuffle": False, "verbose": 0}


def network(optimizer: Any, **arguments: Any) -> Any:
    keras.utils.set_random_seed(5)
    x = keras.Input((5,))
    model = keras.Model(x, L.Dense(1, **arguments)(L.Dense(4, activation="tanh")(x)))
    model.compile(optimizer, "mse")
    return model


def assert_same_bits(a: Any, b: Any) -> None:
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class MyL2(keras.regularizers.Regularizer):
    def __init__(self, factor: float = 0.01) -> None:
        self.factor = factor

    def __call__(self, x: Any) -> Any:
        return self.factor * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor}


class Positive(keras.constraints.Constraint):
    def __call__(self, w: Any) -> Any:
        return w * ops.cast(ops.greater_equal(w, 0.0), w.dtype)


class Diagonal(keras.initializers.Initializer):
    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return self.value * ops.eye(shape[0], shape[1], dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, first: float) -> None:
        self.first = first

    def __call__(self, step: Any) -> Any:
        return self.first * ops.power(0.5, ops.cast(step, "float32"))

    def get_config(self) -> dict[str, Any]:
        return {"first": self.first}


@pytest.mark.parametrize("form", ["class", "function"])
def test_regularizers(form: str) -> None:
    own = MyL2(0.01) if form == "class" else lambda w: 0.01 * ops.sum(ops.square(w))
    a, b = (
        network("sgd", kernel_regularizer=keras.regularizers.L2(0.01)),
        network("sgd", kernel_regularizer=own),
    )
    ha, hb = a.fit(X, Y, **OPTIONS), b.fit(X, Y, **OPTIONS)
    assert hb.history["loss"] == pytest.approx(ha.history["loss"], rel=1e-6)
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("form", ["class", "function"])
def test_constraints(form: str) -> None:
    own = Positive() if form == "class" else lambda w: ops.maximum(w, 0.0)
    a, b = network("sgd", kernel_constraint="non_neg"), network("sgd", kernel_constraint=own)
    a.fit(X, Y, **OPTIONS)
    b.fit(X, Y, **OPTIONS)
    assert_same_bits(a, b)
    assert b.get_weights()[2].min() >= 0


@pytest.mark.parametrize("form", ["class", "function"])
def test_initializers(form: str) -> None:
    own = Diagonal(2.0) if form == "class" else (lambda shape, dtype=None: 2.0 * ops.eye(*shape, dtype=dtype))
    layer = L.Dense(5, kernel_initializer=own, bias_initializer="ones")
    np.testing.assert_allclose(layer(X).numpy(), 2 * X + 1, rtol=1e-6)


def test_configs_of_parts() -> None:
    layer = L.Dense(
        4,
        kernel_regularizer=MyL2(0.5),
        bias_constraint=Positive(),
        kernel_initializer=Diagonal(3.0),
        name="d",
    )
    objects = {"MyL2": MyL2, "Positive": Positive, "Diagonal": Diagonal}
    with keras.saving.custom_object_scope(objects):
        again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert (again.kernel_regularizer.factor, again.kernel_initializer.value) == (0.5, 3.0)
    assert isinstance(again.bias_constraint, Positive)


def test_schedules() -> None:
    class Steps(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.rates: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.rates.append(float(self.model.optimizer.learning_rate))

    seen = Steps()
    model = network(keras.optimizers.SGD(Halving(0.5)))
    model.fit(X, Y, **{**OPTIONS, "epochs": 1}, callbacks=[seen])
    assert seen.rates == [0.25, 0.125, 0.0625, 0.03125]
    by_hand = network(keras.optimizers.SGD(0.5))
    for step in range(4):
        by_hand.optimizer.learning_rate = 0.5 * 0.5**step
        by_hand.train_on_batch(X[6 * step : 6 * step + 6], Y[6 * step : 6 * step + 6])
    assert_same_bits(model, by_hand)
    with keras.saving.custom_object_scope({"Halving": Halving}):
        again = keras.optimizers.deserialize(keras.optimizers.serialize(model.optimizer))
    assert again.get_config()["learning_rate"]["config"] == {"first": 0.5}
    function = network(keras.optimizers.SGD(lambda: 0.5))
    function.fit(X, Y, **OPTIONS)


class Momentum(keras.optimizers.Optimizer):
    """Descent with momentum, from the parts that Keras's optimizers are made of."""

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.9, name: str = "own", **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self.speeds = [
            self.add_variable_from_reference(reference_variable=variable, name="speed")
            for variable in variables
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        learning_rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        speed = self.speeds[self._get_variable_index(variable)]
        step = ops.subtract(ops.multiply(speed, self.momentum), ops.multiply(gradient, learning_rate))
        self.assign(speed, step)
        self.assign_add(variable, step)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum}


@pytest.mark.parametrize(
    "more", [{}, {"weight_decay": 0.01}, {"clipnorm": 0.5}, {"use_ema": True}, {"global_clipnorm": 0.3}]
)
@pytest.mark.parametrize("eagerly", [False, True])
def test_optimizers(more: dict[str, Any], eagerly: bool) -> None:
    a, b = network(keras.optimizers.SGD(0.05, momentum=0.9, **more)), network(Momentum(0.05, **more))
    b.run_eagerly = eagerly
    a.fit(X, Y, **OPTIONS)
    b.fit(X, Y, **OPTIONS)
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
    assert b.optimizer.iterations.numpy() == 12
    assert [v.path for v in b.optimizer.variables][:2] == ["own/iteration", "own/learning_rate"]
    again = Momentum.from_config(b.optimizer.get_config())
    assert again.momentum == 0.9


def test_own_optimizer_by_hand_and_without_side_effects() -> None:
    w = keras.Variable([1.0, 2.0], name="w")
    optimizer = Momentum(0.5)
    optimizer.apply_gradients([(np.array([1.0, 1.0]), w)])
    assert w.numpy().tolist() == [0.5, 1.5]
    state = [v.value for v in optimizer.variables]
    values, state = optimizer.stateless_apply(state, [np.array([1.0, 1.0])], [w.value])
    np.testing.assert_allclose(values[0].numpy(), [-0.45, 0.55], rtol=1e-6)
    assert w.numpy().tolist() == [0.5, 1.5]
    assert (int(state[0]), int(optimizer.iterations)) == (2, 1)
    with pytest.raises(ValueError, match="must be built"):
        Momentum().stateless_apply([], [], [])
    with pytest.raises(ValueError, match="`optimizer_variables` must be a list of tensors"):
        optimizer.stateless_apply(state[1:], [np.ones(2)], [w.value])
    with pytest.raises(NotImplementedError, match="update_step"):
        keras.optimizers.Optimizer(0.1).apply([np.ones(2)], [w])


def test_own_apply_of_an_optimizer() -> None:
    class Signs(keras.optimizers.SGD):
        def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
            return super().apply([ops.sign(g) for g in grads], trainable_variables)

    model = network(Signs(0.125))
    before = model.get_weights()
    model.fit(X, Y, **{**OPTIONS, "epochs": 1, "batch_size": 24})
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(np.abs(old - new), 0.125, rtol=1e-5)


def test_losses_and_metrics_that_are_functions() -> None:
    def square(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    a, b = network("sgd"), network("sgd")
    b.compile("sgd", square, metrics=[square])
    ha, hb = a.fit(X, Y, **OPTIONS), b.fit(X, Y, **OPTIONS)
    assert_same_bits(a, b)
    assert hb.history["loss"] == ha.history["loss"]
    assert hb.history["square"] == pytest.approx(hb.history["loss"], rel=1e-6)
