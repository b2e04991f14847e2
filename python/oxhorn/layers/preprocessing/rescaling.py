"""Rescaling."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from oxhorn import config, ops
from oxhorn.arguments import describe, number
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Rescaling"]


class Rescaling(CoreLayer):
    """Bring numbers into another range, in training and inference alike.

    `y = x * scale + offset`

    Args:
        scale: A number, or numbers that broadcast to a sample. `1 / 255` brings bytes to [0, 1]. Where the configured
            image data format is `"channels_first"`, several numbers are those of the channels of images.
        offset: A number, or numbers that broadcast to a sample. Defaults to 0.0.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any; integers become floats.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is no number.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.Rescaling(1 / 127.5, offset=-1)(np.array([0, 255], "uint8")).numpy().tolist()
    [-1.0, 1.0]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _numbers(scale, "scale")
        self.offset = _numbers(offset, "offset")
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Scale and shift."""
        if not isinstance(self.scale, list) or config.image_data_format() == "channels_last":
            return super().call(inputs, training, mask)
        scale, offset = (_before_space(values, self.compute_dtype) for values in (self.scale, self.offset))
        return ops.cast(inputs, self.compute_dtype) * scale + offset

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new layer from what `get_config` returned.

        Args:
            config: The constructor's arguments; arrays may be written as Keras writes them.
        """
        from oxhorn.saving import deserialize_keras_object

        plain: dict[str, Any] = {
            key: deserialize_keras_object(config[key]) if isinstance(config.get(key), dict) else config[key]
            for key in ("scale", "offset")
            if key in config
        }
        return super().from_config({**config, **plain})


def _before_space(values: Any, dtype: str) -> Any:
    """Numbers of shape (channels), with axes of size 1 for the places in an image."""
    tensor = ops.convert_to_tensor(np.asarray(values), dtype)
    missing = 3 - len(tensor.shape) if len(tensor.shape) else 0
    return ops.reshape(tensor, (*tensor.shape, *(1,) * max(missing, 0)))


def _numbers(value: Any, name: str) -> float | list[Any]:
    if np.ndim(value) == 0:
        return number(value, name, "Rescaling")
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError(
            f"Rescaling: expected `{name}` to be a number or finite numbers. "
            f"Received: {name}={describe(value)}. Pass a number such as {name}=0.5."
        )
    values: list[Any] = array.astype("float64").tolist()
    return values
