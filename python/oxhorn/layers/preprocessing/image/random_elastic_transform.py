"""RandomElasticTransform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.engine.seed_generator import draw_seed
from oxhorn.layers.preprocessing.image.affine_layer import INTERPOLATIONS
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer, per_image
from oxhorn.layers.preprocessing.image.ranges import choice_of, factor_range, fill_of, value_range_of
from oxhorn.ops.image.warping import displaced

__all__ = ["RandomElasticTransform"]


class RandomElasticTransform(BaseImagePreprocessingLayer):
    """Bend some images as if they were drawn on rubber, in training.

    `y = ops.image.elastic_transform(x, alpha = 0.1 u max(h, w), sigma = 0.05 u min(h, w))` with probability p,
    `u ~ U(scale)` for the batch, `p ~ U(factor)` for each image of height h and width w

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). Defaults to 1.0; (1, 1) changes every image.
        scale: Two numbers in [0, 1], or one number f for (0, f). Defaults to 1.0.
        interpolation: `"bilinear"` or `"nearest"`. Defaults to `"bilinear"`; masks always take the nearest value.
        fill_mode: What lies outside of the images: `"reflect"`, `"mirror"`, `"wrap"`, `"constant"` or `"nearest"`.
            Defaults to `"reflect"`.
        fill_value: The number for `"constant"`. Defaults to 0.0.
        value_range: (low, high) of the pixels. Defaults to (0, 255).
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: `name`, `dtype` and the other arguments of every layer.

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
        ValueError: If height or width are unknown when a model is traced.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomElasticTransform((1, 1), scale=0.5)
    >>> layer(np.ones((2, 16, 16, 3)), training=True).shape
    (2, 16, 16, 3)

    Source: Simard, Steinkraus, Platt, 2003, Best practices for convolutional neural networks.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        owner = "RandomElasticTransform"
        self._set_factor(factor)
        self.scale = factor_range(scale, "scale", owner, (0, 1))
        self.interpolation = choice_of(interpolation, "interpolation", owner, INTERPOLATIONS)
        modes = ("constant", "nearest", "wrap", "mirror", "reflect")
        self.fill_mode = choice_of(fill_mode, "fill_mode", owner, modes)
        self.fill_value = fill_of(fill_value, owner)
        self.value_range = value_range_of(value_range, owner)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are bent, how much, and the key of the displacements."""
        count, _, _ = self._sizes(data)
        if not training or self.scale[1] == 0 or self.factor[1] == 0:
            return None
        seed = self._seed_of(seed)
        return {
            "apply_transform": self._chosen(count, seed),
            "distortion_factor": self._uniform((), self.scale, seed),
            # A key, so that masks are bent as their images.
            "seed": draw_seed(seed),
        }

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        shape = self._shape(images)
        height, width = shape[self.height_axis], shape[self.width_axis]
        if not isinstance(height, int) or not isinstance(width, int):
            raise ValueError(
                "RandomElasticTransform: expected images of known height and width, on which the width of the filter "
                f"depends. Received: images.shape={tuple(images.shape)}. Give them in the model's `Input`."
            )
        batch = images if len(shape) == 4 else ops.expand_dims(images, 0)
        strength = ops.cast(transformation["distortion_factor"], self._float_dtype_of_draws)
        widest = 0.05 * min(height, width) * max(self.scale[1], 1e-6)
        bent = displaced(
            batch,
            0.1 * max(height, width) * strength,
            ops.maximum(0.05 * min(height, width) * strength, 1e-6),
            int(6 * widest) | 1,
            (interpolation, self.fill_mode, self.fill_value),
            transformation["seed"],
            self.data_format,
        )
        chosen = per_image(transformation["apply_transform"])
        result = ops.where(chosen, bent, batch)
        return result if batch is images else ops.squeeze(result, 0)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Bend a batch of images as `transformation` says."""
        images = self._cast(images)
        if not training or transformation is None:
            return images
        return ops.clip(self._transform_images(images, transformation, self.interpolation), *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "factor": self.factor,
            "scale": self.scale,
            "interpolation": self.interpolation,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "value_range": self.value_range,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
