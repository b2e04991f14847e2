"""RandomGaussianBlur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import factor_range, value_range_of

__all__ = ["RandomGaussianBlur"]


class RandomGaussianBlur(ColorLayer):
    """Blur some images in training.

    `y = ops.image.gaussian_blur(x, kernel_size, s)` with probability p; `p ~ U(factor)` for each image,
    `s_x, s_y ~ U(sigma)` for the batch

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). Defaults to 1.0; (1, 1) blurs every image.
        kernel_size: (width, height) of the filter, odd; or one number for both. Defaults to 3.
        sigma: Two numbers in [0, 1], or one number f for (0, f): the standard deviation in pixels. Defaults to 1.0.
        value_range: (low, high) of the pixels. Defaults to (0, 255).
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
        ValueError: If an argument is out of range, or a size of the filter is even.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomGaussianBlur((1, 1), kernel_size=3, sigma=(0.5, 0.5))
    >>> dot = np.pad([[[100.0]]], [(1, 1), (1, 1), (0, 0)])
    >>> layer(dot, training=True).numpy()[1].round(1).ravel().tolist()
    [8.399999618530273, 61.900001525878906, 8.399999618530273]
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: int | Sequence[int] = 3,
        sigma: Any = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        across, down = arguments.integers(kernel_size, 2, "kernel_size", "RandomGaussianBlur")
        self.kernel_size = (across, down)
        if any(size % 2 == 0 for size in self.kernel_size):
            raise ValueError(
                "RandomGaussianBlur: kernel_size must be an odd number, so that the filter has a middle. "
                f"Received: kernel_size={kernel_size}. Pass one such as kernel_size=3."
            )
        self.sigma = factor_range(sigma, "sigma", "RandomGaussianBlur", (0, 1))
        self.value_range = value_range_of(value_range, "RandomGaussianBlur")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are blurred, and how much."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        return {
            "should_apply_blur": self._chosen(count, seed),
            "blur_factor": self._uniform((2,), self.sigma, seed) + 1e-6,
        }

    def _recolored(self, images: Any, transformation: Any) -> Any:
        sigma = ops.cast(transformation["blur_factor"], images.dtype)
        blurred = ops.image.gaussian_blur(images, self.kernel_size, sigma, data_format=self.data_format)
        images = ops.where(per_image(transformation["should_apply_blur"]), blurred, images)
        return ops.clip(images, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "factor": self.factor,
            "kernel_size": self.kernel_size,
            "sigma": self.sigma,
            "value_range": self.value_range,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
