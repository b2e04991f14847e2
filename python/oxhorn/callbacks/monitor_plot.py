"""The picture of what a `TrainingMonitor` saw."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

_PANELS = (
    ("gradient_norm", "gradient norm", True),
    ("update_ratio", "update / weight", True),
    ("activation_mean", "activation mean", False),
    ("activation_std", "activation deviation", False),
    ("dead_share", "share of dead units", False),
)
_QUIET = "#6b7480"
_USUAL_RATIO = 1e-3
_MOST_NAMES = 24


def plot_history(history: dict[str, Any], layers: list[str] | None = None) -> Any:
    """`TrainingMonitor.plot`, which describes the arguments."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "TrainingMonitor.plot needs matplotlib, which is not installed: pip install matplotlib. "
            "`monitor.history` has the numbers."
        ) from error

    class MonitorFigure(Figure):  # type: ignore[misc, unused-ignore]
        """A figure that notebooks show once, with or without pyplot."""

        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png", dpi=100)
            return buffer.getvalue()

    steps = history["step"]
    if not len(steps):
        raise ValueError(
            "TrainingMonitor.plot: nothing was seen yet. Pass the monitor to fit(callbacks=[monitor])."
        )
    names = list(dict.fromkeys(name for key, _, _ in _PANELS for name in history[key]))
    if layers is not None:
        unknown = [name for name in layers if name not in names]
        if unknown:
            raise ValueError(f"TrainingMonitor.plot knows no layers {unknown}; it saw {names}.")
        names = list(layers)
    order = [name for name in history["activation_mean"] if name in names]
    colors = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.92, max(1, len(order))))
    color = dict(zip(order, colors, strict=True))

    figure = MonitorFigure(figsize=(11.0, 6.2), layout="constrained", facecolor="white")
    axes = figure.subplots(2, 3, sharex=True).ravel()
    handles: dict[str, Any] = {}
    _draw_loss(axes[0], steps, history["loss"])
    for axis, (key, title, logarithmic) in zip(axes[1:], _PANELS, strict=True):
        shown = False
        for name in order:
            values = history[key].get(name)
            if values is None:
                continue
            drawn = np.where(np.isfinite(values) & ((values > 0) | (not logarithmic)), values, np.nan)
            shown |= bool(np.isfinite(drawn).any())
            (handles[name],) = axis.plot(steps, drawn, color=color[name], lw=1.6, marker=_marker(steps), ms=3)
        if logarithmic and shown:
            axis.set_yscale("log")
        if key == "update_ratio" and shown:
            axis.axhline(_USUAL_RATIO, color=_QUIET, lw=0.9, ls=":")
        if key == "dead_share" and shown:
            axis.set_ylim(-0.03, 1.03)
        if not shown:
            what = "no ReLU-like layers" if key == "dead_share" and not history[key] else "no finite numbers"
            axis.text(0.5, 0.5, what, ha="center", va="center", color=_QUIET, transform=axis.transAxes)
        _finish(axis, title)
    for axis in axes[3:]:
        axis.set_xlabel("step", color=_QUIET)
    found = history["nonfinite"]
    if found is not None:
        figure.suptitle(
            found["message"].replace("TrainingMonitor: t", "T", 1), color="#b23b2e", fontsize=10, wrap=True
        )
    named = [name for name in order if name in handles][:_MOST_NAMES]
    if named:
        label = "layers" if len(named) == len(handles) else f"the first {len(named)} of {len(handles)} layers"
        figure.legend(
            [handles[name] for name in named],
            named,
            loc="outside right upper",
            title=label,
            frameon=False,
            fontsize=8.5,
        )
    return figure


def _draw_loss(axis: Any, steps: Any, loss: Any) -> None:
    finite = np.isfinite(loss)
    axis.plot(steps, np.where(finite, loss, np.nan), color="#1f2933", lw=1.8, marker=_marker(steps), ms=3)
    if not finite.any():
        axis.text(
            0.5, 0.5, "no finite numbers", ha="center", va="center", color=_QUIET, transform=axis.transAxes
        )
    _finish(axis, "loss on the probe batch")


def _finish(axis: Any, title: str) -> None:
    axis.set_title(title, fontsize=10.5, loc="left")
    axis.grid(True, color="#e4e7eb", lw=0.8)
    axis.tick_params(which="both", labelsize=8.5, colors=_QUIET)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color("#c4ccd4")


def _marker(steps: Any) -> str:
    return "o" if len(steps) <= 25 else ""
