"""The table of converters: what nodes an op of the core becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from oxhorn.export.graph_builder import Builder, Value


class Node(NamedTuple):
    """An op of the traced model.

    Attributes:
        op: Its name in the core.
        inputs: What it reads.
        attributes: Its fields.
        outputs: (dtype, shape) of each output.
        parts: The functions that a branch or a loop holds, each to be written with `write`.
        layer: Where it comes from, for messages; empty if that is not known.
    """

    op: str
    inputs: list[Value]
    attributes: Mapping[str, Any]
    outputs: list[tuple[str, tuple[int | None, ...]]]
    parts: list[Any]
    layer: str

    @property
    def spec(self) -> tuple[str, tuple[int | None, ...]]:
        """Of the first output."""
        return self.outputs[0]

    def refuse(self, why: str, what_to_do: str) -> NotImplementedError:
        """The error for an op that cannot be written."""
        where = f" in layer {self.layer!r}" if self.layer else ""
        return NotImplementedError(f"export_onnx: the op {self.op!r}{where} {why}. {what_to_do}")


Converter = Callable[[Builder, Node], "Value | Sequence[Value | None]"]
CONVERTERS: dict[str, Converter] = {}


def converts(*ops: str) -> Callable[[Converter], Converter]:
    """Makes a function the converter of these ops."""

    def register(converter: Converter) -> Converter:
        for op in ops:
            CONVERTERS[op] = converter
        return converter

    return register
