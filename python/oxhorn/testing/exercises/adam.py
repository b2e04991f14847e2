"""03: a step with momentum and a step of Adam, against the library's optimizers over ten steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import Array, call, compare, several
from oxhorn.testing.exercises.task import task

STEPS = 10
B1, B2, EPSILON = 0.9, 0.999, 1e-7


def _gradients(seed: int, shape: tuple[int, ...]) -> tuple[Array, list[Array]]:
    # No gradient near zero: there, the place of epsilon would show.
    rng = np.random.default_rng(seed)
    signs = [rng.choice([-1.0, 1.0, 1.0], size=shape) for _ in range(STEPS)]
    return rng.normal(size=shape), [s * rng.uniform(0.5, 1.5, size=shape) for s in signs]


def _library(optimizer: str, w: Array, gradients: list[Array], **options: Any) -> list[Array]:
    """The weights after each step of the library's own optimizer, in float64."""
    from oxhorn import optimizers
    from oxhorn.engine.variable import Variable

    variable = Variable(w, dtype="float64")
    rule = getattr(optimizers, optimizer)(**options)
    path = []
    for gradient in gradients:
        rule.apply([gradient], [variable])
        path.append(np.array(variable.numpy()))
    return path


@task("03_adam")
def momentum_step(answer: Any) -> None:
    """v <- momentum v - lr g;  w <- w + v"""
    for seed, (shape, rate, momentum) in enumerate(
        [((3,), 0.1, 0.9), ((2, 2), 0.05, 0.0), ((1,), 0.01, 0.99)]
    ):
        w, gradients = _gradients(seed, shape)
        path = _library("SGD", w, gradients, learning_rate=rate, momentum=momentum)
        v = np.zeros(shape)
        for t, (g, right) in enumerate(zip(gradients, path, strict=True), start=1):
            given = f"step {t} with learning rate {rate} and momentum {momentum}"
            new_w, new_v = several(
                "momentum_step",
                call("momentum_step", answer, w, g, v, rate, momentum, given=given),
                ["w", "v"],
            )
            right_v = momentum * v - rate * g
            guesses_w = {
                "the sign is wrong: gradient descent walks against the gradient": w
                + (momentum * v + rate * g),
                "the step is v, the new velocity, not the gradient alone": w - rate * g,
                "use the new velocity for the step, not the old one": w + v,
                "v has its minus sign already: w + v, not w - v": w - right_v,
            }
            guesses_v = {
                "the sign is wrong: v = momentum v - lr g": momentum * v + rate * g,
                "the learning rate is missing: v = momentum v - lr g": momentum * v - g,
                "the gradient is not weighed by 1 - momentum here: v = momentum v - lr g": (
                    momentum * v - (1 - momentum) * rate * g
                ),
                "the old velocity is missing": -rate * g,
                "the old velocity comes in with the factor momentum": v - rate * g,
            }
            if t > 1 or momentum == 0.0:
                compare("momentum_step", "v", new_v, right_v, guesses_v, given=given)
            else:
                compare("momentum_step", "v", new_v, right_v, dict(list(guesses_v.items())[:3]), given=given)
            compare("momentum_step", "w", new_w, right, guesses_w, given=given)
            w, v = np.asarray(new_w, np.float64), np.asarray(new_v, np.float64)


@task("03_adam", points=3)
def adam_step(answer: Any) -> None:
    """m and v are running means of g and g^2;  w <- w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)"""
    # In the first step of all, m and v are zero and several mistakes look alike: so begin amid a run.
    w, (g, m, square, *_) = _gradients(9, (4,))
    v = square * square
    m_now, v_now = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g * g
    right = w - 0.1 * m_now / (1 - B1**3) / (np.sqrt(v_now / (1 - B2**3)) + EPSILON)
    _adam_once(answer, w, g, m, v, 3, 0.1, right)
    for seed, (shape, rate) in enumerate([((3,), 0.1), ((2, 3), 0.01), ((1,), 0.001)]):
        w, gradients = _gradients(10 + seed, shape)
        options = {"learning_rate": rate, "beta_1": B1, "beta_2": B2, "epsilon": EPSILON}
        path = _library("Adam", w, gradients, **options)
        m, v = np.zeros(shape), np.zeros(shape)
        for t, (g, right) in enumerate(zip(gradients, path, strict=True), start=1):
            w, m, v = _adam_once(answer, w, g, m, v, t, rate, right)
    zero = np.zeros(2)
    result = call(
        "adam_step", answer, zero + 1, zero, zero, zero, 1, 0.1, B1, B2, EPSILON, given="a gradient of zeros"
    )
    new_w = several("adam_step", result, ["w", "m", "v"])[0]
    compare(
        "adam_step",
        "w",
        new_w,
        zero + 1,
        {"0 / 0: epsilon is added to the root, so that nothing is divided by zero": zero + np.nan},
        given="a gradient of zeros",
    )


def _adam_once(
    answer: Any, w: Array, g: Array, m: Array, v: Array, t: int, rate: float, right: Array
) -> tuple[Array, Array, Array]:
    """One step of the pupil's, compared; what it returned."""
    given = f"step {t} with learning rate {rate}"
    result = call("adam_step", answer, w, g, m, v, t, rate, B1, B2, EPSILON, given=given)
    new_w, new_m, new_v = several("adam_step", result, ["w", "m", "v"])
    right_m, right_v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g * g
    c1, c2 = 1 - B1**t, 1 - B2**t
    guesses: dict[str, Any] = {
        "g comes in with 1 - beta_1: m = beta_1 m + (1 - beta_1) g": B1 * m + g,
        "beta_1 is the share of the old m that stays": (1 - B1) * m + B1 * g,
        "return m as it is, and correct its bias only for the step": right_m / c1,
    }
    compare("adam_step", "m", new_m, right_m, guesses, given=given)
    guesses = {
        "v is the mean of the squares: g * g is wanted, not g": B2 * v + (1 - B2) * g,
        "g^2 comes in with 1 - beta_2: v = beta_2 v + (1 - beta_2) g^2": B2 * v + g * g,
        "beta_2 is the share of the old v that stays": (1 - B2) * v + B2 * g * g,
        "beta_1 is for m, beta_2 for v": B1 * v + (1 - B1) * g * g,
        "return v as it is, and correct its bias only for the step": right_v / c2,
    }
    compare("adam_step", "v", new_v, right_v, guesses, given=given)

    def step(of_m: Array, of_v: Array) -> Array:
        return np.asarray(-rate * of_m / (np.sqrt(of_v) + EPSILON))

    full = step(right_m / c1, right_v / c2)
    guesses = {
        "did you forget bias correction? At first m and v are too small: divide them by 1 - beta^t": step(
            right_m, right_v
        ),
        "the bias of v is not corrected: v / (1 - beta_2^t)": step(right_m / c1, right_v),
        "the bias of m is not corrected: m / (1 - beta_1^t)": step(right_m, right_v / c2),
        "divide by the root of v": -rate * right_m / c1 / (right_v / c2 + EPSILON),
        "the sign is wrong: gradient descent walks against the gradient": -full,
        "the learning rate is missing": full / rate,
        "t is the step's number already, counted from 1: beta^t, not beta^(t+1)": step(
            right_m / (1 - B1 ** (t + 1)), right_v / (1 - B2 ** (t + 1))
        ),
    }
    if t > 1:
        guesses["t is the step's number already, counted from 1: beta^t, not beta^(t-1)"] = step(
            right_m / (1 - B1 ** (t - 1)), right_v / (1 - B2 ** (t - 1))
        )
    if np.shape(new_w) != w.shape:
        compare("adam_step", "w", new_w, right, given=given)
    # The library adds epsilon before v's bias is corrected: a difference in the sixth digit.
    what, moved = "the step, w after minus w before,", np.asarray(new_w, np.float64) - w
    compare("adam_step", what, moved, right - w, guesses, given=given, rtol=1e-4, atol=1e-4 * rate)
    return np.asarray(new_w, np.float64), np.asarray(new_m, np.float64), np.asarray(new_v, np.float64)
