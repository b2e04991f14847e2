"""Attention layers as functions of inputs and weights, and the dense layer over any axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference.activations import softmax
from oxhorn.testing.reference.layers import activate
from oxhorn.testing.reference.networks import dot_product_attention

Array = NDArray[Any]


def einsum_dense(
    x: ArrayLike, kernel: ArrayLike, bias: ArrayLike = 0.0, equation: str = "", activation: str | None = None
) -> Array:
    """activation(einsum(equation, x, kernel) + bias)"""
    return activate(np.einsum(equation, np.asarray(x), np.asarray(kernel)) + np.asarray(bias), activation)


def attention(
    inputs: Sequence[ArrayLike],
    *factors: ArrayLike,
    score_mode: str = "dot",
    use_scale: bool = False,
    mask: Sequence[Any] | None = None,
    causal: bool = False,
) -> Array:
    """softmax(scores) v; scores q k^T, or c sum tanh(s (q + k)); factors: s with use_scale, then c with "concat" """
    query, value = np.asarray(inputs[0]), np.asarray(inputs[1])
    key = np.asarray(inputs[2]) if len(inputs) > 2 else value
    scale = np.asarray(factors[0]) if use_scale else 1.0
    if score_mode == "dot":
        scores = query @ np.swapaxes(key, -1, -2) * scale
    else:
        sums = query[..., :, None, :] + key[..., None, :, :]
        scores = np.asarray(factors[-1]) * np.tanh(scale * sums).sum(-1)
    return _gather(scores, value, mask, causal)


def additive_attention(
    inputs: Sequence[ArrayLike],
    scale: ArrayLike = 1.0,
    mask: Sequence[Any] | None = None,
    causal: bool = False,
) -> Array:
    """softmax(scores) v, scores = sum s tanh(q + k) (Bahdanau et al. 2014)"""
    query, value = np.asarray(inputs[0]), np.asarray(inputs[1])
    key = np.asarray(inputs[2]) if len(inputs) > 2 else value
    scores = (np.asarray(scale) * np.tanh(query[..., :, None, :] + key[..., None, :, :])).sum(-1)
    return _gather(scores, value, mask, causal)


def _gather(scores: Array, value: Array, mask: Sequence[Any] | None, causal: bool) -> Array:
    """softmax(scores) v over the pairs that are seen, and 0 for queries that do not count"""
    query_mask, value_mask = (None, None) if mask is None else (mask[0], mask[1])
    if value_mask is not None:
        scores = np.where(np.asarray(value_mask)[:, None, :], scores, -np.inf)
    if causal:
        scores = np.where(np.tri(scores.shape[-2], scores.shape[-1], dtype=bool), scores, -np.inf)
    y = np.asarray(softmax(scores) @ value)
    return y if query_mask is None else np.where(np.asarray(query_mask)[..., None], y, 0.0)


def multi_head_attention(
    query: ArrayLike,
    value: ArrayLike,
    weights: Sequence[ArrayLike],
    key: ArrayLike | None = None,
    mask: ArrayLike = True,
    causal: bool = False,
    gate: bool = False,
) -> Array:
    """heads = softmax(q k^T / sqrt(d)) v of projections q, k, v; y = heads W + b (Vaswani et al. 2017).

    weights: kernel and bias of query, key, (gate,) value and result, as the layer lists them.
    """
    pairs = [(np.asarray(w), np.asarray(b)) for w, b in zip(weights[::2], weights[1::2], strict=True)]
    x = [np.asarray(query), np.asarray(value if key is None else key), np.asarray(value)]
    if gate:
        x.insert(2, np.asarray(query))
    *parts, (kernel, bias) = pairs
    projected = [np.einsum("btm,mnh->btnh", a, w) + b for a, (w, b) in zip(x, parts, strict=True)]
    q, k, v = projected[0], projected[1], projected[-1]
    seen = np.asarray(mask)
    heads = dot_product_attention(q, k, v, mask=seen[:, None] if seen.ndim == 3 else seen, is_causal=causal)
    if gate:
        heads = heads / (1.0 + np.exp(-projected[2]))
    return np.asarray(np.einsum("btnh,nhm->btm", heads, kernel) + bias)


def group_query_attention(
    query: ArrayLike, value: ArrayLike, weights: Sequence[ArrayLike], **how: Any
) -> Array:
    """multi_head_attention with fewer heads of keys and values, each of which serves a group of query heads"""
    return multi_head_attention(query, value, weights, **how)
