"""Fifty steps of every schedule equal the NumPy reference in float64, and the numbers that Keras and PyTorch give."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.testing import reference

schedules = keras.optimizers.schedules
GOLDEN = json.loads((Path(__file__).parent / "schedules.json").read_text(encoding="utf-8"))
GIVEN = [(source, row) for source, rows in GOLDEN.items() for row in rows]
MORE: list[tuple[str, dict[str, Any]]] = [
    ("PowerDecay", {"initial_learning_rate": 0.1, "decay_steps": 5}),
    ("PowerDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "power": 0.5}),
    ("StepDecay", {"initial_learning_rate": 0.1, "decay_steps": 7.5, "decay_rate": 2.0}),
    ("ConstantLearningRate", {"learning_rate": 0.3}),
    ("PiecewiseConstantDecay", {"boundaries": [], "values": [0.5]}),
    ("PiecewiseConstantDecay", {"boundaries": [0, 2.5, 7], "values": [0.5, 0.1, 0.2, 0.0]}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.0}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 1, "t_mul": 3.0}),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 4, "t_mul": 1.0, "m_mul": 0.0},
    ),
    ("CyclicalLearningRate", {"initial_learning_rate": 0.1, "max_learning_rate": 0.1, "step_size": 3}),
    ("OneCycle", {"max_learning_rate": 0.1, "total_steps": 20}),
    (
        "OneCycle",
        {"max_learning_rate": 0.1, "total_steps": 30, "three_phase": True, "anneal_strategy": "linear"},
    ),
    ("LinearWarmup", {"schedule": 0.1, "warmup_steps": 10}),
    ("LinearWarmup", {"schedule": schedules.CosineDecay(0.1, 20), "warmup_steps": 10}),
    (
        "LinearWarmup",
        {
            "schedule": schedules.ExponentialDecay(0.1, 3, 0.9),
            "warmup_steps": 0,
            "initial_learning_rate": 0.5,
        },
    ),
]
CASES = [(row["schedule"], row["arguments"]) for _, row in GIVEN] + MORE
every_case = pytest.mark.parametrize(
    ("name", "arguments"), CASES, ids=[f"{i}-{name}" for i, (name, _) in enumerate(CASES)]
)
STEPS = np.arange(50)


def right_rates(name: str, arguments: dict[str, Any]) -> np.ndarray:
    function = reference.find("schedule", name)
    given = dict(arguments)
    if name == "LinearWarmup":
        inner = given["schedule"]
        if not callable(inner):
            inner = schedules.ConstantLearningRate(inner)
        known = reference.find("schedule", type(inner).__name__)
        plain = {key: value for key, value in inner.get_config().items() if key != "name"}
        given["schedule"] = lambda step: known(step, **plain)
    return np.array([function(step, **given) for step in range(50)])


def test_every_schedule_has_a_case() -> None:
    public = {name for name in schedules.__all__ if name[0].isupper()} - {"LearningRateSchedule"}
    assert len(public) >= 12
    assert sorted(public - {name for name, _ in CASES}) == []


@every_case
def test_trajectory(name: str, arguments: dict[str, Any]) -> None:
    schedule, right = getattr(schedules, name)(**arguments), right_rates(name, arguments)
    keras.config.set_floatx("float64")
    try:
        ours = [schedule(step) for step in range(50)]
        assert {rate.dtype for rate in ours} == {"float64"}
    finally:
        keras.config.set_floatx("float32")
    np.testing.assert_allclose([float(rate) for rate in ours], right, rtol=1e-12, atol=1e-16)
    assert schedule(3).dtype == "float32"
    assert schedule(3).shape == ()


@pytest.mark.parametrize(
    ("source", "row"), GIVEN, ids=[f"{i}-{row['schedule']}" for i, (_, row) in enumerate(GIVEN)]
)
def test_numbers_of_others(source: str, row: dict[str, Any]) -> None:
    schedule = getattr(schedules, row["schedule"])(**row["arguments"])
    ours = [float(schedule(step)) for step in range(50)]
    np.testing.assert_allclose(ours, row["rates"], rtol=2e-5 if "float32" in source else 1e-6, atol=1e-8)
    if "momentum" in row:
        momentum = [schedule.momentum(step) for step in range(50)]
        np.testing.assert_allclose(momentum, row["momentum"], rtol=1e-9)


@every_case
def test_steps_of_any_kind(name: str, arguments: dict[str, Any]) -> None:
    schedule = getattr(schedules, name)(**arguments)
    right = np.array([float(schedule(step)) for step in range(50)])
    for given in (
        13,
        13.0,
        np.int64(13),
        np.float32(13),
        keras.ops.array(13),
        keras.Variable(13, dtype="int64"),
    ):
        assert float(schedule(given)) == right[13]
    np.testing.assert_allclose(schedule(STEPS).numpy(), right, rtol=1e-6, atol=1e-10)
    # Traced: a node of a functional graph with an unknown batch size, and the counter of a loop.
    step = keras.Input((), dtype="int32")
    result = schedule(step)
    assert (result.shape, result.dtype) == ((None,), "float32")
    traced = keras.Function(step, result)(STEPS.astype("int32"))
    np.testing.assert_allclose(traced.numpy(), right, rtol=1e-6, atol=1e-10)
    _, looped = keras.ops.scan(lambda i, _: (i + 1, schedule(i)), keras.ops.array(0), length=50)
    np.testing.assert_allclose(looped.numpy(), right, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@every_case
def test_many_steps_at_once(name: str, arguments: dict[str, Any], floatx: str) -> None:
    schedule = getattr(schedules, name)(**arguments)
    keras.config.set_floatx(floatx)
    try:
        assert schedule.rates_from(3, 40) == [float(schedule(step)) for step in range(3, 43)]
    finally:
        keras.config.set_floatx("float32")


def test_fit_follows_the_schedule_and_tells_where_it_leads_nowhere() -> None:
    class Rising(schedules.ExponentialDecay):
        def __call__(self, step: Any) -> Any:
            return 0.25 * (1 + int(step))

    x = np.ones((6, 1), "float32")
    for schedule, moved in ((Rising(1.0, 1, 0.5), 5.25), (schedules.StepDecay(1.0, 2, 0.5), 3.5)):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        model.compile(keras.optimizers.SGD(schedule), loss=lambda y, p: p)
        before = model.get_weights()[0].item()
        model.fit(x, x, batch_size=1, verbose=0)
        assert before - model.get_weights()[0].item() == pytest.approx(moved)
    model.compile(keras.optimizers.SGD(schedules.ExponentialDecay(1.0, 1, 1e30)), "mse")
    with pytest.raises(ValueError, match="learning_rate"):
        model.fit(x, x, batch_size=1, verbose=0)


@every_case
def test_config_round_trip(name: str, arguments: dict[str, Any]) -> None:
    schedule = getattr(schedules, name)(**arguments)
    again = type(schedule).from_config(schedule.get_config())
    assert again.get_config() == schedule.get_config()
    revived = schedules.deserialize(json.loads(json.dumps(schedules.serialize(schedule))))
    assert type(revived) is type(schedule)
    assert float(revived(17)) == float(schedule(17))
    optimizer = keras.optimizers.SGD(schedule)
    other = keras.optimizers.deserialize(json.loads(json.dumps(keras.optimizers.serialize(optimizer))))
    assert other._current_learning_rate(17) == optimizer._current_learning_rate(17)


@pytest.mark.parametrize(
    ("schedule", "end", "after"),
    [
        (schedules.PolynomialDecay(0.1, 10, 0.02), 10, 0.02),
        (schedules.PiecewiseConstantDecay([3, 10], [0.5, 0.25, 0.125]), 11, 0.125),
        (schedules.CosineDecay(0.1, 10, alpha=0.5), 10, 0.05),
        (schedules.CosineDecay(0.1, 6, alpha=0.5, warmup_target=0.2, warmup_steps=4), 10, 0.1),
        (schedules.OneCycle(0.1, 11, div_factor=10.0, final_div_factor=10.0), 10, 0.001),
        (schedules.LinearWarmup(schedules.PolynomialDecay(0.1, 6, 0.02), 4), 10, 0.02),
    ],
    ids=lambda value: type(value).__name__,
)
def test_past_its_end_a_schedule_stays(schedule: Any, end: int, after: float) -> None:
    for step in (end, end + 1, 10 * end, 2**31 - 1, 1e300):
        assert float(schedule(step)) == pytest.approx(after, rel=1e-6)


@pytest.mark.parametrize(
    ("schedule", "limit"),
    [
        (schedules.ExponentialDecay(0.1, 1, 0.5), 0.0),
        (schedules.ExponentialDecay(0.1, 1, 2.0), np.inf),
        (schedules.StepDecay(0.1, 10), 0.0),
        (schedules.InverseTimeDecay(0.1, 1, 0.5), 0.0),
        (schedules.PowerDecay(0.1, 1, 2.0), 0.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_schedules_without_an_end_go_to_their_limit(schedule: Any, limit: float) -> None:
    assert float(schedule(1e200)) == pytest.approx(limit, abs=1e-30)


def test_restarts_and_cycles_never_end() -> None:
    restarts = schedules.CosineDecayRestarts(0.1, 10)
    # Periods of 10, 20, 40, ... steps begin at 10 (2^i - 1).
    for i in range(50):
        assert float(restarts(10 * (2**i - 1))) == pytest.approx(0.1)
    uneven = schedules.CosineDecayRestarts(0.1, 10, t_mul=1.1)
    begin = 0.0
    for i in range(200):
        assert float(uneven(begin + 0.001)) == pytest.approx(0.1, rel=1e-4)
        begin += 10 * 1.1**i
    cycles = schedules.CyclicalLearningRate(0.1, 0.5, step_size=4)
    assert float(cycles(8 * 10**9 + 4)) == pytest.approx(0.5)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("ExponentialDecay", {"decay_steps": 0}, "`decay_steps` must be > 0"),
    ("ExponentialDecay", {"decay_steps": -3}, "`decay_steps` must be > 0"),
    ("ExponentialDecay", {"decay_steps": float("nan")}, "`decay_steps` must be > 0"),
    ("ExponentialDecay", {"decay_steps": "10"}, "`decay_steps` must be > 0"),
    ("ExponentialDecay", {"decay_rate": -0.5}, "decay_rate"),
    ("ExponentialDecay", {"initial_learning_rate": -0.1}, "initial_learning_rate"),
    ("ExponentialDecay", {"initial_learning_rate": float("nan")}, "initial_learning_rate"),
    ("ExponentialDecay", {"initial_learning_rate": None}, "initial_learning_rate"),
    ("ExponentialDecay", {"staircase": "yes"}, "staircase"),
    ("InverseTimeDecay", {"decay_steps": 0}, "`decay_steps` must be > 0"),
    ("InverseTimeDecay", {"decay_rate": float("inf")}, "decay_rate"),
    ("StepDecay", {"decay_steps": 0}, "`decay_steps` must be > 0"),
    ("StepDecay", {"decay_rate": -1}, "decay_rate"),
    ("PowerDecay", {"decay_steps": 0}, "`decay_steps` must be > 0"),
    ("PowerDecay", {"power": -1}, "power"),
    ("PolynomialDecay", {"decay_steps": 0}, "`decay_steps` must be > 0"),
    ("PolynomialDecay", {"end_learning_rate": -1}, "end_learning_rate"),
    ("PolynomialDecay", {"power": float("nan")}, "power"),
    ("CosineDecay", {"decay_steps": 0}, "`decay_steps` must be > 0"),
    ("CosineDecay", {"alpha": -0.1}, "alpha"),
    ("CosineDecay", {"warmup_target": -0.1}, "warmup_target"),
    ("CosineDecay", {"warmup_steps": -1}, "warmup_steps"),
    ("CosineDecayRestarts", {"first_decay_steps": 0}, "`first_decay_steps` must be > 0"),
    ("CosineDecayRestarts", {"t_mul": 0.5}, "t_mul"),
    ("CosineDecayRestarts", {"m_mul": -1}, "m_mul"),
    ("CyclicalLearningRate", {"max_learning_rate": 0.01}, "max_learning_rate"),
    ("CyclicalLearningRate", {"step_size": 0}, "`step_size` must be > 0"),
    ("CyclicalLearningRate", {"step_size_down": 0}, "`step_size_down` must be > 0"),
    ("CyclicalLearningRate", {"mode": "square"}, "'triangular', 'triangular2', 'exp_range'"),
    ("CyclicalLearningRate", {"gamma": 0}, "gamma"),
    ("OneCycle", {"total_steps": 0}, "total_steps"),
    ("OneCycle", {"total_steps": 1.5}, "total_steps"),
    ("OneCycle", {"pct_start": 1.5}, "pct_start"),
    ("OneCycle", {"anneal_strategy": "sine"}, "'cos', 'linear'"),
    ("OneCycle", {"div_factor": 0}, "div_factor"),
    ("OneCycle", {"final_div_factor": float("nan")}, "final_div_factor"),
    ("LinearWarmup", {"warmup_steps": -1}, "warmup_steps"),
    ("LinearWarmup", {"initial_learning_rate": -1}, "initial_learning_rate"),
    ("ConstantLearningRate", {"learning_rate": float("inf")}, "learning_rate"),
    ("PiecewiseConstantDecay", {"values": [0.1, 0.2]}, "1 less than the length of values"),
    ("PiecewiseConstantDecay", {"boundaries": [2, 1]}, "rising order"),
    ("PiecewiseConstantDecay", {"values": [0.1, -0.2, 0.1]}, "values"),
    ("PiecewiseConstantDecay", {"boundaries": [1, float("nan")]}, "boundaries"),
    ("PiecewiseConstantDecay", {"boundaries": 3}, "a list of numbers"),
]


@pytest.mark.parametrize(("name", "bad", "text"), BAD, ids=[f"{n}-{b}" for n, b, _ in BAD])
def test_arguments_out_of_range(name: str, bad: dict[str, Any], text: str) -> None:
    good: dict[str, Any] = {
        "PiecewiseConstantDecay": {"boundaries": [1, 2], "values": [0.3, 0.2, 0.1]},
        "ConstantLearningRate": {},
        "LinearWarmup": {"schedule": 0.1, "warmup_steps": 3},
        "OneCycle": {"max_learning_rate": 0.1, "total_steps": 10},
        "CyclicalLearningRate": {"initial_learning_rate": 0.1, "max_learning_rate": 0.5},
        "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
        "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
        "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    }.get(name, {"initial_learning_rate": 0.1, "decay_steps": 10})
    with pytest.raises(ValueError) as info:
        getattr(schedules, name)(**{**good, **bad})
    assert text in str(info.value)
    assert name in str(info.value)


def test_a_step_that_is_none() -> None:
    schedule = schedules.StepDecay(0.1, 10)
    for step in ("3", None, object(), np.array(["a"])):
        with pytest.raises(
            TypeError, match=r"StepDecay: expected the step to be a number or a tensor of numbers"
        ):
            schedule(step)
    for number in (float("nan"), float("inf"), np.float64("nan")):
        with pytest.raises(ValueError, match="StepDecay: expected a finite step; got"):
            schedule(number)
    with pytest.raises(
        TypeError, match="expected `schedule` to be a LearningRateSchedule or a finite number"
    ):
        schedules.LinearWarmup("cosine", 10)


def test_warm_up_before_a_schedule_of_ones_own() -> None:
    class Halving(schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return 0.5 * keras.ops.power(0.5, keras.ops.cast(step, "float32"))

    schedule = schedules.LinearWarmup(Halving(), 2)
    right = [0.0, 0.25, 0.5, 0.25, 0.125]
    assert [float(schedule(step)) for step in range(5)] == right
    np.testing.assert_allclose(schedule(np.arange(5)).numpy(), right)
    with pytest.raises(NotImplementedError, match="must override `get_config"):
        schedule.get_config()


def test_the_schedule_of_the_transformer() -> None:
    width, warm = 512, 16
    peak = (width * warm) ** -0.5
    schedule = schedules.LinearWarmup(schedules.PowerDecay(peak, warm, power=0.5), warm)
    for step in range(1, 50):
        right = width**-0.5 * min(step**-0.5, step * warm**-1.5)
        assert schedule.value(step) == pytest.approx(right, rel=1e-12)


def test_a_schedule_inside_a_traced_update() -> None:
    class Descent(keras.optimizers.Optimizer):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            variable.assign_sub(gradient * 0 + learning_rate)

    schedule = schedules.CosineDecay(0.1, 6, warmup_target=0.5, warmup_steps=3)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(Descent(schedule), "mse")
    before = model.get_weights()[0].item()
    model.fit(np.ones((8, 1)), np.ones((8, 1)), batch_size=1, epochs=1, verbose=0)
    moved = sum(float(schedule(step)) for step in range(8))
    assert before - model.get_weights()[0].item() == pytest.approx(moved, rel=1e-5)


@every_case
def test_plot(name: str, arguments: dict[str, Any]) -> None:
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    schedule = getattr(schedules, name)(**arguments)
    axes = schedule.plot(steps=20)
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), np.arange(20))
    np.testing.assert_allclose(line.get_ydata(), [float(schedule(step)) for step in range(20)])
    assert axes.get_xlabel() == "step"
    assert schedule.plot(20, ax=axes) is axes
    assert len(axes.lines) == 2
    plt.close("all")


def test_plot_of_ones_own_and_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(schedules.LearningRateSchedule):
        def __call__(self, step: int) -> float:
            return 0.1 / (1 + step)

    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    assert Own().plot(5).get_title(loc="left") == "Own"
    plt.close("all")
    with pytest.raises(ValueError, match=r"Own.plot: expected `steps` to be a positive integer"):
        Own().plot(0)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"Own.plot needs matplotlib.*pip install matplotlib"):
        Own().plot(5)
