"""First states, states that stay, dropout that is the same at every step, configs and messages."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing.reference import rnn as ref
from tests.layers.rnn.cells import Minimal, Plain, Running
from tests.layers.rnn.test_rnn import X, agree, model_of, weights64

L = keras.layers
RNG = np.random.default_rng(2)
X32 = X.astype("float32")


# First states ------------------------------------------------------------------------------------------


def test_initial_state() -> None:
    layer = L.RNN(L.LSTMCell(4), return_state=True)
    states = [RNG.normal(size=(4, 4)).astype("float32") for _ in range(2)]
    got = layer(X32, initial_state=states)
    agree(got, ref.lstm(X, *weights64(layer), initial_state=states, return_state=True))
    agree(layer(X32, states), got)
    inputs = [keras.Input((None, 3)), keras.Input((4,)), keras.Input((4,))]
    model = keras.Model(inputs, layer(inputs[0], initial_state=inputs[1:]))
    agree(model.predict([X32, *states], verbose=0), got)
    again = keras.Model.from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    agree(again.predict([X32, *states], verbose=0), got)


def test_one_state_alone_or_in_a_list() -> None:
    layer = L.RNN(L.GRUCell(4))
    state = RNG.normal(size=(4, 4)).astype("float32")
    agree(layer(X32, initial_state=state), layer(X32, initial_state=[state]))


def test_encoder_and_decoder() -> None:
    """The last states of one layer are the first of the next, and gradients go through."""
    source, target = keras.Input((None, 3)), keras.Input((None, 2))
    _, *states = L.RNN(L.LSTMCell(5), return_state=True, name="encoder")(source)
    y = L.RNN(L.LSTMCell(5), return_sequences=True, name="decoder")(target, initial_state=states)
    model = keras.Model([source, target], L.Dense(1)(y))
    model.compile("adam", "mse")
    before = model.get_layer("encoder").get_weights()
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(6, 4, 3)), rng.normal(size=(6, 7, 2))]
    losses = model.fit(data, np.ones((6, 7, 1)), epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for old, new in zip(before, model.get_layer("encoder").get_weights(), strict=True):
        assert np.abs(old - new).max() > 0


def test_states_of_stacked_cells() -> None:
    layer = L.RNN([L.LSTMCell(3), L.GRUCell(4)], return_state=True)
    output, (h, c), state = layer(X32)
    assert (output.shape, h.shape, c.shape, state.shape) == ((4, 4), (4, 3), (4, 3), (4, 4))
    np.testing.assert_array_equal(output.numpy(), state.numpy())
    weights = weights64(layer)

    def cell(x: Any, states: Any) -> Any:
        return ref.stacked_rnn_cells(
            x,
            [states[:2], states[2:]],
            [lambda x, s: ref.lstm_cell(x, s, *weights[:3]), lambda x, s: ref.gru_cell(x, s, *weights[3:])],
        )

    states = [np.zeros((4, 3)), np.zeros((4, 3)), np.zeros((4, 4))]
    for t in range(X.shape[1]):
        y, after = cell(X[:, t], states)
        states = [*after[0], *after[1]]
    agree(output, y)
    agree([h, c, state], states)
    given = [[h, c], state]
    symbolic = layer(keras.Input((5, 3)))
    assert keras.tree.map_structure(lambda t: t.shape, symbolic) == (
        (None, 4),
        [(None, 3), (None, 3)],
        (None, 4),
    )
    twice = layer(np.concatenate([X32, X32], axis=1))
    agree(layer(X32, initial_state=given), twice)
    agree(model_of(layer).predict(X32, verbose=0), [output, h, c, state])


def test_a_cell_chooses_its_first_state() -> None:
    class FromOnes(Minimal):
        def get_initial_state(self, batch_size: Any = None) -> Any:
            return ops.ones((batch_size, self.units))

    layer = L.RNN(FromOnes(4))
    got = layer(X32)
    agree(got, layer(X32, initial_state=np.ones((4, 4), "float32")))
    agree(model_of(layer).predict(X32, verbose=0, batch_size=3), got)


# States that stay --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: L.GRUCell(3), lambda: [L.LSTMCell(3), L.SimpleRNNCell(2)]])
def test_states_stay_from_batch_to_batch(make: Any) -> None:
    layer = L.RNN(make(), stateful=True, return_sequences=True)
    plain = L.RNN(layer.cell, return_sequences=True)
    x = RNG.normal(size=(2, 6, 3)).astype("float32")
    whole = plain(x).numpy()
    parts = np.concatenate([layer(x[:, :2]).numpy(), layer(x[:, 2:]).numpy()], axis=1)
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-6)
    assert len(layer.non_trainable_weights) == 0
    assert all(v.shape[0] == 2 for v in keras.tree.flatten(layer.states))
    layer.reset_state()
    np.testing.assert_allclose(layer(x).numpy(), whole, rtol=1e-5, atol=1e-6)


def test_a_copy_goes_on_where_the_layer_is() -> None:
    layer = L.Bidirectional(L.RNN([L.LSTMCell(3), L.SimpleRNNCell(2)], stateful=True))
    x = RNG.normal(size=(2, 6, 3)).astype("float32")
    layer(x)
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        for one, other in zip(
            *(keras.tree.flatten(each.forward_layer.states) for each in (layer, again)), strict=True
        ):
            assert one is not other
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    again.reset_state()
    np.testing.assert_array_equal(copy.deepcopy(layer)(x).numpy(), layer(x).numpy())


def test_states_stay_in_predict_and_fit() -> None:
    inputs = keras.Input((3, 3), batch_size=2)
    layer = L.RNN(L.LSTMCell(4), stateful=True)
    model = keras.Model(inputs, layer(inputs))
    x = RNG.normal(size=(4, 3, 3)).astype("float32")
    got = model.predict(x, batch_size=2, verbose=0)
    plain = L.RNN(layer.cell)
    np.testing.assert_allclose(got[:2], plain(x[:2]).numpy(), rtol=1e-5, atol=1e-6)
    both = plain(np.concatenate([x[:2], x[2:]], axis=1)).numpy()
    np.testing.assert_allclose(got[2:], both, rtol=1e-5, atol=1e-6)
    layer.reset_state()
    # Without a batch size, that of the layer is taken.
    np.testing.assert_array_equal(model.predict(x, verbose=0), got)
    layer.reset_state()
    np.testing.assert_allclose(model(x[:2]).numpy(), got[:2], rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((4, 4)), batch_size=2, shuffle=False, verbose=0)
    assert any(np.abs(v.numpy()).max() > 0 for v in layer.states)
    with pytest.raises(ValueError, match="batch size"):
        model(x[:1])
    for wrong in (
        lambda: model.predict(x[:3], verbose=0, batch_size=2),
        lambda: model.predict(x, batch_size=4),
    ):
        with pytest.raises(ValueError, match="stateful layers, which are built for batches of 2 samples"):
            wrong()
    with pytest.raises(ValueError, match=r"batches of 2 samples; got 4 samples in batches of 3"):
        model.fit(x, np.zeros((4, 4)), batch_size=3, verbose=0)


# Dropout -----------------------------------------------------------------------------------------------


class Seen(keras.Layer):
    """Adds up its inputs, so that the same mask at every step shows."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = 40

    def call(self, inputs: Any, states: Any) -> Any:
        total = states[0] + inputs
        return total, [total]


@pytest.mark.parametrize("make", [L.SimpleRNNCell, L.LSTMCell, L.GRUCell])
@pytest.mark.parametrize("which", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize("traced", [False, True])
def test_dropout_is_the_same_at_every_step(make: Any, which: str, traced: bool) -> None:
    """With all units dropped nothing is left of the inputs, or of the states; and masks do not change in a call."""
    cell = make(3, seed=1, **{which: 0.5})
    layer = L.RNN(cell, return_sequences=True)
    x = np.repeat(RNG.normal(size=(4, 1, 3)), 6, axis=1).astype("float32")
    layer(x)
    if which == "dropout":
        cell.recurrent_kernel.assign(ops.zeros_like(cell.recurrent_kernel))
    if traced:
        inputs = keras.Input((None, 3))
        model = keras.Model(inputs, layer(inputs))
        calls = [np.asarray(model(x, training=True)) for _ in range(2)]
    else:
        calls = [layer(x, training=True).numpy() for _ in range(2)]
    plain = layer(x).numpy()
    assert np.abs(calls[0] - plain).max() > 1e-4
    assert np.abs(calls[0] - calls[1]).max() > 1e-4
    if which == "dropout" and make is L.SimpleRNNCell:
        # Without states, equal inputs give equal outputs, unless the mask changes.
        np.testing.assert_allclose(calls[0], np.repeat(calls[0][:, :1], 6, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(layer(x).numpy(), plain)


def test_dropout_of_one_drops_everything() -> None:
    layer = L.RNN(L.SimpleRNNCell(3, dropout=1.0))
    a, b = layer(X32, training=True).numpy(), layer(X32 * 7, training=True).numpy()
    np.testing.assert_array_equal(a, b)


def test_dropout_of_whole_numbers() -> None:
    x = RNG.integers(1, 5, (3, 4, 6))
    one, two = (L.RNN(L.SimpleRNNCell(3, dropout=0.5, seed=5)) for _ in range(2))
    two(x)
    one(x)
    two.set_weights(one.get_weights())
    np.testing.assert_array_equal(
        one(x, training=True).numpy(), two(x.astype("float32"), training=True).numpy()
    )


def test_dropout_in_stacks_in_fit() -> None:
    cells = [L.LSTMCell(3, dropout=0.3, recurrent_dropout=0.2), L.GRUCell(4, dropout=0.3), L.SimpleRNNCell(2)]
    model = keras.Sequential([keras.Input((None, 3)), L.RNN(cells), L.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(X32, np.ones((4, 1)), epochs=3, batch_size=3, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    np.testing.assert_array_equal(model.predict(X32, verbose=0), model.predict(X32, verbose=0))


def test_a_cell_by_hand_keeps_its_mask_until_it_is_reset() -> None:
    cell = L.SimpleRNNCell(8, dropout=0.5, seed=3)
    x, h = np.ones((1, 30), "float32"), [np.zeros((1, 8), "float32")]
    first = cell(x, h, training=True)[0].numpy()
    np.testing.assert_array_equal(cell(x, h, training=True)[0].numpy(), first)
    cell.reset_dropout_mask()
    cell.reset_recurrent_dropout_mask()
    assert np.abs(cell(x, h, training=True)[0].numpy() - first).max() > 0


def test_same_seed_same_masks() -> None:
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        layer = L.RNN(L.LSTMCell(4, dropout=0.5, recurrent_dropout=0.5, seed=3))
        results.append(layer(X32, training=True).numpy())
    np.testing.assert_array_equal(*results)
    assert [v.path.rpartition("/")[2] for v in layer.non_trainable_variables] == ["seed_generator_state"]
    assert layer.non_trainable_weights == []


# Configs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        lambda: L.SimpleRNNCell(3, activation="relu", dropout=0.1, seed=2),
        lambda: L.LSTMCell(
            3, unit_forget_bias=False, kernel_regularizer="l2", recurrent_constraint="max_norm"
        ),
        lambda: L.GRUCell(3, reset_after=False, bias_initializer="ones"),
        lambda: L.StackedRNNCells([L.GRUCell(3), Minimal(2)]),
        lambda: Minimal(5),
        Running,
    ],
)
def test_configs(cell: Any) -> None:
    layer = L.RNN(cell(), return_sequences=True, go_backwards=True, zero_output_for_mask=True, name="one")
    config = json.loads(json.dumps(keras.layers.serialize(layer)))
    again = keras.layers.deserialize(config)
    assert again.get_config() == layer.get_config()
    y = layer(X32)
    again(X32)
    again.set_weights(layer.get_weights())
    agree(again(X32), y, 1e-7)


def test_configs_of_cells_are_those_of_keras() -> None:
    """The names and their order, as Keras 3.15.1 writes them."""
    shared = (
        "kernel_initializer recurrent_initializer bias_initializer kernel_regularizer recurrent_regularizer "
    )
    shared += (
        "bias_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout"
    )
    expected = {
        L.SimpleRNNCell: f"units activation use_bias {shared} seed",
        L.LSTMCell: f"units activation recurrent_activation use_bias unit_forget_bias {shared} seed",
        L.GRUCell: f"units activation recurrent_activation use_bias {shared} reset_after seed",
    }
    for cls, names in expected.items():
        assert list(cls(2).get_config()) == ["name", "trainable", "dtype", *names.split()]
    names = "return_sequences return_state go_backwards stateful unroll zero_output_for_mask cell"
    assert list(L.RNN(L.GRUCell(2)).get_config()) == ["name", "trainable", "dtype", *names.split()]


def test_own_cell_through_custom_objects() -> None:
    class Mine(Minimal):
        """Not registered."""

    config = L.RNN(Mine(3)).get_config()
    with pytest.raises(TypeError, match="Unknown class 'Mine'"):
        L.RNN.from_config(config)
    assert type(L.RNN.from_config(config, custom_objects={"Mine": Mine}).cell) is Mine
    with keras.saving.CustomObjectScope({"Mine": Mine}):
        assert type(L.RNN.from_config(config).cell) is Mine


def test_forget_bias() -> None:
    cell = L.LSTMCell(2)
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.bias.numpy(), [0, 0, 1, 1, 0, 0, 0, 0])
    cell = L.LSTMCell(2, unit_forget_bias=False, bias_initializer="ones")
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.bias.numpy(), np.ones(8))


# Messages ----------------------------------------------------------------------------------------------


def test_errors_of_cells() -> None:
    for cls in (L.SimpleRNNCell, L.LSTMCell, L.GRUCell):
        for units in (0, -1, 1.5, "3", None, True, 2**40):
            with pytest.raises(ValueError, match=r"argument `units`, expected a positive integer"):
                cls(units)
        for rate in (-0.1, 1.5, float("nan"), "x"):
            with pytest.raises(ValueError, match="dropout"):
                cls(2, dropout=rate)
            with pytest.raises(ValueError, match="recurrent_dropout"):
                cls(2, recurrent_dropout=rate)
        with pytest.raises(ValueError, match=r"last dimension of the inputs should be defined"):
            cls(2).build((None, None))
    with pytest.raises(ValueError, match="at least one cell"):
        L.StackedRNNCells([])
    with pytest.raises(ValueError, match="All cells should have a `call` method"):
        L.StackedRNNCells([object()])


def test_errors_of_the_layer() -> None:
    class NoSize(keras.Layer):
        def call(self, inputs: Any, states: Any) -> Any:
            return inputs, states

    class BadSize(NoSize):
        state_size = "four"

    with pytest.raises(ValueError, match=r"Argument `cell` should have a `call` method"):
        L.RNN(3)
    with pytest.raises(ValueError, match="`state_size` attribute"):
        L.RNN(NoSize())
    with pytest.raises(ValueError, match="state_size must be an integer, or a list/tuple of integers"):
        L.RNN(BadSize())
    with pytest.raises(ValueError, match=r"return_sequences.*True or False"):
        L.RNN(L.GRUCell(2), return_sequences="yes")
    layer = L.RNN(L.GRUCell(2))
    with pytest.raises(ValueError, match=r"expected sequences \(batch, steps, features\).*\(4, 3\)"):
        layer(np.ones((4, 3)))
    layer(X32)
    with pytest.raises(ValueError, match="at least one step"):
        layer(np.ones((2, 0, 3), "float32"))
    with pytest.raises(ValueError, match=r"`initial_state` to have 1 tensor, .*got 2"):
        layer(X32, initial_state=[np.ones((4, 2)), np.ones((4, 2))])
    with pytest.raises(
        ValueError, match=r"state 0 of `initial_state` to have the shape \(4, 2\); got \(1, 2\)"
    ):
        layer(X32, initial_state=np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"Cannot unroll a RNN if the time dimension is undefined"):
        L.RNN(L.GRUCell(2), unroll=True)(keras.Input((None, 3)))
    with pytest.raises(ValueError, match=r"batch size must be static"):
        L.RNN(L.GRUCell(2), stateful=True)(keras.Input((5, 3)))
    for shape, message in (
        ((2, 3, 7), "axis -1|kernel of shape"),
        ((2, 3), "batch, steps, features"),
        ((2, 3, 3, 1), "ndim=2"),
    ):
        with pytest.raises(ValueError, match=message):
            layer(np.ones(shape, "float32"))
    with pytest.raises(ValueError, match="at least one step"):
        keras.Model(inputs := keras.Input((None, 3)), layer(inputs)).predict(np.ones((2, 0, 3)), verbose=0)


def test_errors_of_own_cells() -> None:
    class OneResult(Plain):
        def call(self, inputs: Any, states: Any) -> Any:
            return inputs

    class OneStateTooMany(Plain):
        def call(self, inputs: Any, states: Any) -> Any:
            return inputs, [inputs, inputs]

    class Growing(Plain):
        def call(self, inputs: Any, states: Any) -> Any:
            both = ops.concatenate([inputs, states[0]], axis=-1)
            return both, [both]

    x = RNG.normal(size=(2, 3, 5)).astype("float32")
    inputs = keras.Input((3, 5))
    for cell, message in (
        (OneResult(), r"must return the output and the states"),
        (OneStateTooMany(), r"called with 1 states and returned 2"),
    ):
        layer = L.RNN(cell)
        with pytest.raises(ValueError, match=message):
            layer(x)
        with pytest.raises(ValueError, match=message):
            keras.Model(inputs, layer(inputs)).predict(x, verbose=0)
    layer = L.RNN(Growing())
    with pytest.raises(ValueError, match="keeps its shape"):
        keras.Model(inputs, layer(inputs)).predict(x, verbose=0)
