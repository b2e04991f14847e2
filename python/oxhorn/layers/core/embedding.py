"""The layer that looks vectors up in a table."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, constraints, initializers, ops, regularizers
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Embedding"]


class Embedding(CoreLayer):
    """Turn whole numbers into vectors: each number has a row in a table that is learned.

    `y[b, ...] = embeddings[x[b, ...]]`

    Args:
        input_dim: Number of rows, the largest number plus one; a positive integer.
        output_dim: Length of each vector, a positive integer.
        embeddings_initializer: Initializer of the table. Defaults to "uniform".
        embeddings_regularizer: Regularizer of the table, or None. Defaults to None.
        embeddings_constraint: Constraint of the table, or None. Defaults to None.
        mask_zero: Whether 0 stands for padding, which later layers leave out. Defaults to False.
        weights: First values of the table, an array `(input_dim, output_dim)` or a list of that one array, or
            None. Defaults to None.
        lora_rank: Only None: low-rank adaptation is not supported.
        lora_alpha: Only None, as `lora_rank`.
        quantization_config: Only None: quantisation is not supported.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ...)`, integers in `[0, input_dim)`.

    Output shape:
        `(batch, ..., output_dim)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range; when called, if a number is outside `[0, input_dim)`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Embedding(input_dim=10, output_dim=4)
    >>> layer(np.array([[1, 2, 3]])).shape
    (1, 3, 4)

    Source: Bengio et al., 2003 (https://www.jmlr.org/papers/v3/bengio03a.html).
    """

    embeddings: Any

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: None = None,
        lora_alpha: None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        arguments.unsupported("Embedding", lora_rank=lora_rank, quantization_config=quantization_config)
        kwargs.pop("input_length", None)  # of older versions; the length is read from the input
        super().__init__(**kwargs)
        self.input_dim = _size(input_dim, "input_dim")
        self.output_dim = _size(output_dim, "output_dim")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = arguments.boolean(mask_zero, "mask_zero", "Embedding")
        self.supports_masking = self.mask_zero
        # Indices are no floats: they are not cast to the layer's dtype.
        self.autocast = False
        if weights is not None:
            self.build((None,))
            self.set_weights(
                weights if isinstance(weights, (list, tuple)) and len(weights) == 1 else [weights]
            )

    def build(self, input_shape: Any = None) -> None:
        """Make the table; its shape does not depend on the input."""
        super().build((None,) if input_shape is None else input_shape)
        # A batch uses few of its rows, which SparseAdam wants to know.
        self.embeddings.looked_up_by_row = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return a mask that is False where the input is 0, or None if zeros mean nothing special.

        Args:
            inputs: The indices.
            mask: The mask of the inputs; it plays no part.
        """
        if not self.mask_zero:
            return None
        return ops.not_equal(inputs, 0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }


def _size(value: Any, name: str) -> int:
    try:
        return arguments.positive_integer(value, name, "Embedding")
    except ValueError as error:
        raise ValueError(f"{error} `{name}` must be a positive integer.") from None
