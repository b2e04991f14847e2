"""Short-time Fourier transforms by convolutions, which can be trained."""

from __future__ import annotations

import math
import warnings
from typing import Any

from oxhorn import arguments, config, initializers, ops
from oxhorn.arguments import describe
from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.layer import Layer

__all__ = ["STFTSpectrogram"]

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


class STFTSpectrogram(Layer):
    """The spectrum of a signal at each time, by convolutions with windowed waves.

    `X[t, f] = sum_s w_s x[t step + s] exp(-2 pi i s f / n)`, with `n = fft_length` and a window `w`; each channel has
    its own. The kernels, `w_s cos` and `-w_s sin`, are weights and are trained unless `trainable=False`.

    Args:
        mode: What of X is returned: `"real"`, `"imag"`, both (`"stft"`), `"angle"`, the power spectrum `"psd"`,
            `"magnitude"`, or its logarithm `"log"`. Defaults to `"log"`.
        frame_length: The length of the window. Defaults to 256.
        frame_step: The distance between the starts of two; half of `frame_length` by default.
        fft_length: The number n that sets the frequencies, at least `frame_length`; by default the power of two that
            is no less.
        window: The name of a window (`"hann"`, `"hamming"`, ...), numbers of that length, or `None`.
        periodic: Whether a named window is that of a periodic signal. Defaults to False.
        scaling: What the window is divided by: the root of its sum of squares (`"density"`), its sum (`"spectrum"`),
            or nothing (`None`). Defaults to `"density"`.
        padding: `"valid"` or `"same"`. Defaults to `"valid"`.
        expand_dims: Whether channels get an axis of their own, as in a picture. Defaults to False.
        data_format: `"channels_last"` or `"channels_first"`; that of the configuration by default.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, samples, channels)`, or `(batch, channels, samples)` with `"channels_first"`.

    Output shape:
        `(batch, time, channels * frequencies)`; with `expand_dims` `(batch, time, frequencies, channels)`. With
        `"channels_first"` `(batch, channels * frequencies, time)` and `(batch, channels, time, frequencies)`. There
        are `fft_length // 2 + 1` frequencies, twice as many numbers for `"stft"`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is not one of those above.
        TypeError: When called on something else than floats.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.STFTSpectrogram(mode="magnitude", frame_length=8, window=None, scaling=None)
    >>> wave = np.cos(2 * np.pi * np.arange(16) / 4).reshape(1, 16, 1)
    >>> layer(wave).numpy()[0, 0].round(2).tolist()[2]
    4.0

    Source: Allen and Rabiner, 1977.
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        who = "STFTSpectrogram"
        arguments.integer(frame_length, "frame_length", who, low=2)
        if frame_step is not None:
            arguments.integer(frame_step, "frame_step", who, low=1, high=frame_length)
        if fft_length is not None:
            arguments.integer(fft_length, "fft_length", who, low=frame_length)
            if fft_length & -fft_length != fft_length:
                warnings.warn(
                    f"{who}: `fft_length` is recommended to be a power of two. Received: fft_length={fft_length}.",
                    stacklevel=2,
                )
        for name, value, allowed in (
            ("mode", mode, _MODES),
            ("scaling", scaling, (None, "density", "spectrum")),
            ("padding", padding, ("valid", "same")),
        ):
            if not any(value is one or (isinstance(value, str) and value == one) for one in allowed):
                raise ValueError(
                    f"{who}: `{name}` is invalid, it must be one of {allowed}. Received: {name}={describe(value)}."
                )
        super().__init__(**kwargs)
        self.mode = mode
        self.frame_length = frame_length
        self.frame_step = frame_step
        self._step = frame_step or frame_length // 2
        self.fft_length = fft_length
        self._bands = (fft_length or 2 ** math.ceil(math.log2(frame_length))) // 2 + 1
        self.window = window.tolist() if hasattr(window, "tolist") else window
        self.periodic = arguments.boolean(periodic, "periodic", who)
        self.scaling = scaling
        self.padding = padding
        self.expand_dims = arguments.boolean(expand_dims, "expand_dims", who)
        self.data_format = arguments.data_format(data_format, who)
        self.input_spec = InputSpec(ndim=3)
        self._kernel_initializer("real")

    def _kernel_initializer(self, side: str) -> Any:
        return initializers.STFT(side, self.window, self.scaling, self.periodic)

    def build(self, input_shape: Any) -> None:
        """Make the kernels that `mode` needs."""
        shape = (self.frame_length, 1, self._bands)
        if self.mode != "imag":
            self.real_kernel = self.add_weight(
                name="real_kernel", shape=shape, initializer=self._kernel_initializer("real")
            )
        if self.mode != "real":
            self.imag_kernel = self.add_weight(
                name="imag_kernel", shape=shape, initializer=self._kernel_initializer("imag")
            )

    def call(self, inputs: Any) -> Any:
        """Take the transform, and what `mode` says of it."""
        if inputs.dtype not in ("float32", "float64"):
            raise TypeError(
                f"STFTSpectrogram {self.name!r}: Invalid input type. Expected float32 or float64; got {inputs.dtype}. "
                "Cast the signal first."
            )
        if self.data_format == "channels_last":
            inputs = ops.transpose(inputs, (0, 2, 1))
        if self.mode == "real":
            return self._arranged(self._transform(inputs, self.real_kernel))
        if self.mode == "imag":
            return self._arranged(self._transform(inputs, self.imag_kernel))
        real, imaginary = (self._transform(inputs, kernel) for kernel in (self.real_kernel, self.imag_kernel))
        if self.mode == "angle":
            return self._arranged(ops.arctan2(imaginary, real))
        if self.mode == "stft":
            return self._arranged(ops.concatenate([real, imaginary], axis=-1))
        power = ops.square(real) + ops.square(imaginary)
        if self.mode == "psd":
            # All frequencies but the first and the last stand for two.
            inner = ops.pad(power[..., 1:-1], ((0, 0), (0, 0), (0, 0), (1, 1)))
            return self._arranged(power + inner)
        least = config.epsilon()
        magnitude = self._arranged(ops.sqrt(ops.maximum(power, least)))
        return magnitude if self.mode == "magnitude" else ops.log(ops.maximum(magnitude, least))

    def _transform(self, signals: Any, kernel: Any) -> Any:
        """Of signals (batch, channels, samples): (batch, channels, time, frequencies)."""
        shape = ops.shape(signals)
        single = ops.reshape(signals, (-1, shape[2], 1))
        waves = ops.conv(
            single,
            ops.cast(kernel, signals.dtype),
            strides=self._step,
            padding=self.padding,
            data_format="channels_last",
        )
        found = ops.shape(waves)
        return ops.reshape(waves, (-1, shape[1], found[1], found[2]))

    def _arranged(self, spectra: Any) -> Any:
        """From (batch, channels, time, frequencies) to the output shape."""
        first = self.data_format == "channels_first"
        if self.expand_dims:
            return spectra if first else ops.transpose(spectra, (0, 2, 3, 1))
        _, channels, time, bands = ops.shape(spectra)
        if first:
            return ops.reshape(ops.transpose(spectra, (0, 1, 3, 2)), (-1, channels * bands, time))
        return ops.reshape(ops.transpose(spectra, (0, 2, 1, 3)), (-1, time, channels * bands))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "mode": self.mode,
            "frame_length": self.frame_length,
            "frame_step": self.frame_step,
            "fft_length": self.fft_length,
            "window": self.window,
            "periodic": self.periodic,
            "scaling": self.scaling,
            "padding": self.padding,
            "data_format": self.data_format,
            "expand_dims": self.expand_dims,
        }
