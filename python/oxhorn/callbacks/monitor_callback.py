"""What the callbacks that watch a metric have in common."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from oxhorn import ops
from oxhorn.arguments import number
from oxhorn.callbacks.callback import Callback, Logs

# For metrics that do not say themselves which way is better.
_UP = ("acc", "auc", "precision", "recall", "f1_score", "fbeta_score", "iou", "r2_score", "cosine_similarity")
_DOWN = (
    "loss",
    "error",
    "mse",
    "mae",
    "mape",
    "msle",
    "crossentropy",
    "hinge",
    "divergence",
    "logcosh",
    "poisson",
)


class MonitorCallback(Callback):
    """Base class: is the monitored metric better than before?

    A value improves on a reference when `value < reference - min_delta` (mode `"min"`) or
    `value > reference + min_delta` (mode `"max"`). NaN never improves on anything.

    Args:
        monitor: name of the metric in the logs. Defaults to `"val_loss"`.
        mode: `"min"`, `"max"`, or `"auto"`: by the metric itself or its name. Defaults to `"auto"`.
        baseline: first reference; `None` takes the first value. Defaults to `None`.
        min_delta: least change that counts, not negative. Defaults to 0.

    Raises:
        TypeError: if `monitor` is not a name.
        ValueError: at the first epoch, if `mode="auto"` cannot tell which way is better: neither a metric of the model
            nor the logs have the name, or nothing is known of it.

    Example:
        >>> from oxhorn.callbacks.monitor_callback import MonitorCallback
        >>> watch = MonitorCallback("val_accuracy", min_delta=0.01)
        >>> watch.is_improvement(0.905, 0.9), watch.is_improvement(0.92, 0.9)
        (False, True)
    """

    _remembered: tuple[str, ...] = ("best",)

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if not isinstance(monitor, str):
            raise TypeError(
                f"{name}: expected `monitor` to be the name of a metric, such as 'val_loss'; got {monitor!r}."
            )
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{name} mode '{mode}' is unknown, fallback to auto mode. Known are 'auto', 'min' and 'max'.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best: Any = baseline
        self.min_delta = abs(number(min_delta, "min_delta", name))
        self.monitor_op: Callable[[Any, Any], bool] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.monitor_op = None  # the next model's metric of that name may point the other way

    def is_improvement(self, value: Any, reference: Any) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`; `None` is worse than any number."""
        if self.monitor_op is None:
            self.monitor_op = ops.greater if self._direction({self.monitor: value}) == "up" else ops.less
        if math.isnan(value):
            return False
        if reference is None or math.isnan(reference):
            return True
        margin = self.min_delta if self.monitor_op is ops.greater else -self.min_delta
        return bool(self.monitor_op(value - margin, reference))

    def monitor_value(self, logs: Logs | None, consequence: str) -> Any:
        """The monitored value, or `None` with a warning that begins with `consequence` and lists the names.

        Raises:
            ValueError: If `mode="auto"` cannot tell which way is better, or the value is an array.
        """
        logs = logs or {}
        value = logs.get(self.monitor)
        if self.monitor_op is None:
            self.monitor_op = ops.greater if self._direction(logs) == "up" else ops.less
        if value is None:
            warnings.warn(
                f"{consequence} `{self.monitor}` which is not available. "
                f"Available metrics are: {', '.join(logs) or 'none'}.",
                stacklevel=3,
            )
            return None
        if np.ndim(value) > 0:
            raise ValueError(
                f"{type(self).__name__}: expected `{self.monitor}` to be one number, got an array of shape "
                f"{np.shape(value)}. Monitor a metric that is a scalar."
            )
        return value

    def _direction(self, logs: Logs) -> str:
        if self.mode != "auto":
            return "up" if self.mode == "max" else "down"
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return "down"
        for metric in _all_metrics(getattr(self.model, "metrics", None)):
            direction = getattr(metric, "_direction", None)
            metric_name = getattr(metric, "name", "")
            # A model of several outputs puts the output's name before the metric's.
            named = name == metric_name or name.endswith(f"_{metric_name}")
            if direction in ("up", "down") and metric_name and named:
                return str(direction)
        # A name says something only of a metric that there is.
        available = list(logs)
        if self.monitor in available or name in available:
            if any(word in name for word in _UP):
                return "up"
            if any(word in name for word in _DOWN):
                return "down"
            raise ValueError(
                f"{type(self).__name__}: monitor={self.monitor!r} does not tell whether more or less of it is better. "
                "Pass mode='max' or mode='min'."
            )
        raise ValueError(
            f"{type(self).__name__}: monitor={self.monitor!r} is not available, nor is it a metric of the model. "
            f"Available metrics are: {', '.join(available) or 'none'}. Monitor one of them."
        )


def _all_metrics(metrics: Any) -> Iterator[Any]:
    """The metrics in a list, and in the containers of metrics in it."""
    for metric in metrics or ():
        inner = getattr(metric, "metrics", None)
        if isinstance(inner, (list, tuple)):
            yield from _all_metrics(inner)
        else:
            yield metric
