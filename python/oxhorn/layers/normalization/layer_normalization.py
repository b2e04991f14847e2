"""Layer normalisation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, constraints, initializers, ops, regularizers
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["LayerNormalization"]


class LayerNormalization(CoreLayer):
    """Bring each sample to mean 0 and variance 1 over its features, then to a learned scale and mean.

    `y = gamma * (x - mean(x)) / sqrt(var(x) + epsilon) + beta` with mean and (biased) variance over `axis`

    Args:
        axis: The axis or axes of the features. Defaults to -1.
        epsilon: Small positive number added to the variance, against division by zero. Defaults to 0.001.
        center: Whether to add `beta`. Defaults to True.
        scale: Whether to multiply by `gamma`. Defaults to True.
        beta_initializer: Initializer of beta. Defaults to "zeros".
        gamma_initializer: Initializer of gamma. Defaults to "ones".
        beta_regularizer: Regularizer of beta, or None. Defaults to None.
        gamma_regularizer: Regularizer of gamma, or None. Defaults to None.
        beta_constraint: Constraint of beta, or None. Defaults to None.
        gamma_constraint: Constraint of gamma, or None. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer; and `rms_scaling`, deprecated:
            `y = gamma * x / sqrt(var(x) + epsilon)`.

    Input shape:
        `(batch, ...)`, the sizes along `axis` known.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if an axis is.
        TypeError: If `axis` is no integer and no list of integers.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.LayerNormalization()(np.array([[1.0, 3.0]])).numpy().round(2).tolist()
    [[-1.0, 1.0]]

    Source: Ba et al., 2016 (https://arxiv.org/abs/1607.06450).
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
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
        owner = "LayerNormalization"
        rms_scaling = arguments.boolean(kwargs.pop("rms_scaling", False), "rms_scaling", owner)
        if rms_scaling:
            warnings.warn(
                "LayerNormalization: You passed `rms_scaling=True`, which is deprecated: it divides by the standard "
                "deviation, not by the root mean square. Use RMSNormalization for that.",
                stacklevel=2,
            )
        super().__init__(**kwargs)
        try:
            axes = arguments.integer_or_integers(axis, "axis", owner)
        except ValueError as error:
            raise TypeError(
                f"{error} Expected an int or a list/tuple of ints for the argument 'axis'."
            ) from None
        self.axis = [axes] if isinstance(axes, int) else axes
        self.epsilon = arguments.number(epsilon, "epsilon", owner, low=0.0)
        self.center = arguments.boolean(center, "center", owner)
        self.scale = arguments.boolean(scale, "scale", owner)
        self.rms_scaling = rms_scaling
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def build(self, input_shape: Any = None) -> None:
        """Make the weights; `rms_scaling` goes without `beta`."""
        self.axis = sorted(self.axis)
        if not self.rms_scaling:
            super().build(input_shape)
            return
        self.gamma = self.add_weight(
            shape=tuple(input_shape[axis] for axis in self.axis),
            initializer=self.gamma_initializer,
            regularizer=self.gamma_regularizer,
            constraint=self.gamma_constraint,
            name="gamma",
        )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize."""
        if not self.rms_scaling:
            return super().call(inputs, training, mask)
        spread = ops.var(inputs, axis=self.axis, keepdims=True)
        along = [axis % len(inputs.shape) for axis in self.axis]
        gamma = ops.transpose(self.gamma, sorted(range(len(along)), key=along.__getitem__))
        sizes = [size if axis in along else 1 for axis, size in enumerate(inputs.shape)]
        return inputs * ops.rsqrt(spread + self.epsilon) * ops.reshape(gamma, sizes)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }
