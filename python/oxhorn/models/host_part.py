"""The part of a model that comes before its compiled part: layers that work on text and other NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from oxhorn import tree
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Node


class HostResults(tuple[Any, ...]):
    """What the host part of a model computed: the inputs of the compiled part.

    It has the form of a named tuple, so that whoever walks through containers makes another of the same type.
    """

    _fields = ("results",)

    def __new__(cls, *results: Any) -> Self:
        return super().__new__(cls, results)


class HostPart:
    """The calls of layers on the host, and of those before them, in front of all others.

    Attributes:
        nodes: These calls, in the order in which they are run.
        tensors: What the other calls, and the outputs of the model, take from them and from the inputs.
        rest: The other calls.
        begun: Those of them that are calls of models which begin with such a part themselves, called on known values.
    """

    def __init__(
        self, nodes: Sequence[Node], inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]
    ) -> None:
        known = {id(tensor) for tensor in inputs}
        wanted = _ancestors([node for node in nodes if runs_on_host(node.operation)])
        self.nodes: list[Node] = []
        self.rest: list[Node] = []
        for node in nodes:
            if node.is_input:
                continue
            on_host = node in wanted and all(id(one) in known for one in node.input_tensors)
            (self.nodes if on_host else self.rest).append(node)
            if on_host:
                known.update(map(id, node.output_tensors))
        self.begun = [
            node
            for node in self.rest
            if _inner_graph(node.operation) is not None
            and all(id(one) in known for one in node.input_tensors)
        ]
        whole = [node for node in self.rest if node not in self.begun]
        taken = [tensor for node in whole for tensor in node.input_tensors] + list(outputs)
        self.tensors: list[KerasTensor] = list(
            {id(tensor): tensor for tensor in taken if id(tensor) in known}.values()
        )

    def run(self, known: dict[int, Any]) -> HostResults:
        """The results for these values of the inputs, by the identity of their symbolic tensors."""
        for node in self.nodes:
            args, kwargs = node.fill(known)
            results = tree.flatten(node.operation(*args, **kwargs))
            known.update(zip(map(id, node.output_tensors), results, strict=True))
        self._refuse_text()
        inner = [
            _inner_graph(node.operation).run_on_host(node.fill(known)[0][0], node.operation.name)
            for node in self.begun
        ]
        return HostResults(*(known[id(tensor)] for tensor in self.tensors), *inner)

    def split(self, results: HostResults) -> tuple[dict[int, Any], dict[Node, Any]]:
        """Results by the identity of their tensors, and those that calls of models go on from."""
        count = len(self.tensors)
        known = dict(zip(map(id, self.tensors), results[:count], strict=True))
        return known, dict(zip(self.begun, results[count:], strict=True))

    def _refuse_text(self) -> None:
        for node in self.rest:
            if node not in self.begun and any(tensor.dtype == "string" for tensor in node.input_tensors):
                raise TypeError(
                    f"{type(node.operation).__name__} {node.operation.name!r} gets text, which only layers such as "
                    "TextVectorization, StringLookup and Hashing read. Put one of them in between."
                )

    def specs(self) -> HostResults:
        """The results as symbolic tensors of their own."""
        own = (KerasTensor(one.shape, one.dtype, name=one.name) for one in self.tensors)
        return HostResults(*own, *(_inner_graph(node.operation).host_part.specs() for node in self.begun))


def _ancestors(nodes: Sequence[Node]) -> set[Node]:
    """These calls, and those that lead to them, as far as nothing in them learns."""
    found: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found and not getattr(node.operation, "trainable_variables", None):
            found.add(node)
            waiting.extend(node.parent_nodes)
    return found


def _inner_graph(operation: Any) -> Any:
    """The graph of a model that begins with a host part, or `None`."""
    graph = getattr(operation, "_graph", None)
    return graph if graph is not None and graph.host_part is not None else None


def runs_on_host(operation: Any) -> bool:
    """Whether an operation needs NumPy arrays, so that it cannot be compiled."""
    return bool(getattr(operation, "runs_on_host", False))
