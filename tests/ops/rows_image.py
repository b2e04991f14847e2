"""Rows of `ops.image`."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import images as ref
from oxhorn.testing.reference import windows as win
from tests.ops.table import Row, integers, positive, real


def _rng(seed):
    return np.random.default_rng(seed)


def _resample(x, axis, size, method, **attrs):
    return Row(
        "resample",
        [real(*x)],
        lambda v: ref.resample(v, axis, size, method, **attrs),
        {"axis": axis, "size": size, "method": method, **attrs},
        loose=4,
    )


def _resize(x, size, **attrs):
    return Row(
        "image.resize", [real(*x)], lambda v: ref.resize(v, size, **attrs), {"size": size, **attrs}, loose=8
    )


def _fit(x, target, pad=None):
    return Row(
        "fit_aspect",
        [real(*x)],
        lambda v: ref.fit_aspect(v, target, (1, 2), pad),
        {"axes": [1, 2], "target": target, "pad": pad},
    )


def _whole(x):
    """Floats rounded half to even, as images of bytes."""
    return np.clip(np.round(x), 0, 255).astype("uint8")


RESIZING = [
    _resample((2, 5, 3), 1, 8, "nearest"),
    _resample((2, 5, 3), 1, 8, "bilinear"),
    _resample((2, 9, 3), 1, 4, "bilinear", antialias=True),
    _resample((2, 6), 1, 9, "bicubic"),
    _resample((2, 9, 3), 1, 4, "bicubic", antialias=True),
    _resample((2, 9), -1, 13, "lanczos3"),
    _resample((2, 9), -1, 1, "lanczos5", antialias=True),
    Row(
        "resample",
        [real(2, 7, 3)],
        lambda v: win.adaptive(np.mean, v, 1, 3),
        {"axis": 1, "size": 3, "method": "area"},
        loose=4,
    ),
    Row(
        "resample",
        [integers(0, 99, 2, 5, 3, dtype="uint8")],
        lambda v: ref.resample(v, 1, 7, "nearest"),
        {"axis": 1, "size": 7, "method": "nearest"},
    ),
    _fit((2, 5, 7, 3), [2, 2]),
    _fit((2, 7, 4, 3), [2, 3]),
    _fit((2, 5, 7, 3), [2, 2], 1.5),
    _fit((2, 7, 4, 3), [2, 3], 0.0),
    _resize((2, 5, 7, 3), (8, 6)),
    _resize((2, 9, 7, 3), (4, 3), antialias=True, interpolation="bicubic"),
    _resize((5, 7, 3), (8, 4), interpolation="nearest"),
    _resize((2, 5, 7, 3), (3, 3), crop_to_aspect_ratio=True),
    _resize((2, 5, 7, 3), (3, 3), pad_to_aspect_ratio=True, fill_value=0.5, interpolation="lanczos3"),
    Row(
        "image.resize",
        [integers(0, 256, 2, 4, 4, 3, dtype="uint8")],
        lambda v: _whole(ref.resize(v.astype(float), (7, 7), "bicubic")),
        {"size": (7, 7), "interpolation": "bicubic"},
        note="bytes",
    ),
    *(
        Row(
            "image.scale_and_translate",
            [real(2, 6, 5, 2), np.array([0.6, 1.7]), np.array([0.3, -0.4])],
            lambda v, s, t, m=method: ref.scale_and_translate(
                ref.scale_and_translate(v, 4, s[0], t[0], 1, m), 7, s[1], t[1], 2, m
            ),
            {"output_shape": (2, 4, 7, 2), "spatial_dims": (1, 2), "method": method},
            gradient=[0] if method == "lanczos3" else None,
            smooth=False,
            batch=False,
            loose=64,
            names=("images", "scale", "translation"),
        )
        for method in ("bilinear", "bicubic", "lanczos3")
    ),
]


def _borders(name, x, sides, **targets):
    """Rows of zeros added (or cut off): (top, left, bottom, right)."""
    top, left, bottom, right = sides

    def reference(v):
        if name == "image.pad_images":
            return np.pad(v, [(0, 0), (top, bottom), (left, right), (0, 0)])
        return v[:, top : v.shape[1] - bottom, left : v.shape[2] - right]

    return Row(name, [real(*x)], reference, targets)


BORDERS = [
    _borders(
        "image.pad_images",
        (2, 4, 5, 3),
        (1, 2, 3, 0),
        top_padding=1,
        left_padding=2,
        target_height=8,
        target_width=7,
    ),
    _borders(
        "image.pad_images",
        (2, 4, 5, 3),
        (1, 2, 3, 0),
        bottom_padding=3,
        right_padding=0,
        target_height=8,
        target_width=7,
    ),
    _borders(
        "image.crop_images",
        (2, 6, 7, 3),
        (1, 2, 3, 0),
        top_cropping=1,
        left_cropping=2,
        bottom_cropping=3,
        right_cropping=0,
    ),
    _borders(
        "image.crop_images",
        (2, 6, 7, 3),
        (1, 2, 3, 0),
        bottom_cropping=3,
        left_cropping=2,
        target_height=2,
        target_width=5,
    ),
]

# Colours whose largest and smallest channel are apart: hue has no kink there.
_COLORS = np.array([0.2, 0.5, 0.8])[np.argsort(_rng(1).uniform(size=(2, 3, 4, 3)), axis=-1)] + _rng(
    2
).uniform(-0.1, 0.1, (2, 3, 4, 3))


COLORS = [
    Row("image.rgb_to_grayscale", [positive(2, 3, 4, 3)], ref.rgb_to_grayscale, loose=4),
    Row("image.rgb_to_grayscale", [positive(2, 3, 4, 1)], lambda v: v),
    Row(
        "image.rgb_to_grayscale",
        [integers(0, 256, 2, 3, 4, 3, dtype="uint8")],
        lambda v: ref.rgb_to_grayscale(v.astype(float)).astype("uint8"),
    ),
    Row("image.rgb_to_hsv", [_COLORS], ref.rgb_to_hsv, loose=4, smooth=False),
    Row("image.hsv_to_rgb", [_COLORS], ref.hsv_to_rgb, loose=8, smooth=False),
    Row(
        "image.rgb_to_hsv",
        [np.moveaxis(_COLORS, -1, 1)],
        lambda v: np.moveaxis(ref.rgb_to_hsv(np.moveaxis(v, 1, -1)), -1, 1),
        {"data_format": "channels_first"},
        loose=4,
        smooth=False,
    ),
]

FILTERS = [
    Row(
        "image.gaussian_blur",
        [real(2, 5, 6, 3)],
        lambda v: ref.gaussian_blur(v, (3, 5), (1.0, 2.0)),
        {"kernel_size": (3, 5), "sigma": (1.0, 2.0)},
        loose=4,
    ),
    Row(
        "image.gaussian_blur",
        [real(3, 5, 6)],
        lambda v: np.moveaxis(ref.gaussian_blur(np.moveaxis(v, 0, -1)[None], (4, 2), (0.5, 1.5))[0], -1, 0),
        {"kernel_size": (4, 2), "sigma": (0.5, 1.5), "data_format": "channels_first"},
        loose=4,
        batch=False,
    ),
    Row("image.sobel_edges", [real(2, 5, 6, 2)], ref.sobel_edges, loose=8),
    Row(
        "image.ssim",
        [positive(2, 7, 8, 2), positive(2, 7, 8, 2, seed=5)],
        lambda x, y: ref.ssim(x, y, 3.0, 5),
        {"max_val": 3.0, "filter_size": 5},
        loose=32,
    ),
    Row(
        "image.extract_patches",
        [real(2, 5, 6, 2)],
        lambda v: win.patches(v, (2, 3), (1, 2), padding="same"),
        {"size": (2, 3), "strides": (1, 2), "padding": "same"},
    ),
    Row(
        "image.extract_patches_3d",
        [real(1, 2, 4, 5, 4)],
        lambda v: win.patches(v, 2, 2, data_format="channels_first"),
        {"size": 2, "data_format": "channels_first"},
    ),
]

# Between pixels, away from the middle and the edges of any: interpolation has a kink there.
_PLACES = _rng(3).integers(-5, 9, (2, 3, 4)) + _rng(4).uniform(0.1, 0.4, (2, 3, 4))
_TURNS = np.array(
    [[0.91, -0.23, 0.62, 0.31, 0.83, -0.57, 0.0, 0.0], [1.13, 0.21, -1.31, -0.17, 0.89, 0.73, 0.01, 0.02]]
)
_CORNERS = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 4.0], [5.0, 4.0]])
_MOVED = _CORNERS + _rng(5).uniform(-0.7, 0.7, (4, 2))


def _seen(x, start, end):
    """Perspective: the map that takes each end point to its start point."""
    return ref.affine_transform(x, ref.homography(start, end), 1, "constant", 0.5)


COORDINATES = [
    *(
        Row(
            "image.map_coordinates",
            [real(4, 5), _PLACES],
            lambda v, p, o=order, m=mode: ref.map_coordinates(v, p, o, m, 0.5),
            {"order": order, "fill_mode": mode, "fill_value": 0.5},
            gradient=[0, 1] if order else [0],
            smooth=False,
            batch=False,
            loose=16,
        )
        for order in (0, 1)
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
    ),
    Row(
        "image.map_coordinates",
        [integers(0, 99, 4, 3, 5), _rng(6).uniform(0, 3, (3, 7))],
        lambda v, p: np.floor(ref.map_coordinates(v, p, 1) + 0.5).astype("int32"),
        {"order": 1},
        gradient=(),
        batch=False,
    ),
    *(
        Row(
            "image.affine_transform",
            [real(2, 5, 6, 2), _TURNS],
            lambda v, t, o=order, m=mode: ref.affine_transform(v, t, o, m),
            {"interpolation": name, "fill_mode": mode},
            gradient=[0, 1] if order else [0],
            smooth=False,
            loose=64,
        )
        for order, name, mode in (
            (0, "nearest", "constant"),
            (1, "bilinear", "constant"),
            (1, "bilinear", "wrap"),
        )
    ),
    Row(
        "image.perspective_transform",
        [real(2, 5, 6, 2), _CORNERS, _MOVED],
        _seen,
        {"fill_value": 0.5},
        gradient=[0, 2],
        smooth=False,
        batch=False,
        loose=64,
    ),
]

ROWS = RESIZING + BORDERS + COLORS + FILTERS + COORDINATES
