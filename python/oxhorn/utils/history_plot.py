"""`plot_history`: curves of training and validation, several runs in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.utils.axes import new_axes

_COLORS = ("#5b8bd0", "#d1603d", "#59a869", "#8f6bb8", "#d39b3d", "#4aa5a8", "#b2508a", "#6b7480")


def plot_history(histories: Any, key: str = "loss", ax: Any = None, log: bool = False) -> Any:
    """Draws a metric over the epochs: training as a full line, validation as a dashed one of the same colour.

    A gap that opens between the two is overfitting.

    Args:
        histories: What `fit` returned, or a list of pairs (name, what `fit` returned), or a dict of these by name. A
            dict of lists of values, as `history.history` holds them, will do for each.
        key: The metric to draw, such as `"loss"` or `"accuracy"`; `val_` before it gives the values in validation.
        ax: Matplotlib's Axes to draw into; None makes a figure of its own.
        log: Whether the axis of values is logarithmic.

    Returns:
        The Axes.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If a run does not have the metric: the message lists those that it has.

    Example:
    >>> import oxhorn as keras
    >>> runs = {"small": {"loss": [3.0, 2.0]}, "large": {"loss": [2.5, 1.0], "val_loss": [2.6, 1.8]}}
    >>> axes = keras.utils.plot_history(runs)
    >>> [line.get_label() for line in axes.get_lines()]
    ['Small, training', 'Large, training', 'Large, validation']
    """
    runs = [(name, _values(name, run, key)) for name, run in _named(histories)]
    if not runs:
        raise ValueError("plot_history: expected at least one run; got none.")
    if ax is None:
        ax = new_axes("plot_history", "`history.history` has the numbers.", (8.0, 5.0))
    for i, (name, (epochs, values)) in enumerate(runs):
        color = _COLORS[i % len(_COLORS)]
        label = f"{str(name)[:1].upper()}{str(name)[1:]}, " if name else ""
        marker = "o" if len(epochs) == 1 else ""
        ax.plot(
            _spread(epochs, len(values[key])),
            values[key],
            color=color,
            lw=1.8,
            marker=marker,
            label=label + ("training" if name else "Training"),
        )
        if "val_" + key in values:
            # With validation_freq there are fewer values than epochs.
            validation = values["val_" + key]
            ax.plot(
                _spread(epochs, len(validation)),
                validation,
                "--",
                color=color,
                lw=1.8,
                marker=marker,
                label=label + ("validation" if name else "Validation"),
            )
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("epoch")
    ax.set_ylabel(key.replace("_", " "))
    if log:
        ax.set_yscale("log")
    ax.grid(True, color="#e4e7eb", lw=0.8)
    ax.legend(frameon=False)
    return ax


def _named(histories: Any) -> list[tuple[str, Any]]:
    if hasattr(histories, "history"):
        return [("", histories)]
    if isinstance(histories, Mapping):
        # By name, or the values of one run by metric.
        if histories and all(_is_values(values) for values in histories.values()):
            return [("", histories)]
        return list(histories.items())
    if isinstance(histories, Sequence) and not isinstance(histories, str):
        pairs = [run if isinstance(run, tuple) and len(run) == 2 else ("", run) for run in histories]
        return [(str(name), run) for name, run in pairs]
    raise ValueError(
        "plot_history: expected what fit returned, or a list of pairs (name, what fit returned); got "
        f"{arguments.describe(histories)}."
    )


def _is_values(values: Any) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, str)


def _values(name: str, run: Any, key: str) -> tuple[list[int], Mapping[str, Any]]:
    values = getattr(run, "history", run)
    if not isinstance(values, Mapping):
        raise ValueError(
            f"plot_history: expected run {name!r} to be what fit returned; got {arguments.describe(run)}."
        )
    if key not in values:
        raise ValueError(
            f"plot_history: expected `key` to be a metric of run {name!r}: {list(values)}; got {key!r}."
        )
    epochs = list(getattr(run, "epoch", None) or range(len(values[key])))
    return epochs, values


def _spread(epochs: list[int], count: int) -> list[int]:
    every = max(len(epochs) // max(count, 1), 1)
    return epochs[every - 1 :: every][:count]
