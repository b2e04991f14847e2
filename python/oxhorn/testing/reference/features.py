"""Layers that prepare features: normalization, bins, categories, hashes, vocabularies, text, spectrograms."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
_64 = 2**64 - 1


def normalization(x: ArrayLike, mean: ArrayLike, variance: ArrayLike, invert: bool = False) -> Array:
    """(x - mean) / sqrt(variance), or back"""
    scale = np.maximum(np.sqrt(variance), 1e-7)
    return np.asarray(mean) + np.asarray(x) * scale if invert else (np.asarray(x) - mean) / scale


def category_encoding(
    x: ArrayLike,
    num_tokens: int,
    output_mode: str = "multi_hot",
    weights: ArrayLike | None = None,
    axis: int = -1,
) -> Array:
    """Vectors of categories: a 1 for each (one_hot), for those of a sample (multi_hot), or their number (count)"""
    x = np.asarray(x).astype(int)
    hot = (x[..., None] == np.arange(num_tokens)).astype(float)
    if output_mode == "one_hot":
        return hot[..., 0, :] if x.ndim > 1 and x.shape[-1] == 1 else hot
    count = (hot * (1.0 if weights is None else np.asarray(weights)[..., None])).sum(axis=axis % x.ndim)
    return np.minimum(count, 1.0) if output_mode == "multi_hot" else np.asarray(count)


def discretization(x: ArrayLike, bin_boundaries: Sequence[float], output_mode: str = "int") -> Array:
    """How many boundaries are not above x, or vectors of that"""
    bins = (np.asarray(x)[..., None] >= np.asarray(bin_boundaries)).sum(axis=-1)
    if output_mode == "int":
        return np.asarray(bins)
    return category_encoding(bins, len(bin_boundaries) + 1, output_mode, axis=min(1, bins.ndim - 1))


# Hashes, with Python's whole numbers: https://github.com/google/farmhash; Aumasson and Bernstein, "SipHash", 2012.


def _rotate(v: int, bits: int) -> int:
    return (v >> bits | v << (64 - bits)) & _64


def _shift_mix(v: int) -> int:
    return v ^ v >> 47


def farmhash(text: bytes) -> int:
    """FarmHash64 of at most 16 bytes"""
    k0, k2, n = 0xC3A5C85C97CB3127, 0x9AE16A3B2F90404F, len(text)
    if n > 16:
        raise ValueError(f"This reference is for at most 16 bytes; got {n}.")
    k = k2 + 2 * n

    def number(start: int, size: int) -> int:
        return int.from_bytes(text[start : start + size], "little")

    def pair(u: int, v: int) -> int:
        a = _shift_mix((u ^ v) * k & _64)
        return _shift_mix((v ^ a) * k & _64) * k & _64

    if n >= 8:
        a, b = number(0, 8) + k2 & _64, number(n - 8, 8)
        return pair(_rotate(b, 37) * k + a & _64, (_rotate(a, 25) + b) * k & _64)
    if n >= 4:
        return pair(n + (number(0, 4) << 3), number(n - 4, 4))
    if n == 0:
        return k2
    y, z = text[0] + (text[n >> 1] << 8), n + (text[-1] << 2)
    return _shift_mix(y * k2 & _64 ^ z * k0 & _64) * k2 & _64


def siphash(text: bytes, key: Sequence[int]) -> int:
    """SipHash-2-4: two rounds for each eight bytes, four at the end"""
    v = [c ^ k for c, k in zip(_SIP, (*key, *key), strict=True)]

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0], v[2] = v[0] + v[1] & _64, v[2] + v[3] & _64
            v[1], v[3] = _rotate(v[1], 51) ^ v[0], _rotate(v[3], 48) ^ v[2]
            v[0] = _rotate(v[0], 32)
            v[2], v[0] = v[2] + v[1] & _64, v[0] + v[3] & _64
            v[1], v[3] = _rotate(v[1], 47) ^ v[2], _rotate(v[3], 43) ^ v[0]
            v[2] = _rotate(v[2], 32)

    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) % 256])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


# "somepseudorandomlygeneratedbytes"
_SIP = [0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573]


def hashing(x: Any, num_bins: int, salt: Sequence[int] | None = None, mask_value: Any = None) -> Array:
    """hash(x) mod bins; bin 0 is kept for the mask value, if there is one"""
    kept = int(mask_value is not None)

    def bin_of(token: Any) -> int:
        if kept and token == mask_value:
            return 0
        text = str(token).encode()
        return kept + (farmhash(text) if salt is None else siphash(text, salt)) % (num_bins - kept)

    return np.array([bin_of(token) for token in np.ravel(x).tolist()]).reshape(np.shape(x))


def hashed_crossing(xs: Sequence[Any], num_bins: int) -> Array:
    """All features put into one hash, one after the other"""
    k = 0xC6A4A7935BD1E995

    def combine(a: int, b: int) -> int:
        mixed = a ^ k ^ _shift_mix(b * k & _64) * k & _64
        return _shift_mix(_shift_mix(mixed * k & _64) * k & _64)

    def cross(values: Sequence[Any]) -> int:
        h = 0xDECAFCAFFE
        for value in values:
            h = combine(h, farmhash(value.encode()) if isinstance(value, str) else value & _64)
        return h % num_bins

    return np.array([cross(values) for values in zip(*(np.ravel(x).tolist() for x in xs), strict=True)])


# Vocabularies


def string_lookup(x: Any, vocabulary: Sequence[Any], mask_token: Any = None, oov: int = 1) -> Array:
    """The place in the vocabulary, after that of the mask and those of unknown tokens (which are hashed)"""
    first = int(mask_token is not None)
    table = {token: i for i, token in enumerate(vocabulary, first + oov)} | {mask_token: 0}

    def place(token: Any) -> int:
        return table.get(token, first + (int(hashing(token, oov)) if oov > 1 else 0))

    return np.array([place(token) for token in np.ravel(x).tolist()]).reshape(np.shape(x))


def integer_lookup(
    x: ArrayLike, vocabulary: Sequence[int], mask_token: int | None = None, oov: int = 1
) -> Array:
    """The place in the vocabulary, after that of the mask and those of unknown numbers (which take turns)"""
    x, first = np.asarray(x), int(mask_token is not None)
    places = first + x % oov
    for i, token in enumerate(vocabulary, first + oov):
        places = np.where(x == token, i, places)
    return np.where(x == mask_token, 0, places) if first else np.asarray(places)


def find_vocabulary(tokens: Sequence[Any], limit: int | None = None) -> list[Any]:
    """The most frequent tokens first; of equally frequent ones the last in the alphabet"""
    counts = Counter(tokens)
    return sorted(counts, key=lambda token: (counts[token], token), reverse=True)[:limit]


def inverse_document_frequency(documents: Sequence[Sequence[Any]], vocabulary: Sequence[Any]) -> Array:
    """ln(1 + documents / (1 + documents with the token)), the mean of it for unknown tokens"""
    having = np.array([sum(token in document for document in documents) for token in vocabulary])
    idf = np.log(1 + len(documents) / (1 + having))
    return np.array([idf.mean(), *idf])


def words(text: str, ngrams: Sequence[int] = (1,)) -> list[str]:
    """Small letters without punctuation, and runs of so many neighbours"""
    plain = "".join(c for c in text.lower() if c not in string.punctuation)
    found = re.findall(r"\S+", plain)
    return [" ".join(found[i : i + n]) for n in ngrams for i in range(len(found) - n + 1)]


def text_vectorization(
    x: Sequence[str], vocabulary: Sequence[str], length: int | None = None, ngrams: Sequence[int] = (1,)
) -> Array:
    """The numbers of the words of each text, cut or padded with 0"""
    rows = [words(text, ngrams) for text in x]
    length = length or max(map(len, rows))
    numbers = [string_lookup(row, vocabulary, "").tolist()[:length] for row in rows]
    return np.array([row + [0] * (length - len(row)) for row in numbers])


# Spectrograms


def mel_matrix(bins: int, size: int, rate: float, low: float, high: float) -> Array:
    """Triangles of height 1, equally wide on the scale mel(f) = 1127 ln(1 + f / 700); shape (frequencies, bins)"""

    def mel(f: ArrayLike) -> Array:
        return np.asarray(1127.0 * np.log1p(np.asarray(f) / 700.0))

    edges = np.linspace(mel(low), mel(high), bins + 2)
    f = mel(np.linspace(0.0, rate / 2, size))[1:, None]
    rising = (f - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - f) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.concatenate([np.zeros((1, bins)), triangles])


def mel_spectrogram(
    x: ArrayLike,
    fft_length: int,
    sequence_stride: int,
    num_mel_bins: int,
    sampling_rate: float,
    **options: Any,
) -> Array:
    """10 lg of the power in each triangle, at each time; at most `top_db` below the greatest"""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(fft_length) / fft_length)
    half = fft_length // 2
    padded = np.pad(np.asarray(x), [(0, 0)] * (np.ndim(x) - 1) + [(half, half)], mode="reflect")
    starts = range(0, padded.shape[-1] - fft_length + 1, sequence_stride)
    frames = np.stack([padded[..., s : s + fft_length] * window for s in starts], axis=-2)
    power = np.abs(np.fft.rfft(frames)) ** options.get("mag_exp", 2.0)
    low, high = options.get("min_freq", 20.0), options.get("max_freq", sampling_rate / 2)
    mels = power @ mel_matrix(num_mel_bins, half + 1, sampling_rate, low, high)
    if options.get("power_to_db", True):
        mels = 10 * np.log10(np.maximum(mels, 1e-10) / options.get("ref_power", 1.0))
        mels = np.maximum(mels, mels.max() - options.get("top_db", 80.0))
    return np.asarray(np.swapaxes(mels, -1, -2))


def stft_spectrogram(
    x: ArrayLike,
    *kernels: ArrayLike,
    mode: str = "log",
    step: int = 1,
    padding: str = "valid",
    expand: bool = False,
) -> Array:
    """Each channel times waves (length, 1, frequencies), real and imaginary ones, from every `step`-th sample on"""
    x = np.asarray(x)
    waves = [np.asarray(kernel)[:, 0] for kernel in kernels]
    length = len(waves[0])
    if padding == "same":
        lack = max((-(-x.shape[1] // step) - 1) * step + length - x.shape[1], 0)
        x = np.pad(x, ((0, 0), (lack // 2, lack - lack // 2), (0, 0)))
    starts = range(0, x.shape[1] - length + 1, step)
    frames = np.stack([x[:, s : s + length] for s in starts], axis=1)  # (batch, time, length, channels)
    parts = [np.einsum("btlc,lf->btcf", frames, wave) for wave in waves]
    y = parts[0]
    if mode == "stft":
        y = np.concatenate(parts, axis=-1)
    elif mode == "angle":
        y = np.arctan2(parts[1], parts[0])
    elif mode not in ("real", "imag"):
        y = parts[0] ** 2 + parts[1] ** 2
        if mode == "psd":
            y = y * np.array([1.0, *[2.0] * (y.shape[-1] - 2), 1.0])
        else:
            y = np.sqrt(np.maximum(y, 1e-7))
            y = np.log(np.maximum(y, 1e-7)) if mode == "log" else y
    return np.swapaxes(y, 2, 3) if expand else y.reshape(*y.shape[:2], -1)
