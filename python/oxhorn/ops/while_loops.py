"""Loops whose number of steps depends on the values of tensors.

With values at hand this is a plain Python `while` over ops. Inside a traced call (`fit`, `evaluate` and `predict`
trace a model's `call` once) a loop becomes one op, whose condition and body run in the core.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from oxhorn import _core, tree
from oxhorn.engine.keras_tensor import KerasTensor, any_symbolic
from oxhorn.engine.symbolic import FunctionCall
from oxhorn.ops.subgraphs import (
    Leaves,
    Traced,
    as_tensor,
    check_carry,
    refuse_closures,
    require_callable,
    same_structure,
    scalar,
    settle_numbers,
)

Function = Callable[..., Any]


class _WhileLoop(FunctionCall):
    """A while loop over symbolic tensors: its results are like what it begins with."""

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        loop_vars = args[0] if args else kwargs["loop_vars"]
        return tree.map_structure(lambda x: KerasTensor(tuple(x.shape), str(x.dtype)), _as_specs(loop_vars))


def _as_specs(structure: Any) -> Any:
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
        TypeError: If `cond` or `body` is no function.
        ValueError: If the body returns other shapes, dtypes or structures than it got.

    >>> import oxhorn as keras
    >>> n, total = keras.ops.while_loop(lambda n, t: n < 5, lambda n, t: (n + 1, t + n), (0, 0))
    >>> int(total)
    10
    """
    require_callable("while_loop", "cond", cond)
    require_callable("while_loop", "body", body)
    if any_symbolic(loop_vars):
        refuse_closures("while_loop", cond, "loop_vars")
        refuse_closures("while_loop", body, "loop_vars")

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
    return scalar(as_tensor(value), "bool")
