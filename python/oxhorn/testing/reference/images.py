"""Images: resizing, colours, filters, coordinates. Batch first, channels last."""

from __future__ import annotations

import colorsys
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference.ops import conv

Array = NDArray[Any]


def triangle(t: Array) -> Array:
    """max(1 - t, 0)"""
    return np.maximum(1 - t, 0)


def cubic(t: Array) -> Array:
    """The cubic of Keys, a = -1/2"""
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0))


def lanczos(radius: int) -> Callable[[Array], Array]:
    """sinc(t) sinc(t / radius), for t < radius"""
    return lambda t: np.where(t < radius, np.sinc(t) * np.sinc(t / radius), 0)


KERNELS: dict[str, Callable[[Array], Array]] = {
    "bilinear": triangle,
    "bicubic": cubic,
    "lanczos3": lanczos(3),
    "lanczos5": lanczos(5),
}


def resample(x: ArrayLike, axis: int, size: int, method: str, antialias: bool = False) -> Array:
    """y[o] = sum over i of w(o, i) x[i], the neighbours of the place (o + 1/2) n / size - 1/2

    w(o, i) = f(|place - i| / width), scaled to the sum 1; the nearest: the pixel under the middle of o.
    """
    x = np.asarray(x)
    n = x.shape[axis]
    place = (np.arange(size) + 0.5) * n / size - 0.5
    if method == "nearest":
        return x.take([(2 * o + 1) * n // (2 * size) for o in range(size)], axis)
    width = max(n / size, 1.0) if antialias else 1.0
    weights = KERNELS[method](np.abs(place[:, None] - np.arange(n)) / width)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return np.moveaxis(np.tensordot(x, weights, (axis, 1)), -1, axis)


def fit_aspect(
    x: ArrayLike, target: tuple[int, int], axes: tuple[int, int] = (-3, -2), pad: float | None = None
) -> Array:
    """The middle of images cut to the proportions of a target, or images in the middle of such a frame"""
    x = np.asarray(x)
    h, w = (x.shape[axis] for axis in axes)
    rows, columns = int(w * target[0] / target[1]), int(h * target[1] / target[0])
    if pad is None:
        rows, columns = max(min(rows, h), 1), max(min(columns, w), 1)
        top, left = (h - rows) // 2, (w - columns) // 2
        x = x.take(range(top, top + rows), axes[0])
        return x.take(range(left, left + columns), axes[1])
    above, beside = max((rows - h) // 2, 0), max((columns - w) // 2, 0)
    pads = [(0, 0)] * x.ndim
    pads[axes[0]] = (above, above)
    pads[axes[1]] = (0, 0) if above else (beside, beside)
    return np.pad(x, pads, constant_values=pad)


def resize(
    x: ArrayLike,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_value: float = 0.0,
) -> Array:
    """One axis after the other"""
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        x = fit_aspect(x, size, pad=fill_value if pad_to_aspect_ratio else None)
    return resample(resample(x, -3, size[0], interpolation, antialias), -2, size[1], interpolation, antialias)


def scale_and_translate(
    x: ArrayLike, size: int, scale: float, translation: float, axis: int, method: str, antialias: bool = True
) -> Array:
    """One axis: y[o] from the neighbours of the place (o + 1/2 - translation) / scale - 1/2, 0 outside"""
    x = np.asarray(x)
    n = x.shape[axis]
    place = (np.arange(size) + 0.5 - translation) / scale - 0.5
    width = max(1 / scale, 1.0) if antialias else 1.0
    weights = KERNELS[method](np.abs(place[:, None] - np.arange(n)) / width)
    weights = weights / weights.sum(axis=1, keepdims=True)
    weights[(place < -0.5) | (place > n - 0.5)] = 0
    return np.moveaxis(np.tensordot(x, weights, (axis, 1)), -1, axis)


def map_coordinates(
    x: ArrayLike, places: ArrayLike, order: int, mode: str = "constant", fill: float = 0
) -> Array:
    """Every place by itself: the corners around it, each with the share of the opposite side"""
    x, places = np.asarray(x), np.asarray(places)
    y = np.empty(places.shape[1:])
    for at in np.ndindex(y.shape):
        place = places[(slice(None), *at)]
        if order == 0:
            corners = [([math.floor(abs(p) + 0.5) * (1 if p >= 0 else -1) for p in place], 1.0)]
        else:
            low = np.floor(place)
            corners = [
                ([int(v) for v in low + up], math.prod(np.abs(1 - np.array(up) - (place - low))))
                for up in itertools.product((0, 1), repeat=len(place))
            ]
        y[at] = sum(share * element(x, index, mode, fill) for index, share in corners)
    return y


def element(x: Array, index: Sequence[int], mode: str, fill: float) -> float:
    """x at whole places, which may lie outside"""
    if mode == "constant":
        inside = all(0 <= i < n for i, n in zip(index, x.shape, strict=True))
        return float(x[tuple(index)]) if inside else fill
    numpy_mode = {"nearest": "edge", "wrap": "wrap", "mirror": "reflect", "reflect": "symmetric"}[mode]
    found = []
    for i, n in zip(index, x.shape, strict=True):
        far = abs(i) + n
        found.append(int(np.pad(np.arange(n), far, mode=numpy_mode)[i + far]))  # type: ignore[call-overload]
    return float(x[tuple(found)])


def affine_transform(
    x: ArrayLike, transform: ArrayLike, order: int = 1, mode: str = "constant", fill: float = 0
) -> Array:
    """y[row, column] = x[(b0 c + b1 r + b2) / k, (a0 c + a1 r + a2) / k], k = c0 c + c1 r + 1, for each image"""
    x, transform = np.asarray(x), np.atleast_2d(transform)
    y = np.empty(x.shape)
    r, c = np.meshgrid(np.arange(x.shape[1]), np.arange(x.shape[2]), indexing="ij")
    for n in range(len(x)):
        a0, a1, a2, b0, b1, b2, c0, c1 = transform[n % len(transform)]
        k = c0 * c + c1 * r + 1
        places = np.stack([(b0 * c + b1 * r + b2) / k, (a0 * c + a1 * r + a2) / k])
        for channel in range(x.shape[3]):
            y[n, ..., channel] = map_coordinates(x[n, ..., channel], places, order, mode, fill)
    return y


def homography(start: ArrayLike, end: ArrayLike) -> Array:
    """The transform that takes four end points to the start points: eight linear equations"""
    rows, right = [], []
    for (u, v), (x, y) in zip(np.asarray(start), np.asarray(end), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.linalg.solve(np.array(rows), np.array(right))


def rgb_to_grayscale(x: ArrayLike) -> Array:
    """0.2989 r + 0.587 g + 0.114 b"""
    return np.asarray(np.asarray(x) @ np.array([0.2989, 0.587, 0.114]))[..., None]


def rgb_to_hsv(x: ArrayLike) -> Array:
    """Python's own, colour by colour"""
    return np.apply_along_axis(lambda c: np.array(colorsys.rgb_to_hsv(*c)), -1, np.asarray(x))


def hsv_to_rgb(x: ArrayLike) -> Array:
    """Python's own, colour by colour"""
    return np.apply_along_axis(lambda c: np.array(colorsys.hsv_to_rgb(*c)), -1, np.asarray(x))


def filtered(x: ArrayLike, window: ArrayLike, padding: str = "same") -> Array:
    """Every channel under the same window (height, width)"""
    x, window = np.asarray(x), np.asarray(window)
    return np.concatenate(
        [conv(x[..., i : i + 1], window[..., None, None], padding=padding) for i in range(x.shape[-1])], -1
    )


def gaussian(size: int, sigma: float) -> Array:
    """A bell around the middle, scaled to the sum 1"""
    w = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    return np.asarray(w / w.sum())


def gaussian_blur(x: ArrayLike, kernel_size: tuple[int, int], sigma: tuple[float, float]) -> Array:
    """Sizes and deviations come as (x, y)"""
    return filtered(x, np.outer(gaussian(kernel_size[1], sigma[1]), gaussian(kernel_size[0], sigma[0])))


def sobel_edges(x: ArrayLike) -> Array:
    """The change downwards and to the right"""
    down = np.outer([-1, 0, 1], [1, 2, 1])
    return np.stack([filtered(x, down), filtered(x, down.T)], axis=-1)


def ssim(
    x: ArrayLike,
    y: ArrayLike,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Array:
    """Means, variances and covariance under a Gaussian window around each pixel"""
    x, y = np.asarray(x), np.asarray(y)
    bell = gaussian(filter_size, filter_sigma)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2

    def mean(v: Array) -> Array:
        return filtered(v, np.outer(bell, bell), "valid")

    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    quotient = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return np.asarray(quotient.mean(axis=(1, 2, 3)))
