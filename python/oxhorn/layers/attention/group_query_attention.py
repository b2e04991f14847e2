"""Attention in which groups of queries share keys and values."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.layers.attention.projected_attention import ProjectedAttention

__all__ = ["GroupQueryAttention"]


class GroupQueryAttention(ProjectedAttention):
    """Multi-head attention in which each head of keys and values serves a group of query heads.

    `head_i = softmax((Q W_i^Q) (K W_g^K)^T / sqrt(head_dim)) (V W_g^V)` with the group `g` of head i,
    `y = [head_1, ..., head_n] W^O`

    With as many heads of keys as of queries it is multi-head attention, with one it is multi-query attention: less to
    keep and to read for nearly the same quality.

    A query that may see nothing, because its row of the mask is all False, gathers nothing: its shares are 0 and its
    result is that of the output's bias, whether or not the shares are returned. (Keras 3 gives it the mean of the
    values where there is no dropout and no shares are asked for, and 0 elsewhere.)

    Args:
        head_dim: The size of each head.
        num_query_heads: The number of query heads.
        num_key_value_heads: The number of heads of keys and values, which divides `num_query_heads`.
        dropout: The part of the shares that is dropped while training, in [0, 1]. Defaults to 0.0.
        use_bias: Whether the dense layers have biases. Defaults to True.
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
        See the call arguments.

    Output shape:
        That of the query.

    Returns:
        When called: the result; with `return_attention_scores` also the shares, `(batch, heads, T, S)`.

    Raises:
        ValueError: If an argument is out of range; when built, if the steps of key and value differ.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    >>> x = np.ones((1, 5, 8), "float32")
    >>> layer(x, x).shape
    (1, 5, 8)
    >>> layer.get_weights()[2].shape
    (8, 2, 3)

    Source: Ainslie et al., 2023 (https://arxiv.org/abs/2305.13245).
    """

    _dot_product_equation = "bkuh,bquh->buqk"
    _combine_equation = "buqk,bkuh->bquh"
    _attention_axes = (1,)

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        owner = "GroupQueryAttention"
        head_dim = arguments.positive_integer(head_dim, "head_dim", owner)
        super().__init__(
            head_size=head_dim,
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
        self.head_dim = head_dim
        self.num_query_heads = arguments.positive_integer(num_query_heads, "num_query_heads", owner)
        self.num_key_value_heads = arguments.positive_integer(
            num_key_value_heads, "num_key_value_heads", owner
        )
        if self.num_query_heads % self.num_key_value_heads != 0:
            raise ValueError(
                f"{owner}: `num_query_heads` must be divisible by `num_key_value_heads`. Received: num_query_heads="
                f"{num_query_heads} and num_key_value_heads={num_key_value_heads}. Each head of keys serves as many "
                "query heads."
            )
        self.num_repeats = self.num_query_heads // self.num_key_value_heads
        self.dropout = self._rate
        self.use_bias = self._use_bias
        self.use_gate = self._use_gate
        self.sliding_window = self._sliding_window
        self._return_attention_scores = False

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Make the dense layers."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_steps(value_shape, key_shape)
        self.feature_dim = query_shape[-1]
        of_queries = (self.num_query_heads, self.head_dim)
        of_keys = (self.num_key_value_heads, self.head_dim)
        # b batch, q query steps, k key steps, m features, u query heads, v heads of keys, h size of a head
        self._query_dense = self._dense("query", "bqm,muh->bquh", of_queries)
        self._query_dense.build(query_shape)
        self._key_dense = self._dense("key", "bkm,mvh->bkvh", of_keys)
        self._key_dense.build(key_shape)
        if self._use_gate:
            self._gate_dense = self._dense("gate", "bqm,muh->bquh", of_queries, activation="sigmoid")
            self._gate_dense.build(query_shape)
        self._value_dense = self._dense("value", "bkm,mvh->bkvh", of_keys)
        self._value_dense.build(value_shape)
        self._build_shares(-1)
        self._output_dense = self._dense("attention_output", "bquh,uhm->bqm", (self.feature_dim,))
        self._output_dense.build((None, None, *of_queries))

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
        self._return_attention_scores = return_attention_scores
        outputs, shares = self._projected(
            query,
            value,
            value if key is None else key,
            (query_mask, value_mask, key_mask, attention_mask),
            use_causal_mask,
            training=training,
        )
        return (outputs, shares) if return_attention_scores else outputs

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:
        """The heads' results and their shares (None where these were not asked for). May be overridden."""
        return self._attend(
            query, key, value, attention_mask, training, self._return_attention_scores, use_causal_mask
        )

    def _builtin_attention(self) -> Any:
        return GroupQueryAttention._compute_attention

    def _spread_heads(self, key: Any, value: Any, own: bool) -> tuple[Any, Any]:
        """Keys and values once for each query head, where not the kernel sees to that."""
        if self.num_repeats == 1 or not (own or self._return_attention_scores):
            return key, value
        return ops.repeat(key, self.num_repeats, axis=2), ops.repeat(value, self.num_repeats, axis=2)

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        """The shape of the query."""
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(
                f"GroupQueryAttention layer {self.name!r}: the last axes of query and value must be equal. Received: "
                f"query_shape={tuple(query_shape)} and value_shape={tuple(value_shape)}."
            )
        self._check_steps(value_shape, value_shape if key_shape is None else key_shape)
        return query_shape

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
        shape = self.compute_output_shape(query.shape, value.shape, None if key is None else key.shape)
        outputs = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return outputs
        shares = (query.shape[0], self.num_query_heads, query.shape[1], value.shape[1])
        return outputs, KerasTensor(shares, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "use_bias": self._use_bias,
            "use_gate": self._use_gate,
            "sliding_window": self._sliding_window,
            "dropout": self._rate,
            **self._weights_config(),
            "seed": self.seed,
        }
