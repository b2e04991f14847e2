"""keras.utils.Config: attributes, entries, freezing."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

import oxhorn as keras


def test_attributes_are_entries() -> None:
    config = keras.utils.Config(rate=0.1)
    config.seed = 3
    config["name"] = "a"
    assert (config.rate, config["seed"], config.name) == (0.1, 3, "a")
    assert list(config) == ["name", "rate", "seed"]
    assert (len(config), "seed" in config, "other" in config) == (3, True, False)
    assert config.as_dict() == json.loads(config.to_json()) == dict(config.items())
    config.update(seed=4)
    del config["name"]
    assert (config.pop("seed"), config.get("seed", 9)) == (4, 9)
    assert (list(config.keys()), list(config.values()), repr(config)) == (
        ["rate"],
        [0.1],
        "<Config {'rate': 0.1}>",
    )


def test_frozen_and_unknown() -> None:
    config = keras.utils.Config(learning_rate=0.1)
    config.freeze()
    assert config.frozen
    for change in (
        lambda: setattr(config, "learning_rate", 1),
        lambda: config.update(a=1),
        lambda: config.pop("learning_rate"),
        lambda: config.__delitem__("learning_rate"),
    ):
        with pytest.raises(ValueError, match="the config is frozen"):
            change()
    config.unfreeze()
    config.learning_rate = 0.5
    with pytest.raises(
        AttributeError, match=r"Unknown attribute: 'learning_rat'\. Did you mean 'learning_rate'\?"
    ):
        config.learning_rat
    with pytest.raises(AttributeError, match="'items' is a method of Config"):
        config.items = 3


def test_copies() -> None:
    config = keras.utils.Config(a=1)
    config.freeze()
    for other in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert (other.a, other.frozen) == (1, True)
