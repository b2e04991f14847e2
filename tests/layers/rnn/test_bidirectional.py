"""`Bidirectional` against both directions apart."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_layer
from oxhorn.testing.reference import rnn as ref
from tests.layers.rnn.cells import Minimal
from tests.layers.rnn.test_rnn import MASK, X, agree, leaves, model_of, weights64

L = keras.layers
WAYS: list[dict[str, Any]] = [
    {},
    {"return_sequences": True},
    {"return_state": True},
    {"return_sequences": True, "return_state": True},
]
every_mode = pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: "+".join(way) or "last")


def lstm(**more: Any) -> Any:
    return L.RNN(L.LSTMCell(4, bias_initializer="normal"), **more)


@every_mode
@every_way
@pytest.mark.parametrize("masked", [False, True])
def test_values(mode: str | None, way: dict[str, Any], masked: bool) -> None:
    layer = L.Bidirectional(lstm(**way), merge_mode=mode)
    x, mask = X.astype("float32"), MASK if masked else None
    got = layer(x, mask=mask)
    weights = weights64(layer)
    how = {**way, "mask": mask, "zero_output_for_mask": way.get("return_sequences", False)}
    forward = ref.lstm(X, *weights[:3], **how)
    backward = ref.lstm(X, *weights[3:], go_backwards=True, **how)
    states: tuple[Any, ...] = ()
    if way.get("return_state"):
        states = (*forward[1:], *backward[1:])
        forward, backward = forward[0], backward[0]
    expected = [ref.bidirectional(X, lambda _: forward, lambda _: backward, mode), *states]
    agree(got, expected)
    model = model_of(layer, mask=masked)
    agree(model.predict([x, MASK] if masked else x, verbose=0), expected)
    assert [t.shape[0] for t in keras.tree.flatten(model.output)] == [None] * len(leaves(expected))
    shapes = layer.compute_output_shape((4, 5, 3))
    assert keras.tree.flatten_shapes(shapes) == [a.shape for a in leaves(expected)]


def test_battery() -> None:
    layer = L.Bidirectional(lstm(return_sequences=True))
    # The layers inside keep their own dtype.
    results = check_layer(layer, X.astype("float32"), skip=["gradients", "float64"], rtol=1e-4)
    assert sum(result == "passed" for result in results.values()) >= 9, results


def test_layers_inside() -> None:
    inner = lstm(name="inner")
    layer = L.Bidirectional(inner, name="both")
    layer(X)
    assert not inner.built
    assert [w.path for w in layer.weights] == [
        f"both/{way}_inner/{layer.forward_layer.cell.name}/{name}"
        for way in ("forward", "backward")
        for name in ("kernel", "recurrent_kernel", "bias")
    ]
    assert layer.backward_layer.go_backwards
    assert not layer.forward_layer.go_backwards
    own = L.RNN(L.LSTMCell(6), go_backwards=True)
    layer = L.Bidirectional(lstm(), backward_layer=own)
    assert layer.backward_layer is own
    assert layer(X).shape == (4, 10)
    assert layer.compute_output_shape((None, 5, 3)) == (None, 10)


def test_own_cell_needs_no_registration() -> None:
    class Unknown(Minimal):
        """A class that no config finds."""

    layer = L.Bidirectional(L.RNN(Unknown(4)))
    assert layer(X.astype("float32")).shape == (4, 8)
    assert type(layer.backward_layer.cell) is Unknown


def test_serialization() -> None:
    layer = L.Bidirectional(
        L.RNN(Minimal(4)), merge_mode="sum", backward_layer=L.RNN(Minimal(4), go_backwards=True)
    )
    x = X.astype("float32")
    y = layer(x)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == layer.get_config()
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x).numpy(), y.numpy())
    other = L.Bidirectional(L.RNN(Minimal(4)), merge_mode="sum", weights=layer.get_weights())
    np.testing.assert_array_equal(other(x).numpy(), y.numpy())


def test_states() -> None:
    layer = L.Bidirectional(lstm(stateful=True))
    x = X.astype("float32")
    assert layer.states is None
    first, second = layer(x).numpy(), layer(x).numpy()
    assert np.abs(first - second).max() > 1e-3
    assert len(layer.states) == 4
    layer.reset_states()
    np.testing.assert_array_equal(layer(x).numpy(), first)
    plain = L.Bidirectional(lstm())
    plain(x)
    plain.set_weights(layer.get_weights())
    np.testing.assert_array_equal(plain(x).numpy(), first)
    with pytest.raises(AttributeError, match="Layer must be stateful"):
        plain.reset_state()


def test_initial_states() -> None:
    rng = np.random.default_rng(1)
    states = [rng.normal(size=(4, 4)).astype("float32") for _ in range(4)]
    layer = L.Bidirectional(lstm())
    x = X.astype("float32")
    got = layer(x, initial_state=states)
    weights = weights64(layer)
    one = ref.lstm(X, *weights[:3], initial_state=states[:2])
    two = ref.lstm(X, *weights[3:], initial_state=states[2:], go_backwards=True)
    agree(got, np.concatenate([one, two], -1))
    inputs = [keras.Input((None, 3))] + [keras.Input((4,)) for _ in states]
    model = keras.Model(inputs, layer(inputs[0], initial_state=inputs[1:]))
    agree(model.predict([x, *states], verbose=0), got)
    with pytest.raises(ValueError, match="states of both layers"):
        layer(x, initial_state=states[:3])


def test_masks_go_on() -> None:
    ids = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    embedded = L.Embedding(5, 3, mask_zero=True)(ids)
    y = L.Bidirectional(lstm(return_sequences=True))(embedded)
    np.testing.assert_array_equal(y._keras_mask.numpy(), ids != 0)
    assert not y.numpy()[ids == 0].any()
    assert L.Bidirectional(lstm())(embedded)._keras_mask is None
    one, two = L.Bidirectional(lstm(return_sequences=True), merge_mode=None)(embedded)
    np.testing.assert_array_equal(one._keras_mask.numpy(), ids != 0)
    np.testing.assert_array_equal(two._keras_mask.numpy(), ids != 0)
    outputs = L.Bidirectional(lstm(return_sequences=True, return_state=True))(embedded)
    assert [t._keras_mask is not None for t in outputs] == [True, False, False, False, False]


def test_stack_in_fit() -> None:
    model = keras.Sequential(
        [
            keras.Input((None,)),
            L.Embedding(9, 4, mask_zero=True),
            L.Bidirectional(lstm(return_sequences=True)),
            L.Bidirectional(L.RNN(L.GRUCell(3))),
            L.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    x = np.random.default_rng(0).integers(0, 9, (10, 6))
    losses = model.fit(x, x.sum(1) / 20.0, epochs=5, batch_size=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"initialize `Bidirectional`.*Layer` instance.*Received: 3"):
        L.Bidirectional(3)
    with pytest.raises(ValueError, match="`backward_layer` need to be"):
        L.Bidirectional(lstm(), backward_layer="LSTM")
    with pytest.raises(ValueError, match=r"Invalid merge mode.*'max'.*concat"):
        L.Bidirectional(lstm(), merge_mode="max")
    with pytest.raises(ValueError, match="different `go_backwards` value"):
        L.Bidirectional(lstm(), backward_layer=lstm())
    with pytest.raises(ValueError, match=r'same value for attribute "return_sequences"'):
        L.Bidirectional(lstm(), backward_layer=lstm(go_backwards=True, return_sequences=True))
    with pytest.raises(ValueError, match=r"attribute `go_backwards`.*Dense"):
        L.Bidirectional(L.Dense(3))


def test_gradient_of_both() -> None:
    layer = L.Bidirectional(lstm(return_sequences=True))
    x = X.astype("float32")
    model = model_of(layer)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    layer(x)
    start = layer.get_weights()
    with keras.GradientTape() as tape:
        loss = ops.mean(ops.square(layer(x) - 1.0))
    gradients = tape.gradient(loss, layer.trainable_weights)
    model.fit(x, np.ones((4, 5, 8), "float32"), batch_size=4, verbose=0)
    for before, after, gradient in zip(start, layer.get_weights(), gradients, strict=True):
        np.testing.assert_allclose(before - 0.1 * gradient.numpy(), after, rtol=1e-5, atol=1e-6)
