"""RandomColorJitter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.random_brightness import RandomBrightness
from oxhorn.layers.preprocessing.image.random_contrast import RandomContrast
from oxhorn.layers.preprocessing.image.random_hue import RandomHue
from oxhorn.layers.preprocessing.image.random_saturation import RandomSaturation
from oxhorn.layers.preprocessing.image.ranges import value_range_of

__all__ = ["RandomColorJitter"]


class RandomColorJitter(ColorLayer):
    """Change brightness, contrast, saturation and hue of images in training.

    `y = RandomHue(RandomSaturation(RandomContrast(RandomBrightness(x))))`, without those whose factor is None

    Args:
        value_range: (low, high) of the pixels. Defaults to (0, 255).
        brightness_factor: As for `RandomBrightness`, or None.
        contrast_factor: As for `RandomContrast`, or None.
        saturation_factor: As for `RandomSaturation`, or None.
        hue_factor: As for `RandomHue`, or None.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: `bounding_box_format`, `name`, `dtype` and the other arguments of every layer.

    Call arguments:
        data: Images of rank 3 or 4, or a dict of images and what belongs to them.
        training: Whether to change anything. Defaults to True, and is False in `predict` and `evaluate`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`; channels come before with
        `data_format="channels_first"`.

    Output shape:
        The same.

    Returns:
        When called: what it was called with, changed; whole numbers have become floats.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomColorJitter(brightness_factor=0.2, contrast_factor=0.2, hue_factor=0.1)
    >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range_of(value_range, "RandomColorJitter")
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        self._set_seed(seed)
        self.random_brightness = self._part(RandomBrightness, brightness_factor)
        self.random_contrast = self._part(RandomContrast, contrast_factor)
        self.random_saturation = self._part(RandomSaturation, saturation_factor)
        self.random_hue = self._part(RandomHue, hue_factor)

    def _part(self, layer: Callable[..., Any], factor: Any) -> Any:
        if factor is None:
            return None
        shared = {"value_range": self.value_range, "data_format": self.data_format}
        return layer(factor=factor, seed=self.seed, dtype=self._float_dtype_of_draws, **shared)

    @property
    def _parts(self) -> dict[str, Any]:
        names = ("random_brightness", "random_contrast", "random_saturation", "random_hue")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw for each of the layers."""
        self._shape_of_images(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        return {name: layer.get_random_transformation(data, seed=seed) for name, layer in self._parts.items()}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        for name, layer in self._parts.items():
            images = layer.transform_images(images, transformation[name])
        return images

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "value_range": self.value_range,
            "brightness_factor": self.brightness_factor,
            "contrast_factor": self.contrast_factor,
            "saturation_factor": self.saturation_factor,
            "hue_factor": self.hue_factor,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
