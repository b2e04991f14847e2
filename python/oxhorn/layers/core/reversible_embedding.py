"""An embedding that also works backwards."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.variable import standardize_dtype
from oxhorn.layers.core.embedding import Embedding

__all__ = ["ReversibleEmbedding"]


class ReversibleEmbedding(Embedding):
    """Turn indices into vectors, and vectors into one number (logit) for each index.

    `y = E[x]`; with `reverse=True`: `y = x E^T`, or `y = x R` with a matrix of its own; then, with a soft cap `c`,
    `y = c * tanh(y / c)`

    Args:
        input_dim: The number of indices.
        output_dim: The size of the vectors.
        tie_weights: Whether the same table serves both ways. Defaults to True.
        embeddings_initializer: Initializer of the table, or tables. Defaults to "uniform".
        embeddings_regularizer: Regularizer of the table, or None. Defaults to None.
        embeddings_constraint: Constraint of the table, or None. Defaults to None.
        mask_zero: Whether index 0 stands for nothing and is masked. Defaults to False.
        reverse_dtype: The dtype of the way back; None is that of the layer. Defaults to None.
        logit_soft_cap: The soft limit of the logits, or None. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: Indices; vectors if `reverse` is True.
        reverse: Whether to go back. Defaults to False.

    Input shape:
        Any for indices; `(..., output_dim)` for vectors.

    Output shape:
        `(..., output_dim)` for indices; `(..., input_dim)` for vectors.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If a size is not positive.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.ReversibleEmbedding(10, 4)
    >>> layer(layer(np.array([[1, 2, 3]])), reverse=True).shape
    (1, 3, 10)

    Source: Press and Wolf, 2017 (https://arxiv.org/abs/1608.05859).
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        owner = "ReversibleEmbedding"
        self.tie_weights = arguments.boolean(tie_weights, "tie_weights", owner)
        self.reverse_dtype = None if reverse_dtype is None else standardize_dtype(reverse_dtype)
        self.logit_soft_cap = (
            None
            if logit_soft_cap is None
            else arguments.number(logit_soft_cap, "logit_soft_cap", owner, low=0.0)
        )
        self.reverse_embeddings: Any = None

    def build(self, input_shape: Any = None) -> None:
        """Make the table, and the matrix of the way back if it is one of its own."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
                name="reverse_embeddings",
            )

    def call(  # type: ignore[override]
        self, inputs: Any, reverse: bool = False, training: bool | None = None, mask: Any = None
    ) -> Any:
        """Look the indices up, or score the vectors."""
        if not reverse:
            result = super().call(inputs, training=training, mask=mask)
            found = super().compute_mask(inputs, None)
            if found is not None:
                result._keras_mask = found
            return result
        kernel = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            inputs, kernel = ops.cast(inputs, self.reverse_dtype), ops.cast(kernel, self.reverse_dtype)
        logits = ops.matmul(inputs, kernel)
        cap = self.logit_soft_cap
        return logits if cap is None else ops.tanh(logits / cap) * cap

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the mask of the indices is set by the call itself."""
        return None

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> Any:
        """The vectors' size at the end; with `reverse`, the number of indices."""
        return (*input_shape[:-1], self.input_dim) if reverse else (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: Any, reverse: bool = False, **kwargs: Any) -> Any:
        """The shape and dtype of the result."""
        if not self.built:
            self.build(inputs.shape)
        dtype = self.reverse_dtype if reverse and self.reverse_dtype is not None else self.compute_dtype
        return KerasTensor(self.compute_output_shape(inputs.shape, reverse), dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
