"""Rescaling."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from oxhorn.arguments import describe, number
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Rescaling"]


class Rescaling(CoreLayer):
    """Bring numbers into another range, in training and inference alike.

    `y = x * scale + offset`

    Args:
        scale: A number, or numbers that broadcast to a sample. `1 / 255` brings bytes to [0, 1].
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
