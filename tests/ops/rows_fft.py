"""Rows of the Fourier transforms and of signals cut into sequences."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import fourier as ref
from tests.ops.table import Row, integers, positive, real


def _parts(*shape: int) -> list[np.ndarray]:
    return [real(*shape, seed=11), real(*shape, seed=12)]


def _rfft(x, length=None):
    return Row("rfft", [x], lambda v: ref.rfft(v, length), {"fft_length": length}, loose=8)


def _irfft(shape, length=None):
    return Row("irfft", _parts(*shape), lambda *v: ref.irfft(v, length), {"fft_length": length}, loose=8)


def _stft(x, *lengths, **options):
    names = ("sequence_length", "sequence_stride", "fft_length")
    attrs = {**dict(zip(names, lengths, strict=True)), **options}
    return Row("stft", [x], lambda v: ref.stft(v, **attrs), attrs, loose=8)


def _sequences(x, length, stride, **options):
    attrs = {"sequence_length": length, "sequence_stride": stride}
    return Row("extract_sequences", [x], lambda v: ref.extract_sequences(v, length, stride), attrs, **options)


def _overlap(x, stride, size=None):
    attrs = {"sequence_stride": stride, "size": size}
    return Row("overlap_add", [x], lambda v: ref.overlap_add(v, stride, size), attrs)


ROWS = [
    *[Row("fft", _parts(*shape), lambda *v: ref.fft(v), loose=8) for shape in [(8,), (2, 3, 5), (3, 1)]],
    *[Row("ifft", _parts(*shape), lambda *v: ref.ifft(v), loose=8) for shape in [(7,), (2, 3, 6)]],
    *[_rfft(real(2, n), length) for n, length in [(8, None), (5, None), (6, 4), (5, 9), (4, 1), (3, 2)]],
    *[_irfft((2, n), length) for n, length in [(5, None), (4, 7), (4, 3), (3, 8), (2, 1), (3, 2)]],
    _stft(real(20), 4, 3, 8),
    _stft(real(2, 16), 5, 2, 7, window="hamming"),
    _stft(real(2, 16), 4, 4, 4, window=None, center=False),
    _sequences(real(10), 3, 2),
    _sequences(real(2, 9), 4, 3),
    _sequences(real(2, 9), 2, 4),
    _sequences(integers(-9, 9, 3, 6), 6, 1, gradient=()),
    _overlap(real(2, 4, 3), 2),
    _overlap(real(3, 2), 5),
    _overlap(real(2, 4, 3), 2, 6),
    _overlap(real(2, 4, 3), 2, 20),
    Row("view_as_real", [positive(3, 2)], ref.view_as_real),
]
