"""`ModelGraph`: the calls of layers that lead from the inputs of a model to its outputs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core, tree
from oxhorn.engine import allowance
from oxhorn.engine.arguments import is_list_of_numbers
from oxhorn.engine.graph_walk import walk_back
from oxhorn.engine.input_spec import InputSpec
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.layer_state import LayerState
from oxhorn.engine.operation import Node, Operation
from oxhorn.engine.text import as_text, is_text
from oxhorn.models.host_part import HostPart, HostResults, runs_on_host


class ModelGraph:
    """The nodes between symbolic inputs and outputs, in an order in which they can be run.

    A node's depth is the number of steps from it to the outputs; nodes run from the deepest on, those of equal
    depth in the order in which they are met on the way back from the outputs.

    Args:
        inputs: A `KerasTensor`, or a list, tuple or dict of them.
        outputs: Likewise.
        name: The name of the model, for messages.

    Raises:
        ValueError: If an output does not depend on the inputs alone, or two layers have the same name.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str) -> None:
        for what, structure in (("inputs", inputs), ("outputs", outputs)):
            leaves = tree.flatten(structure)
            if not leaves or not all(isinstance(leaf, KerasTensor) for leaf in leaves):
                raise ValueError(
                    f"The {what} of model {name!r} must be symbolic tensors, as `Input(shape=...)` and layers "
                    f"called on them return; got {structure!r}."
                )
        if any(
            not t.history.operation._inbound_nodes[t.history.node_index].is_input
            for t in tree.flatten(inputs)
        ):
            inputs, outputs = _copy_from(inputs, outputs)
        self.inputs = inputs
        self.outputs = outputs
        self.flat_inputs: list[KerasTensor] = tree.flatten(inputs)
        self.flat_outputs: list[KerasTensor] = tree.flatten(outputs)
        if len({id(tensor) for tensor in self.flat_inputs}) != len(self.flat_inputs):
            raise ValueError(f"Model {name!r}: the same tensor is given as input more than once.")
        self._arrange(name)
        # Whether only the ranks of the inputs were asked for; the sizes are those of the first data.
        self.sizes_are_open = False
        self.input_specs = [
            InputSpec(
                shape=(None, *tensor.shape[1:]),
                name=tensor.history.operation.name,
                optional=bool(getattr(tensor.history.operation, "optional", False)),
                allow_last_axis_squeeze=True,
            )
            for tensor in self.flat_inputs
        ]

    def open_sizes(self) -> None:
        """Leaves the sizes of the inputs to the layers, which say what does not fit."""
        self.sizes_are_open = True
        for spec in self.input_specs:
            assert spec.shape is not None
            spec.shape = (None,) * len(spec.shape)

    def _arrange(self, name: str) -> None:
        finished, first_met = walk_back(self.outputs, self.flat_inputs, f"Model {name!r}")
        depths: dict[Node, int] = {}
        operation_depths: dict[Operation, int] = {}
        for node in reversed(finished):
            depth = max(depths.get(node, 0), operation_depths.get(node.operation, 0))
            depths[node] = operation_depths[node.operation] = depth
            for parent in node.parent_nodes:
                depths[parent] = max(depths.get(parent, 0), depth + 1)
        for tensor in self.flat_inputs:
            operation = tensor.history.operation
            if operation not in operation_depths:
                operation_depths[operation] = depths[operation._inbound_nodes[0]] = 0
                first_met[operation] = -1
                finished.append(operation._inbound_nodes[0])
        self.nodes_by_depth: dict[int, list[Node]] = {}
        for node in finished:
            self.nodes_by_depth.setdefault(depths[node], []).append(node)
        self.nodes_by_depth = dict(sorted(self.nodes_by_depth.items(), reverse=True))
        self.nodes: list[Node] = [node for nodes in self.nodes_by_depth.values() for node in nodes]
        self.operations: list[Operation] = sorted(
            operation_depths, key=lambda operation: (-operation_depths[operation], first_met[operation])
        )
        names = [operation.name for operation in self.operations]
        for repeated in (
            {one for one in names if names.count(one) > 1} if len(set(names)) < len(names) else ()
        ):
            raise ValueError(
                f"Model {name!r}: the name {repeated!r} is used by {names.count(repeated)} layers; "
                "names must be unique within a model. Pass another `name` to one of them."
            )

    @property
    def layers(self) -> list[Any]:
        """The layers among the operations."""
        return [operation for operation in self.operations if isinstance(operation, LayerState)]

    def run(self, values: Sequence[Any]) -> Any:
        """The outputs for these values of the inputs (in the order of `flat_inputs`)."""
        return self._run(dict(zip(map(id, self.flat_inputs), values, strict=True)), {}, self.nodes)

    @functools.cached_property
    def host_part(self) -> HostPart | None:
        """The calls that come before the compiled part, if there are any."""
        part = HostPart(self.nodes, self.flat_inputs, self.flat_outputs)
        needed = part.begun or any(runs_on_host(operation) for operation in self.operations)
        return part if needed else None

    def run_on_host(self, inputs: Any, name: str) -> HostResults:
        """What the host part makes of the inputs.

        Args:
            inputs: What the model is called with.
            name: The name of the model, for messages.
        """
        assert self.host_part is not None
        values = self.standardize(inputs, name)
        return self.host_part.run(dict(zip(map(id, self.flat_inputs), values, strict=True)))

    def run_rest(self, results: HostResults) -> Any:
        """The outputs, from the results of the host part on."""
        assert self.host_part is not None
        return self._run(*self.host_part.split(results), self.host_part.rest)

    def _run(self, known: dict[int, Any], begun: dict[Node, Any], nodes: Sequence[Node]) -> Any:
        if allowance.open_ones:
            allowance.called(len(nodes))
        for node in nodes:
            if node.is_input:
                continue
            if node in begun:
                outputs = tree.flatten(node.operation(begun[node]))
                known.update(zip(map(id, node.output_tensors), outputs, strict=True))
                continue
            if node.one_to_one is not None:
                # Most nodes of most models: nothing nested, so nothing to fill in or to take apart.
                source, target = node.one_to_one
                result = known[target] = node.operation(known[source])
                if result is None:
                    raise _returned_nothing(node.operation)
                continue
            args, kwargs = node.fill(known)
            results = tree.flatten(node.operation(*args, **kwargs))
            for tensor, result in zip(node.output_tensors, results, strict=True):
                if result is None:
                    raise _returned_nothing(node.operation)
                known[id(tensor)] = result
        return tree.map_structure(lambda tensor: known[id(tensor)], self.outputs)

    # What the model is called with -------------------------------------------------------------------

    def match(self, inputs: Any, name: str) -> list[Any]:
        """The inputs in the order of `flat_inputs`: by position, or by name from a dict.

        Raises:
            ValueError: If there are too few, too many, or none of a name.
        """
        if isinstance(inputs, dict):
            inputs = {key: _list_as_array(v) for key, v in inputs.items()}
            if isinstance(self.inputs, dict) and set(self.inputs) <= set(inputs):
                return tree.flatten({key: inputs[key] for key in self.inputs})
            names = [spec.name for spec in self.input_specs]
            missing = [s.name for s in self.input_specs if s.name not in inputs and not s.optional]
            if missing:
                raise ValueError(
                    f"Model {name!r} has the inputs {names}; the dict it was called with lacks {missing} and has "
                    f"the keys {sorted(map(str, inputs))}."
                )
            return [inputs.get(one) for one in names]
        if isinstance(inputs, (list, tuple)):
            if len(self.flat_inputs) == 1 and (is_list_of_numbers(inputs) or is_text(inputs)):
                return [_list_as_array(inputs)]
            leaves = [_list_as_array(item) for item in inputs]
            flat = tree.flatten(leaves)
        else:
            flat = [inputs]
        if len(flat) != len(self.flat_inputs):
            raise ValueError(
                f"Model {name!r} expects {len(self.flat_inputs)} input(s), "
                f"{[spec.name for spec in self.input_specs]}; it received {len(flat)} of the shapes "
                f"{[getattr(item, 'shape', item) for item in flat]}."
            )
        return flat

    def standardize(self, inputs: Any, name: str) -> list[Any]:
        """The inputs in the order of `flat_inputs`, with the rank and dtype of these.

        A last axis of size 1 is added or taken away where only that is missing.
        """
        if type(inputs) is _core.Tensor and len(self.flat_inputs) == 1:
            (tensor,), (spec,) = self.flat_inputs, self.input_specs
            if inputs.ndim == len(tensor.shape) and inputs.dtype == tensor.dtype:
                spec.check(
                    inputs, f"Model {name!r}: input 0 ({spec.name!r}) is incompatible with the model: "
                )
                return [inputs]
        values: list[Any] = []
        for i, (value, tensor, spec) in enumerate(
            zip(self.match(inputs, name), self.flat_inputs, self.input_specs, strict=True)
        ):
            if value is None and spec.optional:
                values.append(None)
                continue
            if not hasattr(value, "shape") and hasattr(value, "__array__"):
                value = np.asarray(value)
            if not hasattr(value, "shape") or not hasattr(value, "dtype"):
                raise ValueError(
                    f"Model {name!r}: input {i} ({spec.name!r}) must be an array or a tensor; got "
                    f"{value!r} of type {type(value).__name__}."
                )
            spec.check(value, f"Model {name!r}: input {i} ({spec.name!r}) is incompatible with the model: ")
            values.append(_with_dtype(_with_rank(value, tensor), tensor.dtype))
        return values


def _list_as_array(value: Any) -> Any:
    """Lists of numbers, and text in any form, as one array."""
    if is_list_of_numbers(value):
        return np.asarray(value)
    return as_text(value, "The model") if is_text(value) else value


def _returned_nothing(operation: Operation) -> ValueError:
    return ValueError(
        f"{type(operation).__name__} {operation.name!r} returned None in the place of a tensor. Does its `call` "
        "return something?"
    )


def _with_rank(value: Any, tensor: KerasTensor) -> Any:
    rank, wanted = len(value.shape), len(tensor.shape)
    if rank == wanted:
        return value
    array = isinstance(value, np.ndarray)
    if rank == wanted + 1:
        return value[..., 0] if array else _core.apply("squeeze", [value], {"axis": -1})
    return value[..., None] if array else _core.apply("expand_dims", [value], {"axis": -1})


def _with_dtype(value: Any, dtype: str) -> Any:
    if isinstance(value, (_core.Tensor, _core.Variable)) and dtype != "string":
        if str(value.dtype) == dtype:
            return value
        mask = getattr(value, "_keras_mask", None)
        value = _core.apply("cast", [value], {"dtype": dtype})
        if mask is not None:
            value._keras_mask = mask
        return value
    array = np.asarray(value)
    if dtype == "string":
        return as_text(array, "An input of dtype string")
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"Expected an array of numbers, for an input of dtype {dtype}; got dtype {array.dtype}."
        )
    return array if array.dtype == dtype else array.astype(dtype)


def _copy_from(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The same calls of the same layers, from fresh inputs in the place of intermediate tensors."""
    from oxhorn.layers.input_layer import Input

    copies: dict[int, KerasTensor] = {}
    for tensor in tree.flatten(inputs):
        operation, index, _ = tensor.history
        is_input = operation._inbound_nodes[index].is_input
        copies[id(tensor)] = (
            tensor if is_input else Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
        )

    def copy(tensor: KerasTensor) -> KerasTensor:
        # A stack of our own: models can be deeper than Python's recursion limit.
        waiting = [tensor]
        while waiting:
            current = waiting[-1]
            if id(current) in copies:
                waiting.pop()
                continue
            operation, index, _ = current.history
            node = operation._inbound_nodes[index]
            if node.is_input:
                copies[id(current)] = current
                continue
            missing = [t for t in node.input_tensors if id(t) not in copies]
            if missing:
                waiting.extend(missing)
                continue
            args, kwargs = node.fill({id(t): copies[id(t)] for t in node.input_tensors})
            results = tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype, name=t.name), node.outputs)
            Node(operation, args, kwargs, results)
            for old, new in zip(node.output_tensors, tree.flatten(results), strict=True):
                copies[id(old)] = new
        return copies[id(tensor)]

    copied_outputs = tree.map_structure(copy, outputs)
    return tree.map_structure(lambda tensor: copies[id(tensor)], inputs), copied_outputs
