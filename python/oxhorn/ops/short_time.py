"""Signals cut into overlapping sequences: short-time Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.engine import allowance
from oxhorn.ops.arguments import as_tensor, to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.fourier import length_argument, parts

__all__ = ["extract_sequences", "istft", "stft"]


def _positive(owner: str, name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{owner}: `{name}` must be a positive integer; got {value!r}.")
    return int(value)


@operation("x")
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Sequences of the last axis, each `sequence_stride` after the one before: y[..., i, j] = x[..., i stride + j].

    Args:
        x: A tensor, n numbers along its last axis.
        sequence_length: The length of a sequence.
        sequence_stride: The distance between the starts of two.

    Returns:
        A tensor of shape (..., 1 + (n - sequence_length) // sequence_stride, sequence_length).

    Raises:
        ValueError: If an argument is not positive, or the last axis is shorter than one sequence.

    >>> import oxhorn as keras
    >>> keras.ops.extract_sequences([1, 2, 3, 4, 5], 3, 2).numpy()
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    owner = "extract_sequences"
    return _core.apply(
        owner,
        [as_tensor(x)],
        {
            "sequence_length": _positive(owner, "sequence_length", sequence_length),
            "sequence_stride": _positive(owner, "sequence_stride", sequence_stride),
        },
    )


def _window(owner: str, window: Any, sequence_length: int, fft_length: int, dtype: str) -> Any:
    """The window in the middle of `fft_length` numbers, zeros around it; ones everywhere if there is none."""
    if window is None:
        allowance.spend((fft_length,), "float64", "window")
        return _core.tensor(np.ones(fft_length), dtype)
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(
                f"{owner}: If a string is passed to `window`, it must be 'hann' or 'hamming'; got {window!r}."
            )
        # a - (1 - a) cos(2 pi t / n), one period of it
        a = 0.5 if window == "hann" else 0.54
        allowance.spend((sequence_length,), "float64", "window")
        wave = np.cos(2.0 * np.pi * np.arange(sequence_length) / sequence_length)
        window = np.ones(1) if sequence_length == 1 else a - (1.0 - a) * wave
    window = to_tensor(window, dtype)
    if tuple(window.shape) != (sequence_length,):
        raise ValueError(
            f"{owner}: The shape of `window` must be equal to [sequence_length], ({sequence_length},); "
            f"got {tuple(window.shape)}."
        )
    before = (fft_length - sequence_length) // 2
    after = fft_length - sequence_length - before
    return _core.apply("pad", [window], {"pad_width": [[before, after]]})


def _lengths(owner: str, sequence_length: Any, sequence_stride: Any, fft_length: Any) -> tuple[int, int, int]:
    stride = _positive(owner, "sequence_stride", sequence_stride)
    length = _positive(owner, "sequence_length", sequence_length)
    size = _positive(owner, "fft_length", fft_length)
    if size < length:
        raise ValueError(
            f"{owner}: `fft_length` must equal or exceed `sequence_length`; got fft_length={size} and "
            f"sequence_length={length}."
        )
    return length, stride, size


@operation("x")
def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """The short-time Fourier transform along the last axis: how strong each frequency is around each time.

    X_ik = sum_t w_t x_(i stride + t) exp(-2 pi i k t / n), with n = `fft_length` and a window w.

    Args:
        x: A tensor of float32 or float64.
        sequence_length: The length of the window.
        sequence_stride: The distance between the starts of two sequences.
        fft_length: The length n of the transforms, at least `sequence_length`; the window is in the middle of it.
        window: `"hann"`, `"hamming"`, a tensor of shape (sequence_length,), or `None` for ones (over all n).
        center: Whether `x` is first extended by its mirror image, so that sequence i is centred at
            i sequence_stride; otherwise it starts there.

    Returns:
        A pair of tensors, the real and the imaginary part, shape (..., number of sequences, fft_length // 2 + 1).

    Raises:
        TypeError: If `x` has another dtype.
        ValueError: If the lengths or the window do not fit.

    >>> import oxhorn as keras
    >>> re, im = keras.ops.stft(keras.ops.ones((8,)), 4, 2, 4)
    >>> re.numpy()[0].round(4)
    array([ 2., -1.,  0.], dtype=float32)
    """
    length, stride, size = _lengths("stft", sequence_length, sequence_stride, fft_length)
    x = as_tensor(x)
    if str(x.dtype) not in ("float32", "float64"):
        raise TypeError(f"stft: Invalid input type. Expected `float32` or `float64`; got {x.dtype}.")
    w = _window("stft", window, length, size, str(x.dtype))
    if center:
        around = [[0, 0]] * (len(x.shape) - 1) + [[size // 2, size // 2]]
        x = _core.apply("pad", [x], {"pad_width": around, "mode": "reflect"})
    sequences = _core.apply("extract_sequences", [x], {"sequence_length": size, "sequence_stride": stride})
    return tuple(_core.apply("rfft", [_core.apply("multiply", [sequences, w])]))


@operation("x")
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """The signal whose `stft` (with the same arguments) this is.

    y_t = sum_i w_(t - i stride) x_i,(t - i stride) / sum_i w^2_(t - i stride), where x_i = irfft(X_i). Without a
    window the sequences are added up and not averaged: times n / stride.

    Args:
        x: A pair of tensors, the real and the imaginary part, shape (..., number of sequences, fft_length // 2 + 1).
        sequence_length: The length of the window.
        sequence_stride: The distance between the starts of two sequences.
        fft_length: The length of the transforms.
        length: The length of the result, to which it is cut or padded with zeros. By default all of it.
        window: `"hann"`, `"hamming"`, a tensor of shape (sequence_length,), or `None`.
        center: Whether sequence i is centred at i sequence_stride.

    Returns:
        A tensor of shape (..., length).

    Raises:
        ValueError: If the shapes, the lengths or the window do not fit.

    >>> import oxhorn as keras
    >>> x = keras.ops.array([0.0, 1.0, 2.0, 3.0, 4.0])
    >>> keras.ops.istft(keras.ops.stft(x, 4, 1, 4), 4, 1, 4).numpy().round(4)
    array([0., 1., 2., 3., 4.], dtype=float32)
    """
    sequence_length, stride, size = _lengths("istft", sequence_length, sequence_stride, fft_length)
    pair = parts("istft", x, 2)
    w = _window("istft", window, sequence_length, size, str(pair[0].dtype))
    start = size // 2 if center else 0
    number = pair[0].shape[-2]
    overlap: dict[str, int] = {"sequence_stride": stride}
    end = None
    if length is not None:
        end = overlap["size"] = start + _positive("istft", "length", length)
    elif center:
        end = -start or None
        if number is not None and stride * (number - 1) + size <= 2 * start:
            raise ValueError(
                f"istft: {number} sequences with sequence_stride={stride} and fft_length={size} leave nothing between "
                "the borders. Use more sequences, `length`, or center=False."
            )
    sequences = _core.apply("irfft", pair, length_argument("istft", size))
    added = _core.apply("overlap_add", [_core.apply("multiply", [sequences, w])], overlap)
    weights = _core.apply("multiply", [_core.apply("ones_like", [sequences]), _core.apply("square", [w])])
    weight = _core.apply("overlap_add", [weights], overlap)
    there = _core.apply("greater", [weight, 1e-10])
    y = _core.apply(
        "divide", [added, _core.apply("where", [there, weight, _core.apply("ones_like", [weight])])]
    )
    if window is None:
        y = _core.apply("multiply", [y, size / stride])
    return y[..., start:end]
