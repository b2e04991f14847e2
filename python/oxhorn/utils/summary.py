"""The table of a model's layers: as text with box-drawing characters, and as HTML in a notebook."""

from __future__ import annotations

import html as html_module
import math
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oxhorn import tree
from oxhorn.utils.messages import print_message


@dataclass
class SummaryTable:
    """What a summary shows, before it is drawn."""

    title: str
    header: list[str]
    alignment: list[str]
    rows: list[list[str]] = field(default_factory=list)
    totals: list[tuple[str, str]] = field(default_factory=list)
    line_length: int = 88
    positions: list[float] = field(default_factory=list)


def count_params(weights: Iterable[Any]) -> int:
    """The number of scalars in `weights`."""
    return sum(math.prod(variable.shape) for variable in weights)


def memory_size(weights: Iterable[Any]) -> int:
    """The bytes of `weights`, each counted once."""
    once = {id(variable): variable for variable in weights}.values()
    return sum(math.prod(v.shape) * np.dtype(str(v.dtype)).itemsize for v in once)


def readable_size(size: float) -> str:
    """A number of bytes as text: `1.50 KB`."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def table_of(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> SummaryTable:
    """The contents of the summary of `model`; the arguments are those of `Model.summary`."""
    from oxhorn.models.sequential import Sequential

    graph = None if isinstance(model, Sequential) else model._graph
    layers = graph.operations if graph is not None else model.layers
    connected = graph is not None and not _is_chain(graph)
    header = ["Layer (type)", "Output Shape", "Param #"]
    alignment = ["left", "left", "right"]
    width, edges = 88, [0.45, 0.80, 1.0]
    if connected:
        header.append("Connected to")
        alignment.append("left")
        width, edges = 108, [0.3, 0.56, 0.74, 1.0]
    edges = list(positions or edges)
    if show_trainable:
        header.append("Trainable")
        alignment.append("center")
        width += 12
        edges = [edge * 0.90 for edge in edges] + [1.0]
    if len(edges) != len(header):
        raise ValueError(
            f"summary: `positions` must have one number for each column {header}; got {list(positions or ())}."
        )
    table = SummaryTable(
        title=f'Model: "{model.name}"',
        header=header,
        alignment=alignment,
        line_length=line_length or min(width, shutil.get_terminal_size().columns - 4),
        positions=edges,
    )
    inside = set(graph.nodes) if graph is not None else set()
    first, last = _range_of(layers, layer_range)

    def add(layer: Any, level: int) -> None:
        prefix = "   " * level + "└ " if level else ""
        kind = getattr(layer, "class_name", type(layer).__name__)
        row = [f"{prefix}{layer.name} ({kind})", _shape(layer), _params(layer)]
        if connected:
            row.append(_connections(layer, inside))
        if show_trainable:
            row.append("-" if not getattr(layer, "weights", None) else "Y" if layer.trainable else "N")
        table.rows.append(row)
        if expand_nested:
            for inner in getattr(layer, "layers", None) or ():
                add(inner, level + 1)

    for layer in layers[first:last]:
        add(layer, 0)
    table.totals = _totals(model)
    return table


def _is_chain(graph: Any) -> bool:
    """Whether the graph is one line of layers, each called once."""
    for nodes in graph.nodes_by_depth.values():
        if len(nodes) > 1 or len(nodes[0].input_tensors) > 1:
            return False
    return len({node.operation for node in graph.nodes}) == len(graph.nodes)


def _range_of(layers: Sequence[Any], layer_range: Sequence[str] | None) -> tuple[int, int]:
    if layer_range is None:
        return 0, len(layers)
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(
            f"summary: `layer_range` must be the names of the first and the last layer; got {layer_range!r}."
        )
    matches = [[i for i, layer in enumerate(layers) if re.match(name, layer.name)] for name in layer_range]
    if not all(matches):
        raise ValueError(
            f"summary: `layer_range` {list(layer_range)} matches none of the layers "
            f"{[layer.name for layer in layers]}."
        )
    if min(matches[0]) > max(matches[1]):
        matches.reverse()
    return min(matches[0]), max(matches[1]) + 1


def _shape_text(shape: Sequence[int | None]) -> str:
    return f"({', '.join(str(size) for size in shape)})"


def _shape(layer: Any) -> str:
    """The shape of the results of the last call that is known."""
    if layer._inbound_nodes:
        shapes = tree.map_structure(lambda t: _shape_text(t.shape), layer._inbound_nodes[-1].outputs)
    elif getattr(layer, "_build_shapes_dict", None):
        try:
            computed = layer.compute_output_shape(**layer._build_shapes_dict)
            shapes = tree.map_shape_structure(_shape_text, computed)
        except (NotImplementedError, TypeError, ValueError):
            return "?"
    else:
        return "?"
    leaves = tree.flatten(shapes)
    return str(leaves[0]) if len(leaves) == 1 else str(shapes).replace("'", "")


def _params(layer: Any) -> str:
    if not hasattr(layer, "built"):
        return "0"
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _connections(layer: Any, inside: set[Any]) -> str:
    found = []
    for node in layer._inbound_nodes:
        if node not in inside:
            continue
        for tensor in node.input_tensors:
            operation, index, tensor_index = tensor.history
            found.append(f"{operation.name}[{index}][{tensor_index}]")
    return ", ".join(found) or "-"


def _totals(model: Any) -> list[tuple[str, str]]:
    groups = [("Trainable", model.trainable_weights), ("Non-trainable", model.non_trainable_weights)]
    optimizer = getattr(model, "optimizer", None)
    if getattr(model, "compiled", False) and optimizer is not None and getattr(optimizer, "built", False):
        groups.append(("Optimizer", optimizer.variables))
    counted = [(name, count_params(weights), memory_size(weights)) for name, weights in groups]
    total = ("Total", sum(count for _, count, _ in counted), sum(size for _, _, size in counted))
    return [
        (f"{name} params", f"{count:,} ({readable_size(size)})") for name, count, size in [total, *counted]
    ]


# Drawing ---------------------------------------------------------------------------------------------


def _column_widths(table: SummaryTable) -> list[int]:
    """The widths of the contents: the columns with their padding and borders fill the line."""
    widths = []
    current = 0
    for position in table.positions:
        width = int(position * table.line_length) - current
        if width < 4:
            raise ValueError(
                f"summary: a line of {table.line_length} characters is too narrow for the columns {table.header} "
                f"with the right edges {table.positions}."
            )
        widths.append(width)
        current += width
    # Padding and borders take three characters a column and one more, shared out evenly.
    excess = 3 * len(widths) + 1
    for i in range(len(widths)):
        share = round(excess / (len(widths) - i))
        widths[i] -= share
        excess -= share
    return [max(width, 1) for width in widths]


def _wrap(text: str, width: int) -> list[str]:
    """Breaks at spaces; a word that is too long ends in an ellipsis."""
    lines: list[str] = []
    current = ""
    for word in re.findall(r"\s*\S+\s*", text):
        if current and len(current) + len(word.rstrip()) > width:
            lines.append(current.rstrip())
            current = word
        else:
            current += word
    lines.append(current.rstrip())
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def _align(text: str, width: int, alignment: str) -> str:
    if alignment == "right":
        return text.rjust(width)
    if alignment == "center":
        left = (width - len(text)) // 2
        return " " * left + text + " " * (width - len(text) - left)
    return text.ljust(width)


def _row(cells: Sequence[str], widths: Sequence[int], alignment: Sequence[str], bar: str) -> list[str]:
    wrapped = [_wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for i in range(max(len(cell) for cell in wrapped)):
        parts = [
            f" {_align(cell[i] if i < len(cell) else '', width, align)} "
            for cell, width, align in zip(wrapped, widths, alignment, strict=True)
        ]
        lines.append(bar + bar.join(parts) + bar)
    return lines


def text(table: SummaryTable) -> str:
    """The table as text, the last line without an end."""
    widths = _column_widths(table)

    def rule(left: str, line: str, middle: str, right: str) -> str:
        return left + middle.join(line * (width + 2) for width in widths) + right

    lines = [table.title, rule("┏", "━", "┳", "┓")]
    lines.extend(_row(table.header, widths, table.alignment, "┃"))
    lines.append(rule("┡", "━", "╇", "┩"))
    for i, row in enumerate(table.rows):
        if i > 0:
            lines.append(rule("├", "─", "┼", "┤"))
        lines.extend(_row(row, widths, table.alignment, "│"))
    lines.append(rule("└", "─", "┴", "┘"))
    lines.extend(f" {name}: {value}" for name, value in table.totals)
    return "\n".join(lines)


_STYLES = {"left": "text-align:left", "right": "text-align:right", "center": "text-align:center"}


def html(table: SummaryTable) -> str:
    """The table as HTML."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} style="{_STYLES[align]};white-space:pre-wrap">{html_module.escape(cell)}</{tag}>'
            for cell, align in zip(row, table.alignment, strict=True)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    totals = "<br>".join(f"<b>{name}:</b> {value}" for name, value in table.totals)
    return (
        f"<div><b>{html_module.escape(table.title)}</b>"
        f"<table><thead><tr>{cells('th', table.header)}</tr></thead><tbody>{body}</tbody></table>"
        f"<div>{totals}</div></div>"
    )


def _display_in_notebook(table: SummaryTable) -> bool:
    """Shows the table as HTML if this runs in a notebook's kernel; whether it did."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return False
    from IPython.display import display

    display({"text/plain": text(table), "text/html": html(table)}, raw=True)  # type: ignore[no-untyped-call]
    return True


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Prints the summary of `model`; see `Model.summary`."""
    table = table_of(model, line_length, positions, expand_nested, show_trainable, layer_range)
    if print_fn is not None:
        print_fn(text(table) + "\n")
    elif not _display_in_notebook(table):
        print_message(text(table))
