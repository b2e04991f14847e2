"""`train_on_batch` and `test_on_batch`: one step with as little around it as possible."""

from __future__ import annotations

from typing import Any

from oxhorn.training import checks
from oxhorn.training.data import make_arrays
from oxhorn.training.data_adapters.batch import Batch
from oxhorn.training.data_adapters.class_weight import check_class_weight
from oxhorn.training.logs import python_logs
from oxhorn.training.programs import test_steps, train_steps
from oxhorn.training.steps import Steps


def train_on_batch(model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> dict[str, Any]:
    """One update of the weights; the logs of this batch."""
    checks.compiled(model, "train_on_batch")
    checks.trainable_as_compiled(model)
    if class_weight is not None:
        class_weight = check_class_weight("train_on_batch", class_weight)
    with model._exclusively("train_on_batch"):
        batch = make_arrays(model, "train_on_batch", x, y, sample_weight, class_weight)
        return _one_step(model, train_steps(model, batch), batch)


def test_on_batch(model: Any, x: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    """The logs of one batch, without training."""
    checks.compiled(model, "test_on_batch")
    with model._exclusively("test_on_batch"):
        batch = make_arrays(model, "test_on_batch", x, y, sample_weight, None)
        return _one_step(model, test_steps(model, batch), batch)


def _one_step(model: Any, steps: Steps, batch: Batch) -> dict[str, Any]:
    model.reset_metrics()
    size = batch.size
    steps.run(batch, None, 0, size, size, 1, 0.0)
    return python_logs(steps.logs())
