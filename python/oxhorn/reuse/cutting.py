"""A model cut in two: what leads to some layers, and what comes after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Node
from oxhorn.layers.input_layer import InputLayer
from oxhorn.models.graph import ModelGraph
from oxhorn.models.sequential import Sequential
from oxhorn.reuse.selecting import select_one


def graph_of(model: Any, who: str) -> ModelGraph:
    """The graph of a functional model, or of a Sequential that is built.

    Raises:
        ValueError: If the model has none.
    """
    graph: ModelGraph | None = model._graph
    if graph is None:
        raise ValueError(
            f"{who}: the model {model.name!r} has no graph to cut. "
            + (
                "Build it first: begin it with `Input(shape=...)`, or call it on data."
                if isinstance(model, Sequential)
                else f"{type(model).__name__} is a subclassed model, whose `call` decides what leads where; it needs "
                "to be a Sequential, or made by `Model(inputs, outputs)`."
            )
        )
    return graph


def tensors_at(model: Any, until: Any, who: str) -> list[KerasTensor]:
    """The symbolic tensors that a layer returns in a model.

    Args:
        model: A model with a graph.
        until: A layer, its name or number, or one of the symbolic tensors inside the model.
        who: Who asks, for messages.

    Raises:
        TypeError: If `until` names no layer at all.
        ValueError: If there is no such layer, or the model calls it several times.
    """
    graph = graph_of(model, who)
    if isinstance(until, KerasTensor):
        if not any(until is tensor for node in graph.nodes for tensor in node.output_tensors):
            raise ValueError(
                f"{who}: the tensor {until.name!r} of shape {until.shape} is not one of the model {model.name!r}. Take "
                "the `output` of one of its layers."
            )
        return [until]
    layer = select_one(model, until, who)
    nodes = [node for node in graph.nodes if node.operation is layer]
    if len(nodes) > 1:
        calls = [
            [f"{tensor.name} {tensor.shape}" for tensor in node.output_tensors]
            + ["from", *(tensor.name for tensor in node.input_tensors)]
            for node in nodes
        ]
        raise ValueError(
            f"{who}: the model {model.name!r} calls {layer.name!r} {len(nodes)} times, so it is not clear where to "
            f"cut: {calls}. Give the symbolic tensor itself, kept from when the model was made."
        )
    return list(nodes[0].output_tensors)


def layers_up_to(model: Any, until: Any, who: str) -> list[Any]:
    """A layer and those that lead to it, without input layers, in the order of the model."""
    if isinstance(model, Sequential):
        # Also one that is not built yet.
        last = select_one(model, until, who)
        return model.layers[: [layer is last for layer in model.layers].index(True) + 1]
    wanted = {id(node.operation) for node in nodes_behind(tensors_at(model, until, who))}
    return [one for one in model.layers if id(one) in wanted and not isinstance(one, InputLayer)]


def nodes_behind(tensors: list[KerasTensor]) -> set[Node]:
    """The calls that lead to tensors, those that make them included."""
    found: set[Node] = set()
    waiting = [_node_of(tensor) for tensor in tensors]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.parent_nodes)
    return found


def _node_of(tensor: KerasTensor) -> Node:
    operation, index, _ = tensor.history
    return operation._inbound_nodes[index]


def inputs_behind(model: Any, tensors: list[KerasTensor], who: str) -> Any:
    """The inputs of a model that tensors depend on, in the structure of the model's inputs as far as that goes."""
    graph = graph_of(model, who)
    nodes = nodes_behind(tensors)
    needed = [tensor for tensor in graph.flat_inputs if _node_of(tensor) in nodes]
    if len(needed) == len(graph.flat_inputs):
        return graph.inputs
    if isinstance(graph.inputs, dict) and all(isinstance(one, KerasTensor) for one in graph.inputs.values()):
        return {key: tensor for key, tensor in graph.inputs.items() if any(tensor is one for one in needed)}
    return needed[0] if len(needed) == 1 else needed


@dataclass
class Cut:
    """A graph in two parts.

    Attributes:
        below: The calls of the lower part, input layers included, in the order in which they are run.
        above: The calls of the upper part.
        tensors: What the upper part takes from the lower one, in the order in which it is made; inputs of the model
            among them.
    """

    below: list[Node]
    above: list[Node]
    tensors: list[KerasTensor]


def cut(model: Any, until: Any, who: str) -> Cut:
    """Cuts a model above some of its layers.

    Args:
        model: A model with a graph.
        until: The last layer (name, number, symbolic tensor) of the lower part, or a list of them.
        who: Who asks, for messages.

    Raises:
        ValueError: If no layer is given, nothing is above, or an output of the model is below.
    """
    graph = graph_of(model, who)
    chosen = until if isinstance(until, (list, tuple)) else [until]
    if not chosen:
        raise ValueError(
            f"{who}: expected `until` to name at least one layer of {model.name!r}; got {until!r}."
        )
    ends = [tensor for each in chosen for tensor in tensors_at(model, each, who)]
    behind = nodes_behind(ends)
    below = [node for node in graph.nodes if node in behind or node.is_input]
    above = [node for node in graph.nodes if node not in behind and not node.is_input]
    names = [getattr(each, "name", each) for each in chosen]
    made = [tensor for node in below for tensor in node.output_tensors]
    for tensor in graph.flat_outputs:
        if any(tensor is one for one in made):
            raise ValueError(
                f"{who}: the output {tensor.name!r} of the model {model.name!r}, made by "
                f"{tensor.history.operation.name!r}, is not above {names}, so there is nothing to train for it. Cut "
                f"below it; layers are {[layer.name for layer in graph.layers]}."
            )
    taken = {id(tensor) for node in above for tensor in node.input_tensors}
    return Cut(below, above, [tensor for tensor in made if id(tensor) in taken])
