"""`freeze` and `unfreeze`: which layers training changes."""

from __future__ import annotations

from typing import Any

from oxhorn.engine.tracing import state_changed
from oxhorn.models.model import Model
from oxhorn.reuse.cutting import layers_up_to
from oxhorn.reuse.selecting import check_model, named_layers, select


def freeze(model: Any, layers: Any = None, *, until: Any = None) -> list[str]:
    """Keeps the weights of layers as they are: `layer.trainable = False`.

    Frozen layers get no gradients, and none are computed below the lowest layer that is trained. Frozen batch
    normalization runs on its moving statistics, in training too. Dropout goes on dropping.

    As in Keras, what is trainable counts when `compile` is called: compile afterwards, or call `update_optimizer`. A
    layer that several models share is frozen in all of them.

    Args:
        model: The model.
        layers: Which layers, as in `take_layers`. Defaults to all, unless `until` is given.
        until: A layer (or its name or number): this one and all that lead to it.

    Returns:
        The names of the layers that were frozen, with paths for those inside models.

    Raises:
        TypeError: If `model` is not a model, or an argument names no layers at all.
        ValueError: If something names no layer of the model.

    Example:
    >>> import oxhorn as keras
    >>> names = ["hidden1", "hidden2", "output"]
    >>> model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> keras.reuse.freeze(model, until="hidden2")
    ['hidden1', 'hidden2']
    >>> len(model.trainable_variables)
    2

    An addition to Keras's interface.
    """
    chosen = _chosen(check_model(model, "freeze"), layers, until, "freeze")
    for _, layer in chosen:
        layer.trainable = False
    return [path for path, _ in chosen]


def unfreeze(model: Any, layers: Any = None, *, until: Any = None) -> list[str]:
    """Lets layers be trained again: `layer.trainable = True`.

    For a layer inside a model that is frozen as a whole, that model is unlocked too, its other layers staying
    frozen: else the layer would not be reached.

    As in Keras, what is trainable counts when `compile` is called: compile afterwards, or call `update_optimizer`,
    which keeps what the optimizer has learned about the layers that were trained before.

    Args:
        model: The model.
        layers: Which layers, as in `take_layers`. Defaults to all, unless `until` is given.
        until: A layer (or its name or number): this one and all that lead to it.

    Returns:
        The names of the layers, with paths for those inside models.

    Raises:
        TypeError: If `model` is not a model, or an argument names no layers at all.
        ValueError: If something names no layer of the model.

    Example:
    >>> import oxhorn as keras
    >>> names = ["hidden1", "hidden2", "output"]
    >>> model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> frozen = keras.reuse.freeze(model)
    >>> keras.reuse.unfreeze(model, ["hidden2", "output"])
    ['hidden2', 'output']

    An addition to Keras's interface.
    """
    chosen = _chosen(check_model(model, "unfreeze"), layers, until, "unfreeze")
    by_path = dict(named_layers(model))
    for path, layer in chosen:
        parts = path.split("/")
        _unlock(model)
        for depth in range(1, len(parts)):
            _unlock(by_path["/".join(parts[:depth])])
        layer.trainable = True
    return [path for path, _ in chosen]


def _unlock(model: Model) -> None:
    """Makes a frozen model one whose frozen parts are its layers."""
    model.__dict__["_trainable"] = True
    state_changed()


def _chosen(model: Any, layers: Any, until: Any, who: str) -> list[tuple[str, Any]]:
    if until is None:
        return select(model, layers, who)
    below = [(layer.name, layer) for layer in layers_up_to(model, until, who)]
    if layers is None:
        return below
    named = select(model, layers, who)
    return [entry for entry in named_layers(model) if entry in named or entry in below]


def update_optimizer(model: Any) -> None:
    """Tells the optimizer of a compiled model which weights are trained now.

    In the place of another `compile`, which starts with a new optimizer: what the optimizer keeps for weights that
    were trained before stays (momenta, averages, the count of updates), weights that are unfrozen get what they need,
    and for those that are frozen nothing is kept any more.

    Args:
        model: A compiled model.

    Raises:
        TypeError: If it is not a model.
        ValueError: If it is not compiled, or the optimizer cannot go on with other weights (`LBFGS`).

    Example:
    >>> import oxhorn as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    >>> _ = keras.reuse.freeze(model, 0)
    >>> model.compile("adam", loss="mse")
    >>> history = model.fit([[1.0, 2.0]], [[3.0]], verbose=0)
    >>> _ = keras.reuse.unfreeze(model, 0)
    >>> keras.reuse.update_optimizer(model)
    >>> history = model.fit([[1.0, 2.0]], [[3.0]], verbose=0)
    >>> int(model.optimizer.iterations)
    2

    An addition to Keras's interface.
    """
    from oxhorn.training import checks

    check_model(model, "update_optimizer")
    checks.compiled(model, "update_optimizer")
    if model.optimizer.built:
        model.optimizer.rebuild(model.trainable_variables)
    model._set(_compiled_trainable={layer: layer.trainable for layer in model._flatten_layers()})
