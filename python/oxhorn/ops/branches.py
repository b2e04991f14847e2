"""Branches that depend on the values of tensors.

With values at hand these are a plain Python `if` over ops. Inside a traced call (`fit`, `evaluate` and `predict`
trace a model's `call` once) a branch becomes one op, whose functions run in the core.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from oxhorn import _core
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.engine.symbolic import FunctionCall
from oxhorn.ops.subgraphs import (
    Leaves,
    Number,
    Traced,
    as_tensors,
    is_traced,
    refuse_closures,
    require_callable,
    same_structure,
    scalar,
)

Function = Callable[..., Any]


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
        TypeError: If one of the two is no function.
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
    if not is_traced(pred):
        return true_fn() if builtins.bool(pred) else false_fn()
    return _traced_branches("cond", scalar(pred, "bool"), [true_fn, false_fn], ())


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
        TypeError: If one of the branches is no function.
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
            refuse_closures("switch", function, "operands")

        def chosen(at: Any, *values: Any) -> Any:
            return switch(at, functions, *values)

        return FunctionCall(chosen, "switch", "ops", {}).symbolic_call(index, *operands)
    operands = tuple(as_tensors(operand) for operand in operands)
    if isinstance(index, _core.Variable):
        index = index.value
    if not is_traced(index):
        at = builtins.min(builtins.max(int(index), 0), len(functions) - 1)
        return functions[at](*operands)
    return _traced_branches("switch", scalar(index, "int32"), functions, operands)


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
