"""Whether the lower part of a model gives the same numbers every time, so that they can be computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core, tree
from oxhorn.engine.operation import Node
from oxhorn.layers.layer import Layer
from oxhorn.models.host_part import runs_on_host
from oxhorn.reuse.cutting import Cut
from oxhorn.training.tracing import tracing


def check_frozen(model: Any, cut: Cut, who: str) -> None:
    """Raises a `ValueError` if a layer of the lower part is trained, random, or changes with every batch.

    Args:
        model: The whole model.
        cut: Where it is cut.
        who: Who asks, for messages.
    """
    last = [tensor.history.operation.name for tensor in cut.tensors]
    trained = [layer for layer in _layers_of(cut.below) if layer.trainable_variables]
    if trained:
        raise ValueError(
            f"{who}: the layers {[layer.name for layer in trained]} of {model.name!r} are trained, and lead to {last}: "
            "what they give changes with every step. Freeze them first: "
            f"`oxhorn.reuse.freeze(model, until={last[-1]!r})`."
        )
    for tensor in cut.tensors:
        if getattr(tensor, "_keras_mask", None) is not None:
            raise ValueError(
                f"{who}: {tensor.history.operation.name!r} of {model.name!r} hands a mask to the layers above, which "
                "stored features do not have. Cut where no mask is handed on, such as above the recurrent or pooling "
                "layer that uses it up."
            )
    for node in cut.below:
        if node.is_input or runs_on_host(node.operation):
            continue
        reason = _moves(model, node)
        if reason is not None:
            raise ValueError(
                f"{who}: the layer {node.operation.name!r} ({type(node.operation).__name__}) of {model.name!r} leads "
                f"to {last}, and {reason}."
            )


def _layers_of(nodes: Sequence[Node]) -> list[Any]:
    layers = [node.operation for node in nodes if isinstance(node.operation, Layer)]
    return list({id(layer): layer for layer in layers}.values())


def _moves(model: Any, node: Node) -> str | None:
    """Why a call gives other numbers at another time or in training; `None` if it does not."""
    operation: Any = node.operation
    parts = operation._flatten_layers() if isinstance(operation, Layer) else []
    if any(getattr(part, "stateful", False) for part in parts):
        return "it is stateful: what it gives depends on the batches before. Leave `stateful` out"
    training, adds_losses = _traced(model, node, True)
    inference, _ = _traced(model, node, False)
    if adds_losses:
        return (
            "it adds to the loss (an activity regularizer, or `add_loss`), which training on stored features would "
            "leave out"
        )
    if training.describe() == inference.describe():
        return None
    if any(part._seed_generators for part in parts):
        return (
            "it draws random numbers in training (as dropout does): there is no one result to store. Leave it out of "
            "the lower part, set its rate to 0, or call it with `training=False` when you make the model"
        )
    moving = [part.name for part in parts if part.trainable and part.non_trainable_variables]
    if moving:
        return (
            f"in training it uses the statistics of each batch, and keeps their averages, in {moving}. Freeze it "
            "(`layer.trainable = False`), so that it runs on the averages"
        )
    return "it computes something else in training than in `predict`, or changes a state"


def _traced(model: Any, node: Node, training: bool) -> tuple[_core.Program, bool]:
    """One call as a program, with what it assigns in training; and whether it adds to the loss."""
    operation: Any = node.operation
    with tracing(model) as graph:
        values = {id(t): graph.input((None, *t.shape[1:]), t.dtype) for t in node.input_tensors}
        args, kwargs = node.fill(values)
        if isinstance(operation, Layer):
            kwargs.setdefault("training", training)
        results = [r for r in tree.flatten(operation(*args, **kwargs)) if isinstance(r, _core.Tensor)]
        parts = operation._flatten_layers() if isinstance(operation, Layer) else []
        program = graph.compile([r for r in results if r.is_traced], assign=training)
        return program, any(part._losses for part in parts)


def program_of(model: Any, arrays: Sequence[Any], training: bool) -> _core.Program:
    """A call of a model as a program, as it is part of a step or of `predict`; it changes nothing in the model.

    Args:
        model: A model with a graph.
        arrays: Rows of its inputs, in flat order.
        training: Whether it is called as in training.
    """
    with tracing(model) as graph:
        inputs = [graph.input((None, *array.shape[1:]), array.dtype.name) for array in arrays]
        outputs = model(inputs if len(inputs) > 1 else inputs[0], training=training)
        return graph.compile(tree.flatten(outputs), assign=False)


def same_bits(some: Sequence[np.ndarray[Any, Any]], others: Sequence[np.ndarray[Any, Any]]) -> bool:
    """Whether arrays hold the same bits."""
    return all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in zip(some, others, strict=True))


def rounds_the_same(whole: _core.Program, parts: Sequence[_core.Program]) -> bool:
    """Whether each op of the whole is one of a part; but activations round alike wherever they are done, and copies."""
    left: Counter[str] = Counter()
    for part in parts:
        left.update(part.describe().split())
    left.subtract(whole.describe().split())
    return not {name for name, count in left.items() if count} - {"copy", *_core.activation_names()}
