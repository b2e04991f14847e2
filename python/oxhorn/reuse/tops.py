"""Models with another top: layers taken off, put on, or replaced."""

from __future__ import annotations

import copy as copying
from collections.abc import Callable, Sequence
from typing import Any

from oxhorn import tree
from oxhorn.arguments import boolean, describe
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.layers.input_layer import Input, InputLayer
from oxhorn.layers.layer import Layer
from oxhorn.models.cloning import _clone
from oxhorn.models.functional import Functional
from oxhorn.models.model import Model
from oxhorn.models.sequential import Sequential
from oxhorn.reuse.cutting import graph_of, inputs_behind, layers_up_to, tensors_at
from oxhorn.reuse.selecting import check_model, select_one


def drop_top(model: Any, until: Any, copy: bool = False, name: str | None = None) -> Any:
    """The lower part of a model, as a model.

    Args:
        model: A Sequential or functional model.
        until: The layer whose output becomes the output: a layer, its name or its number in `model.layers` (`-2`: all
            but the last one); or a symbolic tensor inside the model. Where the graph has branches, what leads to it is
            taken, with the inputs that this needs.
        copy: Whether the new model has layers and weights of its own, of the same values. By default it shares them.
        name: The name of the new model.

    Returns:
        A model that is not compiled: a `Sequential` for one, a functional model otherwise.

    Raises:
        TypeError: If `model` is not a model, or `until` names no layer at all.
        ValueError: If there is no such layer, the model calls it several times, or the model has no graph.

    Example:
    >>> import oxhorn as keras
    >>> names = ["hidden1", "hidden2", "output"]
    >>> base = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> [layer.name for layer in keras.reuse.drop_top(base, "hidden2").layers]
    ['hidden1', 'hidden2']

    An addition to Keras's interface.
    """
    who = "drop_top"
    check_model(model, who)
    copied = boolean(copy, "copy", who)
    made = _lower(model, until, name, who)
    return copying.deepcopy(made) if copied else made


def _lower(model: Any, until: Any, name: str | None, who: str) -> Any:
    if isinstance(model, Sequential) and not isinstance(until, KerasTensor):
        graph_of(model, who)
        return Sequential([_fresh_input(model), *layers_up_to(model, until, who)], name=name)
    tensors = tensors_at(model, until, who)
    outputs = tensors[0] if len(tensors) == 1 else tensors
    return Functional(inputs_behind(model, tensors, who), outputs, name=name)


def _fresh_input(model: Sequential) -> Any:
    first = model._stacked[0]
    return Input(batch_shape=first.batch_shape, dtype=first.dtype, name=first.name)


def with_new_top(
    model: Any,
    until: Any,
    top: Sequence[Layer] | Layer | Callable[[Any], Any],
    copy: bool = False,
    name: str | None = None,
) -> Any:
    """The lower part of a model with other layers on it.

    Args:
        model: A Sequential or functional model.
        until: The last layer to keep, as in `drop_top`.
        top: What to put on it: a layer (or model), a list of layers, each fed with the result of the one before, or a
            function from the symbolic output of the lower part (a list of tensors if the layer has several outputs)
            to that of the new model.
        copy: Whether the new model has a copy of the lower layers. By default it shares them.
        name: The name of the new model.

    Returns:
        A model that is not compiled: a `Sequential` for a `Sequential` with layers on it, a functional model
        otherwise.

    Raises:
        TypeError: If `model` is not a model, or `top` is none of these.
        ValueError: If there is no such layer, the model calls it several times, or a layer of the top does not fit.

    Example:
    >>> import oxhorn as keras
    >>> names = ["hidden1", "hidden2", "output"]
    >>> base = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> model = keras.reuse.with_new_top(base, "hidden2", [keras.layers.Dense(5, name="new")])
    >>> [layer.name for layer in model.layers], model.output_shape
    (['hidden1', 'hidden2', 'new'], (None, 5))

    An addition to Keras's interface.
    """
    who = "with_new_top"
    check_model(model, who)
    copied = boolean(copy, "copy", who)
    steps = steps_of(top, who)
    lower = _lower(model, until, None, who)
    if copied:
        lower = copying.deepcopy(lower)
    if isinstance(lower, Sequential) and all(isinstance(step, Layer) for step in steps):
        return Sequential([_fresh_input(lower), *lower.layers, *steps], name=name)
    return Functional(lower.input, put_on(lower.output, steps), name=name)


def steps_of(top: Any, who: str) -> list[Callable[[Any], Any]]:
    """A top as what is called one after the other: layers, or one function of a tensor.

    Raises:
        TypeError: If it is neither.
    """
    if callable(top):
        return [top]
    wrong = [each for each in top if not isinstance(each, Layer)] if isinstance(top, (list, tuple)) else [top]
    if wrong:
        raise TypeError(
            f"{who}: expected `top` to be layers, or a function of a tensor; got {describe(wrong[0])}."
        )
    return list(top)


def put_on(outputs: Any, steps: Sequence[Callable[[Any], Any]]) -> Any:
    """What the steps make of tensors, each of what the one before made."""
    for step in steps:
        outputs = step(outputs)
    return outputs


def replace_layer(model: Any, layer: Any, new_layer: Any, copy: bool = False, name: str | None = None) -> Any:
    """A model with another layer in the place of one.

    Args:
        model: A Sequential or functional model.
        layer: The layer to replace: its name, its number in `model.layers`, or itself. Where the model calls it
            several times, all calls go to the new one.
        new_layer: The new layer (or model). It must accept the same inputs, and what comes after must accept its
            outputs.
        copy: Whether the new model has copies of the other layers. By default it shares them.
        name: The name of the new model. Defaults to that of `model`.

    Returns:
        A model that is not compiled.

    Raises:
        TypeError: If `model` is not a model, or `new_layer` is not a layer.
        ValueError: If there is no such layer, or the new one does not fit.

    Example:
    >>> import oxhorn as keras
    >>> names = ["hidden", "output"]
    >>> base = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> model = keras.reuse.replace_layer(base, "output", keras.layers.Dense(5, name="new"))
    >>> model.output_shape
    (None, 5)

    An addition to Keras's interface.
    """
    who = "replace_layer"
    check_model(model, who)
    if not isinstance(new_layer, Layer) or isinstance(new_layer, InputLayer):
        raise TypeError(f"{who}: expected a layer for `new_layer`; got {describe(new_layer)}.")
    graph_of(model, who)
    old = select_one(model, layer, who)
    if isinstance(old, InputLayer):
        raise ValueError(f"{who}: {old.name!r} is the input; make a model with another `Input`.")

    def other(one: Any) -> Any:
        if one is old:
            return new_layer
        return copying.deepcopy(one) if copied else one

    copied = boolean(copy, "copy", who)
    try:
        made: Model = _clone(_plain(model), other, None, None, True)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{who}: the layer {new_layer.name!r} does not fit in the place of {old.name!r}, which makes "
            f"{tree.map_structure(lambda tensor: tensor.shape, old._inbound_nodes[0].outputs)}: {error}"
        ) from error
    if name is not None:
        made.name = name
    return made


def _plain(model: Any) -> Any:
    """The model as a Sequential or functional one, whatever its class adds."""
    if type(model) in (Sequential, Functional):
        return model
    graph = model._graph
    return Functional(graph.inputs, graph.outputs, name=model.name, trainable=model.trainable)
