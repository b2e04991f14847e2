"""Numbers sorted into bins."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from oxhorn import arguments, ops
from oxhorn.arguments import describe
from oxhorn.layers.layer import Layer
from oxhorn.layers.preprocessing import quantiles
from oxhorn.layers.preprocessing.adapt_data import numeric_batches
from oxhorn.layers.preprocessing.encodings import MODES, encode, encoded_spec

__all__ = ["Discretization"]


class Discretization(Layer):
    """Replace each number by that of the bin it falls into.

    `y` is the number of boundaries `b` with `b <= x`: bin 0 is `x < b_0`, bin i is `b_(i-1) <= x < b_i`.

    The boundaries are given, or found by `adapt(data)` as the quantiles that cut the data into `num_bins` bins of
    about equal size.

    Args:
        bin_boundaries: The boundaries, in rising order.
        num_bins: How many bins `adapt` is to find, in the place of `bin_boundaries`.
        epsilon: The part of the data by which a quantile may be off. Defaults to 0.01.
        output_mode: `"int"` for the bins' numbers; `"one_hot"`, `"multi_hot"` or `"count"` for vectors of them, the
            latter two over all numbers along axis 1. Defaults to `"int"`.
        sparse: Must be False: results are dense.
        dtype: The dtype of the vectors; numbers of bins are int32.
        name: A name; automatic if not given.

    Input shape:
        Any.

    Output shape:
        The same; with one axis more for `"one_hot"` (unless the last one has size 1, which is taken), and axis 1
        replaced by a last axis of bins for `"multi_hot"` and `"count"`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If both or none of `bin_boundaries` and `num_bins` are given, or an argument is not one of those
            above; when called before the boundaries are known.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.Discretization([0.0, 1.0, 2.0])(np.array([[-1.5, 1.0, 3.4, 0.5]])).numpy().tolist()
    [[0, 2, 3, 1]]
    >>> layer = keras.layers.Discretization(num_bins=2)
    >>> layer.adapt(np.arange(100.0))
    >>> [round(boundary, 3) for boundary in layer.bin_boundaries]
    [49.0]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        arguments.unsupported("Discretization", sparse=sparse or None)
        if not isinstance(output_mode, str) or output_mode not in MODES:
            raise ValueError(
                f"Discretization: Unknown value for `output_mode` argument. Allowed values are: {MODES}. "
                f"Received: output_mode={output_mode!r}."
            )
        if num_bins is not None and bin_boundaries is not None:
            raise ValueError(
                "Discretization: Both `num_bins` and `bin_boundaries` should not be set. "
                f"Received: num_bins={num_bins!r} and bin_boundaries={describe(bin_boundaries)}. Pass one of them."
            )
        if num_bins is None and bin_boundaries is None:
            raise ValueError("Discretization: You need to set either `num_bins` or `bin_boundaries`.")
        if num_bins is not None:
            num_bins = arguments.integer(num_bins, "num_bins", "Discretization", low=1)
        self.num_bins = num_bins
        self.bin_boundaries = _boundaries(bin_boundaries)
        self.epsilon = arguments.number(epsilon, "epsilon", "Discretization", above=0.0, below=1.0)
        self.output_mode = output_mode
        self.sparse = False
        self.summary = quantiles.empty() if num_bins is not None else None
        self.built = True

    @property
    def output_dtype(self) -> str:
        """int32 for the bins' numbers, the layer's dtype for vectors."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the boundaries that cut some data into `num_bins` bins of about equal size.

        Args:
            data: A NumPy array or a tensor; a `Dataset` of samples or of batches; or another source of batches: a
                `PyDataset`, or an iterable such as a list of arrays or a generator.
            steps: How many batches (or elements of a `Dataset`) to read, for a source that may go on; all by default.

        Raises:
            ValueError: If the boundaries were given to the constructor, or there are no data.
        """
        self.reset_state()
        for batch in numeric_batches("Discretization.adapt()", data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Add numbers to the summary from which `finalize_state` finds the boundaries.

        Args:
            data: An array of numbers.
        """
        self._check_adaptable()
        values = np.asarray(data, np.float32)
        if not np.isfinite(values).all():
            raise ValueError(
                "Discretization.adapt() expected finite numbers; got NaN or infinity. Leave them out, or replace them."
            )
        assert self.summary is not None
        self.summary = quantiles.merge(quantiles.summarize(values, self.epsilon), self.summary, self.epsilon)

    def finalize_state(self) -> None:
        """Set the boundaries to what was seen."""
        if self.num_bins is None or self.summary is None:
            return
        if self.summary.shape[1] == 0:
            raise ValueError("Discretization.adapt() got no numbers; expected at least one.")
        self.bin_boundaries = quantiles.bounds(self.summary, self.num_bins)

    def reset_state(self) -> None:
        """Forget what was seen."""
        self._check_adaptable()
        self.summary = quantiles.empty()

    def _check_adaptable(self) -> None:
        if self.num_bins is None:
            raise ValueError(
                "Cannot adapt a Discretization layer that has been initialized with `bin_boundaries`: they are fixed. "
                "Make it with `num_bins` instead."
            )

    @property
    def _depth(self) -> int:
        return self.num_bins or 1 if self.bin_boundaries is None else len(self.bin_boundaries) + 1

    def call(self, inputs: Any) -> Any:
        """Find the bins."""
        if self.bin_boundaries is None:
            raise ValueError(
                f"Discretization {self.name!r} knows no boundaries yet. You need to either pass `bin_boundaries` when "
                "you make it, or call `adapt(data)` before it is used."
            )
        bins = ops.convert_to_tensor(np.asarray(self.bin_boundaries, np.float32))
        indices = ops.digitize(inputs, bins) if len(self.bin_boundaries) else ops.zeros_like(inputs, "int32")
        return encode(indices, self.output_mode, self._depth, self.output_dtype, sample_axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result for numbers of this shape."""
        return self._spec(input_shape).shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """The result as a symbolic tensor; before `adapt`, for as many bins as were asked for."""
        return self._spec(inputs.shape)

    def _spec(self, shape: Any) -> Any:
        return encoded_spec(shape, self.output_mode, self._depth, self.output_dtype, sample_axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the boundaries that were found."""
        return {
            "bin_boundaries": None if self.bin_boundaries is None else list(self.bin_boundaries),
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new layer from what `get_config` returned.

        Args:
            config: The constructor's arguments; boundaries beside `num_bins` are those that `adapt` found.
        """
        found = config.get("bin_boundaries") if config.get("num_bins") is not None else None
        layer = super().from_config({**config, "bin_boundaries": None} if found is not None else config)
        if found is not None:
            layer.bin_boundaries = _boundaries(found)
        return layer


def _boundaries(values: Any) -> list[float] | None:
    if values is None:
        return None
    array = np.asarray(values.numpy() if hasattr(values, "is_traced") else values)
    rising = array.ndim == 1 and (
        array.size == 0
        or (array.dtype.kind in "fiu" and not np.isnan(array).any() and bool((np.diff(array) >= 0).all()))
    )
    if not rising:
        raise ValueError(
            "Discretization: expected `bin_boundaries` to be a list of numbers in rising order. "
            f"Received: bin_boundaries={describe(values)}."
        )
    return [float(value) for value in array.tolist()]
