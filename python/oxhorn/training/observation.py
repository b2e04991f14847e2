"""What the layers of a model return, call by call."""

from __future__ import annotations

from typing import Any

PACKAGE = __name__.split(".", maxsplit=1)[0]


class LayerCalls:
    """The calls of layers inside one call of a model, under names made for reading.

    A layer of the model has its own name; one inside a nested model or a layer of the user's own has the path
    `"encoder/dense"`; the second call of a shared layer is `"dense:2"`. What built-in layers do inside is theirs.

    Args:
        model: The model that is going to be called.

    Attributes:
        outputs: What each call returned, by name, in the order in which the calls ended.
        layers: The layer of each call, likewise.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._stack: list[Any] = []
        self._hidden = 0
        self.outputs: dict[str, Any] = {}
        self.layers: dict[str, Any] = {}

    def enter(self, layer: Any) -> None:
        """A call begins."""
        if self._hidden or (self._stack and _is_closed(self._stack[-1])):
            self._hidden += 1
        elif layer is not self._model or self._stack:
            self._stack.append(layer)

    def leave(self, layer: Any, outputs: Any) -> None:
        """A call ends."""
        if self._hidden:
            self._hidden -= 1
        elif self._stack:
            path = "/".join(each.name for each in self._stack)
            self._stack.pop()
            name, count = path, 1
            while name in self.outputs:
                count += 1
                name = f"{path}:{count}"
            self.outputs[name] = outputs
            self.layers[name] = layer

    def variables(self, trainable: bool = True) -> dict[str, list[Any]]:
        """The variables of each layer, by the name of its first call; those of layers inside it belong to these."""
        taken: set[int] = set()
        found: dict[str, list[Any]] = {}
        for name, layer in self.layers.items():
            own = layer.trainable_variables if trainable else layer.variables
            mine = [variable for variable in own if id(variable) not in taken]
            taken.update(id(variable) for variable in mine)
            if mine:
                found[name] = mine
        return found


def _is_closed(layer: Any) -> bool:
    """Whether the calls inside this layer are nobody's business: those of built-in layers that are no models."""
    from oxhorn.models.model import Model

    return not isinstance(layer, Model) and type(layer).__module__.split(".")[0] == PACKAGE


def chosen(found: dict[str, Any], model: Any, layers: Any) -> dict[str, Any]:
    """The entries of `found` that `layers` names, in that order; all of them for `None`.

    Args:
        found: Something for each call, by its name.
        model: The model, for messages.
        layers: A name or a layer, or a list of them.

    Raises:
        ValueError: If there is no such layer, or the call does not reach it.
    """
    if layers is None:
        return found
    wanted = list(layers) if isinstance(layers, (list, tuple)) else [layers]
    picked: dict[str, Any] = {}
    for each in wanted:
        name = each if isinstance(each, str) else getattr(each, "name", None)
        calls = [key for key in found if key == name or key.startswith(f"{name}:")]
        if not calls and isinstance(name, str):
            # A layer inside another may be named without its path, where that is no riddle.
            calls = [key for key in found if key.rsplit("/", 1)[-1].split(":")[0] == name]
            if len({key.split(":")[0] for key in calls}) > 1:
                raise ValueError(
                    f"activations: {name!r} names several layers of {model.name!r}: {calls}. Give the whole path."
                )
        if not calls:
            raise ValueError(
                f"activations: a call of {model.name!r} reaches no layer {each!r}; it reaches {list(found)}."
            )
        picked.update({key: found[key] for key in calls})
    return picked
