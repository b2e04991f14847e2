"""06: three functions whose gradient was written by hand, and wrongly. They are repaired, and the bugs named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import NOT_WRITTEN, Array, call, compare, fail, function_of
from oxhorn.testing.exercises.task import task
from oxhorn.testing.gradients import check_gradients

BUGS = {
    "softplus": "wrong slope",
    "l2_normalize": "missing term",
    "scaled": "mean instead of sum",
}
KINDS = ("wrong sign", "wrong slope", "missing term", "mean instead of sum", "transposed", "no bug")


def _gradient(name: str, answer: Any, inputs: list[Array], upstream: Array, given: str) -> list[Any]:
    """What the pupil's function passes back for the gradient `upstream` of its output."""
    from oxhorn import ops
    from oxhorn.autograd import GradientTape

    tensors = [ops.convert_to_tensor(a) for a in inputs]
    try:
        with GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            total = ops.sum(answer(*tensors) * ops.convert_to_tensor(upstream))
        found = tape.gradient(total, tensors)
    except Exception as error:
        fail(name, f"the gradient of your function raised {type(error).__name__} for {given}: {error}")
    for i, gradient in enumerate(found):
        if gradient is None:
            fail(
                name,
                f"no gradient reaches argument {i} for {given}",
                "keep the inside made of keras.ops, and let the rule return one gradient for each argument",
            )
    return [np.asarray(g.numpy(), np.float64) for g in found]


def _repaired(
    name: str,
    answer: Any,
    cases: list[tuple[list[Array], str]],
    value: Callable[..., Array],
    gradients: Callable[..., list[Array]],
    guesses: Callable[..., list[dict[str, Array]]],
    arguments: tuple[str, ...],
) -> None:
    from oxhorn import ops

    function_of(name, answer)
    for seed, (inputs, given) in enumerate(cases):
        tensors = [ops.convert_to_tensor(a) for a in inputs]
        right = value(*inputs)
        hint = {
            "the forward formula was right: repair the gradient alone": np.asarray(
                call(name, answer, *tensors, given=given)
            )
        }
        compare(
            name, "the value", call(name, answer, *tensors, given=given), right, hint, given=given, rtol=1e-5
        )
        upstream = np.random.default_rng(70 + seed).normal(size=right.shape)
        got = _gradient(name, answer, inputs, upstream, given)
        expected, wrong = gradients(*inputs, upstream), guesses(*inputs, upstream)
        for argument, g, e, w in zip(arguments, got, expected, wrong, strict=True):
            compare(name, f"the gradient of {argument}", g, e, w, given=given, rtol=1e-5, atol=1e-6)
        try:
            check_gradients(answer, tuple(inputs))
        except AssertionError as error:
            fail(name, f"check_gradients says for {given}: {error}")


def _sigmoid(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


@task("06_find_the_bug")
def softplus(answer: Any) -> None:
    """y = log(1 + e^x),  dx = dy sigmoid(x)"""
    rng = np.random.default_rng(0)
    cases = [([rng.normal(size=(3, 4))], "x of shape (3, 4)"), ([np.array([0.3])], "one number")]
    _repaired(
        "softplus",
        answer,
        cases,
        lambda x: np.log1p(np.exp(x)),
        lambda x, dy: [dy * _sigmoid(x)],
        lambda x, dy: [
            {
                "the planted bug is still there: where x is large, softplus is almost x. Which slope has it there?": dy
                * _sigmoid(-x),
                "the sign is wrong": -dy * _sigmoid(x),
                "the upstream gradient is missing: dx = dy * slope": _sigmoid(x),
                "that is the slope of the sigmoid; the slope of softplus is the sigmoid itself": (
                    dy * _sigmoid(x) * _sigmoid(-x)
                ),
            }
        ],
        ("x",),
    )


@task("06_find_the_bug", points=2)
def l2_normalize(answer: Any) -> None:
    """y = x / r,  r = |x| of each row,  dx = (dy - y (dy . y)) / r"""
    rng = np.random.default_rng(1)
    cases = [([rng.normal(size=(3, 4))], "x of shape (3, 4)"), ([rng.normal(size=(1, 2))], "a batch of 1")]

    def norm(x: Array) -> Array:
        return np.asarray(np.sqrt((x * x).sum(axis=-1, keepdims=True)))

    def gradient(x: Array, dy: Array, sign: float = -1.0, power: int = 1) -> Array:
        y = x / norm(x)
        return np.asarray((dy + sign * y * (dy * y).sum(axis=-1, keepdims=True)) / norm(x) ** power)

    _repaired(
        "l2_normalize",
        answer,
        cases,
        lambda x: x / norm(x),
        lambda x, dy: [gradient(x, dy)],
        lambda x, dy: [
            {
                "the planted bug is still there: does the length r stay as it is when x changes?": dy
                / norm(x),
                "the second term is subtracted, not added": gradient(x, dy, 1.0),
                "both terms are divided by r": dy / norm(x) + gradient(x, dy, -1.0, 0) - dy,
                "the division by r is missing": gradient(x, dy, -1.0, 0),
                "the second term takes y, the result, not x": np.asarray(
                    (dy - x * (dy * x).sum(axis=-1, keepdims=True)) / norm(x)
                ),
            }
        ],
        ("x",),
    )


@task("06_find_the_bug")
def scaled(answer: Any) -> None:
    """y = x w for each row,  dx = dy w,  dw = sum of dy x over the batch"""
    rng = np.random.default_rng(2)
    cases = [
        ([rng.normal(size=(3, 4)), rng.normal(size=4)], "x of shape (3, 4)"),
        ([rng.normal(size=(1, 2)), rng.normal(size=2)], "a batch of 1"),
    ]
    _repaired(
        "scaled",
        answer,
        cases,
        lambda x, w: x * w,
        lambda x, w, dy: [dy * w, (dy * x).sum(axis=0)],
        lambda x, w, dy: [
            {"dx = dy * w": dy, "dx and dw are exchanged": dy * x},
            {
                "the planted bug is still there: every row of the batch has used w. What becomes of their gradients?": (
                    (dy * x).mean(axis=0)
                ),
                "multiply by x: dw = sum(dy * x)": dy.sum(axis=0),
            },
        ],
        ("x", "w"),
    )


@task("06_find_the_bug")
def diagnosis(answer: Any) -> None:
    """The kind of bug in each of the three functions as they were given."""
    name = "diagnosis"
    if answer is None or answer is Ellipsis:
        fail(name, NOT_WRITTEN)
    if not isinstance(answer, dict):
        fail(name, f"expected a dict of function names and kinds of bugs, got {type(answer).__name__}")
    missing = [function for function in BUGS if answer.get(function) in (None, Ellipsis)]
    if missing:
        fail(name, f"the entry of {', '.join(missing)} {NOT_WRITTEN}")
    for function, kind in BUGS.items():
        given = answer[function]
        if given not in KINDS:
            fail(name, f"{function}: expected one of {', '.join(KINDS)}; got {given!r}")
        if given != kind:
            fail(name, f"{function}: {given!r} is not what is wrong with it", _LOOK[function])


_LOOK = {
    "softplus": "print the gradient and the difference quotient at x = 3 and x = -3: which slope should be near 1?",
    "l2_normalize": "how does the length r change when x changes? Look for it in the rule",
    "scaled": "try batches of 1, 2 and 4 rows: by which factor is the gradient of w wrong?",
}
