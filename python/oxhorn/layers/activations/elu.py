"""The exponential linear unit as a layer."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["ELU"]


class ELU(CoreLayer):
    """Exponential linear unit: smooth and negative below zero, which centres the outputs.

    `y = x` for `x > 0`, `y = alpha * (exp(x) - 1)` otherwise

    Args:
        alpha: The negative limit is `-alpha`. Defaults to 1.0.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If alpha is no finite number.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> print(keras.layers.ELU()(np.array([-1.0, 2.0])).numpy().round(4))
    [-0.6321  2.    ]

    Source: Clevert et al., 2016 (https://arxiv.org/abs/1511.07289).
    """

    build_at_init = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number(alpha, "alpha", "ELU")
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}
