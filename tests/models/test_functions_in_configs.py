"""Functions of `ops` in functional models: their configs name what Keras's files name, and are read again."""

from __future__ import annotations

import json

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.engine.operation_names import function_of, name_of, place_of

CALLS = {
    ("keras.src.ops.numpy", "Reshape"): lambda x: ops.reshape(x, (-1, 4, 6)),
    ("keras.src.ops.nn", "Relu"): lambda x: ops.relu(x - 0.5),
    ("keras.src.ops.nn", "LayerNorm"): lambda x: ops.layer_normalization(x),
    ("keras.src.ops.linalg", "Norm"): lambda x: ops.norm(x, axis=-1),
    ("keras.src.ops.math", "TopK"): lambda x: ops.top_k(x, 3)[0],
    ("keras.src.ops.math", "RFFT"): lambda x: ops.rfft(x)[0],
    ("keras.src.ops.image", "Resize"): lambda x: ops.image.resize(ops.reshape(x, (-1, 4, 6, 1)), (2, 3)),
    ("keras.src.ops.image", "HSVToRGB"): lambda x: ops.image.hsv_to_rgb(ops.reshape(x, (-1, 2, 4, 3))),
    ("keras.src.ops.core", "Cast"): lambda x: ops.cast(x, "float64"),
}


@pytest.mark.parametrize("place", CALLS, ids="-".join)
def test_round_trip(place):
    inputs = keras.Input((24,))
    model = keras.Model(inputs, CALLS[place](inputs))
    config = json.loads(json.dumps(model.get_config()))
    assert place in [(entry["module"], entry["class_name"]) for entry in config["layers"]]
    x = np.random.default_rng(0).random((3, 24)).astype("float32")
    again = keras.Model.from_config(config)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    np.testing.assert_array_equal(
        keras.models.clone_model(model).predict(x, verbose=0), model.predict(x, verbose=0)
    )


def test_every_function_is_found_by_its_class():
    names = [*ops.__all__, *(f"image.{name}" for name in ops.image.__all__)]
    assert len(names) > 300
    for name in names:
        function = function_of(name)
        if callable(function):
            assert function_of(name_of(place_of(name)[1])) is not None, name
