"""`model.gradients` and `model.activations`: right for every kind of model, and nothing is changed by looking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers, ops


class Block(layers.Layer):
    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = layers.Dense(units, activation="tanh", name="inner")

    def call(self, x: Any) -> Any:
        return ops.add(self.inner(x), 1.0)


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.block = Block(4, name="block")
        self.drop = layers.Dropout(0.5, name="drop")
        self.norm = layers.BatchNormalization(name="norm")
        self.out = layers.Dense(2, name="out")

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.out(self.norm(self.drop(self.block(x), training=training), training=training))


def sequential() -> Any:
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, activation="relu", name="first", kernel_regularizer="l2"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(2, name="out"),
        ]
    )


def nested() -> Any:
    inner = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, activation="elu", name="deep")], name="encoder"
    )
    x = keras.Input((3,))
    shared = layers.Dense(4, name="shared")
    joined = layers.Concatenate(name="joined")([shared(x), shared(2 * x), inner(x)])
    return keras.Model(x, layers.Dense(2, name="out")(joined))


MODELS = {"sequential": sequential, "nested": nested, "subclassed": Subclassed}
NAMES = {
    "sequential": ["first", "norm", "drop", "out"],
    "nested": {"shared", "shared:2", "encoder/deep", "encoder", "joined", "out"},
    "subclassed": ["block/inner", "block", "drop", "norm", "out"],
}

X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)


def built(kind: str, **options: Any) -> Any:
    keras.utils.set_random_seed(3)
    model = MODELS[kind]()
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse", metrics=["mae"], **options)
    model.predict(X[:2], verbose=0)
    return model


def state(model: Any) -> list[np.ndarray[Any, Any]]:
    found = [*model.variables, *(v for metric in model.metrics for v in metric.variables)]
    return [v.numpy() for v in [*found, *model.optimizer.variables]]


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("eagerly", [False, True])
def test_gradients_are_those_of_the_next_step(kind: str, eagerly: bool) -> None:
    model = built(kind, run_eagerly=eagerly)
    model.optimizer.build(model.trainable_variables)
    before = state(model)
    gradients = model.gradients(X, Y)
    again = model.gradients(X, Y)
    for old, new in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(old, new)
    assert list(gradients) == [v.path for v in model.trainable_variables]
    old_weights = {v.path: v.numpy() for v in model.trainable_variables}
    model.train_on_batch(X, Y)
    for variable in model.trainable_variables:
        expected = old_weights[variable.path] - 0.5 * gradients[variable.path]
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(gradients[variable.path], again[variable.path])


def test_gradients_without_training_and_with_weights() -> None:
    model = built("sequential")
    kernel, bias = (variable.path for variable in model.get_layer("out").trainable_variables)
    with_dropout = model.gradients(X, Y)[kernel]
    without = model.gradients(X, Y, training=False)[kernel]
    assert not np.allclose(with_dropout, without)
    weights = np.arange(50, dtype=np.float32)
    weighted = model.gradients(X, Y, sample_weight=weights, training=False)[bias]
    error = 2.0 * (model.predict(X, verbose=0) - Y) / 2.0
    np.testing.assert_allclose(weighted, np.mean(error * weights[:, None], axis=0), rtol=1e-4)


def test_gradients_of_what_the_loss_does_not_reach_are_zeros_and_said() -> None:
    class Loose(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = layers.Dense(2, name="used"), layers.Dense(2, name="unused")

        def call(self, x: Any) -> Any:
            self.unused(x)
            return self.used(x)

    model = Loose()
    model.compile(loss="mse")
    with pytest.warns(UserWarning, match="does not depend on .*unused/kernel"):
        gradients = model.gradients(X, Y)
    assert not np.any(next(g for path, g in gradients.items() if path.endswith("unused/kernel")))


def test_gradients_need_a_loss() -> None:
    with pytest.raises(ValueError, match=r"gradients needs a compiled model.*compile"):
        sequential().gradients(X, Y)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("eagerly", [False, True])
def test_activations_by_layer(kind: str, eagerly: bool) -> None:
    model = built(kind, run_eagerly=eagerly)
    before = state(model)
    found = model.activations(X, batch_size=16)
    for old, new in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(old, new)
    names = NAMES[kind]
    assert type(names)(found) == names
    np.testing.assert_array_equal(found["out"], model.predict(X, batch_size=16, verbose=0))
    assert all(isinstance(a, np.ndarray) and len(a) == 50 for a in found.values())


def test_activations_are_what_the_layers_compute() -> None:
    model = built("nested")
    found = model.activations(X)
    shared = model.get_layer("shared")
    np.testing.assert_allclose(found["shared:2"], shared(2 * X).numpy(), rtol=1e-6)
    np.testing.assert_array_equal(found["encoder"], found["encoder/deep"])


def test_activations_of_chosen_layers() -> None:
    model = built("nested")
    assert list(model.activations(X, "out")) == ["out"]
    assert list(model.activations(X, ["out", model.get_layer("shared")])) == ["out", "shared", "shared:2"]
    assert list(model.activations(X, layers="deep")) == ["encoder/deep"]
    with pytest.raises(ValueError, match=r"reaches no layer 'nose'; it reaches \['shared'"):
        model.activations(X, "nose")


def test_activations_in_training_mode_leave_no_trace() -> None:
    model = built("sequential")
    before = state(model)
    found = model.activations(X, training=True, batch_size=50)
    for old, new in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(old, new)
    assert np.mean(found["drop"] == 0.0) > 0.2
    np.testing.assert_allclose(np.mean(found["norm"], axis=0), 0.0, atol=1e-5)


def test_layers_with_several_outputs_keep_their_structure() -> None:
    class Two(layers.Layer):
        def call(self, x: Any) -> Any:
            return {"sum": ops.sum(x, axis=-1), "twice": (x, 2 * x)}

    inputs = keras.Input((3,))
    both = Two(name="two")(inputs)
    model = keras.Model(inputs, both["sum"])
    found = model.activations(X)["two"]
    assert found["sum"].shape == (50,) and found["twice"][1].shape == (50, 3)


def test_looking_is_allowed_while_training() -> None:
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.found = self.model.gradients(X, Y), self.model.activations(X)

    watched, alone = built("subclassed"), built("subclassed")
    look = Look()
    keras.utils.set_random_seed(1)
    watched.fit(X, Y, epochs=2, verbose=0, callbacks=[look])
    keras.utils.set_random_seed(1)
    alone.fit(X, Y, epochs=2, verbose=0)
    assert look.found[0] and look.found[1]
    for a, b in zip(state(watched), state(alone), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_error_in_a_call_leaves_the_model_usable() -> None:
    class Picky(layers.Layer):
        angry = False

        def call(self, x: Any) -> Any:
            if self.angry:
                raise RuntimeError("not today")
            return x

    model = keras.Sequential([keras.Input((3,)), Picky(name="picky")])
    model.get_layer("picky").angry = True
    with pytest.raises(RuntimeError, match="not today"):
        model.activations(X)
    model.get_layer("picky").angry = False
    np.testing.assert_array_equal(model.activations(X)["picky"], X)


def test_layers_inside_loops_and_branches_are_part_of_the_layer_around_them() -> None:
    class Loop(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="loop")
            self.step, self.other = layers.Dense(3, name="step"), layers.Dense(3, name="other")

        def call(self, x: Any) -> Any:
            x = ops.fori_loop(0, 3, lambda _, carry: ops.tanh(self.step(carry)), self.other(x))
            return ops.cond(ops.sum(x) > 0, lambda: self.step(x), lambda: self.other(x))

    model = keras.Sequential([keras.Input((3,)), Loop(), layers.Dense(1, name="out")])
    model.compile(loss="mse")
    assert list(model.activations(X)) == ["loop/other", "loop", "out"]
    monitor = keras.callbacks.TrainingMonitor()
    model.fit(X, Y[:, :1], verbose=0, callbacks=[monitor])
    assert set(monitor.history["gradient_norm"]) == {"loop/other", "loop", "out"}
    assert all((norm > 0).all() for norm in monitor.history["gradient_norm"].values())
