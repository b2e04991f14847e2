"""AugMix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.engine import allowance
from oxhorn.layers.preprocessing.image.affine_layer import INTERPOLATIONS
from oxhorn.layers.preprocessing.image.augmentations import Augmentations
from oxhorn.layers.preprocessing.image.ranges import choice_of, value_range_of

__all__ = ["AugMix"]

_LAYERS = (
    "random_shear",
    "random_translation",
    "random_rotation",
    "random_posterization",
    "solarization",
    "auto_contrast",
    "equalization",
)
_MORE_LAYERS = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")


class AugMix(Augmentations):
    """Mix images with pictures of themselves that went through chains of other layers, in training.

    `y = w x + (1 - w) sum over the chains c of v_c chain_c(x)`, `w ~ Beta(alpha, alpha)`, `v ~ Dirichlet(alpha)`; each
    link of a chain is drawn from the layers of `RandAugment`, or does nothing

    Boxes stay as they are.

    Args:
        value_range: (low, high) of the pixels. Defaults to (0, 255).
        num_chains: How many chains there are. Defaults to 3.
        chain_depth: How many links each has. Defaults to 3.
        factor: The strength: two numbers in [0, 1], or one number f for (0, f). Defaults to 0.3. Each layer takes it
            as its own factor.
        alpha: Parameter of the weights, above 0. Defaults to 1.0.
        all_ops: Whether brightness, colour degeneration, contrast and sharpness are among the layers. Defaults to True.
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
    >>> layer = keras.layers.AugMix(seed=1)
    >>> layer(np.ones((2, 8, 8, 3), "uint8"), training=True).shape
    (2, 8, 8, 3)

    Source: Hendrycks et al., 2019 (https://arxiv.org/abs/1912.02781).
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range_of(value_range, "AugMix")
        self.num_chains = arguments.positive_integer(num_chains, "num_chains", "AugMix")
        self.chain_depth = arguments.positive_integer(chain_depth, "chain_depth", "AugMix")
        allowance.called(self.num_chains * self.chain_depth)
        self._set_factor(factor)
        self.alpha = arguments.number(alpha, "alpha", "AugMix", above=0.0)
        self.all_ops = arguments.boolean(all_ops, "all_ops", "AugMix")
        self.interpolation = choice_of(interpolation, "interpolation", "AugMix", INTERPOLATIONS)
        self._set_seed(seed)
        self._names = _LAYERS + _MORE_LAYERS if self.all_ops else _LAYERS
        self._add_layers()

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the weights, the chains, and what is random for each link."""
        self._shape_of_images(data)
        if not training:
            return None
        seed, dtype = self._seed_of(seed), self._float_dtype_of_draws
        weights = random.gamma((self.num_chains,), self.alpha, dtype=dtype, seed=seed)
        links = (self.num_chains, self.chain_depth)
        return {
            "chain_mixing_weights": weights / ops.sum(weights),
            "weight_sample": random.beta((), self.alpha, self.alpha, dtype=dtype, seed=seed),
            # The number after the last layer is the link that does nothing.
            "layer_idxes": random.randint(links, 0, len(self._names) + 1, seed=seed),
            "chain_transforms": [
                [self._draw_all(data, seed) for _ in range(links[1])] for _ in range(links[0])
            ],
        }

    def _mixed(self, method: str, x: Any, transformation: Any) -> Any:
        names = ("chain_mixing_weights", "weight_sample")
        shares, own = (ops.cast(transformation[name], x.dtype) for name in names)
        total = ops.zeros_like(x)
        for chain, links in enumerate(transformation["chain_transforms"]):
            picture = x
            for link, drawn in enumerate(links):
                picture = self._put_through(
                    method, transformation["layer_idxes"][chain, link], picture, drawn
                )
            total = total + picture * shares[chain]
        return own * x + (1.0 - own) * total

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Mix the images of a batch with their pictures."""
        images = self._cast(images)
        if not training or transformation is None:
            return images
        if not self.compute_dtype.startswith("float"):
            raise ValueError(
                "AugMix: expected a float dtype, in which images can be mixed. "
                f"Received: dtype={self.compute_dtype!r}. "
                "Leave it out, and cast the results."
            )
        return ops.clip(self._mixed("transform_images", images, transformation), *self.value_range)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Mix the masks of a batch as their images."""
        if not training or transformation is None:
            return segmentation_masks
        masks = ops.cast(segmentation_masks, self._float_dtype_of_draws)
        return self._mixed("transform_segmentation_masks", masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """The boxes as they are."""
        return bounding_boxes

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "value_range": self.value_range,
            "num_chains": self.num_chains,
            "chain_depth": self.chain_depth,
            "factor": self.factor,
            "alpha": self.alpha,
            "all_ops": self.all_ops,
            "interpolation": self.interpolation,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
