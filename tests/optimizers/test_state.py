"""What optimizers keep: pickled and copied, set from lists, and refused where it does not fit."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

optimizers = keras.optimizers
NAMES = ["SGD", "RMSprop", "Adam", "AdamW", "Adagrad"]


def stepped(optimizer: Any, steps: int = 3) -> list[Any]:
    rng = np.random.default_rng(0)
    variables = [
        keras.Variable(rng.normal(size=s), dtype="float64", name=n) for s, n in (((3, 2), "a"), ((2,), "b"))
    ]
    for _ in range(steps):
        optimizer.apply([rng.normal(size=tuple(v.shape)) for v in variables], variables)
    return variables


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "way", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy], ids=["pickle", "copy"]
)
def test_pickled_and_copied(name: str, way: Any) -> None:
    fresh = getattr(optimizers, name)(learning_rate=0.125)
    assert way(fresh).get_config() == fresh.get_config()
    assert not way(fresh).built
    optimizer = getattr(optimizers, name)(
        0.125, use_ema=True, gradient_accumulation_steps=2, weight_decay=0.1
    )
    optimizer.exclude_from_weight_decay(var_names=["b"])
    variables = stepped(optimizer)
    again, copies = way((optimizer, variables))
    assert again.get_config() == optimizer.get_config()
    assert [v.path for v in again.variables] == [v.path for v in optimizer.variables]
    for _ in range(3):
        for one, its in ((optimizer, variables), (again, copies)):
            one.apply([np.ones((3, 2)), np.ones(2)], its)
    for a, b in zip(variables, copies, strict=True):
        assert a is not b
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.AdamW(0.01, use_ema=True),
        lambda: optimizers.LBFGS(max_iter=3),
        lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1, momentum=0.5, weight_decay=0.1)),
        lambda: optimizers.MultiOptimizer(
            optimizers.OptimizerMap(optimizers.Adam(), {".*bias": optimizers.SGD()})
        ),
    ],
    ids=["AdamW", "LBFGS", "LossScaleOptimizer", "MultiOptimizer"],
)
def test_a_pickled_model_trains_on(make: Any) -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    y = x.sum(axis=1, keepdims=True) ** 2
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    optimizer = make()
    if not isinstance(optimizer, (optimizers.LBFGS, optimizers.MultiOptimizer)):
        optimizer.exclude_from_weight_decay([model.layers[0].kernel], ["bias"])
    model.compile(optimizer, loss="mse")
    model.fit(x, y, batch_size=20, epochs=3, shuffle=False, verbose=0)
    again = pickle.loads(pickle.dumps(model))
    for each in (model, again):
        each.fit(x, y, batch_size=20, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(again.optimizer.variables) == len(model.optimizer.variables)


def test_pickled_with_a_schedule() -> None:
    optimizer = optimizers.Adam(optimizers.schedules.ExponentialDecay(0.5, 10, 0.5))
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert again._current_learning_rate(10) == pytest.approx(0.25)


def test_weights_that_do_not_fit_change_nothing() -> None:
    optimizer = optimizers.Adam()
    with pytest.raises(ValueError, match="You are calling"):
        optimizer.set_weights([])
    stepped(optimizer)
    before = optimizer.get_weights()
    wrong = [np.zeros_like(w) for w in before]
    wrong[-1] = np.zeros(7)
    with pytest.raises(
        ValueError, match=r"b_velocity.*has shape \(2,\) not compatible with provided weight shape"
    ):
        optimizer.set_weights(wrong)
    for a, b in zip(before, optimizer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    optimizer.set_weights(optimizer.variables)
    optimizer.set_weights([0 * w for w in before])
    assert all(np.all(w == 0) for w in optimizer.get_weights())


def test_messages_that_people_look_for() -> None:
    w = keras.Variable([1.0], name="w")
    with pytest.raises(
        ValueError, match="Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set"
    ):
        optimizers.SGD(clipnorm=1.0, global_clipnorm=1.0)
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizers.SGD().apply_gradients([(None, w)])
    with pytest.raises(
        ValueError, match="When passing `grads` without `variables`, the optimizer must already be"
    ):
        optimizers.SGD().apply([[1.0]])
    with pytest.raises(ValueError, match=r"Argument\(s\) not recognized: \{'momentun': 0.9\}"):
        optimizers.SGD(momentun=0.9)
    optimizer = optimizers.SGD()
    optimizer.apply([], [w])
    assert not optimizer.built
    optimizer.build([w])
    with pytest.raises(ValueError, match="can only be configured before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["w"])
    with pytest.raises(ValueError, match="must be built"):
        optimizers.SGD().stateless_apply([], [[1.0]], [w.value])
    with pytest.raises(ValueError, match="must be a list of tensors"):
        optimizer.stateless_apply([], [[1.0]], [w.value])
    with pytest.raises(ValueError, match="one initializer for each name"):
        optimizer.add_optimizer_variables([w], ["m", "v"], ["zeros"])
    with pytest.raises(NotImplementedError, match="update_step"):
        optimizers.Optimizer(0.1).apply([[1.0]], [w])


def test_unfrozen_layers_need_a_new_optimizer() -> None:
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    model.layers[0].trainable = False
    model.compile(optimizers.Adam(), loss="mse")
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = True
    model.compile(model.optimizer, loss="mse")
    with pytest.raises(ValueError, match="layers that were frozen until now, make a new optimizer"):
        model.fit(x, y, verbose=0)
    model.compile(optimizers.Adam(), loss="mse")
    model.fit(x, y, verbose=0)
    # The other way round is fine: what is frozen rests.
    kept = model.layers[0].get_weights()
    model.layers[0].trainable = False
    model.compile(model.optimizer, loss="mse")
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], kept[0])


@pytest.mark.parametrize(
    "arguments",
    [
        {"weight_decay": float("nan")},
        {"weight_decay": "much"},
        {"clipnorm": -1.0},
        {"clipvalue": float("inf")},
        {"global_clipnorm": True},
        {"use_ema": True, "ema_momentum": -0.1},
        {"use_ema": True, "ema_momentum": float("nan")},
        {"use_ema": True, "ema_overwrite_frequency": 1.5},
        {"gradient_accumulation_steps": 0},
        {"gradient_accumulation_steps": -3},
        {"gradient_accumulation_steps": "2"},
        {"loss_scale_factor": -2.0},
        {"loss_scale_factor": float("inf")},
        {"learning_rate_multipliers": 0.5},
    ],
    ids=str,
)
def test_common_arguments_out_of_range(arguments: dict[str, Any]) -> None:
    name = list(arguments)[-1]
    for kind in (optimizers.Adam, optimizers.Optimizer):
        with pytest.raises(ValueError) as info:
            kind(learning_rate=0.1, **arguments)
        assert name.replace("learning_rate_multipliers", "multipliers") in str(info.value)
        assert kind.__name__ in str(info.value)


class Own(optimizers.Optimizer):
    """Plain descent by operations on tensors."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, gradient * learning_rate)


@pytest.mark.parametrize("kind", [optimizers.SGD, optimizers.LBFGS, Own])
def test_what_is_no_variable(kind: Any) -> None:
    w = keras.Variable([1.0, 2.0], name="w")
    for wrong in ("w", np.ones(2), keras.ops.ones(2), keras.Input((2,)), 3, None):
        with pytest.raises(TypeError, match=f"{kind.__name__}.build: expected trainable variables"):
            kind(0.1).build([wrong])
    with pytest.raises(TypeError, match="'counter' of int32"):
        kind(0.1).build([w, keras.Variable(1, name="counter")])
    with pytest.raises(ValueError, match="expected each variable once; got 'w' twice"):
        kind(0.1).build([w, w])


@pytest.mark.parametrize("kind", [optimizers.SGD, Own])
@pytest.mark.parametrize("rate", [None, "0.1", float("nan"), float("inf"), -1.0, True])
def test_a_function_that_gives_no_rate(kind: Any, rate: Any) -> None:
    w = keras.Variable([1.0])
    with pytest.raises(ValueError, match=f"{kind.__name__}: expected learning_rate to be a finite number"):
        kind(lambda: rate).apply([[1.0]], [w])
    assert w.numpy().tolist() == [1.0]


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.LossScaleOptimizer(optimizers.Adam(), initial_scale=1.0),
        optimizers.MultiOptimizer(optimizers.SGD(0.1)),
        Own(0.1, gradient_accumulation_steps=2),
        Own(0.1, learning_rate_multipliers={".*": 0.5}),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_the_battery_takes_wrappers_and_accumulation(optimizer: Any) -> None:
    results = keras.testing.check_optimizer(optimizer)
    assert results["fit"] == results["state"] == results["slots"] == "passed"
