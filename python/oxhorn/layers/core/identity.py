"""The layer that does nothing."""

from __future__ import annotations

from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Identity"]


class Identity(CoreLayer):
    """Return the input as it is: a place in a model to name, or to replace later.

    `y = x`

    Args:
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor with the values of the input.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.Identity()(np.array([1.0, 2.0])).numpy().tolist()
    [1.0, 2.0]
    """

    build_at_init = True

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
