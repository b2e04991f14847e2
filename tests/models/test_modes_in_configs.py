"""The mode of a call in a functional config: what Keras writes for everybody is no choice, what differs from it is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

L = keras.layers
X = np.ones((50, 8), "float32")


def with_mode(layer: Any, training: bool) -> Any:
    """A model of one layer, read from a config in which its call has this mode."""
    x = keras.Input((8,))
    config = json.loads(json.dumps(keras.Model(x, layer(x)).get_config()))
    config["layers"][1]["inbound_nodes"][0]["kwargs"] = {"training": training}
    return keras.Model.from_config(config)


@pytest.mark.parametrize(
    "layer", [L.Dropout(0.5), L.GaussianNoise(0.5), L.AlphaDropout(0.5)], ids=lambda x: x.name
)
def test_the_default_is_no_choice(layer: Any) -> None:
    model = with_mode(layer, False)
    assert (model(X, training=True).numpy() != X).any()
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)
    assert model.get_config()["layers"][1]["inbound_nodes"][0]["kwargs"] == {}


def test_anything_else_is_a_choice() -> None:
    always = with_mode(L.Dropout(0.5), True)
    assert (always.predict(X, verbose=0) == 0).any()
    frozen = with_mode(L.BatchNormalization(momentum=0.0), False)
    frozen(X, training=True)
    np.testing.assert_array_equal(frozen.layers[1].moving_mean.numpy(), 0.0)
    assert frozen.get_config()["layers"][1]["inbound_nodes"][0]["kwargs"] == {"training": False}


def test_images_are_changed_in_training_alone() -> None:
    images = np.random.default_rng(0).random((4, 6, 6, 3)).astype("float32")
    x = keras.Input((6, 6, 3))
    config = json.loads(json.dumps(keras.Model(x, L.RandomFlip("vertical", seed=1)(x)).get_config()))
    config["layers"][1]["inbound_nodes"][0]["kwargs"] = {"training": True}
    model = keras.Model.from_config(config)
    np.testing.assert_array_equal(model.predict(images, verbose=0), images)
