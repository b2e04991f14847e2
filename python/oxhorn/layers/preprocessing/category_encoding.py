"""Whole numbers as vectors of zeros and ones."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments, ops
from oxhorn.layers.layer import Layer
from oxhorn.layers.preprocessing.encodings import encode, encoded_spec

__all__ = ["CategoryEncoding"]

_MODES = ("count", "one_hot", "multi_hot")


class CategoryEncoding(Layer):
    """Turn numbers of categories into vectors.

    `"one_hot"`: `y[..., c] = 1` if `x[...] = c`, else 0. `"multi_hot"`: `y[..., c] = 1` if `c` is among the numbers
    of a sample, which lie along the last axis. `"count"`: how often it is there, or the sum of its weights.

    Args:
        num_tokens: How many categories there are: the numbers are `0, 1, ..., num_tokens - 1`.
        output_mode: `"multi_hot"` (also called `"binary"`), `"one_hot"` or `"count"`. Defaults to `"multi_hot"`.
        sparse: Must be False: results are dense.
        **kwargs: `name`, `dtype` and the other arguments of every layer; `dtype` is that of the result.

    Call arguments:
        inputs: Whole numbers.
        count_weights: What each number counts for, in the shape of `inputs`; for `"count"` alone.

    Input shape:
        `(..., n)`.

    Output shape:
        `(..., num_tokens)`; for `"one_hot"` `(..., n, num_tokens)` unless n is 1.

    Returns:
        When called: a tensor of the output shape. A number outside of the range is an error where the layer is called
        on values; in a compiled model it adds nothing.

    Raises:
        ValueError: If an argument is not one of those above; when called, if a number is outside of the range or
            weights are passed that are not used.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.CategoryEncoding(num_tokens=4, output_mode="count")([[0, 1, 1], [3, 2, 0]]).numpy().tolist()
    [[1.0, 2.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if output_mode == "binary":
            output_mode = "multi_hot"
        if output_mode not in _MODES:
            raise ValueError(
                f"CategoryEncoding: Unknown arg for output_mode: {output_mode}. Expected one of {_MODES}."
            )
        if num_tokens is None:
            raise ValueError(
                "CategoryEncoding: num_tokens must be set to use this layer. Where the number of categories is not "
                "known, IntegerLookup finds it."
            )
        if not isinstance(num_tokens, bool) and hasattr(num_tokens, "__index__") and num_tokens < 1:
            raise ValueError(
                f"CategoryEncoding: `num_tokens` must be >= 1. Received: num_tokens={num_tokens}."
            )
        arguments.unsupported("CategoryEncoding", sparse=sparse or None)
        self.num_tokens = arguments.integer(num_tokens, "num_tokens", "CategoryEncoding", low=1)
        self.output_mode = output_mode

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """Make the vectors."""
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                "CategoryEncoding: `count_weights` is not used when `output_mode` is not 'count'; it is "
                f"{self.output_mode!r}. Leave the weights out."
            )
        return self._encode(inputs, count_weights)

    def _encode(self, inputs: Any, count_weights: Any = None) -> Any:
        inputs = ops.convert_to_tensor(inputs)
        self._check_range(inputs)
        return encode(inputs, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)

    def _check_range(self, inputs: Any) -> None:
        if not isinstance(inputs, _core.Tensor) or inputs.is_traced or 0 in inputs.shape:
            return
        low, high = float(ops.min(ops.cast(inputs, "float64"))), float(ops.max(ops.cast(inputs, "float64")))
        if not (low >= 0 and high < self.num_tokens):
            raise ValueError(
                f"CategoryEncoding: expected numbers of categories from 0 to {self.num_tokens - 1}, since "
                f"num_tokens={self.num_tokens}; got numbers from {low:g} to {high:g}. Number the categories from 0, or "
                "let IntegerLookup do it."
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the vectors for numbers of this shape."""
        return encoded_spec(input_shape, self.output_mode, self.num_tokens, self.compute_dtype).shape

    def compute_output_spec(self, inputs: Any, count_weights: Any = None) -> Any:
        """The vectors as a symbolic tensor."""
        return encoded_spec(inputs.shape, self.output_mode, self.num_tokens, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}
