"""Group normalisation."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments, constraints, initializers, ops, regularizers
from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.layer import Layer

__all__ = ["GroupNormalization"]


class GroupNormalization(Layer):
    """Bring each group of channels to mean 0 and variance 1 within each sample, then to a learned scale and mean.

    `y = gamma * (x - mean(x)) / sqrt(var(x) + epsilon) + beta`, moments over a sample's group of channels and all
    its places. It does not depend on the other samples, and so works with small batches.

    Args:
        groups: Into how many groups the channels are divided; -1 is one group for each channel (instance
            normalisation), 1 is close to layer normalisation. Defaults to 32.
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
        `(batch, ..., channels)`, or with the channels at `axis`; their number is known.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if the groups do not divide the channels.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> y = keras.layers.GroupNormalization(groups=2)(np.array([[1.0, 3.0, 5.0, 9.0]]))
    >>> y.numpy().round(1).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]

    Source: Wu and He, 2018 (https://arxiv.org/abs/1803.08494).
    """

    def __init__(
        self,
        groups: int = 32,
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
        owner = type(self).__name__
        if isinstance(groups, bool) or not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ValueError(
                "GroupNormalization: for the argument `groups`, expected a positive integer, or -1 for one group for "
                f"each channel. Received: groups={arguments.describe(groups)}. Pass a number that divides the "
                "channels."
            )
        super().__init__(**kwargs)
        self.groups = int(groups)
        self.axis = arguments.integer(axis, "axis", owner)
        self.epsilon = arguments.number(epsilon, "epsilon", owner, low=0.0)
        self.center = arguments.boolean(center, "center", owner)
        self.scale = arguments.boolean(scale, "scale", owner)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta, one number for each channel."""
        self._check_axis(input_shape)
        who = f"{type(self).__name__} layer {self.name!r}"
        channels = input_shape[self.axis]
        if channels is None:
            raise ValueError(
                f"{who}: Axis {self.axis} of input tensor should have a defined dimension, that of the channels; got "
                f"input shape {tuple(input_shape)}."
            )
        if self.groups == -1:
            self.groups = channels
        if channels < self.groups:
            raise ValueError(
                f"{who}: Number of groups ({self.groups}) cannot be more than the number of channels ({channels}). "
                "Pass a smaller `groups`."
            )
        if channels % self.groups != 0:
            raise ValueError(
                f"{who}: Number of groups ({self.groups}) must be a multiple of the number of channels ({channels}), "
                "or rather divide it. Pass a `groups` without a remainder."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                weight = self.add_weight(
                    shape=(channels,),
                    initializer=getattr(self, f"{name}_initializer"),
                    regularizer=getattr(self, f"{name}_regularizer"),
                    constraint=getattr(self, f"{name}_constraint"),
                    name=name,
                )
                setattr(self, name, weight)

    def call(self, inputs: Any) -> Any:
        """Normalize each group of each sample."""
        rank = len(inputs.shape)
        axis = self.axis % rank
        # (batch, ..., channels, ...) -> (batch, ..., groups, channels / groups, ...)
        sizes = inputs.shape[1:]
        if None in sizes:
            x = ops.stack(ops.split(inputs, self.groups, axis=axis), axis=axis)
        else:
            parts = (self.groups, sizes[axis - 1] // self.groups)
            x = ops.reshape(inputs, (-1, *sizes[: axis - 1], *parts, *sizes[axis:]))
        axes = [i for i in range(1, rank + 1) if i != axis]
        mean, variance = ops.moments(x, axes=axes, keepdims=True)
        x = (x - mean) * ops.rsqrt(variance + self.epsilon)
        outputs = _core.apply("reshape_like", [x, inputs])
        channels = [1] * rank
        channels[axis] = -1
        if self.gamma is not None:
            outputs = outputs * ops.reshape(self.gamma, channels)
        if self.beta is not None:
            outputs = outputs + ops.reshape(self.beta, channels)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        self._check_axis(input_shape)
        return input_shape

    def _check_axis(self, shape: Any) -> None:
        if not -len(shape) <= self.axis < len(shape) or self.axis % len(shape) == 0:
            raise ValueError(
                f"{type(self).__name__} layer {self.name!r}: Axis {self.axis} is out of bounds for input shape "
                f"{tuple(shape)}, whose first axis is that of the samples. Received: axis={self.axis}."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }
