"""`FeatureSpace`: a table's columns as vectors, against Keras; models that begin with one; bad input."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers
from oxhorn.data import Dataset
from oxhorn.utils import FeatureSpace

DATA: dict[str, Any] = {f"float_{i}": [round(0.1 * j, 1) for j in range(10)] for i in (1, 2, 3, 4)}
DATA.update({f"int_{i}": list(range(10)) for i in (1, 2, 3)})
DATA.update({f"string_{i}": [str(j) for j in range(10)] for i in (1, 2)})
# Written by Keras 3.15.1: where the ones are.
ONES = {
    "float_3": [1, 2, 3, 4, 5, 6, 7, 8, 9, 9],
    "int_1": [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    "int_2": [31, 1, 7, 9, 31, 11, 15, 24, 19, 13],
    "int_3": [0, 1, 0, 1, 0, 1, 0, 4, 3, 2],
    "string_1": [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    "string_2": [31, 1, 7, 9, 31, 11, 15, 24, 19, 13],
    "float_3_X_string_1": [30, 22, 12, 3, 25, 0, 16, 20, 21, 6],
    "string_2_X_int_2": [0, 0, 4, 0, 0, 4, 2, 2, 5, 2],
}
SIZES = {
    "float_1": 1,
    "float_2": 1,
    "float_3": 32,
    "float_4": 1,
    "int_1": 11,
    "int_2": 32,
    "int_3": 5,
    "string_1": 11,
    "string_2": 32,
    "float_3_X_string_1": 32,
    "string_2_X_int_2": 7,
}


def space(output_mode: str = "concat") -> FeatureSpace:
    return FeatureSpace(
        {
            "float_1": "float",
            "float_2": "float_normalized",
            "float_3": "float_discretized",
            "float_4": FeatureSpace.float_rescaled(2.0, 1.0),
            "string_1": "string_categorical",
            "string_2": "string_hashed",
            "int_1": "integer_categorical",
            "int_2": "integer_hashed",
            "int_3": FeatureSpace.integer_categorical(max_tokens=5, num_oov_indices=2),
        },
        crosses=[("float_3", "string_1"), FeatureSpace.cross(("string_2", "int_2"), 7)],
        output_mode=output_mode,
    )


def adapted(output_mode: str = "concat", data: Any = DATA) -> FeatureSpace:
    made = space(output_mode)
    made.adapt(data)
    return made


def row(i: int) -> dict[str, Any]:
    return {name: values[i] for name, values in DATA.items()}


def test_features_are_those_of_keras() -> None:
    encoded = adapted("dict")(DATA)
    assert {name: value.shape[1] for name, value in encoded.items()} == SIZES
    for name, places in ONES.items():
        np.testing.assert_array_equal(encoded[name].numpy(), np.eye(SIZES[name])[places])
    x = np.array(DATA["float_1"])[:, None]
    np.testing.assert_allclose(encoded["float_1"], x, rtol=1e-6)
    np.testing.assert_allclose(encoded["float_2"], (x - x.mean()) / x.std(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(encoded["float_4"], 2 * x + 1, rtol=1e-6)
    order = [*sorted(n for n in SIZES if "_X_" not in n), *sorted(n for n in SIZES if "_X_" in n)]
    assert list(encoded) == order
    whole = np.concatenate([encoded[name].numpy() for name in order], axis=-1)
    one = adapted()
    np.testing.assert_array_equal(one(DATA).numpy(), whole)
    np.testing.assert_array_equal(one(row(3)).numpy(), whole[3])
    assert adapted("dict")(row(3))["int_2"].shape == (32,)
    columns = {name: np.array(values)[:, None] for name, values in DATA.items()}
    np.testing.assert_array_equal(one(columns).numpy(), whole)


def test_adapting_to_batches() -> None:
    def cut(a: int, b: int) -> dict[str, Any]:
        return {name: np.array(values[a:b]) for name, values in DATA.items()}

    whole = adapted()(DATA).numpy()
    for batches in (
        [cut(0, 4), cut(4, 10)],
        (cut(i, i + 2) for i in range(0, 10, 2)),
        [(cut(0, 10), np.zeros(10))],
        (row(i) for i in range(10)),
        Dataset.from_tensor_slices(DATA),
        Dataset.from_tensor_slices(DATA).batch(4),
        Dataset.from_tensor_slices((DATA, np.zeros(10))).map(lambda columns, label: (columns, label)),
    ):
        np.testing.assert_allclose(adapted(data=batches)(DATA), whole, atol=1e-6)
    again = adapted(data=[cut(0, 3)])
    again.adapt(DATA)
    np.testing.assert_array_equal(again(DATA).numpy(), whole)


def test_models_that_begin_with_features() -> None:
    one = adapted()
    inputs, encoded = one.get_inputs(), one.get_encoded_features()
    assert encoded.shape == (None, 165)
    data = {name: np.array(values) for name, values in DATA.items()}
    np.testing.assert_array_equal(keras.Model(inputs, encoded).predict(data, verbose=0), one(DATA).numpy())
    model = keras.Model(inputs, layers.Dense(1)(encoded))
    model.compile(keras.optimizers.Adam(0.1), "mse")
    y = np.arange(10.0) / 10
    first, *_, last = model.fit(data, y, batch_size=5, epochs=20, verbose=0).history["loss"]
    assert last < first / 4
    apart = keras.Sequential([keras.Input((165,)), layers.Dense(1)])
    apart.set_weights(model.get_weights()[-2:])
    np.testing.assert_allclose(
        apart.predict(one(DATA).numpy(), verbose=0), model.predict(data, verbose=0), rtol=1e-4, atol=1e-5
    )


def test_layers_of_ones_own() -> None:
    text = layers.TextVectorization(output_mode="tf_idf")
    one = FeatureSpace({"text": FeatureSpace.feature("string", text, "float")})
    data = {"text": ["1st string", "2nd string", "3rd string"]}
    one.adapt(data)
    assert one(data).shape == (3, 5)
    ready = FeatureSpace(
        {
            "code": "integer_hashed",
            "words": FeatureSpace.feature(
                "string", layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=3), "int"
            ),
            "size": FeatureSpace.feature("float32", layers.Normalization(mean=12.0, variance=4.0), "float"),
            "bin": FeatureSpace.float_discretized(None, bin_boundaries=[0.0, 1.0]),
        },
        output_mode="dict",
    )
    out = ready({"code": [1, 2], "words": ["a b c d", ""], "size": [12.0, 14.0], "bin": [-1.0, 0.5]})
    assert out["words"].numpy().tolist() == [[2, 3, 1], [0, 0, 0]]
    assert out["size"].numpy().tolist() == [[0.0], [1.0]]
    assert out["bin"].numpy().tolist() == [[1, 0, 0], [0, 1, 0]]
    assert out["code"].shape == (2, 32)


def test_configs_and_copies() -> None:
    one = adapted()
    config = json.loads(json.dumps(one.get_config()))
    again = FeatureSpace.from_config(config)
    again.adapt(DATA)
    np.testing.assert_array_equal(again(DATA).numpy(), one(DATA).numpy())
    copied = copy.deepcopy(one)
    np.testing.assert_array_equal(copied(DATA).numpy(), one(DATA).numpy())
    whole = json.loads(json.dumps(keras.saving.serialize_keras_object(one)))
    assert whole["module"] == "keras.utils"
    assert isinstance(keras.saving.deserialize_keras_object(whole), FeatureSpace)


CATEGORIES = {"a": "integer_categorical", "b": "integer_categorical"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeatureSpace({}), "cannot be None or empty"),
        (lambda: FeatureSpace({"a": "integer"}), "Invalid feature type"),
        (lambda: FeatureSpace({"a": 3}), "Invalid feature type"),
        (lambda: FeatureSpace({"a": {"class_name": "os.system", "config": {}}}), "config of a Feature"),
        (lambda: FeatureSpace(CATEGORIES, output_mode="list"), "for argument `output_mode`"),
        (lambda: FeatureSpace(CATEGORIES, crosses=[("a", "b")], crossing_dim=None), "`crossing_dim`"),
        (lambda: FeatureSpace(CATEGORIES, crosses=[("a", "c")]), "should be present in "),
        (lambda: FeatureSpace(CATEGORIES, crosses=["ab"]), "at least two"),
        (lambda: FeatureSpace.cross(("a", "b"), 0), "crossing_dim"),
        (lambda: FeatureSpace.feature("float32", layers.Identity(), "two_hot"), "for argument `output_mode`"),
        (lambda: FeatureSpace(CATEGORIES)({"a": [0], "b": [0]}), "You need to call `.adapt"),
        (lambda: FeatureSpace(CATEGORIES).get_encoded_features(), "You need to call `.adapt"),
        (lambda: FeatureSpace(CATEGORIES).adapt({"a": [1]}), "lack the features"),
        (lambda: FeatureSpace(CATEGORIES).adapt([[1, 2]]), "dict of columns"),
        (lambda: FeatureSpace(CATEGORIES).adapt(3), "can only be called on a dict"),
        (lambda: FeatureSpace(CATEGORIES).adapt({"a": ["x"], "b": [1]}), "expected numbers"),
        (lambda: adapted()([1, 2]), "dict of columns"),
        (lambda: adapted()({**DATA, "more": [1]}), "no features"),
        (
            lambda: FeatureSpace({"a": FeatureSpace.integer_hashed(3, "int")})({"a": [1]}),
            "Cannot concatenate",
        ),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_saved_and_opened(tmp_path: Path) -> None:
    space = keras.utils.FeatureSpace(
        {
            "a b": "float_normalized",
            "c": "string_categorical",
            "d": "float_discretized",
            "i": "integer_categorical",
        },
        crosses=[("c", "i")],
        crossing_dim=8,
    )
    data = {"a b": [1.0, 2.0, 4.0], "c": ["u", "v", "u"], "d": [1.0, 5.0, 9.0], "i": [4, 5, 4]}
    space.adapt(data)
    space.save(tmp_path / "my space.keras")
    copy = keras.models.load_model(tmp_path / "my space.keras")
    new = {"a b": [3.0, 0.0], "c": ["v", "w"], "d": [7.0, -1.0], "i": [5, 6]}
    np.testing.assert_array_equal(copy(new).numpy(), space(new).numpy())
    model = keras.Model(copy.get_inputs(), keras.layers.Dense(2)(copy.get_encoded_features()))
    assert model.predict({key: np.array(value) for key, value in new.items()}, verbose=0).shape == (2, 2)


def test_only_keras_files_hold_a_feature_space(tmp_path: Path) -> None:
    space = keras.utils.FeatureSpace({"a": "float_normalized"})
    space.adapt({"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"expected a path that ends in '\.keras'"):
        space.save(tmp_path / "space.h5")
    space.save(tmp_path / "space.keras")
    content = (tmp_path / "space.keras").read_bytes()
    (tmp_path / "half.keras").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="cut off"):
        keras.models.load_model(tmp_path / "half.keras")
