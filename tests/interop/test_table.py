"""The table of layers: each layer with weights has a row or is known not to; what PyTorch does not have is said."""

from __future__ import annotations

import re

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers
from oxhorn.interop import load_torch_state_dict, to_torch_state_dict
from oxhorn.interop.flattening import _LAYERS_BY_ENTRY
from oxhorn.interop.table import _RULES, has_rule, parts_of
from tests.layers.rows import ROWS

RNG = np.random.default_rng(0)

# Layers with weights that PyTorch does not have; their inner layers may have rows.
WITHOUT = {
    "AdditiveAttention",
    "Attention",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "DenseTranspose",
    "GroupQueryAttention",
    "Normalization",
    "STFTSpectrogram",
    "SpectralNormalization",
    "WeightNormalization",
}


def numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def test_the_rows_are_of_layers():
    assert all(hasattr(layers, name) for name in [*_RULES, *_LAYERS_BY_ENTRY, *WITHOUT])
    assert not set(_RULES) & (WITHOUT - {"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})


def test_every_layer_with_weights_is_known():
    with_weights = {row.layer for row in ROWS if row.weights}
    assert len(with_weights) > 25
    unknown = {
        name
        for name in with_weights - WITHOUT
        if not any(base.__name__ in _RULES for base in getattr(layers, name).__mro__)
    }
    assert not unknown, "give each a row in interop/table.py, or name it in WITHOUT"


class Own(layers.Dense):
    """A class of one's own is known by the class it is made from."""


def test_classes_of_ones_own():
    layer = Own(2)
    layer.build((None, 3))
    assert has_rule(layer)
    load_torch_state_dict(layer, {"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)})
    assert layer.kernel.numpy().sum() == 6
    assert not has_rule(layers.Flatten())


def test_single_layers_and_their_states():
    layer = layers.LSTM(4, name="rnn")
    layer.build((None, 5, 3))
    state = {
        "weight_ih_l0": numbers(16, 3),
        "weight_hh_l0": numbers(16, 4),
        "bias_ih_l0": numbers(16),
        "bias_hh_l0": numbers(16),
    }
    load_torch_state_dict(layer, state)
    np.testing.assert_array_equal(layer.cell.bias.numpy(), state["bias_ih_l0"] + state["bias_hh_l0"])
    back = to_torch_state_dict(layer)
    assert list(back) == [f"rnn.{name}" for name in state]
    np.testing.assert_array_equal(back["rnn.weight_ih_l0"], state["weight_ih_l0"])
    assert not back["rnn.bias_hh_l0"].any()


def test_cells():
    cell = layers.GRUCell(4)
    cell.build((None, 3))
    state = {
        "weight_ih": numbers(12, 3),
        "weight_hh": numbers(12, 4),
        "bias_ih": numbers(12),
        "bias_hh": numbers(12),
    }
    load_torch_state_dict(cell, state)
    r, z, n = np.split(state["bias_hh"], 3)
    np.testing.assert_array_equal(cell.bias.numpy()[1], np.concatenate([z, r, n]))


def test_levels_of_stacked_cells():
    x = keras.Input((5, 3))
    model = keras.Model(x, layers.RNN([layers.LSTMCell(4), layers.LSTMCell(2)], name="rnn")(x))
    sizes = {"l0": (16, 3, 4), "l1": (8, 4, 2)}
    state = {}
    for level, (gates, inputs, units) in sizes.items():
        state[f"net.weight_ih_{level}"] = numbers(gates, inputs)
        state[f"net.weight_hh_{level}"] = numbers(gates, units)
        state[f"net.bias_ih_{level}"] = numbers(gates)
        state[f"net.bias_hh_{level}"] = numbers(gates)
    for mapping in ("order", {"net.l0": "rnn/l0", "net.l1": "rnn/l1"}, [("net.{l}", "rnn/{l}")]):
        assert len(load_torch_state_dict(model, state, mapping).matched) == 6
    assert [name for name in to_torch_state_dict(model) if "weight" in name] == [
        f"rnn.weight_{kind}_{level}" for level in sizes for kind in ("ih", "hh")
    ]


def test_tied_weights_need_a_word():
    """PyTorch lists a shared array under both names; here it is one weight."""
    x = keras.Input((4,))
    shared = layers.Dense(4, use_bias=False, name="shared")
    model = keras.Model(x, shared(shared(x)))
    state = {"a.weight": numbers(4, 4)}
    state["b.weight"] = state["a.weight"]
    with pytest.raises(ValueError, match=r"b\.weight \(4, 4\): no layer was found"):
        load_torch_state_dict(model, state)
    load_torch_state_dict(model, state, ignore="b")


def test_parts_of_attention_by_name():
    layer = layers.GroupQueryAttention(3, 4, 2, name="attention")
    model = attended(layer)
    state = {
        "q.weight": numbers(12, 6),
        "q.bias": numbers(12),
        "k.weight": numbers(6, 6),
        "k.bias": numbers(6),
        "v.weight": numbers(6, 6),
        "v.bias": numbers(6),
        "o.weight": numbers(6, 12),
        "o.bias": numbers(6),
    }
    names = {"q": "query", "k": "key", "v": "value", "o": "attention_output"}
    load_torch_state_dict(model, state, names)
    np.testing.assert_array_equal(layer._query_dense.kernel.numpy().reshape(6, 12), state["q.weight"].T)
    np.testing.assert_array_equal(layer._key_dense.bias.numpy().ravel(), state["k.bias"])


def test_a_projection_of_attention_by_name():
    model = attended(layers.MultiHeadAttention(2, 3, name="attention"))
    state = {"q.weight": numbers(6, 6), "q.bias": numbers(6)}
    report = load_torch_state_dict(model, state, {"q": "attention/query"}, strict=False)
    assert [match.variable for match in report.matched] == ["attention/query/kernel", "attention/query/bias"]


def test_a_projection_that_cannot_be_parted():
    model = attended(layers.MultiHeadAttention(2, 3, name="attention"))
    state = {"attention.in_proj_weight": numbers(7, 6), "attention.out_proj.bias": numbers(6)}
    with pytest.raises(ValueError, match=r"in_proj_weight \(7, 6\): attention has no such weight"):
        load_torch_state_dict(model, state, "name")


def test_a_layer_in_two_models():
    """It is one layer, found under the first of them."""
    shared = layers.Dense(3, use_bias=False, name="shared")
    inner = [keras.Sequential([keras.Input((3,)), shared], name=name) for name in ("left", "right")]
    model = keras.Sequential([keras.Input((3,)), *inner])
    weight = numbers(3, 3)
    for name in ("shared", "left/shared"):
        (match,) = load_torch_state_dict(model, {"x.weight": weight}, {"x": name}).matched
        assert match.variable == "left/shared/kernel"
    np.testing.assert_array_equal(shared.kernel.numpy(), weight.T)


def image(layer):
    return keras.Sequential([keras.Input((4, 3, 2)), layer])


def attended(layer):
    x = keras.Input((5, 6))
    return keras.Model(x, layer(x, x))


class Doubling(layers.Layer):
    def build(self, input_shape):
        self.factor = self.add_weight(shape=(2,), name="factor")

    def call(self, x):
        return x * self.factor


REFUSED = [
    (lambda: keras.Sequential([keras.Input((5, 3)), layers.GRU(4, reset_after=False)]), "reset_after=True"),
    (lambda: image(layers.PReLU()), r"PReLU\(shared_axes=\[1, 2\]\)"),
    (lambda: image(layers.EinsumDense("abcd,bde->ace", (3, 5))), "is no Linear of PyTorch"),
    (lambda: image(Doubling()), "factor .*nothing was found"),
    (lambda: keras.Sequential([keras.Input((5, 4, 2)), layers.ConvLSTM1D(2, 2)]), "is none of PyTorch's"),
    (
        lambda: keras.Sequential(
            [keras.Input((5, 3)), layers.Bidirectional(layers.RNN([layers.LSTMCell(2), layers.LSTMCell(2)]))]
        ),
        "put a Bidirectional over each",
    ),
    (lambda: attended(layers.MultiHeadAttention(2, 3, use_gate=True)), "has a gate, which PyTorch's has not"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_pytorch_does_not_have(make, message):
    model = make()
    state = {"x.weight": numbers(2, 2), "x.bias": numbers(2)}
    with pytest.raises(ValueError, match=message):
        load_torch_state_dict(model, state)
    with pytest.raises(ValueError, match="no place in PyTorch"):
        to_torch_state_dict(model)


def test_weights_without_a_row_by_name():
    model = image(Doubling(name="double"))
    load_torch_state_dict(model, {"scale": np.array([2, 3], np.float32)}, {"scale": "double/factor"})
    assert model.get_weights()[0].tolist() == [2, 3]


def test_biases_that_only_one_side_has():
    model = image(layers.Conv2D(3, 2, name="c"))
    weight = numbers(3, 2, 2, 2)
    with pytest.raises(ValueError, match=r"c/bias .*x has no bias"):
        load_torch_state_dict(model, {"x.weight": weight})
    model = image(layers.Conv2D(3, 2, use_bias=False, name="c"))
    with pytest.raises(ValueError, match=r"x\.bias \(3,\): c has no such weight"):
        load_torch_state_dict(model, {"x.weight": weight, "x.bias": numbers(3)})


def test_normalisation_without_scale():
    model = image(layers.BatchNormalization(scale=False, center=False, epsilon=1e-5))
    state = {"running_mean": numbers(2), "running_var": numbers(2), "num_batches_tracked": np.array(3)}
    assert load_torch_state_dict(model, state).complete
    assert [m.names for m in load_torch_state_dict(model, state).matched] == [
        ("running_mean",),
        ("running_var",),
    ]


def test_a_note_on_epsilon():
    model = image(layers.BatchNormalization())
    state = {name: numbers(2) for name in ("weight", "bias", "running_mean", "running_var")}
    (note,) = load_torch_state_dict(model, state).notes
    assert re.search(r"epsilon=0\.001: a state dict does not hold it; PyTorch's default is 1e-05", note)


def test_every_conversion_has_its_way_back():
    made = [
        (layers.Conv2D(6, (2, 3), groups=2), (None, 5, 5, 4)),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (None, 5, 5, 4)),
        (layers.SeparableConv1D(5, 3), (None, 7, 4)),
        (layers.Conv1DTranspose(5, 3), (None, 7, 4)),
        (layers.GRU(3), (None, 7, 4)),
        (layers.LayerNormalization(axis=(1, 2, 3)), (None, 2, 3, 4)),
        (layers.PReLU(shared_axes=[1]), (None, 7, 4)),
        (layers.EinsumDense("abc,cde->abde", (None, 3, 5), bias_axes="de"), (None, 7, 4)),
        (layers.EinsumDense("abde,dec->abc", (None, 4)), (None, 7, 3, 5)),
    ]
    for layer, shape in made:
        layer.build(shape)
        for part in parts_of(layer, on_map=True):
            for row in part.rows:
                array = numbers(*row.variable.shape)
                there = row.conversion.to_torch(array)
                assert [a.shape for a in there] == row.conversion.torch_shapes(array.shape)
                assert len(there) == len(row.names)
                np.testing.assert_array_equal(row.conversion.to_ours(*there), array)


def test_a_note_on_functions():
    layer = layers.LSTM(2, recurrent_activation="hard_sigmoid", name="rnn")
    layer.build((None, 5, 3))
    state = to_torch_state_dict(layer)
    (note,) = load_torch_state_dict(layer, state).notes
    assert note == "rnn has the functions ('tanh', 'hard_sigmoid'); PyTorch's are tanh and sigmoid"
