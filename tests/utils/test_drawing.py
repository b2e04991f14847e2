"""The layout: no overlaps, arrows in one direction, straight where they can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oxhorn.utils.drawing import Box, Edge, Group, Line, Link, Picture, arrange, draw
from oxhorn.utils.drawing.text import shortened, width_of
from tests.utils.svg import check_readable, overlap, read


def random_graph(seed: int) -> tuple[list[tuple[float, float]], list[Edge]]:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 30))
    sizes = [(float(w), float(h)) for w, h in rng.uniform(20, 200, size=(count, 2))]
    edges = [
        Edge(int(a), int(b))
        for b in range(1, count)
        for a in set(rng.integers(0, b, size=rng.integers(0, 4)))
    ]
    return sizes, edges


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_have_no_overlaps(seed: int, direction: str) -> None:
    sizes, edges = random_graph(seed)
    found = arrange(sizes, edges, direction)
    boxes = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(found.corners, sizes, strict=True)]
    for i, box in enumerate(boxes):
        assert box[0] >= -1e-6 and box[1] >= -1e-6
        assert box[2] <= found.size[0] + 1e-6 and box[3] <= found.size[1] + 1e-6
        assert not any(overlap(box, other) for other in boxes[i + 1 :])
    forwards = 1 if direction in ("TB", "LR") else -1
    axis = 0 if direction in ("LR", "RL") else 1
    for edge, route in zip(edges, found.routes, strict=True):
        along = [forwards * point[axis] for point in route]
        assert along == sorted(along), edge


@pytest.mark.parametrize("seed", range(12))
def test_arrows_do_not_run_through_boxes(seed: int) -> None:
    sizes, edges = random_graph(seed)
    lines = [[Line("x" * max(1, int(w / 9)), bold=True)] for w, _ in sizes]
    group = Group([Box(text) for text in lines], [Link(edge.source, edge.target) for edge in edges])
    check_readable(read(draw(group)))


def test_a_chain_is_a_straight_line() -> None:
    found = arrange([(30, 10), (90, 20), (50, 10)], [Edge(0, 1), Edge(1, 2)])
    middles = [x + w / 2 for (x, _), w in zip(found.corners, (30, 90, 50), strict=True)]
    assert middles == pytest.approx([45.0] * 3)


def test_a_skip_connection_runs_beside_its_block() -> None:
    found = arrange([(80, 20)] * 4, [Edge(0, 1), Edge(1, 2), Edge(2, 3), Edge(0, 3)])
    passing = [x for x, _ in found.routes[3][2:-2]]
    assert len(set(passing)) == 1
    assert all(not x0 <= passing[0] <= x0 + 80 for x0, _ in found.corners[1:3])


def test_two_crossing_arrows_are_uncrossed() -> None:
    found = arrange([(20, 10)] * 4, [Edge(0, 3), Edge(1, 2)])
    assert (found.corners[0][0] < found.corners[1][0]) == (found.corners[3][0] < found.corners[2][0])


def test_cycles_are_refused() -> None:
    with pytest.raises(ValueError, match="without a cycle"):
        arrange([(1, 1)] * 2, [Edge(0, 1), Edge(1, 0)])


def test_nothing_at_all() -> None:
    assert arrange([], []).size == (0.0, 0.0)


def test_text_is_escaped_and_shortened() -> None:
    reading = read(draw(Group([Box([Line("<a & 'b'>\x00" + "é" * 200)])], [])))
    assert reading.boxes[0].texts[0].startswith("<a & 'b'>?é")
    assert len(shortened("a" * 500)) <= 64
    assert width_of("WWW", 12) > width_of("iii", 12)


def test_pictures_are_saved_as_svg_only(tmp_path: Path) -> None:
    picture = Picture("<svg/>")
    picture.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == "<svg/>" == picture._repr_svg_()
    with pytest.raises(ValueError, match=r"ends in '\.svg'.*got 'a\.png'"):
        picture.save("a.png")
