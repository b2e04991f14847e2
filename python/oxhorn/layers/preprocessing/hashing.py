"""Categories put into bins by their hash."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments, config, ops
from oxhorn.engine.text import as_text, is_text
from oxhorn.layers.preprocessing.encodings import MODES, encode, encoded_spec
from oxhorn.layers.preprocessing.fingerprints import to_buckets
from oxhorn.layers.preprocessing.host_layer import HostLayer
from oxhorn.layers.preprocessing.lookup_arguments import key_of

__all__ = ["Hashing"]


class Hashing(HostLayer):
    """Put strings or whole numbers into a fixed number of bins, without a vocabulary.

    `y = hash(x) mod num_bins`; with a mask value, `y = 0` for it and `1 + hash(x) mod (num_bins - 1)` for the others.
    The hash of a number is that of its decimal digits. It is FarmHash64, or SipHash under a `salt`: the same on every
    machine, and as in TensorFlow. It is found before the compiled part of a model.

    Args:
        num_bins: How many bins there are, that of the mask included.
        mask_value: The string or number of masked places, or `None`.
        salt: One or two whole numbers: a key under which is hashed, so that nobody without it knows the bins.
        output_mode: `"int"` for the bins' numbers; `"one_hot"` for a vector for each; `"multi_hot"` or `"count"` for
            one for the strings along the last axis. Defaults to `"int"`.
        sparse: Must be False: results are dense.
        **kwargs: `name`, `dtype` and the other arguments of every layer; `dtype` is that of the result, int64 by
            default for numbers of bins.

    Input shape:
        Any; strings or whole numbers. Floats are cut to whole numbers.

    Output shape:
        The same; `(..., n, num_bins)` for `"one_hot"` (`(..., num_bins)` if n is 1), `(..., num_bins)` for the other
        vectors.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is not one of those above.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"]]).numpy().tolist()
    [[1], [0], [1]]
    >>> keras.layers.Hashing(num_bins=3, salt=[133, 137])([0, 1, 2]).numpy().tolist()
    [1, 1, 2]

    Sources: https://github.com/google/farmhash; Aumasson and Bernstein, 2012.
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else config.floatx()
        super().__init__(**kwargs)
        is_number = isinstance(num_bins, (int, np.integer)) and not isinstance(num_bins, bool)
        if not is_number or num_bins <= 0:
            raise ValueError(
                "The `num_bins` for `Hashing` cannot be `None` or non-positive values, nor anything but a whole "
                f"number. Received: num_bins={num_bins!r}."
            )
        if output_mode not in MODES:
            raise ValueError(
                f"Hashing: Invalid value for argument `output_mode`. Expected one of {MODES}. "
                f"Received: output_mode={output_mode!r}."
            )
        if output_mode == "int" and self.dtype_policy.name not in ("int32", "int64"):
            raise ValueError(
                "Hashing: When `output_mode=\"int\"`, `dtype` should be an integer type, 'int32' or 'int64'. "
                f"Received: dtype={self.dtype_policy.name!r}."
            )
        if sparse and output_mode == "int":
            raise ValueError(
                "Hashing: `sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'` or `'count'`; and "
                "sparse results are not supported at all. Leave it out."
            )
        arguments.unsupported("Hashing", sparse=sparse or None)
        self.num_bins = arguments.integer(num_bins, "num_bins", "Hashing", low=1)
        self.mask_value = mask_value
        self.salt = key_of(salt, "Hashing")
        self.output_mode = output_mode
        self.sparse = False
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Find the bins."""
        tokens, masked = self._tokens(inputs)
        reserved = self.mask_value is not None and self.num_bins > 1
        bins = to_buckets(tokens, self.num_bins - reserved, self.salt)
        if reserved:
            bins = np.where(masked, 0, bins + 1)
        return encode(ops.convert_to_tensor(bins), self.output_mode, self.num_bins, self.compute_dtype)

    def _tokens(self, inputs: Any) -> tuple[np.ndarray[Any, Any], Any]:
        """What is hashed, and where the mask value is."""
        who = f"Hashing {self.name!r}"
        mask = self.mask_value
        if is_text(inputs):
            if mask is not None and not isinstance(mask, (str, bytes)):
                raise TypeError(f"{who}: the mask value {mask!r} is no text, as the inputs are.")
            texts = as_text(inputs, who)
            return texts, None if mask is None else texts == as_text(mask, who)[()]
        values = np.asarray(inputs.numpy() if hasattr(inputs, "is_traced") else inputs)
        if values.dtype.kind not in "iufb" or (values.dtype.kind == "f" and not np.isfinite(values).all()):
            raise TypeError(
                f"{who} expected strings or whole numbers; got an array of dtype {values.dtype}. Make it text, with "
                "an empty string where there is none."
            )
        if isinstance(mask, (str, bytes)):
            raise TypeError(f"{who}: the mask value {mask!r} is text, the inputs are numbers.")
        masked = None if mask is None else values == mask
        if values.dtype.kind == "b":
            return np.where(values, "true", "false"), masked
        return values.astype(np.int64) if values.dtype.kind == "f" else values, masked

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result for inputs of this shape."""
        return self._spec(input_shape).shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """The result as a symbolic tensor."""
        return self._spec(inputs.shape)

    def _spec(self, shape: Any) -> Any:
        return encoded_spec(shape, self.output_mode, self.num_bins, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }
