"""Branches of functional models: functions without arguments that use symbolic tensors from outside."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from oxhorn import tree
from oxhorn.engine import operation
from oxhorn.engine.keras_tensor import KerasTensor, any_symbolic
from oxhorn.engine.operation import Node
from oxhorn.layers.layer import Layer


@contextmanager
def recorded_nodes() -> Iterator[list[Node]]:
    """The nodes that are made meanwhile on this thread, in order."""
    nodes: list[Node] = []
    before, operation._recording.nodes = operation._recording.nodes, nodes
    try:
        yield nodes
    finally:
        operation._recording.nodes = before
        if before is not None:
            before.extend(nodes)


class Branch:
    """What a function without arguments did with symbolic tensors, to be done again with values."""

    def __init__(self, function: Callable[[], Any]) -> None:
        with recorded_nodes() as nodes:
            self.result = function()
        self.nodes = nodes
        made = {id(tensor) for node in nodes for tensor in node.output_tensors}
        used = [tensor for node in nodes for tensor in node.input_tensors]
        used += [leaf for leaf in tree.flatten(self.result) if isinstance(leaf, KerasTensor)]
        self.outside = [tensor for tensor in used if id(tensor) not in made]

    def run(self, values: dict[int, Any]) -> Any:
        """The result, for values of the symbolic tensors from outside (by identity)."""
        values = dict(values)
        for node in self.nodes:
            args, kwargs = node.fill(values)
            result = node.operation(*args, **kwargs)
            for tensor, value in zip(node.output_tensors, tree.flatten(result), strict=True):
                values[id(tensor)] = value
        return tree.map_structure(
            lambda leaf: values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf, self.result
        )


class Cond(Layer):
    """A condition between two branches of a functional model; it holds the layers that they call.

    Args:
        branches: The branch for True, the branch for False.
    """

    def __init__(self, branches: Sequence[Branch]) -> None:
        super().__init__(name=None, autocast=False)
        self._branches_of_model = tuple(branches)
        self.branch_layers = [
            node.operation
            for branch in branches
            for node in branch.nodes
            if isinstance(node.operation, Layer)
        ]
        seen: dict[int, KerasTensor] = {}
        for branch in branches:
            seen.update({id(tensor): tensor for tensor in branch.outside})
        self.outside = tuple(seen.values())
        self.built = True

    def call(self, pred: Any, *values: Any) -> Any:
        """What the branch returns that the condition chooses."""
        from oxhorn import ops

        by_id = {id(tensor): value for tensor, value in zip(self.outside, values, strict=True)}
        true, false = self._branches_of_model
        return ops.cond(pred, lambda: true.run(by_id), lambda: false.run(by_id))

    def get_config(self) -> dict[str, Any]:
        """Raises: the branches are Python functions."""
        raise NotImplementedError(
            "A model with ops.cond on symbolic tensors has no config, because its branches are Python functions. Put "
            "the condition into the `call` of a Layer of your own, or save the weights only."
        )


def symbolic_cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`ops.cond` with a symbolic condition."""
    layer = Cond([Branch(true_fn), Branch(false_fn)])
    return layer(pred, *layer.outside)


def refuse_closures(who: str, function: Callable[..., Any], argument: str) -> None:
    """Raises `ValueError` if a function uses a symbolic tensor that is not one of its arguments."""
    try:
        used = inspect.getclosurevars(function)
    except (TypeError, ValueError):
        return
    for name, value in {**used.globals, **used.nonlocals}.items():
        if any_symbolic(value):
            raise ValueError(
                f"{who}: the function uses the symbolic tensor {name!r} from outside, which has no value there. Pass "
                f"it as part of `{argument}`, or put the call into the `call` method of a Layer."
            )
