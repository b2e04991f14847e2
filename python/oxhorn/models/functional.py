"""`Functional`: the model of symbolic inputs and outputs."""

from __future__ import annotations

from typing import Any

from oxhorn.models.model import Model


class _AlsoSubclasses(type):
    """Models of a subclass of `Model` that are made from inputs and outputs count as functional models too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        return cls is Functional and isinstance(instance, Model) and instance._is_functional


class Functional(Model, metaclass=_AlsoSubclasses):
    """What `Model(inputs, outputs)` makes.

    Args:
        inputs: A symbolic tensor, or a list, tuple or dict of them.
        outputs: Symbolic tensors that were computed from the inputs, likewise.
        name: A name; automatic (`functional`, `functional_1`, ...) if not given.

    >>> import oxhorn as keras
    >>> a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    >>> model = keras.Model([a, b], keras.layers.Add()([a, b]))
    >>> model({"a": [[1.0, 2.0]], "b": [[3.0, 4.0]]}).numpy().tolist()
    [[4.0, 6.0]]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, outputs, name=name, **kwargs)
