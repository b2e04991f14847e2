"""A picture of ratios: bars on a logarithmic scale, as SVG, for light and dark pages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from summary import Spread

WIDTH, LEFT, RIGHT, TOP, ROW, BAR = 860, 250, 60, 64, 40, 13
THEMES = {
    "light": {
        "text": "#1f2328",
        "soft": "#59636e",
        "line": "#d1d9e0",
        "training": "#b45309",
        "predict": "#0969da",
    },
    "dark": {
        "text": "#f0f6fc",
        "soft": "#9198a1",
        "line": "#3d444d",
        "training": "#f0883e",
        "predict": "#58a6ff",
    },
}
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Bar:
    """One workload: how many times Oxhorn's time the best peer takes."""

    title: str
    training: Spread | None
    predict: Spread | None


def draw(bars: list[Bar], theme: str) -> str:
    """The picture; 1 is drawn as a strong line, where both are equally fast."""
    color = THEMES[theme]
    spreads = [s for bar in bars for s in (bar.training, bar.predict) if s is not None]
    least = min([0.9, *(s.low for s in spreads)])
    most = max([2.0, *(s.high for s in spreads)])
    low, high = floor(5 * log10(least)) / 5, ceil(5 * log10(most)) / 5
    bottom = TOP + ROW * len(bars)

    def x(ratio: float) -> float:
        return LEFT + (log10(ratio) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def text(x: float, y: float, words: str, fill: str, anchor: str = "start", size: int = 13) -> str:
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        return f'<text {place} fill="{fill}">{escape(words)}</text>'

    def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float) -> str:
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        return f'<line {ends} stroke="{stroke}" stroke-width="{width}"/>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 34}" '
        f'width="{WIDTH}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
        "<title>How many times Oxhorn's time the best peer takes, by workload</title>",
        text(12, 22, "Time of the best peer / time of Oxhorn", color["text"], size=15),
        text(
            12,
            42,
            "longer is better for Oxhorn; whiskers are quartiles of the rounds",
            color["soft"],
            size=12,
        ),
    ]
    for i, (name, words) in enumerate((("training", "a training step"), ("predict", "predict"))):
        at = WIDTH - RIGHT - 210 + 130 * i
        parts.append(f'<rect x="{at}" y="12" width="12" height="12" rx="2" fill="{color[name]}"/>')
        parts.append(text(at + 18, 22, words, color["text"]))
    for tick in TICKS:
        if low <= log10(tick) <= high:
            parts.append(line(x(tick), TOP - 6, x(tick), bottom, color["line"], 1))
            parts.append(text(x(tick), bottom + 18, f"{tick:g}x", color["soft"], "middle", 12))
    for i, bar in enumerate(bars):
        top = TOP + ROW * i
        parts.append(text(LEFT - 12, top + ROW / 2 + 3, bar.title, color["text"], "end"))
        for j, name in enumerate(("training", "predict")):
            s = getattr(bar, name)
            if s is None:
                continue
            y = top + 5 + j * (BAR + 2)
            start, end = sorted((x(1.0), x(s.median)))
            shape = f'x="{start:.1f}" y="{y}" width="{max(end - start, 1.0):.1f}" height="{BAR}" rx="2"'
            parts.append(f'<rect {shape} fill="{color[name]}"/>')
            parts.append(line(x(s.low), y + BAR / 2, x(s.high), y + BAR / 2, color["text"], 1.2))
            label = f"{s.median:.0f}x" if s.median >= 9.95 else f"{s.median:.1f}x"
            parts.append(text(max(x(s.high), x(1.0)) + 6, y + BAR - 2, label, color["text"], size=12))
    parts.append(line(x(1.0), TOP - 6, x(1.0), bottom, color["text"], 1.5))
    return "\n".join([*parts, "</svg>"]) + "\n"
