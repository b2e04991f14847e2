"""RandomGrayscale."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer

__all__ = ["RandomGrayscale"]


class RandomGrayscale(ColorLayer):
    """Turn some images grey in training.

    `y = 0.2989 r + 0.587 g + 0.114 b` in every channel, with probability `factor` for each image

    Args:
        factor: The probability, in [0, 1]. Defaults to 0.5.
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
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomGrayscale(1.0)
    >>> layer(np.array([[[100.0, 0.0, 0.0]]]), training=True).numpy().round(2).tolist()
    [[[29.889999389648438, 29.889999389648438, 29.889999389648438]]]
    """

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = arguments.probability(factor, "factor", "RandomGrayscale")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images become grey."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        return per_image(ops.less(self._uniform((count,), (0.0, 1.0), self._seed_of(seed)), self.factor))

    def _recolored(self, images: Any, transformation: Any) -> Any:
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        return ops.where(transformation, grey, images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
