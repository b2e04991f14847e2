"""How a step runs: many in one call of the core, or one by one in Python."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from oxhorn import _core
from oxhorn.training.data_adapters.batch import Batch, Column
from oxhorn.training.data_adapters.packing import pack_x_y_sample_weight
from oxhorn.training.optimizer_steps import STEPS_AHEAD, OptimizerStep
from oxhorn.training.tracing import TracedStep


class Steps(Protocol):
    """Runs steps over rows of columns."""

    def run(
        self,
        batch: Batch,
        order: Column | None,
        start: int,
        stop: int,
        batch_size: int,
        max_steps: int,
        budget: float,
    ) -> int:
        """Run over rows `order[start:stop]` until they, the steps or the seconds are used up; rows consumed."""
        ...

    def logs(self) -> dict[str, Any]:
        """The logs after the last step."""
        ...


class TracedSteps:
    """Steps of a traced program, inside the core."""

    def __init__(self, model: Any, step: TracedStep) -> None:
        self._model = model
        self._step = step
        self._evaluation = None if step.variables else _core.EvalLoop(step.program)
        self._training: tuple[OptimizerStep, _core.TrainLoop] | None = None

    def _loop(self) -> tuple[OptimizerStep, _core.TrainLoop]:
        """The training loop, made again when somebody gave the optimizer another rate or rule."""
        if self._training is None or not self._training[0].is_current():
            optimizer = OptimizerStep(self._model.optimizer)
            assert optimizer.core is not None
            loop = _core.TrainLoop(
                self._step.program,
                optimizer.core,
                self._step.variables,
                optimizer.iterations,
                optimizer.learning_rate,
            )
            self._training = optimizer, loop
        return self._training

    def run(
        self,
        batch: Batch,
        order: Column | None,
        start: int,
        stop: int,
        batch_size: int,
        max_steps: int,
        budget: float,
    ) -> int:
        columns = batch.columns
        if self._evaluation is not None:
            return self._evaluation.run(columns, order, start, stop, batch_size, max_steps, budget, None)
        constraints = self._step.constraints
        if constraints is None:
            return self._train(columns, order, start, stop, batch_size, max_steps, budget)
        # Constraints hold after every update, so the core takes one step at a time.
        until = time.monotonic() + budget
        at = start
        for _ in range(max_steps):
            at += self._train(columns, order, at, stop, batch_size, 1, 0.0)
            constraints.run([])
            if at >= stop or time.monotonic() >= until:
                break
        return at - start

    def _train(
        self,
        columns: list[Column],
        order: Column | None,
        start: int,
        stop: int,
        batch_size: int,
        max_steps: int,
        budget: float,
    ) -> int:
        optimizer, loop = self._loop()
        if not optimizer.has_schedule:
            return loop.run(columns, order, start, stop, batch_size, max_steps, budget)
        ahead = min(max_steps, -(-(stop - start) // batch_size), STEPS_AHEAD)
        return loop.run(columns, order, start, stop, batch_size, ahead, budget, optimizer.rates(ahead))

    def logs(self) -> dict[str, Any]:
        return logs_of(self._model, self._step.extra_logs)


class AppliedSteps:
    """Steps of a traced program that gives gradients, which Python hands to the optimizer."""

    def __init__(self, model: Any, step: TracedStep) -> None:
        self._model = model
        self._step = step

    def run(
        self,
        batch: Batch,
        order: Column | None,
        start: int,
        stop: int,
        batch_size: int,
        max_steps: int,
        budget: float,
    ) -> int:
        end = start
        for at, end in stretches(start, stop, batch_size, max_steps, budget):
            gradients = self._step.program.call(rows_of(batch, order, at, end))
            self._model.optimizer.apply(gradients, self._step.variables)
        return end - start

    def logs(self) -> dict[str, Any]:
        return logs_of(self._model, self._step.extra_logs)


class PythonSteps:
    """Steps of a Python function of a batch, one after the other."""

    def __init__(self, model: Any, function: Any, takes_iterator: bool, merge: Any) -> None:
        self._model = model
        self._function = function
        self._takes_iterator = takes_iterator
        self._merge = merge
        self._last: Any = None

    def run(
        self,
        batch: Batch,
        order: Column | None,
        start: int,
        stop: int,
        batch_size: int,
        max_steps: int,
        budget: float,
    ) -> int:
        end = start
        for at, end in stretches(start, stop, batch_size, max_steps, budget):
            data = tensors_of(batch, None if order is None else order[at:end], at, end)
            self._last = self._function(iter((data,)) if self._takes_iterator else data)
        return end - start

    def logs(self) -> dict[str, Any]:
        if not isinstance(self._last, dict):
            raise TypeError(
                f"train_step and test_step must return a dict of logs by name, such as {{'loss': loss}}; "
                f"got {self._last!r} from {type(self._model).__name__}."
            )
        merged: dict[str, Any] = self._merge(self._model, self._last)
        return merged


def stretches(
    start: int, stop: int, batch_size: int, max_steps: int, budget: float
) -> Iterator[tuple[int, int]]:
    """First row and end of each batch, until the rows, the steps or the seconds are used up; one batch at least."""
    until = time.monotonic() + budget
    for at in range(start, min(stop, start + max_steps * batch_size), batch_size):
        if at > start and time.monotonic() >= until:
            return
        yield at, min(at + batch_size, stop)


def logs_of(model: Any, extra_logs: dict[str, Any]) -> dict[str, Any]:
    """The logs of traced steps: results of metrics, and what an overridden `compute_metrics` added, as variables."""
    logs: dict[str, Any] = model.get_metrics_result()
    if extra_logs:
        logs = {**logs, **{name: holder.numpy() for name, holder in extra_logs.items()}}
    return logs


def rows_of(batch: Batch, order: Column | None, start: int, stop: int) -> list[Any]:
    """Rows `order[start:stop]` (or `start:stop`) of each column."""
    if order is None:
        return [np.ascontiguousarray(column[start:stop]) for column in batch.columns]
    rows = order[start:stop]
    return [np.ascontiguousarray(column[rows]) for column in batch.columns]


def tensors_of(batch: Batch, rows: Column | None, start: int, stop: int) -> Any:
    """Rows of the columns as eager tensors, packed as a step receives them."""
    leaves = [
        _core.tensor(np.ascontiguousarray(column[start:stop] if rows is None else column[rows]))
        for column in batch.columns
    ]
    x, y, sample_weight = batch.unpack(leaves)
    if y is None and sample_weight is not None:
        # A model with a loss of its own may weigh samples that have no targets.
        return x, None, sample_weight
    return pack_x_y_sample_weight(x, y, sample_weight)
