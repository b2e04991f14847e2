"""The layers from which `RandAugment` and `AugMix` choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.auto_contrast import AutoContrast
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.equalization import Equalization
from oxhorn.layers.preprocessing.image.random_brightness import RandomBrightness
from oxhorn.layers.preprocessing.image.random_color_degeneration import RandomColorDegeneration
from oxhorn.layers.preprocessing.image.random_contrast import RandomContrast
from oxhorn.layers.preprocessing.image.random_posterization import RandomPosterization
from oxhorn.layers.preprocessing.image.random_rotation import RandomRotation
from oxhorn.layers.preprocessing.image.random_sharpness import RandomSharpness
from oxhorn.layers.preprocessing.image.random_shear import RandomShear
from oxhorn.layers.preprocessing.image.random_translation import RandomTranslation
from oxhorn.layers.preprocessing.image.solarization import Solarization


class Augmentations(BaseImagePreprocessingLayer):
    """A layer that holds others, each an attribute, and puts some of them to work.

    Subclasses set `_names`, the attributes that are chosen from, and the arguments that `_add_layers` reads.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    _names: Sequence[str]
    value_range: Any

    def _add_layers(self) -> None:
        """Make the layers of `_names`, all of this strength."""
        factor = self.factor
        shared = {"dtype": self.dtype_policy, "data_format": self.data_format}
        shared["bounding_box_format"] = self.bounding_box_format
        seeded = {**shared, "seed": self.seed}
        placed = {**seeded, "interpolation": self.interpolation}
        colored = {**seeded, "value_range": self.value_range}
        plain = {**shared, "value_range": self.value_range}
        makers: dict[str, Any] = {
            "random_shear": lambda: RandomShear(factor, factor, **placed),
            "random_translation": lambda: RandomTranslation(factor, factor, **placed),
            "random_rotation": lambda: RandomRotation(factor, **placed),
            "random_brightness": lambda: RandomBrightness(factor, **colored),
            "random_color_degeneration": lambda: RandomColorDegeneration(factor, **colored),
            "random_contrast": lambda: RandomContrast(factor, **colored),
            "random_sharpness": lambda: RandomSharpness(factor, **colored),
            "random_posterization": lambda: RandomPosterization(max(1, int(8 * factor[1])), **colored),
            "solarization": lambda: Solarization(factor, factor, **colored),
            "auto_contrast": lambda: AutoContrast(**plain),
            "equalization": lambda: Equalization(**plain),
        }
        for name in self._names:
            setattr(self, name, makers[name]())

    def _draw_all(self, data: Any, seed: Any) -> dict[str, Any]:
        """What is random for each of the layers."""
        return {
            name: getattr(self, name).get_random_transformation(data, training=True, seed=seed)
            for name in self._names
        }

    def _put_through(self, method: str, index: Any, value: Any, drawn: dict[str, Any]) -> Any:
        """`layer.<method>(value)` of the layer with this number; the value as it is for the number after the last."""

        def of(name: str) -> Any:
            return lambda x: getattr(getattr(self, name), method)(x, drawn[name])

        return ops.switch(index, [*(of(name) for name in self._names), lambda x: x], value)
