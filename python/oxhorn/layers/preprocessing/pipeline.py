"""Pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from oxhorn import arguments
from oxhorn.engine.call_spec import signature_of
from oxhorn.layers.layer import Layer

__all__ = ["Pipeline"]


class Pipeline(Layer):
    """Layers one after another, as a single layer.

    `y = layer_n(.. layer_1(x))`

    Args:
        layers: A list of layers. Each is called with what the one before returned, and with `training` and `mask` if it
            takes them.
        name: A name; automatic if not given.

    Call arguments:
        inputs: What the first layer takes.
        training: Passed on. Defaults to True, and is False in `predict` and `evaluate`.
        mask: Passed on; each layer may make another one of it.

    Input shape:
        That of the first layer.

    Output shape:
        That of the last layer.

    Returns:
        When called: what the last layer returns.

    Raises:
        ValueError: If `layers` is no list of layers.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layers = [keras.layers.AutoContrast(), keras.layers.CenterCrop(2, 2)]
    >>> keras.layers.Pipeline(layers)(np.ones((3, 4, 4, 1))).shape
    (3, 2, 2, 1)
    """

    def __init__(self, layers: Sequence[Any], name: str | None = None) -> None:
        super().__init__(name=name)
        if not isinstance(layers, (list, tuple)) or not all(isinstance(layer, Layer) for layer in layers):
            raise ValueError(
                "Pipeline: expected `layers` to be a list of layers. "
                f"Received: layers={arguments.describe(layers)}. Pass one such as [keras.layers.CenterCrop(8, 8)]."
            )
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Any]:
        """The layers, in order."""
        return list(self._pipeline_layers)

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        """Call one layer after another."""
        for layer in self._pipeline_layers:
            takes = signature_of(layer.call).parameters
            given: dict[str, Any] = {}
            if "mask" in takes:
                given["mask"] = mask
            if "training" in takes and training is not None:
                given["training"] = training
            inputs = layer(inputs, **given)
            mask = getattr(inputs, "_keras_mask", None)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {"layers": serialize_keras_object(self._pipeline_layers), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new pipeline from what `get_config` returned.

        Args:
            config: The constructor's arguments.

        Raises:
            ValueError: If the config has no list of layers.
        """
        from oxhorn.saving import deserialize_keras_object

        layers = config.get("layers")
        if not isinstance(layers, (list, tuple)):
            raise ValueError(
                "Pipeline: expected a config with a `layers` key that holds a list of layers' configs. "
                f"Received: layers={arguments.describe(layers)}. Pass what get_config returned."
            )
        return cls(**{**config, "layers": [deserialize_keras_object(layer) for layer in layers]})
