"""The short-time Fourier transform as the kernel of a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from oxhorn import _core, arguments
from oxhorn.config import floatx
from oxhorn.initializers.initializer import Initializer, sizes_of, value_of
from oxhorn.initializers.window_functions import window_of

__all__ = ["STFT"]


class STFT(Initializer):
    """Fill a one-dimensional convolution's kernel so that it takes the short-time Fourier transform of its input.

    `w[t, 0, f] = window[t] / norm * cos(-2 pi t f / F)` for the real side, `sin` for the imaginary one, with
    `F = 2 * (bands - 1)`; `norm` is `sqrt(sum(window^2))` for "density", `sum(|window|)` for "spectrum", and 1
    without scaling or without a window. Two convolutions with such kernels give both parts of the transform.

    Args:
        side: "real" or "imag". Defaults to "real".
        window: The name of a window ("hann", "hamming", "blackman", "bartlett", "boxcar", "tukey" and others), an
            array with its values, or None for no window. Defaults to "hann".
        scaling: "density", "spectrum" or None. Defaults to "density".
        periodic: Whether a named window is that of a periodic signal, rather than symmetric. Defaults to False.

    Raises:
        ValueError: If an argument is no such word; when called, if the shape is not `(frame, 1, bands)` or the
            window is not as long as the frame.

    Example:
    >>> import oxhorn as keras
    >>> kernel = keras.initializers.STFT("real", window=None)((4, 1, 3), dtype="float64").numpy()
    >>> kernel[:, 0, 1].round(6).tolist()
    [1.0, 0.0, -1.0, -0.0]

    Source: Allen and Rabiner, 1977 (https://doi.org/10.1109/PROC.1977.10770).
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(
                f"STFT: `side` should be 'real' or 'imag'. Received: side={arguments.describe(side)}. Make one kernel "
                "of each for the whole transform."
            )
        if isinstance(window, str):
            window_of(window, 1, False)
        if scaling is not None and scaling not in ("density", "spectrum"):
            raise ValueError(
                "STFT: Scaling is invalid, it must be `None`, 'density' or 'spectrum'. "
                f"Received: scaling={arguments.describe(scaling)}. Pass one of these."
            )
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = arguments.boolean(periodic, "periodic", "STFT")

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return the kernel.

        Args:
            shape: `(frame, 1, bands)`: the length of a frame, and half the length of the transform plus 1.
            dtype: "float32" or "float64"; None is the configured float dtype.
        """
        sizes = sizes_of(shape, "STFT")
        if len(sizes) != 3 or sizes[1] != 1 or sizes[2] < 2:
            raise ValueError(
                f"STFT: expected a shape (frame, 1, bands) with at least 2 bands. Received: shape={tuple(sizes)}. Use "
                "it for the kernel of a Conv1D on one channel."
            )
        frame, _, bands = sizes
        t, f = np.arange(frame)[:, np.newaxis], np.arange(bands)[np.newaxis]
        angle = -2.0 * np.pi * t * f / (2 * (bands - 1))
        kernel = np.cos(angle) if self.side == "real" else np.sin(angle)
        if self.window is not None:
            window = self._window(frame)
            norm = {
                "density": np.sqrt(np.sum(window**2)),
                "spectrum": np.sum(np.abs(window)),
                None: np.float64(1.0),
            }[self.scaling]
            kernel = kernel * (window / norm)[:, np.newaxis]
        return _core.tensor(kernel.reshape(frame, 1, bands), dtype or floatx())

    def _window(self, frame: int) -> Any:
        if isinstance(self.window, str):
            return window_of(self.window, frame, self.periodic)
        window = np.asarray(self.window, dtype="float64")
        if window.shape != (frame,):
            raise ValueError(
                f"STFT: The shape of `window` must be equal to [frame_length], that is ({frame},). Received: window "
                f"shape={window.shape}. Pass as many values as the frame has."
            )
        return window

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {
            "side": self.side,
            "window": serialize_keras_object(self.window),
            "periodic": self.periodic,
            "scaling": self.scaling,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new initializer from what `get_config` returned.

        Args:
            config: The constructor's arguments.
        """
        return cls(**{**config, "window": value_of(config.get("window", "hann"))})
