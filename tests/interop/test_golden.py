"""State dicts that PyTorch wrote: each kind of layer predicts what the module it is from predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.interop import load_torch_state_dict, to_torch_state_dict
from oxhorn.interop.sources import opened
from tests.interop.models import MAPPINGS, MODELS

GOLDEN = Path(__file__).parent / "golden"
ARRAYS = np.load(GOLDEN / "arrays.npz", allow_pickle=False)
FILES = sorted(path.name for path in GOLDEN.iterdir() if path.name != "arrays.npz")


def case_of(file: str) -> str:
    return file.partition(".")[0]


def test_every_case_has_a_model():
    assert {case_of(file) for file in FILES} == set(MODELS)
    assert len(FILES) > len(MODELS)


def agrees(model, case):
    y = model.predict(ARRAYS[f"{case}.x"], verbose=0)
    np.testing.assert_allclose(y, ARRAYS[f"{case}.y"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("file", FILES)
def test_predictions(file):
    case = case_of(file)
    model = MODELS[case]()
    report = load_torch_state_dict(model, GOLDEN / file, MAPPINGS.get(case, "order"))
    assert report.complete
    assert len(report.matched) == len(model.weights)
    agrees(model, case)


@pytest.mark.parametrize("case", sorted(MODELS))
def test_there_and_back(case):
    model = MODELS[case]()
    load_torch_state_dict(model, GOLDEN / f"{case}.pth", MAPPINGS.get(case, "order"))
    state = to_torch_state_dict(model)
    again = MODELS[case]()
    load_torch_state_dict(again, state)
    agrees(again, case)
    with opened(GOLDEN / f"{case}.pth", None, "test") as (arrays, _, _):
        shapes = sorted(s.shape for name, s in arrays.items() if not name.endswith("num_batches_tracked"))
        assert shapes == sorted(array.shape for array in state.values())


@pytest.mark.parametrize("case", ["flatten2d", "batch_norm", "lstm_deep", "encoder"])
def test_the_forms_hold_the_same(case):
    found = []
    for form in ("pth", "old.pth", "safetensors"):
        with opened(GOLDEN / f"{case}.{form}", None, "test") as (arrays, others, _):
            assert others == []
            found.append({name: stored.load() for name, stored in arrays.items()})
    for other in found[1:]:
        assert list(other) == list(found[0])
        for name, array in found[0].items():
            np.testing.assert_array_equal(other[name], array)


class Net(keras.Model):
    """A class of one's own, whose calls are found by running `call` on symbolic tensors."""

    def __init__(self):
        super().__init__()
        self.conv = keras.layers.Conv2D(3, 3)
        self.pool = keras.layers.MaxPooling2D((2, 1))
        self.norm = keras.layers.BatchNormalization(epsilon=1e-5)
        self.top = keras.layers.Dense(4)

    def call(self, x):
        x = keras.ops.relu(self.pool(self.conv(x)))
        x = keras.ops.reshape(x, (-1, 18))
        return self.top(self.norm(x))


def test_a_model_of_a_class_of_ones_own():
    model = Net()
    model(ARRAYS["flatten2d.x"])
    before = [len(layer._inbound_nodes) for layer in model.layers]
    names = [keras.backend.get_uid("relu"), keras.backend.get_uid("reshape")]
    load_torch_state_dict(model, GOLDEN / "flatten2d.pth")
    assert before == [len(layer._inbound_nodes) for layer in model.layers]
    assert names == [keras.backend.get_uid("relu") - 1, keras.backend.get_uid("reshape") - 1]
    agrees(model, "flatten2d")
