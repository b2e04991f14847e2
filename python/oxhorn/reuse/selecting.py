"""Which layers are meant: by name, by pattern, by place, or as objects."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

from oxhorn.arguments import describe
from oxhorn.layers.input_layer import InputLayer
from oxhorn.layers.layer import Layer
from oxhorn.models.model import Model

WHICH = (
    "a name or a pattern such as 'hidden*', a compiled regular expression, a number or a slice of `model.layers`, a "
    "layer, or a list of these"
)


def check_model(model: Any, who: str) -> Any:
    """`model`, if it is one.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(model, Model):
        raise TypeError(f"{who}: expected a model; got {describe(model)}.")
    return model


def named_layers(model: Any) -> list[tuple[str, Any]]:
    """The layers of a model and of the models in it, each model before its layers, by path: `"encoder/dense"`."""
    found: list[tuple[str, Any]] = []
    waiting = [(layer.name, layer) for layer in reversed(model.layers)]
    while waiting:
        path, layer = waiting.pop()
        if isinstance(layer, InputLayer):
            continue
        found.append((path, layer))
        if isinstance(layer, Model):
            waiting.extend((f"{path}/{inner.name}", inner) for inner in reversed(layer.layers))
    return found


def select(model: Any, which: Any, who: str) -> list[tuple[str, Any]]:
    """The layers that `which` names, with their paths, in the order of the model.

    A name or pattern with a `/` is compared with whole paths, so that it reaches into models inside the model; one
    without is compared with the names of the model's own layers.

    Raises:
        TypeError: If `which` is none of the things that name layers.
        ValueError: If it, or one entry of a list, names no layer of the model.
    """
    everything = named_layers(model)
    if which is None:
        return [entry for entry in everything if "/" not in entry[0]]
    chosen: set[str] = set()
    for each in which if isinstance(which, (list, tuple, set, frozenset)) else [which]:
        paths = _paths(model, everything, each, who)
        if not paths:
            raise ValueError(_nothing(model, everything, each, who))
        chosen.update(paths)
    if not chosen:
        raise ValueError(f"{who}: expected {WHICH}; got {which!r}, which names nothing.")
    return [entry for entry in everything if entry[0] in chosen]


def _paths(model: Any, everything: list[tuple[str, Any]], which: Any, who: str) -> list[str]:
    if isinstance(which, slice) or (hasattr(which, "__index__") and not isinstance(which, bool)):
        return _by_place(model, everything, which, who)
    if isinstance(which, Layer):
        return [path for path, layer in everything if layer is which][:1]
    if isinstance(which, str):
        paths = [path for path, _ in everything]
        if which in paths:
            return [which]
        return [p for p in paths if ("/" in which or "/" not in p) and fnmatch.fnmatchcase(p, which)]
    if isinstance(which, re.Pattern) and isinstance(which.pattern, str):
        deep = "/" in which.pattern
        return [path for path, _ in everything if (deep or "/" not in path) and which.search(path)]
    raise TypeError(f"{who}: expected {WHICH}; got {describe(which)}.")


def _by_place(model: Any, everything: list[tuple[str, Any]], which: Any, who: str) -> list[str]:
    layers = model.layers
    try:
        found = layers[which] if isinstance(which, slice) else [layers[which]]
    except IndexError:
        raise ValueError(
            f"{who}: there is no layer {which}; the model {model.name!r} has {len(layers)} layers."
        ) from None
    except TypeError as error:
        raise TypeError(f"{who}: {which!r} is not a slice of a list of layers: {error}.") from None
    return [path for path, layer in everything if "/" not in path and any(layer is one for one in found)]


def _nothing(model: Any, everything: list[tuple[str, Any]], which: Any, who: str) -> str:
    names = [path for path, _ in everything if "/" not in path]
    inner = [path for path, _ in everything if isinstance(which, str) and path.endswith(f"/{which}")]
    shown = repr(which.name) if isinstance(which, Layer) else repr(which)
    hint = f" Inside models there is {inner}: give the whole path." if inner else ""
    return f"{who}: {shown} names no layer of the model {model.name!r}, which has {names}.{hint}"


def select_one(model: Any, which: Any, who: str) -> Any:
    """The one layer of the model's own that `which` names.

    Raises:
        TypeError: If `which` is none of the things that name a layer.
        ValueError: If it names no layer, several, or one inside a model inside the model.
    """
    if isinstance(which, (list, tuple, set, frozenset, slice)):
        raise TypeError(f"{who}: expected one layer, by name, number or as an object; got {describe(which)}.")
    if isinstance(which, str) and which in {layer.name for layer in model.layers}:
        return model.get_layer(which)
    found = select(model, which, who)
    if len(found) > 1:
        raise ValueError(f"{who}: {which!r} names several layers, {[path for path, _ in found]}. Choose one.")
    path, layer = found[0]
    if "/" in path:
        raise ValueError(
            f"{who}: {path!r} is inside the model {path.rsplit('/', 1)[0]!r}. Name a layer of {model.name!r} itself: "
            f"{[one.name for one in model.layers]}."
        )
    return layer
