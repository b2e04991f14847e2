"""Which weight goes where: mappings, leftovers, reports, and what is refused before anything is changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import ml_dtypes
import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers
from oxhorn.interop import load_torch_state_dict, to_torch_state_dict

GOLDEN = Path(__file__).parent / "golden"
RNG = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def two_layers() -> keras.Model:
    return keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, name="first"), layers.Dense(2, name="second")], name="two"
    )


STATE = {"a.weight": numbers(4, 3), "a.bias": numbers(4), "b.weight": numbers(2, 4), "b.bias": numbers(2)}
SWAPPED = {name: STATE[name] for name in ("b.weight", "b.bias", "a.weight", "a.bias")}


def is_loaded(model) -> None:
    weights = [STATE["a.weight"].T, STATE["a.bias"], STATE["b.weight"].T, STATE["b.bias"]]
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("state", "mapping"),
    [
        (STATE, "order"),
        (SWAPPED, {"a": "first", "b": "second"}),
        (SWAPPED, {"a": "first", "b.weight": "second/kernel", "b.bias": "second/bias"}),
        (SWAPPED, [("a", "first"), ("b", "second")]),
        (SWAPPED, [(re.compile("[a]"), "first"), (re.compile("(b)"), "second")]),
        (SWAPPED, [("a", "first"), ("b.weight", "second/kernel"), ("b.bias", "second/bias"), ("{x}", None)]),
        (SWAPPED, [("a", "first"), ("b.weight", "second/kernel"), ("b", "second")]),
        ({name.replace("a.", "first.").replace("b.", "second."): w for name, w in SWAPPED.items()}, "name"),
    ],
)
def test_mappings(state, mapping):
    model = two_layers()
    report = load_torch_state_dict(model, state, mapping)
    assert report.complete
    is_loaded(model)


def blocks() -> keras.Model:
    steps = [layers.Dense(3, use_bias=False, name=f"block{i}_dense") for i in (1, 2, 3)]
    return keras.Sequential([keras.Input((3,)), *steps])


def test_templates_count():
    state = {f"net.blocks.{i}.fc.weight": np.full((3, 3), i, np.float32) for i in (2, 0, 1)}
    for mapping in (
        [("net.blocks.{i}.fc", "block{i+1}_dense")],
        [("net.{part}.{i}.{what}", "block{i+1}_dense")],
        [("nothing", "x"), ("net.blocks.{i}.fc.weight", "block{i+1}_dense/kernel")],
    ):
        model = blocks()
        load_torch_state_dict(model, state, mapping)
        assert [w[0, 0] for w in model.get_weights()] == [0, 1, 2]
    with pytest.raises(ValueError, match=r"needs \{what\+1\}"):
        load_torch_state_dict(blocks(), state, [("net.{part}.{i}.{what}", "block{what+1}_dense")])
    with pytest.raises(ValueError, match=r"needs \{j\}"):
        load_torch_state_dict(blocks(), state, [("net.blocks.{i}.fc", "block{j}_dense")])
    with pytest.raises(ValueError, match="stands once"):
        load_torch_state_dict(blocks(), state, [("net.{a}{b}", "x")])


def test_patterns_that_fit_nothing_are_named():
    state = {"net.fc.weight": np.zeros((3, 3), np.float32)}
    with pytest.raises(
        ValueError, match=r"of the patterns, '\^net' fit no module and no array.*re\.compile"
    ) as raised:
        load_torch_state_dict(blocks(), state, [("^net", "x"), ("net.fc", "block1_dense")])
    assert "net.fc'" not in str(raised.value)


def test_names_of_files_are_no_patterns():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(3, use_bias=False, name="d")])
    odd = {r"(a+)+$\g<0>{i}[.weight": np.ones((3, 3), np.float32)}
    load_torch_state_dict(model, odd, [(re.compile(r".*"), "d")])
    load_torch_state_dict(model, odd, [("{x}", "d")])
    with pytest.raises(ValueError, match="no layer of that name"):
        load_torch_state_dict(model, odd, [("{x}", "{x}")])
    with pytest.raises(ValueError, match="does not fit its pattern"):
        load_torch_state_dict(model, odd, [(re.compile(r".*"), r"\7")])


# Leftovers ---------------------------------------------------------------------------------------------


def test_leftovers_are_an_error_and_change_nothing():
    model = two_layers()
    before = model.get_weights()
    more = {**STATE, "c.weight": numbers(5, 2), "c.bias": numbers(5)}
    less = {name: STATE[name] for name in ("a.weight", "a.bias")}
    other = {**STATE, "b.weight": numbers(3, 4)}
    for state, texts in (
        (more, ["not used: 2", r"c\.weight \(5, 2\): no layer was found", "nothing was changed"]),
        (less, ["not set: 2", r"second/kernel \(4, 2\): nothing was found"]),
        (other, [r"b\.weight has the shape \(3, 4\); \(2, 4\) is needed", "not used: 1"]),
    ):
        for text in texts:
            with pytest.raises(ValueError, match=text):
                load_torch_state_dict(model, state)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    report = load_torch_state_dict(model, more, strict=False)
    assert (len(report.matched), len(report.unused), len(report.missing)) == (4, 2, 0)
    is_loaded(model)
    report = load_torch_state_dict(two_layers(), other, strict=False)
    assert (len(report.matched), len(report.unused), len(report.missing)) == (3, 1, 1)
    assert "matched: 3" in str(report)
    assert "matched=3, unused=1, missing=1" in repr(report)


def test_an_error_shows_twenty_of_a_kind():
    more = {f"x{i}.weight": numbers(2, 3) for i in range(25)}
    with pytest.raises(ValueError, match=r"not used: 25\n(  x.*\n){20}  \.\.\. and 5 more\n"):
        load_torch_state_dict(two_layers(), {**STATE, **more})
    report = load_torch_state_dict(two_layers(), {**STATE, **more}, strict=False)
    assert str(report).count("no layer was found") == 25


def test_leaving_out_on_purpose():
    more = {**STATE, "c.weight": numbers(5, 2), "c.bias": numbers(5)}
    for arguments in (
        {"ignore": "c"},
        {"ignore": ["c.weight", "c.bias"]},
        {"ignore": [re.compile(r"c\..*")]},
        {"mapping": {"a": "first", "b": "second", "c": None}},
        {"mapping": {"a": "first", "b": "second", "c.weight": None, "c.bias": None}},
        {"mapping": [("c", None), ("a", "first"), ("b", "second")]},
        {"mapping": [("c.{x}", None), ("a", "first"), ("b", "second")]},
    ):
        model = two_layers()
        report = load_torch_state_dict(model, more, **arguments)
        assert sorted(name.partition(" ")[0] for name in report.left_out) == ["c.bias", "c.weight"]
        is_loaded(model)


def test_keeping_layers():
    model = two_layers()
    top = model.get_layer("second").get_weights()
    half = {name: STATE[name] for name in ("a.weight", "a.bias")}
    report = load_torch_state_dict(model, half, keep="second")
    assert report.left_out == ["second/kernel of the model", "second/bias of the model"]
    np.testing.assert_array_equal(model.get_layer("first").kernel.numpy(), STATE["a.weight"].T)
    for a, b in zip(top, model.get_layer("second").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="second/kernel is to be kept"):
        load_torch_state_dict(model, STATE, {"a": "first", "b": "second"}, keep=["second"])


def test_prefixes():
    state = {f"module.net.{name}": array for name, array in STATE.items()}
    for prefix in ("module.net", "module.net."):
        model = two_layers()
        load_torch_state_dict(model, state, prefix=prefix)
        is_loaded(model)
    report = load_torch_state_dict(two_layers(), {**state, "head.weight": numbers(2)}, prefix="module.net")
    assert report.left_out == ["head.weight (outside of the prefix)"]
    with pytest.raises(ValueError, match="they begin with module"):
        load_torch_state_dict(two_layers(), state, prefix="backbone")


def test_parts_of_a_checkpoint():
    for checkpoint, key in (
        ({"state_dict": STATE, "epoch": 3}, "state_dict"),
        ({"model": {"ema": STATE}}, ["model", "ema"]),
        ({"model": {"ema": STATE}}, ("model", "ema")),
    ):
        model = two_layers()
        load_torch_state_dict(model, checkpoint, key=key)
        is_loaded(model)
    with pytest.raises(
        ValueError, match=r"a dict of 'state_dict' \(dict of 4, 4 of them arrays\), 'epoch' \(3\)"
    ):
        load_torch_state_dict(two_layers(), {"state_dict": STATE, "epoch": 3})
    with pytest.raises(ValueError, match=r"such as key='state_dict'"):
        load_torch_state_dict(two_layers(), {"state_dict": STATE})
    with pytest.raises(ValueError, match="expected 'model'; there is a dict"):
        load_torch_state_dict(two_layers(), {"state_dict": STATE}, key="model")
    with pytest.raises(ValueError, match=r"is a safetensors file, which has no parts; leave `key` out"):
        load_torch_state_dict(two_layers(), GOLDEN / "batch_norm.safetensors", key="model")
    with pytest.raises(ValueError, match="expected `key`"):
        load_torch_state_dict(two_layers(), {"state_dict": STATE}, key=3)


# Kinds -------------------------------------------------------------------------------------------------


def test_the_order_stops_where_kinds_differ():
    model = keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(3, 2, name="conv2d"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    state = {
        "c.weight": numbers(3, 2, 2, 2),
        "c.bias": numbers(3),
        "fc.weight": numbers(2, 27),
        "fc.bias": numbers(2),
    }
    with pytest.raises(
        ValueError, match=r"from place 2 on the order differs: fc \(weight \(2, 27\), bias \(2,\)\) against"
    ):
        load_torch_state_dict(model, state)
    report = load_torch_state_dict(model, state, strict=False)
    assert len(report.matched) == 2
    report = load_torch_state_dict(model, state, {"c": "conv2d", "fc": model.layers[-1].name}, strict=False)
    assert len(report.matched) == 4


def test_square_layers_are_turned():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(3, use_bias=False)])
    square = numbers(3, 3)
    load_torch_state_dict(model, {"x.weight": square})
    np.testing.assert_array_equal(model.get_weights()[0], square.T)
    table = keras.Sequential([keras.Input((3,)), layers.Embedding(3, 3)])
    load_torch_state_dict(table, {"x.weight": square})
    np.testing.assert_array_equal(table.get_weights()[0], square)


BAD = [
    ({"mapping": "best"}, "expected `mapping` to be"),
    ({"mapping": 3}, "expected `mapping` to be"),
    ({"mapping": [("a",)]}, "expected `mapping` to be"),
    ({"mapping": {"x": "first"}}, "which the source does not have. Its modules are a, b"),
    ({"mapping": {"a": "third"}}, "no layer of that name. It has first, second"),
    ({"mapping": {"a": 3}}, "expected the name of a layer"),
    ({"mapping": {"a.weight": "third/kernel"}}, "no weight of that name"),
    ({"mapping": {"a": "first", "b": "first"}}, "has the shape|would be set twice"),
    ({"mapping": {"a.bias": "first/bias", "a": "first"}}, "would be set twice"),
    ({"mapping": [(3, "first")]}, "expected a pattern"),
    ({"mapping": [("a", 3)]}, "expected the name of a layer"),
    ({"keep": "third"}, "no layer of that name"),
    ({"keep": 3}, "expected `keep`"),
    ({"ignore": [3]}, "expected `ignore`"),
    ({"strict": "yes"}, "strict"),
    ({"flattened": 3}, "expected `flattened`"),
    ({"flattened": {"first": 3}}, "expected `flattened` to give"),
    ({"flattened": {"first": (1, -3)}}, "expected `flattened` to give"),
    ({"flattened": {"first": (2, 2)}}, "which is 4 features; the layer has 3"),
    ({"flattened": {"third": None}}, "no layer of that name"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments(arguments, message):
    model = two_layers()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        load_torch_state_dict(model, STATE, **arguments)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_same_name_twice():
    inner = [
        keras.Sequential([keras.Input((3,)), layers.Dense(3, use_bias=False, name="same")], name=name)
        for name in ("left", "right")
    ]
    model = keras.Sequential([keras.Input((3,)), *inner])
    state = {"a.weight": numbers(3, 3), "b.weight": numbers(3, 3)}
    with pytest.raises(ValueError, match=r"more than one layer of that name: .*Give the whole path"):
        load_torch_state_dict(model, state, {"a": "same", "b": "same"})
    load_torch_state_dict(model, state, {"b": "left/same", "a": "right/same"})
    np.testing.assert_array_equal(model.get_weights()[0], state["b.weight"].T)


# Arrays in memory --------------------------------------------------------------------------------------


class FakeTensor:
    """What a tensor of PyTorch does when it is asked for an array."""

    dtype = "torch.float32"
    calls: ClassVar[list[str]] = []

    def __init__(self, array):
        self.array = array

    def detach(self):
        self.calls.append("detach")
        return self

    def cpu(self):
        self.calls.append("cpu")
        return self

    def __array__(self, dtype=None, copy=None):
        return self.array

    def numpy(self):
        return self.array


def test_tensors_in_memory():
    model = two_layers()
    load_torch_state_dict(model, {name: FakeTensor(array) for name, array in STATE.items()})
    is_loaded(model)
    assert {"detach", "cpu"} == set(FakeTensor.calls)
    turned = {name: array.astype(">f8")[::-1][::-1] for name, array in STATE.items()}
    load_torch_state_dict(model, turned)
    is_loaded(model)
    ours = {name: keras.Variable(array) for name, array in STATE.items()}
    load_torch_state_dict(model, ours)
    is_loaded(model)


class FakeBrainFloat(FakeTensor):
    """A tensor of a dtype that NumPy does not have."""

    dtype = "torch.bfloat16"

    def float(self):
        return FakeTensor(self.array)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("NumPy has no bfloat16")


def test_bfloat16_in_memory():
    """As a tensor, and as an array of the package that gives NumPy the dtype."""
    whole = {name: np.round(array) for name, array in STATE.items()}
    for made in (FakeBrainFloat, lambda array: array.astype(ml_dtypes.bfloat16)):
        model = two_layers()
        load_torch_state_dict(model, {name: made(array) for name, array in whole.items()})
        np.testing.assert_array_equal(model.get_weights()[0], whole["a.weight"].T)


class Raises:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array(["x"]), "has the dtype"),
        (np.array([None, {}]), "has the dtype"),
        (np.zeros(3, complex), "has the dtype"),
        (np.zeros(3, "datetime64[s]"), "has the dtype"),
        (np.zeros(3, [("a", "f4")]), "has the dtype"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "masked array"),
        (Raises(), "cannot be made an array"),
        (np.zeros((4, 3), np.int64), "has the dtype int64; the weight has float32"),
        (np.zeros((0, 3), np.float32), "has the shape"),
        (np.float32(3), "order differs"),
    ],
)
def test_bad_arrays(value, message):
    with pytest.raises(ValueError, match=message):
        load_torch_state_dict(two_layers(), {**STATE, "a.weight": value})


def test_other_sources():
    class Module:
        def state_dict(self):
            return STATE

    with pytest.raises(ValueError, match=r"pass its `state_dict\(\)`"):
        load_torch_state_dict(two_layers(), Module())
    for source in (3, None, [STATE], b"x"):
        with pytest.raises(ValueError, match="expected a path, or a dict of arrays"):
            load_torch_state_dict(two_layers(), source)
    with pytest.raises(ValueError, match="expected a state dict"):
        load_torch_state_dict(two_layers(), {})
    with pytest.raises(ValueError, match="expected a model or a layer"):
        load_torch_state_dict(STATE, STATE)
    with pytest.raises(ValueError, match="is not built"):
        load_torch_state_dict(keras.Sequential([layers.Dense(3)]), STATE)


def test_numbers_that_are_not_finite():
    model = two_layers()
    state = {**STATE, "a.bias": np.array([np.nan, 1, np.inf, 2], np.float32)}
    with pytest.warns(UserWarning, match="first/bias has numbers that are NaN or infinite"):
        report = load_torch_state_dict(model, state)
    assert len(report.notes) == 1
    assert np.isnan(model.get_layer("first").bias.numpy()[0])
    with pytest.warns(UserWarning, match="too large for float32"):
        load_torch_state_dict(model, {**STATE, "a.bias": np.full(4, 1e300)})
    wide = {name: array.astype(np.float64) for name, array in STATE.items()}
    assert load_torch_state_dict(model, wide).notes == []
    report = load_torch_state_dict(model, {**wide, "b.weight": wide["b.weight"] + 1e-12})
    assert report.notes == ["rounded from float64 to float32: 1 weights, second/kernel the first"]


def test_dtypes_of_the_model():
    model = keras.Sequential([keras.Input((3,), dtype="float64"), layers.Dense(4, dtype="float64", name="d")])
    exact = RNG.normal(size=(4, 3))
    load_torch_state_dict(model, {"d.weight": exact, "d.bias": np.zeros(4, np.float16)}, "name")
    np.testing.assert_array_equal(model.get_weights()[0], exact.T)


# The way back ------------------------------------------------------------------------------------------


def test_names_on_the_way_back():
    model = two_layers()
    model.set_weights([w + 1 for w in model.get_weights()])
    state = to_torch_state_dict(model)
    assert list(state) == ["first.weight", "first.bias", "second.weight", "second.bias"]
    assert all(array.flags.c_contiguous for array in state.values())
    other = two_layers()
    assert load_torch_state_dict(other, state, "name").complete
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert "fc.weight" in to_torch_state_dict(model, {"second": "fc"})
    with pytest.raises(ValueError, match="two layers would be named"):
        to_torch_state_dict(model, {"second": "first"})
    with pytest.raises(ValueError, match="no layer of that name"):
        to_torch_state_dict(model, {"third": "x"})
    with pytest.raises(ValueError, match="no place in PyTorch: attention/scale"):
        x = keras.Input((3, 4))
        to_torch_state_dict(keras.Model(x, layers.Attention(use_scale=True, name="attention")([x, x])))
    with pytest.raises(ValueError, match="expected a model or a layer"):
        to_torch_state_dict(state)


def test_the_order_of_branches():
    """Those that lead to the first of the arrays that meet come first."""
    state = {
        f"{name}.weight": numbers(4, 4, 1, 1) for name in ("stem", "conv1", "conv2", "downsample.0", "head")
    }
    for shortcut_first in (False, True):
        inputs = keras.Input((3, 3, 4))
        x = layers.Conv2D(4, 1, use_bias=False, name="stem")(inputs)
        shortcut = layers.Conv2D(4, 1, use_bias=False, name="shortcut")(x)
        y = layers.Conv2D(4, 1, use_bias=False, name="b")(layers.Conv2D(4, 1, use_bias=False, name="a")(x))
        met = layers.Add()([shortcut, y] if shortcut_first else [y, shortcut])
        model = keras.Model(inputs, layers.Conv2D(4, 1, use_bias=False, name="head")(met))
        report = load_torch_state_dict(model, state)
        block = (
            ["shortcut/kernel", "a/kernel", "b/kernel"]
            if shortcut_first
            else ["a/kernel", "b/kernel", "shortcut/kernel"]
        )
        assert [match.variable for match in report.matched] == ["stem/kernel", *block, "head/kernel"]


def test_other_functions_point_here(tmp_path):
    with pytest.raises(ValueError, match="load_torch_state_dict"):
        two_layers().load_weights(str(tmp_path / "weights.pth"))
    assert keras.saving.load_torch_state_dict is load_torch_state_dict
