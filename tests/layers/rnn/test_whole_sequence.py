"""LSTM, GRU and SimpleRNN, whose steps run in one op, against `RNN` with the same cell, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core

LAYERS = [
    ("LSTM", {}),
    ("GRU", {}),
    ("GRU", {"reset_after": False}),
    ("SimpleRNN", {}),
    ("SimpleRNN", {"activation": "relu"}),
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"return_sequences": True},
    {"return_sequences": True, "go_backwards": True, "return_state": True},
    {"return_state": True, "go_backwards": True},
    {"return_sequences": True, "zero_output_for_mask": True},
]
every_layer = pytest.mark.parametrize(
    ("name", "arguments"), LAYERS, ids=lambda v: v if isinstance(v, str) else "-".join(v)
)


def pair(name: str, arguments: dict[str, Any], shape: tuple[int, ...], **options: Any) -> tuple[Any, Any]:
    """The layer, and the loop over its cell, with the same weights."""
    of_cell = {
        k: options.pop(k)
        for k in ("dropout", "recurrent_dropout", "seed", "use_bias", "dtype")
        if k in options
    }
    layer = getattr(keras.layers, name)(5, **arguments, **of_cell, **options)
    cell = getattr(keras.layers, f"{name}Cell")(5, **arguments, **of_cell)
    loop = keras.layers.RNN(cell, **options, dtype=of_cell.get("dtype"))
    layer.build(shape)
    loop.build(shape)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape) for w in layer.trainable_weights]
    for one in (layer, loop):
        for variable, value in zip(one.trainable_weights, weights, strict=True):
            variable.assign(value.astype(variable.dtype))
    return layer, loop


def arrays(result: Any) -> list[np.ndarray]:
    return [np.asarray(y) for y in (result if isinstance(result, (list, tuple)) else [result])]


def assert_same(a: Any, b: Any) -> None:
    for x, y in zip(arrays(a), arrays(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-11)


X = np.random.default_rng(0).normal(size=(6, 4, 3))
MASK = np.random.default_rng(2).integers(0, 2, (6, 4)).astype(bool)


@every_layer
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "last")
@pytest.mark.parametrize("masked", [False, True])
def test_values_and_gradients(
    name: str, arguments: dict[str, Any], options: dict[str, Any], masked: bool
) -> None:
    layer, loop = pair(name, arguments, X.shape, dtype="float64", **options)
    mask = MASK if masked else None
    first = [np.full((6, 5), 0.3 * (i + 1)) for i in range(len(layer.state_size))]
    results, grads = [], []
    for one in (layer, loop):
        x = keras.ops.convert_to_tensor(X)
        states = [keras.ops.convert_to_tensor(s) for s in first]
        with keras.GradientTape() as tape:
            for value in (x, *states):
                tape.watch(value)
            made = one(x, initial_state=states, mask=mask)
            made = made if isinstance(made, (list, tuple)) else [made]
            total = sum(keras.ops.sum(keras.ops.square(y) * (i + 1)) for i, y in enumerate(made))
        results.append(made)
        grads.append(tape.gradient(total, [x, *states, *one.trainable_weights]))
    assert_same(*results)
    assert_same(*grads)


@every_layer
def test_dropout_is_that_of_the_cell(name: str, arguments: dict[str, Any]) -> None:
    for rates in ({"dropout": 0.4}, {"recurrent_dropout": 0.4}, {"dropout": 0.3, "recurrent_dropout": 0.2}):
        layer, loop = pair(name, arguments, X.shape, dtype="float64", seed=7, return_sequences=True, **rates)
        assert_same(layer(X, training=True), loop(X, training=True))
        assert_same(layer(X), loop(X))
        assert not np.array_equal(arrays(layer(X, training=True))[0], arrays(layer(X))[0])


@every_layer
def test_models_train_alike(name: str, arguments: dict[str, Any]) -> None:
    losses = []
    for one in pair(name, arguments, (None, 4, 3), return_sequences=True):
        inputs = keras.Input((None, 3))
        x = keras.layers.Masking(mask_value=-9.0)(inputs)
        model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones")(one(x)))
        model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
        data = X.astype("float32")
        data[1, 2:] = -9.0
        history = model.fit(data, data[..., :1], epochs=3, batch_size=4, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert losses[0][2] < losses[0][0]


@every_layer
def test_padded_steps_change_nothing(name: str, arguments: dict[str, Any]) -> None:
    layer, _ = pair(name, arguments, X.shape)
    x = X.astype("float32")
    longer = np.concatenate([x, np.full((6, 3, 3), 1e6, "float32")], axis=1)
    mask = np.arange(7) < np.full((6, 1), 4)
    np.testing.assert_array_equal(layer(longer, mask=mask), layer(x))


def test_stateful_layers_go_on_where_they_were() -> None:
    for name, arguments in LAYERS:
        layer, _ = pair(name, arguments, X.shape, stateful=True, dtype="float64")
        once, _ = pair(name, arguments, X.shape, dtype="float64")
        assert_same(layer(X), once(X))
        assert_same(layer(X), once(np.concatenate([X, X], axis=1)))
        layer.reset_state()
        assert_same(layer(X), once(X))


def test_the_same_bits_for_any_number_of_threads() -> None:
    x = np.random.default_rng(3).normal(size=(70, 9, 12)).astype("float32")
    before = _core.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            _core.set_num_threads(threads)
            keras.utils.set_random_seed(1)
            model = keras.Sequential(
                [
                    keras.Input((9, 12)),
                    keras.layers.LSTM(33, return_sequences=True),
                    keras.layers.GRU(17, return_sequences=True),
                    keras.layers.SimpleRNN(40),
                    keras.layers.Dense(1),
                ]
            )
            model.compile("adam", "mse")
            model.fit(x, x[:, 0, :1], epochs=2, batch_size=70, verbose=0)
            results.append([*model.get_weights(), model.predict(x, verbose=0)])
    finally:
        _core.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_functions_that_the_op_lacks_run_step_by_step() -> None:
    for name, given in [
        ("LSTM", {"activation": "elu"}),
        ("LSTM", {"recurrent_activation": "hard_sigmoid"}),
        ("GRU", {"activation": "softsign"}),
        ("SimpleRNN", {"activation": lambda x: keras.ops.tanh(x) * 0.5}),
    ]:
        layer, loop = pair(name, given, X.shape, return_sequences=True, dtype="float64")
        assert_same(layer(X, mask=MASK), loop(X, mask=MASK))


def test_arguments_and_attributes() -> None:
    layer = keras.layers.GRU(3, reset_after=False, dropout=0.1, use_cudnn=False, unroll=True)
    assert (layer.units, layer.reset_after, layer.dropout, layer.unroll) == (3, False, 0.1, True)
    assert keras.layers.LSTM(3).unit_forget_bias is True
    assert keras.layers.LSTM(3).recurrent_activation is keras.activations.sigmoid
    layer.build((None, 4, 2))
    assert [w.path.split("/", 1)[1] for w in layer.trainable_weights] == [
        "gru_cell/kernel",
        "gru_cell/recurrent_kernel",
        "gru_cell/bias",
    ]
    with pytest.raises(ValueError, match="use_cudnn"):
        keras.layers.LSTM(3, use_cudnn="perhaps")
    with pytest.raises(ValueError, match="cuDNN is not supported"):
        keras.layers.LSTM(3, use_cudnn=True)(X)
    with pytest.raises(ValueError, match="positive integer"):
        keras.layers.SimpleRNN(0)
    with pytest.raises(ValueError, match="ndim=3"):
        keras.layers.LSTM(3)(np.ones((2, 3)))
    with pytest.raises(ValueError, match="at least one step"):
        keras.layers.LSTM(3)(np.ones((2, 0, 3)))


def test_an_empty_batch() -> None:
    for name, arguments in LAYERS:
        layer, _ = pair(name, arguments, X.shape, return_sequences=True)
        assert layer(np.ones((0, 4, 3), "float32")).shape == (0, 4, 5)
