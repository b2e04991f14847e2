"""Steps of optimizers that evaluate the loss themselves, several times a step."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from oxhorn import _core
from oxhorn.engine.stateless import StatelessScope
from oxhorn.training.data_adapters.batch import Batch, Column
from oxhorn.training.input_checks import check_inputs
from oxhorn.training.steps import logs_of, rows_of, stretches
from oxhorn.training.tracing import (
    graph_inputs,
    loss_to_differentiate,
    prepare_optimizer,
    reached_variables,
    tracing,
    update_metrics,
)

Evaluate = Callable[[], tuple[Any, Sequence[Any]]]


def wants_closure(optimizer: Any) -> bool:
    """Whether a step of the optimizer evaluates the loss itself."""
    return bool(getattr(optimizer, "_wants_closure", False))


def warn_if_in_batches(optimizer: Any, steps: int | None) -> None:
    """Tell that an optimizer which compares losses should see the same data each time."""
    if wants_closure(optimizer) and steps is not None and steps > 1:
        name = type(optimizer).__name__
        warnings.warn(
            f"{name} compares losses of one step with those of the next, so it wants the full batch: all the data in "
            f"each step; got {steps} batches an epoch. Leave `batch_size` and `steps_per_epoch` out of fit, so that "
            "arrays make one batch, or use another optimizer.",
            stacklevel=4,
        )


@dataclass
class ClosureStep:
    """What such a step runs.

    Attributes:
        first: Gives the loss and the gradients, and moves metrics and statistics.
        again: Gives the same and moves nothing.
        variables: What is trained.
        reached: Which of them have a gradient.
        extra_logs: What an overridden `compute_metrics` returned beyond the metrics, as variables.
    """

    first: _core.Program
    again: _core.Program
    variables: list[Any]
    reached: list[bool]
    extra_logs: dict[str, Any] = field(default_factory=dict)

    def evaluate(self, program: _core.Program, columns: list[Any]) -> tuple[Any, Sequence[Any]]:
        """The loss and a gradient for each variable, None where there is none."""
        loss, *gradients = program.call(columns)
        given = iter(gradients)
        return loss, [next(given) if reached else None for reached in self.reached]


def trace_closure_step(model: Any, batch: Batch) -> ClosureStep | None:
    """Trace the two programs; `None` if there is nothing to train."""
    check_inputs(model, batch)
    prepare_optimizer(model, batch)
    with tracing(model) as graph:
        x, y, sample_weight = graph_inputs(graph, batch)
        y_pred, loss = loss_to_differentiate(model, x, y, sample_weight)
        model._track_loss(loss, x)
        extra_logs = update_metrics(model, x, y, y_pred, sample_weight)
        variables = list(model.trainable_variables)
        all_gradients: list[Any] = list(graph.gradients(loss, variables)) if variables else []
        reached = reached_variables(model, variables, all_gradients)
        if not reached:
            return None
        first = graph.compile([loss, *(gradient for _, gradient in reached)])
    updated = [variable for variable, _ in reached]
    with tracing(model) as graph, StatelessScope():
        x, y, sample_weight = graph_inputs(graph, batch)
        _, loss = loss_to_differentiate(model, x, y, sample_weight)
        gradients: list[Any] = list(graph.gradients(loss, updated))
        again = graph.compile([loss, *gradients])
    return ClosureStep(
        first, again, variables, [gradient is not None for gradient in all_gradients], extra_logs
    )


class ClosureSteps:
    """Steps of traced programs that an optimizer runs as often as it likes."""

    def __init__(self, model: Any, step: ClosureStep) -> None:
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
            columns = [_core.tensor(column) for column in rows_of(batch, order, at, end)]
            one_step(
                self._model,
                self._step.variables,
                functools.partial(self._step.evaluate, self._step.first, columns),
                functools.partial(self._step.evaluate, self._step.again, columns),
            )
        return end - start

    def logs(self) -> dict[str, Any]:
        return logs_of(self._model, self._step.extra_logs)


def eager_closure_step(model: Any, x: Any, y: Any, sample_weight: Any) -> Any:
    """The same without programs, for a batch of tensors; what the model made of `x` at the start."""
    variables = list(model.trainable_variables)
    outputs = []

    def evaluate() -> tuple[Any, Sequence[Any]]:
        with _core.Tape() as tape:
            y_pred, loss = loss_to_differentiate(model, x, y, sample_weight)
        outputs.append((y_pred, loss))
        return loss, tape.gradient(loss, variables)

    def first() -> tuple[Any, Sequence[Any]]:
        result = evaluate()
        model._track_loss(result[0], x)
        return result

    def again() -> tuple[Any, Sequence[Any]]:
        with StatelessScope():
            return evaluate()

    if variables:
        one_step(model, variables, first, again)
        return outputs[0][0]
    y_pred, loss = loss_to_differentiate(model, x, y, sample_weight)
    model._track_loss(loss, x)
    return y_pred


def one_step(model: Any, variables: list[Any], first: Evaluate, again: Evaluate) -> None:
    """One step of the optimizer, whose evaluations all see the same statistics and the same random numbers."""
    held = _statistics(model)
    before = [variable.value for variable in held]
    after: list[Any] | None = None

    def closure() -> tuple[Any, Sequence[Any]]:
        nonlocal after
        if after is not None:
            return again()
        result = first()
        after = [variable.value for variable in held]
        _set(held, before)
        return result

    try:
        model.optimizer.step(closure, variables)
    finally:
        if after is not None:
            _set(held, after)


def _statistics(model: Any) -> list[Any]:
    """What a forward pass in training moves: moving statistics, and the state of random generators."""
    found = list(model.non_trainable_variables)
    for layer in model._flatten_layers():
        found.extend(generator.state for generator in layer._tracker.seed_generators)
    return list({id(variable): variable for variable in found}.values())


def _set(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
