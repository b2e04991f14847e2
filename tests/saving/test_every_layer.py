"""Every layer, with the arguments of its rows: saved in a model and opened again, it computes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.layers.rows import ROWS
from tests.layers.table import LayerRow


def model_of(row: LayerRow) -> keras.Model:
    arrays = row.arrays("float32")
    inputs = [keras.Input(batch_shape=(None, *array.shape[1:]), dtype=str(array.dtype)) for array in arrays]
    layer = getattr(keras.layers, row.layer)(**row.arguments)
    outputs = layer(inputs[0] if len(inputs) == 1 else inputs)
    model = keras.Model(inputs[0] if len(inputs) == 1 else inputs, outputs)
    random = np.random.default_rng(7)
    for weight in model.weights:
        if str(weight.dtype).startswith("float"):
            weight.assign(random.uniform(0.1, 1.0, weight.shape))
    return model


def outputs_of(model: keras.Model, x: Any) -> list[np.ndarray]:
    return [np.asarray(value) for value in keras.tree.flatten(model(x, training=False))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_saved_and_opened(row: LayerRow, tmp_path: Path) -> None:
    model, x = model_of(row), row.inputs("float32")
    expected = outputs_of(model, x)
    for path in (tmp_path / "m.keras", tmp_path / "m.h5"):
        model.save(path)
        copy = keras.saving.load_model(path, compile=False)
        assert type(copy.layers[-1]) is type(model.layers[-1])
        assert [weight.path for weight in copy.weights] == [weight.path for weight in model.weights]
        for one, other in zip(expected, outputs_of(copy, x), strict=True):
            np.testing.assert_array_equal(one, other)
