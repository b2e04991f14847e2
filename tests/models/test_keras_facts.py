"""Names, paths, summaries and configs are those of Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import oxhorn as keras

from .architectures import ARCHITECTURES, facts

EXPECTED = json.loads((Path(__file__).parent / "keras_models.json").read_text(encoding="utf-8"))


def without_empty_masks(config: Any) -> Any:
    """Keras writes `mask: null` where a model inside a model is called without a mask."""
    if isinstance(config, dict):
        return {k: without_empty_masks(v) for k, v in config.items() if not (k == "mask" and v is None)}
    return [without_empty_masks(item) for item in config] if isinstance(config, list) else config


def test_every_model_has_its_facts() -> None:
    assert [build.__name__ for build in ARCHITECTURES] == list(EXPECTED)


@pytest.mark.parametrize("build", ARCHITECTURES, ids=lambda build: build.__name__)
def test_as_keras(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found, expected = facts(keras, build), EXPECTED[build.__name__]
    assert found["summary"] == expected["summary"]
    assert found["variables"] == expected["variables"]
    assert found["trainable"] == expected["trainable"]
    assert without_empty_masks(found["config"]) == without_empty_masks(expected["config"])


@pytest.mark.parametrize("build", ARCHITECTURES, ids=lambda build: build.__name__)
def test_keras_configs_are_read(build: Any) -> None:
    expected = EXPECTED[build.__name__]
    keras.backend.clear_session()
    model = keras.models.model_from_json(json.dumps(expected["config"]))
    assert without_empty_masks(json.loads(model.to_json())) == without_empty_masks(expected["config"])
    keras.backend.clear_session()
    shapes = [tuple(v.shape) for v in build(keras).weights]
    assert [tuple(v.shape) for v in model.weights] == shapes
