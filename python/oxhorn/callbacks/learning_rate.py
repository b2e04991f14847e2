"""Reading and setting an optimizer's learning rate, for the callbacks that change it."""

from __future__ import annotations

from typing import Any

import numpy as np


def get_learning_rate(who: str, model: Any) -> float:
    """The learning rate of the model's optimizer as a float; `who` names the caller in the error."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            f"{who}: expected a model whose optimizer has a learning rate, got optimizer {optimizer!r}. "
            "Call model.compile(optimizer=...) first."
        )
    return float(np.asarray(optimizer.learning_rate))


def set_learning_rate(model: Any, value: float) -> None:
    """Set the learning rate of the model's optimizer."""
    model.optimizer.learning_rate = value
