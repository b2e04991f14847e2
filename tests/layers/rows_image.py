"""Rows of the layers of images: arguments, and the NumPy function that says what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oxhorn.testing.reference import image_layers as ref

Drawn = dict[str, Any]


@dataclass(frozen=True)
class ImageRow:
    """layer(**arguments) in training must equal reference(x, drawn), where drawn is what the layer drew.

    `always` marks layers that do the same outside of training, `random` those that draw. `boxes` tells whether they
    follow boxes. Layers of which `open` is False need images of known sizes. `more` are keys of the config that Keras
    leaves out, although its constructor takes them.
    """

    layer: str
    arguments: dict[str, Any]
    reference: Callable[[np.ndarray, Drawn], np.ndarray] | None = None
    always: bool = False
    random: bool = True
    boxes: bool = True
    open: bool = True
    loose: float = 1.0
    shape: tuple[int, int, int, int] = (4, 7, 8, 3)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.layer}-{self.arguments}".replace(" ", "").replace("'", "")

    def images(self, dtype: str = "float64", seed: int = 0) -> np.ndarray:
        """Whole numbers from 1 to 254, so that few of them meet a threshold."""
        return np.random.default_rng(seed).integers(1, 255, self.shape).astype(dtype)

    def distinct_images(self) -> np.ndarray:
        """No two numbers are alike, and none is whole: gradients meet no kink."""
        n = int(np.prod(self.shape))
        return (np.random.default_rng(1).permutation(n) + 0.37).reshape(self.shape) * (254.0 / n)


def window(x: np.ndarray, drawn: Drawn, height: int, width: int) -> np.ndarray:
    return ref.random_crop(x, int(drawn[0]), int(drawn[1]), height, width)


IMAGE_ROWS = [
    ImageRow("Resizing", {"height": 5, "width": 6}, lambda x, _: ref.resizing(x, 5, 6), True, False, loose=8),
    ImageRow(
        "Resizing",
        {"height": 10, "width": 9, "interpolation": "bicubic", "antialias": True},
        lambda x, _: ref.resizing(x, 10, 9, interpolation="bicubic", antialias=True),
        True,
        False,
        loose=8,
    ),
    ImageRow(
        "Resizing",
        {"height": 4, "width": 8, "interpolation": "nearest", "crop_to_aspect_ratio": True},
        lambda x, _: ref.resizing(x, 4, 8, interpolation="nearest", crop_to_aspect_ratio=True),
        True,
        False,
    ),
    ImageRow(
        "Resizing",
        {"height": 6, "width": 12, "pad_to_aspect_ratio": True, "fill_value": 7.0},
        lambda x, _: ref.resizing(x, 6, 12, pad_to_aspect_ratio=True, fill_value=7.0),
        True,
        False,
        loose=8,
    ),
    ImageRow("CenterCrop", {"height": 4, "width": 3}, lambda x, _: ref.center_crop(x, 4, 3), True, False),
    ImageRow(
        "CenterCrop",
        {"height": 9, "width": 5},
        lambda x, _: ref.center_crop(x, 9, 5),
        True,
        False,
        loose=8,
    ),
    ImageRow(
        "RandomCrop",
        {"height": 4, "width": 5, "seed": 3},
        lambda x, drawn: window(x, drawn, 4, 5),
    ),
    ImageRow(
        "RandomCrop",
        {"height": 9, "width": 5, "seed": 3},
        lambda x, _: ref.center_crop(x, 9, 5),
        random=False,
        loose=8,
    ),
    ImageRow(
        "RandomFlip",
        {"mode": "horizontal", "seed": 1},
        lambda x, drawn: ref.random_flip(x, drawn["flips"], "horizontal"),
    ),
    ImageRow(
        "RandomFlip",
        {"mode": "vertical", "seed": 1},
        lambda x, drawn: ref.random_flip(x, drawn["flips"], "vertical"),
    ),
    ImageRow(
        "RandomFlip", {"seed": 2}, lambda x, d: ref.random_flip(x, d["flips"], "horizontal_and_vertical")
    ),
    ImageRow(
        "RandomRotation",
        {"factor": 0.1, "seed": 1},
        lambda x, drawn: ref.random_rotation(x, drawn["angle"]),
        loose=100,
    ),
    ImageRow(
        "RandomZoom",
        {"height_factor": (-0.3, 0.2), "width_factor": 0.4, "seed": 1},
        lambda x, drawn: ref.random_zoom(x, drawn["height_zoom"], drawn["width_zoom"]),
        loose=100,
    ),
    ImageRow(
        "RandomZoom",
        {"height_factor": 0.5, "seed": 1},
        lambda x, drawn: ref.random_zoom(x, drawn["height_zoom"], drawn["height_zoom"]),
        loose=100,
    ),
    ImageRow(
        "RandomTranslation",
        {"height_factor": 0.2, "width_factor": (-0.4, 0.1), "seed": 1},
        lambda x, drawn: ref.random_translation(x, drawn["translations"]),
        loose=100,
    ),
    ImageRow(
        "RandomShear",
        {"x_factor": (0.1, 0.4), "y_factor": (0.0, 0.3), "seed": 1},
        lambda x, drawn: ref.random_shear(x, drawn["shear_factor"]),
        loose=100,
    ),
    ImageRow(
        "RandomPerspective",
        {"factor": 1.0, "scale": 0.4, "seed": 1},
        lambda x, d: ref.random_perspective(x, d["apply_perspective"], d["start_points"], d["end_points"]),
        loose=200,
    ),
    ImageRow("RandomElasticTransform", {"factor": 1.0, "scale": 0.9, "seed": 1}, boxes=False, open=False),
    ImageRow(
        "RandomBrightness",
        {"factor": 0.5, "seed": 1},
        lambda x, drawn: ref.random_brightness(x, drawn["rgb_delta"]),
    ),
    ImageRow(
        "RandomContrast",
        {"factor": (0.3, 0.6), "seed": 1},
        lambda x, drawn: ref.random_contrast(x, drawn["contrast_factor"]),
    ),
    ImageRow("RandomHue", {"factor": 0.6, "seed": 1}, lambda x, d: ref.random_hue(x, d["factor"]), loose=50),
    ImageRow(
        "RandomSaturation",
        {"factor": (0.2, 0.45), "seed": 1},
        lambda x, drawn: ref.random_saturation(x, drawn["factor"]),
        loose=50,
    ),
    ImageRow(
        "RandomColorDegeneration",
        {"factor": 0.7, "seed": 1},
        lambda x, drawn: ref.random_color_degeneration(x, drawn["factor"]),
    ),
    ImageRow(
        "RandomSharpness",
        {"factor": 0.9, "seed": 1},
        lambda x, drawn: ref.random_sharpness(x, drawn["factor"]),
        loose=4,
    ),
    ImageRow(
        "RandomGrayscale",
        {"factor": 0.5},
        lambda x, drawn: ref.random_grayscale(x, drawn),
        more={"seed": None},
    ),
    ImageRow(
        "RandomInvert",
        {"factor": (0.4, 0.6), "seed": 1},
        lambda x, drawn: ref.random_invert(x, drawn["apply_inversion"]),
    ),
    ImageRow(
        "RandomPosterization",
        {"factor": (2, 7), "seed": 1},
        lambda x, drawn: ref.random_posterization(x, np.asarray(drawn["shift_factor"]).astype("uint8")),
    ),
    ImageRow(
        "RandomGaussianBlur",
        {"factor": 1.0, "kernel_size": (5, 3), "sigma": (0.3, 0.9), "seed": 1},
        lambda x, d: ref.random_gaussian_blur(x, d["should_apply_blur"], d["blur_factor"], (5, 3)),
        loose=4,
    ),
    ImageRow(
        "RandomErasing",
        {"factor": (0.5, 1.0), "scale": (0.2, 0.4), "seed": 1},
        lambda x, d: ref.random_erasing(x, d["apply_erasing"], d["batch_masks"], d["fill_value"]),
    ),
    ImageRow(
        "RandomErasing",
        {"factor": (1.0, 1.0), "fill_value": [1.0, 2.0, 3.0], "seed": 1},
        lambda x, d: ref.random_erasing(x, d["apply_erasing"], d["batch_masks"], [1.0, 2.0, 3.0]),
    ),
    ImageRow(
        "Solarization",
        {"addition_factor": 0.3, "threshold_factor": (0.2, 0.8), "seed": 1},
        lambda x, d: ref.solarization(x, d["additions"], d["thresholds"]),
    ),
    ImageRow("AutoContrast", {}, lambda x, _: ref.auto_contrast(x), True, False, loose=4),
    ImageRow("Equalization", {"bins": 64}, lambda x, _: ref.equalization(x, 64), random=False),
    ImageRow(
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"clip_limit": 2.0, "tile_grid_size": (2, 3)},
        lambda x, _: ref.contrast_limited_adaptive_histogram_equalization(x, 2.0, (2, 3)),
        True,
        False,
        loose=8,
    ),
    ImageRow(
        "MixUp",
        {"alpha": 0.5, "seed": 1},
        lambda x, d: ref.mix_up(x, d["mix_weight"], d["permutation_order"]),
    ),
    ImageRow(
        "CutMix",
        {"factor": (0.5, 1.0), "seed": 1},
        lambda x, d: ref.cut_mix(x, d["batch_masks"], d["permutation_order"]),
        boxes=False,
    ),
    ImageRow(
        "RandomColorJitter",
        {
            "brightness_factor": 0.2,
            "contrast_factor": 0.3,
            "saturation_factor": 0.4,
            "hue_factor": 0.1,
            "seed": 1,
        },
    ),
    ImageRow("RandAugment", {"factor": 0.4, "num_ops": 3, "seed": 1}),
    ImageRow("AugMix", {"num_chains": 2, "chain_depth": 2, "seed": 1}),
    ImageRow("MaxNumBoundingBoxes", {"max_number": 3}, None, True, False, more={"fill_value": -1}),
]
