"""MixUp."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer, per_image
from oxhorn.layers.preprocessing.image.mixing import blended, shuffled_places

__all__ = ["MixUp"]


class MixUp(BaseImagePreprocessingLayer):
    """Mix each image of a batch with another one in training, and their labels with them.

    `y_i = w_i x_i + (1 - w_i) x_p(i)`, `w_i ~ Beta(alpha, alpha)`, p a random permutation; so are labels and masks

    Labels are one-hot, or numbers that may be mixed. An image gets the boxes of both.

    Args:
        alpha: How strongly images are mixed, above 0. Defaults to 0.2: most pictures show one of both.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
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
        ValueError: If `alpha` is not above 0.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.MixUp(alpha=0.4, seed=1)
    >>> batch = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
    >>> layer(batch, training=True)["labels"].numpy().sum(axis=1).round(3).tolist()
    [1.0, 1.0, 1.0, 1.0]

    In a model, where a step is trained:

    >>> class Mixed(keras.Sequential):
    ...     mix = keras.layers.MixUp(alpha=0.2)
    ...
    ...     def train_step(self, data):
    ...         batch = self.mix({"images": data[0], "labels": data[1]}, training=True)
    ...         return super().train_step((batch["images"], batch["labels"]))
    >>> model = Mixed([keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")])
    >>> model.compile(loss="categorical_crossentropy")
    >>> history = model.fit(batch["images"], batch["labels"], verbose=0)

    Source: Zhang et al., 2017 (https://arxiv.org/abs/1710.09412).
    """

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.alpha = arguments.number(alpha, "alpha", "MixUp", above=0.0)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the weights, and which images are mixed."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        return {
            "permutation_order": shuffled_places(count, seed),
            "mix_weight": random.beta(
                (count,), self.alpha, self.alpha, seed=seed, dtype=self._float_dtype_of_draws
            ),
        }

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Mix the images of a batch."""
        images = self._cast(images)
        if not training or transformation is None:
            return images
        floats = images if str(images.dtype).startswith("float") else ops.cast(images, "float32")
        return self._in_own_dtype(self._mixed(floats, transformation))

    def _mixed(self, images: Any, transformation: Any) -> Any:
        weight = per_image(ops.cast(transformation["mix_weight"], images.dtype))
        other = ops.take(images, ops.convert_to_tensor(transformation["permutation_order"]), axis=0)
        return weight * images + (1.0 - weight) * other

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Mix the labels of a batch."""
        return blended(labels, transformation) if training and transformation is not None else labels

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Mix the masks of a batch."""
        if not training or transformation is None:
            return segmentation_masks
        return self._mixed(ops.cast(segmentation_masks, self._float_dtype_of_draws), transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Give each image of a batch the boxes of both."""
        if not training or transformation is None:
            return bounding_boxes
        order = ops.convert_to_tensor(transformation["permutation_order"])

        def both(x: Any) -> Any:
            x = ops.convert_to_tensor(x)
            return ops.concatenate([x, ops.take(x, order, axis=0)], axis=min(1, len(x.shape) - 1))

        return {"boxes": both(bounding_boxes["boxes"]), "labels": both(bounding_boxes["labels"])}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "alpha": self.alpha,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
