"""What all layers of images share: single images and batches, and what belongs to an image besides its pixels."""

from __future__ import annotations

from typing import Any, ClassVar

from oxhorn import arguments, config, ops, random
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.layer import Layer
from oxhorn.layers.preprocessing.image.functions import Functions
from oxhorn.layers.preprocessing.image.ranges import factor_range, rescaled


class BaseImagePreprocessingLayer(Layer):
    """A layer that changes images, and their labels, boxes and masks with them.

    It is called with images (rank 3: one image, rank 4: a batch), or with a dict of `"images"` and any of `"labels"`,
    `"bounding_boxes"` (a dict of `"boxes"` and `"labels"`) and `"segmentation_masks"`. What is random is drawn once, in
    `get_random_transformation`, and put to work by the methods `transform_*` for each of these, so that a box follows
    its image. They work on batches; a single image is a batch of one.

    Args:
        factor: A number or two numbers: the range of the strength, for layers that have one.
        bounding_box_format: The format of boxes, as for `keras.utils.bounding_boxes.convert_format`. Needed with boxes.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.
    """

    _USE_BASE_FACTOR: ClassVar[bool] = True
    _FACTOR_BOUNDS: ClassVar[tuple[float, float]] = (-1, 1)

    factor: Any
    bounding_box_format: Any
    generator: SeedGenerator
    interpolation: str

    def __init__(
        self,
        factor: Any = None,
        bounding_box_format: str | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = arguments.data_format(data_format, type(self).__name__)
        if self._USE_BASE_FACTOR:
            self._set_factor(factor or 0.0)
        elif factor is not None:
            raise ValueError(
                f"Layer {type(self).__name__} does not take a `factor` argument. Received: factor={factor}"
            )

    def _set_factor(self, factor: Any) -> None:
        self.factor = factor_range(factor, "factor", type(self).__name__, self._FACTOR_BOUNDS)

    # Functions and random numbers ------------------------------------------------------------------

    @property
    def backend(self) -> Functions:
        """Functions of tensors by the names that layers written for several backends use."""
        return Functions()

    def _set_seed(self, seed: Any) -> None:
        self.seed = arguments.seed(seed, type(self).__name__)
        self.generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)

    def _get_seed_generator(self, backend: Any = None) -> SeedGenerator:
        return self.generator

    def _seed_of(self, seed: Any) -> Any:
        """The seed that was passed, or the layer's own stream."""
        return self.generator if seed is None else seed

    def _uniform(self, shape: Any, bounds: tuple[float, float], seed: Any) -> Any:
        """Numbers between two bounds, in the layer's dtype if that is a float dtype."""
        low, high = bounds
        return random.uniform(
            shape=shape, minval=low, maxval=high, seed=seed, dtype=self._float_dtype_of_draws
        )

    def _chosen(self, count: Any, seed: Any) -> Any:
        """For each image, whether it is changed: with a probability drawn from the range `factor`."""
        probability = self._uniform((count,), self.factor, seed)
        return ops.less(self._uniform((count,), (0.0, 1.0), seed), probability)

    @property
    def _float_dtype_of_draws(self) -> str:
        return self.compute_dtype if self.compute_dtype in ("float32", "float64") else config.floatx()

    # Sizes -----------------------------------------------------------------------------------------

    @property
    def height_axis(self) -> int:
        """The axis of rows, counted from the end."""
        return -3 if self.data_format == "channels_last" else -2

    @property
    def width_axis(self) -> int:
        """The axis of columns, counted from the end."""
        return -2 if self.data_format == "channels_last" else -1

    @property
    def channel_axis(self) -> int:
        """The axis of channels, counted from the end."""
        return -1 if self.data_format == "channels_last" else -3

    def _sizes(self, data: Any) -> tuple[Any, Any, Any]:
        """How many images, and their height and width; sizes may be open in a trace."""
        shape = self._shape_of_images(data)
        return (1 if len(shape) == 3 else shape[0]), shape[self.height_axis], shape[self.width_axis]

    def _shape_of_images(self, data: Any) -> tuple[Any, ...]:
        return self._shape(data["images"] if isinstance(data, dict) else data)

    def _shape(self, images: Any) -> tuple[Any, ...]:
        shape = tuple(ops.shape(images))
        if len(shape) not in (3, 4):
            raise ValueError(
                f"{type(self).__name__}: Expected the input image to be rank 3 or 4 (a single image, or a batch of "
                f"images). Received: inputs.shape={shape}. Add or remove axes."
            )
        if any(isinstance(size, int) and size == 0 for size in shape[-3:]):
            raise ValueError(
                f"{type(self).__name__}: Expected images of at least one pixel and one channel. "
                f"Received: inputs.shape={shape}. Leave empty images out."
            )
        return shape

    def _is_batched(self, images: Any) -> bool:
        return len(self._shape(images)) == 4

    # What subclasses define ------------------------------------------------------------------------

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw what is random for this call, or None if nothing is.

        Args:
            data: What the layer is called with.
            training: Whether the layer is in training.
            seed: A `SeedGenerator` or an integer; the layer's own generator by default.
        """
        return None

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} defines neither `transform_images` nor `_transform_images`."
        )

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Change a batch of images as `transformation` says."""
        images = self._cast(images)
        if training:
            images = self._transform_images(images, transformation, self.interpolation)
        return images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Change the labels of a batch as `transformation` says; by default they stay."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Change the boxes of a batch as `transformation` says."""
        raise NotImplementedError(
            f"{type(self).__name__} cannot follow bounding boxes. Leave 'bounding_boxes' out of its inputs."
        )

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Change the masks of a batch as its images, but without values in between."""
        if training:
            return self._transform_images(
                ops.convert_to_tensor(segmentation_masks), transformation, interpolation="nearest"
            )
        return segmentation_masks

    # Single images ---------------------------------------------------------------------------------

    def transform_single_image(self, image: Any, transformation: Any, training: bool = True) -> Any:
        """Change one image as `transformation`, made for a batch of one, says."""
        return _single(self.transform_images, image, transformation, training)

    def transform_single_label(self, label: Any, transformation: Any, training: bool = True) -> Any:
        """Change the label of one image."""
        return _single(self.transform_labels, label, transformation, training)

    def transform_single_segmentation_mask(
        self, segmentation_mask: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Change the mask of one image."""
        return _single(self.transform_segmentation_masks, segmentation_mask, transformation, training)

    def transform_single_bounding_box(
        self, bounding_box: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Change the boxes of one image."""
        batch = {
            key: ops.expand_dims(value, 0) if key in ("boxes", "labels") else value
            for key, value in bounding_box.items()
        }
        batch = self.transform_bounding_boxes(batch, transformation=transformation, training=training)
        return {
            key: ops.squeeze(value, 0) if key in ("boxes", "labels") else value
            for key, value in batch.items()
        }

    # The call --------------------------------------------------------------------------------------

    def call(self, data: Any, training: bool = True) -> Any:
        """Change the images, and what belongs to them."""
        images = data["images"] if isinstance(data, dict) else data
        batched = self._is_batched(images)
        transformation = self.get_random_transformation(data, training=training)

        def changed(name: str, value: Any, single: str) -> Any:
            method = getattr(self, name if batched else single)
            return method(value, transformation=transformation, training=training)

        if not isinstance(data, dict):
            return changed("transform_images", data, "transform_single_image")
        result = dict(data)
        result["images"] = changed("transform_images", images, "transform_single_image")
        if "bounding_boxes" in data:
            boxes = self._checked_boxes(data["bounding_boxes"])
            result["bounding_boxes"] = changed(
                "transform_bounding_boxes", boxes, "transform_single_bounding_box"
            )
        if "labels" in data:
            result["labels"] = changed("transform_labels", data["labels"], "transform_single_label")
        if "segmentation_masks" in data:
            result["segmentation_masks"] = changed(
                "transform_segmentation_masks",
                data["segmentation_masks"],
                "transform_single_segmentation_mask",
            )
        return result

    def _checked_boxes(self, bounding_boxes: Any) -> dict[str, Any]:
        """Boxes and their labels as tensors."""
        who = type(self).__name__
        if not self.bounding_box_format:
            raise ValueError(
                f"{who}: You passed an input with a 'bounding_boxes' key, but you didn't specify a bounding box "
                f"format. Pass a `bounding_box_format` argument to your {who} layer, e.g. `bounding_box_format='xyxy'`."
            )
        if not isinstance(bounding_boxes, dict) or not {"boxes", "labels"} <= set(bounding_boxes):
            raise ValueError(
                f"{who}: Expected `bounding_boxes` to be a dict with keys 'boxes' and 'labels'. "
                f"Received: bounding_boxes={arguments.describe(bounding_boxes)}."
            )
        boxes, labels = (ops.convert_to_tensor(bounding_boxes[key]) for key in ("boxes", "labels"))
        ranks = {2: (1, 2), 3: (2, 3)}.get(len(boxes.shape))
        if ranks is None:
            raise ValueError(
                f"{who}: Expected `bounding_boxes['boxes']` to have rank 2 or 3, with shape (num_boxes, 4) or "
                f"(batch_size, num_boxes, 4). Received: boxes.shape={tuple(boxes.shape)}."
            )
        if len(labels.shape) not in ranks:
            raise ValueError(
                f"{who}: Found bounding_boxes['boxes'].shape={tuple(boxes.shape)} and expected "
                f"bounding_boxes['labels'] to have rank {ranks[0]} or {ranks[1]}. "
                f"Received: labels.shape={tuple(labels.shape)}."
            )
        return {**bounding_boxes, "boxes": ops.cast(boxes, self._float_dtype_of_draws), "labels": labels}

    # Helpers ---------------------------------------------------------------------------------------

    def _cast(self, images: Any) -> Any:
        """Images in the layer's dtype."""
        return ops.cast(images, self.compute_dtype)

    def _in_own_dtype(self, images: Any) -> Any:
        """Computed floats in the layer's dtype: whole numbers are rounded, and stay within their range."""
        if str(images.dtype) == self.compute_dtype:
            return images
        if self.compute_dtype.startswith("float"):
            return ops.cast(images, self.compute_dtype)
        return ops.saturate_cast(ops.round(images), self.compute_dtype)

    def _transform_value_range(
        self, images: Any, original_range: Any, target_range: Any, dtype: str = "float32"
    ) -> Any:
        """Values of one range brought into another."""
        if tuple(original_range) == tuple(target_range):
            return images
        return rescaled(ops.cast(images, dtype), original_range, target_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {**super().get_config(), "data_format": self.data_format}
        if self.bounding_box_format is not None:
            own["bounding_box_format"] = self.bounding_box_format
        return own


def _single(method: Any, value: Any, transformation: Any, training: bool) -> Any:
    batch = ops.expand_dims(value, 0)
    return ops.squeeze(method(batch, transformation=transformation, training=training), 0)


def per_image(x: Any) -> Any:
    """One number for each image, with the axes of pixels: shape (batch, 1, 1, 1)."""
    return ops.reshape(ops.convert_to_tensor(x), (-1, 1, 1, 1))
