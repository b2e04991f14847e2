"""Reading and setting an optimizer's learning rate, for the callbacks that change it."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.callbacks.callback import Logs


def get_learning_rate(who: str, model: Any) -> float:
    """The learning rate of the model's optimizer as a float; `who` names the caller in the error."""
    return float(np.asarray(_checked(who, getattr(model, "optimizer", None)).learning_rate))


def set_learning_rate(model: Any, value: float) -> None:
    """Set the learning rate of the model's optimizer."""
    model.optimizer.learning_rate = value


def each_optimizer(who: str, model: Any) -> list[tuple[str, Any]]:
    """The model's optimizer as `("", optimizer)`; each of those of a `MultiOptimizer` with its name."""
    optimizer = getattr(model, "optimizer", None)
    inner: Any = getattr(optimizer, "inner_optimizer", optimizer)
    if hasattr(inner, "optimizers"):
        return [(one.name, _checked(who, one)) for one in inner.optimizers]
    return [("", _checked(who, optimizer))]


def log_learning_rates(who: str, model: Any, logs: Logs) -> None:
    """Adds the learning rate to the logs; that of each optimizer of a `MultiOptimizer` under its name."""
    for name, optimizer in each_optimizer(who, model):
        key = f"learning_rate_{name}" if name else "learning_rate"
        logs[key] = float(np.asarray(optimizer.learning_rate))


def _checked(who: str, optimizer: Any) -> Any:
    if optimizer is None or not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            f"{who}: expected a model whose optimizer has a learning rate, got optimizer {optimizer!r}. "
            "Call model.compile(optimizer=...) first."
        )
    return optimizer
