"""04: inverted dropout, checked by its statistics and its exact cases."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import call, compare, fail, several
from oxhorn.testing.exercises.task import task

SHAPE = (200, 100)


@task("04_dropout", points=3)
def dropout(answer: Any) -> None:
    """y = x keep / (1 - rate) in training, y = x at inference; keep is True with probability 1 - rate"""
    x = np.random.default_rng(0).uniform(1.0, 2.0, size=SHAPE)
    for rate in (0.2, 0.5, 0.8):
        given = f"rate {rate} in training"
        y, keep = _dropped(answer, x, rate, True, 1, given)
        share = float((y != 0).mean())
        n = x.size
        bound = 6.0 * np.sqrt(rate * (1 - rate) / n)  # six standard deviations of a share of n coins
        if share == 1.0:
            fail(
                "dropout",
                f"nothing was dropped{' for ' + given}",
                "draw `rng.random(x.shape) >= rate`, and multiply by it",
            )
        whole_rows = float(((y != 0).all(axis=1) | (y == 0).all(axis=1)).mean())
        whole_columns = float(((y != 0).all(axis=0) | (y == 0).all(axis=0)).mean())
        if whole_rows > 0.5 or whole_columns > 0.5:
            what = "rows" if whole_rows > 0.5 else "columns"
            fail(
                "dropout",
                f"whole {what} were dropped for {given}",
                "draw a number for each element: rng.random(x.shape)",
            )
        if abs(share - (1 - rate)) > bound:
            hint = None
            if abs(share - rate) <= bound:
                hint = "rate is the share that is dropped, not that is kept: keep where rng.random(x.shape) >= rate"
            elif abs(share - (1 - rate)) < 0.2:
                hint = "are the numbers uniform between 0 and 1? rng.random, not rng.normal"
            fail(
                "dropout",
                f"{share:.3f} of the elements were kept for {given}, expected about {1 - rate:.3f}",
                hint,
            )
        kept = y != 0
        ratio = y[kept] / x[kept]
        scale = 1 / (1 - rate)
        if not np.allclose(ratio, scale):
            got = float(np.median(ratio))
            scales = {
                1.0: "did you forget to scale? Divide what is kept by 1 - rate, so that the mean stays as it is",
                1 - rate: "divide by 1 - rate, do not multiply by it",
                1 / rate: "divide by the share that is kept, 1 - rate, not by rate",
            }
            hint = next((h for s, h in scales.items() if np.allclose(ratio, s)), None)
            if hint is None and np.allclose(ratio, 1 / share):
                hint = "scale by the expected share 1 - rate, not by the share that happened to be kept"
            fail(
                "dropout", f"what is kept is multiplied by {got:.4g} for {given}, expected {scale:.4g}", hint
            )
        wrong = {
            "the mask says what is kept: True there, False where a number was dropped": ~kept,
            "return the mask of zeros and ones (or of booleans), without the scale": kept * scale,
        }
        compare("dropout", "keep", keep, kept, wrong, given=given)
        other, _ = _dropped(answer, x, rate, True, 2, given)
        if np.array_equal(other != 0, kept):
            fail(
                "dropout",
                "two different generators gave the same mask",
                "draw from the `rng` that is passed in: a generator made inside, with a seed, draws the same each time",
            )
        again, _ = _dropped(answer, x, rate, True, 1, given)
        if not np.array_equal(again, y):
            fail(
                "dropout",
                "the same generator gave two different masks",
                "draw from the `rng` that is passed in, not from np.random",
            )
    for rate, training, given in ((0.5, False, "inference"), (0.0, True, "rate 0")):
        y, keep = _dropped(answer, x, rate, training, 3, given)
        hints = {
            "at inference nothing is multiplied: inverted dropout has scaled in training already": x
            * (1 - rate)
        }
        if not training and np.any(np.asarray(y) == 0):
            fail("dropout", "elements were dropped at inference", "with training=False, return x as it is")
        compare("dropout", "y", y, x, hints, given=given)
        compare("dropout", "keep", keep, np.ones(SHAPE), given=given)
    y, _ = _dropped(answer, x[:1, :1], 0.5, True, 4, "one element")
    if y.shape != (1, 1):
        fail("dropout", f"y has shape {y.shape} for x of shape (1, 1)")


def _dropped(answer: Any, x: Any, rate: float, training: bool, seed: int, given: str) -> tuple[Any, Any]:
    result = call("dropout", answer, x, rate, training, np.random.default_rng(seed), given=given)
    y, keep = several("dropout", result, ["y", "keep"])
    y, keep = np.asarray(y), np.asarray(keep)
    for what, value in (("y", y), ("keep", keep)):
        if value.shape != x.shape:
            fail("dropout", f"{what} has shape {value.shape} for {given}, expected that of x, {x.shape}")
    return y, keep


@task("04_dropout")
def dropout_backward(answer: Any) -> None:
    """dx = dy keep / (1 - rate), with the mask of the forward pass"""
    for seed, (shape, rate) in enumerate([((5, 4), 0.5), ((1, 6), 0.2), ((3, 1), 0.0)]):
        rng = np.random.default_rng(seed)
        dy, keep = rng.normal(size=shape), rng.random(shape) >= rate
        given = f"rate {rate} and dy of shape {shape}"
        hints = {
            "the mask of the forward pass is missing: what was dropped gets no gradient": dy / (1 - rate),
            "the mask is missing, and so is the scale": dy,
            "did you forget the scale? y = x keep / (1 - rate), so its slope is keep / (1 - rate)": dy * keep,
            "divide by 1 - rate, do not multiply by it": dy * keep * (1 - rate),
            "the gradient passes where the element was kept, not where it was dropped": dy
            * ~keep
            / (1 - rate),
        }
        got = call("dropout_backward", answer, dy, keep, rate, given=given)
        compare("dropout_backward", "dx", got, dy * keep / (1 - rate), hints, given=given)
