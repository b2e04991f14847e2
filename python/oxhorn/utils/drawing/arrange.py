"""Boxes and arrows in layers: where each box goes, and the way of each arrow, without overlaps.

Four steps: (1) each box gets a layer, below all that lead to it; arrows over several layers are cut into pieces by
placeholders; (2) the boxes of each layer are put in an order with few crossings; (3) they are moved sideways until
most arrows are straight; (4) arrows go from layer to layer through the places that their placeholders keep free.

Source: Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures, 1981.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

from oxhorn.utils.drawing.sideways import places

Point = tuple[float, float]
Size = tuple[float, float]

DIRECTIONS = ("TB", "BT", "LR", "RL")
_SWEEPS = 12
_LANE = 10.0


@dataclass(frozen=True)
class Edge:
    """An arrow; the offsets say how far from the middle of its box it starts and ends, across the direction."""

    source: int
    target: int
    source_offset: float = 0.0
    target_offset: float = 0.0


@dataclass
class Arrangement:
    """Where everything goes.

    Attributes:
        corners: The left upper corner of each box.
        routes: For each edge its points: a straight line from the first to the second, a curve to the third,
            a straight line to the fourth, and so on; the last piece is straight.
        size: Width and height of the whole.
    """

    corners: list[Point]
    routes: list[list[Point]]
    size: Size


def arrange(
    sizes: Sequence[Size],
    edges: Sequence[Edge],
    direction: str = "TB",
    gap: float = 26.0,
    layer_gap: float = 34.0,
) -> Arrangement:
    """Arranges boxes so that all arrows point in one direction.

    Args:
        sizes: Width and height of each box.
        edges: The arrows; they must not form a cycle.
        direction: `"TB"` (top to bottom), `"BT"`, `"LR"` or `"RL"`.
        gap: The least distance of two boxes side by side.
        layer_gap: The distance of two layers.

    Raises:
        ValueError: If the arrows form a cycle.
    """
    if not sizes:
        return Arrangement([], [], (0.0, 0.0))
    sideways = direction in ("LR", "RL")
    flat = [(h, w) if sideways else (w, h) for w, h in sizes]
    found = _Layers(flat, edges, gap, layer_gap).arrangement()
    if direction in ("BT", "RL"):
        length = found.size[1]
        found.corners = [(x, length - y - h) for (x, y), (_, h) in zip(found.corners, flat, strict=True)]
        found.routes = [[(x, length - y) for x, y in route] for route in found.routes]
    if sideways:
        found.corners = [(y, x) for x, y in found.corners]
        found.routes = [[(y, x) for x, y in route] for route in found.routes]
        found.size = (found.size[1], found.size[0])
    return found


class _Layers:
    """Boxes and placeholders, layer by layer, from top to bottom."""

    def __init__(self, sizes: list[Size], edges: Sequence[Edge], gap: float, layer_gap: float) -> None:
        self.sizes = list(sizes)
        self.edges = edges
        self.layer_gap = layer_gap
        self.boxes = len(sizes)
        self.layer_of = _layers_of(len(sizes), edges)
        # The nodes along each edge: its source, placeholders, its target.
        self.chains: list[list[int]] = []
        self.up: list[list[tuple[int, float, float]]] = [[] for _ in sizes]
        self.down: list[list[tuple[int, float, float]]] = [[] for _ in sizes]
        for edge in edges:
            self._cut(edge)
        self.order: list[list[int]] = [[] for _ in range(max(self.layer_of) + 1)]
        for node in self._walk():
            self.order[self.layer_of[node]].append(node)
        self._uncross()
        widths = [width for width, _ in self.sizes]
        x = places(self.order, self.up, self.down, widths, gap, self.boxes)
        left = min(middle - width / 2 for middle, width in zip(x, widths, strict=True))
        self.x = [middle - left for middle in x]

    def _cut(self, edge: Edge) -> None:
        chain = [edge.source]
        for layer in range(self.layer_of[edge.source] + 1, self.layer_of[edge.target]):
            chain.append(len(self.sizes))
            self.sizes.append((_LANE, 0.0))
            self.layer_of.append(layer)
            self.up.append([])
            self.down.append([])
        chain.append(edge.target)
        self.chains.append(chain)
        for a, b in itertools.pairwise(chain):
            start = edge.source_offset if a == edge.source else 0.0
            end = edge.target_offset if b == edge.target else 0.0
            self.down[a].append((b, start, end))
            self.up[b].append((a, end, start))

    def _walk(self) -> list[int]:
        """All nodes, neighbours near each other: depth first along the arrows."""
        seen = [False] * len(self.sizes)
        found: list[int] = []
        for start in range(len(self.sizes)):
            waiting = [start] if not self.up[start] else []
            while waiting:
                node = waiting.pop()
                if not seen[node]:
                    seen[node] = True
                    found.append(node)
                    waiting.extend(reversed([b for b, _, _ in self.down[node]]))
        return found

    # Order ---------------------------------------------------------------------------------------------

    def _uncross(self) -> None:
        best, fewest = [list(layer) for layer in self.order], self._crossings()
        for sweep in range(_SWEEPS):
            if fewest == 0:
                break
            downwards = sweep % 2 == 0
            neighbours = self.up if downwards else self.down
            layers = range(1, len(self.order)) if downwards else range(len(self.order) - 2, -1, -1)
            for index in layers:
                place = {node: i for i, node in enumerate(self.order[index - 1 if downwards else index + 1])}
                here = {node: float(i) for i, node in enumerate(self.order[index])}
                for node in self.order[index]:
                    # An offset decides between boxes that hang on the same neighbour.
                    near = [place[b] + 1e-4 * offset for b, _, offset in neighbours[node] if b in place]
                    if near:
                        here[node] = sum(near) / len(near)
                self.order[index].sort(key=here.__getitem__)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self.order], crossings
        self.order = best

    def _crossings(self) -> int:
        total = 0
        for upper, lower in zip(self.order, self.order[1:], strict=False):
            place = {node: i for i, node in enumerate(lower)}
            ends: list[int] = []
            for node in upper:
                targets = sorted(place[b] for b, _, _ in self.down[node])
                total += sum(len(ends) - bisect_left(ends, target + 1) for target in targets)
                for target in targets:
                    insort(ends, target)
        return total

    # Result --------------------------------------------------------------------------------------------

    def arrangement(self) -> Arrangement:
        heights = [max(self.sizes[node][1] for node in layer) for layer in self.order]
        tops, y = [], 0.0
        for height in heights:
            tops.append(y)
            y += height + self.layer_gap
        corners = []
        for node in range(self.boxes):
            layer, (w, h) = self.layer_of[node], self.sizes[node]
            corners.append((self.x[node] - w / 2, tops[layer] + (heights[layer] - h) / 2))
        routes = []
        for edge, chain in zip(self.edges, self.chains, strict=True):
            x = self.x[edge.source] + edge.source_offset
            layer = self.layer_of[edge.source]
            points = [
                (x, corners[edge.source][1] + self.sizes[edge.source][1]),
                (x, tops[layer] + heights[layer]),
            ]
            for node in chain[1:-1]:
                layer = self.layer_of[node]
                points += [(self.x[node], tops[layer]), (self.x[node], tops[layer] + heights[layer])]
            x = self.x[edge.target] + edge.target_offset
            points += [(x, tops[self.layer_of[edge.target]]), (x, corners[edge.target][1])]
            routes.append(points)
        right = max(self.x[node] + self.sizes[node][0] / 2 for node in range(len(self.sizes)))
        return Arrangement(corners, routes, (right, y - self.layer_gap))


def _layers_of(count: int, edges: Sequence[Edge]) -> list[int]:
    """The layer of each box: one below the lowest that leads to it; boxes without any stand just above what follows."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting_for = [0] * count
    for edge in edges:
        after[edge.source].append(edge.target)
        waiting_for[edge.target] += 1
    starts = [node for node in range(count) if waiting_for[node] == 0]
    layer = [0] * count
    ready, done = list(starts), 0
    while ready:
        node = ready.pop()
        done += 1
        for target in after[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            waiting_for[target] -= 1
            if waiting_for[target] == 0:
                ready.append(target)
    if done < count:
        raise ValueError("arrange expects arrows without a cycle; got one.")
    for node in starts:
        if after[node]:
            layer[node] = min(layer[target] for target in after[node]) - 1
    return layer
