"""Calls a pupil's function, compares its results with the right ones, and says what is likely to be wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Guesses = Mapping[str, Any]  # the hint for each wrong value that a typical mistake gives

NOT_WRITTEN = "is not written yet: replace `...` or `raise NotImplementedError` by your code"


def fail(name: str, message: str, hint: str | None = None) -> NoReturn:
    """Raises the AssertionError of a task, in one form."""
    raise AssertionError(f"{name}: {message}." + (f"\nHint: {hint}." if hint else "")) from None


def function_of(name: str, answer: Any) -> Callable[..., Any]:
    """The answer, if it is a function."""
    if answer is None or answer is Ellipsis:
        fail(name, NOT_WRITTEN)
    if not callable(answer):
        got = f"{type(answer).__name__} {answer!r:.60}"
        fail(
            name,
            f"expected a function, got {got}",
            f"pass the function itself, `check.{name}({name})`, uncalled",
        )
    return answer  # type: ignore[no-any-return]


def call(name: str, answer: Any, *args: Any, given: str = "", **kwargs: Any) -> Any:
    """`answer(*args, **kwargs)` on copies; what goes wrong in it becomes a failure of the task."""
    function = function_of(name, answer)
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    where = f" for {given}" if given else ""
    try:
        # Divisions by zero show in the results, and are explained there.
        with np.errstate(all="ignore"):
            result = function(*copies, **kwargs)
    except NotImplementedError:
        fail(name, NOT_WRITTEN)
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        line = (
            f", at line {frames[0].lineno} of its cell: `{frames[0].line}`"
            if frames and frames[0].line
            else ""
        )
        fail(name, f"your function raised {type(error).__name__}{where}: {error}{line}", _about_error(error))
    if result is None or result is Ellipsis:
        fail(
            name,
            NOT_WRITTEN if result is Ellipsis else f"your function returned None{where}",
            None if result is Ellipsis else "does it end with `return ...`, or was it not written yet?",
        )
    for place, (copy, arg) in enumerate(zip(copies, args, strict=True)):
        if isinstance(arg, np.ndarray) and not np.array_equal(copy, arg, equal_nan=True):
            fail(
                name,
                f"your function changed its argument {place} (counted from 0) in place{where}",
                "`x -= y` and `x[...] = y` alter the caller's array; write `x = x - y`, or copy it first",
            )
    return result


def _about_error(error: Exception) -> str | None:
    text = str(error)
    if isinstance(error, TypeError) and ("positional argument" in text or "keyword argument" in text):
        return "keep the arguments and their order as in the skeleton"
    if isinstance(error, ValueError) and (
        "matmul" in text or "not aligned" in text or "core dimension" in text
    ):
        return "the shapes do not fit the matrix product: is one of the factors to be transposed (`.T`)?"
    if isinstance(error, ValueError) and "broadcast" in text:
        return "print the shapes of both sides, and look which axis the sum or the mean has to keep"
    return None


def several(name: str, result: Any, names: Sequence[str]) -> list[Any]:
    """The results of a function that returns several."""
    wanted = ", ".join(names)
    if not isinstance(result, (tuple, list)):
        fail(
            name,
            f"expected {len(names)} results ({wanted}), got one {type(result).__name__}",
            f"`return {wanted}`",
        )
    if len(result) != len(names):
        fail(name, f"expected {len(names)} results ({wanted}), got {len(result)}", f"`return {wanted}`")
    if any(r is Ellipsis for r in result):
        fail(name, NOT_WRITTEN)
    for what, value in zip(names, result, strict=True):
        if value is None:
            fail(name, f"{what} is None", f"compute {what} before you return it")
    return list(result)


def compare(
    name: str,
    what: str,
    got: Any,
    expected: Any,
    guesses: Guesses | None = None,
    *,
    given: str = "",
    rtol: float = 2e-5,
    atol: float = 2e-6,
) -> None:
    """An AssertionError with the place, both numbers and the likely cause, unless `got` is `expected`.

    The tolerances leave room for answers in float32.

    Args:
        name: The task.
        what: The result that is compared, such as "dW".
        got: The pupil's.
        expected: The right one.
        guesses: What typical mistakes give: hint -> value. The first that equals `got` is named.
        given: The case, such as "a batch of 1".
        rtol: Tolerance relative to the expected value.
        atol: Absolute tolerance.
    """
    right = np.asarray(expected, np.float64)
    where = f" for {given}" if given else ""
    try:
        value = np.asarray(got.numpy() if hasattr(got, "numpy") else got, np.float64)
    except (TypeError, ValueError):
        fail(name, f"{what} should be numbers{where}, got {type(got).__name__} {got!r:.60}")

    def same(other: Any) -> bool:
        other = np.asarray(other, np.float64)
        return other.shape == value.shape and np.allclose(value, other, rtol, atol, equal_nan=True)

    if same(right):
        return
    hint = next((text for text, wrong in (guesses or {}).items() if same(wrong)), None)
    if value.shape != right.shape:
        fail(
            name,
            f"{what} has shape {value.shape} where {right.shape} is expected{where}",
            hint or _about_shape(value, right),
        )
    if not np.isfinite(value).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        about = hint or "was something divided by zero, or `exp` of a large number taken?"
        fail(name, f"{what}{_at(place)} is {value[place]}{where}", about)
    error = np.abs(value - right)
    place = tuple(int(i) for i in np.unravel_index(int(error.argmax()), right.shape))
    wrong = int((~np.isclose(value, right, rtol, atol)).sum())
    count = "" if right.size == 1 else f" ({wrong} of {right.size} numbers are wrong; this one most)"
    fail(
        name,
        f"{what} is wrong{where}: expected {right[place]:.6g}{' at ' + _at(place) if place else ''}, "
        f"got {value[place]:.6g}{count}",
        hint or _about_values(value, right, same),
    )


def _at(place: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, place)) + "]" if place else ""


def _about_shape(value: Array, right: Array) -> str | None:
    if value.ndim == 2 and value.shape == right.shape[::-1]:
        return "transposed? Swap the factors of the product, or take `.T`"
    if value.ndim == right.ndim + 1 and value.shape[1:] == right.shape:
        return "sum over the batch, axis 0: every row of it adds to this result"
    if value.size == right.size:
        return "the numbers are as many as they should be: look at `keepdims` and `reshape`"
    if value.ndim == 0:
        return "a sum or a mean went over all axes: give it the axis"
    return None


def _about_values(value: Array, right: Array, same: Callable[[Any], bool]) -> str | None:
    """What can be said of any formula: the sign, a constant factor, a transposition."""
    if not np.any(value):
        return "all of it is zero: was the result ever filled?"
    if same(-right):
        return "the sign is wrong"
    if value.ndim == 2 and value.shape[0] == value.shape[1] and same(right.T):
        return "transposed? Swap the factors of the product, or take `.T`"
    if np.any(right):
        ratio = float((value * right).sum() / (right * right).sum())
        if same(ratio * right):
            return f"everything is {ratio:.6g} times what it should be: a factor too many, or one forgotten"
    return None
