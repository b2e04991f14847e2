"""How a function of `ops` treats its arguments: values are computed with, symbolic tensors make a node."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from oxhorn import _core
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.symbolic import call_symbolically
from oxhorn.ops.arguments import as_float, as_tensor, promoted, to_tensor, weak_dtype

F = TypeVar("F", bound=Callable[..., Any])

_CONTAINERS = (list, tuple, dict)


def has_symbolic(values: Any) -> bool:
    """Whether a `KerasTensor` is among the values, or in lists, tuples and dicts among them."""
    for value in values:
        if isinstance(value, KerasTensor):
            return True
        if isinstance(value, _CONTAINERS) and has_symbolic(
            value.values() if isinstance(value, dict) else value
        ):
            return True
    return False


def operation(*tensor_names: str, rule: Callable[..., Any] | None = None) -> Callable[[F], F]:
    """A decorator for functions whose arguments `tensor_names` are tensors and may be symbolic.

    Args:
        *tensor_names: The names.
        rule: Gives the symbolic result for arguments whose values decide on its shape, and None for all others, for
            which the ops have the rule.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if has_symbolic(args) or (kwargs and has_symbolic(kwargs.values())):
                return call_symbolically(wrapper, function.__name__, tensor_names, args, kwargs)
            return function(*args, **kwargs)

        if rule is not None:
            wrapper.symbolic_rule = rule  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    return decorate


def unary(core_name: str, name: str, doc: str) -> Callable[[Any], Any]:
    """A function of one tensor, value by value."""

    def function(x: Any) -> Any:
        return _core.apply(core_name, [as_tensor(x)])

    return _finish(function, name, doc, "x")


def float_unary(core_name: str, name: str, doc: str) -> Callable[[Any], Any]:
    """A function of one tensor of floats, value by value: other dtypes become `floatx()`."""

    def function(x: Any) -> Any:
        return _core.apply(core_name, [as_float(x)])

    return _finish(function, name, doc, "x")


def binary(core_name: str, name: str, doc: str) -> Callable[[Any, Any], Any]:
    """A function of two tensors, value by value, with broadcasting."""

    def function(x1: Any, x2: Any) -> Any:
        return _core.apply(core_name, pair(x1, x2))

    return _finish(function, name, doc, "x1", "x2")


def arithmetic(core_name: str, name: str, doc: str, booleans: str | None = None) -> Callable[[Any, Any], Any]:
    """A function of two tensors of numbers, value by value, with broadcasting.

    Args:
        core_name: The op.
        name: The public name.
        doc: The docstring.
        booleans: The op for two tensors of booleans; without one, these count as int32.
    """

    def function(x1: Any, x2: Any) -> Any:
        x1, x2 = pair(x1, x2)
        if booleans is not None and weak_dtype(x1) in ("bool", bool) and weak_dtype(x2) in ("bool", bool):
            return _core.apply(booleans, [x1, x2])
        return _core.apply(core_name, [x1, x2])

    return _finish(function, name, doc, "x1", "x2")


def float_binary(core_name: str, name: str, doc: str) -> Callable[[Any, Any], Any]:
    """A function of two tensors of floats, value by value, with broadcasting: other dtypes become `floatx()`."""

    def function(x1: Any, x2: Any) -> Any:
        if (
            isinstance(x1, _core.Tensor)
            and isinstance(x2, _core.Tensor)
            and x1.dtype == x2.dtype == "float32"
        ):
            return _core.apply(core_name, [x1, x2])
        return _core.apply(core_name, promoted(x1, x2, floats=True))

    return _finish(function, name, doc, "x1", "x2")


def pair(x1: Any, x2: Any) -> list[Any]:
    """Both arguments of an op that promotes dtypes by itself, in a form from which it finds the right one.

    A Python float beside a tensor takes its dtype in the core already; a whole number beside uint8 does so here.
    """
    if isinstance(x1, _core.Tensor) and isinstance(x2, _core.Tensor):
        return [x1, x2]
    if type(x1) is int and getattr(x2, "dtype", None) == "uint8":
        x1 = to_tensor(x1, "uint8")
    elif type(x2) is int and getattr(x1, "dtype", None) == "uint8":
        x2 = to_tensor(x2, "uint8")
    return [_plain(x1), _plain(x2)]


def _plain(x: Any) -> Any:
    return x if type(x) in (int, float, bool) else as_tensor(x)


def _finish(function: Callable[..., Any], name: str, doc: str, *tensor_names: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return operation(*tensor_names)(function)
