"""Configs of Keras 2, key by key: what an argument is called now, what is left out, and what is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import oxhorn as keras
from oxhorn.saving.legacy.compile_config import compile_arguments
from oxhorn.saving.legacy.optimizer_state import NotUnderstood, from_keras_2
from oxhorn.saving.legacy.upgrade import upgrade_model, writer_of

NEW, OLD = writer_of("2.9.0"), writer_of("2.0.5")


def model_of(config: Any, writer: Any = NEW) -> keras.Model:
    return keras.saving.deserialize_keras_object(upgrade_model(copy.deepcopy(config), writer))


def stack_of(class_name: str, config: dict[str, Any], shape: list[int | None], writer: Any = NEW) -> Any:
    """The layer that a Sequential model of Keras 2 makes of this."""
    layer = {
        "class_name": class_name,
        "config": {"name": "it", "batch_input_shape": shape, "dtype": "float32", **config},
    }
    return model_of({"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}, writer).layers[
        0
    ]


SCALING = {"scale": 2.0, "mode": "fan_in", "seed": None}
INIT = {"class_name": "VarianceScaling", "config": {**SCALING, "distribution": "uniform"}}
NORMAL = {"class_name": "VarianceScaling", "config": {**SCALING, "distribution": "normal"}}
STACKED = {
    "class_name": "StackedRNNCells",
    "config": {"cells": [{"class_name": "LSTMCell", "config": {"units": 2}}]},
}
LSTM = {"class_name": "LSTM", "config": {"name": "l", "units": 2, "implementation": 2}}
DENSE = {"class_name": "Dense", "config": {"units": 2, "input_dtype": "float32"}}
POOLING = {"pool_size": [2, 2], "padding": "valid", "strides": [2, 2], "data_format": "channels_last"}
HARD = "keras_2_hard_sigmoid"
IMAGE, STEPS = [None, 8, 8, 2], [None, 5, 3]
# class, config in Keras 2, shape, what the layer's config has to have.
LAYERS: list[tuple[str, dict[str, Any], list[int | None], dict[str, Any]]] = [
    ("Dense", {"units": 2, "kernel_initializer": INIT, "activity_regularizer": None}, [None, 3], {"units": 2}),
    ("Dense", {"units": 2, "kernel_initializer": {"class_name": "Identity", "config": {"gain": 1.0}}}, [None, 2], {}),
    ("Conv2D", {"filters": 2, "kernel_size": [3, 3], "groups": 2}, IMAGE, {"groups": 2}),
    ("DepthwiseConv2D", {"kernel_size": [3, 3], "groups": 1, "kernel_initializer": INIT}, IMAGE, {}),
    ("SeparableConv2D", {"filters": 2, "kernel_size": [3, 3], "groups": 1, "kernel_regularizer": None}, IMAGE, {}),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": [3, 3], "groups": 1, "output_padding": None}, IMAGE, {}),
    ("BatchNormalization", {"axis": [3], "momentum": 0.15}, IMAGE, {"axis": 3, "momentum": 0.15}),
    ("SyncBatchNormalization", {"axis": [3]}, IMAGE, {"axis": 3}),
    ("LayerNormalization", {"axis": [1]}, [None, 3], {"axis": [1]}),
    ("LeakyReLU", {"alpha": 0.1}, [None, 3], {"negative_slope": 0.1}),
    ("ThresholdedReLU", {"theta": 0.5}, [None, 3], {"threshold": 0.5}),
    ("GRU", {"units": 2, "implementation": 1}, STEPS, {"reset_after": False}),
    ("GRU", {"units": 2, "implementation": 2, "reset_after": True, "time_major": False}, STEPS, {"reset_after": True}),
    ("LSTM", {"units": 2, "recurrent_activation": "hard_sigmoid"}, STEPS, {"recurrent_activation": HARD}),
    ("Activation", {"activation": "hard_sigmoid"}, STEPS, {"activation": HARD}),
    ("Dropout", {"rate": 0.5, "noise_shape": None, "seed": None}, [None, 3], {"rate": 0.5}),
    ("SpatialDropout2D", {"rate": 0.5, "noise_shape": None, "seed": None}, IMAGE, {"rate": 0.5}),
    ("MaxPooling2D", POOLING, IMAGE, {}),
    ("Embedding", {"input_dim": 5, "output_dim": 2, "input_length": 3}, [None, 3], {"output_dim": 2}),
    ("Dense", {"units": 2, "dtype": {"class_name": "Policy", "config": {"name": "float64"}}}, [None, 3], {}),
    ("RNN", {"cell": {"class_name": "GRUCell", "config": {"units": 2, "implementation": 1}}}, STEPS, {}),
    ("RNN", {"cell": STACKED}, STEPS, {}),
    ("Bidirectional", {"layer": LSTM, "merge_mode": "sum"}, STEPS, {"merge_mode": "sum"}),
    ("TimeDistributed", {"layer": DENSE}, STEPS, {}),
]  # fmt: skip


@pytest.mark.parametrize(("class_name", "config", "shape", "expected"), LAYERS)
def test_layers(
    class_name: str, config: dict[str, Any], shape: list[int | None], expected: dict[str, Any]
) -> None:
    layer = stack_of(class_name, config, shape)
    assert layer.built
    got = layer.get_config()
    assert {key: got[key] for key in expected} == expected


def test_initializers_of_keras_2() -> None:
    layer = stack_of("Dense", {"units": 2, "kernel_initializer": NORMAL}, [None, 3])
    assert layer.kernel_initializer.get_config()["distribution"] == "truncated_normal"
    layer = stack_of(
        "Dense", {"units": 2, "kernel_initializer": {"class_name": "Identity", "config": {}}}, [None, 2]
    )
    np.testing.assert_array_equal(layer.kernel.numpy(), np.eye(2))


def test_hard_sigmoid_has_its_old_slope() -> None:
    layer = stack_of("Activation", {"activation": "hard_sigmoid"}, [None, 5])
    x = np.array([[-3.0, -1.0, 0.0, 2.0, 4.0]])
    np.testing.assert_allclose(layer(x), [[0.0, 0.3, 0.5, 0.9, 1.0]], rtol=1e-6)
    again = keras.models.model_from_json(keras.Sequential([keras.Input((5,)), layer]).to_json())
    np.testing.assert_array_equal(again(x), layer(x))


# class, config, and the words of the error.
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("Merge", {"mode": "sum"}, r"Layer 'it' \(Merge\).*Keras 2\.9\.0.*Concatenate"),
    ("LocallyConnected2D", {"filters": 1}, "LocallyConnected2D"),
    ("CuDNNLSTM", {"units": 2}, "CuDNNLSTM"),
    ("TFOpLambda", {"function": "math.bessel_i0"}, r"layer 'it' .*calls TensorFlow's 'math\.bessel_i0'"),
    ("TFOpLambda", {"function": ["x"]}, "TensorFlow"),
    ("Dense", {"units": 2, "surprise": 1}, r"layer 'it' \(Dense\).*key 'surprise'"),
    ("LSTM", {"units": 2, "time_major": True}, "key 'time_major'"),
    ("SpatialDropout1D", {"rate": 0.5, "noise_shape": [None, 1, 3]}, "key 'noise_shape'"),
    ("DepthwiseConv2D", {"kernel_size": [3, 3], "groups": 2}, "key 'groups'"),
    ("Conv2D", {"nb_filter": 2, "dim_ordering": "th"}, "Keras 1"),
    ("Dense", {"output_dim": 2, "init": "uniform"}, "key 'output_dim'"),
    ("Lambda", {"function": ["4wEAAAA=", None, None], "function_type": "lambda"}, "arbitrary code execution"),
    (
        "Lambda",
        {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}},
        "arbitrary code execution",
    ),
    ("Lambda", {"function": "os.system", "function_type": "function", "module": "os"}, r"os\.system"),
    ("Dense", {"units": 2, "dtype": {"class_name": "Policy", "config": {}}}, "must have a name"),
    ("Dense", {"units": 2, "kernel_initializer": {"class_name": "os.system", "config": {}}}, r"os\.system"),
    (
        "TimeDistributed",
        {"layer": {"class_name": "Lambda", "config": {"function": ["x"]}}},
        "arbitrary code execution",
    ),
    ("no_such_layer", {}, "no_such_layer"),
]


@pytest.mark.parametrize(("class_name", "config", "message"), REFUSED)
def test_refused(class_name: str, config: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        stack_of(class_name, config, STEPS)


def test_lambda_by_the_name_of_ones_own_function() -> None:
    def double(x: Any) -> Any:
        return x * 2.0

    with keras.saving.custom_object_scope({"double": double}):
        layer = stack_of(
            "Lambda",
            {"function": "double", "function_type": "function", "module": "m", "arguments": {}},
            [None, 2],
        )
    np.testing.assert_array_equal(layer(np.ones((1, 2))), [[2.0, 2.0]])


# Models -----------------------------------------------------------------------------------------------


def dense(name: str, nodes: list[Any], units: int = 3, **config: Any) -> dict[str, Any]:
    inner = {"name": name, "units": units, "trainable": True, "dtype": "float32", **config}
    return {"class_name": "Dense", "config": inner, "name": name, "inbound_nodes": nodes}


def start(name: str = "x", shape: list[int | None] | None = None) -> dict[str, Any]:
    config = {"name": name, "batch_input_shape": shape or [None, 3], "dtype": "float32", "sparse": False}
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def graph(layers: list[Any], outputs: list[Any], name: str = "g", inputs: Any = None) -> dict[str, Any]:
    inner = {
        "name": name,
        "layers": layers,
        "input_layers": inputs or [["x", 0, 0]],
        "output_layers": outputs,
    }
    return {"class_name": "Model", "config": inner}


def test_sequential_of_keras_2_0() -> None:
    """The config was a list, and the first layer told the shape."""
    config = {
        "class_name": "Sequential",
        "config": [
            {
                "class_name": "Embedding",
                "config": {"name": "e", "input_dim": 4, "output_dim": 3, "batch_input_shape": [None, 2]},
            },
            {"class_name": "Flatten", "config": {"name": "f", "trainable": True}},
        ],
    }
    assert model_of(config, OLD).predict(np.array([[0, 3]]), verbose=0).shape == (1, 6)


def test_one_input_and_one_output_are_no_lists() -> None:
    model = model_of(graph([start(), dense("d", [[["x", 0, 0, {}]]])], [["d", 0, 0]]))
    assert model.predict(np.ones((2, 3)), verbose=0).shape == (2, 3)


def test_arguments_of_calls() -> None:
    """Constants and tensors by keyword, first states as more inputs."""
    lstm = {
        "class_name": "LSTM",
        "config": {"name": "l", "units": 3, "time_major": False},
        "name": "l",
        "inbound_nodes": [[["s", 0, 0, {"training": None}], ["x", 0, 0, {}], ["d", 0, 0, {}]]],
    }
    attention = {
        "class_name": "MultiHeadAttention",
        "config": {"name": "a", "num_heads": 1, "key_dim": 2, "query_shape": [None, 5, 3], "value_dim": 2},
        "name": "a",
        "inbound_nodes": [[["s", 0, 0, {"value": ["s", 0, 0], "training": False}]]],
    }
    layers = [start(), start("s", STEPS), dense("d", [[["x", 0, 0, {}]]]), lstm, attention]
    model = model_of(graph(layers, [["l", 0, 0], ["a", 0, 0]], inputs=[["x", 0, 0], ["s", 0, 0]]))
    x, s = np.ones((2, 3), "float32"), np.full((2, 5, 3), 0.5, "float32")
    recurrent, attended = model.predict([x, s], verbose=0)
    by_hand = model.get_layer("l")(s, initial_state=[x, model.get_layer("d")(x)])
    np.testing.assert_allclose(recurrent, by_hand, rtol=1e-6)
    np.testing.assert_allclose(attended, model.get_layer("a")(s, s), rtol=1e-6)


@pytest.mark.parametrize("inner_class", ["Sequential", "Model"])
def test_models_inside_count_calls_from_one(inner_class: str) -> None:
    inner = graph([start("i"), dense("d", [[["i", 0, 0, {}]]])], [["d", 0, 0]], "in", [["i", 0, 0]])
    if inner_class == "Sequential":
        inner = {"class_name": "Sequential", "config": {"name": "in", "layers": inner["config"]["layers"]}}
    nested = {**inner, "name": "in", "inbound_nodes": [[["x", 0, 0, {}]], [["in", 1, 0, {}]]]}
    model = model_of(graph([start(), nested], [["in", 2, 0]]))
    x = np.ones((1, 3), "float32")
    layer = model.layers[1]
    np.testing.assert_allclose(model.predict(x, verbose=0), layer(layer(x)), rtol=1e-6)


def test_names_with_slashes(tmp_path: Path) -> None:
    """Keras 2 allowed them; as groups of a file they are paths."""
    config = graph(
        [start(), dense("a/b", [[["x", 0, 0, {}]]]), dense("c", [[["a/b", 0, 0, {}]]])], [["c", 0, 0]]
    )
    model = model_of(config)
    assert [layer.name for layer in model.layers] == ["x", "a_b", "c"]
    values = np.arange(9.0).reshape(3, 3)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["keras_version"] = "2.9.0"
        file.attrs["model_config"] = json.dumps(config)
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = ["c", "x", "a/b"]
        weights.create_group("x").attrs["weight_names"] = np.zeros(0)
        for i, name in enumerate(("a/b", "c")):
            group = weights.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0", f"{name}/bias:0"]
            group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = values + i, np.full(3, float(i))
    loaded = keras.saving.load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_array_equal(loaded.get_layer("a_b").kernel, values)
    np.testing.assert_array_equal(loaded.get_layer("c").bias, np.ones(3))
    model.load_weights(tmp_path / "m.h5", by_name=True)
    np.testing.assert_array_equal(model.get_layer("a_b").kernel, values)


def call_of(function: Any, arguments: Any) -> dict[str, Any]:
    """A model that calls a function of TensorFlow's on its input."""
    layer = {"class_name": "TFOpLambda", "config": {"name": "tf.f", "function": function}, "name": "tf.f"}
    return graph([start(), {**layer, "inbound_nodes": [["x", 0, 0, arguments]]}], [["tf.f", 0, 0]])


def test_calls_of_tensorflow() -> None:
    x = np.array([[1.0, -2.0, 3.0]], "float32")
    got = model_of(call_of("math.multiply", {"y": 2.0, "name": None})).predict(x, verbose=0)
    np.testing.assert_array_equal(got, x * 2)
    first = ["_CONSTANT_VALUE", -1, 1.0, {"y": ["x", 0, 0], "name": None}]
    layer = {"class_name": "TFOpLambda", "config": {"name": "f", "function": "math.subtract"}, "name": "f"}
    model = model_of(graph([start(), {**layer, "inbound_nodes": [first]}], [["f", 0, 0]]))
    np.testing.assert_array_equal(model.predict(x, verbose=0), 1 - x)


BAD_GRAPHS: list[tuple[Any, str]] = [
    (call_of("math.multiply", {"y": 2.0, "surprise": 1}), "surprise"),
    (call_of("math.multiply", {"y": "two"}), "expected numbers"),
    (call_of("io.read_file", {}), "io.read_file"),
    (graph([start(), start()], [["x", 0, 0]]), "'x' twice"),
    (graph([start(), dense("d", [[["nobody", 0, 0, {}]]])], [["d", 0, 0]]), "nobody"),
    (graph([start(), dense("d", [[["d", 0, 0, {}]]])], [["d", 0, 0]]), "wait"),
    (graph([start(), dense("d", [[["x", 7, 0, {}]]])], [["d", 0, 0]]), "wait"),
    (graph([start(), dense("d", [[["x", 0, 9, {}]]])], [["d", 0, 0]]), "number 9"),
    (graph([start(), dense("d", [[["x", -1, 0, {}]]])], [["d", 0, 0]]), "call number"),
    (graph([start(), dense("d", [[["x", 1e300, 0, {}]]])], [["d", 0, 0]]), "x"),
    (graph([start(), dense("d", [5])], [["d", 0, 0]]), "must be a list of tensors"),
    (graph([start(), dense("d", [[[None, 0, 0]]])], [["d", 0, 0]]), "number of call"),
    (graph([start(), {**dense("d", []), "inbound_nodes": 5}], [["d", 0, 0]]), "inbound_nodes"),
    (graph([start(), dense("d", [[["x", 0, 0, {}]]])], [["e", 0, 0]]), "e"),
    (graph([start(), dense("d", [[["x", 0, 0, {}]]])], [["d", 3, 0]]), "d"),
    (graph([start(), 5], [["x", 0, 0]]), "class_name"),
    (graph([start(), {"class_name": "Dense", "config": 5}], [["x", 0, 0]]), "must be a dict"),
    (graph(5, [["x", 0, 0]]), "must be a list"),
    (graph([start(), dense("d", [[["x", 0, 0, {}]]], units=-1)], [["d", 0, 0]]), "units"),
    (graph([start(), dense("d", [[["x", 0, 0, {}]]], units=float("nan"))], [["d", 0, 0]]), "units"),
    (graph([start(), dense("d", [[["x", 0, 0, {}]]], units="3")], [["d", 0, 0]]), "units"),
    ({"class_name": "Sequential", "config": {"name": "s"}}, "must be a list"),
    ({"class_name": "Sequential"}, "must be a dict"),
    ({"class_name": ["Sequential"], "config": {}}, "class_name"),
    ([], "class_name"),
    ({"class_name": "builtins.eval", "config": {"expression": "1"}}, "builtins.eval"),
    (
        {"class_name": "enable_unsafe_deserialization", "config": {}, "module": "keras.config"},
        "enable_unsafe",
    ),
]


@pytest.mark.parametrize(("config", "message"), BAD_GRAPHS)
@pytest.mark.parametrize(
    "writer", [NEW, writer_of("3.11.0"), writer_of(None)], ids=lambda writer: writer.text
)
def test_bad_graphs(config: Any, message: str, writer: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        model_of(config, writer)
    if not writer.is_keras_3:
        assert message in str(caught.value)


@pytest.mark.parametrize("version", ["1.2.2", "1.0.0"])
def test_keras_1_is_refused(version: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"written by Keras {version}"):
        model_of({"class_name": "Sequential", "config": []}, writer_of(version))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["layer_names"] = [b"dense"]
    with pytest.raises(ValueError, match="Convert the file with Keras 2"):
        model.load_weights(tmp_path / "w.h5")


@pytest.mark.parametrize("version", ["", "two", "2", "2.x.1", "9" * 50, 3, "٣.٤"])
def test_versions_that_are_none(version: Any) -> None:
    with pytest.raises(ValueError, match="must be a version"):
        writer_of(version)


# How it was compiled ----------------------------------------------------------------------------------

# The optimizer in a file of Keras 2, and what ours has.
OPTIMIZERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"class_name": "Adam", "config": {"lr": 0.5, "beta_1": 0.8, "decay": 0.0}}, {"beta_1": 0.8}),
    ({"class_name": "Adam", "config": {"lr": 0.5, "epsilon": None}}, {"epsilon": 1e-7}),
    ({"class_name": "Custom>Adam", "config": {"name": "Adam", "learning_rate": 0.5, "jit_compile": True,
      "is_legacy_optimizer": False, "use_ema": False, "ema_overwrite_frequency": 100}}, {"use_ema": False}),
    ({"class_name": "Adam", "config": {"learning_rate": 0.5, "clipnorm": 1.0}}, {"clipnorm": 1.0}),
    ({"class_name": "Nadam", "config": {"lr": 0.5, "schedule_decay": 0.004}}, {}),
    ({"class_name": "Nadam", "config": {"learning_rate": 0.5, "decay": 0.004}}, {}),
    ({"class_name": "RMSprop", "config": {"lr": 0.5, "rho": 0.8, "epsilon": 1e-8, "decay": 0.0}}, {"rho": 0.8}),
    ({"class_name": "SGD", "config": {"lr": 0.5, "momentum": 0.9, "nesterov": True, "decay": 0.0}}, {"nesterov": True}),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "expected"), OPTIMIZERS)
def test_optimizers(entry: dict[str, Any], expected: dict[str, Any]) -> None:
    optimizer = compile_arguments({"optimizer_config": entry, "loss": "mse"}, NEW, 1)["optimizer"]
    got = optimizer.get_config()
    assert {key: got[key] for key in expected} == expected
    assert float(optimizer.learning_rate) == 0.5


def test_decay_is_a_schedule() -> None:
    """Formula: `learning_rate / (1 + decay * step)`."""
    entry = {"class_name": "SGD", "config": {"lr": 0.5, "decay": 0.1}}
    optimizer = compile_arguments({"optimizer_config": entry}, OLD, 1)["optimizer"]
    schedule = optimizer.get_config()["learning_rate"]["config"]
    assert (schedule["decay_steps"], schedule["decay_rate"]) == (1, 0.1)


def test_losses_and_metrics() -> None:
    wrapped = {
        "class_name": "MeanMetricWrapper",
        "config": {"name": "accuracy", "dtype": "float32", "fn": "binary_accuracy"},
    }
    huber = {"class_name": "Huber", "config": {"reduction": "auto", "name": "h", "delta": 0.5, "fn": "huber"}}
    training = {
        "optimizer_config": {"class_name": "SGD", "config": {}},
        "loss": {"a": "mse", "b": huber},
        "metrics": [[wrapped, "acc"]],
        "weighted_metrics": None,
        "sample_weight_mode": None,
        "loss_weights": {"a": 1.0, "b": 2.0},
    }
    arguments = compile_arguments(training, NEW, 1)
    assert arguments["loss"]["a"] == "mse"
    assert arguments["loss"]["b"].reduction == "sum_over_batch_size"
    assert arguments["loss"]["b"].get_config()["delta"] == 0.5
    metric, accuracy = arguments["metrics"]
    assert (type(metric).__name__, metric.name, accuracy) == ("BinaryAccuracy", "accuracy", "acc")
    assert arguments["loss_weights"] == {"a": 1.0, "b": 2.0}


SGD = {"class_name": "SGD", "config": {}}
BAD_TRAINING: list[tuple[Any, str]] = [
    (None, "optimizer_config"),
    ({"loss": "mse"}, "optimizer_config"),
    ({"optimizer_config": {"class_name": "SGD", "config": {"surprise": 1}}}, "surprise"),
    ({"optimizer_config": {"class_name": "os.system", "config": {"command": "x"}}}, "os.system"),
    ({"optimizer_config": {"class_name": 5, "config": {}}}, "class_name"),
    ({"optimizer_config": SGD, "loss": 5}, "loss or metric"),
    ({"optimizer_config": SGD, "loss": {"class_name": "no_such", "config": {}}}, "no_such"),
    ({"optimizer_config": SGD, "surprise": 1}, "surprise"),
    ({"optimizer_config": {"class_name": "SGD", "config": {"lr": "fast"}}}, "learning_rate"),
]


@pytest.mark.parametrize(("config", "message"), BAD_TRAINING)
def test_bad_training_configs(config: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        compile_arguments(config, NEW, 1)


# The optimizer's state by order -----------------------------------------------------------------------


def state_of(
    names: list[str], shapes: list[tuple[int, ...]], weights: list[str], kind: str = "Adam"
) -> list[str]:
    """Which of our variables each value goes to."""
    dense = [keras.layers.Dense(3, name="a"), keras.layers.Dense(4, name="b")]
    model = keras.Sequential([keras.Input((2,)), *dense], name="m")
    optimizer = getattr(keras.optimizers, kind)()
    optimizer.build(model.trainable_variables)
    named = dict(zip(weights, model.trainable_variables, strict=True))
    pairs = from_keras_2(optimizer, names, shapes, named)
    return [variable.path.partition("/")[2] for variable, _ in sorted(pairs, key=lambda pair: pair[1])]


SHAPES = [(2, 3), (3,), (3, 4), (4,)]


def test_values_without_names() -> None:
    """Keras 2.0: `Variable_7:0`; the order of the model, or that of the weights' names, whichever fits."""
    weights = ["a/kernel:0", "a/bias:0", "b/kernel:0", "b/bias:0"]
    by_model = [(), *SHAPES, *SHAPES]
    names = [f"Variable_{i}:0" for i in range(9)]
    found = state_of(names, by_model, weights)
    assert [path.rpartition("_")[2] for path in found[1:]] == ["momentum"] * 4 + ["velocity"] * 4
    assert found[1].endswith("kernel_momentum")
    by_name = [(), *[SHAPES[i] for i in (1, 0, 3, 2)] * 2]
    assert state_of(names, by_name, weights)[1].endswith("bias_momentum")
    # Later versions wrote an empty place for the slot that only amsgrad uses.
    empty = [f"Variable_{i}:0" for i in range(13)]
    assert state_of(empty, [*by_model, (1,), (1,), (1,), (1,)], weights) == found
    # Saved before the first step.
    assert state_of(["Adam/iter:0"], [()], weights) == ["iteration"]
    # RMSprop had no counter at first.
    assert len(state_of(names[:4], SHAPES, weights, "RMSprop")) == 4


@pytest.mark.parametrize(
    ("names", "shapes"),
    [
        ([f"v{i}" for i in range(8)], [(), *SHAPES, *SHAPES[:3]]),
        ([f"v{i}" for i in range(9)], [(), *SHAPES, (2, 3), (3,), (3, 5), (4,)]),
        ([f"v{i}" for i in range(17)], [(), *SHAPES * 4]),
        ([], []),
    ],
)
def test_states_that_fit_nothing(names: list[str], shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(NotUnderstood):
        state_of(names, shapes, ["a/kernel:0", "a/bias:0", "b/kernel:0", "b/bias:0"])


def test_nothing_in_a_config_is_changed() -> None:
    config = graph([start(), dense("d", [[["x", 0, 0, {}]]], kernel_initializer=NORMAL)], [["d", 0, 0]])
    before = json.dumps(config)
    upgrade_model(config, NEW)
    assert json.dumps(config) == before
