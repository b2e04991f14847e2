"""Global average pooling over sequences."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.pooling.base_pooling import BaseGlobalPooling

__all__ = ["GlobalAveragePooling1D"]


class GlobalAveragePooling1D(BaseGlobalPooling):
    """Keep the mean of each feature over all steps.

    `y[b, c] = mean_t x[b, t, c]`, over the steps that the mask lets count

    Args:
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        keepdims: Whether to keep the steps with size 1. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input.
        mask: Booleans `(batch, steps)`: steps that are False do not count. Defaults to None.

    Input shape:
        `(batch, steps, features)`, or `(batch, features, steps)` with channels first.

    Output shape:
        `(batch, features)`; with `keepdims`, `(batch, 1, features)` or `(batch, features, 1)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is of the wrong kind; when called, if the input has not three axes.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.array([1.0, 2.0, 3.0], "float32").reshape(1, 3, 1)
    >>> keras.layers.GlobalAveragePooling1D()(x).numpy().ravel().tolist()
    [2.0]

    Source: Lin et al., 2014 (https://arxiv.org/abs/1312.4400).
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, keepdims=keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:  # type: ignore[override]
        """The mean over the steps; the mask may be the second argument."""
        return super().call(inputs, mask=mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: there are no steps left to mask.

        Args:
            inputs: The input.
            mask: Its mask.
        """
        return None
