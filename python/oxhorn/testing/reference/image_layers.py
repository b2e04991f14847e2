"""Layers of images, with what they drew as arguments. Batch first, channels last, values in [0, 255]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference import images
from oxhorn.testing.reference.ops import conv

Array = NDArray[Any]


def per_image(numbers: ArrayLike) -> Array:
    """Numbers with the axes of pixels"""
    return np.asarray(numbers).reshape(-1, 1, 1, 1)


def resizing(x: Array, height: int, width: int, **options: Any) -> Array:
    """`ops.image.resize`"""
    return images.resize(x, (height, width), **options)


def center_crop(x: Array, height: int, width: int) -> Array:
    """The middle; of images that are too small the largest part of these proportions, resized"""
    top, left = x.shape[1] - height, x.shape[2] - width
    if min(top, left) < 0:
        return images.resize(x, (height, width), crop_to_aspect_ratio=True)
    return random_crop(x, top // 2, left // 2, height, width)


def random_crop(x: Array, top: int, left: int, height: int, width: int) -> Array:
    """y[i, j] = x[top + i, left + j]"""
    return x[:, top : top + height, left : left + width]


def random_flip(x: Array, flips: ArrayLike, mode: str) -> Array:
    """y[i, j] = x[h - 1 - i, w - 1 - j], or one of both, where flips"""
    axes = tuple(axis for word, axis in (("vertical", 1), ("horizontal", 2)) if word in mode)
    return np.where(per_image(flips), np.flip(x, axes), x)


def _moved(x: Array, maps: list[list[float]], mode: str = "reflect") -> Array:
    return images.affine_transform(x, np.array([[*m, 0, 0] for m in maps]), mode=mode)


def random_rotation(x: Array, degrees: ArrayLike) -> Array:
    """p -> c + R (p - c), with the middle c"""
    cx, cy = (x.shape[2] - 1) / 2, (x.shape[1] - 1) / 2
    maps = []
    for t in np.deg2rad(np.asarray(degrees)):
        turn = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        a2, b2 = np.array([cx, cy]) - turn @ [cx, cy]
        maps.append([turn[0, 0], turn[0, 1], a2, turn[1, 0], turn[1, 1], b2])
    return _moved(x, maps)


def random_zoom(x: Array, height_zoom: ArrayLike, width_zoom: ArrayLike) -> Array:
    """x -> c + z (x - c), on each axis"""
    cx, cy = (x.shape[2] - 1) / 2, (x.shape[1] - 1) / 2
    zooms = zip(np.ravel(height_zoom), np.ravel(width_zoom), strict=True)
    return _moved(x, [[across, 0, cx * (1 - across), 0, down, cy * (1 - down)] for down, across in zooms])


def random_translation(x: Array, translations: ArrayLike) -> Array:
    """y[i, j] = x[i - down, j - across]"""
    return _moved(x, [[1, 0, -across, 0, 1, -down] for across, down in np.asarray(translations)])


def random_shear(x: Array, shear_factor: ArrayLike) -> Array:
    """y[i, j] = x[i + v j, j + u i]"""
    return _moved(x, [[1, u, 0, v, 1, 0] for u, v in np.asarray(shear_factor)])


def random_perspective(x: Array, apply: ArrayLike, start: ArrayLike, end: ArrayLike) -> Array:
    """The map that takes the end points to the start points, where apply"""
    pairs = zip(np.asarray(start), np.asarray(end), strict=True)
    maps = np.stack([images.homography(a, b) for a, b in pairs])
    return np.where(per_image(apply), images.affine_transform(x, maps), x)


def random_brightness(x: Array, rgb_delta: ArrayLike) -> Array:
    """min(max(x + delta, 0), 255)"""
    return np.clip(x + per_image(rgb_delta), 0, 255)


def random_contrast(x: Array, contrast_factor: ArrayLike) -> Array:
    """min(max((x - mean) c + mean, 0), 255)"""
    mean = x.mean(axis=(1, 2), keepdims=True)
    return np.clip((x - mean) * per_image(contrast_factor) + mean, 0, 255)


def random_hue(x: Array, factor: ArrayLike) -> Array:
    """hue -> (hue + factor) mod 1"""
    hsv = images.rgb_to_hsv(x / 255)
    hsv[..., 0] = (hsv[..., 0] + per_image(factor)[..., 0]) % 1
    return images.hsv_to_rgb(hsv) * 255


def random_saturation(x: Array, factor: ArrayLike, high: float = 255) -> Array:
    """saturation -> min(saturation * factor, high)"""
    hsv = images.rgb_to_hsv(x)
    hsv[..., 1] = np.minimum(hsv[..., 1] * per_image(factor)[..., 0], high)
    return images.hsv_to_rgb(hsv)


def random_color_degeneration(x: Array, factor: ArrayLike) -> Array:
    """x + u (grey - x)"""
    return x + per_image(factor) * (images.rgb_to_grayscale(x) - x)


def random_grayscale(x: Array, apply: ArrayLike) -> Array:
    """grey where apply"""
    return np.where(per_image(apply), images.rgb_to_grayscale(x), x)


def random_sharpness(x: Array, factor: ArrayLike) -> Array:
    """x + (1 - 2 u) (s - x), s under [[1, 1, 1], [1, 5, 1], [1, 1, 1]] / 13"""
    window = np.ones((3, 3, 1, 1))
    window[1, 1] = 5
    planes = [conv(x[..., c : c + 1], window / 13, padding="same") for c in range(x.shape[3])]
    smooth = np.concatenate(planes, axis=-1)
    return np.clip(x + (1 - 2 * per_image(factor)) * (smooth - x), 0, 255)


def random_invert(x: Array, apply: ArrayLike) -> Array:
    """255 - x where apply"""
    return np.where(per_image(apply), 255 - x, x)


def random_posterization(x: Array, shift: ArrayLike) -> Array:
    """The bytes x without their last bits"""
    return ((x.astype("uint8") >> per_image(shift)) << per_image(shift)).astype(float)


def random_gaussian_blur(x: Array, apply: ArrayLike, sigma: ArrayLike, kernel_size: tuple[int, int]) -> Array:
    """`ops.image.gaussian_blur` where apply"""
    across, down = np.asarray(sigma)
    blurred = images.gaussian_blur(x, kernel_size, (float(across), float(down)))
    return np.clip(np.where(per_image(apply), blurred, x), 0, 255)


def random_erasing(x: Array, apply: ArrayLike, mask: ArrayLike, fill: ArrayLike) -> Array:
    """fill in the mask where apply"""
    return np.where(per_image(apply) & np.asarray(mask), np.asarray(fill), x)


def solarization(x: Array, additions: ArrayLike, thresholds: ArrayLike) -> Array:
    """z = min(max(x + a, 0), 255); z where z < t, else 255 - z"""
    z = np.clip(x + per_image(additions), 0, 255)
    return np.where(z < per_image(thresholds), z, 255 - z)


def auto_contrast(x: Array) -> Array:
    """(x - min) / (max - min) 255, for each channel of each image"""
    low, high = x.min(axis=(1, 2), keepdims=True), x.max(axis=(1, 2), keepdims=True)
    return np.where(high > low, (x - low) / np.where(high > low, high - low, 1) * 255, x)


def equalization(x: Array, bins: int = 256) -> Array:
    """round((C(x) - C_min) 255 / (n - C_min)), C counts pixels up to a bin, for each channel of each image"""
    y = x.copy()
    for image, channel in np.ndindex(x.shape[0], x.shape[3]):
        plane = x[image, ..., channel]
        index = (plane * (bins - 1) / 255).astype(int)
        up_to = np.cumsum(np.bincount(index.ravel(), minlength=bins))
        lowest = up_to[up_to > 0][0]
        if lowest < plane.size:
            table = np.round((up_to - lowest) * 255 / (plane.size - lowest))
            y[image, ..., channel] = np.clip(table, 0, 255)[index]
    return y


def contrast_limited_adaptive_histogram_equalization(
    x: Array, clip_limit: float = 4.0, tile_grid_size: tuple[int, int] = (8, 8)
) -> Array:
    """Each pixel through the tables of the four tiles around it, weighted by how near their middles are"""
    (down, across), (n, h, w, c) = tile_grid_size, x.shape
    tall, wide = -(-h // down), -(-w // across)
    padded = np.pad(x, [(0, 0), (0, tall * down - h), (0, wide * across - w), (0, 0)], mode="symmetric")
    y = np.zeros(x.shape)
    for image, channel in np.ndindex(n, c):
        tables = {}
        for i, j in np.ndindex(down, across):
            tile = padded[image, i * tall : (i + 1) * tall, j * wide : (j + 1) * wide, channel]
            counts = np.bincount(tile.astype(int).ravel(), minlength=256).astype(float)
            kept = np.minimum(counts, clip_limit * tall * wide / 256) if clip_limit > 0 else counts
            up_to = np.cumsum(kept + (counts - kept).sum() / 256)
            rest = tall * wide - up_to[0]
            tables[i, j] = np.clip((up_to - up_to[0]) * 255 / (rest if rest else 1), 0, 255)
        for row, column in np.ndindex(h, w):
            v, u = (row - tall / 2) / tall, (column - wide / 2) / wide
            for i, j in np.ndindex(2, 2):
                tile_y, tile_x = int(np.floor(v)) + i, int(np.floor(u)) + j
                weight = (1 - abs(v - tile_y)) * (1 - abs(u - tile_x))
                place = min(max(tile_y, 0), down - 1), min(max(tile_x, 0), across - 1)
                y[image, row, column, channel] += weight * tables[place][int(x[image, row, column, channel])]
    return y


def mix_up(x: Array, weight: ArrayLike, order: ArrayLike) -> Array:
    """w_i x_i + (1 - w_i) x_p(i)"""
    w = np.asarray(weight).reshape(-1, *[1] * (x.ndim - 1))
    return w * x + (1 - w) * x[np.asarray(order)]


def cut_mix(x: Array, mask: ArrayLike, order: ArrayLike) -> Array:
    """x_p(i) in the mask, x_i elsewhere"""
    return np.where(np.asarray(mask), x[np.asarray(order)], x)


def max_num_bounding_boxes(boxes: Array, max_number: int, fill_value: float = -1) -> Array:
    """The first boxes, or rows of the fill value behind them"""
    y = np.full((boxes.shape[0], max_number, *boxes.shape[2:]), fill_value, boxes.dtype)
    y[:, : boxes.shape[1]] = boxes[:, :max_number]
    return y
