"""What attention between projections has in common, however many heads the keys have."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, config, constraints, initializers, ops, regularizers
from oxhorn.layers.activations.softmax import Softmax
from oxhorn.layers.attention import pairs
from oxhorn.layers.core.einsum_dense import EinsumDense
from oxhorn.layers.layer import Layer
from oxhorn.layers.regularization.dropout import Dropout, rate_of
from oxhorn.ops.nn.attention import attend

_INITIALIZERS = ("kernel_initializer", "bias_initializer")
_REGULARIZERS = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
_CONSTRAINTS = ("kernel_constraint", "bias_constraint")


class ProjectedAttention(Layer):
    """Queries, keys and values by dense layers, scaled dot product attention between them, and a dense layer after.

    Subclasses make the dense layers in `build`, and call `_projected` in `call`.
    """

    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _gate_dense: EinsumDense
    _output_dense: EinsumDense
    _softmax: Softmax
    _dropout_layer: Dropout
    _attention_axes: Any
    # Equations of the scores (from keys and queries) and of the results (from shares and values).
    _dot_product_equation: str
    _combine_equation: str

    def __init__(
        self,
        *,
        head_size: int,
        dropout: float,
        use_bias: bool,
        use_gate: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        seed: Any,
        of_weights: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.supports_masking = True
        self._rate = rate_of(dropout, owner)
        self._use_bias = arguments.boolean(use_bias, "use_bias", owner)
        self._use_gate = arguments.boolean(use_gate, "use_gate", owner)
        self._sliding_window = (
            None
            if sliding_window is None
            else arguments.positive_integer(sliding_window, "sliding_window", owner)
        )
        self._flash_attention = flash_attention or config.is_flash_attention_enabled()
        self.seed = arguments.seed(seed, owner)
        self._scale = float(head_size) ** -0.5
        for names, get in (
            (_INITIALIZERS, initializers.get),
            (_REGULARIZERS, regularizers.get),
            (_CONSTRAINTS, constraints.get),
        ):
            for name in names:
                setattr(self, f"_{name}", get(of_weights[name]))
        if self._flash_attention and self._rate > 0:
            raise ValueError(
                f"{owner}: Dropout is not supported when flash attention is enabled. Please set dropout to 0.0 to use "
                f"flash attention, or leave flash_attention out; got dropout={dropout!r}."
            )

    def _weights_config(self) -> dict[str, Any]:
        """What was said of the weights, as a config holds it."""
        return {
            f"{name}": serialize(getattr(self, f"_{name}"))
            for names, serialize in (
                (_INITIALIZERS, initializers.serialize),
                (_REGULARIZERS, regularizers.serialize),
                (_CONSTRAINTS, constraints.serialize),
            )
            for name in names
        }

    def _dense(self, name: str, equation: str, sizes: tuple[Any, ...], activation: Any = None) -> EinsumDense:
        """A dense layer whose result has these last sizes; the others follow from its input."""
        output = equation.partition("->")[2]
        return EinsumDense(
            equation,
            output_shape=(None,) * (len(output) - 1 - len(sizes)) + sizes,
            activation=activation,
            bias_axes=output[-len(sizes) :] if self._use_bias else None,
            name=name,
            dtype=self.dtype_policy,
            # An initializer each: one that is used twice would give the same numbers twice.
            **{key: getattr(self, f"_{key}").clone() for key in _INITIALIZERS},
            **{key: getattr(self, f"_{key}") for key in (*_REGULARIZERS, *_CONSTRAINTS)},
        )

    def _build_shares(self, axes: int | list[int]) -> None:
        """The layers between scores and results."""
        self._softmax = Softmax(axis=axes, dtype=self.dtype_policy)
        self._dropout_layer = Dropout(rate=self._rate, dtype=self.dtype_policy, seed=self.seed)

    # The call ----------------------------------------------------------------------------------------

    def _projected(
        self,
        query: Any,
        value: Any,
        key: Any,
        masks: tuple[Any, Any, Any, Any],
        use_causal_mask: bool,
        **options: Any,
    ) -> tuple[Any, Any]:
        """The result and the shares (None where they were not asked for)."""
        query_mask, value_mask, key_mask, attention_mask = masks
        # A causal mask alone is left to the kernel; a subclass that computes attention itself gets it as a mask.
        own = type(self)._compute_attention is not self._builtin_attention()
        causal_only = (
            use_causal_mask and all(m is None for m in masks) and self._sliding_window is None and not own
        )
        if not causal_only:
            attention_mask = self._compute_attention_mask(
                query,
                value,
                query_mask=query_mask,
                value_mask=value_mask,
                key_mask=key_mask,
                attention_mask=attention_mask,
                use_causal_mask=use_causal_mask,
            )
        with pairs.carried_apart(query, value, key):
            gate = self._gate_dense(query) if self._use_gate else None
            query, key, value = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        key, value = self._spread_heads(key, value, own)
        more = {**options, "use_causal_mask": True} if causal_only else options
        outputs, shares = self._compute_attention(query, key, value, attention_mask, **more)
        if gate is not None:
            outputs = outputs * gate
        outputs = self._output_dense(outputs)
        if query_mask is not None:
            outputs._keras_mask = query_mask
        return outputs, shares

    def _builtin_attention(self) -> Any:
        """`_compute_attention` of the built-in class."""
        raise NotImplementedError

    def _compute_attention(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """The attention between projections; defined by the classes, and by subclasses of theirs."""
        raise NotImplementedError

    def _spread_heads(self, key: Any, value: Any, own: bool) -> tuple[Any, Any]:
        return key, value

    def _attend(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any,
        training: bool | None,
        return_attention_scores: bool,
        use_causal_mask: bool,
    ) -> tuple[Any, Any]:
        """Attention in one op where only the result is wanted; else step by step, for the shares in between."""
        if self._flash_attention and return_attention_scores:
            raise ValueError(
                f"{type(self).__name__} layer {self.name!r}: Returning attention scores is not supported when flash "
                "attention is enabled. Please disable flash attention to access attention scores."
            )
        if not return_attention_scores and len(query.shape) == 4:
            if attention_mask is not None:
                attention_mask = ops.cast(self._with_heads(attention_mask, 4), "bool")
            drops = bool(training) and self._rate > 0
            outputs = attend(
                query,
                key,
                value,
                mask=attention_mask,
                scale=self._scale,
                is_causal=use_causal_mask,
                dropout_key=self._dropout_layer.seed_generator.next() if drops else None,
                rate=self._rate if drops else 0.0,
                # As step by step, where the masked softmax gives such a query no shares.
                empty_is_zero=True,
            )
            return outputs, None
        if use_causal_mask:
            steps = self._compute_causal_mask(query, value)
            attention_mask = pairs.both(
                steps, None if attention_mask is None else ops.cast(attention_mask, "bool")
            )
        scores = ops.einsum(self._dot_product_equation, key, query * self._scale)
        shares = self._masked_softmax(scores, attention_mask)
        dropped = self._dropout_layer(shares, training=training) if self._rate > 0 else shares
        return ops.einsum(self._combine_equation, dropped, value), shares

    def _with_heads(self, mask: Any, rank: int) -> Any:
        """A mask with axes of size 1 in the place of the heads, until it has this rank."""
        axes = 1 if self._attention_axes is None else len(self._attention_axes)
        while len(mask.shape) < rank:
            mask = ops.expand_dims(mask, axis=-2 * axes - 1)
        return mask

    def _masked_softmax(self, attention_scores: Any, attention_mask: Any = None) -> Any:
        """Scores as shares that add up to 1 over the keys that are seen."""
        if attention_mask is not None:
            attention_mask = self._with_heads(
                ops.convert_to_tensor(attention_mask), len(attention_scores.shape)
            )
        return self._softmax(attention_scores, mask=attention_mask)

    # Masks -------------------------------------------------------------------------------------------

    def _compute_attention_mask(
        self,
        query: Any,
        value: Any,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The pairs that all masks allow, or None if there is no mask."""
        found = pairs.of_steps(query_mask, value_mask, key_mask)
        if use_causal_mask:
            found = pairs.both(found, self._compute_causal_mask(query, value))
        if self._sliding_window is not None:
            found = pairs.both(found, self._compute_sliding_window_mask(query, value))
        return pairs.both(None if attention_mask is None else ops.cast(attention_mask, "bool"), found)

    def _compute_causal_mask(self, query: Any, value: Any = None) -> Any:
        """`(1, T, S)`: step t of the query sees the steps up to t."""
        return pairs.causal(*_steps(query, value))

    def _compute_sliding_window_mask(self, query: Any, value: Any = None) -> Any:
        """`(1, T, S)`: step t of the query sees the steps less than the window's width away."""
        width = self._sliding_window
        if width is None:
            raise ValueError(
                f"{type(self).__name__} layer {self.name!r} has no sliding window; set `sliding_window`."
            )
        return pairs.window(*_steps(query, value), width)

    # Shapes ------------------------------------------------------------------------------------------

    def _check_steps(self, value_shape: Any, key_shape: Any) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f"{type(self).__name__} layer {self.name!r}: all axes of value and key but the last must be equal, for "
                f"each key has one value. Received: value_shape={tuple(value_shape)} and "
                f"key_shape={tuple(key_shape)}."
            )


def _steps(query: Any, value: Any) -> tuple[Any, Any]:
    steps = ops.shape(query)[1]
    return steps, steps if value is None else ops.shape(value)[1]
