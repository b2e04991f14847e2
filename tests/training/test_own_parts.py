"""Steps, losses, metrics, optimizers of a person's own; schedules, constraints, freezing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.training.models import (
    L,
    X,
    Y,
    assert_same,
    linear,
    weights,
)


def test_own_steps_run_in_python() -> None:
    class Own(keras.Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with keras.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"own": loss}

        def test_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            return {"twice": 2 * self.compute_loss(y=y, y_pred=self(x), training=False)}

    model = Own([keras.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    history = model.fit(X, Y, batch_size=6, epochs=2, shuffle=False, verbose=0, validation_data=(X, Y))
    assert list(history.history) == ["own", "val_twice"]
    assert_same(model.get_weights(), weights(), 1e-6)


def test_own_loss_and_metrics_are_traced() -> None:
    traces: list[int] = []

    class Own(keras.Sequential):
        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            traces.append(1)
            return keras.ops.mean((y - y_pred) ** 2) + 5.0

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            results["largest"] = keras.ops.max(y_pred)
            return results

    model = Own([keras.Input((3,)), L.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), metrics=["mae"])
    history = model.fit(X, Y, batch_size=20, epochs=3, verbose=0, shuffle=False)
    p = model.predict(X, verbose=0)
    assert len(traces) == 1
    np.testing.assert_allclose(history.history["largest"], [p.max()] * 3, rtol=1e-5)
    np.testing.assert_allclose(history.history["loss"], [np.mean((p - Y) ** 2) + 5] * 3, rtol=1e-5)


def test_own_optimizer_is_traced() -> None:
    class Descent(keras.optimizers.Optimizer):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            self.assign_sub(variable, gradient * learning_rate)

    model = linear(optimizer=Descent(learning_rate=0.01))
    assert_same(weights(compiled={"optimizer": Descent(learning_rate=0.01)}), weights(), 1e-6)
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 8


def test_schedules_and_changed_rates() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, decay_steps=3, decay_rate=0.5)
    traced = weights(compiled={"optimizer": keras.optimizers.SGD(schedule)})
    eager = weights(compiled={"optimizer": keras.optimizers.SGD(schedule), "run_eagerly": True})
    assert_same(traced, eager, 1e-6)
    model = linear()
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert_same(model.get_weights(), before)


def test_constraints_hold_after_each_update() -> None:
    model = keras.Sequential([keras.Input((3,)), L.Dense(1, kernel_constraint="non_neg", use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse")

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert (self.model.get_weights()[0] >= 0).all()

    model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[Look()])
    model.fit(X, Y, batch_size=4, epochs=3, verbose=0)
    assert (model.get_weights()[0] >= 0).all()


def test_freezing_between_fits() -> None:
    model = keras.Sequential([keras.Input((3,)), L.Dense(4), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    kernel = model.layers[0].get_weights()[0]
    other = model.layers[1].get_weights()[0]
    with pytest.warns(UserWarning, match="`trainable` state has changed since the model .* was compiled"):
        model.fit(X, Y, verbose=0)
    model.fit(X, Y, verbose=0)  # Once is enough.
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], kernel)
    assert not np.array_equal(model.layers[1].get_weights()[0], other)


def test_integer_images_are_cast_inside() -> None:
    images = np.random.default_rng(0).integers(0, 255, (20, 3)).astype("uint8")
    assert_same(
        weights(x=images, compiled={"optimizer": keras.optimizers.SGD(1e-6)}),
        weights(x=images.astype("float32"), compiled={"optimizer": keras.optimizers.SGD(1e-6)}),
    )
