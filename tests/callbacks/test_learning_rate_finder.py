"""The range test: rates, losses, the suggestion, and that it leaves no trace."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.callbacks import LearningRateFinder

schedules = keras.optimizers.schedules


def data(rows: int = 256) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 4)).astype("float32")
    return x, x @ np.array([[1.0], [-2.0], [0.5], [3.0]], "float32")


def make(optimizer: Any, **arguments: Any) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer, "mse", metrics=["mae"], **arguments)
    return model


def state(model: Any) -> list[np.ndarray]:
    return [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]


def search(model: Any, finder: LearningRateFinder, epochs: int = 20) -> Any:
    x, y = data()
    return model.fit(x, y, batch_size=32, epochs=epochs, callbacks=[finder], verbose=0)


def test_rates_rise_and_losses_are_those_of_each_batch() -> None:
    x, y = data()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(), "mse")
    finder = LearningRateFinder(1e-4, 1e-1, num_steps=16, smoothing=0.5, stop_factor=1e9)
    model.fit(x, y, batch_size=32, epochs=2, shuffle=False, callbacks=[finder], verbose=0)
    np.testing.assert_allclose(finder.learning_rates, np.geomspace(1e-4, 1e-1, 16), rtol=1e-9)
    w, b, losses, smoothed, average = np.zeros((4, 1)), np.zeros(1), [], [], 0.0
    for i, rate in enumerate(finder.learning_rates):
        at = slice(32 * (i % 8), 32 * (i % 8) + 32)
        error = x[at] @ w + b - y[at]
        losses.append(np.mean(error**2))
        average = 0.5 * average + 0.5 * losses[-1]
        smoothed.append(average / (1 - 0.5 ** (i + 1)))
        w, b = w - rate * 2 * x[at].T @ error / 32, b - rate * 2 * error.mean(axis=0)
    np.testing.assert_allclose(finder.losses, losses, rtol=1e-4)
    np.testing.assert_allclose(finder.smoothed_losses, smoothed, rtol=1e-4)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.03, momentum=0.9),
        lambda: keras.optimizers.Adam(schedules.CosineDecay(0.1, 100)),
        lambda: keras.optimizers.RMSprop(lambda: 0.05),
        lambda: keras.optimizers.Adagrad(0.1, use_ema=True),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)),
    ],
    ids=["number", "schedule", "function", "averages", "wrapped"],
)
def test_leaves_no_trace(optimizer: Any, eagerly: bool) -> None:
    model, untouched = (make(optimizer(), run_eagerly=eagerly) for _ in range(2))
    x, y = data()
    for one in (model, untouched):
        one.fit(x, y, batch_size=64, epochs=1, shuffle=False, verbose=0)
    before, rate = state(model), model.optimizer._learning_rate
    finder = LearningRateFinder(num_steps=30)
    history = search(model, finder)
    assert len(history.epoch) < 20
    assert 5 < len(finder.learning_rates) <= 30
    assert model.optimizer._learning_rate is rate
    for now, then in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(now, then)
    for one in (model, untouched):
        one.fit(x, y, batch_size=64, epochs=2, shuffle=False, verbose=0)
    for now, other in zip(state(model), state(untouched), strict=True):
        np.testing.assert_array_equal(now, other)


def test_lucky_first_batches_do_not_stop_it() -> None:
    """Small batches: the loss of the first is far below that of the others by chance, which is no divergence."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 4)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    x[:2], y[:2] = 0.0, 0.1
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(), "mse")
    finder = LearningRateFinder(1e-6, 1.0, num_steps=50)
    model.fit(x, y, batch_size=2, epochs=4, shuffle=False, callbacks=[finder], verbose=0)
    assert finder.losses[1] > 4 * finder.losses[0]
    assert len(finder.learning_rates) > 40
    assert 1e-4 < finder.suggestion() < 1.0


def test_stops_where_the_loss_diverges() -> None:
    model = make(keras.optimizers.SGD())
    finder = LearningRateFinder(1e-3, 1e6, num_steps=60)
    search(model, finder)
    assert len(finder.learning_rates) < 55
    assert finder.learning_rates[-1] < 1e4
    best = finder.smoothed_losses.min()
    assert (finder.smoothed_losses[:-1] <= 4 * best * 1.000001).all()
    assert finder.suggestion() < finder.learning_rates[np.argmin(finder.smoothed_losses)] * 1.01


def test_stops_at_a_loss_that_is_no_number() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(), loss=lambda y, p: keras.ops.exp(keras.ops.square(p - y)) - 1)
    before = model.get_weights()
    finder = LearningRateFinder(1e-3, 1e9, num_steps=50, stop_factor=1e30)
    search(model, finder)
    assert np.isfinite(finder.losses).all()
    assert len(finder.losses) < 50
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_the_suggestion_is_the_steepest_fall() -> None:
    finder = LearningRateFinder(smoothing=0.0)
    finder._rates = list(np.geomspace(1e-5, 1.0, 51))
    logs = np.log10(finder._rates)
    finder._smoothed = finder._losses = list(1.0 / (1.0 + np.exp(4 * (logs + 2))) + 3.0 * (logs > -0.5))
    assert finder.suggestion(skip_end=10) == pytest.approx(1e-2)
    # A leap and the fall after it are no suggestion.
    finder._smoothed = [
        loss + 20.0 * max(0.0, 1.0 - 4 * abs(x + 0.5)) for loss, x in zip(finder._smoothed, logs, strict=True)
    ]
    assert finder.suggestion() == pytest.approx(1e-2)
    finder._smoothed = list(np.linspace(1.0, 2.0, 51))
    with pytest.raises(RuntimeError, match=r"the loss fell at no rate from 3.16e-05 to 0.794"):
        finder.suggestion()


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 0.8, 0.9])
def test_the_lag_of_the_smoothed_loss_is_taken_back(smoothing: float) -> None:
    class Metered(keras.losses.Loss):
        """A loss that falls by a sigmoid of the logarithm of the rate, most steeply at 1e-3."""

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return y_pred * 0 + 2.0 - 1.0 / (1.0 + keras.ops.exp(-2 * (at + 3.0)))

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    at = keras.Variable(0.0, trainable=False)
    model.compile("sgd", Metered())
    finder = LearningRateFinder(1e-6, 1.0, num_steps=121, smoothing=smoothing)
    follow = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs=None: at.assign(np.log10(finder._rate))
    )
    x, y = data()
    model.fit(x, y, batch_size=32, epochs=20, callbacks=[finder, follow], verbose=0)
    assert 0.4e-3 < finder.suggestion() < 2.5e-3


def test_it_learns_with_what_was_suggested() -> None:
    x, y = data()
    model = make(keras.optimizers.Adam())
    finder = LearningRateFinder()
    search(model, finder)
    model.optimizer.learning_rate = finder.suggestion()
    losses = model.fit(x, y, batch_size=32, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_used_again_it_begins_anew() -> None:
    finder, model = LearningRateFinder(num_steps=20), make(keras.optimizers.SGD())
    search(model, finder)
    first = finder.learning_rates
    search(make(keras.optimizers.Adam()), finder)
    assert finder.learning_rates[0] == first[0]
    assert len(finder.learning_rates) <= 20


def test_data_that_end_too_soon_and_nothing_seen() -> None:
    finder = LearningRateFinder()
    for ask in (finder.suggestion, finder.plot):
        with pytest.raises(RuntimeError, match=r"Pass the finder to fit"):
            ask()
    with pytest.warns(
        UserWarning, match=r"the data ended after 8 of 100 steps, at the learning rate 3.6.e-07"
    ):
        search(make("sgd"), finder, epochs=1)
    assert len(finder.learning_rates) == 8


def test_an_unbuilt_model_is_refused_where_nothing_could_be_put_back() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    model.compile("sgd", "mse")
    search(model, LearningRateFinder(num_steps=5))
    model = Own()
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match="LearningRateFinder: expected a model that is built"):
        search(model, LearningRateFinder(num_steps=5))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"min_learning_rate": 0.0}, "min_learning_rate"),
        ({"min_learning_rate": float("nan")}, "min_learning_rate"),
        ({"min_learning_rate": 1.0, "max_learning_rate": 0.5}, "max_learning_rate"),
        ({"max_learning_rate": float("inf")}, "max_learning_rate"),
        ({"num_steps": 1}, "num_steps"),
        ({"num_steps": 2.5}, "num_steps"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"stop_factor": 1.0}, "stop_factor"),
    ],
    ids=str,
)
def test_arguments_out_of_range(arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"LearningRateFinder: expected `{name}` to be"):
        LearningRateFinder(**arguments)


def test_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    finder = LearningRateFinder()
    search(make(keras.optimizers.Adam()), finder)
    axes = finder.plot()
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()][-1].startswith("suggestion")
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), finder.smoothed_losses[5:-1])
    assert finder.plot(ax=axes) is axes
    plt.close("all")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"LearningRateFinder.plot needs matplotlib.*`finder.losses`"):
        finder.plot()
