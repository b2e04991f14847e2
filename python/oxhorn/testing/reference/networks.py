"""Functions of neural networks that are more than one formula: attention, normalisations, CTC."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference.activations import log_softmax, softmax

Array = NDArray[Any]
EPSILON = 1e-7


def binary_crossentropy(target: ArrayLike, output: ArrayLike, from_logits: bool = False) -> Array:
    """-(t log p + (1 - t) log(1 - p)) of each target"""
    t, p = np.asarray(target, float), np.asarray(output, float)
    p = 1.0 / (1.0 + np.exp(-p)) if from_logits else np.clip(p, EPSILON, 1.0 - EPSILON)
    return -(t * np.log(p) + (1.0 - t) * np.log(1.0 - p))


def normalize(x: ArrayLike, axis: Any = -1, order: int = 2, epsilon: float = EPSILON) -> Array:
    """x / max(|x|, epsilon), |x| = (sum |x|^order)^(1 / order)"""
    x = np.asarray(x, float)
    norm = np.sum(np.abs(x) ** order, axis=axis, keepdims=True) ** (1.0 / order)
    return x / np.maximum(norm, epsilon)


def rms_normalization(
    x: ArrayLike, scale: ArrayLike = 1.0, axis: Any = -1, epsilon: float = EPSILON
) -> Array:
    """x / sqrt(mean x^2 + epsilon) scale"""
    x = np.asarray(x, float)
    return x / np.sqrt(np.mean(x**2, axis=axis, keepdims=True) + epsilon) * np.asarray(scale)


def psnr(x1: ArrayLike, x2: ArrayLike, max_val: float) -> Array:
    """10 log10(max_val^2 / mean (x1 - x2)^2)"""
    error = np.mean((np.asarray(x1, float) - np.asarray(x2, float)) ** 2)
    return np.asarray(10.0 * np.log10(max_val**2 / error))


def dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    bias: ArrayLike = 0.0,
    mask: ArrayLike = True,
    scale: float | None = None,
    is_causal: bool = False,
) -> Array:
    """softmax(scale q k^T + bias) v for each head; -inf where masked (Vaswani et al. 2017)"""
    q, k, v = (np.asarray(x, float) for x in (query, key, value))
    k, v = (np.repeat(x, q.shape[2] // x.shape[2], axis=2) for x in (k, v))
    scores = np.einsum("btnh,bsnh->bnts", q, k) * (q.shape[3] ** -0.5 if scale is None else scale) + bias
    seen = np.broadcast_to(mask, scores.shape)
    if is_causal:
        seen = seen & np.tri(scores.shape[2], scores.shape[3], dtype=bool)
    return np.einsum("bnts,bsnh->btnh", softmax(np.where(seen, scores, -np.inf)), v)


def ctc_loss(
    target: ArrayLike,
    output: ArrayLike,
    target_length: ArrayLike,
    output_length: ArrayLike,
    mask_index: int = 0,
) -> Array:
    """-log of the sum over all sequences of classes that are read as the labels (Graves et al. 2006)

    Written as the definition says: every sequence is tried.
    """
    losses = []
    for labels, scores, n, t in zip(
        np.asarray(target).astype(int),
        np.asarray(output, float),
        np.asarray(target_length),
        np.asarray(output_length),
        strict=True,
    ):
        p = softmax(scores[:t])
        total = 0.0
        for path in itertools.product(range(p.shape[1]), repeat=int(t)):
            read = [c for i, c in enumerate(path) if c != mask_index and (i == 0 or path[i - 1] != c)]
            if read == list(labels[:n]):
                total += float(np.prod(p[range(t), path]))
        losses.append(-np.log(total))
    return np.asarray(losses)


def ctc_decode(
    inputs: ArrayLike,
    sequence_lengths: ArrayLike,
    strategy: str = "greedy",
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Array, Array]:
    """The best class of each step, read (greedy); or the most probable readings, found by trying all sequences"""
    x = np.asarray(inputs, float)
    paths = np.full((top_paths, *x.shape[:2]), -1)
    scores = np.zeros((len(x), top_paths))

    def read(path: Any) -> tuple[int, ...]:
        kept = [c for i, c in enumerate(path) if i == 0 or not merge_repeated or path[i - 1] != c]
        return tuple(int(c) for c in kept if c != mask_index)

    for b, (rows, t) in enumerate(zip(x, np.asarray(sequence_lengths), strict=True)):
        if strategy == "greedy":
            found = [(read(rows[:t].argmax(-1)), -rows[:t].max(-1).sum())]
        else:
            p = log_softmax(rows[:t])
            by_reading: dict[tuple[int, ...], float] = {}
            for path in itertools.product(range(rows.shape[1]), repeat=int(t)):
                score = float(p[range(t), path].sum())
                by_reading[read(path)] = np.logaddexp(by_reading.get(read(path), -np.inf), score)
            found = sorted(by_reading.items(), key=lambda item: -item[1])[:top_paths]
        for k, (labels, score) in enumerate(found):
            paths[k, b, : len(labels)] = labels
            scores[b, k] = score
    return paths, scores
