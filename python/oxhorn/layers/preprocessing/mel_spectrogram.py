"""Sound as a picture of its pitches over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oxhorn import _core, arguments, ops
from oxhorn.engine import allowance
from oxhorn.layers.layer import Layer

__all__ = ["MelSpectrogram"]


class MelSpectrogram(Layer):
    """How strong each band of pitches is in a signal, at each time.

    `S[b, t] = sum_f M[f, b] |STFT(x)[t, f]|^mag_exp`, where the bands of `M` are triangles of equal width on the scale
    `mel(f) = 1127 ln(1 + f / 700)`; in decibels `10 lg max(S, min_power) - 10 lg max(|ref_power|, min_power)`, and no
    less than the largest value in the call minus `top_db`.

    Args:
        fft_length: The length of the Fourier transforms. Defaults to 2048.
        sequence_stride: The distance between the starts of two. Defaults to 512.
        sequence_length: The length of the window, `fft_length` at most and by default.
        window: `"hann"`, `"hamming"`, numbers of that length, or `None` for no window. Defaults to `"hann"`.
        sampling_rate: Samples a second. Defaults to 16000.
        num_mel_bins: How many bands there are. Defaults to 128.
        min_freq: Where the lowest band begins, in hertz. Defaults to 20.0.
        max_freq: Where the highest band ends; half of `sampling_rate` by default.
        power_to_db: Whether the result is in decibels. Defaults to True.
        top_db: How far below the largest value the others can be. Defaults to 80.0.
        mag_exp: The power of the magnitude. Defaults to 2.0.
        min_power: What smaller powers are raised to. Defaults to 1e-10.
        ref_power: The power of 0 decibels. Defaults to 1.0.
        **kwargs: `name`, `dtype` and the other arguments of every layer.

    Input shape:
        `(samples,)` or `(batch, samples)`, at least `fft_length // 2 + 1` samples.

    Output shape:
        `(num_mel_bins, time)` or `(batch, num_mel_bins, time)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is not one of those above.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    >>> layer = keras.layers.MelSpectrogram(sampling_rate=8000, num_mel_bins=40, sequence_stride=256)
    >>> layer(tone).shape
    (40, 32)

    Source: the HTK book, https://htk.eng.cam.ac.uk.
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        who = "MelSpectrogram"
        self.fft_length = arguments.integer(fft_length, "fft_length", who, low=1)
        self.sequence_stride = arguments.integer(sequence_stride, "sequence_stride", who, low=1)
        self.sequence_length = arguments.integer(sequence_length or fft_length, "sequence_length", who, low=1)
        if self.fft_length < self.sequence_length:
            raise ValueError(
                f"{who}: `fft_length` must be greater than or equal to `sequence_length`. Received: "
                f"sequence_length={self.sequence_length}, fft_length={self.fft_length}."
            )
        self.window = window.tolist() if hasattr(window, "tolist") else window
        self.sampling_rate = sampling_rate
        arguments.number(sampling_rate, "sampling_rate", who, above=0.0)
        self.num_mel_bins = arguments.integer(num_mel_bins, "num_mel_bins", who, low=1)
        self.min_freq = min_freq
        self.max_freq = max_freq or int(sampling_rate / 2)
        arguments.number(self.min_freq, "min_freq", who, low=0.0, below=float(self.max_freq))
        self.power_to_db = arguments.boolean(power_to_db, "power_to_db", who)
        self.top_db = arguments.number(top_db, "top_db", who, low=0.0)
        self.mag_exp = arguments.number(mag_exp, "mag_exp", who, above=0.0)
        self.min_power = arguments.number(min_power, "min_power", who, above=0.0)
        self.ref_power = arguments.number(ref_power, "ref_power", who)

    def call(self, inputs: Any) -> Any:
        """Transform, and sum up the bands."""
        inputs = ops.cast(inputs, self.compute_dtype)
        real, imaginary = ops.stft(
            inputs,
            sequence_length=self.sequence_length,
            sequence_stride=self.sequence_stride,
            fft_length=self.fft_length,
            window=self.window,
            center=True,
        )
        # A magnitude to the power p is the sum of squares to the power p / 2.
        squares = ops.square(real) + ops.square(imaginary)
        powers = squares if self.mag_exp == 2.0 else ops.power(squares, self.mag_exp / 2)
        matrix = self.linear_to_mel_weight_matrix(
            num_mel_bins=self.num_mel_bins,
            num_spectrogram_bins=self.fft_length // 2 + 1,
            sampling_rate=self.sampling_rate,
            lower_edge_hertz=self.min_freq,
            upper_edge_hertz=self.max_freq,
            dtype=self.compute_dtype,
        )
        bands = ops.matmul(powers, matrix)
        if self.power_to_db:
            bands = self._decibels(bands)
        return ops.swapaxes(bands, -1, -2)

    def _decibels(self, powers: Any) -> Any:
        reference = 10.0 * math.log10(max(abs(self.ref_power), self.min_power))
        levels = 10.0 * ops.log10(ops.maximum(powers, self.min_power)) - reference
        return ops.maximum(levels, ops.max(levels) - self.top_db)

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> Any:
        """The matrix M by which the powers of frequencies are multiplied, to get those of bands.

        M[f, b] = max(0, min((mel(f) - e_b) / (e_(b+1) - e_b), (e_(b+2) - mel(f)) / (e_(b+2) - e_(b+1)))), with edges
        `e` at equal distances on the scale of `mel`; 0 for frequency 0.

        Args:
            num_mel_bins: How many bands there are.
            num_spectrogram_bins: How many frequencies, from 0 to half of `sampling_rate`.
            sampling_rate: Samples a second.
            lower_edge_hertz: Where the lowest band begins.
            upper_edge_hertz: Where the highest band ends.
            dtype: The dtype of the matrix.

        Returns:
            A tensor of shape `(num_spectrogram_bins, num_mel_bins)`.
        """
        allowance.spend((num_spectrogram_bins, num_mel_bins), "float64", "matrix of bands")
        edges = np.linspace(_mel(lower_edge_hertz), _mel(upper_edge_hertz), num_mel_bins + 2)
        frequencies = _mel(np.linspace(0.0, sampling_rate / 2.0, num_spectrogram_bins)[1:, None])
        width = edges[1:] - edges[:-1]
        rising = (frequencies - edges[:-2]) / width[:-1]
        falling = (edges[2:] - frequencies) / width[1:]
        triangles = np.maximum(0.0, np.minimum(rising, falling))
        return _core.tensor(np.concatenate([np.zeros((1, num_mel_bins)), triangles]), dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "fft_length": self.fft_length,
            "sequence_stride": self.sequence_stride,
            "sequence_length": self.sequence_length,
            "window": self.window,
            "sampling_rate": self.sampling_rate,
            "num_mel_bins": self.num_mel_bins,
            "min_freq": self.min_freq,
            "max_freq": self.max_freq,
            "power_to_db": self.power_to_db,
            "top_db": self.top_db,
            "mag_exp": self.mag_exp,
            "min_power": self.min_power,
            "ref_power": self.ref_power,
        }


def _mel(hertz: Any) -> Any:
    """The scale of pitch: mel(f) = 1127 ln(1 + f / 700)."""
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)
