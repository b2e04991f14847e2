"""RandomErasing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import factor_range, value_range_of
from oxhorn.layers.preprocessing.image.rectangles import drawn_side, rectangle

__all__ = ["RandomErasing"]


class RandomErasing(ColorLayer):
    """Fill a rectangle of some images with a number or noise in training, so that a model does not rely on one part.

    `y = fill` in the rectangle with probability p, `p ~ U(factor)` for each image; its sides are the parts `sqrt(u)`
    of the image's, `u ~ U(scale)` for each, and every place is as likely

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). Defaults to 1.0; (1, 1) changes every image.
        scale: Two numbers in [0, 1], or one number f for (0, f). Defaults to (0.02, 0.33).
        fill_value: A number, or three for red, green and blue. None, the default, is noise, `N(0, high^2)` cut off at
            the ends of the range.
        value_range: (low, high) of the pixels. Defaults to (0, 255).
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
    >>> layer = keras.layers.RandomErasing((1, 1), scale=(0.25, 0.25), fill_value=0, seed=1)
    >>> y = layer(np.ones((8, 8, 1)), training=True).numpy()
    >>> int((y == 0).sum()), int((y == 1).sum())
    (16, 48)

    Source: Zhong et al., 2017 (https://arxiv.org/abs/1708.04896).
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.scale = factor_range(scale, "scale", "RandomErasing", (0, 1))
        self.fill_value = _fill(fill_value)
        self.value_range = value_range_of(value_range, "RandomErasing")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are changed, where, and the noise."""
        count, height, width = self._sizes(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        sides = ops.sqrt(self._uniform((count, 2), self.scale, seed))
        x0, x1 = drawn_side(width, sides[:, 0], self._uniform((count,), (0.0, 1.0), seed))
        y0, y1 = drawn_side(height, sides[:, 1], self._uniform((count,), (0.0, 1.0), seed))
        return {
            "apply_erasing": self._chosen(count, seed),
            "batch_masks": rectangle(height, width, (x0, x1, y0, y1), self.data_format),
            "fill_value": self._filling(data, seed),
        }

    def _filling(self, data: Any, seed: Any) -> Any:
        low, high = self.value_range
        dtype = self._float_dtype_of_draws
        if self.fill_value is None:
            shape = self._shape_of_images(data)
            return ops.clip(random.normal(shape, dtype=dtype, seed=seed) * high, low, high)
        value = ops.clip(ops.convert_to_tensor(self.fill_value, dtype), low, high)
        return value if self.data_format == "channels_last" else ops.reshape(value, (-1, 1, 1))

    def _recolored(self, images: Any, transformation: Any) -> Any:
        filling = ops.cast(transformation["fill_value"], images.dtype)
        erased = ops.where(transformation["batch_masks"], filling, images)
        return ops.where(per_image(transformation["apply_erasing"]), erased, images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "factor": self.factor,
            "scale": self.scale,
            "fill_value": self.fill_value,
            "value_range": self.value_range,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}


def _fill(value: Any) -> Any:
    """A number, three numbers, or None."""
    several = isinstance(value, (tuple, list))
    if value is None:
        return None
    try:
        if several and len(value) != 3:
            raise ValueError
        for part in value if several else [value]:
            arguments.number(part, "fill_value", "RandomErasing")
    except ValueError:
        raise ValueError(
            "RandomErasing: The `fill_value` argument should be a number (or a list of three numbers), or None for "
            f"noise. Received: fill_value={arguments.describe(value)}. Pass one such as fill_value=0."
        ) from None
    return value
