"""`STFTSpectrogram`: kernels that are waves, against Fourier transforms; bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.layers import STFTSpectrogram


@pytest.mark.parametrize(("length", "step", "size"), [(8, 4, 8), (6, 6, 16), (10, 3, 16)])
@pytest.mark.parametrize("scaling", [None, "density", "spectrum"])
def test_fourier_transforms(length: int, step: int, size: int, scaling: str | None) -> None:
    x = np.random.default_rng(0).normal(size=(2, 30, 1))
    options = {"scaling": scaling, "window": "hamming", "periodic": True, "dtype": "float64"}
    y = STFTSpectrogram("stft", length, step, size, **options)(x).numpy()
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(length) / length)
    norm = {None: 1.0, "density": np.sqrt((window**2).sum()), "spectrum": window.sum()}[scaling]
    frames = np.stack([x[:, s : s + length, 0] for s in range(0, 30 - length + 1, step)], axis=1)
    right = np.fft.rfft(frames * window / norm, size)
    np.testing.assert_allclose(y, np.concatenate([right.real, right.imag], axis=-1), atol=1e-12)


def test_training_is_a_choice() -> None:
    x = np.random.default_rng(0).normal(size=(4, 64, 2)).astype("float32")
    for trainable in (True, False):
        layer = STFTSpectrogram(frame_length=16, trainable=trainable)
        layer(x)
        assert len(layer.trainable_weights) == 2 * trainable
        assert [w.name for w in layer.weights] == ["real_kernel", "imag_kernel"]
    inputs = keras.Input((None, 2))
    assert STFTSpectrogram(frame_length=16)(inputs).shape == (None, None, 18)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: STFTSpectrogram("loud"), "mode"),
        (lambda: STFTSpectrogram(scaling="l2"), "scaling"),
        (lambda: STFTSpectrogram(padding="causal"), "padding"),
        (lambda: STFTSpectrogram(window="round"), "window"),
        (lambda: STFTSpectrogram(frame_length=0), "frame_length"),
        (lambda: STFTSpectrogram(frame_length=8, frame_step=9), "frame_step"),
        (lambda: STFTSpectrogram(frame_length=8, frame_step=0), "frame_step"),
        (lambda: STFTSpectrogram(frame_length=8, fft_length=7), "fft_length"),
        (lambda: STFTSpectrogram(frame_length=8, window=[1.0])(np.zeros((1, 9, 1))), "window"),
        (lambda: STFTSpectrogram()(np.zeros((1, 999, 1), "int32")), "Invalid input type"),
        (lambda: STFTSpectrogram()(np.zeros((1, 999))), "ndim"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_lengths_that_are_no_power_of_two() -> None:
    with pytest.warns(UserWarning, match="power of two"):
        layer = STFTSpectrogram(frame_length=8, fft_length=10)
    assert layer(np.zeros((1, 8, 1))).shape == (1, 1, 6)
