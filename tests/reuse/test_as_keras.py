"""Freezing means what it means in Keras: the same variables, the same numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import oxhorn as keras
from tests.reuse.freezing_cases import CASES, outcome

EXPECTED = json.loads((Path(__file__).parent / "keras_freezing.json").read_text(encoding="utf-8"))


def test_every_case_has_its_numbers() -> None:
    assert list(EXPECTED) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_numbers(name: str) -> None:
    found, expected = outcome(keras, CASES[name]), EXPECTED[name]
    for key in ("trainable", "not", "slots"):
        assert found[key] == expected[key]
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-4)
    np.testing.assert_allclose(found["evaluated"], expected["evaluated"], rtol=1e-4)
    for one, other in zip(found["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
