"""Attention by dot products, without weights of its own."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.attention import pairs
from oxhorn.layers.layer import Layer
from oxhorn.layers.regularization.dropout import rate_of

__all__ = ["Attention"]


class Attention(Layer):
    """Gather values by how well their keys match each step of a query.

    `y = softmax(scores) V`; scores `Q K^T`, or `c * sum(tanh(s (q + k)))` for each pair with "concat"

    Args:
        use_scale: Whether the scores (with "concat": the sums before `tanh`) have a learned factor. Defaults to False.
        score_mode: "dot" or "concat". Defaults to "dot".
        dropout: The part of the shares that is dropped while training, in [0, 1]. Defaults to 0.0.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: A list `[query, value]` or `[query, value, key]`; without a key, the value is the key.
        mask: A list `[query_mask, value_mask]` of shapes `(batch, T)` and `(batch, S)`, True for the steps that count.
            Results are 0 where the query's is False. Defaults to the masks that the inputs carry.
        training: Whether to drop anything. Defaults to the model's mode.
        return_attention_scores: Whether to return the shares too. Defaults to False.
        use_causal_mask: Whether step t sees only the steps up to t. Defaults to False.

    Input shape:
        `[(batch, T, features), (batch, S, sizes of values), (batch, S, features)]`.

    Output shape:
        `(batch, T, sizes of values)`.

    Returns:
        When called: the result; with `return_attention_scores` also the shares, `(batch, T, S)`.

    Raises:
        ValueError: If an argument is out of range; when called, if the inputs or masks are no such list.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> query, value = np.array([[[9.0, 0.0]]]), np.array([[[9.0, 0.0], [0.0, 9.0]]])
    >>> keras.layers.Attention()([query, value]).numpy().round(2).tolist()
    [[[9.0, 0.0]]]

    Source: Luong et al., 2015 (https://arxiv.org/abs/1508.04025).
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.use_scale = arguments.boolean(use_scale, "use_scale", owner)
        if score_mode not in ("dot", "concat"):
            raise ValueError(
                f"{owner}: Invalid value for argument score_mode. Expected one of {{'dot', 'concat'}}. Received: "
                f"score_mode={arguments.describe(score_mode)}. Pass one of these words."
            )
        self.score_mode = score_mode
        self.dropout = rate_of(dropout, owner)
        self.seed = arguments.seed(seed, owner)
        if self.dropout > 0:
            self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True
        self.scale: Any = None
        self.concat_score_weight: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the factors."""
        self._validate_inputs(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """`(batch, T, S)`: how well each pair matches."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else scores * self.scale
        sums = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
        if self.scale is not None:
            sums = sums * self.scale
        return self.concat_score_weight * ops.sum(ops.tanh(sums), axis=-1)

    def _calculate_score_mask(self, scores: Any, v_mask: Any, use_causal_mask: bool) -> Any:
        """The pairs that take part: of the value's mask alone `(batch, S)`, else `(batch, T, S)`; None is all."""
        if not use_causal_mask:
            return v_mask
        steps = ops.shape(scores)
        causal = pairs.causal(steps[-2], steps[-1])
        return causal if v_mask is None else ops.logical_and(ops.expand_dims(v_mask, -2), causal)

    def _apply_scores(
        self, scores: Any, value: Any, scores_mask: Any = None, training: bool | None = False
    ) -> tuple[Any, Any]:
        """The result and the shares."""
        if scores_mask is not None:
            left_out = ops.logical_not(scores_mask)
            if len(left_out.shape) == 2:
                left_out = ops.expand_dims(left_out, -2)
            # Far below any score, yet finite: where all are left out, the shares are still numbers.
            scores = ops.where(left_out, scores - 1.0e9, scores)
        shares = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            shares = random.dropout(shares, self.dropout, seed=self.seed_generator)
        return ops.matmul(shares, value), shares

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Score each pair, and gather the values by their shares."""
        self._validate_inputs(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        scores = self._calculate_scores(query=query, key=key)
        seen = self._calculate_score_mask(scores, value_mask, use_causal_mask)
        outputs, shares = self._apply_scores(scores=scores, value=value, scores_mask=seen, training=training)
        if query_mask is not None:
            outputs = ops.where(ops.expand_dims(query_mask, -1), outputs, 0)
        return (outputs, shares) if return_attention_scores else outputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the query."""
        self._validate_inputs(inputs, mask)
        return None if mask is None or mask[0] is None else ops.convert_to_tensor(mask[0])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the query, with the values' last size."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The shape and dtype of the result, and of the shares."""
        self._validate_inputs(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        outputs = KerasTensor(self.compute_output_shape([query.shape, value.shape]), self.compute_dtype)
        if not return_attention_scores:
            return outputs
        return outputs, KerasTensor((*query.shape[:-1], key.shape[-2]), self.compute_dtype)

    def _validate_inputs(self, inputs: Any, mask: Any = None) -> None:
        who = f"{type(self).__name__} layer {self.name!r}"
        wanted = "[query, value] or [query, value, key]"
        if not isinstance(inputs, list):
            raise ValueError(
                f"{who} must be called on a list of inputs, {wanted}. Received: inputs={arguments.describe(inputs)}."
            )
        if len(inputs) not in (2, 3):
            raise ValueError(
                f"{who} accepts a list of inputs of length 2 or 3, {wanted}. Received length: {len(inputs)}."
            )
        if mask is None:
            return
        if not isinstance(mask, list):
            raise ValueError(
                f"{who}: the layer mask must be a list, [query_mask, value_mask]. Received: "
                f"mask={arguments.describe(mask)}."
            )
        if len(mask) not in (2, 3):
            raise ValueError(
                f"{who} accepts a list of masks of length 2 or 3, [query_mask, value_mask]. Received length: "
                f"{len(mask)}."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }
