"""Reading a picture back: boxes, texts and arrows as numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from typing import Any

NAMESPACE = "{http://www.w3.org/2000/svg}"
Rectangle = tuple[float, float, float, float]


@dataclass
class Shape:
    """A box or a frame: left, top, right, bottom, and its texts."""

    place: Rectangle
    texts: list[str]
    text_places: list[tuple[float, float, str]]
    attributes: dict[str, str]


@dataclass
class Reading:
    size: tuple[float, float]
    boxes: list[Shape] = field(default_factory=list)
    frames: list[Shape] = field(default_factory=list)
    arrows: list[list[tuple[float, float]]] = field(default_factory=list)

    def box(self, text: str) -> Shape:
        return next(box for box in self.boxes if box.texts[0] == text)


def read(picture: Any) -> Reading:
    root = ElementTree.fromstring(str(picture))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    found = Reading((width, height))
    for group in root.iter(f"{NAMESPACE}g"):
        kind = group.attrib["class"]
        rectangle = next(
            r for r in group.findall(f"{NAMESPACE}rect") if r.attrib["class"] in ("box", "frame")
        )
        x, y, w, h = (float(rectangle.attrib[name]) for name in ("x", "y", "width", "height"))
        texts = group.findall(f"{NAMESPACE}text")
        shape = Shape(
            (x, y, x + w, y + h),
            ["".join(text.itertext()) for text in texts],
            [
                (float(t.attrib["x"]), float(t.attrib["y"]), t.attrib.get("text-anchor", "start"))
                for t in texts
            ],
            rectangle.attrib,
        )
        (found.boxes if kind == "node" else found.frames).append(shape)
    for path in root.iter(f"{NAMESPACE}path"):
        if path.attrib.get("class") == "arrow":
            found.arrows.append(points_of(path.attrib["d"]))
    return found


def points_of(path: str) -> list[tuple[float, float]]:
    """Points along the lines and curves of a path."""
    points: list[tuple[float, float]] = []
    for command, numbers in re.findall(r"([MLC])([^MLC]*)", path):
        values = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", numbers)]
        corners = list(zip(values[::2], values[1::2], strict=True))
        if command in "ML":
            points += [_between(points[-1], corners[0], t / 8) for t in range(1, 9)] if points else corners
        else:
            start, (a, b, end) = points[-1], corners
            points += [_bezier(start, a, b, end, t / 16) for t in range(1, 17)]
    return points


def _between(p: tuple[float, float], q: tuple[float, float], t: float) -> tuple[float, float]:
    return p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])


def _bezier(p: Any, a: Any, b: Any, q: Any, t: float) -> tuple[float, float]:
    u = 1 - t
    x, y = (u**3 * p[i] + 3 * u * u * t * a[i] + 3 * u * t * t * b[i] + t**3 * q[i] for i in (0, 1))
    return x, y


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def inside(point: tuple[float, float], box: Rectangle, margin: float = 1.0) -> bool:
    return box[0] + margin < point[0] < box[2] - margin and box[1] + margin < point[1] < box[3] - margin


def check_readable(reading: Reading) -> None:
    """No box on another, all texts in their boxes, no arrow through a box, nothing beyond the edge."""
    width, height = reading.size
    for i, box in enumerate(reading.boxes):
        left, top, right, bottom = box.place
        assert 0 <= left < right <= width and 0 <= top < bottom <= height, box
        for other in reading.boxes[i + 1 :]:
            assert not overlap(box.place, other.place), (box.texts, other.texts)
        for x, y, _ in box.text_places:
            assert left < x < right and top < y < bottom, box
        for arrow in reading.arrows:
            assert not any(inside(point, box.place) for point in arrow), box.texts
    for frame in reading.frames:
        for box in reading.boxes:
            if overlap(frame.place, box.place):
                assert frame.place[0] < box.place[0] and box.place[2] < frame.place[2], (frame, box)
                assert frame.place[1] + 15 < box.place[1] and box.place[3] < frame.place[3], (frame, box)
