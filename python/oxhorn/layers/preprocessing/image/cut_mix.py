"""CutMix."""

from __future__ import annotations

from typing import Any

from oxhorn import ops, random
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.mixing import blended, shuffled_places
from oxhorn.layers.preprocessing.image.rectangles import drawn_side, rectangle

__all__ = ["CutMix"]


class CutMix(BaseImagePreprocessingLayer):
    """Put a rectangle of another image of the batch into each image in training, and mix the labels by area.

    `y_i = x_p(i)` in a rectangle of `1 - w_i` of the area, `x_i` elsewhere; p is a random permutation,
    `w_i ~ Beta(a, a)` and `a ~ U(factor)` for the batch. Labels: `w y_i + (1 - w) y_p(i)`

    A single image stays. Labels are one-hot, or numbers that may be mixed.

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). Defaults to 1.0.
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
        ValueError: If the factor is out of range.
        NotImplementedError: For bounding boxes.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.CutMix(seed=1)
    >>> batch = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
    >>> layer(batch, training=True)["labels"].numpy().sum(axis=1).round(3).tolist()
    [1.0, 1.0, 1.0, 1.0]

    Source: Yun et al., 2019 (https://arxiv.org/abs/1905.04899).
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any = 1.0, seed: Any = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are mixed, and where; None for a single image."""
        shape = self._shape_of_images(data)
        if not training or len(shape) == 3:
            return None
        seed, dtype = self._seed_of(seed), self._float_dtype_of_draws
        count, height, width = self._sizes(data)
        alpha = self._uniform((), self.factor, seed) + 1e-6
        part = ops.sqrt(1.0 - random.beta((count,), alpha, alpha, seed=seed, dtype=dtype))
        x0, x1 = drawn_side(width, part, self._uniform((count,), (0.0, 1.0), seed))
        y0, y1 = drawn_side(height, part, self._uniform((count,), (0.0, 1.0), seed))
        area = ops.cast(width, dtype) * ops.cast(height, dtype)
        return {
            "batch_masks": rectangle(height, width, (x0, x1, y0, y1), self.data_format),
            "mix_weight": ops.reshape(1.0 - (x1 - x0) * (y1 - y0) / area, (-1, 1, 1, 1)),
            "permutation_order": shuffled_places(count, seed),
        }

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Put the rectangles into the images of a batch."""
        images = self._cast(images)
        return self._cut(images, transformation) if training and transformation is not None else images

    def _cut(self, images: Any, transformation: Any) -> Any:
        order = ops.convert_to_tensor(transformation["permutation_order"])
        return ops.where(transformation["batch_masks"], ops.take(images, order, axis=0), images)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Mix the labels of a batch by area."""
        return blended(labels, transformation) if training and transformation is not None else labels

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Put the rectangles into the masks of a batch."""
        if not training or transformation is None:
            return segmentation_masks
        return self._cut(ops.convert_to_tensor(segmentation_masks), transformation)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "factor": self.factor,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
