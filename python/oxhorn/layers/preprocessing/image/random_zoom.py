"""RandomZoom."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.affine_layer import AffineLayer, affine_rows, last_place
from oxhorn.layers.preprocessing.image.ranges import factor_range

__all__ = ["RandomZoom"]


class RandomZoom(AffineLayer):
    """Zoom into images or out of them in training.

    `x -> c + z (x - c)` from the places of the result to those of the image, on each axis, `z ~ 1 + U(factor)` for each

    Args:
        height_factor: Two numbers in (-1, 1], or one number f for (-f, f). Positive numbers zoom out: -0.5 shows half
            of the height.
        width_factor: Likewise for the width. None, the default, keeps the proportions.
        fill_mode: What lies outside of the images: `"reflect"`, `"wrap"`, `"constant"` or `"nearest"`, as in
            `ops.image.affine_transform`. Defaults to `"reflect"`.
        interpolation: `"bilinear"` or `"nearest"`. Defaults to `"bilinear"`; masks always take the nearest value.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        fill_value: The number for `"constant"`. Defaults to 0.0.
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
    >>> layer = keras.layers.RandomZoom((-0.5, -0.5))
    >>> layer(np.arange(3.0).reshape(3, 1, 1), training=True).numpy().ravel().tolist()
    [0.5, 1.0, 1.5]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor = height_factor
        self.height_lower, self.height_upper = _bounds(height_factor, "height_factor")
        self.width_factor = width_factor
        if width_factor is not None:
            self.width_lower, self.width_upper = _bounds(width_factor, "width_factor")
        self._set_filling(fill_mode, interpolation, fill_value)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the part of the height and of the width that each result shows."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        height = self._uniform((count, 1), (1.0 + self.height_lower, 1.0 + self.height_upper), seed)
        width = height
        if self.width_factor is not None:
            width = self._uniform((count, 1), (1.0 + self.width_lower, 1.0 + self.width_upper), seed)
        return {"height_zoom": height, "width_zoom": width, "input_shape": self._shape_of_images(data)}

    def _zooms(self, transformation: Any) -> tuple[Any, Any]:
        names, dtype = ("width_zoom", "height_zoom"), self._float_dtype_of_draws
        across, down = (ops.reshape(ops.cast(transformation[name], dtype), (-1,)) for name in names)
        return across, down

    def _matrix(self, transformation: Any, height: Any, width: Any) -> Any:
        across, down = self._zooms(transformation)
        x, y = (last_place(size, across.dtype) / 2.0 for size in (width, height))
        return affine_rows(across, 0.0, x * (1.0 - across), 0.0, down, y * (1.0 - down))

    def _moved(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        across, down = (ops.reshape(zoom, (-1, 1, 1)) for zoom in self._zooms(transformation))
        x, y = (last_place(size, across.dtype) / 2.0 for size in (width, height))
        x1, y1, x2, y2 = ops.split(boxes, 4, axis=-1)
        x1, x2 = ((place - x) / across + x for place in (x1, x2))
        y1, y2 = ((place - y) / down + y for place in (y1, y2))
        return ops.concatenate([x1, y1, x2, y2], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "height_factor": self.height_factor,
            "width_factor": self.width_factor,
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "seed": self.seed,
            "fill_value": self.fill_value,
            "data_format": self.data_format,
        }
        return {**super().get_config(), **own}


def _bounds(factor: Any, name: str) -> tuple[float, float]:
    return factor_range(factor, name, "RandomZoom", (-1.0, 1.0), open_low=True)
