"""Transforms of pairs: against the reference, symbolic, differentiable, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_gradients
from oxhorn.testing.reference import fourier as ref

RNG = np.random.default_rng(5)
WAVE = np.array([0.1, 0.7, 1.0, 0.4])

# function, shape of each part, arguments
CASES: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("fft", (2, 5), {}),
    ("fft2", (2, 3, 4), {}),
    ("ifft2", (2, 3, 4), {}),
    ("irfft", (2, 4), {}),
    ("irfft", (2, 4), {"fft_length": 9}),
    ("istft", (6, 3), {"sequence_length": 4, "sequence_stride": 2, "fft_length": 4}),
    ("istft", (2, 7, 5), {"sequence_length": 5, "sequence_stride": 2, "fft_length": 9, "window": "hamming"}),
    ("istft", (2, 5, 3), {"sequence_length": 4, "sequence_stride": 1, "fft_length": 4, "window": None}),
    (
        "istft",
        (2, 5, 3),
        {"sequence_length": 4, "sequence_stride": 3, "fft_length": 5, "window": WAVE, "center": False},
    ),
    ("istft", (5, 3), {"sequence_length": 4, "sequence_stride": 2, "fft_length": 4, "length": 7}),
    ("istft", (5, 3), {"sequence_length": 4, "sequence_stride": 2, "fft_length": 4, "length": 15}),
]


def _list(y: Any) -> list[Any]:
    return list(y) if isinstance(y, tuple) else [y]


@pytest.mark.parametrize(("name", "shape", "attrs"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_transforms_of_pairs(name: str, shape: tuple[int, ...], attrs: dict[str, Any]) -> None:
    x = RNG.normal(size=(2, *shape))
    function = getattr(ops, name)
    expected = _list(getattr(ref, name)(tuple(x), **attrs))
    eager = _list(function(tuple(x), **attrs))
    for y, e in zip(eager, expected, strict=True):
        np.testing.assert_allclose(y.numpy(), e, rtol=1e-9, atol=1e-12)
    check_gradients(lambda re, im: _list(function((re, im), **attrs)), (x[0], x[1]), max_elements=20)

    if len(shape) > 1:
        inputs = [keras.Input(shape[1:], dtype="float64") for _ in range(2)]
        outputs = function(tuple(inputs), **attrs)
        model = keras.Model(inputs, list(outputs) if isinstance(outputs, tuple) else outputs)
        got = model.predict([x[0], x[1]], batch_size=shape[0], verbose=0)
        for y, e in zip(got if isinstance(got, list) else [got], expected, strict=True):
            np.testing.assert_allclose(y, e, rtol=1e-5, atol=1e-6)


def test_istft_undoes_stft() -> None:
    x = RNG.normal(size=(3, 64))
    for window in ("hann", "hamming", None):
        for center in (True, False):
            y = ops.istft(ops.stft(x, 8, 2, 8, window, center), 8, 2, 8, window=window, center=center).numpy()
            inner = slice(8, 56)
            np.testing.assert_allclose(y[:, inner] / (4 if window is None else 1), x[:, inner], atol=1e-12)


def test_complex_arrays_become_pairs() -> None:
    for dtype, real in (("complex64", "float32"), ("complex128", "float64")):
        y = ops.view_as_real(np.array([[1 + 2j, 3 - 4j]], dtype))
        assert y.dtype == real
        assert y.numpy().tolist() == [[[1.0, 2.0], [3.0, -4.0]]]


REFUSED = [
    (lambda: ops.fft(np.ones(3)), ValueError, "should be a tuple of two tensors"),
    (lambda: ops.fft((np.ones(3),)), ValueError, "should be a tuple of two tensors"),
    (
        lambda: ops.fft((np.ones(3), np.ones(4))),
        ValueError,
        r"should have the same shape; got \(3,\) and \(4,\)",
    ),
    (lambda: ops.fft((np.ones(3, int), np.ones(3))), ValueError, "not of type float; got int64 and float64"),
    (lambda: ops.fft((np.ones(0), np.ones(0))), ValueError, "at least one number"),
    (lambda: ops.fft2((np.ones(3), np.ones(3))), ValueError, "rank >= 2"),
    (lambda: ops.rfft(np.ones(3), 0), ValueError, "`fft_length` must be a positive integer or None; got 0"),
    (lambda: ops.rfft(1.0), ValueError, "at least one number"),
    (lambda: ops.irfft((np.ones(1), np.ones(1))), ValueError, "Give `fft_length`"),
    (lambda: ops.irfft((np.ones(3), np.ones(3)), 2.5), ValueError, "got 2.5"),
    (lambda: ops.stft(np.ones(4, int), 2, 1, 4), TypeError, "`float32` or `float64`; got int64"),
    (lambda: ops.stft(np.ones(4), 4, 1, 2), ValueError, "`fft_length` must equal or exceed"),
    (lambda: ops.stft(np.ones(4), 2, 1, 4, "boxcar"), ValueError, "If a string is passed to `window`"),
    (lambda: ops.stft(np.ones(4), 2, 1, 4, np.ones(3)), ValueError, "The shape of `window` must be equal to"),
    (
        lambda: ops.stft(np.ones(4), 2, 0, 4),
        ValueError,
        "`sequence_stride` must be a positive integer; got 0",
    ),
    (lambda: ops.stft(np.ones(2), 4, 1, 4, center=False), ValueError, "at least 4 numbers"),
    (lambda: ops.istft((np.ones((1, 2)),) * 2, 2, 1.5, 4), ValueError, "must be a positive integer; got 1.5"),
    (lambda: ops.istft((np.ones((1, 2)),) * 2, 2, 1, 2), ValueError, "leave nothing between the borders"),
    (lambda: ops.istft((np.ones(2),) * 2, 2, 1, 2), ValueError, "rank >= 2"),
    (lambda: ops.extract_sequences(np.ones(3), 4, 1), ValueError, r"at least 4 numbers .* got shape \(3,\)"),
    (
        lambda: ops.extract_sequences(np.ones(3), 0, 1),
        ValueError,
        "`sequence_length` must be a positive integer",
    ),
    (lambda: ops.view_as_complex(np.ones(3)), ValueError, "Last dimension of input must be size 2"),
    (lambda: ops.view_as_complex(np.ones((3, 2))), NotImplementedError, "no complex tensors"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED, ids=[text[:40] for _, _, text in REFUSED])
def test_refused(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
