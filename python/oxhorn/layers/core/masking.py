"""Masking of steps by a value that stands for nothing."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.layers.layer import Layer

__all__ = ["Masking"]


class Masking(Layer):
    """Mask the steps of sequences that hold nothing but one value.

    `mask = any(x != mask_value)` over the last axis; `y = x` where the mask is True and 0 elsewhere. The mask goes
    on with the result: layers after this one, the loss and the metrics leave the masked steps out.

    Args:
        mask_value: The value that stands for nothing. Defaults to 0.0.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, features)`, or more axes; the last one is that of the features.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape that carries a mask.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> y = keras.layers.Masking()(np.array([[[1.0, 2.0], [0.0, 0.0]]]))
    >>> y._keras_mask.numpy().tolist()
    [[True, False]]
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, dict) and mask_value.get("config"):
            from oxhorn.saving import deserialize_keras_object

            mask_value = deserialize_keras_object(mask_value)
        self.mask_value = mask_value
        self.supports_masking = True
        self._build_at_init()

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where a step holds anything but the value."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        """Set masked steps to 0."""
        mask = self.compute_mask(inputs)
        outputs = ops.where(ops.expand_dims(mask, -1), inputs, ops.zeros_like(inputs))
        outputs._keras_mask = mask
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mask_value": self.mask_value}
