"""Windows by name, as numbers: what a frame of a signal is multiplied with before it is transformed."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["WINDOWS", "window_of"]

Array = Any


def _cosines(*a: float) -> Callable[[int], Array]:
    """With w(t) = a_0 - a_1 cos(t) + a_2 cos(2 t) - ..., t from 0 to 2 pi."""

    def window(n: int) -> Array:
        t = np.linspace(-np.pi, np.pi, n)
        return np.sum([a_k * np.cos(k * t) for k, a_k in enumerate(a)], axis=0)

    return window


def _centred(f: Callable[[Array], Array]) -> Callable[[int], Array]:
    """With w(u) = f(u), u from -1 at the first number to 1 at the last."""
    return lambda n: f(np.linspace(-1.0, 1.0, n))


def _triangle(n: int) -> Array:
    """A triangle: w_i = 1 - |i - (n - 1) / 2| / h, h = n / 2 or (n + 1) / 2, both ends above 0."""
    away = np.abs(np.arange(n) - (n - 1) / 2)
    return 1.0 - away / (n / 2 if n % 2 == 0 else (n + 1) / 2)


def _parzen(n: int) -> Array:
    """A cubic: w = 1 - 6 u^2 (1 - u) for u <= 1/2, 2 (1 - u)^3 beyond, u = 2 |i - (n - 1) / 2| / n."""
    u = 2.0 * np.abs(np.arange(n) - (n - 1) / 2) / n
    # The quarter of the numbers in the middle, by their place.
    inner = np.abs(np.arange(n) - (n - 1) / 2) <= (n - 1) / 4
    return np.where(inner, 1.0 - 6.0 * u**2 * (1.0 - u), 2.0 * (1.0 - u) ** 3)


def _exponential(n: int) -> Array:
    """A peak: w_i = exp(-|i - (n - 1) / 2|)."""
    return np.exp(-np.abs(np.arange(n) - (n - 1) / 2))


def _tukey(u: Array) -> Array:
    """With 1 in the middle half, half a period of a cosine at each end."""
    beyond = np.clip(2.0 * (np.abs(u) - 0.5), 0.0, 1.0)
    return 0.5 + 0.5 * np.cos(np.pi * beyond)


def _taylor(n: int, bands: int = 4, level: float = 30.0) -> Array:
    """With w(x) = 1 + 2 sum_m F_m cos(2 pi m x), x in (-1/2, 1/2), side lobes of -30 dB."""
    a = np.arccosh(10.0 ** (level / 20.0)) / np.pi
    sigma2 = bands**2 / (a**2 + (bands - 0.5) ** 2)
    m = np.arange(1, bands)
    f = np.empty(bands - 1)
    for k in m:
        above = np.prod(1.0 - k**2 / sigma2 / (a**2 + (m - 0.5) ** 2))
        below = 2.0 * np.prod(1.0 - k**2 / m[m != k] ** 2.0)
        f[k - 1] = (-1.0) ** (k + 1) * above / below

    def at(i: Any) -> Array:
        x = (np.asarray(i) - n / 2.0 + 0.5) / n
        return 1.0 + 2.0 * np.tensordot(f, np.cos(2.0 * np.pi * np.multiply.outer(m, x)), axes=1)

    return at(np.arange(n)) / at((n - 1) / 2)


def _bohman(u: Array) -> Array:
    """A cosine under a triangle: w = (1 - |u|) cos(pi |u|) + sin(pi |u|) / pi, 0 at both ends."""
    u = np.abs(u)
    w = (1.0 - u) * np.cos(np.pi * u) + np.sin(np.pi * u) / np.pi
    return np.where(u < 1.0, w, 0.0)


# Symmetric windows of n numbers; Harris, 1978 (https://doi.org/10.1109/PROC.1978.10837) describes them.
WINDOWS: dict[str, Callable[[int], Array]] = {
    "barthann": _centred(lambda u: 0.62 - 0.24 * np.abs(u) + 0.38 * np.cos(np.pi * u)),
    "bartlett": _centred(lambda u: 1.0 - np.abs(u)),
    "blackman": _cosines(0.42, 0.50, 0.08),
    "blackmanharris": _cosines(0.35875, 0.48829, 0.14128, 0.01168),
    "bohman": _centred(_bohman),
    "boxcar": np.ones,
    "cosine": lambda n: np.sin(np.pi / n * (np.arange(n) + 0.5)),
    "exponential": _exponential,
    "flattop": _cosines(0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
    "hamming": _cosines(0.54, 0.46),
    "hann": _cosines(0.5, 0.5),
    "lanczos": _centred(np.sinc),
    "nuttall": _cosines(0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "parzen": _parzen,
    "taylor": _taylor,
    "triang": _triangle,
    "tukey": _centred(_tukey),
}


def window_of(name: str, length: int, periodic: bool) -> Array:
    """The window of this name in double precision.

    Args:
        name: One of `WINDOWS`.
        length: How many numbers.
        periodic: Whether one number more would close the period; otherwise both ends are alike.

    Raises:
        ValueError: If there is no such window.
    """
    if name not in WINDOWS:
        close = difflib.get_close_matches(name, WINDOWS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"STFT: Unknown window type {name!r}.{hint} Expected one of {', '.join(map(repr, WINDOWS))}. Pass one of "
            "these, an array of the window's values, or None."
        )
    if length < 2:
        return np.ones(length)
    return WINDOWS[name](length + 1)[:-1] if periodic else WINDOWS[name](length)
