"""RandAugment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.engine import allowance
from oxhorn.layers.preprocessing.image.affine_layer import INTERPOLATIONS
from oxhorn.layers.preprocessing.image.augmentations import Augmentations
from oxhorn.layers.preprocessing.image.ranges import choice_of, value_range_of

__all__ = ["RandAugment"]


class RandAugment(Augmentations):
    """Put batches of images through a few layers in training, which are drawn from eleven.

    `y = layer_k(.. layer_1(x))`, each drawn anew, with the same probability: shear, translation, rotation,
    brightness, colour degeneration, contrast, sharpness, posterization, solarization, auto contrast, equalization

    Args:
        value_range: (low, high) of the pixels. Defaults to (0, 255).
        num_ops: k, the number of layers. Defaults to 2.
        factor: The strength: two numbers in [0, 1], or one number f for (0, f). Defaults to 0.5. Each layer takes it
            as its own factor.
        interpolation: `"bilinear"` or `"nearest"`. Defaults to `"bilinear"`; masks always take the nearest value.
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
        NotImplementedError: For another word as `fill_mode` or `interpolation`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandAugment(seed=1)
    >>> layer(np.ones((2, 8, 8, 3), "uint8"), training=True).shape
    (2, 8, 8, 3)

    Source: Cubuk et al., 2019 (https://arxiv.org/abs/1909.13719).
    """

    _AUGMENT_LAYERS = (
        "random_shear",
        "random_translation",
        "random_rotation",
        "random_brightness",
        "random_color_degeneration",
        "random_contrast",
        "random_sharpness",
        "random_posterization",
        "solarization",
        "auto_contrast",
        "equalization",
    )

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range_of(value_range, "RandAugment")
        self.num_ops = arguments.integer(num_ops, "num_ops", "RandAugment", low=0)
        allowance.called(self.num_ops)
        self._set_factor(factor)
        self.interpolation = choice_of(interpolation, "interpolation", "RandAugment", INTERPOLATIONS)
        self._set_seed(seed)
        self._names = self._AUGMENT_LAYERS
        self._add_layers()

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the layers, and what is random for each."""
        self._shape_of_images(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        indices = random.randint((self.num_ops,), 0, len(self._names), seed=seed)
        return {"layer_idxes": indices, "transforms": self._draw_all(data, seed)}

    def _applied(self, method: str, value: Any, transformation: Any) -> Any:
        for i in range(self.num_ops):
            value = self._put_through(
                method, transformation["layer_idxes"][i], value, transformation["transforms"]
            )
        return value

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Put a batch of images through the layers."""
        images = self._cast(images)
        if not training or transformation is None:
            return images
        return self._applied("transform_images", images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Put the masks of a batch through the layers."""
        if not training or transformation is None:
            return segmentation_masks
        masks = ops.convert_to_tensor(segmentation_masks)
        return self._applied("transform_segmentation_masks", masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Put the boxes of a batch through the layers."""
        if not training or transformation is None:
            return bounding_boxes
        return self._applied("transform_bounding_boxes", bounding_boxes, transformation)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "value_range": self.value_range,
            "num_ops": self.num_ops,
            "factor": self.factor,
            "interpolation": self.interpolation,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
