"""A layer that occurs twice in a config is one layer again when the config is read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

L = keras.layers
X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def model_in_two_places() -> Any:
    """One `Dense` in a model, in a second model, and at the top."""
    x, shared = keras.Input((4,)), L.Dense(4, name="shared")
    inner = keras.Model(x, shared(x), name="inner")
    y = keras.Input((4,))
    stack = keras.Sequential([keras.Input((4,)), shared], name="stack")
    return keras.Model(y, shared(stack(inner(y))) + shared(y))


def numbers_in(config: Any) -> list[int]:
    if isinstance(config, dict):
        own = [config["shared_object_id"]] if "shared_object_id" in config else []
        return own + [n for value in config.values() for n in numbers_in(value)]
    return [n for value in config for n in numbers_in(value)] if isinstance(config, list) else []


def plain(config: Any) -> Any:
    return json.loads(json.dumps(config))


@pytest.mark.parametrize(
    "again",
    [
        lambda model: keras.Model.from_config(plain(model.get_config())),
        lambda model: keras.saving.deserialize_keras_object(
            plain(keras.saving.serialize_keras_object(model))
        ),
        lambda model: keras.models.clone_model(model),
    ],
)
def test_shared_layers_stay_shared(again: Any) -> None:
    model = model_in_two_places()
    copy = again(model)
    assert len(copy.weights) == len(model.weights) == 2
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))


def test_only_layers_that_occur_twice_have_a_number() -> None:
    numbers = numbers_in(plain(model_in_two_places().get_config()))
    assert len(numbers) == 3
    assert len(set(numbers)) == 1
    alone = keras.Sequential([keras.Input((4,)), L.Dense(3), L.Dense(2)])
    assert numbers_in(plain(alone.get_config())) == []
    assert numbers_in(plain(keras.saving.serialize_keras_object(alone))) == []


def test_numbers_do_not_outlive_a_config() -> None:
    """Two configs with the same numbers, read one after the other, have nothing in common."""
    config = plain(model_in_two_places().get_config())
    one, other = keras.Model.from_config(config), keras.Model.from_config(config)
    assert not any(a is b for a in one.weights for b in other.weights)
