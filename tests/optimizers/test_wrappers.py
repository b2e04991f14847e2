"""`LossScaleOptimizer`, `MultiOptimizer` and `OptimizerMap`."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import reference as ref

optimizers = keras.optimizers
X = np.random.default_rng(0).normal(size=(24, 3))
Y = np.random.default_rng(1).normal(size=(24, 1))


def model_of(optimizer: Any, eager: bool = False) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            keras.layers.Dense(4, activation="tanh", name="below", dtype="float64"),
            keras.layers.Dense(1, name="top", dtype="float64"),
        ]
    )
    model.compile(optimizer, loss="mse", run_eagerly=eager)
    return model


def fitted(optimizer: Any, eager: bool = False) -> list[np.ndarray]:
    model = model_of(optimizer, eager)
    model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    return model.get_weights()


def multi(**arguments: Any) -> Any:
    return optimizers.MultiOptimizer(
        optimizers.OptimizerMap(
            optimizers.SGD(0.125, momentum=0.5), {"below/.*": optimizers.Adam(0.0625, use_ema=True)}
        ),
        **arguments,
    )


class Own(keras.optimizers.Optimizer):
    """Plain descent by operations on tensors."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, gradient * learning_rate)


MAKE = {
    "multi": multi,
    "multi of own": lambda: optimizers.MultiOptimizer(lambda v: Own(0.125)),
    "multi of both": lambda: optimizers.MultiOptimizer(
        optimizers.OptimizerMap(Own(0.125), {".*kernel": optimizers.SGD(0.125)})
    ),
    "scale": lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.0625)),
    "scale of own": lambda: optimizers.LossScaleOptimizer(Own(0.125, gradient_accumulation_steps=2)),
    "scale of multi": lambda: optimizers.LossScaleOptimizer(multi()),
}


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_compiled_equals_eager(make: Any) -> None:
    for a, b in zip(fitted(make()), fitted(make(), eager=True), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "make", [make for name, make in MAKE.items() if "of own" not in name and "both" not in name]
)
def test_config_state_and_pickle(make: Any) -> None:
    model = model_of(make())
    model.fit(X, Y, batch_size=8, verbose=0)
    optimizer = model.optimizer
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    assert optimizers.deserialize(config).get_config() == optimizer.get_config()
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert len(again.variables) == len(optimizer.variables) > 4
    other = optimizers.deserialize(config)
    other.build(model.trainable_variables)
    other.set_weights(optimizer.get_weights())
    for a, b, c in zip(again.variables, optimizer.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
        np.testing.assert_array_equal(c.numpy(), b.numpy())


def test_each_part_goes_its_own_way() -> None:
    """Two references, one for each share of the variables."""
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(3, 2)), rng.normal(size=(2,)), rng.normal(size=(2, 2))]
    variables = [keras.Variable(v, dtype="float64", name=n) for v, n in zip(values, "abc", strict=True)]
    which = optimizers.OptimizerMap(optimizers.SGD(0.125, global_clipnorm=0.5), {"b": optimizers.Adam(0.25)})
    optimizer = optimizers.MultiOptimizer(which)
    first, second = ref.optimizers.SGD(0.125, global_clipnorm=0.5), ref.optimizers.Adam(0.25)
    for _ in range(50):
        gradients = [rng.normal(size=v.shape) for v in values]
        optimizer.apply([_core.tensor(g) for g in gradients], variables)
        values[0], values[2] = first.step([values[0], values[2]], [gradients[0], gradients[2]])
        [values[1]] = second.step([values[1]], [gradients[1]])
    for variable, value in zip(variables, values, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=1e-10, atol=1e-12)
    assert int(optimizer.iterations) == 50
    assert [int(each.iterations) for each in optimizer.optimizers] == [50, 50]
    assert [type(each).__name__ for each in optimizer.optimizers] == ["Adam", "SGD"]


def test_which_optimizer() -> None:
    adam, sgd, rest = optimizers.Adam(), optimizers.SGD(), optimizers.RMSprop()
    which = optimizers.OptimizerMap(rest)
    which["encoder/dense/kernel"] = adam
    which["encoder/.*"] = sgd
    assert which["encoder/dense/kernel"] is adam
    assert which["encoder/dense/bias"] is sgd
    assert which["encoder"] is rest
    assert (len(which), list(which), "encoder/.*" in which, "encoder" in which) == (
        2,
        ["encoder/dense/kernel", "encoder/.*"],
        True,
        False,
    )
    which[".*/bias"] = adam
    with pytest.raises(ValueError, match="Multiple optimizers assigned to variable encoder/dense/bias"):
        which["encoder/dense/bias"]
    with pytest.raises(ValueError, match="already exists"):
        which["encoder/.*"] = adam
    del which["encoder/.*"]
    assert which["encoder/dense/bias"] is adam


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: optimizers.OptimizerMap("adam"), TypeError, "default_optimizer must be a Keras Optimizer"),
        (lambda: optimizers.OptimizerMap(optimizers.SGD(), [1]), TypeError, "must be a dictionary"),
        (lambda: optimizers.OptimizerMap(optimizers.SGD(), {"a": "sgd"}), ValueError, "optimizer must be"),
        (
            lambda: optimizers.OptimizerMap(optimizers.SGD(), {1: optimizers.SGD()}),
            ValueError,
            "key must be a string",
        ),
        (lambda: optimizers.OptimizerMap(optimizers.SGD(), {"(": optimizers.SGD()}), ValueError, "pattern"),
        (lambda: optimizers.OptimizerMap(multi()), ValueError, "cannot be MultiOptimizer"),
        (
            lambda: optimizers.OptimizerMap(
                optimizers.SGD(), {"a": optimizers.LossScaleOptimizer(optimizers.SGD())}
            ),
            ValueError,
            "cannot be LossScaleOptimizer",
        ),
        (lambda: optimizers.MultiOptimizer({}), ValueError, "optimizer_map"),
        (
            lambda: optimizers.MultiOptimizer(lambda v: "sgd").build([keras.Variable(1.0)]),
            ValueError,
            "is not an Optimizer instance",
        ),
        (
            lambda: optimizers.MultiOptimizer(lambda v: multi()).build([keras.Variable(1.0)]),
            ValueError,
            "cannot be used inside",
        ),
        (
            lambda: optimizers.MultiOptimizer(lambda v: optimizers.LBFGS()).build([keras.Variable(1.0)]),
            ValueError,
            "cannot serve a part",
        ),
        (lambda: optimizers.get("LossScaleOptimizer"), ValueError, "from its name alone"),
        (lambda: multi().learning_rate, AttributeError, "cannot be accessed"),
        (lambda: setattr(multi(), "learning_rate", 0.1), AttributeError, "cannot be set"),
        (lambda: multi().set_learning_rate_multipliers({"a": 0.1}), ValueError, "each of its `optimizers`"),
        (lambda: multi().set_weights([]), ValueError, "You are calling"),
        (lambda: multi().apply([[1.0]]), ValueError, "When passing `grads` without `variables`"),
        (lambda: optimizers.LossScaleOptimizer("sgd"), ValueError, "inner_optimizer"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.LBFGS()), ValueError, "cannot be scaled"),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), initial_scale=0),
            ValueError,
            "initial_scale",
        ),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), initial_scale=float("nan")),
            ValueError,
            "initial_scale",
        ),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), dynamic_growth_steps=0),
            ValueError,
            "dynamic_growth_steps",
        ),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), dynamic=False),
            ValueError,
            "set `loss_scale_factor`",
        ),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), foo=1, bar=2),
            ValueError,
            "arguments: `foo`, `bar`",
        ),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0),
            ValueError,
            "on the `inner_optimizer`",
        ),
    ],
)
def test_refused(make: Any, error: Any, text: str) -> None:
    with pytest.raises(error) as info:
        make()
    assert text in str(info.value)


def test_the_scale_follows_the_gradients() -> None:
    w = keras.Variable([1.0, 2.0], dtype="float64")
    inner = optimizers.SGD(0.5, loss_scale_factor=100.0)
    optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
    assert inner.loss_scale_factor is None
    assert float(optimizer.scale_loss(1.0)) == 8.0
    scales = []
    for g in ([1.0, 0.0], [1.0, 0.0], [np.inf, 0.0], [0.0, np.nan], [1.0, 0.0], [1.0, 0.0]):
        optimizer.apply([np.array(g) * float(optimizer.scale_loss(1.0))], [w])
        scales.append(float(optimizer.scale_loss(1.0)))
    assert scales == [8.0, 16.0, 8.0, 4.0, 4.0, 8.0]
    assert int(optimizer.iterations) == 4
    np.testing.assert_allclose(w.numpy(), [-1.0, 2.0])


@pytest.mark.parametrize("inner", [lambda: optimizers.SGD(0.5), lambda: Own(0.5)], ids=["core", "own"])
@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_steps_that_overflow_are_left_out_of_fit(inner: Any, eager: bool) -> None:
    """In float32 a gradient times 2^127 is infinite: the scale falls until it is not."""
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")]
    )
    optimizer = optimizers.LossScaleOptimizer(inner(), initial_scale=2.0**127)
    model.compile(optimizer, loss="mse", run_eagerly=eager)
    x, y = np.full((1, 1), 2.0, "float32"), np.zeros((1, 1), "float32")
    model.fit(x, y, epochs=3, verbose=0)
    # 2 x (x w - y) = 8: too much for 2^127 to 2^125.
    assert model.get_weights()[0].tolist() == [[1.0]]
    assert float(optimizer.dynamic_scale) == 2.0**124
    model.fit(x, y, epochs=1, verbose=0)
    assert model.get_weights()[0].tolist() == [[-3.0]]
    assert int(optimizer.iterations) == 1


def test_a_scaled_loss_changes_nothing_else() -> None:
    for make in (lambda **a: optimizers.SGD(0.25, **a), lambda **a: Own(0.25, **a)):
        plain = fitted(make())
        scaled = fitted(make(loss_scale_factor=64.0))
        wrapped = fitted(optimizers.LossScaleOptimizer(make()))
        for a, b, c in zip(plain, scaled, wrapped, strict=True):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)


EVERY = sorted(
    name
    for name, kind in ((name, getattr(optimizers, name)) for name in optimizers.__all__)
    if isinstance(kind, type)
    and issubclass(kind, optimizers.Optimizer)
    and name not in ("LBFGS", "LossScaleOptimizer", "MultiOptimizer", "Optimizer", "SparseAdam")
)


@pytest.mark.parametrize("name", EVERY)
def test_every_rule_inside_a_wrapper(name: str) -> None:
    assert len(EVERY) >= 5
    make = getattr(optimizers, name)
    plain = fitted(make(0.0625))
    for wrapped in (
        fitted(optimizers.LossScaleOptimizer(make(0.0625), initial_scale=16.0)),
        fitted(optimizers.MultiOptimizer(make(0.0625))),
        fitted(make(0.0625), eager=True),
    ):
        for a, b in zip(plain, wrapped, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_factor_for_all_parts() -> None:
    optimizer = multi(loss_scale_factor=4.0)
    assert [each.loss_scale_factor for each in optimizer.optimizers] == [4.0, 4.0]
    for a, b in zip(fitted(optimizer), fitted(multi()), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    optimizers.LossScaleOptimizer(optimizer)
    assert [each.loss_scale_factor for each in optimizer.optimizers] == [None, None]


def test_values_in_and_values_out() -> None:
    for make in (multi, lambda: optimizers.LossScaleOptimizer(multi(), initial_scale=1.0)):
        with keras.name_scope("below"):
            a = keras.Variable([1.0], dtype="float64", name="a")
        b = keras.Variable([2.0], dtype="float64", name="b")
        optimizer, direct = make(), make()
        optimizer.build([a, b])
        state, values = [v.value for v in optimizer.variables], [a.value, b.value]
        for _ in range(3):
            values, state = optimizer.stateless_apply(
                state, [_core.tensor([0.5]), _core.tensor([0.25])], values
            )
        assert (a.numpy()[0], b.numpy()[0]) == (1.0, 2.0)
        for _ in range(3):
            direct.apply([[0.5], [0.25]], [a, b])
        assert [v.numpy()[0] for v in values] == [a.numpy()[0], b.numpy()[0]]
        for value, variable in zip(state, direct.variables, strict=True):
            np.testing.assert_array_equal(value.numpy(), variable.numpy())


def test_another_model_needs_another_optimizer() -> None:
    for make in (
        multi,
        MAKE["scale"],
        lambda: optimizers.Adam(),
        lambda: Own(0.1),
        lambda: optimizers.LBFGS(),
    ):
        first, second = model_of(make()), model_of("sgd")
        first.fit(X, Y, verbose=0)
        second.compile(first.optimizer, loss="mse")
        with pytest.raises(
            ValueError, match=r"Unknown variable: .*can only be called for the variables it was"
        ):
            second.fit(X, Y, verbose=0)


def test_one_for_all() -> None:
    for a, b in zip(
        fitted(optimizers.MultiOptimizer(optimizers.SGD(0.25))), fitted(optimizers.SGD(0.25)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_averages_of_what_was_not_frozen() -> None:
    model = model_of(optimizers.SGD(0.125, use_ema=True))
    model.fit(X, Y, verbose=0)
    below, top = model.layers
    below.trainable = False
    model.compile(model.optimizer, loss="mse")
    kept = below.get_weights()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(below.get_weights()[0], kept[0])
    np.testing.assert_array_equal(
        top.get_weights()[0], model.optimizer._model_variables_moving_average[2].numpy()
    )


def test_an_error_in_the_first_step_is_not_hidden() -> None:
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile(optimizers.SGD(use_ema=True), loss="mse", run_eagerly=True)
    with pytest.raises(ValueError, match="mean_squared_error"):
        model.fit(X, Y, verbose=0)


def test_also_under_mixed_precision() -> None:
    assert keras.mixed_precision.LossScaleOptimizer is optimizers.LossScaleOptimizer
