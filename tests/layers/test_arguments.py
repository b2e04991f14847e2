"""Constructor arguments that make no sense: each raises, and names the layer, the argument and the value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras

L = keras.layers
NAN = float("nan")

# Sizes that no size argument takes.
BAD_SIZES: list[Any] = [0, -1, 2**31, 2**63, 10**30, 1.5, "3", None, True, NAN, [3.0], (), b"3", object()]

SIZES: list[tuple[str, str, dict[str, Any]]] = [
    ("Dense", "units", {}),
    ("Conv1D", "filters", {"kernel_size": 3}),
    ("Conv1D", "kernel_size", {"filters": 2}),
    ("Conv1D", "strides", {"filters": 2, "kernel_size": 3}),
    ("Conv1D", "dilation_rate", {"filters": 2, "kernel_size": 3}),
    ("Conv1D", "groups", {"filters": 2, "kernel_size": 3}),
    ("Conv2D", "filters", {"kernel_size": 3}),
    ("Conv2D", "kernel_size", {"filters": 2}),
    ("Conv2D", "strides", {"filters": 2, "kernel_size": 3}),
    ("Conv2D", "dilation_rate", {"filters": 2, "kernel_size": 3}),
    ("Conv2D", "groups", {"filters": 2, "kernel_size": 3}),
    ("MaxPooling1D", "pool_size", {}),
    ("MaxPooling1D", "strides", {}),
    ("MaxPooling2D", "pool_size", {}),
    ("MaxPooling2D", "strides", {}),
    ("AveragePooling1D", "pool_size", {}),
    ("AveragePooling1D", "strides", {"pool_size": 2}),
    ("AveragePooling2D", "pool_size", {}),
    ("AveragePooling2D", "strides", {"pool_size": 2}),
    ("Embedding", "input_dim", {"output_dim": 2}),
    ("Embedding", "output_dim", {"input_dim": 2}),
    ("RepeatVector", "n", {}),
]


@pytest.mark.parametrize("bad", BAD_SIZES, ids=lambda v: "object()" if type(v) is object else repr(v))
@pytest.mark.parametrize(
    ("layer", "argument", "others"), SIZES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_bad_size(layer: str, argument: str, others: dict[str, Any], bad: Any) -> None:
    if argument == "strides" and "Pooling" in layer and bad is None:
        pytest.skip("None is the size of the window")
    with pytest.raises((ValueError, TypeError)) as error:
        getattr(L, layer)(**others, **{argument: bad})
    text = str(error.value)
    assert layer in text
    assert f"`{argument}`" in text
    assert "expected" in text.lower()
    assert "Received" in text
    assert type(bad).__name__ in text


@pytest.mark.parametrize("good", [3, np.int64(3), np.int32(3), np.uint8(3)], ids=repr)
def test_numpy_integers_are_integers(good: Any) -> None:
    units = L.Dense(good).units
    assert units == 3
    assert type(units) is int
    assert L.Conv2D(good, np.array([3, 3])).kernel_size == (3, 3)


OTHERS: list[tuple[str, dict[str, Any], str]] = [
    ("Dense", {"units": 2, "activation": "rellu"}, "relu"),
    ("Dense", {"units": 2, "activation": 3}, "activation"),
    ("Dense", {"units": 2, "kernel_initializer": "he"}, "he_normal"),
    ("Dense", {"units": 2, "kernel_initializer": 3}, "initializer"),
    ("Dense", {"units": 2, "kernel_regularizer": "l3"}, "l1_l2"),
    ("Dense", {"units": 2, "kernel_constraint": "max"}, "max_norm"),
    ("Dense", {"units": 2, "use_bias": "no"}, "use_bias"),
    ("Dense", {"units": 2, "lora_rank": 4}, "lora_rank"),
    ("Dense", {"units": 2, "unit": 2}, "unit"),
    ("Conv2D", {"filters": 2, "kernel_size": (3, 3, 3)}, "kernel_size"),
    ("Conv2D", {"filters": 2, "kernel_size": (3, 0)}, "kernel_size"),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "full"}, "'valid', 'same'"),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "causal"}, "'valid', 'same'"),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "data_format": "NHWC"}, "channels_last"),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "groups": 2}, "divisible"),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "strides": 2, "dilation_rate": 2}, "dilation_rate"),
    ("MaxPooling2D", {"padding": "causal"}, "'valid', 'same'"),
    ("GlobalMaxPooling2D", {"keepdims": 2}, "keepdims"),
    ("ZeroPadding1D", {"padding": -1}, "padding"),
    ("ZeroPadding1D", {"padding": (1, 2, 3)}, "padding"),
    ("ZeroPadding2D", {"padding": 1.5}, "padding"),
    ("ZeroPadding2D", {"padding": ((1, 2), (3, -4))}, "padding"),
    ("Reshape", {"target_shape": (-1, -1)}, "-1"),
    ("Reshape", {"target_shape": (2, -3)}, "target_shape"),
    ("Reshape", {"target_shape": "23"}, "target_shape"),
    ("Permute", {"dims": (0, 1)}, "dims"),
    ("Permute", {"dims": (1, 1)}, "dims"),
    ("Permute", {"dims": (1, 3)}, "dims"),
    ("Flatten", {"data_format": 3}, "data_format"),
    ("Dropout", {"rate": -0.1}, "rate"),
    ("Dropout", {"rate": 1.5}, "rate"),
    ("Dropout", {"rate": NAN}, "rate"),
    ("Dropout", {"rate": "0.5"}, "rate"),
    ("Dropout", {"rate": None}, "rate"),
    ("Dropout", {"rate": 0.5, "seed": 1.5}, "seed"),
    ("Dropout", {"rate": 0.5, "seed": -1}, "seed"),
    ("Dropout", {"rate": 0.5, "noise_shape": (0, 2)}, "noise_shape"),
    ("Dropout", {"rate": 0.5, "noise_shape": "12"}, "noise_shape"),
    ("BatchNormalization", {"momentum": 1.5}, "momentum"),
    ("BatchNormalization", {"momentum": -0.1}, "momentum"),
    ("BatchNormalization", {"momentum": NAN}, "momentum"),
    ("BatchNormalization", {"epsilon": -1.0}, "epsilon"),
    ("BatchNormalization", {"axis": 1.5}, "axis"),
    ("BatchNormalization", {"axis": [1, 2]}, "axis"),
    ("BatchNormalization", {"renorm": True}, "renorm"),
    ("LayerNormalization", {"epsilon": NAN}, "epsilon"),
    ("LayerNormalization", {"rms_scaling": "yes"}, "rms_scaling"),
    ("ReLU", {"max_value": -1.0}, "max_value"),
    ("ReLU", {"negative_slope": None}, "negative_slope"),
    ("ReLU", {"threshold": -2.0}, "threshold"),
    ("LeakyReLU", {"negative_slope": -0.1}, "negative_slope"),
    ("LeakyReLU", {"negative_slope": None}, "negative_slope"),
    ("ELU", {"alpha": "1"}, "alpha"),
    ("PReLU", {"shared_axes": "1"}, "shared_axes"),
    ("Softmax", {"axis": 0.5}, "axis"),
    ("Embedding", {"input_dim": 3, "output_dim": 2, "mask_zero": "yes"}, "mask_zero"),
    ("Rescaling", {"scale": "half"}, "scale"),
    ("Rescaling", {"scale": NAN}, "scale"),
    ("Rescaling", {"scale": 1.0, "offset": [1.0, NAN]}, "offset"),
    ("Concatenate", {"axis": "last"}, "axis"),
    ("Dot", {"axes": (0, 1)}, "axes"),
    ("Dot", {"axes": (1, 2, 3)}, "axes"),
]


@pytest.mark.parametrize(
    ("layer", "arguments", "part"), OTHERS, ids=lambda x: x if isinstance(x, str) else ""
)
def test_bad_argument(layer: str, arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError) as error:
        getattr(L, layer)(**arguments)
    assert part in str(error.value)


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [("Dot", {"axes": 1.5}), ("Dot", {"axes": "1"}), ("LayerNormalization", {"axis": "x"})],
    ids=str,
)
def test_wrong_type(layer: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(arguments))):
        getattr(L, layer)(**arguments)


def test_missing_arguments() -> None:
    for layer in ("Dense", "Conv2D", "Dropout", "Embedding", "Reshape", "AveragePooling2D", "Activation"):
        with pytest.raises(TypeError, match="required positional argument"):
            getattr(L, layer)()


@pytest.mark.parametrize(
    ("layer", "shape", "parts"),
    [
        (L.Dense(3), (None,), ["at least 2 axes", "(None,)"]),
        (L.Dense(3), (None, None), ["known size along axis 1", "(None, None)"]),
        (L.Conv2D(3, 3), (None, 8, 8), ["4 axes", "(None, 8, 8)"]),
        (L.Conv2D(3, 9), (None, 8, 8, 1), ["8", "9"]),
        (L.Conv2D(4, 3, groups=2), (None, 8, 8, 3), ["groups", "3"]),
        (L.Conv1D(3, 3), (None, 8, None), ["known size", "(None, 8, None)"]),
        (L.MaxPooling2D(9), (None, 8, 8, 1), ["8", "9"]),
        (L.MaxPooling1D(2), (None, 8), ["3 axes", "(None, 8)"]),
        (L.GlobalMaxPooling2D(), (None, 8, 8), ["4 axes", "(None, 8, 8)"]),
        (L.ZeroPadding2D(), (None, 8), ["4 axes", "(None, 8)"]),
        (L.RepeatVector(3), (None, 8, 8), ["2 axes", "(None, 8, 8)"]),
        (L.Permute((2, 1)), (None, 8), ["3 axes", "(None, 8)"]),
        (L.Reshape((3, 5)), (None, 16), ["3, 5", "(None, 16)"]),
        (L.Reshape((-1, 5)), (None, 16), ["-1, 5", "(None, 16)"]),
        (L.BatchNormalization(axis=3), (None, 8), ["axis", "3"]),
        (L.LayerNormalization(axis=3), (None, 8), ["axis", "3"]),
        (L.Softmax(axis=3), (None, 8), ["axis", "3"]),
        (L.PReLU(shared_axes=[3]), (None, 8), ["shared_axes", "3"]),
    ],
    ids=lambda x: x.name if isinstance(x, keras.Layer) else "",
)
def test_bad_input_shape(layer: keras.Layer, shape: tuple[int | None, ...], parts: list[str]) -> None:
    with pytest.raises(ValueError) as error:
        layer(keras.Input(batch_shape=shape))
    text = str(error.value)
    for part in [layer.name, *parts]:
        assert part in text


@pytest.mark.parametrize(
    ("layer", "shapes", "parts"),
    [
        (L.Add(), [(None, 3), (None, 4)], ["(None, 3)", "(None, 4)"]),
        (L.Add(), [(2, 3), (4, 3)], ["batch"]),
        (L.Subtract(), [(None, 3)] * 3, ["exactly 2", "3"]),
        (L.Concatenate(axis=1), [(None, 3, 4), (None, 3, 5)], ["axis 1", "(None, 3, 5)"]),
        (L.Concatenate(), [(None, 3), (None, 3, 5)], ["(None, 3)", "(None, 3, 5)"]),
        (L.Concatenate(axis=4), [(None, 3), (None, 3)], ["axis", "4"]),
        (L.Dot(1), [(None, 3), (None, 4)], ["(None, 3)", "(None, 4)"]),
        (L.Dot(1), [(None, 3)] * 3, ["exactly 2", "3"]),
        (L.Dot(2), [(None, 3), (None, 3)], ["2"]),
    ],
    ids=lambda x: x.name if isinstance(x, keras.Layer) else "",
)
def test_inputs_that_do_not_fit(layer: keras.Layer, shapes: list[Any], parts: list[str]) -> None:
    with pytest.raises(ValueError) as error:
        layer([keras.Input(batch_shape=shape) for shape in shapes])
    for part in [layer.name, *parts]:
        assert part in str(error.value)


def test_a_mask_may_be_the_second_argument() -> None:
    x = np.arange(6, dtype="float32").reshape(1, 3, 2)
    mask = np.array([[True, False, True]])
    layer = keras.layers.GlobalAveragePooling1D()
    np.testing.assert_array_equal(layer(x, mask).numpy(), [[2.0, 3.0]])
    np.testing.assert_array_equal(layer(x, mask=mask).numpy(), [[2.0, 3.0]])


def test_relu_is_zero_at_its_threshold() -> None:
    layer = keras.layers.ReLU(threshold=1.5)
    np.testing.assert_array_equal(layer(np.array([1.5, 2.0, 1.0], "float32")).numpy(), [0.0, 2.0, 0.0])
