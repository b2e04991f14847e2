"""The gradients and the activations of a model, as NumPy arrays, without changing it."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.engine import call_context
from oxhorn.training import checks
from oxhorn.training.data import DEFAULT_BATCH_SIZE, make_arrays
from oxhorn.training.data_adapters.batch import Batch, Column
from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight
from oxhorn.training.input_checks import check_inputs
from oxhorn.training.observation import LayerCalls, chosen
from oxhorn.training.programs import cache_of
from oxhorn.training.steps import tensors_of
from oxhorn.training.structures import put_together, take_apart
from oxhorn.training.tracing import TracedPrediction, graph_inputs, tracing


@dataclass
class LossAndGradients:
    """What `loss_and_gradients` returns.

    Attributes:
        loss: The loss.
        gradients: By path of the variable.
        variables: The variables, likewise.
    """

    loss: float
    gradients: dict[str, np.ndarray[Any, Any]]
    variables: dict[str, Any]


@dataclass
class _TracedGradients:
    program: _core.Program
    variables: list[Any]
    reached: list[bool]


def loss_and_gradients(
    model: Any, who: str, x: Any, y: Any, sample_weight: Any, training: bool
) -> LossAndGradients:
    """The loss of one batch and its gradients; `Model.gradients` describes the arguments."""
    checks.compiled(model, who)
    training = checks.boolean(who, "training", training)
    with model._exclusively(who):
        batch = make_arrays(model, who, x, y, sample_weight, None)
        if model.run_eagerly:
            return _eager_gradients(model, batch, training)
        traced = cache_of(model).get(
            ("gradients", batch.spec, training), lambda: _trace_gradients(model, batch, training)
        )
        loss, *found = traced.program.run(batch.columns)
        arrays = iter(found)
        return _by_path(
            float(np.sum(loss)),
            traced.variables,
            [next(arrays) if reached else None for reached in traced.reached],
        )


def _trace_gradients(model: Any, batch: Batch, training: bool) -> _TracedGradients:
    check_inputs(model, batch)
    with tracing(model) as graph:
        x, y, sample_weight = graph_inputs(graph, batch)
        y_pred = model._forward(x, training=training)
        loss = model._loss_of_batch(x, y, y_pred, sample_weight, training=training)
        variables = list(model.trainable_variables)
        found = list(graph.gradients(loss, variables)) if variables else []
        program = graph.compile([loss, *(g for g in found if g is not None)], assign=False)
    return _TracedGradients(program, variables, [g is not None for g in found])


def _eager_gradients(model: Any, batch: Batch, training: bool) -> LossAndGradients:
    x, y, sample_weight = unpack_x_y_sample_weight(tensors_of(batch, None, 0, batch.size))
    with put_back(model):
        with _core.Tape() as tape:
            y_pred = model._forward(x, training=training)
            loss = model._loss_of_batch(x, y, y_pred, sample_weight, training=training)
        variables = list(model.trainable_variables)
        found = tape.gradient(loss, variables)
        return _by_path(float(loss), variables, [None if g is None else g.numpy() for g in found])


def _by_path(loss: float, variables: list[Any], found: list[Any]) -> LossAndGradients:
    gradients: dict[str, np.ndarray[Any, Any]] = {}
    by_path: dict[str, Any] = {}
    missing = []
    for variable, gradient in zip(variables, found, strict=True):
        if gradient is None:
            missing.append(variable.path or variable.name)
            gradient = np.zeros(tuple(variable.shape), variable.dtype)
        path = name = variable.path or variable.name
        count = 1
        # Models put together from parts may have two variables of the same path.
        while name in gradients:
            count += 1
            name = f"{path}:{count}"
        gradients[name] = gradient
        by_path[name] = variable
    if missing:
        warnings.warn(
            f"The loss does not depend on these trainable variables, so their gradients are zeros: "
            f"{', '.join(missing)}.",
            stacklevel=4,
        )
    return LossAndGradients(loss, gradients, by_path)


def activations(
    model: Any, x: Any, layers: Any = None, batch_size: int | None = None, training: bool = False
) -> dict[str, Any]:
    """`Model.activations`, which describes the arguments."""
    batch_size = checks.optional_positive_int("activations", "batch_size", batch_size) or DEFAULT_BATCH_SIZE
    training = checks.boolean("activations", "training", training)
    batch = make_arrays(model, "activations", x, None, None, None)
    if model.run_eagerly:
        with model._exclusively("activations"):
            return _eager_activations(model, batch, layers, batch_size, training)
    key: Hashable = ("activations", batch.spec, training, _key_of(layers))
    traced = cache_of(model).get(key, lambda: _trace_activations(model, batch, layers, training))
    pieces = [
        traced.program.run([column[start : start + batch_size] for column in batch.columns])
        for start in range(0, batch.size, batch_size)
    ]
    has_rows = [bool(shape) and shape[0] is None for shape in traced.shapes]
    joined: dict[str, Any] = put_together(traced.template, _join(pieces, has_rows))
    return joined


def observed_forward(model: Any, x: Any, training: bool) -> tuple[LayerCalls, Any]:
    """The calls of layers in one forward pass, and what the model returns."""
    calls = LayerCalls(model)
    with call_context.observed_by(calls):
        outputs = model._forward(x, training=training)
    return calls, outputs


def _trace_activations(model: Any, batch: Batch, layers: Any, training: bool) -> TracedPrediction:
    check_inputs(model, batch)
    with tracing(model) as graph:
        x, _, _ = graph_inputs(graph, batch)
        calls, _ = observed_forward(model, x, training)
        outputs: list[Any] = []
        template = take_apart(chosen(calls.outputs, model, layers), outputs)
        return TracedPrediction(
            graph.compile(outputs, assign=False),
            template,
            [tuple(each.shape) for each in outputs],
            [each.dtype for each in outputs],
            "float32",
        )


def _eager_activations(
    model: Any, batch: Batch, layers: Any, batch_size: int, training: bool
) -> dict[str, Any]:
    pieces: list[list[Column]] = []
    template: Any = None
    has_rows: list[bool] = []
    for start in range(0, batch.size, batch_size):
        stop = min(start + batch_size, batch.size)
        x, _, _ = unpack_x_y_sample_weight(tensors_of(batch, None, start, stop))
        with put_back(model):
            calls, _ = observed_forward(model, x, training)
            leaves: list[Any] = []
            template = take_apart(chosen(calls.outputs, model, layers), leaves)
            pieces.append([np.array(leaf) for leaf in leaves])
        has_rows = [leaf.ndim > 0 and leaf.shape[0] == stop - start for leaf in pieces[-1]]
    joined: dict[str, Any] = put_together(template, _join(pieces, has_rows))
    return joined


def _join(pieces: list[list[Column]], has_rows: list[bool]) -> list[Column]:
    if len(pieces) == 1:
        return pieces[0]
    joined = []
    for place, rows in enumerate(has_rows):
        parts = [piece[place] for piece in pieces]
        if rows:
            joined.append(np.concatenate(parts))
        elif all(np.array_equal(part, parts[0], equal_nan=part.dtype.kind == "f") for part in parts):
            joined.append(parts[0])
        else:
            raise ValueError(
                f"activations: a layer returns an array of shape {parts[0].shape}, which has no row for each sample "
                "and differs from batch to batch. Pass `batch_size=len(x)` to run all samples at once."
            )
    return joined


def _key_of(layers: Any) -> Hashable:
    if layers is None or isinstance(layers, str):
        return layers
    if isinstance(layers, (list, tuple)):
        return tuple(_key_of(each) for each in layers)
    return id(layers)


@contextmanager
def put_back(model: Any) -> Iterator[None]:
    """Afterwards, every variable and metric of the model holds what it held before."""
    variables = {id(v): v for v in model.variables}
    for metric in model.metrics:
        variables.update({id(v): v for v in metric.variables})
    held = [(variable, variable.value) for variable in variables.values()]
    try:
        yield
    finally:
        for variable, value in held:
            variable.assign(value)
        model._clear_losses()
