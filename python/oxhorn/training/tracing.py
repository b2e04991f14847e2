"""One trace for each mode: the forward pass, the loss, its gradients and the updates of the metrics as a program."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.engine import call_context, naming
from oxhorn.optimizers.optimizer import NeedsNumbers
from oxhorn.training.data_adapters.batch import Batch
from oxhorn.training.input_checks import check_inputs
from oxhorn.training.optimizer_steps import OptimizerStep
from oxhorn.training.structures import take_apart


@dataclass
class TracedStep:
    """A traced training or evaluation step.

    Attributes:
        program: One gradient for each of `variables` as outputs, or no outputs; metric updates as assignments.
        variables: What the optimizer updates in the core; empty where the program does it, or nothing is trained.
        constraints: Puts the updated variables back into their constraints; `None` where none has one.
        extra_logs: What an overridden `compute_metrics` returned beyond the metrics, as variables.
        apart: Whether the variables are updated by `optimizer.apply`, in Python, and not by the core.
    """

    program: _core.Program
    variables: list[Any] = field(default_factory=list)
    constraints: _core.Program | None = None
    extra_logs: dict[str, Any] = field(default_factory=dict)
    apart: bool = False


@contextmanager
def tracing(model: Any) -> Iterator[_core.Graph]:
    """A graph to trace a whole step in, outside of any layer call or name scope in progress."""
    context = call_context.replace(None)
    scopes, naming._stack.scopes = naming._stack.scopes, []
    try:
        with _core.Graph() as graph:
            yield graph
    finally:
        naming._stack.scopes = scopes
        call_context.replace(context)
        # Loss terms of this trace mean nothing outside it.
        model._clear_losses()


def graph_inputs(graph: _core.Graph, batch: Batch) -> tuple[Any, Any, Any]:
    """`(x, y, sample_weight)` made of inputs of the graph, the batch axis open."""
    leaves = [graph.input((None, *column.shape[1:]), column.dtype.name) for column in batch.columns]
    return batch.unpack(leaves)


def trace_train_step(model: Any, batch: Batch) -> TracedStep:
    """Trace one update of the weights."""
    check_inputs(model, batch)
    prepare_optimizer(model, batch)
    try:
        return _trace_train_step(model, batch, apart=False)
    except NeedsNumbers:
        # Python around a rule of the core: it gets the gradients of every step as they are.
        return _trace_train_step(model, batch, apart=True)


def _trace_train_step(model: Any, batch: Batch, apart: bool) -> TracedStep:
    with tracing(model) as graph:
        x, y, sample_weight = graph_inputs(graph, batch)
        y_pred, loss = loss_to_differentiate(model, x, y, sample_weight)
        model._track_loss(loss, x)
        extra_logs = update_metrics(model, x, y, y_pred, sample_weight)
        variables = list(model.trainable_variables)
        if variables:
            loss = model.optimizer.scale_loss(loss)
        gradients: list[Any] = list(graph.gradients(loss, variables)) if variables else []
        reached = reached_variables(model, variables, gradients)
        if not reached:
            return TracedStep(graph.compile([]), extra_logs=extra_logs)
        step = OptimizerStep(model.optimizer)
        apart = apart or step.apart
        if not step.in_core and not apart:
            step.trace([gradient for _, gradient in reached], [variable for variable, _ in reached])
            return TracedStep(graph.compile([]), extra_logs=extra_logs)
        program = graph.compile([gradient for _, gradient in reached])
    updated = [variable for variable, _ in reached]
    constraints = None if apart else _trace_constraints(updated)
    return TracedStep(program, updated, constraints, extra_logs, apart)


def loss_to_differentiate(model: Any, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """What the model makes of `x` in training, and the loss of it."""
    y_pred = model._forward(x, training=True)
    return y_pred, model._loss_of_batch(x, y, y_pred, sample_weight, training=True)


def prepare_optimizer(model: Any, batch: Batch) -> None:
    """Build the model's optimizer, or see that it was built for this model.

    It happens before the step is traced: what `build` assigns to variables is not to be assigned at every step.
    """
    optimizer = model.optimizer
    if not optimizer.built:
        build_layers(model, batch)
    variables = list(model.trainable_variables)
    if optimizer.built:
        optimizer._check_variables_are_known(variables)
    elif variables:
        optimizer.build(variables)


def build_layers(model: Any, batch: Batch, itself: bool = True) -> None:
    """Build what is not built yet, by tracing a call.

    Args:
        model: The model.
        batch: Data for the call.
        itself: Whether the model has to be built, too; one that only its own steps run has no `call`.
    """
    if not all(layer.built for layer in model._flatten_layers(include_self=itself)):
        with tracing(model) as graph:
            model._forward(graph_inputs(graph, batch)[0], training=True)


def _trace_constraints(variables: list[Any]) -> _core.Program | None:
    constrained = [variable for variable in variables if getattr(variable, "constraint", None) is not None]
    if not constrained:
        return None
    with _core.Graph() as graph:
        for variable in constrained:
            variable.assign(variable.constraint(variable))
        program = graph.compile([])
    return program


def trace_test_step(model: Any, batch: Batch) -> TracedStep:
    """Trace the loss and metrics of one batch."""
    check_inputs(model, batch)
    with tracing(model) as graph:
        x, y, sample_weight = graph_inputs(graph, batch)
        y_pred = model._forward(x, training=False)
        if model._has_loss():
            model._track_loss(model._loss_of_batch(x, y, y_pred, sample_weight, training=False), x)
        extra_logs = update_metrics(model, x, y, y_pred, sample_weight)
        return TracedStep(graph.compile([]), extra_logs=extra_logs)


@dataclass
class TracedPrediction:
    """A traced forward pass.

    Attributes:
        program: Outputs in flat order.
        template: The structure of the outputs.
        shapes: Shape of each output; the batch axis, and any other that the trace left open, is `None`.
        dtypes: Dtype of each output.
        float_dtype: Dtype of the first input, if it is floating point.
    """

    program: _core.Program
    template: Any
    shapes: list[tuple[int | None, ...]]
    dtypes: list[str]
    float_dtype: str


def trace_predict_step(model: Any, batch: Batch) -> TracedPrediction:
    """Trace the forward pass."""
    check_inputs(model, batch)
    with tracing(model) as graph:
        x, _, _ = graph_inputs(graph, batch)
        outputs: list[Any] = []
        template = take_apart(model._forward(x, training=False), outputs)
        first = batch.columns[0].dtype
        return TracedPrediction(
            graph.compile(outputs),
            template,
            [tuple(each.shape) for each in outputs],
            [each.dtype for each in outputs],
            first.name if first.kind == "f" else "float32",
        )


def update_metrics(model: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
    """Trace the updates of the metrics; what an override returns beyond their results goes into variables."""
    from oxhorn.training.trainer import Trainer

    if type(model).compute_metrics is Trainer.compute_metrics:
        # Results are read after the run; tracing them would ask more of a metric's `result` than it promises.
        if model._compile_metrics is not None:
            model._compile_metrics.update_state(y, y_pred, sample_weight)
        return {}
    results = model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
    if not isinstance(results, dict):
        raise TypeError(
            f"{type(model).__name__}.compute_metrics must return a dict of results by name; got {results!r}."
        )
    known = model.get_metrics_result()
    extra_logs = {}
    for name, value in results.items():
        if name in known:
            continue
        holder = _core.Variable(np.zeros(tuple(value.shape), value.dtype), trainable=False, name=str(name))
        holder.assign(value)
        extra_logs[name] = holder
    return extra_logs


def reached_variables(model: Any, variables: list[Any], gradients: list[Any]) -> list[tuple[Any, Any]]:
    """The variables that the loss depends on, with their gradients."""
    if not variables:
        warnings.warn(
            f"{model.name!r} has no trainable weights: fit computes the loss and metrics and changes nothing.",
            stacklevel=2,
        )
        return []
    reached = [(v, g) for v, g in zip(variables, gradients, strict=True) if g is not None]
    missing = [v.path or v.name for v, g in zip(variables, gradients, strict=True) if g is None]
    if not reached:
        raise ValueError(
            f"The loss does not depend on any of the {len(variables)} trainable weights of {model.name!r}, so there is "
            "nothing to learn from. Check that the loss is computed from the model's outputs."
        )
    if missing:
        warnings.warn(
            "The loss does not depend on these trainable weights, so training leaves them alone: "
            f"{', '.join(missing)}.",
            stacklevel=2,
        )
    return reached
