"""Boxes with lines of text, boxes of boxes, and arrows between them: from a description to a `Picture`."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from oxhorn.utils.drawing.arrange import Arrangement, Edge, Point, Size, arrange
from oxhorn.utils.drawing.picture import Picture
from oxhorn.utils.drawing.text import FONT, shortened, width_of

_SIZE = 13.0
_SMALL = 11.5
_LEADING = 1.42
_PAD = 9.0
_MARGIN = 14.0
_INSIDE = 18.0
_BETWEEN = 6.0
INK, QUIET, ARROW = "#1f2933", "#5f6c7b", "#7b8794"


@dataclass
class Line:
    """A line of text in a box; a label stands before it in grey."""

    text: str
    label: str = ""
    bold: bool = False
    color: str = INK

    def width(self) -> float:
        return width_of(shortened(self.text), _SIZE if self.bold else _SMALL, self.bold)

    def label_width(self) -> float:
        return width_of(self.label, _SMALL) if self.label else 0.0

    def height(self) -> float:
        return (_SIZE if self.bold else _SMALL) * _LEADING


@dataclass
class Box:
    """A box with text.

    Attributes:
        lines: What it says.
        fill: Its colour.
        edge: The colour of its outline.
        dashed: Whether the outline is dashed.
        stacked: Whether a second box shows behind it: there is more inside.
        round: Whether the ends are half circles.
        hint: A text that shows under the pointer.
    """

    lines: list[Line]
    fill: str = "#ffffff"
    edge: str = "#9aa5b1"
    dashed: bool = False
    stacked: bool = False
    round: bool = False
    hint: str = ""

    def columns(self) -> tuple[float, float, float]:
        """The widths of the column of labels, of the space beside it, and of the column of what they stand for."""
        labelled = [line for line in self.lines if line.label]
        if not labelled:
            return 0.0, 0.0, 0.0
        return max(one.label_width() for one in labelled), _BETWEEN, max(one.width() for one in labelled)

    def measure(self, direction: str) -> Size:
        del direction
        alone = max((line.width() for line in self.lines if not line.label), default=0.0)
        width = max(alone, sum(self.columns())) + 2 * _PAD
        return max(width, 34.0), sum(line.height() for line in self.lines) + 1.4 * _PAD


@dataclass(frozen=True)
class Link:
    """An arrow from one part of a group to another; `source_port` and `target_port` are places in nested groups."""

    source: int
    target: int
    source_port: int | None = None
    target_port: int | None = None
    hidden: bool = False


@dataclass
class Group:
    """Parts with arrows between them, in a frame with a title.

    Attributes:
        parts: Boxes and groups.
        links: Arrows between them.
        title: The title of the frame; the outermost group has none.
        entries: The parts that arrows into port 0, 1, ... of this group lead to.
        exits: The parts that arrows out of port 0, 1, ... come from.
        dashed: Whether the frame is dashed.
        hint: A text that shows under the pointer.
    """

    parts: list[Box | Group]
    links: list[Link]
    title: str = ""
    entries: list[int] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    dashed: bool = False
    hint: str = ""
    _sizes: list[Size] = field(default_factory=list)
    _found: Arrangement | None = None
    _offset: Point = (0.0, 0.0)
    _size: Size = (0.0, 0.0)

    def measure(self, direction: str) -> Size:
        """The size of the group; its parts are arranged on the way."""
        self._sizes = [part.measure(direction) for part in self.parts]
        across = 1 if direction in ("LR", "RL") else 0
        counts: dict[tuple[int, int], int] = {}
        edges = []
        for link in self.links:
            pair = link.source, link.target
            nth = counts[pair] = counts.get(pair, 0) + 1
            same = sum((one.source, one.target) == pair for one in self.links)
            # The same two boxes joined twice, as in x * x: arrows side by side.
            apart = 0.0 if link.source_port is not None else 9.0 * (nth - (same + 1) / 2)
            edges.append(
                Edge(
                    link.source,
                    link.target,
                    apart + _port(self.parts[link.source], link.source_port, "exits", across),
                    apart + _port(self.parts[link.target], link.target_port, "entries", across),
                )
            )
        self._found = arrange(self._sizes, edges, direction)
        width, height = self._found.size
        if not self.title:
            self._offset = (_MARGIN, _MARGIN)
            self._size = (width + 2 * _MARGIN, height + 2 * _MARGIN)
            return self._size
        head = _SIZE * _LEADING + _PAD
        wide = max(width + 2 * _INSIDE, width_of(shortened(self.title), _SIZE, True) + 2 * _PAD)
        self._offset = ((wide - width) / 2, head + 4.0)
        self._size = (wide, head + 4.0 + height + _INSIDE)
        return self._size

    def place_of(self, part: int, across: int) -> float:
        """Where the middle of a part lies, from the middle of the group, across the direction of the arrows."""
        assert self._found is not None
        corner = self._found.corners[part][across] + self._offset[across]
        return corner + self._sizes[part][across] / 2 - self._size[across] / 2


def _port(part: Box | Group, port: int | None, which: str, across: int) -> float:
    if port is None or not isinstance(part, Group):
        return 0.0
    inner: list[int] = getattr(part, which)
    return part.place_of(inner[port], across) if port < len(inner) else 0.0


def draw(group: Group, direction: str = "TB", scale: float = 1.0) -> Picture:
    """The picture of a group.

    Args:
        group: What to draw.
        direction: Where arrows point: `"TB"`, `"BT"`, `"LR"` or `"RL"`.
        scale: Multiplies the size at which the picture is shown.
    """
    width, height = group.measure(direction)
    parts: list[str] = []
    _draw_group(group, 0.0, 0.0, direction, parts)
    marker = (
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0,1 L9,5 L0,9 z" fill="{ARROW}"/></marker></defs>'
    )
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.0f}" height="{height * scale:.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="{FONT}" font-size="{_SMALL}">{marker}'
        f'<rect width="{width:.1f}" height="{height:.1f}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _draw_group(group: Group, x: float, y: float, direction: str, out: list[str]) -> None:
    found = group._found
    assert found is not None
    if group.title:
        width, height = group._size
        dashes = ' stroke-dasharray="5 4"' if group.dashed else ""
        out.append(
            f'<g class="group"><rect class="frame" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="9" fill="#f5f7fa" fill-opacity="0.75" stroke="#b8c2cc"{dashes}/>'
            f'<text x="{x + _PAD:.1f}" y="{y + _PAD * 0.6 + _SIZE:.1f}" font-size="{_SIZE}" font-weight="bold" '
            f'fill="{INK}">{_escape(shortened(group.title))}</text>{_title(group.hint)}</g>'
        )
    left, top = x + group._offset[0], y + group._offset[1]
    for link, route in zip(group.links, found.routes, strict=True):
        if not link.hidden:
            out.append(_arrow([(px + left, py + top) for px, py in route], direction))
    for part, (px, py), size in zip(group.parts, found.corners, group._sizes, strict=True):
        if isinstance(part, Group):
            _draw_group(part, left + px, top + py, direction, out)
        else:
            out.append(_box(part, left + px, top + py, size))


def _box(box: Box, x: float, y: float, size: Size) -> str:
    width, height = size
    radius = min(height / 2, 16.0) if box.round else 6.0
    dashes = ' stroke-dasharray="5 3"' if box.dashed else ""
    look = f'rx="{radius:.1f}" fill="{box.fill}" stroke="{box.edge}" stroke-width="1.2"{dashes}'
    parts = ['<g class="node">', _title(box.hint)]
    if box.stacked:
        parts.append(
            f'<rect class="behind" x="{x + 4:.1f}" y="{y + 4:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>'
        )
    parts.append(
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>'
    )
    at = y + 0.7 * _PAD
    middle = x + width / 2
    labels, between, values = box.columns()
    column = middle - (labels + between + values) / 2 + labels
    for line in box.lines:
        base = at + 0.78 * line.height()
        text = _escape(shortened(line.text))
        if line.label:
            parts.append(_text(column, base, _SMALL, "end", QUIET, _escape(line.label)))
            parts.append(_text(column + between, base, _SMALL, "start", line.color, text))
        else:
            parts.append(
                _text(middle, base, _SIZE if line.bold else _SMALL, "middle", line.color, text, line.bold)
            )
        at += line.height()
    parts.append("</g>")
    return "".join(parts)


def _text(x: float, y: float, size: float, anchor: str, color: str, text: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{weight} fill="{color}" '
        f'xml:space="preserve">{text}</text>'
    )


def _arrow(points: Sequence[Point], direction: str) -> str:
    sideways = direction in ("LR", "RL")
    path = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for i in range(1, len(points)):
        (x0, y0), (x1, y1) = points[i - 1], points[i]
        if abs(x1 - x0) + abs(y1 - y0) < 0.05:
            continue  # an arrow's tip would have no direction
        if i % 2 == 1:
            path.append(f"L{x1:.1f},{y1:.1f}")
        elif sideways:
            middle = (x0 + x1) / 2
            path.append(f"C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}")
        else:
            middle = (y0 + y1) / 2
            path.append(f"C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} {x1:.1f},{y1:.1f}")
    return (
        f'<path class="arrow" d="{" ".join(path)}" fill="none" stroke="{ARROW}" stroke-width="1.4" '
        'marker-end="url(#tip)"/>'
    )


def _title(hint: str) -> str:
    return f"<title>{_escape(hint)}</title>" if hint else ""


def _escape(text: str) -> str:
    # Control characters have no place in XML, not even escaped.
    return html.escape("".join(letter if letter.isprintable() else "?" for letter in text))
