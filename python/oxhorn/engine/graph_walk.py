"""The way back from symbolic outputs to the inputs that they are computed from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from oxhorn import tree
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Node, Operation


def walk_back(
    outputs: Any, inputs: Sequence[KerasTensor], owner: str, stop_at_inputs: bool = False
) -> tuple[list[Node], dict[Operation, int]]:
    """The nodes behind the outputs, each after those it needs; and the order in which operations are met.

    Args:
        outputs: A structure of symbolic tensors.
        inputs: Where the way may end. The nodes of `InputLayer`s are part of the result.
        owner: What is being made, for messages.
        stop_at_inputs: Whether the way ends at each of the inputs, even if an operation made it.

    Raises:
        ValueError: If an output depends on something that is not among the inputs.
    """
    given = {id(tensor) for tensor in inputs}
    first_met: dict[Operation, int] = {}
    finished: list[Node] = []
    done: set[Node] = set()
    for path, output in tree.flatten_with_path(outputs):
        stack: list[tuple[Node, Iterator[KerasTensor]]] = []
        pending: KerasTensor | None = output
        while pending is not None or stack:
            if pending is not None:
                node = _node_of(pending, given, path, owner, inputs, stop_at_inputs)
                pending = None
                if node is not None and node not in done:
                    first_met.setdefault(node.operation, len(first_met))
                    done.add(node)
                    stack.append((node, iter(node.input_tensors)))
            if not stack:
                break
            node, waiting = stack[-1]
            pending = next(waiting, None)
            if pending is None:
                stack.pop()
                finished.append(node)
    return finished, first_met


def _node_of(
    tensor: KerasTensor,
    given: set[int],
    path: tuple[Any, ...],
    owner: str,
    inputs: Sequence[KerasTensor],
    stop_at_inputs: bool,
) -> Node | None:
    """The node that made a tensor; `None` where the way ends."""
    ends = stop_at_inputs and id(tensor) in given
    if tensor._keras_history is None and ends:
        return None
    if tensor._keras_history is None and not stop_at_inputs:
        _ = tensor.history  # Raises, and says why.
    if tensor._keras_history is not None:
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        if not node.is_input:
            return None if ends else node
        if id(tensor) in given:
            return node
    raise ValueError(
        f"{owner}: Output with path `{'.'.join(map(str, path)) or 'outputs'}` is not connected to `inputs`: it "
        f"depends on {tensor.name!r} (shape {tensor.shape}), which is not among the inputs "
        f"{[one.name for one in inputs]}."
    )


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """The inputs that a symbolic tensor is computed from.

    Args:
        tensor: A symbolic tensor.

    Returns:
        Tensors that no operation made: those of `Input`, and those made by hand.

    >>> import oxhorn as keras
    >>> x = keras.Input((3,))
    >>> keras.utils.get_source_inputs(keras.ops.exp(x) + 1) == [x]
    True
    """
    found: list[KerasTensor] = []
    seen: set[int] = set()
    waiting = [tensor]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        history = current._keras_history
        node = None if history is None else history.operation._inbound_nodes[history.node_index]
        if node is None or node.is_input:
            found += (
                [current] if node is None else [t for t in node.output_tensors if id(t) not in map(id, found)]
            )
        else:
            waiting.extend(reversed(node.input_tensors))
    return found
