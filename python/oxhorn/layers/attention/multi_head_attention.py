"""Attention with several heads."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.layers.attention.projected_attention import ProjectedAttention

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(ProjectedAttention):
    """Let each step of a query gather from the steps of a value, by several heads with weights of their own.

    `head_i = softmax((Q W_i^Q) (K W_i^K)^T / sqrt(key_dim)) (V W_i^V)`, `y = [head_1, ..., head_n] W^O`

    With query and value the same it is self-attention.

    A query that may see nothing, because its row of the mask is all False, gathers nothing: its shares are 0 and its
    result is that of the output's bias, whether or not the shares are returned. (Keras 3 gives it the mean of the
    values where there is no dropout and no shares are asked for, and 0 elsewhere.)

    Args:
        num_heads: The number of heads.
        key_dim: The size of queries and keys in each head.
        value_dim: The size of values in each head; None is `key_dim`. Defaults to None.
        dropout: The part of the shares that is dropped while training, in [0, 1]. Defaults to 0.0.
        use_bias: Whether the dense layers have biases. Defaults to True.
        output_shape: The last sizes of the result, an integer or a tuple; None is the last size of the query.
            Defaults to None.
        attention_axes: The axes of the steps; None is all but the batch and the last. Defaults to None.
        sliding_window: A step sees the steps less than this far away only; None is no limit. Defaults to None.
        flash_attention: True asks for a computation without a table of all scores, which is the way in any case; then
            scores cannot be returned and nothing dropped. Defaults to None.
        kernel_initializer: Initializer of the kernels. Defaults to "glorot_uniform".
        bias_initializer: Initializer of the biases. Defaults to "zeros".
        kernel_regularizer: Regularizer of the kernels, or None. Defaults to None.
        bias_regularizer: Regularizer of the biases, or None. Defaults to None.
        activity_regularizer: Regularizer of the results of the dense layers, or None. Defaults to None.
        kernel_constraint: Constraint of the kernels, or None. Defaults to None.
        bias_constraint: Constraint of the biases, or None. Defaults to None.
        use_gate: Whether each head's result is multiplied with `sigmoid(Q W^G)`. Defaults to False.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        query: `(batch, T, features)`.
        value: `(batch, S, features)`.
        key: `(batch, S, features)`; None is `value`. Defaults to None.
        query_mask: `(batch, T)`, True for the steps that count. Defaults to the mask that the query carries.
        value_mask: `(batch, S)`, as `query_mask`.
        key_mask: `(batch, S)`, as `query_mask`.
        attention_mask: `(batch, T, S)`, True for the pairs that take part; it is broadcast. Defaults to None.
        return_attention_scores: Whether to return the shares too. Defaults to False.
        training: Whether to drop anything. Defaults to the model's mode.
        use_causal_mask: Whether step t sees only the steps up to t. Defaults to False.

    Input shape:
        See the call arguments; more axes of steps are possible.

    Output shape:
        `(batch, T, features of the query)`, or with `output_shape` at the end.

    Returns:
        When called: the result; with `return_attention_scores` also the shares, `(batch, heads, T, S)`.

    Raises:
        ValueError: If an argument is out of range; when built, if the steps of key and value differ.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> x, memory = np.ones((1, 4, 8), "float32"), np.ones((1, 6, 8), "float32")
    >>> y, shares = layer(x, memory, return_attention_scores=True)
    >>> y.shape, shares.shape
    ((1, 4, 8), (1, 2, 4, 6))

    Source: Vaswani et al., 2017 (https://arxiv.org/abs/1706.03762); gates: Qiu et al., 2025
        (https://arxiv.org/abs/2505.06708).
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        num_heads, key_dim = _size(num_heads, "num_heads"), _size(key_dim, "key_dim")
        value_dim = key_dim if value_dim is None else _size(value_dim, "value_dim")
        super().__init__(
            head_size=key_dim,
            dropout=dropout,
            use_bias=use_bias,
            use_gate=use_gate,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            seed=seed,
            of_weights={
                "kernel_initializer": kernel_initializer,
                "bias_initializer": bias_initializer,
                "kernel_regularizer": kernel_regularizer,
                "bias_regularizer": bias_regularizer,
                "activity_regularizer": activity_regularizer,
                "kernel_constraint": kernel_constraint,
                "bias_constraint": bias_constraint,
            },
            **kwargs,
        )
        self._num_heads, self._key_dim, self._value_dim = num_heads, key_dim, value_dim
        self._output_shape = _output_shape(output_shape)
        if attention_axes is not None:
            found = arguments.integer_or_integers(attention_axes, "attention_axes", "MultiHeadAttention")
            attention_axes = (found,) if isinstance(found, int) else tuple(found)
        self._attention_axes = attention_axes

    @property
    def num_heads(self) -> int:
        """The number of heads."""
        return self._num_heads

    @property
    def key_dim(self) -> int:
        """The size of queries and keys in each head."""
        return self._key_dim

    @property
    def value_dim(self) -> int:
        """The size of values in each head."""
        return self._value_dim

    @property
    def dropout(self) -> float:
        """The part of the shares that is dropped while training."""
        return self._rate

    @property
    def use_bias(self) -> bool:
        """Whether the dense layers have biases."""
        return self._use_bias

    @property
    def attention_axes(self) -> Any:
        """The axes of the steps; known once the layer is built."""
        return self._attention_axes

    @property
    def query_dense(self) -> Any:
        """The dense layer that makes the queries."""
        return self._query_dense

    @property
    def key_dense(self) -> Any:
        """The dense layer that makes the keys."""
        return self._key_dense

    @property
    def value_dense(self) -> Any:
        """The dense layer that makes the values."""
        return self._value_dense

    @property
    def output_dense(self) -> Any:
        """The dense layer after the heads."""
        return self._output_dense

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Make the dense layers."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_steps(value_shape, key_shape)
        heads, keys, values = self._num_heads, self._key_dim, self._value_dim
        rank = len(query_shape)
        # Letters of the projections: batch, steps, heads, features.
        self._query_dense = self._dense("query", _into_heads(rank), (heads, keys))
        self._query_dense.build(query_shape)
        self._key_dense = self._dense("key", _into_heads(len(key_shape)), (heads, keys))
        self._key_dense.build(key_shape)
        if self._use_gate:
            self._gate_dense = self._dense("gate", _into_heads(rank), (heads, values), activation="sigmoid")
            self._gate_dense.build(query_shape)
        self._value_dense = self._dense("value", _into_heads(len(value_shape)), (heads, values))
        self._value_dense.build(value_shape)
        axes = tuple(range(1, rank - 1)) if self._attention_axes is None else self._attention_axes
        self._attention_axes = tuple(axis if axis >= 0 else rank + axis for axis in axes)
        scores_rank = self._write_equations(rank + 1)
        self._build_shares(list(range(scores_rank - len(axes), scores_rank)))
        sizes = self._output_shape or (query_shape[-1],)
        self._output_dense = self._dense("attention_output", _out_of_heads(rank, len(sizes)), sizes)
        self._output_dense.build((*query_shape[:-1], heads, values))

    def _write_equations(self, rank: int) -> int:
        """The equations of scores and results for projections of this rank; returns the rank of the scores."""
        axes = self._attention_axes
        query = string.ascii_lowercase[:rank]
        key, fresh = "", iter(string.ascii_lowercase[rank:])
        for i, letter in enumerate(query):
            key += next(fresh) if i in axes else letter
        kept = [i for i in range(rank - 1) if i not in axes]
        scores = "".join([query[i] for i in kept] + [query[i] for i in axes] + [key[i] for i in axes])
        self._dot_product_equation = f"{key},{query}->{scores}"
        self._combine_equation = f"{scores},{key}->{query}"
        return len(scores)

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Project, attend, and project back."""
        outputs, shares = self._projected(
            query,
            value,
            value if key is None else key,
            (query_mask, value_mask, key_mask, attention_mask),
            use_causal_mask,
            training=training,
            return_attention_scores=return_attention_scores,
        )
        return (outputs, shares) if return_attention_scores else outputs

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:
        """The heads' results and their shares (None where these were not asked for). May be overridden."""
        return self._attend(
            query, key, value, attention_mask, training, return_attention_scores, use_causal_mask
        )

    def _builtin_attention(self) -> Any:
        return MultiHeadAttention._compute_attention

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        """The shape of the query, with `output_shape` at the end."""
        self._check_steps(value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *self._output_shape) if self._output_shape else tuple(query_shape)

    def compute_output_spec(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The shape and dtype of the result, and of the shares."""
        key_shape = None if key is None else key.shape
        shape = self.compute_output_shape(query.shape, value.shape, key_shape)
        outputs = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return outputs
        steps = range(1, len(query.shape) - 1)
        axes = self._attention_axes if self._attention_axes is not None else steps
        axes = [axis % len(query.shape) for axis in axes]
        kept = [query.shape[i] for i in range(len(query.shape) - 1) if i not in axes]
        shares = (*kept, self._num_heads, *(query.shape[i] for i in axes), *(value.shape[i] for i in axes))
        return outputs, KerasTensor(shares, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "dropout": self._rate,
            "use_bias": self._use_bias,
            "use_gate": self._use_gate,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
            "sliding_window": self._sliding_window,
            **self._weights_config(),
            "seed": self.seed,
        }


def _into_heads(rank: int) -> str:
    """`abc,cde->abde`: the last axis of an input of this rank becomes heads and features."""
    free, inner, new = string.ascii_lowercase[: rank - 1], string.ascii_lowercase[rank - 1], "xy"
    return f"{free}{inner},{inner}{new}->{free}{new}"


def _out_of_heads(rank: int, sizes: int) -> str:
    """`abcd,cde->abe`: heads and features become the last axes of the result."""
    letters = string.ascii_lowercase
    free, inner, new = letters[: rank - 1], letters[rank - 1 : rank + 1], letters[rank + 1 : rank + 1 + sizes]
    return f"{free}{inner},{inner}{new}->{free}{new}"


def _size(value: Any, name: str) -> int:
    try:
        return arguments.positive_integer(value, name, "MultiHeadAttention")
    except ValueError:
        wanted = "a positive integer" + (" or None" if name == "value_dim" else "")
        raise ValueError(
            f"MultiHeadAttention: for the argument `{name}`, expected {wanted}. Received: "
            f"{name}={arguments.describe(value)}. Pass one such as {name}=8."
        ) from None


def _output_shape(value: Any) -> tuple[int, ...] | None:
    """`output_shape` as a tuple of positive integers, or None."""
    if value is None:
        return None
    try:
        found = arguments.integer_or_integers(value, "output_shape", "MultiHeadAttention")
        sizes = (found,) if isinstance(found, int) else tuple(found)
        if not sizes:
            return None
        return tuple(arguments.positive_integer(n, "output_shape", "MultiHeadAttention") for n in sizes)
    except ValueError:
        raise ValueError(
            "MultiHeadAttention: Invalid `output_shape`: expected an integer or a tuple of positive integers. "
            f"Received: output_shape={arguments.describe(value)}. Pass the last sizes of the result."
        ) from None
