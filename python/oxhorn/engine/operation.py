"""`Operation`: what can be called on symbolic tensors, and `Node`: one such call, an edge of a model's graph."""

from __future__ import annotations

import functools
import inspect
import threading
from typing import Any, Self

from oxhorn import tree
from oxhorn.dtype_policies import DTypePolicy, serialize
from oxhorn.engine import naming
from oxhorn.engine.keras_tensor import KerasHistory, KerasTensor, any_symbolic


class _Recording(threading.local):
    def __init__(self) -> None:
        self.nodes: list[Node] | None = None


# Where a list is set, the nodes made on this thread are added to it.
_recording = _Recording()


class Node:
    """One call of an operation on symbolic tensors.

    Args:
        operation: What was called. The node is appended to its `_inbound_nodes`.
        call_args: Its positional arguments, nested as they were.
        call_kwargs: Its keyword arguments.
        outputs: What it returned: a structure of `KerasTensor`s.
    """

    def __init__(
        self, operation: Operation, call_args: tuple[Any, ...], call_kwargs: dict[str, Any], outputs: Any
    ) -> None:
        self.operation = operation
        self.call_args = call_args
        self.call_kwargs = call_kwargs
        self.outputs = outputs
        self.input_tensors: list[KerasTensor] = [
            leaf for leaf in tree.flatten((call_args, call_kwargs)) if isinstance(leaf, KerasTensor)
        ]
        self.output_tensors: list[KerasTensor] = [
            leaf for leaf in tree.flatten(outputs) if isinstance(leaf, KerasTensor)
        ]
        node_index = len(operation._inbound_nodes)
        for i, tensor in enumerate(self.output_tensors):
            tensor._keras_history = KerasHistory(operation, node_index, i)
        operation._inbound_nodes.append(self)
        if _recording.nodes is not None:
            _recording.nodes.append(self)

    @functools.cached_property
    def one_to_one(self) -> tuple[int, int] | None:
        """The identities of the input and the output, for a call with one positional argument and one result."""
        if len(self.call_args) != 1 or self.call_kwargs or not isinstance(self.call_args[0], KerasTensor):
            return None
        return (id(self.call_args[0]), id(self.outputs)) if isinstance(self.outputs, KerasTensor) else None

    @property
    def is_input(self) -> bool:
        """Whether this node has no inputs: it is that of an `InputLayer`."""
        return not self.input_tensors

    @property
    def parent_nodes(self) -> list[Node]:
        """The nodes that make the inputs of this one; none makes a tensor made by hand."""
        histories = [tensor._keras_history for tensor in self.input_tensors]
        return [one.operation._inbound_nodes[one.node_index] for one in histories if one is not None]

    def fill(self, values: dict[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of the call with `values[id(tensor)]` in the place of each symbolic tensor."""

        def value_of(leaf: Any) -> Any:
            return values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

        args = tuple(tree.map_structure(value_of, arg) for arg in self.call_args)
        kwargs = {name: tree.map_structure(value_of, arg) for name, arg in self.call_kwargs.items()}
        return args, kwargs


class ConfigError(TypeError, ValueError):
    """A value in a config that the class does not take: not the type of config it has, and a value out of range."""


class Operation:
    """The base of layers and of functions that were called on symbolic tensors.

    A subclass defines `call(*args, **kwargs)` on values and `compute_output_spec` on symbolic tensors.

    Args:
        name: A name without `/`; automatic (the class name in snake case) if not given.
    """

    _inbound_nodes: list[Node]
    _init_arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        # Kept for `get_config` of classes that do not define it.
        self.__dict__["_init_arguments"] = (args, kwargs)
        self.__dict__["_inbound_nodes"] = []
        return self

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = naming.auto_name(type(self).__name__)
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(
                f"Argument `name` of a {type(self).__name__} must be a string and cannot contain character `/`. It may "
                f"not be empty either; got {name!r}."
            )
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic outputs for symbolic inputs; the call is remembered as a `Node`."""
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes on values. Defined by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} does not define `call`.")

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the results, as `KerasTensor`s; found by tracing `call`."""
        from oxhorn.engine import tracing

        return tracing.output_spec(self.call, args, kwargs)

    def _first_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"{type(self).__name__} {self.name!r} has no {what}: "
                "it has not been called on a symbolic tensor such as `Input(shape=...)`."
            )
        return self._inbound_nodes[0]

    @property
    def input(self) -> Any:
        """The symbolic input (or list of inputs) of the first call."""
        tensors = self._first_node("input").input_tensors
        return tensors[0] if len(tensors) == 1 else list(tensors)

    @property
    def output(self) -> Any:
        """The symbolic output (or list of outputs) of the first call."""
        tensors = self._first_node("output").output_tensors
        return tensors[0] if len(tensors) == 1 else list(tensors)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this operation again.

        A class that does not define `get_config` gets one from the arguments of its `__init__`,
        as long as they are numbers, strings, booleans, `None`, or lists, tuples and dicts of these.
        """
        config: dict[str, Any] = {"name": self.name}
        if type(self).get_config not in _automatic_get_configs:
            return config
        arguments = self._automatic_config()
        if arguments is None:
            raise NotImplementedError(
                f"{type(self).__name__} needs a `get_config` method: some argument of its `__init__` is not "
                "a plain value (number, string, boolean, None, or a list, tuple or dict of these). "
                "Return a dict of the arguments, `{**super().get_config(), 'units': self.units}`, "
                "and define `from_config` if they have to be deserialized first."
            )
        if not self._init_takes_name():
            del config["name"]
        return {**config, **arguments}

    def _init_takes_name(self) -> bool:
        """Whether `from_config` can pass the name on."""
        parameters = inspect.signature(type(self).__init__).parameters
        own = any("from_config" in base.__dict__ for base in type(self).__mro__ if base is not Operation)
        return own or "name" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def _automatic_config(self) -> dict[str, Any] | None:
        signature = inspect.signature(type(self).__init__)
        args, kwargs = self._init_arguments
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError:
            return None
        bound.apply_defaults()
        arguments: dict[str, Any] = {}
        for i, (name, parameter) in enumerate(signature.parameters.items()):
            value = bound.arguments.get(name)
            if i == 0 or name == "name":
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                if value:
                    return None
            elif parameter.kind is parameter.VAR_KEYWORD:
                arguments.update(value or {})
            else:
                arguments[name] = value
        arguments.pop("name", None)
        if isinstance(arguments.get("dtype"), DTypePolicy):
            arguments["dtype"] = serialize(arguments["dtype"])
        if not all(isinstance(leaf, (str, int, float, bool, type(None))) for leaf in tree.flatten(arguments)):
            return None
        return arguments

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The operation that `get_config` describes.

        Raises:
            TypeError: If `__init__` does not take what the config holds.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ConfigError(
                f"{cls.__name__} could not be made from its config {_shortened(config)}: {error}. If its `__init__` "
                "takes other arguments, define `get_config` and `from_config`; objects in it (layers, models, ...) are "
                "explicitly deserialized there."
            ) from error
        except ValueError as error:
            raise ConfigError(
                f"{cls.__name__} could not be made from its config {_shortened(config)}: {error}"
            ) from error


def _shortened(config: Any) -> str:
    text = repr(config)
    return text if len(text) <= 1000 else f"{text[:1000]}..."


# `get_config` methods that only add to the automatic config (Layer's joins this set).
_automatic_get_configs: set[Any] = {Operation.get_config}
