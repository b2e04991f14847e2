"""Features with mean zero and variance one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from oxhorn import _core, arguments, config, ops
from oxhorn.arguments import describe
from oxhorn.engine import tracing
from oxhorn.layers.layer import Layer
from oxhorn.layers.preprocessing.adapt_data import numeric_batches

__all__ = ["Normalization"]


class Normalization(Layer):
    """Shift and scale features by the mean and the variance of some data.

    `y = (x - mean) / max(sqrt(variance), epsilon)`, or with `invert` its inverse
    `y = mean + x max(sqrt(variance), epsilon)`; epsilon is `keras.config.epsilon()`.

    Mean and variance are given, or found by `adapt(data)`, and are the same in training and in use.

    Args:
        axis: The axis, or axes, each index of which has a mean and variance of its own; `None` for one mean and
            variance of all numbers. Defaults to -1, the features.
        mean: The mean: a number, or numbers that broadcast to the sizes of these axes. Goes with `variance`.
        variance: The variance, likewise.
        invert: Whether to undo the normalization. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        Any in which the sizes of the axes are known.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If only one of `mean` and `variance` is given, their shapes differ or do not fit, the variance is
            negative, or there is no such axis.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Normalization()
    >>> layer.adapt(np.array([[0.0, 7.0], [2.0, 9.0]]))
    >>> layer(np.array([[0.0, 9.0]])).numpy().tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = _axes(axis)
        self.invert = arguments.boolean(invert, "invert", "Normalization")
        self.supports_masking = True
        if (mean is None) != (variance is None):
            raise ValueError(
                "Normalization: both `mean` and `variance` must be set, or none of them. "
                f"Received: mean={describe(mean)} and variance={describe(variance)}."
            )
        self.input_mean = _given(mean, "mean")
        self.input_variance = _given(variance, "variance")
        if np.shape(self.input_mean) != np.shape(self.input_variance):
            raise ValueError(
                "Normalization: `mean` and `variance` must have the same shape. Received: shapes "
                f"{np.shape(self.input_mean)} and {np.shape(self.input_variance)}."
            )
        if np.ndim(self.input_mean) > len(self.axis):
            raise ValueError(
                "Normalization: The rank of `mean` must be less than or equal to the number of axes "
                f"({len(self.axis)}). Received: `mean` of shape {np.shape(self.input_mean)} for axis={self.axis}."
            )
        if self.input_variance is not None and np.min(self.input_variance, initial=0.0) < 0:
            raise ValueError(
                f"Normalization: expected no negative variance. Received: variance={describe(variance)}."
            )
        self._build_input_shape: Any = None
        self.__dict__["_constants"] = None
        self.__dict__["_warned"] = False

    def build(self, input_shape: Any) -> None:
        """Make the weights `mean`, `variance` and `count`, unless mean and variance were given."""
        shape = tuple(input_shape)
        rank = len(shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ValueError(
                f"Normalization: All `axis` values must be in the range [-{rank}, {rank}) for inputs of shape {shape}. "
                f"Received: axis={self.axis}."
            )
        kept = tuple(sorted(axis % rank for axis in self.axis))
        if any(shape[axis] is None for axis in kept):
            raise ValueError(
                "Normalization: All `axis` values to be kept must have a known size. "
                f"Received: axis={self.axis} for inputs of shape {shape}."
            )
        self._build_input_shape = shape
        self._kept_axes = kept
        self._reduced_axes = tuple(axis for axis in range(rank) if axis not in kept)
        self._broadcast_shape = tuple(shape[axis] if axis in kept else 1 for axis in range(rank))
        sizes = tuple(shape[axis] for axis in kept)
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=sizes, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(
                name="variance", shape=sizes, initializer="ones", trainable=False
            )
            # Part of every file that Keras writes; nobody reads it.
            self.count = self.add_weight(
                name="count", shape=(), dtype="int32", initializer="zeros", trainable=False
            )
        else:
            self.__dict__["_constants"] = (self._spread(self.input_mean), self._spread(self.input_variance))

    def _spread(self, values: Any) -> Any:
        """Given numbers in the rank of the inputs, so that they broadcast."""
        array = np.asarray(values, np.float64)
        sizes = [1] * len(self._broadcast_shape)
        for place in range(1, array.ndim + 1):
            sizes[self._kept_axes[-place]] = array.shape[-place]
        try:
            array = np.broadcast_to(array.reshape(sizes), self._broadcast_shape)
        except ValueError as error:
            raise ValueError(
                f"Normalization: mean and variance of shape {array.shape} do not broadcast to the sizes of axis="
                f"{self.axis} in inputs of shape {self._build_input_shape}."
            ) from error
        return _core.tensor(np.ascontiguousarray(array), self.compute_dtype)

    @property
    def mean(self) -> Any:
        """The mean, in the rank of the inputs; `None` before the layer is built."""
        return self._statistic(0)

    @property
    def variance(self) -> Any:
        """The variance, in the rank of the inputs; `None` before the layer is built."""
        return self._statistic(1)

    def _statistic(self, place: int) -> Any:
        constants = self.__dict__["_constants"]
        if constants is not None:
            return constants[place]
        if not self.built:
            return None
        weight = (self.adapt_mean, self.adapt_variance)[place]
        return ops.cast(ops.reshape(weight, self._broadcast_shape), self.compute_dtype)

    def adapt(self, data: Any) -> None:
        """Set mean and variance to those of some data.

        Args:
            data: A NumPy array or a tensor; a `Dataset` of samples or of batches; or another source of batches: a
                `PyDataset`, or an iterable such as a list of arrays or a generator. Of `(x, y)` or
                `(x, y, sample_weight)` only `x` counts.

        Raises:
            TypeError: If it is none of these.
            ValueError: If there is no batch, no sample, or a shape differs from that before; if mean and variance
                were given to the constructor.
        """
        if self.input_mean is not None:
            raise ValueError(
                f"Normalization {self.name!r} got its mean and variance when it was made, and cannot be adapted. Make "
                "one without them."
            )
        total, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in numeric_batches(f"{type(self).__name__}.adapt()", data):
            if not self.built:
                self.build(batch.shape)
            self._check_batch(batch.shape)
            n = int(np.prod([batch.shape[axis] for axis in self._reduced_axes]))
            if n == 0:
                continue
            # Chan, Golub and LeVeque: what two parts say together of the mean and the squared deviations.
            share = n / (total + n)
            shift = batch.mean(axis=self._reduced_axes) - mean
            variance = (1 - share) * variance + share * batch.var(axis=self._reduced_axes)
            variance = variance + share * (1 - share) * shift**2
            mean, total = mean + share * shift, total + n
        if total == 0:
            raise ValueError(f"{type(self).__name__}.adapt() got no sample; expected at least one.")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)
        self.finalize_state()

    def _check_batch(self, shape: tuple[int, ...]) -> None:
        built = self._build_input_shape
        if len(shape) != len(built) or any(shape[axis] != built[axis] for axis in self._kept_axes):
            raise ValueError(
                f"Normalization: the layer was built for inputs of shape {built}; adapt() is called with data of an "
                f"incompatible shape, {shape}: the sizes of axis={self.axis} must be the same."
            )

    def finalize_state(self) -> None:
        """Make what was traced with an earlier mean and variance out of date."""
        tracing.state_changed()

    def call(self, inputs: Any) -> Any:
        """Normalize."""
        self._warn_if_not_adapted()
        inputs = ops.cast(inputs, self.compute_dtype)
        scale = ops.maximum(ops.sqrt(self.variance), config.epsilon())
        if self.invert:
            return self.mean + inputs * scale
        return (inputs - self.mean) / scale

    def _warn_if_not_adapted(self) -> None:
        if self.__dict__["_warned"] or self.__dict__["_constants"] is not None or tracing._state.finds_shapes:
            return
        self.__dict__["_warned"] = True
        # Only a warning depends on these numbers, so that they may be read in a trace too.
        mean, variance = (one._numpy_now() for one in (self.adapt_mean, self.adapt_variance))
        if not mean.any() and (variance == 1).all():
            warnings.warn(
                f"Normalization {self.name!r} is called with mean 0 and variance 1, which change nothing: it was never "
                "adapted. Call adapt(data) first, or pass `mean` and `variance`.",
                stacklevel=2,
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": self.input_mean,
            "variance": self.input_variance,
        }

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape that the layer was built for, by `build`, by a call, or by `adapt`."""
        return {"input_shape": self._build_input_shape} if self._build_input_shape else None


def _axes(axis: Any) -> tuple[int, ...]:
    if axis is None:
        return ()
    axes = arguments.integer_or_integers(axis, "axis", "Normalization")
    return (axes,) if isinstance(axes, int) else tuple(axes)


def _given(value: Any, name: str) -> Any:
    """Given statistics as plain numbers, as they stand in a config."""
    if value is None:
        return None
    array = np.asarray(value.numpy() if hasattr(value, "is_traced") else value)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError(
            f"Normalization: expected `{name}` to be a number or finite numbers. "
            f"Received: {name}={describe(value)}."
        )
    return array.tolist()
