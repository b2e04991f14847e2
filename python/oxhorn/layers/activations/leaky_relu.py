"""The leaky rectified linear unit as a layer."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["LeakyReLU"]


class LeakyReLU(CoreLayer):
    """Rectified linear unit with a small slope below zero, so that no unit goes quiet for good.

    `y = x` for `x >= 0`, `y = negative_slope * x` below

    Args:
        negative_slope: Slope below zero, at least 0 (`alpha` is its older name). Defaults to 0.3.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the slope is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.LeakyReLU(negative_slope=0.5)(np.array([-10.0, 5.0])).numpy().tolist()
    [-5.0, 5.0]

    Source: Maas et al., 2013 (https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf).
    """

    build_at_init = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        if negative_slope is None:
            raise ValueError(
                "The negative_slope value of a Leaky ReLU layer cannot be None: expected `negative_slope` of LeakyReLU "
                "to be a number of at least 0. Received: None (of type NoneType). Leave it out for 0.3."
            )
        self.negative_slope = number(negative_slope, "negative_slope", "LeakyReLU", low=0.0)
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "negative_slope": self.negative_slope}
