"""The order of flattened features: found from the calls of a model, whatever lies between map and dense layer."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers, ops
from oxhorn.interop import load_torch_state_dict, to_torch_state_dict
from oxhorn.interop.flattening import features_of_map

RNG = np.random.default_rng(0)
MAP = (3, 4, 2)  # height, width, channels


def numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def theirs(x: np.ndarray) -> np.ndarray:
    """A batch of maps, flattened as PyTorch does."""
    return np.moveaxis(x, -1, 1).reshape(len(x), -1)


def through(*steps):
    """A model of one input that goes through functions and layers."""
    inputs = x = keras.Input(MAP)
    for step in steps:
        x = step(x)
    return keras.Model(inputs, x)


def same(x):
    """A layer that knows that its input is a map, and changes nothing."""
    return layers.MaxPooling2D(1)(x)


def dense(x):
    return layers.Dense(5, name="fc")(x)


class Halves(layers.Layer):
    """A layer of one's own, made of layers."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pool = layers.MaxPooling2D(1)
        self.flat = layers.Flatten()

    def call(self, x):
        return self.flat(self.pool(x))


def nested(x):
    inner = keras.Sequential([keras.Input(MAP), layers.MaxPooling2D(1), layers.Flatten()])
    return inner(x)


def deep_top(x):
    inner = keras.Sequential([keras.Input((24,)), layers.Dropout(0.5), layers.Dense(5, name="fc")])
    return inner(x)


FLATTENED = {
    "Flatten": (same, layers.Flatten(), dense),
    "an image at once": (layers.Flatten(), dense),
    "Reshape": (same, layers.Reshape((-1,)), dense),
    "ops.reshape": (same, lambda x: ops.reshape(x, (-1, 24)), dense),
    "entry by entry": (
        same,
        layers.Activation("linear"),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dropout(0.3),
        lambda x: ops.relu(x) - ops.relu(-x),
        lambda x: x * 1.0 + 0.0,
        dense,
    ),
    "a nested model": (nested, dense),
    "a nested top": (same, layers.Flatten(), deep_top),
    "a layer of one's own": (lambda x: Halves()(x), dense),
    "residual": (same, lambda x: layers.Add()([x, x]), layers.Flatten(), lambda x: x / 2.0, dense),
    "there and back": (same, layers.Permute((3, 1, 2)), layers.Permute((2, 3, 1)), layers.Flatten(), dense),
    "Rescaling": (layers.Rescaling(1.0), layers.Flatten(), dense),
    "through a map of the same shape": (same, layers.Reshape(MAP), layers.Flatten(), dense),
}


@pytest.mark.parametrize("what", FLATTENED)
def test_flattened_maps(what):
    model = through(*FLATTENED[what])
    weight, bias = numbers(5, 24), numbers(5)
    report = load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": bias})
    assert "features of the map (2, 3, 4) -> (3, 4, 2)" in report.matched[0].conversion
    x = numbers(2, *MAP)
    np.testing.assert_allclose(model.predict(x, verbose=0), theirs(x) @ weight.T + bias, rtol=1e-4, atol=1e-5)


AS_IT_IS = {
    "channels first already": (same, layers.Permute((3, 1, 2)), layers.Flatten(), dense),
    "ops.transpose": (same, lambda x: ops.transpose(x, (0, 3, 1, 2)), layers.Flatten(), dense),
}


@pytest.mark.parametrize("what", AS_IT_IS)
def test_maps_that_were_turned_by_hand(what):
    model = through(*AS_IT_IS[what])
    weight, bias = numbers(5, 24), numbers(5)
    load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": bias})
    x = numbers(2, *MAP)
    np.testing.assert_allclose(model.predict(x, verbose=0), theirs(x) @ weight.T + bias, rtol=1e-4, atol=1e-5)


def test_other_places_of_the_same_channels():
    model = through(same, layers.Reshape((2, 6, 2)), layers.Flatten(), dense)
    weight, bias = numbers(5, 24), numbers(5)
    load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": bias})
    x = numbers(2, *MAP)
    np.testing.assert_allclose(model.predict(x, verbose=0), theirs(x) @ weight.T + bias, rtol=1e-4, atol=1e-5)


def test_features_that_are_joined_by_a_function():
    inputs, more = keras.Input(MAP), keras.Input((3,))
    x = ops.concatenate([layers.Flatten()(same(inputs)), more], axis=-1)
    model = keras.Model([inputs, more], dense(x))
    weight, bias = numbers(5, 27), numbers(5)
    report = load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": bias})
    assert report.matched[0].conversion.endswith("-> (3, 4, 2), then 3 as they are")
    x, y = numbers(2, *MAP), numbers(2, 3)
    expected = np.concatenate([theirs(x), y], 1) @ weight.T + bias
    np.testing.assert_allclose(model.predict([x, y], verbose=0), expected, rtol=1e-4, atol=1e-5)


POOLED = {
    "GlobalAveragePooling2D": (same, layers.GlobalAveragePooling2D(), dense),
    "kept": (same, layers.GlobalAveragePooling2D(keepdims=True), layers.Flatten(), dense),
    "ops.mean": (same, lambda x: ops.mean(x, axis=(1, 2)), dense),
    "ops.mean of a list": (same, lambda x: ops.mean(x, axis=[-3, -2]), dense),
    "ops.mean, kept": (same, lambda x: ops.mean(x, axis=(1, 2), keepdims=True), layers.Flatten(), dense),
}


@pytest.mark.parametrize("what", POOLED)
def test_pooled_maps(what):
    model = through(*POOLED[what])
    weight, bias = numbers(5, 2), numbers(5)
    load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": bias})
    x = numbers(2, *MAP)
    np.testing.assert_allclose(
        model.predict(x, verbose=0), x.mean((1, 2)) @ weight.T + bias, rtol=1e-4, atol=1e-5
    )


def test_rows_of_an_image_are_steps():
    """Two axes are no image; and steps of features are flattened as in PyTorch."""
    for steps in ([], [layers.LSTM(3, return_sequences=True)], [layers.LayerNormalization()]):
        model = keras.Sequential([keras.Input((4, 3)), *steps, layers.Flatten(), layers.Dense(5, name="fc")])
        weight = numbers(5, 12)
        kept = [layer.name for layer in model.layers[:-1]]
        load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": numbers(5)}, keep=kept)
        np.testing.assert_array_equal(model.get_layer("fc").kernel.numpy(), weight.T)


def test_tokens_of_a_map_are_steps():
    model = through(same, layers.Reshape((12, 2)), layers.LSTM(3, name="lstm"), dense)
    weight = numbers(5, 3)
    load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": numbers(5)}, keep="lstm")
    np.testing.assert_array_equal(model.get_layer("fc").kernel.numpy(), weight.T)


def test_channels_first():
    inputs = keras.Input((2, 3, 4))
    for flatten, is_turned in (
        (layers.Flatten(), False),
        (layers.Flatten(data_format="channels_first"), True),
    ):
        x = layers.ZeroPadding2D(0, data_format="channels_first")(inputs)
        model = keras.Model(inputs, layers.Dense(5, name="fc")(flatten(x)))
        weight, bias = numbers(5, 24), numbers(5)
        report = load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": bias})
        assert ("features of the map" in report.matched[0].conversion) == is_turned
        data = numbers(2, 2, 3, 4)
        expected = data.reshape(2, -1) @ weight.T + bias
        np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_a_sequence_of_maps():
    inputs = keras.Input((6, *MAP))
    x = layers.TimeDistributed(layers.MaxPooling2D(1))(inputs)
    x = layers.TimeDistributed(layers.Flatten())(x)
    weight = numbers(5, 24)
    for top in (
        layers.Dense(5, use_bias=False, name="fc"),
        layers.TimeDistributed(layers.Dense(5, use_bias=False, name="fc")),
    ):
        model = keras.Model(inputs, top(x))
        load_torch_state_dict(model, {"fc.weight": weight})
        data = numbers(2, 6, *MAP)
        expected = np.stack([theirs(data[:, i]) @ weight.T for i in range(6)], 1)
        np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-4, atol=1e-5)
    inner = keras.Sequential([keras.Input(MAP), layers.MaxPooling2D(1), layers.Flatten()])
    model = keras.Model(
        inputs, layers.Dense(5, use_bias=False, name="fc")(layers.TimeDistributed(inner)(inputs))
    )
    load_torch_state_dict(model, {"fc.weight": weight})
    np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_features_that_become_maps():
    for reshape in (layers.Reshape(MAP), lambda x: ops.reshape(x, (-1, *MAP))):
        inputs = keras.Input((5,))
        x = layers.Dropout(0.2)(layers.Dense(24, activation="relu", name="fc")(inputs))
        model = keras.Model(inputs, layers.MaxPooling2D(1)(reshape(x)))
        weight, bias = numbers(24, 5), numbers(24)
        load_torch_state_dict(model, {"fc.weight": weight, "fc.bias": bias})
        data = numbers(2, 5)
        expected = np.maximum(data @ weight.T + bias, 0).reshape(2, 2, 3, 4)
        found = np.moveaxis(model.predict(data, verbose=0), -1, 1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_features_that_become_sequences():
    """Three axes are a map if a convolution reads them, and steps of features if an LSTM does."""
    for reader, is_map in ((layers.MaxPooling1D(1), True), (layers.LSTM(2, return_sequences=True), False)):
        inputs = keras.Input((5,))
        x = layers.Reshape((4, 3))(layers.Dense(12, use_bias=False, name="fc")(inputs))
        model = keras.Model(inputs, reader(layers.ReLU()(x)))
        weight = numbers(12, 5)
        load_torch_state_dict(model, {"fc.weight": weight}, keep=[] if is_map else reader.name)
        columns = weight.T if not is_map else weight.reshape(3, 4, 5).transpose(1, 0, 2).reshape(12, 5).T
        np.testing.assert_array_equal(model.get_layer("fc").kernel.numpy(), columns)


def test_features_of_a_nested_model_that_become_maps():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(24, use_bias=False, name="fc"), layers.ReLU()])
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.MaxPooling2D(1)(layers.Reshape(MAP)(inner(inputs))))
    weight = numbers(24, 5)
    load_torch_state_dict(model, {"fc.weight": weight})
    columns = weight.reshape(2, 3, 4, 5).transpose(1, 2, 0, 3).reshape(24, 5).T
    np.testing.assert_array_equal(inner.layers[0].kernel.numpy(), columns)


def test_sums_of_features_that_become_maps():
    inputs = keras.Input((5,))
    branches = [layers.Dense(24, use_bias=False, name=name)(inputs) for name in "ab"]
    model = keras.Model(inputs, layers.MaxPooling2D(1)(layers.Reshape(MAP)(layers.Add()(branches))))
    state = {"a.weight": numbers(24, 5), "b.weight": numbers(24, 5)}
    assert not load_torch_state_dict(model, state).notes
    data = numbers(2, 5)
    expected = (data @ (state["a.weight"] + state["b.weight"]).T).reshape(2, 2, 3, 4)
    found = np.moveaxis(model.predict(data, verbose=0), -1, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_note_on_features_that_no_dense_layer_makes():
    """The order of an input is the user's; that of other layers' outputs cannot be changed by their weights."""
    inputs = keras.Input((24,))
    conv = layers.Conv2D(1, 1, use_bias=False, name="conv")
    state = {"conv.weight": numbers(1, 2, 1, 1)}
    model = keras.Model(inputs, conv(layers.Reshape(MAP)(inputs)))
    assert load_torch_state_dict(model, state).notes == []
    inputs = keras.Input((7, 3))
    states = layers.SimpleRNN(24, name="rnn")(inputs)
    model = keras.Model(inputs, conv(layers.Reshape(MAP, name="map")(layers.ReLU()(states))))
    (note,) = load_torch_state_dict(model, state, "name", keep="rnn").notes
    assert note.startswith("Reshape 'map' makes a map of what SimpleRNN 'rnn' gives, which is not turned")
    inputs = keras.Input(MAP)
    flat = layers.Flatten()(same(inputs))
    model = keras.Model(inputs, layers.MaxPooling2D(1)(layers.Reshape((3, 2, 4), name="map")(flat)))
    (note,) = load_torch_state_dict(model, {"x": numbers(1)}, strict=False).notes
    assert note == "Reshape 'map' makes a map (3, 2, 4) of features that are in the order of another one"


def test_an_autoencoder():
    """Features in PyTorch's order on both sides of the code."""
    inputs = keras.Input(MAP)
    x = layers.Flatten()(layers.MaxPooling2D(1)(inputs))
    code = layers.Dense(6, use_bias=False, name="encode")(x)
    x = layers.Dense(24, use_bias=False, name="decode")(code)
    model = keras.Model(
        inputs, [layers.MaxPooling2D(1)(layers.Reshape(MAP)(x)), layers.Dense(2, name="top")(x)]
    )
    a, b, c = numbers(6, 24), numbers(24, 6), numbers(2, 24)
    load_torch_state_dict(
        model,
        {"encode.weight": a, "decode.weight": b, "top.weight": c, "top.bias": np.zeros(2, np.float32)},
        "name",
    )
    data = numbers(2, *MAP)
    features = theirs(data) @ a.T @ b.T
    found = model.predict(data, verbose=0)
    np.testing.assert_allclose(
        np.moveaxis(found[0], -1, 1), features.reshape(2, 2, 3, 4), rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(found[1], features @ c.T, rtol=1e-3, atol=1e-4)


# Where it cannot be told -------------------------------------------------------------------------------


class Unknown(layers.Layer):
    def call(self, x):
        return ops.reshape(ops.roll(x, 0, axis=1), (-1, 24))


UNCLEAR = {
    "an operation": (same, lambda x: ops.flip(x, axis=1), layers.Flatten(), dense),
    "a function": (same, layers.Lambda(lambda x: ops.reshape(x, (-1, 24))), dense),
    "a layer": (same, Unknown(), dense),
    "a dense layer on a map": (
        same,
        layers.Dense(2, use_bias=False, name="pointwise"),
        layers.Flatten(),
        dense,
    ),
    "a permutation of features": (same, layers.Flatten(), layers.Permute((1,)), dense),
    "a batch that is moved": (
        same,
        lambda x: ops.transpose(x, (1, 0, 2, 3)),
        lambda x: ops.transpose(x, (1, 0, 2, 3)),
        layers.Flatten(),
        dense,
    ),
    "a map of other channels": (same, layers.Reshape((3, 2, 4)), layers.Flatten(), dense),
    "a map of another map's features": (
        same,
        layers.Flatten(),
        layers.Reshape((3, 2, 4)),
        layers.Flatten(),
        dense,
    ),
    "a flattened map that is cut": (same, layers.Flatten(), layers.Reshape((4, 6)), layers.Flatten(), dense),
    "maps of different orders": (
        layers.MaxPooling2D((1, 2)),
        lambda x: layers.Concatenate(axis=1)([x, layers.Permute((1, 3, 2))(x)]),
        layers.Flatten(),
        dense,
    ),
    "different orders": (
        same,
        lambda x: layers.Add()([layers.Flatten()(x), layers.Flatten()(layers.Permute((3, 1, 2))(x))]),
        dense,
    ),
}


@pytest.mark.parametrize("what", UNCLEAR)
def test_what_cannot_be_told(what):
    model = through(*UNCLEAR[what])
    weight, bias = numbers(5, 24), numbers(5)
    state = {"fc.weight": weight, "fc.bias": bias}
    keep = [layer.name for layer in model.layers if layer.name == "pointwise"]
    with pytest.raises(
        ValueError, match=r"no place in PyTorch: .*fc/kernel \(the order of its features cannot be"
    ):
        to_torch_state_dict(model)
    with pytest.raises(ValueError, match=r"cannot be told .*flattened=\{'fc': \(height, width, channels\)\}"):
        load_torch_state_dict(model, state, keep=keep)
    report = load_torch_state_dict(model, state, keep=keep, strict=False)
    assert [match.variable for match in report.matched] == ["fc/bias"]
    load_torch_state_dict(model, state, keep=keep, flattened={"fc": None})
    np.testing.assert_array_equal(model.get_layer("fc").kernel.numpy(), weight.T)
    load_torch_state_dict(model, state, keep=keep, flattened={"fc": MAP})
    rows = weight.reshape(5, 2, 3, 4).transpose(0, 2, 3, 1).reshape(5, 24).T
    np.testing.assert_array_equal(model.get_layer("fc").kernel.numpy(), rows)


# Sequences that are cut from a map: how, and the map that each step has.
STEPS = {
    "rows": ((same, layers.Reshape((3, 8))), (4, 2)),
    "columns": ((same, layers.Permute((2, 1, 3)), layers.Reshape((4, 6))), (3, 2)),
    "rows, by functions": ((same, lambda x: ops.reshape(x, (-1, 3, 8))), (4, 2)),
    "rows, by another layer": ((same, layers.TimeDistributed(layers.Flatten())), (4, 2)),
}


@pytest.mark.parametrize("reader", ["Dense", "LSTM"])
@pytest.mark.parametrize("what", STEPS)
def test_a_map_that_is_cut_into_steps(what, reader):
    """A step has the features of several places, whose order PyTorch's `reshape` decides."""
    steps, cut = STEPS[what]
    size = int(np.prod(cut))
    layer = layers.Dense(5, use_bias=False) if reader == "Dense" else layers.LSTM(5, use_bias=False)
    layer.name = "top"
    model = through(*steps, layer)
    weight, rest = numbers(5 if reader == "Dense" else 20, size), numbers(20, 5)
    state = {"weight_ih_l0": weight, "weight_hh_l0": rest} if reader == "LSTM" else {"weight": weight}
    with pytest.raises(
        ValueError, match=r"cannot be told .*flattened=\{'top': \(height, width, channels\)\}"
    ):
        load_torch_state_dict(model, state)
    load_torch_state_dict(model, state, flattened={"top": cut})
    turned = np.moveaxis(weight.reshape(-1, cut[1], cut[0]), 1, 2).reshape(-1, size)
    np.testing.assert_array_equal(model.weights[0].numpy(), turned.T)


class Untraceable(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(2, 1)
        self.fc = layers.Dense(5, name="fc")

    def call(self, x):
        x = self.conv(x)
        if float(ops.sum(ops.zeros((2,)))) == 0 and isinstance(x, keras.KerasTensor):
            raise TypeError("values are needed")
        return self.fc(ops.reshape(x, (-1, 24)))


def test_a_model_whose_calls_cannot_be_followed():
    model = Untraceable()
    model(numbers(1, *MAP))
    state = {
        "a.weight": numbers(2, 2, 1, 1),
        "a.bias": numbers(2),
        "b.weight": numbers(5, 24),
        "b.bias": numbers(5),
    }
    with pytest.raises(ValueError, match="calls of the model cannot be followed"):
        load_torch_state_dict(model, state)
    load_torch_state_dict(model, state, flattened={"fc": MAP})
    x = numbers(2, *MAP)
    y = np.einsum("nhwi,oi->nhwo", x, state["a.weight"][:, :, 0, 0]) + state["a.bias"]
    np.testing.assert_allclose(
        model.predict(x, verbose=0), theirs(y) @ state["b.weight"].T + state["b.bias"], rtol=1e-4, atol=1e-4
    )


class Both(keras.Model):
    """Its calls end in several arrays, or begin with them."""

    def __init__(self, several_inputs):
        super().__init__()
        self.several_inputs = several_inputs
        self.conv = layers.Conv2D(2, 1, use_bias=False)
        self.fc = layers.Dense(5, use_bias=False, name="fc")

    def call(self, x):
        image = x["image"] if self.several_inputs else x
        y = self.fc(ops.reshape(self.conv(image), (-1, 24)))
        return y if self.several_inputs else [y, y]


@pytest.mark.parametrize("several_inputs", [False, True])
def test_a_model_of_several_arrays_whose_calls_cannot_be_followed(several_inputs):
    model = Both(several_inputs)
    x = numbers(2, *MAP)
    given = {"image": x, "more": x} if several_inputs else x
    model(given)
    state = {"a.weight": numbers(2, 2, 1, 1), "b.weight": numbers(5, 24)}
    with pytest.raises(ValueError, match="calls of the model cannot be followed"):
        load_torch_state_dict(model, state)
    load_torch_state_dict(model, state, flattened={"fc": MAP})
    y = theirs(np.einsum("nhwi,oi->nhwo", x, state["a.weight"][:, :, 0, 0])) @ state["b.weight"].T
    found = model(given) if several_inputs else model(given)[0]
    np.testing.assert_allclose(found.numpy(), y, rtol=1e-4, atol=1e-4)


def test_a_layer_that_reads_features_in_two_orders():
    inputs = keras.Input(MAP)
    shared = layers.Dense(5, name="fc")
    x = layers.MaxPooling2D(1)(inputs)
    a = shared(layers.Flatten()(x))
    b = shared(layers.Flatten()(layers.Permute((3, 1, 2))(x)))
    model = keras.Model(inputs, layers.Add()([a, b]))
    with pytest.raises(ValueError, match="in more than one order"):
        load_torch_state_dict(model, {"fc.weight": numbers(5, 24), "fc.bias": numbers(5)})


@pytest.mark.parametrize("shape", [(3, 4, 2), (5, 2), (2, 3, 4, 5), (1, 1, 7), (6,), (4, 1), (1, 3)])
def test_features_of_maps(shape):
    x = np.arange(np.prod(shape)).reshape(1, *shape)
    features = features_of_map(shape)
    flat = theirs(x)[0]
    order = np.arange(flat.size) if features is None else features.order
    np.testing.assert_array_equal(flat[order], x.ravel())
