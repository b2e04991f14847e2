"""Attention by sums."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.layers.attention.attention import Attention

__all__ = ["AdditiveAttention"]


class AdditiveAttention(Attention):
    """Gather values by a score of the sum of each query step and each key.

    `y = softmax(scores) V`, `scores = sum(s * tanh(q + k))` over the features, for each pair

    Args:
        use_scale: Whether the features have learned factors `s`. Defaults to True.
        dropout: The part of the shares that is dropped while training, in [0, 1]. Defaults to 0.0.
        **kwargs: `seed`, and `name`, `dtype`, `trainable` and the other arguments of every layer.

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
    >>> x = np.ones((1, 3, 2), "float32")
    >>> layer = keras.layers.AdditiveAttention()
    >>> layer([x, x]).numpy().round(4).tolist()
    [[[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]]
    >>> [w.shape for w in layer.weights]
    [(2,)]

    Source: Bahdanau et al., 2014 (https://arxiv.org/abs/1409.0473).
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the factors of the features."""
        self._validate_inputs(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(
                name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform"
            )

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """`(batch, T, S)`: how well each pair matches."""
        waves = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))
        return ops.sum(waves if self.scale is None else waves * self.scale, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["score_mode"]
        return config
