"""Arguments of optimizers and schedules: what is refused, what is understood, what can be changed later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core

optimizers = keras.optimizers
schedules = keras.optimizers.schedules
NAMES = ["SGD", "RMSprop", "Adam", "AdamW", "Adagrad"]
BAD_RATES = [float("nan"), float("inf"), -0.1, "0.1", True, None, [0.1, 0.2]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", BAD_RATES)
def test_learning_rates_that_are_none(name: str, rate: Any) -> None:
    with pytest.raises(ValueError, match="learning_rate"):
        getattr(optimizers, name)(learning_rate=rate)
    optimizer = getattr(optimizers, name)()
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.learning_rate = rate


def test_a_rate_that_turns_bad_behind_our_back() -> None:
    w = keras.Variable([1.0])
    optimizer = optimizers.SGD()
    optimizer.learning_rate.assign(float("nan"))
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.apply([[1.0]], [w])
    assert w.numpy().tolist() == [1.0]


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("SGD", {"momentum": 1.5}, "momentum"),
        ("SGD", {"momentum": -0.1}, "momentum"),
        ("SGD", {"nesterov": "yes"}, "nesterov"),
        ("RMSprop", {"rho": 2}, "rho"),
        ("RMSprop", {"momentum": float("nan")}, "momentum"),
        ("Adam", {"beta_1": 1.1}, "beta_1"),
        ("Adam", {"epsilon": -1e-7}, "epsilon"),
        ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value"),
        ("AdamW", {"weight_decay": None}, "weight_decay"),
        ("SGD", {"weight_decay": -1.0}, "weight_decay"),
        ("SGD", {"clipnorm": 1.0, "clipvalue": 0.5}, "clipnorm=1.0, clipvalue=0.5"),
        ("SGD", {"clipnorm": float("nan")}, "clipnorm"),
        ("SGD", {"use_ema": "yes"}, "use_ema"),
        ("Lamb", {"use_ema": float("nan")}, "use_ema"),
        ("SGD", {"use_ema": True, "ema_momentum": 1.5}, "ema_momentum"),
        ("SGD", {"use_ema": True, "ema_overwrite_frequency": 0}, "ema_overwrite_frequency"),
        ("SGD", {"gradient_accumulation_steps": 1}, "gradient_accumulation_steps"),
        ("SGD", {"gradient_accumulation_steps": 2.5}, "gradient_accumulation_steps"),
        ("SGD", {"loss_scale_factor": 0}, "loss_scale_factor"),
        ("SGD", {"momentun": 0.9}, "momentun"),
    ],
)
def test_arguments_out_of_range(name: str, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as info:
        getattr(optimizers, name)(**arguments)
    assert text in str(info.value)
    assert name in str(info.value)


def test_names() -> None:
    for name in ("sgd", "SGD", "Sgd", "rmsprop", "RMSProp", "adam", "ADAM", "adamw", "adagrad"):
        assert type(optimizers.get(name)).__name__.lower() == name.lower()
    with pytest.raises(ValueError) as info:
        optimizers.get("adamm")
    assert all(name in str(info.value) for name in NAMES)
    with pytest.raises(ValueError):
        optimizers.get(3)
    assert optimizers.get(None) is None
    assert isinstance(optimizers.get(optimizers.Adam), optimizers.Adam)
    assert (
        float(optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}}).learning_rate) == 0.5
    )


def test_old_names_of_the_rate() -> None:
    optimizer = optimizers.Adam(lr=0.25)
    assert float(optimizer.learning_rate) == 0.25
    optimizer.lr = 0.5
    assert float(optimizer.lr) == float(optimizer.learning_rate) == 0.5
    with pytest.warns(UserWarning, match="decay"):
        optimizers.SGD(decay=1e-4)


@pytest.mark.parametrize(
    ("rate", "step", "right"),
    [
        (schedules.ExponentialDecay(0.5, 10, 0.5), 5, 0.5 * 0.5**0.5),
        (schedules.ExponentialDecay(0.5, 10, 0.5, staircase=True), 19, 0.25),
        (schedules.InverseTimeDecay(0.5, 2, 1.0), 3, 0.2),
        (schedules.InverseTimeDecay(0.5, 2, 1.0, staircase=True), 3, 0.25),
        (schedules.PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.25]), 2, 1.0),
        (schedules.PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.25]), 5, 0.25),
        (schedules.PolynomialDecay(1.0, 10, 0.0, power=2.0), 5, 0.25),
        (schedules.PolynomialDecay(1.0, 10, 0.5), 99, 0.5),
        (schedules.PolynomialDecay(1.0, 10, 0.0, cycle=True), 15, 0.25),
        (schedules.CosineDecay(1.0, 10, alpha=0.1), 99, 0.1),
        (schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4), 2, 0.5),
        (schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4), 9, 0.5),
        (schedules.CosineDecayRestarts(1.0, 10, m_mul=0.5), 10, 0.5),
        (schedules.CosineDecayRestarts(1.0, 10, t_mul=1.0), 25, 0.5),
    ],
)
def test_schedules(rate: Any, step: int, right: float) -> None:
    assert float(rate(step)) == pytest.approx(right, rel=1e-6)
    assert float(type(rate).from_config(rate.get_config())(step)) == pytest.approx(right, rel=1e-6)
    assert float(schedules.deserialize(schedules.serialize(rate))(step)) == pytest.approx(right, rel=1e-6)
    again = optimizers.deserialize(optimizers.serialize(optimizers.SGD(rate)))
    assert again._current_learning_rate(step) == pytest.approx(right, rel=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: schedules.ExponentialDecay(0.1, 0, 0.9),
        lambda: schedules.ExponentialDecay(-0.1, 10, 0.9),
        lambda: schedules.PolynomialDecay(0.1, -5),
        lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
        lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]),
        lambda: schedules.CosineDecayRestarts(0.1, 10, t_mul=0.5),
    ],
)
def test_schedules_out_of_range(make: Any) -> None:
    with pytest.raises(ValueError):
        make()


def test_a_schedule_is_followed_and_not_overwritten() -> None:
    w = keras.Variable([0.0])
    optimizer = optimizers.SGD(schedules.PiecewiseConstantDecay([0, 1], [1.0, 10.0, 100.0]))
    seen = []
    for _ in range(3):
        optimizer.apply([[-1.0]], [w])
        seen.append(float(w.numpy()[0]))
    assert seen == [1.0, 11.0, 111.0]
    with pytest.raises(TypeError, match="PiecewiseConstantDecay"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = schedules.ExponentialDecay(0.5, 1, 0.5)
    assert float(optimizer.learning_rate) == 0.0625


def test_a_function_as_rate() -> None:
    w = keras.Variable([0.0])
    optimizers.SGD(lambda: 0.5).apply([[-1.0]], [w])
    assert w.numpy().tolist() == [0.5]


def test_hyperparameters_can_be_changed() -> None:
    w = keras.Variable([0.0])
    optimizer = optimizers.SGD(1.0, momentum=0.5)
    optimizer.apply([[-1.0]], [w])
    optimizer.momentum = 1.0
    optimizer.apply([[0.0]], [w])
    assert w.numpy().tolist() == [2.0]
    with pytest.raises(ValueError, match="momentum"):
        optimizer.momentum = 2.0
    assert optimizer.momentum == 1.0
    with pytest.raises(ValueError, match="new optimizer"):
        optimizer.use_ema = True
    assert optimizer.use_ema is False


def test_variables_and_gradients_that_do_not_fit() -> None:
    a, b = keras.Variable([1.0, 2.0], name="a"), keras.Variable([1.0], name="b")
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="not known yet"):
        optimizer.apply([[1.0]])
    with pytest.raises(ValueError, match=r"\(2,\).*'a'.*\(3,\)"):
        optimizer.apply([[1.0, 2.0, 3.0]], [a])
    with pytest.raises(ValueError, match="Unknown variable: 'b'"):
        optimizer.apply([[1.0]], [b])
    with pytest.raises(ValueError, match="2 gradients and 1 variables"):
        optimizer.apply([[1.0, 1.0], [1.0]], [a])
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply([None], [a])
    assert a.numpy().tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="float32 or float64"):
        optimizers.SGD().build([keras.Variable(1, dtype="int32")])
    with pytest.raises(ValueError, match="twice"):
        optimizers.SGD().build([a, a])


def test_a_missing_gradient_warns() -> None:
    a, b = keras.Variable([1.0], name="a"), keras.Variable([1.0], name="b")
    with pytest.warns(UserWarning, match="no gradient for b"):
        optimizers.SGD(1.0).apply([[0.5], None], [a, b])
    assert (a.numpy()[0], b.numpy()[0]) == (0.5, 1.0)


def test_decay_is_excluded_by_variable_and_by_name() -> None:
    kernel, bias, other = (keras.Variable([1.0], name=name) for name in ("kernel", "bias", "other"))
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[other], var_names=["bias"])
    optimizer.apply([[0.0]] * 3, [kernel, bias, other])
    assert [float(v.numpy()[0]) for v in (kernel, bias, other)] == [0.75, 1.0, 1.0]
    with pytest.raises(ValueError, match="already built"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])
    with pytest.raises(ValueError, match="patterns"):
        optimizers.SGD().exclude_from_weight_decay(var_names=["("])


class Mine(keras.optimizers.Optimizer):
    """Momentum, by operations on tensors."""

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.momenta = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        m = self.momenta[self._get_variable_index(variable)]
        self.assign(m, 0.9 * m - gradient * learning_rate)
        self.assign_add(variable, m)


@pytest.mark.parametrize(
    "around",
    [
        {},
        {"clipnorm": 0.5},
        {"clipvalue": 0.3},
        {"global_clipnorm": 0.7},
        {"weight_decay": 0.1},
        {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2},
        {"loss_scale_factor": 4.0},
    ],
)
def test_an_update_step_in_python_has_the_same_surroundings(around: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(3, 2)), rng.normal(size=(4,))]
    ours, theirs = ([keras.Variable(v, dtype="float64") for v in values] for _ in range(2))
    core, mine = optimizers.SGD(0.125, momentum=0.9, **around), Mine(0.125, **around)
    for _ in range(4):
        gradients = [rng.normal(size=v.shape) for v in values]
        core.apply(gradients, ours)
        mine.apply(gradients, theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)
    assert len(core.variables) == len(mine.variables)


def test_update_step_of_a_built_in_rule_can_be_called() -> None:
    class Doubled(optimizers.SGD):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient * 2, variable, learning_rate)

    w = keras.Variable([0.0])
    Doubled(0.5).apply([[-1.0]], [w])
    assert w.numpy().tolist() == [1.0]


def test_state_is_saved_and_restored_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    first, second = (keras.Variable([1.0, 2.0], name="w") for _ in range(2))
    optimizer, other = optimizers.Adam(amsgrad=True), optimizers.Adam(amsgrad=True)
    for _ in range(3):
        optimizer.apply([rng.normal(size=2)], [first])
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    with pytest.raises(ValueError, match="not built"):
        other.load_own_variables(store)
    other.build([second])
    other.load_own_variables(store)
    second.assign(first)
    gradient = rng.normal(size=2)
    optimizer.apply([gradient], [first])
    other.apply([gradient], [second])
    assert first.numpy().tobytes() == second.numpy().tobytes()
    with pytest.raises(ValueError, match="expected 5 arrays; got 1"):
        other.set_weights([0])


def test_a_forgotten_super_call() -> None:
    class Broken(keras.optimizers.Optimizer):
        def __init__(self) -> None:
            self.momentum = 0.9

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Broken()


def test_symbolic_gradients_say_what_to_do() -> None:
    w = keras.Variable([0.0])
    optimizer = optimizers.SGD()
    with _core.Graph() as graph, pytest.raises(NotImplementedError, match="run_eagerly=True"):
        optimizer.apply([graph.input((1,), "float32")], [w])
