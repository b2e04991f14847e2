"""One look at a model on one batch: loss, gradients, and what every layer returns, from the same forward pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.training.data_adapters.batch import Batch
from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight
from oxhorn.training.input_checks import check_inputs
from oxhorn.training.looking_inside import observed_forward, put_back
from oxhorn.training.observation import LayerCalls
from oxhorn.training.programs import build_optimizer, cache_of
from oxhorn.training.steps import tensors_of
from oxhorn.training.structures import flatten
from oxhorn.training.tracing import graph_inputs, tracing

Array = np.ndarray[Any, Any]


@dataclass
class Look:
    """What was seen.

    Attributes:
        layers: The layer of each call, by the name of the call, in the order of the calls.
        variables: The trainable variables of each layer.
        activations: The arrays that each call returned.
        loss: The loss; `None` for a model without one.
        gradients: Of each layer's variables, in their order; `None` where the loss does not depend on one.
    """

    layers: dict[str, Any]
    variables: dict[str, list[Any]]
    activations: dict[str, list[Array]]
    loss: float | None
    gradients: dict[str, list[Array | None]]


@dataclass
class _Places:
    """Which of the flat results belongs where."""

    layers: dict[str, Any]
    variables: dict[str, list[Any]]
    activations: dict[str, int]
    has_loss: bool
    reached: dict[str, list[bool]]
    program: Any = None
    flat: list[Any] = field(default_factory=list)


def look(model: Any, batch: Batch) -> Look:
    """Looks at a training step on `batch`, without taking it: nothing in the model changes."""
    if model.run_eagerly:
        with put_back(model):
            return _eager_look(model, batch)
    places = cache_of(model).get(("look", batch.spec), lambda: _trace_look(model, batch))
    return _look_of(places, places.program.run(batch.columns))


def _trace_look(model: Any, batch: Batch) -> _Places:
    check_inputs(model, batch)
    with tracing(model) as graph:
        x, y, sample_weight = graph_inputs(graph, batch)
        calls, y_pred = observed_forward(model, x, True)
        loss: Any = None
        if model._has_loss():
            loss = model._loss_of_batch(x, y, y_pred, sample_weight, training=True)
        places = _places_of(calls, loss, lambda variables: graph.gradients(loss, variables))
        places.program = graph.compile(places.flat, assign=False)
        places.flat = []
    return places


def _eager_look(model: Any, batch: Batch) -> Look:
    x, y, sample_weight = unpack_x_y_sample_weight(tensors_of(batch, None, 0, batch.size))
    loss: Any = None
    with _core.Tape() as tape:
        calls, y_pred = observed_forward(model, x, True)
        if model._has_loss():
            loss = model._loss_of_batch(x, y, y_pred, sample_weight, training=True)
    places = _places_of(calls, loss, lambda variables: tape.gradient(loss, variables))
    return _look_of(places, [np.array(each) for each in places.flat])


def _places_of(calls: LayerCalls, loss: Any, gradients_of: Any) -> _Places:
    flat: list[Any] = []
    activations: dict[str, int] = {}
    for name, outputs in calls.outputs.items():
        leaves = flatten(outputs)
        activations[name] = len(leaves)
        flat.extend(leaves)
    variables = calls.variables()
    reached: dict[str, list[bool]] = {}
    if loss is not None:
        flat.append(loss)
        every = [variable for own in variables.values() for variable in own]
        found = iter(list(gradients_of(every)) if every else [])
        for name, own in variables.items():
            gradients = [next(found) for _ in own]
            reached[name] = [gradient is not None for gradient in gradients]
            flat.extend(gradient for gradient in gradients if gradient is not None)
    return _Places(dict(calls.layers), variables, activations, loss is not None, reached, flat=flat)


def _look_of(places: _Places, results: list[Array]) -> Look:
    arrays = iter(results)
    activations = {name: [next(arrays) for _ in range(count)] for name, count in places.activations.items()}
    loss = float(np.sum(next(arrays))) if places.has_loss else None
    gradients = {
        name: [next(arrays) if known else None for known in reached]
        for name, reached in places.reached.items()
    }
    return Look(places.layers, places.variables, activations, loss, gradients)


def updates(model: Any, seen: Look) -> dict[str, list[Array]]:
    """How far one step of the optimizer along the gradients seen would move each layer's variables.

    The optimizer makes the step, and everything is put back. One that only the first step will build makes none.
    """
    pairs = [
        (name, variable, gradient)
        for name, gradients in seen.gradients.items()
        for variable, gradient in zip(seen.variables[name], gradients, strict=True)
        if gradient is not None
    ]
    if not pairs or not hasattr(model.optimizer, "apply") or not build_optimizer(model):
        return {}
    moved: dict[str, list[Array]] = {}
    with kept(model):
        before = [variable.numpy() for _, variable, _ in pairs]
        model.optimizer.apply(
            [_core.tensor(gradient) for _, _, gradient in pairs], [variable for _, variable, _ in pairs]
        )
        for (name, variable, _), old in zip(pairs, before, strict=True):
            moved.setdefault(name, []).append(variable.numpy() - old)
    return moved


class kept:
    """Holds what a training step changes, and puts it back: weights, statistics, random states, the optimizer's slots.

    Holding costs nothing until a value changes; then it is copied.
    """

    def __init__(self, model: Any) -> None:
        variables = list(model.variables)
        variables += getattr(model.optimizer, "variables", [])
        self._held = [(variable, variable.value) for variable in {id(v): v for v in variables}.values()]

    def put_back(self) -> None:
        """Everything as it was held."""
        for variable, value in self._held:
            variable.assign(value)

    def __enter__(self) -> kept:
        return self

    def __exit__(self, *_: object) -> None:
        self.put_back()
