"""A layer under test: how to make it anew, and what to give it."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import tree
from oxhorn.engine.call_spec import signature_of
from oxhorn.testing.battery import Array, arrays_of


class Subject:
    """A layer under test: how to make it, and what to give it."""

    def __init__(
        self, layer: Any, inputs: Any, arguments: dict[str, Any] | None, rtol: float, atol: float
    ) -> None:
        from oxhorn.layers import Layer

        is_class = isinstance(layer, type)
        if not (issubclass(layer, Layer) if is_class else isinstance(layer, Layer)):
            raise ValueError(f"check_layer expected a layer or a class of layers; got {layer!r}.")
        if arguments is not None and not is_class:
            raise ValueError(
                "check_layer: `arguments` go with a class; got a layer, which has its arguments."
            )
        self.cls: type = layer if is_class else type(layer)
        self.arguments = dict(arguments or {})
        self.given = None if is_class else layer
        self.rtol, self.atol = rtol, atol
        self.inputs = tree.map_structure(_as_array, inputs)
        if not arrays_of(self.inputs) or any(a.ndim == 0 or len(a) < 2 for a in arrays_of(self.inputs)):
            raise ValueError(
                "check_layer expected arrays of at least two samples, so that a batch can be cut in two; got the "
                f"shapes {[a.shape for a in arrays_of(self.inputs)]}."
            )
        self.kept_weights: list[Array] | None = None
        if self.given is not None and self.given.built and self.given.weights:
            self.kept_weights = self.given.get_weights()

    # Making ------------------------------------------------------------------------------------------

    def fresh(self, dtype: str = "float32") -> Any:
        """The layer made anew, not built."""
        source = self.given if self.given is not None else self.cls(**self.arguments)
        config = dict(source.get_config())
        config["dtype"] = dtype
        # Equal seeds: two makes of a random layer start alike.
        return self.cls.from_config(config)  # type: ignore[attr-defined]

    def built(self, dtype: str = "float32") -> Any:
        """The layer made anew and built, with the weights of the one given."""
        layer = self.fresh(dtype)
        self.call(layer, self.data(dtype))
        if self.kept_weights is None:
            self.kept_weights = layer.get_weights()
        else:
            layer.set_weights(
                [w.astype(v.dtype) for w, v in zip(self.kept_weights, layer.weights, strict=True)]
            )
        return layer

    def data(self, dtype: str) -> Any:
        """The inputs, floats in this dtype."""
        return tree.map_structure(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, self.inputs)

    def call(self, layer: Any, data: Any, **options: Any) -> Any:
        """What the layer makes of data; outside of training, if nothing else is said."""
        parameter = signature_of(layer.call).parameters.get("training")
        if parameter is not None and parameter.default is True:
            options = {"training": False, **options}
        return layer(data, **options)

    def model(self, layer: Any, dtype: str = "float32") -> Any:
        from oxhorn.layers import Input
        from oxhorn.models import Model

        symbolic = tree.map_structure(
            lambda a: Input(shape=a.shape[1:], dtype=a.dtype.name), self.data(dtype)
        )
        return Model(symbolic, layer(symbolic))

    def rows(self, data: Any, rows: slice) -> Any:
        return tree.map_structure(lambda a: a[rows], data)


def _as_array(leaf: Any) -> Array:
    array = np.array(leaf)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"check_layer expected arrays of numbers as inputs; got dtype {array.dtype}.")
    return array
