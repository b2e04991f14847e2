"""Several categories crossed to one, by a hash of them all."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments, ops
from oxhorn.arguments import describe
from oxhorn.engine.text import as_text, is_text
from oxhorn.layers.preprocessing.encodings import encode, encoded_spec
from oxhorn.layers.preprocessing.fingerprints import combine, fingerprints
from oxhorn.layers.preprocessing.host_layer import HostLayer

__all__ = ["HashedCrossing"]

# What the hash begins with, in TensorFlow's crossing of features.
_START = 0xDECAFCAFFE


class HashedCrossing(HostLayer):
    """Cross features: each combination of their values goes into one of a fixed number of bins.

    `y = h_n mod num_bins`, with `h_i = combine(h_(i-1), x_i)` for a whole number and `combine(h_(i-1), hash(x_i))` for
    a string: the same on every machine, and as in TensorFlow. It is found before the compiled part of a model.

    Args:
        num_bins: How many bins there are.
        output_mode: `"int"` for the bins' numbers, or `"one_hot"` for vectors of them. Defaults to `"int"`.
        sparse: Must be False: results are dense.
        name: A name; automatic if not given.
        dtype: The dtype of the result; int64 by default for numbers of bins.
        **kwargs: `trainable`.

    Input shape:
        A list or tuple of at least two arrays of strings or whole numbers, all of the shape `(samples,)`,
        `(samples, 1)` or `()`.

    Output shape:
        That of one input; for `"one_hot"` `(samples, num_bins)` or `(num_bins,)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is not one of those above; when called, if the inputs are not as above.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.HashedCrossing(num_bins=5)
    >>> layer((np.array(["A", "B", "A"]), np.array([101, 101, 102]))).numpy().tolist()
    [1, 4, 3]
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name=name, dtype="int64" if output_mode == "int" and dtype is None else dtype, **kwargs
        )
        if output_mode not in ("int", "one_hot"):
            raise ValueError(
                "Unknown value for `output_mode` argument of HashedCrossing. Allowed values are: ('int', 'one_hot'). "
                f"Received: output_mode={output_mode!r}."
            )
        arguments.unsupported("HashedCrossing", sparse=sparse or None)
        self.num_bins = arguments.integer(num_bins, "num_bins", "HashedCrossing", low=1)
        self.output_mode = output_mode
        self.sparse = False
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Find the bins."""
        self._check_list(inputs)
        features = [_feature(one) for one in inputs]
        self._check_features(features)
        words = np.full(features[0].shape, _START, np.uint64)
        for feature in features:
            words = combine(
                words, fingerprints(feature) if feature.dtype == object else feature.astype(np.uint64)
            )
        bins = (words % np.uint64(self.num_bins)).astype(np.int64)
        return encode(ops.convert_to_tensor(bins), self.output_mode, self.num_bins, self.compute_dtype)

    def _check_list(self, inputs: Any) -> None:
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                "`HashedCrossing` should be called on a list or tuple of inputs, one for each feature. "
                f"Received: {describe(inputs)}."
            )
        if len(inputs) < 2:
            raise ValueError(
                f"`HashedCrossing` should be called on at least two inputs. Received: {len(inputs)} of them."
            )

    def _check_features(self, features: list[np.ndarray[Any, Any]]) -> None:
        self._check_shapes([feature.shape for feature in features])
        for feature in features:
            if feature.dtype != object and feature.dtype.kind not in "iu":
                raise ValueError(
                    "All `HashedCrossing` inputs should have an integer or string dtype. "
                    f"Received: an array of {feature.dtype}."
                )

    def _check_shapes(self, shapes: list[Any]) -> None:
        if len(shapes[0]) > 2 or (len(shapes[0]) == 2 and shapes[0][1] != 1):
            raise ValueError(
                "All `HashedCrossing` inputs should have shape `()`, `(batch_size)` or `(batch_size, 1)`. "
                f"Received: {shapes}."
            )
        if any(shape != shapes[0] for shape in shapes):
            raise ValueError(f"All `HashedCrossing` inputs should have equal shape. Received: {shapes}.")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the bins for features of these shapes."""
        return self._spec([tuple(shape) for shape in input_shape]).shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """The bins as a symbolic tensor."""
        self._check_list(inputs)
        return self._spec([one.shape for one in inputs])

    def _spec(self, shapes: list[Any]) -> Any:
        self._check_shapes(shapes)
        return encoded_spec(shapes[0], self.output_mode, self.num_bins, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }


def _feature(values: Any) -> np.ndarray[Any, Any]:
    if is_text(values):
        return as_text(values, "HashedCrossing")
    return np.asarray(values.numpy() if hasattr(values, "is_traced") else values)
