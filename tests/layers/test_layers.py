"""Every layer against the reference and Keras's own configs. A layer the core knows without a row here fails.

`tests/testing/test_batteries.py` puts the same rows to `check_layer`: shapes, gradients, batches, memory, ...
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from tests.layers.rows import ROWS, TABLES
from tests.layers.rows_additions import ADDED
from tests.layers.rows_image import IMAGE_ROWS
from tests.layers.table import LayerRow

# Models of a layer without weights are compiled and fitted too.
pytestmark = pytest.mark.filterwarnings("ignore:.*has no trainable weights")
# The base classes; those that hold another layer or have two ways to be called, whose tests are in test_wrappers.py;
# what runs a cell along a sequence, and the cells, whose tests are in rnn/; those that are called with several
# arguments: test_attention.py; the one that shares a kernel: test_dense_transpose.py.
OTHERS = {
    "Layer",
    "InputLayer",
    "Wrapper",
    "SpectralNormalization",
    "WeightNormalization",
    "ReversibleEmbedding",
    "DenseTranspose",
}
OTHERS |= {"RNN", "SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"}
OTHERS |= {"Bidirectional", "TimeDistributed"}
OTHERS |= {"GroupQueryAttention", "MultiHeadAttention"}
# Layers of images have a table of their own, in test_image_layers.py.
OTHERS |= {row.layer for row in IMAGE_ROWS} | {"Pipeline"}
# Those that read text or hash, before the compiled part of a model: test_text.py, test_hashing.py.
OTHERS |= {"StringLookup", "TextVectorization", "Hashing", "HashedCrossing"}
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
TOLERANCES = {"float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-10)}
# Written by Keras 3.15.1: the configuration of each row's layer.
KERAS = json.loads((Path(__file__).parent / "keras_configs.json").read_text())


def make(row: LayerRow, dtype: str = "float32", **more: Any) -> keras.layers.Layer:
    return getattr(keras.layers, row.layer)(**row.arguments, dtype=dtype, **more)


def built(row: LayerRow, dtype: str = "float32") -> keras.layers.Layer:
    layer = make(row, dtype)
    layer(row.inputs(dtype))
    if row.weights:
        layer.set_weights(row.new_weights(dtype))
    return layer


def expected(row: LayerRow, dtype: str, training: bool = False) -> np.ndarray:
    arrays = [a.astype("float64") if row.below is None else a for a in row.arrays(dtype)]
    weights = [w.astype("float64") for w in row.new_weights(dtype)]
    reference = row.training if training and row.training else row.reference
    return np.asarray(reference(arrays[0] if len(arrays) == 1 else arrays, *weights))


def model_of(row: LayerRow, layer: keras.layers.Layer, dtype: str = "float32") -> keras.Model:
    kind = dtype if row.below is None else "int32"
    inputs = [keras.Input(shape=s[1:], dtype=kind) for s in row.shapes]
    return keras.Model(inputs, layer(inputs[0] if len(inputs) == 1 else inputs))


def plain(config: Any) -> Any:
    """As JSON sees it: tuples are lists."""
    return json.loads(json.dumps(config))


def test_every_layer_has_a_row() -> None:
    for name, rows in TABLES.items():
        assert rows, f"the table {name} is empty"
    names = {
        name
        for name, one in ((name, getattr(keras.layers, name)) for name in keras.layers.__all__)
        if inspect.isclass(one) and issubclass(one, keras.Layer) and one.__name__ == name
    }
    assert len(names) >= 50
    assert set(_core.layer_names()) <= names
    assert sorted(names - OTHERS - {row.layer for row in ROWS}) == []
    assert sorted({row.layer for row in ROWS} - names) == []


@every_row
def test_config_round_trip(row: LayerRow) -> None:
    layer = make(row, name="one")
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert plain(again.get_config()) == plain(config)
    revived = keras.layers.deserialize(plain(keras.layers.serialize(layer)))
    assert type(revived) is type(layer)
    assert plain(revived.get_config()) == plain(config)


@every_row
def test_config_is_that_of_keras(row: LayerRow) -> None:
    config = plain(make(row, name="one").get_config())
    if row.layer == "Lambda":
        pytest.skip("a function of Keras is another one")
    if row.layer in ADDED:
        pytest.skip("not a layer of Keras")
    assert config == KERAS[row.id]["config"]
    if row.layer != "ELU":  # Keras derives that one's config from the call, in the order of its arguments
        assert list(config) == list(KERAS[row.id]["config"])


@every_row
def test_weights(row: LayerRow) -> None:
    layer = built(row)
    own = [w for w in layer.weights if "seed" not in w.path]
    assert [(w.name, tuple(w.shape)) for w in own] == row.weights
    # Keras lists the trainable ones first.
    assert [w.name for w in layer.trainable_weights] == [
        n for n, _ in row.weights if not n.startswith("moving_")
    ]
    assert layer.count_params() == sum(int(np.prod(s)) for _, s in row.weights)
    values = row.new_weights("float32")
    layer.set_weights(values)
    for got, value in zip(layer.get_weights(), values, strict=True):
        np.testing.assert_array_equal(got, value)
    assert layer.built


@every_row
def test_weight_paths(row: LayerRow) -> None:
    layer = make(row, name="one")
    layer(row.inputs("float32"))
    assert [w.path for w in layer.weights if "seed" not in w.path] == [
        "/".join(["one", *row.inside.split(), name]) for name, _ in row.weights
    ]


@every_row
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(row: LayerRow, dtype: str) -> None:
    layer, x = built(row, dtype), row.inputs(dtype)
    rtol, atol = TOLERANCES[dtype]
    y = layer(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.numpy(), expected(row, dtype), rtol=rtol * row.loose, atol=atol)
    predicted = model_of(row, layer, dtype).predict(x, verbose=0)
    assert predicted.dtype == dtype
    np.testing.assert_allclose(predicted, expected(row, dtype), rtol=rtol * row.loose, atol=atol)
    if not row.random:
        y = layer(x, training=True) if row.training else layer(x)
        np.testing.assert_allclose(y.numpy(), expected(row, dtype, True), rtol=rtol * row.loose, atol=atol)


@every_row
@pytest.mark.filterwarnings("ignore:.*no trainable weights")
def test_training_step(row: LayerRow) -> None:
    layer = built(row)
    model = model_of(row, layer)
    before = layer.get_weights()
    x, y = row.inputs("float32"), expected(row, "float32")
    y = y + 1.0 + np.cos(np.arange(y.size)).reshape(y.shape)  # not one number, to which softmax is blind
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    history = model.fit(x, y, batch_size=2, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0])
    for (name, _), b, a in zip(row.weights, before, layer.get_weights(), strict=True):
        assert np.isfinite(a).all()
        assert not np.array_equal(a, b), f"{name} has not moved"


@pytest.mark.parametrize(
    "row",
    [
        r
        for r in ROWS
        if len(r.shapes[0]) > 2
        and len(r.shapes) == 1
        and not r.layer.startswith("ConvLSTM")  # the axis after the batch is that of the steps
        and "data_format" in KERAS.get(r.id, {}).get("config", {})
    ],
    ids=lambda row: row.id,
)
def test_channels_first_is_channels_last_turned(row: LayerRow) -> None:
    if row.layer == "Flatten" or row.arguments.get("padding") == "causal":
        pytest.skip("the order of the channels is part of the result, or the format is refused")
    last = {**row.arguments, "data_format": "channels_last"}
    first = {**row.arguments, "data_format": "channels_first"}
    x = row.arrays("float32")[0]
    a = getattr(keras.layers, row.layer)(**last)
    b = getattr(keras.layers, row.layer)(**first)
    ya = a(x).numpy()
    b(np.moveaxis(x, -1, 1))
    b.set_weights(a.get_weights())
    yb = b(np.moveaxis(x, -1, 1)).numpy()
    if row.layer.startswith("Global") and not row.arguments.get("keepdims"):
        np.testing.assert_allclose(yb, ya, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_allclose(np.moveaxis(yb, 1, -1), ya, rtol=1e-5, atol=1e-6)


@every_row
def test_float64_end_to_end(row: LayerRow) -> None:
    layer = built(row, "float64")
    assert all(w.dtype == "float64" for w in layer.weights if "seed" not in w.path)
    assert layer.compute_dtype == ("int64" if row.layer == "IntegerLookup" else "float64")
    model = model_of(row, layer, "float64")
    assert model.outputs[0].dtype == "float64"
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    y = expected(row, "float64") + 1.0
    model.fit(row.inputs("float64"), y, batch_size=2, epochs=1, verbose=0)
    assert all(w.dtype == np.float64 for w in layer.get_weights())
    assert model.predict(row.inputs("float64"), verbose=0).dtype == np.float64
