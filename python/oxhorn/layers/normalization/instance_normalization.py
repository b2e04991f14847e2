"""Instance normalisation."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.normalization.group_normalization import GroupNormalization

__all__ = ["InstanceNormalization"]


class InstanceNormalization(GroupNormalization):
    """Bring each channel of each sample to mean 0 and variance 1, then to a learned scale and mean. An addition.

    `y = gamma * (x - mean(x)) / sqrt(var(x) + epsilon) + beta`, moments over all places of one channel of one sample:
    `GroupNormalization(groups=-1)`. It takes the contrast out of images, for style transfer.

    Args:
        axis: The axis of the channels. Defaults to -1.
        epsilon: Small positive number added to the variance, against division by zero. Defaults to 0.001.
        center: Whether to add `beta`. Defaults to True.
        scale: Whether to multiply by `gamma`. Defaults to True.
        beta_initializer: Initializer of beta. Defaults to "zeros".
        gamma_initializer: Initializer of gamma. Defaults to "ones".
        beta_regularizer: Regularizer of beta, or None. Defaults to None.
        gamma_regularizer: Regularizer of gamma, or None. Defaults to None.
        beta_constraint: Constraint of beta, or None. Defaults to None.
        gamma_constraint: Constraint of gamma, or None. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ..., channels)`, or with the channels at `axis`; their number is known. At least one axis besides.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if a channel has one place only, so that all would
            become `beta`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.array([[[1.0, 50.0], [3.0, 90.0]]])
    >>> keras.layers.InstanceNormalization()(x).numpy().round(1).tolist()
    [[[-1.0, -1.0], [1.0, 1.0]]]

    Source: Ulyanov et al., 2016 (https://arxiv.org/abs/1607.08022).
    """

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            -1,
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta, one number for each channel."""
        if len(input_shape) < 3:
            raise ValueError(
                f"InstanceNormalization layer {self.name!r}: expected an input of at least 3 axes, (batch, places, "
                f"channels); got input shape {tuple(input_shape)}. Use LayerNormalization for vectors."
            )
        super().build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["groups"]
        return config
