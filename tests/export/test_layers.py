"""Every layer in inference, exported and run by onnxruntime on two batch sizes; or in a list, with the reason."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.export.runs import check
from tests.layers import test_layers
from tests.layers.rnn.test_rnn import CELLS
from tests.layers.rows import ROWS
from tests.layers.rows_image import IMAGE_ROWS, ImageRow
from tests.layers.table import LayerRow

L = keras.layers


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: LayerRow) -> None:
    layer = test_layers.built(row)
    model = test_layers.model_of(row, layer)
    arrays = row.arrays("float32")
    one = [array[:1] for array in arrays]
    batches = [arrays, one] if len(arrays) > 1 else [arrays[0], one[0]]
    check(model, *batches, loose=row.loose)


@pytest.mark.parametrize("row", IMAGE_ROWS, ids=lambda row: row.id)
def test_layer_of_images(row: ImageRow) -> None:
    layer = getattr(L, row.layer)(**row.arguments)
    x = keras.Input(row.shape[1:])
    images = row.images("float32")
    check(keras.Model(x, layer(x)), images, images[:1], loose=row.loose)


@pytest.mark.parametrize("masked", [False, True], ids=["", "masked"])
@pytest.mark.parametrize("way", [{}, {"return_sequences": True, "go_backwards": True}], ids=str)
@pytest.mark.parametrize("kind", CELLS)
def test_cell(kind: str, way: dict[str, Any], masked: bool) -> None:
    x = keras.Input((None, 4))
    y = L.Masking()(x) if masked else x
    model = keras.Model(x, L.RNN(CELLS[kind][0](), **way)(y))
    sequences = random(3, 5, 4)
    sequences[0, 3:] = sequences[1, :2] = sequences[2, 1] = 0
    check(model, sequences, sequences[:2, :4])


def wrapped(make: Any, shape: tuple[int | None, ...], dtype: str = "float32") -> keras.Model:
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, make()(x))


# What holds other layers, or is called with several arguments.
WRAPPERS = {
    "Bidirectional": lambda: wrapped(lambda: L.Bidirectional(L.LSTM(3, return_sequences=True)), (None, 4)),
    "Bidirectional-sum": lambda: wrapped(lambda: L.Bidirectional(L.GRU(3), merge_mode="sum"), (5, 4)),
    "TimeDistributed": lambda: wrapped(lambda: L.TimeDistributed(L.Dense(3)), (None, 4)),
    "TimeDistributed-images": lambda: wrapped(lambda: L.TimeDistributed(L.Conv2D(2, 3)), (5, 6, 6, 2)),
    "SpectralNormalization": lambda: wrapped(lambda: L.SpectralNormalization(L.Dense(3)), (4,)),
    "WeightNormalization": lambda: wrapped(lambda: L.WeightNormalization(L.Conv2D(3, 2)), (4, 4, 2)),
    "DenseTranspose": lambda: tied(),
    "StackedRNNCells": lambda: wrapped(lambda: L.RNN([L.LSTMCell(3), L.GRUCell(2)]), (5, 4)),
    "ReversibleEmbedding": lambda: wrapped(lambda: L.ReversibleEmbedding(7, 3), (4,), "int32"),
    "Pipeline": lambda: wrapped(lambda: L.Pipeline([L.Rescaling(0.5), L.CenterCrop(3, 3)]), (5, 4, 3)),
    "RNN-unrolled": lambda: wrapped(lambda: L.LSTM(3, unroll=True, return_sequences=True), (4, 3)),
    "RNN-sigmoid": lambda: wrapped(lambda: L.SimpleRNN(3, activation="sigmoid"), (None, 3)),
    "LSTM-states": lambda: states_in_and_out(),
    "MultiHeadAttention": lambda: attention(L.MultiHeadAttention(2, 4, value_dim=3)),
    "MultiHeadAttention-causal": lambda: attention(L.MultiHeadAttention(2, 4), use_causal_mask=True),
    "GroupQueryAttention": lambda: attention(L.GroupQueryAttention(4, 4, 2)),
    "GroupQueryAttention-causal": lambda: attention(L.GroupQueryAttention(4, 4, 2), use_causal_mask=True),
}


def tied() -> keras.Model:
    x = keras.Input((4,))
    dense = L.Dense(3, activation="tanh")
    return keras.Model(x, L.DenseTranspose(dense)(dense(x)))


def states_in_and_out() -> keras.Model:
    x, h, c = keras.Input((None, 4)), keras.Input((3,)), keras.Input((3,))
    return keras.Model([x, h, c], L.LSTM(3, return_state=True)(x, initial_state=[h, c]))


def attention(layer: Any, **options: Any) -> keras.Model:
    query, value = keras.Input((None, 6)), keras.Input((None, 6))
    seen = L.Masking()(value)
    return keras.Model([query, value], layer(query, seen, **options))


def numbers(model: keras.Model, batch: int, steps: int) -> list[np.ndarray]:
    arrays = []
    for i, tensor in enumerate(model.inputs):
        shape = (batch, *(steps if size is None else size for size in tensor.shape[1:]))
        array = random(*shape, seed=i)
        if tensor.dtype == "int32":
            array = np.abs(array * 2).astype("int32")
        elif len(shape) == 3:
            array[0, -1] = 0
        arrays.append(array)
    return arrays


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrapper(name: str) -> None:
    model = WRAPPERS[name]()
    batches = [numbers(model, 3, 5), numbers(model, 1, 4)]
    check(model, *(batch if len(batch) > 1 else batch[0] for batch in batches))


def test_places_that_are_floats() -> None:
    check(wrapped(lambda: L.Embedding(5, 2), (4,)), np.array([[0, 4, 2, 1]], "float32"))


# Text and hashes: layers on the host.
ON_HOST = {
    "StringLookup": lambda: L.StringLookup(vocabulary=["a", "b"]),
    "TextVectorization": lambda: L.TextVectorization(vocabulary=["a", "b"]),
    "Hashing": lambda: L.Hashing(5),
}
# Not layers that one calls, or tested with the one that runs them.
ELSEWHERE = {
    "Layer": "the base class",
    "Wrapper": "a base class",
    "InputLayer": "every model here begins with one",
    "RNN": "test_cell",
    "SimpleRNNCell": "test_cell",
    "LSTMCell": "test_cell",
    "GRUCell": "test_cell",
    "HashedCrossing": "on the host, like Hashing",
}


def test_every_layer_is_exported_or_in_a_list() -> None:
    names = {
        name
        for name, one in ((name, getattr(L, name)) for name in L.__all__)
        if inspect.isclass(one) and issubclass(one, keras.Layer) and one.__name__ == name
    }
    exported = {row.layer for row in ROWS} | {row.layer for row in IMAGE_ROWS}
    exported |= {name.split("-")[0] for name in WRAPPERS}
    assert len(names) > 100
    assert sorted(names - exported - set(ON_HOST) - set(ELSEWHERE)) == []


@pytest.mark.parametrize("name", ON_HOST)
def test_layers_on_the_host_are_refused(name: str, tmp_path: Any) -> None:
    x = keras.Input((1,), dtype="string")
    model = keras.Model(x, L.Embedding(9, 2)(ON_HOST[name]()(x)))
    with pytest.raises(NotImplementedError, match=rf"{name}\) works on text .*Export the model behind it"):
        keras.export.export_onnx(model, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []
