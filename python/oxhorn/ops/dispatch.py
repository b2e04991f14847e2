"""How a function of `ops` treats its arguments: values are computed with, symbolic tensors make a node."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from oxhorn import _core
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.engine.symbolic import call_symbolically

F = TypeVar("F", bound=Callable[..., Any])


def operation(*tensor_names: str) -> Callable[[F], F]:
    """A decorator for functions whose arguments `tensor_names` are tensors and may be symbolic."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if any_symbolic(args, kwargs):
                return call_symbolically(wrapper, function.__name__, tensor_names, args, kwargs)
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


def unary(core_name: str, name: str, doc: str) -> Callable[[Any], Any]:
    """A function of one tensor, value by value."""

    def function(x: Any) -> Any:
        return _core.apply(core_name, [x])

    return _finish(function, name, doc, "x")


def binary(core_name: str, name: str, doc: str) -> Callable[[Any, Any], Any]:
    """A function of two tensors, value by value, with broadcasting."""

    def function(x1: Any, x2: Any) -> Any:
        return _core.apply(core_name, [x1, x2])

    return _finish(function, name, doc, "x1", "x2")


def _finish(function: Callable[..., Any], name: str, doc: str, *tensor_names: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return operation(*tensor_names)(function)
