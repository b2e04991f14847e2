"""Functions of tensors applied to symbolic tensors: a node in the graph of a functional model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Self

from oxhorn.engine import naming
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.engine.operation import Operation
from oxhorn.engine.operation_names import IN_CALL, IN_CONFIG, function_of, place_of, qualified_name


class FunctionCall(Operation):
    """A public function, with the arguments that are not tensors, as an operation.

    Args:
        function: The function.
        function_name: Its name among the functions of `ops` (or `activations`).
        namespace: `"ops"` or `"activations"`: where it is found again when a config is read.
        arguments: Its arguments that are not tensors, by name.
        name: A name; automatic if not given.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        function_name: str,
        namespace: str,
        arguments: dict[str, Any],
        name: str | None = None,
    ) -> None:
        super().__init__(name if name is not None else naming.auto_name(function_name))
        self.function = function
        self.function_name = function_name
        self.namespace = namespace
        self.arguments = arguments
        # The parameters before one such as `*tensors` can only be passed by position.
        self._before = _before_variadic(function)

    @property
    def class_name(self) -> str:
        """What configs and summaries call it: `reduce_sum` is a `ReduceSum`."""
        return self._place()[1]

    def _place(self) -> tuple[str, str]:
        if self.namespace == "activations":
            return "keras.src.ops.nn", naming.to_camel_case(self.function_name)
        return place_of(qualified_name(self.function_name, self.function.__module__))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The function on values."""
        before = [self.arguments[name] for name in self._before if name in self.arguments]
        rest = {name: value for name, value in self.arguments.items() if name not in self._before}
        return self.function(*before, *args, **kwargs, **rest)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the results: by the function's own rule where it knows, else by tracing."""
        rule = getattr(self.function, "symbolic_rule", None)
        if rule is not None:
            before = [self.arguments[name] for name in self._before if name in self.arguments]
            rest = {name: value for name, value in self.arguments.items() if name not in self._before}
            known = rule(*before, *args, **kwargs, **rest)
            if known is not None:
                return known
        return super().compute_output_spec(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The name and the arguments that are not tensors."""
        return {"name": self.name, **self.arguments}

    def _serialize(self) -> dict[str, Any]:
        from oxhorn.saving.serialization import serialize_dict

        module, class_name = self._place()
        return {
            "module": module,
            "class_name": class_name,
            "config": serialize_dict(self.get_config()),
            "registered_name": class_name,
        }

    @classmethod
    def from_names(cls, function_name: str, config: dict[str, Any]) -> Self:
        """The operation of the function of this name under `ops`, with the config that `get_config` returned.

        Raises:
            TypeError: If there is no such function, or it does not take these arguments.
        """
        from oxhorn import activations

        namespace, function = "ops", function_of(function_name)
        if function is None and function_name in activations.__all__:
            namespace, function = "activations", getattr(activations, function_name)
        if not inspect.isfunction(function):
            raise TypeError(f"Unknown function {function_name!r}: it is not among those of `ops`.")
        arguments = {key: value for key, value in config.items() if key != "name"}
        parameters = inspect.signature(function).parameters
        unknown = set(arguments) - set(parameters)
        if unknown and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            raise TypeError(f"Function {function_name!r} does not take the arguments {sorted(unknown)}.")
        short = function_name.rpartition(".")[2]
        return cls(function, short, namespace, arguments, name=config.get("name"))


def call_symbolically(
    function: Callable[..., Any],
    function_name: str,
    tensor_names: Sequence[str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    namespace: str = "ops",
) -> Any:
    """`function(*args, **kwargs)` where some argument is symbolic.

    The arguments named in `tensor_names` are the inputs of a node, the others belong to its operation.
    """
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    positional: list[Any] = []
    inputs: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    in_call, in_config = IN_CALL.get(function_name, ()), IN_CONFIG.get(function_name, ())
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            for key, item in value.items():
                (inputs if any_symbolic(item) or name in in_call else arguments)[key] = item
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            positional = [*inputs.values(), *value]
            inputs = {}
        elif any_symbolic(value) or name in in_call or (name in tensor_names and name not in in_config):
            inputs[name] = value
        else:
            arguments[name] = value
    operation = FunctionCall(function, function_name, namespace, arguments)
    if not positional and _leading(function, inputs):
        return operation.symbolic_call(*inputs.values())
    return operation.symbolic_call(*positional, **inputs)


def _leading(function: Callable[..., Any], inputs: dict[str, Any]) -> bool:
    """Whether the inputs are the first parameters of the function, so that they can be passed by position."""
    return list(inspect.signature(function).parameters)[: len(inputs)] == list(inputs)


def _before_variadic(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters before `*args`; none if the function has no such parameter."""
    names: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            return names
        names.append(parameter.name)
    return []


def apply_function(function: Callable[..., Any], inputs: Sequence[Any], name: str) -> Any:
    """`function(*inputs)`, or a symbolic tensor (or structure of them) if one of the inputs is symbolic.

    Args:
        function: A function of tensors.
        inputs: Its arguments.
        name: A name for the operation in a model's graph.
    """
    if not any_symbolic(list(inputs)):
        return function(*inputs)
    return FunctionCall(function, name, "activations", {}).symbolic_call(*inputs)
