"""`take_layers`: trained layers out of a model, as they are or as copies."""

from __future__ import annotations

import copy as copying
from typing import Any

from oxhorn.arguments import boolean
from oxhorn.reuse.selecting import check_model, select


def take_layers(model: Any, layers: Any = None, copy: bool = False) -> list[Any]:
    """Layers of a model, to be built into another one.

    Shared layers (`copy=False`) are the same objects, with the same weights: what one model learns, the other knows.
    Copies have weights of their own, which begin with the same values; they keep the name and `trainable`.

    Args:
        model: Where to take them from.
        layers: Which ones: a name or a pattern (`"hidden*"`), a compiled regular expression (searched for in the
            names), a number or slice of `model.layers`, a layer, or a list of these. A name or pattern with a `/`
            reaches into models inside the model: `"encoder/dense*"`. Defaults to all the model's own layers.
        copy: Whether to copy them. Defaults to `False`.

    Returns:
        The layers, in the order of the model; input layers are left out.

    Raises:
        TypeError: If `model` is not a model, or `layers` is none of these.
        ValueError: If something names no layer, or a layer to copy has no weights yet.

    Example:
    >>> import oxhorn as keras
    >>> names = ["hidden1", "hidden2", "output"]
    >>> base = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> lower = keras.reuse.take_layers(base, "hidden*", copy=True)
    >>> model = keras.Sequential([keras.Input((4,)), *lower, keras.layers.Dense(2, name="new")])
    >>> [layer.name for layer in model.layers]
    ['hidden1', 'hidden2', 'new']

    An addition to Keras's interface.
    """
    who = "take_layers"
    check_model(model, who)
    found = [layer for _, layer in select(model, layers, who)]
    return [copy_layer(layer, who) for layer in found] if boolean(copy, "copy", who) else found


def copy_layer(layer: Any, who: str) -> Any:
    """A layer with weights of its own, of the same values."""
    if not layer.built:
        raise ValueError(
            f"{who}: layer {layer.name!r} is not built, so it has no weights to copy. Call the model on data first, or "
            "begin it with `Input(shape=...)`."
        )
    return copying.deepcopy(layer)
