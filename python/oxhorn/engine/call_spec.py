"""Matches the arguments of a layer's call with the signatures of its `call` and `build`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from oxhorn import _core, tree
from oxhorn.engine.keras_tensor import KerasTensor

TENSOR_TYPES = (_core.Tensor, _core.Variable, KerasTensor)

_signatures: dict[Any, inspect.Signature] = {}


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of a method without `self`; kept, for it is asked for at every call."""
    key = getattr(function, "__func__", function)
    found = _signatures.get(key)
    if found is None:
        found = inspect.signature(function)
        _signatures[key] = found
    return found


class CallFacts(NamedTuple):
    """What the quick way through a layer's call needs to know of the signature of `call`.

    Attributes:
        takes_one_tensor: Whether `call(x)` is possible: one positional argument, all others have defaults.
        takes_training: Whether there is an argument `training`.
        training: Its default.
    """

    takes_one_tensor: bool
    takes_training: bool
    training: Any


_facts: dict[Any, CallFacts] = {}


def call_facts(function: Callable[..., Any]) -> CallFacts:
    """The facts about a `call` method; kept, for they are asked for at every call."""
    key = getattr(function, "__func__", function)
    found = _facts.get(key)
    if found is None:
        parameters = list(signature_of(function).parameters.values())
        first, others = parameters[:1], parameters[1:]
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        named = {parameter.name: parameter for parameter in parameters}
        takes_training = "training" in named or any(p.kind is p.VAR_KEYWORD for p in parameters)
        default = named["training"].default if "training" in named else None
        found = CallFacts(
            takes_one_tensor=bool(first)
            and first[0].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            and all(p.default is not p.empty or p.kind in variadic for p in others),
            takes_training=takes_training,
            training=None if default is inspect.Parameter.empty else default,
        )
        _facts[key] = found
    return found


def is_tensor_like(x: Any) -> bool:
    """Whether `x` is an eager, traced or symbolic tensor, or a variable."""
    return isinstance(x, TENSOR_TYPES)


class CallSpec:
    """The arguments of one call, by name.

    Attributes:
        arguments: All arguments, defaults included.
        tensors: Those that are tensors or structures of tensors.
        first: The first argument.
    """

    def __init__(
        self, layer_name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(
                f"Layer {layer_name!r} cannot be called like this: {error}. Its call takes {signature}."
            ) from None
        bound.apply_defaults()
        self.arguments: dict[str, Any] = dict(bound.arguments)
        self.tensors: dict[str, Any] = {}
        for name, value in self.arguments.items():
            kind = signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                continue
            if is_tensor_like(value):
                self.tensors[name] = value
            elif tree.is_nested(value) and len(value) > 0:
                leaves = tree.flatten(value)
                tensors = [is_tensor_like(leaf) for leaf in leaves]
                if all(found or leaf is None for found, leaf in zip(tensors, leaves, strict=True)):
                    self.tensors[name] = value
                elif any(tensors):
                    raise ValueError(
                        f"Layer {layer_name!r}: argument {name!r} mixes tensors with other values "
                        f"({[type(leaf).__name__ for leaf in leaves]}). Pass the others as arguments of "
                        "their own."
                    )
        self.first: Any = next(iter(self.arguments.values()), None)

    def shapes(self) -> dict[str, Any]:
        """`{"inputs_shape": ...}` for each tensor argument except masks."""

        def shape(x: Any) -> Any:
            return None if x is None else tuple(x.shape)

        return {
            f"{name}_shape": tree.map_structure(shape, value)
            for name, value in self.tensors.items()
            if name not in ("mask", "args", "kwargs")
        }


def shapes_for(method: Callable[..., Any], call_spec: CallSpec, layer_name: str) -> dict[str, Any]:
    """The arguments for `build` (or another method that takes shapes).

    With one parameter: the shape of the first tensor argument of the call. With several: each must be named
    after an argument of `call`, with `_shape` after it.
    """
    shapes = call_spec.shapes()
    names = [
        name
        for name, parameter in signature_of(method).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(names) == 1:
        return {names[0]: next(iter(shapes.values()), None)}
    method_name = getattr(method, "__name__", "build")
    rule = (
        f"Layer {layer_name!r}: `{method_name}` has several parameters, so each must be the name of an argument of "
        "`call` with `_shape` after it (such as `query_shape`); it has the "
    )
    for name in names:
        if not name.endswith("_shape"):
            raise ValueError(f"{rule}argument `{name}`, which does not end in `_shape`.")
        argument = name.removesuffix("_shape")
        if argument not in call_spec.arguments:
            raise ValueError(
                f"{rule}argument `{name}`, but `call()` does not have argument `{argument}`: it has "
                f"{list(call_spec.arguments)}."
            )
    return {name: shapes[name] for name in names if name in shapes}
