"""Control flow: branches and loops that depend on the values of tensors.

With values at hand these are plain Python `if`, `while` and `for` over ops. Inside a traced call (`fit`, `evaluate` and
`predict` trace a model's `call` once) each becomes one op, whose branches and bodies run in the core.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from oxhorn import _core, tree
from oxhorn.engine.keras_tensor import KerasTensor, any_symbolic
from oxhorn.engine.sizes import Size
from oxhorn.engine.symbolic import FunctionCall, call_symbolically
from oxhorn.ops.conversions import cast
from oxhorn.ops.ranges import arange
from oxhorn.ops.subgraphs import (
    Leaves,
    Number,
    Traced,
    as_tensor,
    as_tensors,
    check_carry,
    require_callable,
    same_structure,
    settle_numbers,
    stack_results,
)

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


def looping(*tensor_names: str) -> Callable[[F], F]:
    """A decorator for functions that call another function with parts of the arguments named here."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if any_symbolic(args, kwargs):
                for given in (*args, *kwargs.values()):
                    _refuse_closures(function.__name__, given, "` or `".join(tensor_names))
                return call_symbolically(wrapper, function.__name__, tensor_names, args, kwargs)
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


def _refuse_closures(who: str, function: Any, argument: str) -> None:
    from oxhorn.engine.symbolic_branches import refuse_closures

    if callable(function):
        refuse_closures(who, function, argument)


def cond(pred: Any, true_fn: Function, false_fn: Function) -> Any:
    """One of two functions, chosen by a condition; only that one runs.

    y = true_fn() if pred else false_fn()

    The gradient goes through the function that ran. What the functions use from outside (tensors, variables) is simply
    there; a variable that one of them assigns has its new value afterwards. `ops.where` chooses element by element.

    Args:
        pred: A scalar condition: a boolean, or a tensor, traced or not.
        true_fn: A function without arguments.
        false_fn: A function without arguments, whose result has the same structure, shapes and dtypes.

    Returns:
        What the function returns: a tensor, or a structure of them.

    Raises:
        ValueError: If inside a traced call the results of the two differ in structure, shape or dtype.

    >>> import oxhorn as keras
    >>> x = keras.ops.convert_to_tensor(3.0)
    >>> float(keras.ops.cond(x > 2, lambda: x * 10, lambda: x))
    30.0
    """
    require_callable("cond", "true_fn", true_fn)
    require_callable("cond", "false_fn", false_fn)
    if any_symbolic(pred):
        from oxhorn.engine.symbolic_branches import symbolic_cond

        return symbolic_cond(pred, true_fn, false_fn)
    if isinstance(pred, _core.Variable):
        pred = pred.value
    if not _is_traced(pred):
        return true_fn() if builtins.bool(pred) else false_fn()
    return _traced_branches("cond", _scalar(pred, "bool"), [true_fn, false_fn], ())


def switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    """One of several functions, chosen by a number; only that one runs.

    y = branches[min(max(index, 0), n - 1)](*operands)

    Args:
        index: A whole number, or a scalar tensor of one.
        branches: n functions of the operands, whose results have the same structure, shapes and dtypes.
        operands: What the function is called with.

    Returns:
        What the function returns.

    Raises:
        ValueError: If there are no branches, or (inside a traced call) if their results differ.

    >>> import oxhorn as keras
    >>> float(keras.ops.switch(1, [keras.ops.add, keras.ops.subtract], 2.0, 0.5))
    1.5
    """
    functions = list(branches)
    if not functions:
        raise ValueError("switch: `branches` must hold at least one function; got none.")
    for function in functions:
        require_callable("switch", "branches", function)
    if any_symbolic((index, operands)):
        for function in functions:
            _refuse_closures("switch", function, "operands")

        def chosen(at: Any, *values: Any) -> Any:
            return switch(at, functions, *values)

        return FunctionCall(chosen, "switch", "ops", {}).symbolic_call(index, *operands)
    operands = tuple(as_tensors(operand) for operand in operands)
    if isinstance(index, _core.Variable):
        index = index.value
    if not _is_traced(index):
        at = builtins.min(builtins.max(int(index), 0), len(functions) - 1)
        return functions[at](*operands)
    return _traced_branches("switch", _scalar(index, "int32"), functions, operands)


def _is_traced(x: Any) -> bool:
    return isinstance(x, _core.Tensor) and x.is_traced


def _scalar(x: Any, dtype: str) -> Any:
    """A condition or index as a scalar; what has a single element will do."""
    if len(x.shape) > 0 and builtins.all(size == 1 for size in x.shape):
        x = _core.apply("reshape", [x], {"newshape": []})
    return x if x.dtype == dtype else cast(x, dtype)


def _traced_branches(who: str, index: Any, functions: Sequence[Function], operands: tuple[Any, ...]) -> Any:
    traced = [Traced(function, [], lambda _: operands, "the result") for function in functions]
    first = traced[0].result
    for other in traced[1:]:
        what = (
            "`true_fn` and `false_fn` should return outputs of the same kind: both"
            if who == "cond"
            else "branches"
        )
        same_structure(who, what, first.structure, other.result.structure)
    for place in range(len(first)):
        _settle_dtype([one.result for one in traced], place)
    made = _core.cond(index, [one.body for one in traced], first.labels)
    return first.pack(made)


def _settle_dtype(results: Sequence[Leaves], place: int) -> None:
    """Python numbers take the dtype of the tensor that another branch returns in their place."""
    dtypes = [one.tensors[place].dtype for one in results if not isinstance(one.raw[place], Number)]
    if not dtypes:
        ranks = ["bool", "int32", "int64", "float32", "float64"]
        dtypes = [builtins.max((str(one.tensors[place].dtype) for one in results), key=ranks.index)]
    for one in results:
        if isinstance(one.raw[place], Number):
            one.tensors[place] = _core.tensor(one.raw[place], str(dtypes[0]))


class _WhileLoop(FunctionCall):
    """A while loop over symbolic tensors: its results are like what it begins with."""

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        loop_vars = args[0] if args else kwargs["loop_vars"]
        return tree.map_structure(lambda x: KerasTensor(tuple(x.shape), str(x.dtype)), as_specs(loop_vars))


def as_specs(structure: Any) -> Any:
    """A structure with what has no shape as a tensor."""
    return tree.map_structure(lambda x: x if hasattr(x, "shape") else as_tensor(x), structure)


def while_loop(cond: Function, body: Function, loop_vars: Any, maximum_iterations: int | None = None) -> Any:
    """A loop as long as a condition holds.

    while cond(*v): v = body(*v)

    Inside a traced call a gradient through the loop is an error, since the number of steps is not known before it has
    run: `fori_loop` with whole numbers as bounds, and `scan`, have one.

    Args:
        cond: A function of the loop variables that returns a scalar condition.
        body: A function of the loop variables that returns their next values, of the same structure, shapes and dtypes.
        loop_vars: A tuple or list, whose entries are the arguments of both functions, or anything else, which is their
            only argument.
        maximum_iterations: The most steps that are taken; as many as the condition allows by default.

    Returns:
        The last values: a tuple if `loop_vars` is a tuple or list.

    Raises:
        ValueError: If the body returns other shapes, dtypes or structures than it got.

    >>> import oxhorn as keras
    >>> n, total = keras.ops.while_loop(lambda n, t: n < 5, lambda n, t: (n + 1, t + n), (0, 0))
    >>> int(total)
    10
    """
    require_callable("while_loop", "cond", cond)
    require_callable("while_loop", "body", body)
    if any_symbolic(loop_vars):
        _refuse_closures("while_loop", cond, "loop_vars")
        _refuse_closures("while_loop", body, "loop_vars")

        def loop(loop_vars: Any) -> Any:
            return while_loop(cond, body, loop_vars, maximum_iterations)

        return _WhileLoop(loop, "while_loop", "ops", {}).symbolic_call(loop_vars)
    several = isinstance(loop_vars, (tuple, list))
    values = tuple(loop_vars) if several else (loop_vars,)

    def step(*given: Any) -> tuple[Any, ...]:
        result = body(*given)
        if not several:
            return (result,)
        if not isinstance(result, (tuple, list)):
            raise ValueError(
                f"while_loop: `body` must return {len(values)} values, as many as `loop_vars` has; got {result!r}."
            )
        return tuple(result)

    init = Leaves(values, "loop_vars" if several else "the loop variable")
    if _core.is_tracing():
        result = _traced_while(cond, step, init, maximum_iterations)
    else:
        result = _eager_while(cond, step, init, maximum_iterations)
    return result if several else result[0]


def _eager_while(cond: Function, step: Function, init: Leaves, limit: Any) -> Any:
    values, steps = init.pack(init.tensors), 0
    while (limit is None or steps < int(limit)) and builtins.bool(cond(*values)):
        result = step(*values)
        same_structure("while_loop", "loop_vars and what `body` returns", values, result)
        after = Leaves(result, "loop_vars")
        if steps == 0:
            init.tensors = settle_numbers(init, after)
        check_carry("while_loop", init, after)
        values = after.pack(after.tensors)
        steps += 1
    return values


def _traced_while(cond: Function, step: Function, init: Leaves, limit: Any) -> Any:
    if limit is not None and not isinstance(limit, int):
        # A limit that is only known when the model runs is one more condition.
        return _traced_while(
            lambda n, *v: _core.apply("logical_and", [n < limit, cond(*v)]),
            lambda n, *v: (n + 1, *step(*v)),
            Leaves((_core.tensor(0, "int32"), *init.structure), "loop_vars"),
            None,
        )[1:]

    def traced() -> Traced:
        return Traced(
            step, init.specs, init.pack, init.labels[0].split("[")[0] if init.labels else "loop_vars"
        )

    body = traced()
    same_structure("while_loop", "loop_vars and what `body` returns", init.structure, body.result.structure)
    settled = settle_numbers(init, body.result)
    if builtins.any(a is not b for a, b in zip(settled, init.tensors, strict=True)):
        init.tensors = settled
        body = traced()
    check_carry("while_loop", init, body.result)
    condition = Traced(lambda *v: _condition(cond(*v)), init.specs, init.pack, "the condition")
    made = _core.while_loop(condition.body, body.body, init.tensors, init.labels, limit)
    return init.pack(made)


def _condition(value: Any) -> Any:
    return _scalar(as_tensor(value), "bool")


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
        ValueError: If the value changes its structure, shape or dtype.

    >>> import oxhorn as keras
    >>> int(keras.ops.fori_loop(0, 10, lambda i, total: total + i, 0))
    45
    """
    require_callable("fori_loop", "body_fun", body_fun)
    if _is_traced(_value(lower)) or _is_traced(_value(upper)):
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
