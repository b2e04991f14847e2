"""`HostLayer`: a layer that works on NumPy arrays, text among them, before the compiled part of a model."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, tree
from oxhorn.engine import call_context
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.layers.layer import Layer

__all__ = ["HostLayer"]


class HostLayer(Layer):
    """A layer whose `call` gets NumPy arrays, as they are, and returns tensors.

    Called on values it runs at once. In a functional or Sequential model it must come before all layers that are
    compiled: `fit`, `evaluate` and `predict` apply it to each batch, and compile what follows.
    """

    @property
    def runs_on_host(self) -> bool:
        """Whether the layer needs NumPy arrays; otherwise it is compiled like any other."""
        return True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.runs_on_host or not args or any_symbolic(args, kwargs):
            return super().__call__(*args, **kwargs)
        inputs = self._arrays(args[0])
        self.__dict__["_called"] = True
        context = call_context.get()
        observer = context.observer if context is not None else None
        if observer is not None:
            observer.enter(self)
        outputs = self.call(inputs, *args[1:], **kwargs)
        if observer is not None:
            observer.leave(self, outputs)
        return outputs

    def _arrays(self, inputs: Any) -> Any:
        for leaf in tree.flatten(inputs):
            if isinstance(leaf, _core.Tensor) and leaf.is_traced:
                raise TypeError(
                    f"{type(self).__name__} {self.name!r} works on NumPy arrays and cannot be part of a compiled "
                    "computation. Put it first in a functional or Sequential model, before all other layers; or apply "
                    "it to the data before they go to the model."
                )
        return inputs
