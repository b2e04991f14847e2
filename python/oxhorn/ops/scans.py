"""Loops along the first axis of tensors, or over whole numbers.

With values at hand these are a plain Python `for` over ops. Inside a traced call (`fit`, `evaluate` and `predict`
trace a model's `call` once) a loop becomes one op, whose body runs in the core; it has a gradient,
itself a loop from the other end.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from oxhorn import _core, tree
from oxhorn.engine.sizes import Size
from oxhorn.ops.conversions import cast
from oxhorn.ops.ranges import arange
from oxhorn.ops.subgraphs import (
    Leaves,
    Traced,
    as_tensor,
    check_carry,
    is_traced,
    looping,
    require_callable,
    same_structure,
    settle_numbers,
    stack_results,
)
from oxhorn.ops.while_loops import while_loop

Function = Callable[..., Any]


@looping("init_val")
def fori_loop(lower: Any, upper: Any, body_fun: Function, init_val: Any) -> Any:
    """A loop over whole numbers.

    v = init_val; for i in range(lower, upper): v = body_fun(i, v)

    Args:
        lower: The first number.
        upper: One more than the last number. Bounds that are Python numbers (or sizes, `ops.shape(x)[0]`) give a loop
            with a gradient; bounds that are tensors inside a traced call give a `while_loop`, which has none.
        body_fun: A function of the number (an integer tensor) and the value that returns the next value, of the same
            structure, shapes and dtypes.
        init_val: The first value: a tensor or a structure of them.

    Returns:
        The last value.

    Raises:
        TypeError: If `body_fun` is no function.
        ValueError: If the value changes its structure, shape or dtype.

    >>> import oxhorn as keras
    >>> int(keras.ops.fori_loop(0, 10, lambda i, total: total + i, 0))
    45
    """
    require_callable("fori_loop", "body_fun", body_fun)
    if is_traced(_value(lower)) or is_traced(_value(upper)):
        first, last = as_tensor(lower), as_tensor(upper)
        result = while_loop(
            lambda i, _: i < last, lambda i, v: (i + 1, body_fun(i, v)), (cast(first, last.dtype), init_val)
        )
        return result[1]
    if isinstance(lower, Size) or isinstance(upper, Size):
        numbers = arange(lower, upper, dtype="int32")
    else:
        bounds = int(_value(lower)), int(_value(upper))
        numbers = arange(bounds[0], builtins.max(bounds), dtype=_index_dtype(*bounds))
    return _loop("fori_loop", lambda v, i: (body_fun(i, v), None), init_val, numbers, None, False)[0]


def _value(x: Any) -> Any:
    return x.value if isinstance(x, _core.Variable) else x


def _index_dtype(*bounds: int) -> str:
    return "int32" if builtins.all(-(2**31) <= bound < 2**31 for bound in bounds) else "int64"


@looping("init", "xs")
def scan(
    f: Function,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> Any:
    """A loop along the first axis that carries a value on and collects a result at each step.

    (c_{t+1}, y_t) = f(c_t, x_t),  c_0 = init

    It is what recurrent layers are made of. Gradients go backward through the steps; only the carries are kept
    for that, the rest of each step is computed again.

    Args:
        f: A function of the carry and one element of `xs` that returns the next carry (of the same structure,
            shapes and dtypes) and a result (of any structure, or `None`).
        init: The first carry: a tensor or a structure of them.
        xs: A tensor, or a structure of them, to go through along the first axis; `None` to be called with `None`.
        length: The number of steps; needed if `xs` is `None`. It may be a size, `ops.shape(x)[0]`.
        reverse: Whether to go from the last element to the first.
        unroll: Accepted for compatibility; the result does not depend on it.

    Returns:
        The last carry, and the results, stacked along a new first axis.

    Raises:
        TypeError: If `f` is no function.
        ValueError: If the carry changes its structure, shape or dtype, if there is no number of steps, or if the first
            sizes of `xs` differ.

    >>> import oxhorn as keras
    >>> xs = keras.ops.convert_to_tensor([1.0, 2.0, 3.0])
    >>> last, sums = keras.ops.scan(lambda c, x: (c + x, c + x), 0.0, xs)
    >>> sums.numpy()
    array([1., 3., 6.], dtype=float32)
    """
    require_callable("scan", "f", f)
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(f"scan: `unroll` must be an positive integer or boolean. Got {unroll!r}.")
    if xs is None and length is None:
        raise ValueError("scan: there is no `xs` to scan over and no `length`; pass one of them.")
    return _loop("scan", f, init, xs, length, reverse)


def _loop(who: str, f: Function, init: Any, xs: Any, length: Any, reverse: bool) -> Any:
    carry, elements = Leaves(init, "carry"), Leaves(xs, "xs")
    if isinstance(length, Size):
        if not len(elements):
            # The steps of an open number are counted by what is gone through.
            return _loop(who, lambda c, _: f(c, xs), init, arange(length), None, reverse)
        length = None
    if length is not None:
        length = int(length)
        if length < 0:
            raise ValueError(f"{who}: `length` must be at least 0; got {length}.")
    steps = _common_length(who, elements, length)
    if _core.is_tracing():
        return _traced_loop(who, f, carry, elements, steps if not len(elements) else length, reverse)
    assert steps is not None
    if steps == 0:
        return _empty_loop(who, f, carry, elements)
    results: list[Any] = []
    value = carry.pack(carry.tensors)
    for t in reversed(range(steps)) if reverse else range(steps):
        value, result = _pair(who, f(value, elements.pack([x[t] for x in elements.tensors])))
        same_structure(who, "the carry before and after a step", carry.structure, value)
        after = Leaves(value, "carry")
        if not results:
            carry.tensors = settle_numbers(carry, after)
        check_carry(who, carry, after)
        value = after.pack(after.tensors)
        results.append(result)
    return value, stack_results(results[::-1] if reverse else results)


def _empty_loop(who: str, f: Function, carry: Leaves, elements: Leaves) -> Any:
    """No steps: the shapes of the results are found by tracing one."""
    with _core.Graph():
        specs = carry.specs + [(shape[1:], dtype) for shape, dtype in elements.specs]
        one = _trace_step(who, f, carry, elements, specs)[1]
    return carry.pack(carry.tensors), one.pack([_empty(shape, dtype) for shape, dtype in one.specs])


def _empty(shape: tuple[int | None, ...], dtype: str) -> Any:
    return _core.apply("reshape", [_core.tensor([], dtype)], {"newshape": [0, *(n or 0 for n in shape)]})


def _common_length(who: str, elements: Leaves, length: int | None) -> int | None:
    sizes = set()
    for label, (shape, _) in zip(elements.labels, elements.specs, strict=True):
        if not shape:
            raise ValueError(f"{who}: expected tensors with an axis to go along; got a scalar for {label}.")
        sizes.add(shape[0])
    known = {size for size in sizes if size is not None} | ({length} if length is not None else set())
    if len(known) > 1:
        shapes = [shape for shape, _ in elements.specs]
        raise ValueError(
            f"{who}: expected the same number of elements along the first axis of all tensors"
            f"{'' if length is None else f', length={length}'}; got the shapes {shapes}."
        )
    return next(iter(known), None)


def _pair(who: str, result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ValueError(
            f"{who}: the function must return a pair, the next carry and a result (or None); got {result!r}."
        )
    return result[0], result[1]


def _trace_step(
    who: str, f: Function, carry: Leaves, elements: Leaves, specs: Sequence[Any]
) -> tuple[Traced, Leaves]:
    """The traced body, whose result is (carry, result); and the result alone."""

    def arguments(values: list[Any]) -> tuple[Any, Any]:
        return carry.pack(values[: len(carry)]), elements.pack(values[len(carry) :])

    def step(value: Any, element: Any) -> tuple[Any, Any]:
        return _pair(who, f(value, element))

    traced = Traced(step, specs, arguments, "")
    after, result = traced.result.structure
    same_structure(who, "the carry before and after a step", carry.structure, after)
    one = Leaves(None, "result")
    one.structure, one.present = result, traced.result.present[len(carry.present) :]
    one.raw, one.tensors = traced.result.raw[len(carry) :], traced.result.tensors[len(carry) :]
    return traced, one


def _traced_loop(
    who: str, f: Function, carry: Leaves, elements: Leaves, length: int | None, reverse: bool
) -> Any:
    slices = [(shape[1:], dtype) for shape, dtype in elements.specs]
    body, result = _trace_step(who, f, carry, elements, carry.specs + slices)
    after = Leaves(None, "carry")
    after.raw, after.tensors = body.result.raw[: len(carry)], body.result.tensors[: len(carry)]
    settled = settle_numbers(carry, after)
    if builtins.any(a is not b for a, b in zip(settled, carry.tensors, strict=True)):
        carry.tensors = settled
        body, result = _trace_step(who, f, carry, elements, carry.specs + slices)
        after.tensors = body.result.tensors[: len(carry)]
    check_carry(who, carry, after)
    made = _core.scan(*body.body, carry.tensors, elements.tensors, carry.labels, length, reverse)
    return carry.pack(made[: len(carry)]), result.pack(made[len(carry) :])


@looping("xs")
def map(f: Function, xs: Any) -> Any:
    """A function of each element along the first axis, the results stacked.

    y_t = f(x_t)

    Args:
        f: A function of one element of `xs` that returns a tensor or a structure of them.
        xs: A tensor, or a structure of tensors with the same first size.

    Returns:
        The results, stacked along a new first axis.

    Raises:
        TypeError: If `f` is no function.
        ValueError: If the first sizes differ.

    >>> import oxhorn as keras
    >>> keras.ops.map(lambda x: {"square": x * x}, keras.ops.arange(4))["square"].numpy()
    array([0, 1, 4, 9], dtype=int32)
    """
    require_callable("map", "f", f)
    return _map("map", f, xs)


def _map(who: str, f: Function, xs: Any) -> Any:
    if not tree.flatten(xs):
        raise ValueError(f"{who}: expected at least one tensor to go along; got {xs!r}.")
    return _loop(who, lambda _, x: (None, f(x)), None, xs, None, False)[1]


@looping("elements")
def vectorized_map(function: Function, elements: Any) -> Any:
    """A function of each element along the first axis, the results stacked.

    y_t = function(x_t)

    Args:
        function: A function of one element: a tensor, or a structure like `elements`.
        elements: A tensor, or a structure of tensors with the same first size.

    Returns:
        The results, stacked along a new first axis.

    Raises:
        TypeError: If `function` is no function.
        ValueError: If the first sizes differ.

    >>> import oxhorn as keras
    >>> x = keras.ops.ones((2, 3))
    >>> keras.ops.vectorized_map(lambda pair: keras.ops.dot(pair[0], pair[1]), [x, x]).numpy()
    array([3., 3.], dtype=float32)
    """
    require_callable("vectorized_map", "function", function)
    return _map("vectorized_map", function, elements)
