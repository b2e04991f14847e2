"""Dtype policies by path: exact, by pattern, the default; in layers and in their configs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

Map = keras.dtype_policies.DTypePolicyMap
F32, F64 = keras.DTypePolicy("float32"), keras.DTypePolicy("float64")


def test_lookup() -> None:
    policies = Map("float32", {"encoder/dense": F64})
    policies["decoder/.*"] = "float64"
    policies["top"] = "int32"
    right = {
        "encoder/dense": "float64",
        "decoder/a/b": "float64",
        "decoder": "float32",
        "top": "int32",
        "x": "float32",
    }
    assert {path: policies[path].name for path in right} == right
    assert (policies.name, policies.compute_dtype, policies.variable_dtype) == (
        "map_float32",
        "float32",
        "float32",
    )
    assert (len(policies), list(policies)) == (3, ["encoder/dense", "decoder/.*", "top"])
    assert "top" in policies
    assert "decoder/a" not in policies
    policies["decoder/a/.*"] = "float32"
    with pytest.raises(ValueError, match=r"'decoder/a/b' matches multiple dtype policy specification keys"):
        policies["decoder/a/b"]
    del policies["top"]
    assert policies["top"] == F32
    assert policies.pop("encoder/dense") == F64
    with pytest.raises(KeyError):
        policies.pop("encoder/dense")
    with pytest.raises(ValueError, match=r"decoder/\.\* already exist in the DTypePolicyMap"):
        policies["decoder/.*"] = F32
    with pytest.raises(
        ValueError, match=r"Cannot interpret the assigned value by `keras.dtype_policies.get`"
    ):
        policies["more"] = 123


def test_the_default_follows_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.config, "_dtype_policy", None)
    policies = Map()
    assert policies["any"] == F32
    keras.config.set_dtype_policy("float64")
    assert policies["any"] == F64
    assert Map.from_config(policies.get_config())["any"] == F64


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="If specified, `policy_map` must be a dict"):
        Map(policy_map=123)
    with pytest.raises(ValueError, match="`default_policy` cannot be a `DTypePolicyMap`"):
        Map(Map())
    with pytest.raises(ValueError, match="not supported"):
        Map("float12")


@pytest.mark.parametrize("default", [None, "float64", F64])
def test_round_trip(default: Any) -> None:
    policies = Map(default, {"a/b": F64, "c": F32})
    config = keras.dtype_policies.serialize(policies)
    again = keras.dtype_policies.deserialize(json.loads(json.dumps(config)))
    assert isinstance(again, Map)
    assert again == policies
    assert keras.dtype_policies.get(config) == policies
    assert "mapping=[('a/b', 'float64'), ('c', 'float32')]" in repr(again)


@keras.saving.register_keras_serializable("dtype_policy_map")
class TwoInOne(keras.layers.Layer):
    """Hands its policies on to its layers."""

    def __init__(self, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.wide = keras.layers.Dense(3, dtype=dtype, name="wide")
        self.plain = keras.layers.Dense(2, dtype=dtype, name="plain")

    def build(self, input_shape: Any) -> None:
        self.wide.build(input_shape)
        self.plain.build((None, 3))

    def call(self, x: Any) -> Any:
        return self.plain(self.wide(x))


def test_layers_look_up_their_path() -> None:
    policies = Map("float32", {"two/wide": F64})
    layer = TwoInOne(dtype=policies, name="two")
    y = layer(np.ones((2, 4), "float32"))
    assert (layer.wide.kernel.dtype, layer.plain.kernel.dtype, y.dtype) == ("float64", "float32", "float32")
    assert (layer.wide.compute_dtype, layer.plain.compute_dtype) == ("float64", "float32")
    again = TwoInOne.from_config(json.loads(json.dumps(layer.get_config())))
    again(np.ones((2, 4), "float32"))
    assert (again.wide.kernel.dtype, again.plain.kernel.dtype) == ("float64", "float32")
    layer.plain.dtype_policy = "float64"
    assert layer.plain.compute_dtype == policies["two/plain"].name == "float64"
