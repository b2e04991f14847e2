"""Averages in the place of the weights: in evaluations only, and at the end of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def make(use_ema: bool = True) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05, use_ema=use_ema, ema_momentum=0.8), "mse")
    return model


def by_hand(epochs: int) -> tuple[list[Any], list[Any]]:
    """The weights and their averages after each epoch of full batches."""
    model = make(use_ema=False)
    weights, averages, average = [], [], None
    for _ in range(epochs):
        model.fit(X, Y, batch_size=32, epochs=1, verbose=0)
        now = model.get_weights()
        average = average or [np.zeros_like(w) for w in now]
        # The first step sets the average to the weights.
        momentum = 0.8 if weights else 0.0
        average = [momentum * a + (1 - momentum) * w for a, w in zip(average, now, strict=True)]
        weights.append(now)
        averages.append(average)
    return weights, averages


@pytest.mark.parametrize("swap_on_epoch", [False, True])
@pytest.mark.parametrize("stop_at", [None, 2])
def test_weights_seen_by_others(swap_on_epoch: bool, stop_at: int | None) -> None:
    seen, validated = [], []
    model = make()

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(self.model.get_weights())
            if epoch == stop_at:
                self.model.stop_training = True

        def on_test_begin(self, logs: Any = None) -> None:
            validated.append(self.model.get_weights())

    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)
    model.fit(X, Y, batch_size=32, epochs=4, validation_data=(X, Y), callbacks=[swap, Look()], verbose=0)
    weights, averages = by_hand(len(seen))
    for got, right in [*zip(validated, averages, strict=True)]:
        np.testing.assert_allclose(got[0], right[0], rtol=1e-5)
    for got, right in zip(seen, averages if swap_on_epoch else weights, strict=True):
        np.testing.assert_allclose(got[0], right[0], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], averages[-1][0], rtol=1e-5)


def test_in_evaluate_and_predict() -> None:
    model, swap = make(), keras.callbacks.SwapEMAWeights()
    model.optimizer.build(model.trainable_variables)
    average = model.optimizer._model_variables_moving_average
    for variable in average:
        variable.assign(variable * 0 + 2.0)
    kept = model.get_weights()
    for _ in range(2):
        predicted = model.predict(X, callbacks=[swap], verbose=0)
        np.testing.assert_allclose(predicted, 2 * X.sum(axis=1, keepdims=True) + 2, rtol=1e-5, atol=1e-5)
        loss = model.evaluate(X, Y, callbacks=[swap], verbose=0)
        assert loss == pytest.approx(np.mean((predicted - Y) ** 2), rel=1e-5)
        for now, then in zip(model.get_weights(), kept, strict=True):
            np.testing.assert_array_equal(now, then)


def test_needs_averages() -> None:
    with pytest.raises(ValueError, match=r"SwapEMAWeights must be used when `use_ema=True`.*use_ema=False"):
        make(use_ema=False).fit(X, Y, callbacks=[keras.callbacks.SwapEMAWeights()], verbose=0)
