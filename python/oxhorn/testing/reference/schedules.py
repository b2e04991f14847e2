"""Learning rates by step: one function a schedule, of a step and the schedule's arguments."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def exponential_decay(
    step: float, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False
) -> Any:
    p = np.float64(step) / decay_steps
    return initial_learning_rate * np.float64(decay_rate) ** (np.floor(p) if staircase else p)


def step_decay(step: float, initial_learning_rate: float, decay_steps: float, decay_rate: float = 0.1) -> Any:
    rate = np.float64(initial_learning_rate)
    while step >= decay_steps:
        rate, step = rate * decay_rate, step - decay_steps
    return rate


def inverse_time_decay(
    step: float, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False
) -> Any:
    p = np.float64(step) / decay_steps
    return initial_learning_rate / (1 + decay_rate * (np.floor(p) if staircase else p))


def power_decay(step: float, initial_learning_rate: float, decay_steps: float, power: float = 1.0) -> Any:
    return initial_learning_rate / (1 + np.float64(step) / decay_steps) ** power


def polynomial_decay(
    step: float,
    initial_learning_rate: float,
    decay_steps: float,
    end_learning_rate: float = 1e-4,
    power: float = 1.0,
    cycle: bool = False,
) -> Any:
    length = np.float64(decay_steps)
    while cycle and step > length:
        length += decay_steps
    left = 1 - min(step, length) / length
    return end_learning_rate + (initial_learning_rate - end_learning_rate) * left**power


def piecewise_constant_decay(step: float, boundaries: Sequence[float], values: Sequence[float]) -> Any:
    return np.float64(values[int(np.searchsorted(boundaries, step, side="left"))])


def constant_learning_rate(step: float, learning_rate: float) -> Any:
    return np.float64(learning_rate)


def cosine_decay(
    step: float,
    initial_learning_rate: float,
    decay_steps: float,
    alpha: float = 0.0,
    warmup_target: float | None = None,
    warmup_steps: float = 0,
) -> Any:
    top = np.float64(initial_learning_rate)
    if warmup_target is not None:
        if step < warmup_steps:
            return np.interp(step, [0, warmup_steps], [initial_learning_rate, warmup_target])
        top, step = np.float64(warmup_target), step - warmup_steps
    bottom = alpha * top
    return bottom + (top - bottom) * (1 + np.cos(np.pi * min(step / decay_steps, 1))) / 2


def cosine_decay_restarts(
    step: float,
    initial_learning_rate: float,
    first_decay_steps: float,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
) -> Any:
    length, height = np.float64(first_decay_steps), np.float64(1)
    while step >= length:
        step, length, height = step - length, length * t_mul, height * m_mul
    wave = height * (1 + np.cos(np.pi * step / length)) / 2
    return initial_learning_rate * ((1 - alpha) * wave + alpha)


def cyclical_learning_rate(
    step: float,
    initial_learning_rate: float,
    max_learning_rate: float,
    step_size: float = 2000,
    step_size_down: float | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
) -> Any:
    length = step_size + (step_size_down or step_size)
    k = step // length
    p = np.interp(step % length, [0, step_size, length], [0.0, 1.0, 0.0])
    scale = {"triangular": 1.0, "triangular2": 0.5**k, "exp_range": gamma**step}[mode]
    return initial_learning_rate + (max_learning_rate - initial_learning_rate) * p * scale


def one_cycle(
    step: float,
    max_learning_rate: float,
    total_steps: float,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Any:
    first = np.float64(max_learning_rate) / div_factor
    steps, values = [0.0, pct_start * total_steps - 1], [first, max_learning_rate]
    if three_phase:
        steps.append(2 * pct_start * total_steps - 2)
        values.append(first)
    steps.append(total_steps - 1)
    values.append(first / final_div_factor)
    if anneal_strategy == "linear":
        return np.interp(step, steps, values)
    leg = int(np.clip(np.searchsorted(steps, step, side="left"), 1, len(steps) - 1))
    p = min((step - steps[leg - 1]) / (steps[leg] - steps[leg - 1]), 1)
    return values[leg] + (values[leg - 1] - values[leg]) * (1 + np.cos(np.pi * p)) / 2


def linear_warmup(
    step: float, schedule: Callable[[float], Any], warmup_steps: float, initial_learning_rate: float = 0.0
) -> Any:
    """`schedule` is a function of the step."""
    if step < warmup_steps:
        return np.interp(step, [0, warmup_steps], [initial_learning_rate, schedule(0)])
    return schedule(step - warmup_steps)


ALL = {
    "ConstantLearningRate": constant_learning_rate,
    "CosineDecay": cosine_decay,
    "CosineDecayRestarts": cosine_decay_restarts,
    "CyclicalLearningRate": cyclical_learning_rate,
    "ExponentialDecay": exponential_decay,
    "InverseTimeDecay": inverse_time_decay,
    "LinearWarmup": linear_warmup,
    "OneCycle": one_cycle,
    "PiecewiseConstantDecay": piecewise_constant_decay,
    "PolynomialDecay": polynomial_decay,
    "PowerDecay": power_decay,
    "StepDecay": step_decay,
}
