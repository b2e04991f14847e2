"""Root mean square normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.layer import Layer

__all__ = ["RMSNormalization"]


class RMSNormalization(Layer):
    """Bring the root mean square of each sample's features to 1, then to a learned scale.

    `y = scale * x / sqrt(mean(x^2) + epsilon)`, the mean over `axis`

    Args:
        axis: The axis, or axes, of the features. Defaults to -1.
        epsilon: Small positive number, against division by zero. Defaults to 1e-6.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ...)`, the sizes along `axis` known.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if an axis is.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> y = keras.layers.RMSNormalization()(np.array([[1.0, 7.0]]))
    >>> y.numpy().round(2).tolist()
    [[0.20000000298023224, 1.399999976158142]]

    Source: Zhang and Sennrich, 2019 (https://arxiv.org/abs/1910.07467).
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = arguments.integer_or_integers(axis, "axis", "RMSNormalization")
        self.epsilon = arguments.number(epsilon, "epsilon", "RMSNormalization", low=0.0)
        self.supports_masking = True
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self._check_axes(input_shape)
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        axes.sort(key=lambda axis: axis % len(input_shape))
        shape = tuple(input_shape[axis] for axis in axes)
        if None in shape:
            raise ValueError(
                f"RMSNormalization layer {self.name!r}: expected known sizes along axis {self.axis}; got input shape "
                f"{tuple(input_shape)}. Give them in `Input(shape=...)`."
            )
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")
        self.axis = axes

    def call(self, inputs: Any) -> Any:
        """Divide by the root mean square, and scale."""
        rank = len(inputs.shape)
        along = {axis % rank for axis in ([self.axis] if isinstance(self.axis, int) else self.axis)}
        scale = self.scale
        # At the end, where they mostly are, the axes of the scale meet those of the input by themselves.
        if along != set(range(rank - len(along), rank)):
            scale = ops.reshape(
                scale, [size if axis in along else 1 for axis, size in enumerate(inputs.shape)]
            )
        return ops.rms_normalization(inputs, scale=scale, axis=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        self._check_axes(input_shape)
        return input_shape

    def _check_axes(self, shape: Any) -> None:
        for axis in [self.axis] if isinstance(self.axis, int) else self.axis:
            if not -len(shape) <= axis < len(shape):
                raise ValueError(
                    f"RMSNormalization layer {self.name!r}: Axis {axis} is out of bounds for input shape "
                    f"{tuple(shape)}. Received: axis={self.axis}."
                )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
