"""Layers that are let go epoch by epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import callbacks as cb
from oxhorn import reuse
from tests.reuse.models import NAMES, L, X, Y, same, stack
from tests.training.resumed_runs import Run, assert_equal, by_batches, by_epochs, straight


class Moved(cb.Callback):
    """Which layers each epoch changed."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.epochs: list[list[str]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.before = [layer.get_weights()[0] for layer in self.model.layers]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        pairs = zip(self.model.layers, self.before, strict=True)
        self.epochs.append(
            [layer.name for layer, w in pairs if not np.array_equal(layer.get_weights()[0], w)]
        )


def model_of(optimizer: Any, eager: bool = False) -> Any:
    model = stack()
    reuse.freeze(model, until="hidden3")
    model.compile(optimizer, "mse", run_eagerly=eager)
    return model


SCHEDULE = {1: "hidden3", 3: ["hidden1", "hidden2"]}
EXPECTED = [NAMES[3:], NAMES[2:], NAMES[2:], NAMES, NAMES]


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.01),
        lambda: keras.optimizers.Adam(0.01, use_ema=True),
        lambda: keras.optimizers.Adafactor(0.01),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01, momentum=0.9)),
    ],
    ids=["SGD", "Adam", "Adafactor", "LossScale"],
)
def test_what_is_trained_when(optimizer: Any, eager: bool) -> None:
    model, moved = model_of(optimizer(), eager), Moved()
    model.fit(X, Y, epochs=5, callbacks=[cb.GradualUnfreezing(SCHEDULE), moved], verbose=0)
    assert moved.epochs == EXPECTED
    # Nothing warns of what is trainable afterwards, and the model goes on.
    model.fit(X, Y, verbose=0)


def test_the_same_as_by_hand() -> None:
    """Freezing, compiling with the optimizer that goes on, fitting; by the callback, or in three fits."""
    by_callback = model_of(keras.optimizers.SGD(0.05, momentum=0.9))
    by_callback.fit(X, Y, epochs=4, callbacks=[cb.GradualUnfreezing({2: None})], shuffle=False, verbose=0)
    by_hand = model_of(keras.optimizers.SGD(0.05, momentum=0.9))
    by_hand.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    reuse.unfreeze(by_hand)
    reuse.update_optimizer(by_hand)
    by_hand.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    same(by_callback.get_weights(), by_hand.get_weights())


def test_training_that_begins_later() -> None:
    model, moved = model_of("sgd"), Moved()
    model.fit(X, Y, initial_epoch=2, epochs=4, callbacks=[cb.GradualUnfreezing(SCHEDULE), moved], verbose=0)
    assert moved.epochs == EXPECTED[2:4]


def test_nothing_is_trained_at_first() -> None:
    model, moved = stack(), Moved()
    reuse.freeze(model)
    model.compile("adam", "mse")
    with pytest.warns(UserWarning, match="has no trainable weights"):
        model.fit(X, Y, epochs=2, callbacks=[cb.GradualUnfreezing({1: "output"}), moved], verbose=0)
    assert moved.epochs == [[], ["output"]]


def test_with_early_stopping_and_rates() -> None:
    model = model_of(keras.optimizers.Adam(0.01))
    reuse.discriminative_rates(model)
    stop = cb.EarlyStopping("loss", patience=0, min_delta=10.0, restore_best_weights=True, start_from_epoch=3)
    history = model.fit(X, Y, epochs=9, callbacks=[cb.GradualUnfreezing(SCHEDULE), stop], verbose=0)
    assert len(history.epoch) == 5
    assert len(model.optimizer.variables) == 2 + 2 * 8


def test_it_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    model = model_of("sgd")
    model.fit(X, Y, epochs=4, callbacks=[cb.GradualUnfreezing(SCHEDULE, verbose=1)], verbose=0)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert lines == [
        "Epoch 2: GradualUnfreezing trains hidden3.",
        "Epoch 4: GradualUnfreezing trains hidden1, hidden2.",
    ]


@pytest.mark.parametrize(
    ("schedule", "kind", "match"),
    [
        (["hidden1"], TypeError, "expected `schedule` to be a dict of layers by epoch"),
        ({"1": "hidden1"}, TypeError, "expected epochs to be whole numbers"),
        ({True: "hidden1"}, TypeError, "expected epochs to be whole numbers"),
        ({-1: "hidden1"}, ValueError, "expected epochs of at least 0; got -1"),
    ],
    ids=str,
)
def test_bad_schedules(schedule: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        cb.GradualUnfreezing(schedule)


def test_layers_that_are_not_there() -> None:
    model = model_of("sgd")
    with pytest.raises(ValueError, match="GradualUnfreezing: 'hidden9' names no layer of the model 'stack'"):
        model.fit(X, Y, epochs=9, callbacks=[cb.GradualUnfreezing({8: "hidden9"})], verbose=0)
    with pytest.raises(ValueError, match="LBFGS remembers steps of all weights together"):
        model_of(keras.optimizers.LBFGS()).fit(
            X, Y, epochs=2, callbacks=[cb.GradualUnfreezing({1: "hidden3"})], verbose=0
        )


# Runs that go on --------------------------------------------------------------------------------------------


def unfrozen_step_by_step(optimizer: Any, eager: bool = False) -> Any:
    def make() -> Run:
        names = ("low", "middle", "top")
        layers = [L.Dense(n, "tanh", name=name) for n, name in zip((5, 4, 1), names, strict=True)]
        model = keras.Sequential([keras.Input((4,)), *layers])
        reuse.freeze(model, until="middle")
        model.compile(optimizer(), "mse", run_eagerly=eager)
        reuse.discriminative_rates(model)
        return Run(model, callbacks=[cb.GradualUnfreezing({1: "middle", 3: "low"})])

    return make


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
@pytest.mark.parametrize("optimizer", [keras.optimizers.Adam, keras.optimizers.Adafactor])
@pytest.mark.parametrize("epoch", range(4))
def test_a_run_that_goes_on_is_the_same(epoch: int, optimizer: Any, eager: bool, tmp_path: Path) -> None:
    make = unfrozen_step_by_step(optimizer, eager)
    expected = straight(make)
    assert_equal(by_epochs(make, tmp_path, epoch), expected)
    assert_equal(by_batches(make, tmp_path, epoch=epoch), expected)


@pytest.mark.parametrize("state", [None, [], {}, {"_done": {2}}, {"_done": [1]}, {"other": 1}], ids=str)
def test_states_of_something_else(state: Any) -> None:
    with pytest.raises(ValueError, match="expected the state of a callback with the schedule"):
        cb.GradualUnfreezing({1: "low"}).set_state(state)
