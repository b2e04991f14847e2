"""Fourier transforms. A complex tensor is a pair of tensors: its real and its imaginary part."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.ops.arguments import as_float, as_tensor, promoted
from oxhorn.ops.dispatch import operation

__all__ = ["fft", "fft2", "ifft2", "irfft", "rfft", "view_as_complex", "view_as_real"]


def parts(owner: str, x: Any, rank: int = 1) -> list[Any]:
    """The real and the imaginary part of `x`, in one dtype.

    Raises:
        ValueError: If `x` is not a pair of tensors of one shape, of floats, with at least `rank` axes.
    """
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(
            f"{owner}: Input `x` should be a tuple of two tensors - real and imaginary; got {type(x).__name__}"
            + (f" of {len(x)}." if isinstance(x, (tuple, list)) else ".")
        )
    re, im = as_tensor(x[0]), as_tensor(x[1])
    shapes = tuple(re.shape), tuple(im.shape)
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{owner}: Both the real and imaginary parts should have the same shape; got {shapes[0]} and {shapes[1]}."
        )
    if not all(str(part.dtype).startswith("float") for part in (re, im)):
        raise ValueError(
            f"{owner}: At least one tensor in input `x` is not of type float; got {re.dtype} and {im.dtype}."
        )
    if len(shapes[0]) < rank:
        raise ValueError(f"{owner}: Input should have rank >= {rank}; got shape {shapes[0]}.")
    return promoted(re, im)


def _other_axis(pair: Any) -> list[Any]:
    return [_core.apply("swapaxes", [part], {"axis1": -1, "axis2": -2}) for part in pair]


@operation("x")
def fft(x: Any) -> Any:
    """The discrete Fourier transform along the last axis: X_k = sum_t x_t exp(-2 pi i k t / n).

    Args:
        x: A pair of tensors: the real and the imaginary part.

    Returns:
        A pair of tensors of the same shape.

    Raises:
        ValueError: If `x` is not a pair of float tensors of one shape.

    >>> import oxhorn as keras
    >>> re, im = keras.ops.fft((keras.ops.array([1.0, 0.0]), keras.ops.array([0.0, 1.0])))
    >>> re.numpy(), im.numpy()
    (array([1., 1.], dtype=float32), array([ 1., -1.], dtype=float32))
    """
    return tuple(_core.apply("fft", parts("fft", x)))


@operation("x")
def fft2(x: Any) -> Any:
    """The discrete Fourier transform along the last two axes.

    X_kl = sum_st x_st exp(-2 pi i (k s / m + l t / n)).

    Args:
        x: A pair of tensors: the real and the imaginary part, shape (..., m, n).

    Returns:
        A pair of tensors of the same shape.

    Raises:
        ValueError: If `x` is not a pair of float tensors of one shape, with two axes or more.

    >>> import oxhorn as keras
    >>> x = keras.ops.ones((2, 2))
    >>> keras.ops.fft2((x, x))[0].numpy()
    array([[4., 0.],
           [0., 0.]], dtype=float32)
    """
    columns = _other_axis(_core.apply("fft", parts("fft2", x, 2)))
    return tuple(_other_axis(_core.apply("fft", columns)))


@operation("x")
def ifft2(x: Any) -> Any:
    """The inverse of `fft2`: x_st = 1 / (m n) sum_kl X_kl exp(+2 pi i (k s / m + l t / n)).

    Args:
        x: A pair of tensors: the real and the imaginary part, shape (..., m, n).

    Returns:
        A pair of tensors of the same shape.

    Raises:
        ValueError: If `x` is not a pair of float tensors of one shape, with two axes or more.

    >>> import oxhorn as keras
    >>> x = keras.ops.ones((2, 2))
    >>> keras.ops.ifft2(keras.ops.fft2((x, x)))[0].numpy()
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    columns = _other_axis(_core.apply("ifft", parts("ifft2", x, 2)))
    return tuple(_other_axis(_core.apply("ifft", columns)))


def length_argument(owner: str, fft_length: Any) -> dict[str, int]:
    """The attribute for the length of a transform.

    Raises:
        ValueError: If it is no whole number above 0.
    """
    if fft_length is None:
        return {}
    if isinstance(fft_length, bool) or not hasattr(fft_length, "__index__") or fft_length < 1:
        raise ValueError(f"{owner}: `fft_length` must be a positive integer or None; got {fft_length!r}.")
    return {"fft_length": int(fft_length)}


@operation("x")
def rfft(x: Any, fft_length: int | None = None) -> Any:
    """The first n / 2 + 1 values of the Fourier transform of a real signal; the others are their mirror images.

    Args:
        x: A tensor; the transform is along its last axis.
        fft_length: The n; that axis is cut or padded with zeros to it. By default its own size.

    Returns:
        A pair of tensors, the real and the imaginary part, with n // 2 + 1 as their last size.

    Raises:
        ValueError: If `fft_length` is not a positive integer.

    >>> import oxhorn as keras
    >>> re, im = keras.ops.rfft([0.0, 1.0, 2.0, 1.0])
    >>> re.numpy(), im.numpy() + 0
    (array([ 4., -2.,  0.], dtype=float32), array([0., 0., 0.], dtype=float32))
    """
    return tuple(_core.apply("rfft", [as_float(x)], length_argument("rfft", fft_length)))


@operation("x")
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """The real signal whose `rfft` this is.

    Args:
        x: A pair of tensors, the real and the imaginary part, of m values along the last axis. The imaginary parts
            of the first value, and of the last for an even n, do not count.
        fft_length: The length n of the signal: 2 (m - 1) by default. Values beyond n // 2 + 1 are dropped, missing
            ones are 0.

    Returns:
        A tensor with n as its last size.

    Raises:
        ValueError: If `x` is not a pair of float tensors of one shape, or `fft_length` is not a positive integer.

    >>> import oxhorn as keras
    >>> keras.ops.irfft(keras.ops.rfft([0.0, 1.0, 2.0, 1.0])).numpy()
    array([0., 1., 2., 1.], dtype=float32)
    """
    return _core.apply("irfft", parts("irfft", x), length_argument("irfft", fft_length))


@operation("x")
def view_as_real(x: Any) -> Any:
    """The real and the imaginary part along a new last axis.

    Args:
        x: A NumPy array of complex numbers; or a tensor, which is real, so that the imaginary part is 0.

    Returns:
        A tensor with one more axis, of size 2.

    >>> import oxhorn as keras
    >>> import numpy as np
    >>> keras.ops.view_as_real(np.array([1 + 2j, 3])).numpy()
    array([[1., 2.],
           [3., 0.]])
    """
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "c":
        return _core.tensor(np.stack([x.real, x.imag], -1))
    x = as_float(x)
    return _core.apply("stack", [x, _core.apply("zeros_like", [x])], {"axis": -1})


@operation("x")
def view_as_complex(x: Any) -> Any:
    """Would make one complex number of two real ones, but there are no complex tensors: it always raises.

    Raises:
        ValueError: If the last size of `x` is not 2.
        NotImplementedError: If it is.
    """
    x = as_tensor(x)
    shape = tuple(x.shape)
    if not shape or shape[-1] != 2:
        raise ValueError(
            "view_as_complex: Last dimension of input must be size 2 (real and imaginary); "
            f"got shape {shape}."
        )
    raise NotImplementedError(
        f"view_as_complex: there are no complex tensors; got shape {shape}. Keep the real part x[..., 0] and the "
        "imaginary part x[..., 1] as a pair, which is what `fft` takes."
    )
