"""What layers of images draw: ranges, means, frequencies; and boxes that stay on what they show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers

COUNT = 4000
IMAGES = np.zeros((COUNT, 6, 8, 3), "float32")


def drawn(layer: Any, images: np.ndarray = IMAGES) -> Any:
    return layer.get_random_transformation(images, training=True)


@pytest.mark.parametrize(
    ("layer", "key", "low", "high"),
    [
        (layers.RandomBrightness((-0.2, 0.4), seed=1), "rgb_delta", -51.0, 102.0),
        (layers.RandomBrightness(0.2, value_range=(0, 1), seed=1), "rgb_delta", -0.2, 0.2),
        (layers.RandomContrast((0.3, 0.6), seed=1), "contrast_factor", 0.7, 1.6),
        (layers.RandomRotation((-0.25, 0.5), seed=1), "angle", -90.0, 180.0),
        (layers.RandomZoom((-0.5, 0.3), seed=1), "height_zoom", 0.5, 1.3),
        (layers.RandomZoom(0.5, (0.1, 0.2), seed=1), "width_zoom", 1.1, 1.2),
        (layers.RandomColorDegeneration((0.1, 0.9), seed=1), "factor", 0.1, 0.9),
        (layers.RandomSharpness(0.4, seed=1), "factor", 0.0, 0.4),
        (layers.RandomHue(0.6, seed=1), "factor", -0.3, 0.3),
        (layers.Solarization((0.1, 0.5), 0.8, seed=1), "additions", 25.5, 127.5),
        (layers.Solarization(0.1, 0.8, seed=1), "thresholds", 0.0, 204.0),
        (layers.RandomShear((0.2, 0.5), 0.0, seed=1), "shear_factor", -0.5, 0.5),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_uniform_numbers(layer: Any, key: str, low: float, high: float) -> None:
    values = drawn(layer)[key].numpy()
    values = values[:, 0] if key == "shear_factor" else values.ravel()
    assert values.shape == (COUNT,)
    assert low <= values.min() < low + 0.02 * (high - low)
    assert high - 0.02 * (high - low) < values.max() <= high
    # The mean of n uniform numbers has the deviation (high - low) / sqrt(12 n).
    assert abs(values.mean() - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * COUNT) * 1.5


@pytest.mark.parametrize(
    ("layer", "key", "share"),
    [
        (layers.RandomFlip(seed=1), "flips", 0.5),
        (layers.RandomInvert((0.2, 0.4), seed=1), "apply_inversion", 0.3),
        (layers.RandomErasing((0.6, 0.8), seed=1), "apply_erasing", 0.7),
        (layers.RandomPerspective(0.5, seed=1), "apply_perspective", 0.25),
        (layers.RandomGaussianBlur((1.0, 1.0), seed=1), "should_apply_blur", 1.0),
        (layers.RandomElasticTransform(1.0, seed=1), "apply_transform", 0.5),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_frequencies(layer: Any, key: str, share: float) -> None:
    values = drawn(layer)[key].numpy()
    assert abs(values.mean() - share) <= 4 * np.sqrt(share * (1 - share) / COUNT)


def test_weights_of_mix_up_are_beta() -> None:
    weights = drawn(layers.MixUp(0.4, seed=1))
    w = weights["mix_weight"].numpy()
    assert abs(w.mean() - 0.5) < 0.03
    assert abs(w.var() - 1 / (4 * (2 * 0.4 + 1))) < 0.01
    assert sorted(weights["permutation_order"].numpy()) == list(range(COUNT))


def test_rectangles_of_cut_mix_have_the_area_of_the_weight() -> None:
    images = np.zeros((50, 60, 80, 3), "float32")
    numbers = drawn(layers.CutMix(seed=2), images)
    area = numbers["batch_masks"].numpy().mean(axis=(1, 2, 3))
    np.testing.assert_allclose(1 - area, numbers["mix_weight"].numpy().ravel(), atol=0.04)
    assert area.max() > 0.5 and area.min() < 0.2


def test_places_of_random_crop() -> None:
    layer = layers.RandomCrop(4, 8, seed=1)
    places = [drawn(layer, IMAGES[:1])[:2] for _ in range(300)]
    tops = [int(top) for top, _ in places]
    assert {int(left) for _, left in places} == {0}
    assert np.bincount(tops, minlength=3).min() > 60 and max(tops) == 2


def test_layers_of_rand_augment() -> None:
    layer = layers.RandAugment(num_ops=COUNT, seed=1)
    counts = np.bincount(drawn(layer, IMAGES[:1])["layer_idxes"].numpy(), minlength=11)
    assert len(counts) == 11
    assert abs(counts / COUNT - 1 / 11).max() < 0.02


def test_bits_of_posterization() -> None:
    shifts = drawn(layers.RandomPosterization((3, 6), seed=1))["shift_factor"].numpy()
    assert np.unique(shifts).tolist() == [3, 4, 5]


# Boxes ------------------------------------------------------------------------------------------------


def around(plane: np.ndarray) -> list[float]:
    rows, columns = np.nonzero(plane > 0.5)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize(
    "layer",
    [
        layers.RandomFlip("horizontal", seed=1, bounding_box_format="xyxy"),
        layers.RandomFlip(seed=2, bounding_box_format="xyxy"),
        layers.RandomTranslation(0.2, 0.2, fill_mode="constant", seed=1, bounding_box_format="xyxy"),
        layers.RandomZoom((-0.2, 0.3), fill_mode="constant", seed=1, bounding_box_format="xyxy"),
        layers.RandomRotation(0.05, fill_mode="constant", seed=1, bounding_box_format="xyxy"),
        layers.RandomPerspective(1.0, 0.2, seed=1, bounding_box_format="xyxy"),
        layers.RandomCrop(50, 60, seed=1, bounding_box_format="xyxy"),
        layers.CenterCrop(50, 60, bounding_box_format="xyxy"),
        layers.CenterCrop(100, 90, bounding_box_format="xyxy"),
        layers.Resizing(100, 90, bounding_box_format="xyxy"),
        layers.Resizing(100, 200, pad_to_aspect_ratio=True, bounding_box_format="xyxy"),
        layers.Resizing(100, 150, crop_to_aspect_ratio=True, bounding_box_format="xyxy"),
    ],
    ids=lambda layer: layer.name,
)
def test_boxes_stay_on_what_they_show(layer: Any) -> None:
    images = np.zeros((8, 64, 80, 1), "float32")
    box = np.array([20, 16, 52, 44])
    images[:, box[1] : box[3], box[0] : box[2]] = 1.0
    data = {"images": images, "bounding_boxes": {"boxes": np.tile(box, (8, 1, 1)), "labels": np.ones((8, 1))}}
    out = layer(data, training=True)
    for plane, moved in zip(out["images"].numpy(), out["bounding_boxes"]["boxes"].numpy(), strict=True):
        np.testing.assert_allclose(moved[0], around(plane[..., 0]), atol=2.5)


def test_masks_stay_on_images() -> None:
    for name in ("RandomElasticTransform", "RandomPerspective", "RandomErasing"):
        layer = getattr(layers, name)(1.0, seed=3)
        images = np.zeros((4, 32, 32, 1), "float32")
        images[:, 8:20, 10:25] = 200.0
        out = layer({"images": images, "segmentation_masks": images / 200.0}, training=True)
        if name != "RandomErasing":
            same = (out["images"].numpy() > 100) == (out["segmentation_masks"].numpy() > 0.5)
            assert same.mean() > 0.98


def test_a_model_draws_anew_at_each_step() -> None:
    layer = layers.RandomBrightness(0.5, value_range=(0, 1), seed=1)
    model = keras.Sequential([keras.Input((2, 2, 1)), layer, keras.layers.Flatten()])
    seen = []

    class Look(keras.Model):
        def call(self, x: Any, training: bool = False) -> Any:
            return model(x, training=True)

    outer = Look()
    x = np.full((1, 2, 2, 1), 0.5, "float32")
    for _ in range(5):
        seen.append(float(outer.predict(x, verbose=0)[0, 0]))
    assert len(set(seen)) == 5
    np.testing.assert_array_equal(model.predict(x, verbose=0), np.full((1, 4), 0.5))
