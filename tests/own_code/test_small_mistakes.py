"""Small mistakes and half-written classes of a user's own: they work, or say what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

X, Y = np.ones((8, 3), "float32"), np.arange(8, dtype="float32").reshape(8, 1)


def test_a_regularizer_without_config_trains():
    class Own(keras.regularizers.Regularizer):
        def __call__(self, x):
            return 0.1 * ops.sum(ops.abs(x))

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_regularizer=Own())])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=1, verbose=0)
    assert float(model.losses[0]) == pytest.approx(0.1 * np.abs(model.get_weights()[0]).sum(), rel=1e-5)
    with pytest.raises(NotImplementedError, match="get_config"):
        model.get_config()


def test_a_model_without_super_says_so_at_compile():
    class Own(keras.Model):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
        Own().compile("sgd", "mse")


def test_a_log_of_several_numbers_is_an_array():
    class Own(keras.Sequential):
        def train_step(self, data):
            return {"parts": ops.ones(3)}

    model = Own([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, Y, epochs=1, verbose=0).history
    assert isinstance(history["parts"][0], np.ndarray)


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_loss_of_pairs_of_samples_warns(eagerly):
    def pairs(y_true, y_pred):
        return ops.abs(y_true - ops.squeeze(y_pred, -1))

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", pairs, run_eagerly=eagerly)
    with pytest.warns(UserWarning, match="each pair of samples"):
        model.fit(X, Y, epochs=1, verbose=0)
