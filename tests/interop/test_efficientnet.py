"""A real model: EfficientNet-Lite0, trained with PyTorch on ImageNet, loaded from its file and shown real pictures."""

from __future__ import annotations

import numpy as np
import pytest

from oxhorn.interop import load_torch_state_dict
from tests.downloads import pictures, trained_model
from tests.interop.efficientnet_lite0 import PATTERNS, efficientnet_lite0


@pytest.fixture(scope="module")
def model():
    path = trained_model("efficientnet-lite0-57934424.pth")
    made = efficientnet_lite0()
    report = load_torch_state_dict(made, path)
    assert len(report.matched) == len(made.weights) == 247
    assert report.notes == [
        "49 x BatchNormalization with epsilon=0.001: a state dict does not hold it; PyTorch's default is 1e-05"
    ]
    return made


def test_the_right_answers(model):
    x, labels = pictures(
        "imagenet", (224, 224), part=0.875
    )  # as ImageNet's pictures usually are cut for a test
    logits = model.predict((x.astype("float32") - 127) / 128, verbose=0)
    assert (logits.argmax(-1) == labels).sum() == 18


def test_by_patterns(model):
    other = efficientnet_lite0()
    load_torch_state_dict(other, trained_model("efficientnet-lite0-57934424.pth"), PATTERNS)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
