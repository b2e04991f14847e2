"""Places across the layers that leave as many arrows straight as can be.

Each node is lined up with its middle neighbour in the layer before, where no other line is in the way; lined-up nodes
form blocks, which are packed. This is done four times (from the first or the last layer, leaning left or right), and
each node goes to the middle of its four places.

Source: Brandes and Köpf, Fast and simple horizontal coordinate assignment, 2001.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

# For each node its neighbours in one direction: (neighbour, own offset of the arrow, the neighbour's offset).
Neighbours = list[list[tuple[int, float, float]]]


def places(
    order: Sequence[Sequence[int]],
    up: Neighbours,
    down: Neighbours,
    widths: Sequence[float],
    gap: float,
    boxes: int,
) -> list[float]:
    """The middle of each node.

    Args:
        order: The nodes of each layer, from left to right.
        up: The neighbours in the layer before.
        down: The neighbours in the layer after.
        widths: The width of each node.
        gap: The least distance of two neighbours in a layer.
        boxes: Nodes from this number on only hold a place for an arrow that passes.
    """
    crossed = _crossed_by_long_arrows(order, up, boxes)
    found: list[list[float]] = []
    for layers, neighbours in ((order, up), (order[::-1], down)):
        for sign in (1.0, -1.0):
            rows = [list(layer) if sign > 0 else list(layer)[::-1] for layer in layers]
            mirrored = [[(other, sign * own, sign * its) for other, own, its in near] for near in neighbours]
            blocks, shift = _line_up(rows, mirrored, crossed)
            x = _pack(rows, blocks, shift, widths, gap)
            found.append([sign * value for value in x])
    return _middle(found, widths)


def _crossed_by_long_arrows(
    order: Sequence[Sequence[int]], up: Neighbours, boxes: int
) -> set[tuple[int, int]]:
    """Arrows that cross a long one between two of its placeholders: the long one is kept straight."""
    crossed: set[tuple[int, int]] = set()
    for upper, lower in itertools.pairwise(order):
        place = {node: i for i, node in enumerate(upper)}
        arrows = [(place[a], i, a, b) for i, b in enumerate(lower) for a, _, _ in up[b]]
        ends = np.array([(p, q) for p, q, _, _ in arrows]).reshape(-1, 2)
        is_long = np.array([a >= boxes and b >= boxes for _, _, a, b in arrows], bool)
        gaps = ends[:, None, :] - ends[is_long][None, :, :]
        crosses = np.any(gaps[..., 0] * gaps[..., 1] < 0, axis=1) & ~is_long
        crossed.update(
            (min(a, b), max(a, b)) for (_, _, a, b), hit in zip(arrows, crosses, strict=True) if hit
        )
    return crossed


def _line_up(
    rows: list[list[int]], neighbours: Neighbours, crossed: set[tuple[int, int]]
) -> tuple[dict[int, int], dict[int, float]]:
    """The block of each node (its first node), and how far the node lies from the middle of the block."""
    root = {node: node for row in rows for node in row}
    shift = dict.fromkeys(root, 0.0)
    for before, row in itertools.pairwise(rows):
        place = {node: i for i, node in enumerate(before)}
        last = -1
        taken: set[int] = set()
        for node in row:
            near = sorted(
                ((place[other], other, own, its) for other, own, its in neighbours[node] if other in place)
            )
            middles = {(len(near) - 1) // 2, len(near) // 2} if near else set()
            for middle in sorted(middles):
                at, other, own, its = near[middle]
                pair = (min(node, other), max(node, other))
                if root[node] == node and pair not in crossed and at > last and other not in taken:
                    root[node] = root[other]
                    shift[node] = shift[other] + its - own
                    taken.add(other)
                    last = at
    return root, shift


def _pack(
    rows: list[list[int]], root: dict[int, int], shift: dict[int, float], widths: Sequence[float], gap: float
) -> list[float]:
    """Every block as far left as it can be; then towards its right neighbours, so that no gap is left open."""
    after: dict[int, dict[int, float]] = {block: {} for block in root.values()}
    waiting_for = dict.fromkeys(after, 0)
    for row in rows:
        for a, b in itertools.pairwise(row):
            space = (widths[a] + widths[b]) / 2 + gap + shift[a] - shift[b]
            left, right = root[a], root[b]
            if right not in after[left]:
                waiting_for[right] += 1
            after[left][right] = max(after[left].get(right, space), space)
    ready = [block for block, count in waiting_for.items() if count == 0]
    x = dict.fromkeys(after, 0.0)
    first = dict.fromkeys(ready, True)
    done: list[int] = []
    while ready:
        block = ready.pop()
        done.append(block)
        for other, space in after[block].items():
            x[other] = max(x[other], x[block] + space) if other in first else x[block] + space
            first[other] = True
            waiting_for[other] -= 1
            if waiting_for[other] == 0:
                ready.append(other)
    for block in reversed(done):
        if after[block]:
            x[block] = max(x[block], min(x[other] - space for other, space in after[block].items()))
    return [x[root[node]] + shift[node] for node in range(len(widths))]


def _middle(found: list[list[float]], widths: Sequence[float]) -> list[float]:
    """The four results laid over the narrowest one, and for each node the mean of the two in the middle."""
    edges = [
        (
            min(x - w / 2 for x, w in zip(one, widths, strict=True)),
            max(x + w / 2 for x, w in zip(one, widths, strict=True)),
        )
        for one in found
    ]
    left, right = min(edges, key=lambda edge: edge[1] - edge[0])
    laid = []
    for i, one in enumerate(found):
        # Leaning left: the left sides on each other; leaning right: the right sides.
        move = left - edges[i][0] if i % 2 == 0 else right - edges[i][1]
        laid.append([x + move for x in one])
    return [sum(sorted(four)[1:3]) / 2 for four in zip(*laid, strict=True)]
