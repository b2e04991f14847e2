"""Gradients of one's own, and derivatives along a direction."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from oxhorn import _core, tree
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.engine.symbolic import FunctionCall
from oxhorn.ops.dispatch import operation
from oxhorn.ops.subgraphs import Leaves, Number, as_tensor, as_tensors, require_callable, same_structure


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is computed by a rule of one's own.

    y = f(x),  dx = grad_fn(dy)

    For gradients that are more stable or cheaper than what the ops of `f` would give, or that are not gradients at all
    (straight-through estimators, gradient reversal, clipping). Where `grad_fn` is made of ops, second derivatives work.

    Args:
        f: A function that returns `(output, grad_fn)`. `output` is a tensor or a structure of tensors. `grad_fn` is
            called as `grad_fn(upstream)` with the gradient of the output (a structure like the output; several outputs
            are passed one by one to a function of several arguments), or, if it has a keyword argument `upstream`, as
            `grad_fn(*args, upstream=...)`. It returns the gradient of the argument of `f`, or a tuple or list with one
            for each (or `None`).

    Returns:
        A function like `f` that returns the output alone. Gradients reach its arguments only: a variable gets one if it
        is an argument, and none if `f` merely uses it.

    Raises:
        TypeError: If `f` does not return a pair whose second entry is a function.
        ValueError: If there are more or fewer gradients than arguments, or one has another shape than its argument.

    >>> import oxhorn as keras
    >>> @keras.ops.custom_gradient
    ... def log1pexp(x):
    ...     e = keras.ops.exp(x)
    ...     def grad(upstream):
    ...         return upstream * (1.0 - 1.0 / (1.0 + e))
    ...     return keras.ops.log(1.0 + e), grad
    >>> float(log1pexp(keras.ops.convert_to_tensor(0.0)))
    0.6931471824645996
    """
    require_callable("custom_gradient", "f", f)

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args, kwargs):
            return FunctionCall(wrapper, getattr(f, "__name__", "custom_gradient"), "ops", {}).symbolic_call(
                *args, **kwargs
            )
        args = tuple(_values(arg) for arg in args)
        kwargs = {name: _values(value) for name, value in kwargs.items()}
        returned = f(*args, **kwargs)
        if not isinstance(returned, (tuple, list)) or len(returned) != 2 or not callable(returned[1]):
            raise TypeError(
                f"custom_gradient: the function must return a pair, the output and a function for the gradient; "
                f"got {returned!r}."
            )
        leaves = [leaf for leaf in tree.flatten((args, kwargs)) if isinstance(leaf, _core.Tensor)]
        output = Leaves(returned[0], "output")
        if not leaves or not len(output):
            return returned[0]
        return output.pack(_pass_on(returned[1], args, leaves, output))

    return wrapper


def _values(structure: Any) -> Any:
    """Variables and arrays as tensors; Python values as they are."""
    return tree.map_structure(
        lambda x: as_tensor(x) if isinstance(x, _core.Variable) or hasattr(x, "__array__") else x, structure
    )


def _pass_on(grad_fn: Callable[..., Any], args: Any, leaves: list[Any], output: Leaves) -> list[Any]:
    """The outputs, with the rule behind them."""

    def rule(upstream: Sequence[Any]) -> list[Any]:
        return _gradients(grad_fn, args, leaves, output.pack(upstream))

    if not _core.is_tracing():
        if not _core.is_recording():
            return output.tensors
        return list(_core.custom_gradient(output.tensors, leaves, rule))
    subgraph = _core.Subgraph(output.specs)
    with subgraph:
        gradients = rule(subgraph.arguments)
    given = [
        i for i, (g, x) in enumerate(zip(gradients, leaves, strict=True)) if g is not None and _is_float(x)
    ]
    traced = (subgraph, [gradients[i] for i in given], given)
    return list(_core.custom_gradient(output.tensors, leaves, traced))


def _gradients(grad_fn: Callable[..., Any], args: Any, leaves: list[Any], upstream: Any) -> list[Any]:
    """What the rule returns, one entry for each tensor among the arguments."""
    returned = _call_rule(grad_fn, args, upstream)
    gradients = tree.flatten(returned)
    arguments = tree.flatten(args)
    if len(gradients) == len(arguments) != len(leaves):
        # One for every argument: those of what is not a tensor count for nothing.
        gradients = [g for g, x in zip(gradients, arguments, strict=True) if isinstance(x, _core.Tensor)]
    if len(gradients) != len(leaves):
        raise ValueError(
            f"custom_gradient: expected {len(leaves)} gradients, one for each tensor among the arguments; "
            f"got {len(gradients)} from the gradient function."
        )
    return [_typed(g, x) for g, x in zip(gradients, leaves, strict=True)]


def _typed(gradient: Any, x: Any) -> Any:
    if gradient is None or not _is_float(x):
        return None
    gradient = _core.tensor(gradient, x.dtype) if isinstance(gradient, Number) else as_tensor(gradient)
    if len(gradient.shape) < len(x.shape):
        gradient = _core.apply("broadcast_like", [gradient, x])
    return gradient if gradient.dtype == x.dtype else _core.apply("cast", [gradient], {"dtype": x.dtype})


def _is_float(x: Any) -> bool:
    return str(x.dtype).startswith("float")


def _call_rule(grad_fn: Callable[..., Any], args: Any, upstream: Any) -> Any:
    try:
        parameters = list(inspect.signature(grad_fn).parameters.values())
    except ValueError:
        return grad_fn(upstream)
    if any(p.name == "upstream" and p.kind is p.KEYWORD_ONLY for p in parameters):
        return grad_fn(*args, upstream=upstream)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in positional if p.default is p.empty]
    several = isinstance(upstream, (tuple, list)) and (len(needed) > 1 or not positional)
    return grad_fn(*upstream) if several else grad_fn(upstream)


@operation("primals", "tangents")
def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of a function, and its derivative along a direction (forward mode).

    y = f(x),  dy = J(x) dx = d/du (J(x)ᵀ u · dx)

    It is computed by two reverse passes: the gradient with respect to x for a weighting u of the outputs is
    linear in u, and its derivative with respect to u along dx is what is asked for.

    Args:
        fun: A function of tensors (or structures of them) that returns a tensor or a structure of them.
        primals: A tuple or list of its arguments.
        tangents: The direction: a tuple or list of the same structure and shapes.
        has_aux: Whether `fun` returns a pair whose second entry is handed back without a derivative.

    Returns:
        `(y, dy)`, or `(y, dy, aux)`.

    Raises:
        TypeError: If `primals` or `tangents` is no tuple or list.
        ValueError: If they do not correspond.

    >>> import oxhorn as keras
    >>> y, dy = keras.ops.jvp(lambda x: x * x, (3.0,), (2.0,))
    >>> float(y), float(dy)
    (9.0, 12.0)
    """
    require_callable("jvp", "fun", fun)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"jvp: `{name}` must be a tuple or list of arguments; got {given!r}.")
    primals, tangents = tuple(primals), tuple(tangents)
    same_structure("jvp", "primals and tangents", primals, tangents)
    # Values of its own: what one argument owes to another must not count.
    given = Leaves(tree.map_structure(lambda x: _core.apply("identity", [as_tensor(x)]), primals), "primals")
    along = Leaves(as_tensors(tangents), "tangents")
    for label, x, t in zip(given.labels, given.tensors, along.tensors, strict=True):
        sizes = zip(x.shape, t.shape, strict=False)
        if len(x.shape) != len(t.shape) or any(a != b for a, b in sizes if a is not None and b is not None):
            raise ValueError(
                f"jvp: a tangent has the shape of its primal; for {label} got {tuple(x.shape)} and {tuple(t.shape)}."
            )
    outer = _core.Tape()
    with outer:
        inner = _core.Tape()
        for x in given.tensors:
            inner.watch(x)
        with inner:
            returned = fun(*given.pack(given.tensors))
            if has_aux and (not isinstance(returned, (tuple, list)) or len(returned) != 2):
                raise ValueError(f"jvp: with has_aux=True `fun` must return a pair; got {returned!r}.")
            output = Leaves(returned[0] if has_aux else returned, "output")
            smooth = [y for y in output.tensors if _is_float(y)]
            weights = [_core.apply("zeros_like", [y]) for y in smooth]
            for u in weights:
                outer.watch(u)
            total = _dot(smooth, weights)
        sources = [x for x in given.tensors if _is_float(x)]
        directions = [t for x, t in zip(given.tensors, along.tensors, strict=True) if _is_float(x)]
        gradients = inner.gradient(total, sources) if total is not None else []
        reached = [(g, t) for g, t in zip(gradients, directions, strict=False) if g is not None]
        slope = _dot([g for g, _ in reached], [_cast_like(t, g) for g, t in reached])
    derivatives: list[Any] = (
        list(outer.gradient(slope, weights)) if slope is not None else [None] * len(weights)
    )
    by_output = iter(derivatives)
    made = []
    for y in output.tensors:
        dy = next(by_output) if _is_float(y) else None
        made.append(_core.apply("zeros_like", [y]) if dy is None else dy)
    value = output.pack(output.tensors)
    result = (value, output.pack(made))
    return (*result, returned[1]) if has_aux else result


def _cast_like(x: Any, like: Any) -> Any:
    return x if x.dtype == like.dtype else _core.apply("cast", [x], {"dtype": like.dtype})


def _dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """The sum of all products; `None` of nothing."""
    total = None
    for x, y in zip(xs, ys, strict=True):
        term = _core.apply("sum", [_core.apply("multiply", [x, y])])
        total = term if total is None else _core.apply("add", [total, _cast_like(term, total)])
    return total
