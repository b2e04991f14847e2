"""Learning rates of single variables; their trajectories are in test_surroundings."""

from __future__ import annotations

import contextlib
import json
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

optimizers = keras.optimizers
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(16, 1)).astype("float32")


class Own(optimizers.Optimizer):
    """Plain descent by operations on tensors."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, gradient * learning_rate)


def three(optimizer: Any) -> tuple[Any, list[Any]]:
    variables = [keras.Variable([1.0], name=name) for name in ("a", "b", "ab")]
    optimizer.build(variables)
    return optimizer, variables


def moved(optimizer: Any, variables: list[Any]) -> list[float]:
    before = [float(v[0]) for v in variables]
    optimizer.apply([[1.0]] * 3, variables)
    return [b - float(v[0]) for b, v in zip(before, variables, strict=True)]


@pytest.mark.parametrize("kind", [optimizers.SGD, Own])
def test_which_key_counts(kind: Any) -> None:
    optimizer, variables = three(kind(0.5))
    ab = variables[2]
    assert moved(optimizer, variables) == [0.5, 0.5, 0.5]
    optimizer.set_learning_rate_multipliers({"a": 0.5})
    assert moved(optimizer, variables) == [0.25, 0.5, 0.25]
    optimizer.set_learning_rate_multipliers({".*": 0.5, "^a$": 2.0, ab: 0.0})
    assert moved(optimizer, variables) == [1.0, 0.25, 0.0]
    assert optimizer.learning_rate_multipliers == {".*": 0.5, "^a$": 2.0, "^ab$": 0.0}
    optimizer.learning_rate = 1.0
    assert moved(optimizer, variables) == [2.0, 0.5, 0.0]
    optimizer.set_learning_rate_multipliers(None)
    assert moved(optimizer, variables) == [1.0, 1.0, 1.0]
    assert "learning_rate_multipliers" not in optimizer.get_config()


EVERY = sorted(
    name
    for name, kind in ((name, getattr(optimizers, name)) for name in optimizers.__all__)
    if isinstance(kind, type)
    and issubclass(kind, optimizers.Optimizer)
    # Wrappers, the base, what takes all weights together, and what takes tables of embeddings only.
    and name not in ("LBFGS", "LossScaleOptimizer", "MultiOptimizer", "Optimizer", "SparseAdam")
)


def test_the_list_of_optimizers() -> None:
    assert len(EVERY) >= 5


@pytest.mark.parametrize(
    "around", [{}, {"weight_decay": 0.1}, {"use_ema": True, "ema_overwrite_frequency": 2}], ids=str
)
@pytest.mark.parametrize("name", EVERY)
def test_a_factor_is_a_learning_rate_of_its_own(name: str, around: dict[str, Any]) -> None:
    """For every rule, also where a factor on gradients would change nothing."""
    kind = getattr(optimizers, name)
    rng = np.random.default_rng(0)
    values = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=(2,))}
    joint, alone = ([keras.Variable(v, dtype="float64", name=n) for n, v in values.items()] for _ in range(2))
    both = kind(0.125, learning_rate_multipliers={"b": 0.25}, **around)
    singles = [kind(0.125, **around), kind(0.03125, **around)]
    for _ in range(6):
        gradients = [rng.normal(size=v.shape) for v in values.values()]
        both.apply(gradients, joint)
        for single, gradient, variable in zip(singles, gradients, alone, strict=True):
            single.apply([gradient], [variable])
    for a, b in zip(joint, alone, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)
    again = pickle.loads(pickle.dumps(both))
    assert again.get_config() == both.get_config()
    for a, b in zip(again.variables, both.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def fine_tuned(optimizer: Any) -> Any:
    keras.utils.set_random_seed(0)
    base = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, "relu", name="low"), keras.layers.Dense(4, name="high")],
        name="base",
    )
    model = keras.Sequential([keras.Input((3,)), base, keras.layers.Dense(1, name="top")], name="model")
    model.compile(optimizer, loss="mse")
    return model


@pytest.mark.parametrize("kind", [optimizers.SGD, Own])
@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_layers_and_models_as_keys(kind: Any, eager: bool) -> None:
    optimizer = kind(0.125)
    model = fine_tuned(optimizer)
    model.run_eagerly = eager
    base, top = model.layers
    optimizer.set_learning_rate_multipliers({base: 0.0, base.layers[1]: 0.5})
    before = model.get_weights()
    model.fit(X, Y, batch_size=16, verbose=0)
    after = model.get_weights()
    assert [bool(np.array_equal(a, b)) for a, b in zip(before, after, strict=True)] == [True] * 2 + [
        False
    ] * 4
    # The factors are changed between two fits, and the step is not what it was.
    optimizer.set_learning_rate_multipliers({base: 0.5, top: 0.0})
    model.fit(X, Y, batch_size=16, verbose=0)
    last = model.get_weights()
    assert [bool(np.array_equal(a, b)) for a, b in zip(after, last, strict=True)] == [False] * 4 + [True] * 2
    config = json.loads(json.dumps(optimizer.get_config()))
    assert config["learning_rate_multipliers"]["^model/top/kernel$"] == 0.0
    again = fine_tuned(kind.from_config(config))
    assert again.optimizer.learning_rate_multipliers == optimizer.learning_rate_multipliers
    kept = again.get_weights()
    again.fit(X, Y, batch_size=16, verbose=0)
    assert [bool(np.array_equal(a, b)) for a, b in zip(kept, again.get_weights(), strict=True)] == [
        False
    ] * 4 + [True] * 2


def test_an_unbuilt_layer_is_looked_into_later() -> None:
    layer = keras.layers.Dense(2, name="late")
    optimizer = optimizers.SGD(0.5, learning_rate_multipliers={layer: 0.0})
    with pytest.raises(ValueError, match="no variables yet"):
        optimizer.get_config()
    layer.build((None, 3))
    before = layer.get_weights()
    optimizer.apply([np.ones((3, 2)), np.ones(2)], layer.trainable_variables)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(optimizer.get_config()["learning_rate_multipliers"].values()) == [0.0, 0.0]


def test_a_frozen_layer_needs_no_factor() -> None:
    optimizer = optimizers.SGD(0.125)
    model = fine_tuned(optimizer)
    base, top = model.layers
    base.trainable = False
    model.compile(optimizer, loss="mse")
    optimizer.set_learning_rate_multipliers({base: 0.5, top: 0.0})
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(optimizer.learning_rate_multipliers) == ["^model/top/kernel$", "^model/top/bias$"]


def test_pickled_and_inside_a_loss_scale() -> None:
    optimizer, variables = three(optimizers.SGD(0.5))
    optimizer.set_learning_rate_multipliers({"a": 0.5})
    again, copies = pickle.loads(pickle.dumps((optimizer, variables)))
    assert moved(again, copies) == moved(optimizer, variables) == [0.25, 0.5, 0.25]
    wrapped = optimizers.LossScaleOptimizer(optimizers.SGD(0.5), initial_scale=1.0)
    wrapped.set_learning_rate_multipliers({"a": 0.5})
    assert wrapped.learning_rate_multipliers == {"a": 0.5}
    assert moved(*three(wrapped)) == [0.25, 0.5, 0.25]
    revived = optimizers.deserialize(optimizers.serialize(wrapped))
    assert revived.learning_rate_multipliers == {"a": 0.5}


@pytest.mark.parametrize(
    ("multipliers", "text"),
    [
        ({"a": -0.1}, "the factor of 'a'"),
        ({"a": float("nan")}, "the factor of 'a'"),
        ({"a": "0.1"}, "the factor of 'a'"),
        ({"(": 0.1}, "regular expression"),
        ({3: 0.1}, "variables, layers or patterns"),
        ([0.1], "a dict of factors"),
        ({"c": 0.1}, "'c' fits none of the variables of this optimizer: 'a', 'b', 'ab'"),
    ],
)
def test_refused(multipliers: Any, text: str) -> None:
    optimizer, variables = three(optimizers.SGD(0.5))
    optimizer.set_learning_rate_multipliers({"a": 0.5})
    with pytest.raises(ValueError) as info:
        optimizer.set_learning_rate_multipliers(multipliers)
    assert text in str(info.value)
    assert moved(optimizer, variables) == [0.25, 0.5, 0.25]
    with pytest.raises(ValueError) as info:
        three(optimizers.SGD(0.5, learning_rate_multipliers=multipliers))
    assert text in str(info.value)


def test_a_foreign_variable_is_refused() -> None:
    optimizer, _ = three(optimizers.SGD(0.5))
    with pytest.raises(ValueError, match="'elsewhere' fits none"):
        optimizer.set_learning_rate_multipliers({keras.Variable(1.0, name="elsewhere"): 0.5})


def variable_at(path: str) -> Any:
    *scopes, name = path.split("/")
    with contextlib.ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(keras.name_scope(scope))
        return keras.Variable([1.0], name=name)


# The pattern of a whole path, the paths of the variables, the factors; None where none or several would fit.
MOVED: list[tuple[str, list[str], list[float] | None]] = [
    ("^model/a/kernel$", ["model/a/kernel", "model/b/kernel"], [0.5, 1.0]),
    ("^model/a/kernel$", ["a/kernel", "b/kernel"], [0.5, 1.0]),
    ("^a/kernel$", ["model/a/kernel", "model/b/kernel"], [0.5, 1.0]),
    ("^model/a/kernel$", ["other/a/kernel"], None),
    ("^a/kernel$", ["x/a/kernel", "y/a/kernel"], None),
    ("^a/kernel$", ["xa/kernel"], None),
    ("^a.kernel$", ["x/a/kernel"], None),
    ("a/bias$", ["x/a/kernel"], None),
]


@pytest.mark.parametrize(("pattern", "paths", "expected"), MOVED)
def test_paths_that_begin_otherwise(pattern: str, paths: list[str], expected: list[float] | None) -> None:
    variables = [variable_at(path) for path in paths]
    assert [v.path for v in variables] == paths
    optimizer = optimizers.SGD(1.0, learning_rate_multipliers={pattern: 0.5})
    if expected is None:
        with pytest.raises(ValueError, match="fits none of the variables"):
            optimizer.build(variables)
        return
    optimizer.build(variables)
    assert [optimizer._rate_factor(v) for v in variables] == expected
