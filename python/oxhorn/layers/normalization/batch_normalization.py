"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oxhorn import arguments, constraints, initializers, regularizers
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["BatchNormalization"]


class BatchNormalization(CoreLayer):
    """Bring each feature to mean 0 and variance 1 over the batch, then to a learned scale and mean.

    While training:
    `y = gamma * (x - mean(x)) / sqrt(var(x) + epsilon) + beta`,
    `moving_mean = momentum * moving_mean + (1 - momentum) * mean(x)`,
    `moving_variance = momentum * moving_variance + (1 - momentum) * var(x)`;
    otherwise, and with `trainable = False`:
    `y = gamma * (x - moving_mean) / sqrt(moving_variance + epsilon) + beta`.
    The variance is the biased one, the mean of squared differences.

    Args:
        axis: The axis of the features, which is kept; statistics are taken over all others. Defaults to -1.
        momentum: Of the moving statistics, in [0, 1]. Defaults to 0.99.
        epsilon: Small positive number added to the variance, against division by zero. Defaults to 0.001.
        center: Whether to add `beta`. Defaults to True.
        scale: Whether to multiply by `gamma`. Defaults to True.
        beta_initializer: Initializer of beta. Defaults to "zeros".
        gamma_initializer: Initializer of gamma. Defaults to "ones".
        moving_mean_initializer: Initializer of the moving mean. Defaults to "zeros".
        moving_variance_initializer: Initializer of the moving variance. Defaults to "ones".
        beta_regularizer: Regularizer of beta, or None. Defaults to None.
        gamma_regularizer: Regularizer of gamma, or None. Defaults to None.
        beta_constraint: Constraint of beta, or None. Defaults to None.
        gamma_constraint: Constraint of gamma, or None. Defaults to None.
        renorm: Only False: batch renormalisation is not supported.
        renorm_clipping: Only None, as `renorm`.
        renorm_momentum: Without effect, as `renorm`. Defaults to 0.99.
        synchronized: Whether to average statistics over several devices; there is one. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input.
        training: Whether to use, and to record, the statistics of this batch. Defaults to the model's mode.
        mask: Booleans with the input's shape but the last axis: steps that are False do not count. Defaults
            to None.

    Input shape:
        `(batch, ...)`, the size along `axis` known.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if the axis is.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.BatchNormalization(momentum=0.9)
    >>> y = layer(np.array([[1.0], [3.0]]), training=True)
    >>> y.numpy().round(2).tolist()
    [[-1.0], [1.0]]
    >>> print(layer.moving_mean.numpy().round(2))
    [0.2]

    Source: Ioffe and Szegedy, 2015 (https://arxiv.org/abs/1502.03167).
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Mapping[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        owner = "BatchNormalization"
        arguments.unsupported(owner, renorm=renorm or None, renorm_clipping=renorm_clipping)
        super().__init__(**kwargs)
        self.axis = arguments.integer(_single(axis), "axis", owner, high=None)
        self.momentum = arguments.probability(momentum, "momentum", owner)
        self.epsilon = arguments.number(epsilon, "epsilon", owner, low=0.0)
        self.center = arguments.boolean(center, "center", owner)
        self.scale = arguments.boolean(scale, "scale", owner)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm = False
        self.renorm_clipping = None
        self.renorm_momentum = arguments.probability(renorm_momentum, "renorm_momentum", owner)
        self.synchronized = arguments.boolean(synchronized, "synchronized", owner)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise.

        Args:
            inputs: The input.
            training: Whether to use, and to record, the statistics of this batch; a frozen layer never does.
            mask: Steps that count, or None.
        """
        training = bool(training) and self.trainable
        # In use the moments are there already, and a mask has no say.
        if training and mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ValueError(
                f"BatchNormalization layer {self.name!r}: The mask provided should be one dimension less than the "
                f"inputs. Received: mask.shape={tuple(mask.shape)}, inputs.shape={tuple(inputs.shape)}. Leave out the "
                "axis of the features."
            )
        return super().call(inputs, training=training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _single(axis: Any) -> Any:
    """Files of older versions hold the axis in a list."""
    return axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
