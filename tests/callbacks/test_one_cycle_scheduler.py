"""The 1cycle policy in training: rate and momentum of every batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.callbacks import OneCycleScheduler


class Watch(keras.callbacks.Callback):
    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name, self.rates, self.momentum = name, [], []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.rates.append(float(self.model.optimizer.learning_rate))
        if self.name:
            self.momentum.append(getattr(self.model.optimizer, self.name))


def make(optimizer: Any, **arguments: Any) -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", **arguments)
    return model


X, Y = np.ones((40, 3), "float32"), np.ones((40, 1), "float32")


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        (lambda: keras.optimizers.SGD(momentum=0.9), "momentum"),
        (lambda: keras.optimizers.RMSprop(momentum=0.5), "momentum"),
        (lambda: keras.optimizers.Adam(), "beta_1"),
        (lambda: keras.optimizers.AdamW(), "beta_1"),
    ],
)
def test_rate_and_momentum_of_every_batch(optimizer: Any, name: str) -> None:
    model, watch = make(optimizer()), Watch(name)
    cycle = OneCycleScheduler(0.1, base_momentum=0.8, max_momentum=0.9)
    for _ in range(2):  # the second fit begins the cycle again
        watch.rates, watch.momentum = [], []
        history = model.fit(X, Y, batch_size=4, epochs=5, callbacks=[cycle, watch], verbose=0)
        right = keras.optimizers.schedules.OneCycle(0.1, total_steps=50)
        np.testing.assert_allclose(watch.rates, [float(right(step)) for step in range(50)], rtol=1e-6)
        momentum = [right.momentum(step, 0.8, 0.9) for step in range(50)]
        np.testing.assert_allclose(watch.momentum, momentum, rtol=1e-12)
        np.testing.assert_allclose(history.history["learning_rate"], watch.rates[9::10])
        np.testing.assert_allclose(history.history["momentum"], watch.momentum[9::10])
    assert min(watch.momentum) == pytest.approx(0.8)
    assert np.argmin(watch.momentum) == np.argmax(watch.rates) == 14


def test_trains_as_a_loop_by_hand() -> None:
    keras.utils.set_random_seed(0)
    model = make(keras.optimizers.SGD(momentum=0.9))
    kernel, bias = (w.astype("float64") for w in model.get_weights())
    model.fit(X, Y, batch_size=4, epochs=2, callbacks=[OneCycleScheduler(0.1)], verbose=0)
    schedule = keras.optimizers.schedules.OneCycle(0.1, total_steps=20)
    speeds = [np.zeros_like(kernel), np.zeros_like(bias)]
    for step in range(20):
        rate, momentum = schedule.value(step), schedule.momentum(step)
        error = 2 * (X[:4] @ kernel + bias - Y[:4]) / 4
        for i, gradient in enumerate((X[:4].T @ error, error.sum(axis=0))):
            speeds[i] = momentum * speeds[i] - rate * gradient
        kernel, bias = kernel + speeds[0], bias + speeds[1]
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-4)


def test_rate_alone_equals_the_schedule() -> None:
    results = []
    for with_callback in (True, False):
        keras.utils.set_random_seed(0)
        schedule = keras.optimizers.schedules.OneCycle(0.5, 30)
        model = make(keras.optimizers.Adagrad(0.1 if with_callback else schedule))
        callbacks = [OneCycleScheduler(0.5, total_steps=30, cycle_momentum=False)] if with_callback else []
        model.fit(X, Y, batch_size=4, epochs=4, callbacks=callbacks, verbose=0)
        results.append(model.get_weights())
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-6)


def test_a_wrapped_optimizer() -> None:
    inner = keras.optimizers.SGD(momentum=0.9)
    model, watch = make(keras.optimizers.LossScaleOptimizer(inner)), Watch()
    history = model.fit(X, Y, batch_size=4, epochs=2, callbacks=[OneCycleScheduler(0.1), watch], verbose=0)
    right = keras.optimizers.schedules.OneCycle(0.1, total_steps=20)
    np.testing.assert_allclose(watch.rates, [float(right(step)) for step in range(20)], rtol=1e-6)
    assert history.history["momentum"][-1] == inner.momentum == pytest.approx(0.95)


def test_training_that_goes_on_at_a_later_epoch() -> None:
    model, watch = make(keras.optimizers.Adam()), Watch()
    cycle = OneCycleScheduler(0.1)
    model.fit(X, Y, batch_size=4, initial_epoch=3, epochs=5, callbacks=[cycle, watch], verbose=0)
    right = keras.optimizers.schedules.OneCycle(0.1, total_steps=50)
    np.testing.assert_allclose(watch.rates, [float(right(step)) for step in range(30, 50)], rtol=1e-6)


def test_data_of_unknown_length() -> None:
    def batches() -> Any:
        for _ in range(7):
            yield X[:4], Y[:4]

    with pytest.raises(ValueError, match=r"OneCycleScheduler: the data do not tell.*Pass total_steps"):
        make("adam").fit(batches(), callbacks=[OneCycleScheduler(0.1)], verbose=0)
    model, watch = make("adam"), Watch()
    model.fit(batches(), callbacks=[OneCycleScheduler(0.1, total_steps=5), watch], verbose=0)
    assert len(watch.rates) == 7
    assert watch.rates[-3:] == [pytest.approx(0.1 / 25 / 1e4)] * 3


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (lambda: keras.optimizers.SGD(), "SGD works without momentum.*momentum=0.9"),
        (lambda: keras.optimizers.Adagrad(), "Adagrad works without momentum.*cycle_momentum=False"),
    ],
)
def test_an_optimizer_without_momentum(optimizer: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make(optimizer()).fit(X, Y, callbacks=[OneCycleScheduler(0.1)], verbose=0)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"max_learning_rate": -0.1}, "max_learning_rate"),
        ({"total_steps": 0}, "total_steps"),
        ({"pct_start": 2.0}, "pct_start"),
        ({"base_momentum": 1.0}, "base_momentum"),
        ({"base_momentum": 0.9, "max_momentum": 0.8}, "max_momentum"),
        ({"max_momentum": float("nan")}, "max_momentum"),
        ({"div_factor": 0.0}, "div_factor"),
    ],
    ids=str,
)
def test_arguments_out_of_range(arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"expected `{name}` to be"):
        OneCycleScheduler(**{"max_learning_rate": 0.1, **arguments})
