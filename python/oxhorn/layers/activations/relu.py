"""The rectified linear unit as a layer."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["ReLU"]


class ReLU(CoreLayer):
    """Rectified linear unit: pass what is positive, stop the rest.

    `y = min(x, max_value)` for `x >= threshold`, `y = negative_slope * (x - threshold)` below

    Args:
        max_value: Largest output, at least 0, or None for no limit. Defaults to None.
        negative_slope: Slope below the threshold, at least 0. Defaults to 0.0.
        threshold: Where the unit starts to pass, at least 0. Defaults to 0.0.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.ReLU(max_value=10.0, negative_slope=0.5)
    >>> layer(np.array([-10.0, 0.0, 5.0, 20.0])).numpy().tolist()
    [-5.0, 0.0, 5.0, 10.0]

    Source: Nair and Hinton, 2010 (https://www.cs.toronto.edu/~hinton/absps/reluICML.pdf).
    """

    build_at_init = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(max_value, "max_value")
        self.negative_slope = _not_negative(negative_slope, "negative_slope")
        self.threshold = _not_negative(threshold, "threshold")
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


def _not_negative(value: Any, name: str) -> float:
    try:
        return number(value, name, "ReLU", low=0.0)
    except ValueError as error:
        what = "a negative value" if name == "max_value" else "None or a negative value"
        raise ValueError(f"{error} The {name} of a ReLU layer cannot be {what}.") from None
