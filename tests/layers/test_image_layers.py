"""Layers of images against the reference and Keras's configs; single images, traces, open sizes, formats."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.layers.rows_image import IMAGE_ROWS, ImageRow

pytestmark = pytest.mark.filterwarnings("ignore:.*has no trainable weights")
# Written by Keras 3.15.1.
KERAS = json.loads((Path(__file__).parent / "keras_image_configs.json").read_text())
TOLERANCES = {"float32": (1.3e-6, 2e-5), "float64": (1e-9, 1e-8)}


def every(condition: Any = lambda row: True) -> Any:
    return pytest.mark.parametrize("row", [r for r in IMAGE_ROWS if condition(r)], ids=lambda row: row.id)


def make(row: ImageRow, **more: Any) -> keras.layers.Layer:
    return getattr(keras.layers, row.layer)(**{**row.arguments, **more})


def seeded(row: ImageRow, **more: Any) -> keras.layers.Layer:
    if row.random and "seed" not in row.arguments:
        more = {"seed": 5, **more}
    return make(row, **more)


def numbers(drawn: Any) -> Any:
    """What was drawn, as arrays."""
    if isinstance(drawn, dict):
        return {key: numbers(value) for key, value in drawn.items()}
    if isinstance(drawn, (tuple, list)):
        return [numbers(value) for value in drawn]
    return keras.ops.convert_to_numpy(drawn) if keras.ops.is_tensor(drawn) else drawn


def traced(layer: keras.layers.Layer, x: np.ndarray, training: bool, sizes: Any = None) -> np.ndarray:
    """What a compiled model makes of images, with this flag."""
    inputs = keras.Input(x.shape[1:] if sizes is None else sizes, dtype=str(x.dtype))
    return keras.Model(inputs, layer(inputs, training=training)).predict(x, verbose=0)


def plain(config: Any) -> Any:
    return json.loads(json.dumps(config))


@every()
def test_config(row: ImageRow) -> None:
    layer = make(row, name="one")
    config = plain(layer.get_config())
    assert plain(type(layer).from_config(config).get_config()) == config
    revived = keras.layers.deserialize(plain(keras.layers.serialize(layer)))
    assert plain(revived.get_config()) == config
    for key, value in row.more.items():
        assert config.pop(key) == value
    expected = KERAS[row.id]
    assert config == expected
    assert list(config) == list(expected)


@every()
def test_battery(row: ImageRow) -> None:
    arguments = seeded(row).get_config()
    results = keras.testing.check_layer(type(make(row)), row.distinct_images(), arguments=arguments)
    assert sum(result == "passed" for result in results.values()) >= 9, results


@every(lambda row: row.reference is not None)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(row: ImageRow, dtype: str) -> None:
    layer, x = seeded(row, dtype=dtype), row.images()
    drawn = layer.get_random_transformation(x.astype(dtype), training=True)
    y = layer.transform_images(x.astype(dtype), drawn, training=True)
    assert y.dtype == dtype
    assert row.reference is not None
    rtol, atol = TOLERANCES[dtype]
    # Numbers up to 255: rounding grows with them.
    np.testing.assert_allclose(
        y.numpy(), row.reference(x, numbers(drawn)), rtol=rtol * row.loose, atol=atol * row.loose * 4
    )


@every(lambda row: not row.always)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int32"])
def test_nothing_changes_at_inference(row: ImageRow, dtype: str) -> None:
    layer, x = seeded(row), row.images(dtype)
    before = layer.get_weights() if layer.weights else []
    if row.layer == "RandomCrop":
        assert layer(x, training=False).shape == layer(x, training=True).shape
        return
    for data in (x, x[0]):
        y = layer(data, training=False)
        assert y.dtype == "float32"
        np.testing.assert_array_equal(y.numpy(), data)
    np.testing.assert_array_equal(traced(layer, x, False), x)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@every(lambda row: row.layer != "MaxNumBoundingBoxes")
def test_bytes_are_numbers_like_others(row: ImageRow) -> None:
    x = row.images("uint8")
    y = seeded(row)(x, training=True)
    assert y.dtype == "float32"
    np.testing.assert_array_equal(y.numpy(), seeded(row)(x.astype("float32"), training=True).numpy())


@every(lambda row: row.random)
def test_a_seed_repeats_and_calls_differ(row: ImageRow) -> None:
    one, two, x = seeded(row), seeded(row), row.images("float32")
    first = [one(x, training=True).numpy() for _ in range(4)]
    second = [two(x, training=True).numpy() for _ in range(4)]
    np.testing.assert_array_equal(first, second)
    assert not all(np.array_equal(first[0], other) for other in first[1:])


@every()
def test_traced_is_eager(row: ImageRow) -> None:
    x = row.images("float32")
    eager = seeded(row)(x, training=True).numpy()
    assert seeded(row).compute_output_shape((None, *x.shape[1:])) == (None, *eager.shape[1:])
    np.testing.assert_allclose(traced(seeded(row), x, True), eager, rtol=2e-5, atol=2e-3)
    if row.open:
        got = traced(seeded(row), x, True, (None, None, 3))
        np.testing.assert_allclose(got, eager, rtol=2e-5, atol=2e-3)


@every(lambda row: not row.open)
def test_sizes_that_must_be_known(row: ImageRow) -> None:
    with pytest.raises(ValueError, match="height and width"):
        seeded(row)(keras.Input((None, None, 3)), training=True)


@every()
def test_sizes_at_the_edge(row: ImageRow) -> None:
    layer = seeded(row)
    assert layer(np.zeros((0, 7, 8, 3), "float32"), training=True).shape[0] == 0
    y = layer(np.full((2, 1, 1, 3), 9.0, "float32"), training=True)
    assert np.isfinite(y.numpy()).all()
    with pytest.raises(ValueError, match="at least one pixel"):
        layer(np.zeros((2, 0, 8, 3), "float32"), training=True)


@every(lambda row: row.layer not in ("MixUp", "CutMix"))
def test_one_image_is_a_batch_of_one(row: ImageRow) -> None:
    x = row.images("float32")
    batch = seeded(row)(x[:1], training=True).numpy()[0]
    np.testing.assert_allclose(seeded(row)(x[0], training=True).numpy(), batch, rtol=1e-6, atol=1e-5)


@every()
def test_channels_first_is_channels_last_turned(row: ImageRow) -> None:
    if row.arguments.get("fill_value") is None and row.layer == "RandomErasing":
        pytest.skip("noise fills the axes in their order")
    x = row.images("float32")
    last = seeded(row, data_format="channels_last")(x, training=True).numpy()
    first = seeded(row, data_format="channels_first")(np.moveaxis(x, -1, 1), training=True).numpy()
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), last, rtol=2e-5, atol=2e-3)


@every()
def test_float64(row: ImageRow) -> None:
    layer = seeded(row, dtype="float64")
    assert layer(row.images("float64"), training=True).dtype == "float64"
    assert traced(seeded(row, dtype="float64"), row.images("float64"), True).dtype == np.float64


@every()
def test_what_belongs_to_images(row: ImageRow) -> None:
    layer = seeded(row, bounding_box_format="rel_xyxy")
    x = row.images("float32")
    data: dict[str, Any] = {
        "images": x,
        "labels": np.eye(4, dtype="float32"),
        "segmentation_masks": (x[..., :1] > 100).astype("float32"),
    }
    if row.boxes:
        boxes = np.array([[0.0, 0.0, 0.5, 0.4], [0.3, 0.2, 0.9, 1.0]], "float32")
        data["bounding_boxes"] = {"boxes": np.stack([boxes] * 4), "labels": np.full((4, 2), 7)}
    given = dict(data)
    out = layer(data, training=True)
    assert set(out) == set(data)
    assert all(data[key] is given[key] for key in data)
    size = out["images"].shape[1:3]
    assert out["segmentation_masks"].shape == (4, *size, 1)
    assert out["labels"].shape == (4, 4)
    np.testing.assert_allclose(out["labels"].numpy().sum(axis=1), 1.0, rtol=1e-5)
    if row.layer not in ("MixUp", "AugMix") and not row.arguments.get("pad_to_aspect_ratio"):
        assert set(np.unique(out["segmentation_masks"].numpy())) <= {0.0, 1.0}
    if row.boxes:
        moved = out["bounding_boxes"]
        assert moved["boxes"].shape[-1] == 4
        assert moved["labels"].shape == moved["boxes"].shape[:-1]
        inside = moved["boxes"].numpy()[moved["labels"].numpy() == 7]
        assert inside.min() >= 0 and inside.max() <= 1 + 1e-6
    one = {"images": x[0], "labels": data["labels"][0], "segmentation_masks": data["segmentation_masks"][0]}
    out = layer(one, training=True)
    assert out["images"].shape == (*size, 3) and out["labels"].shape == (4,)


@every(lambda row: row.boxes)
@pytest.mark.parametrize("known", [True, False])
def test_boxes_in_a_trace(row: ImageRow, known: bool) -> None:
    x = row.images("float32")
    boxes = np.array([[0.0, 0.0, 0.5, 0.4], [0.3, 0.2, 0.9, 1.0]], "float32")
    data = {
        "images": x,
        "bounding_boxes": {"boxes": np.stack([boxes] * 4), "labels": np.full((4, 2), 7, "int32")},
    }
    eager = seeded(row, bounding_box_format="rel_xyxy")(data, training=True)["bounding_boxes"]
    inputs = {
        "images": keras.Input(x.shape[1:] if known else (None, None, 3)),
        "boxes": keras.Input((2, 4)),
        "labels": keras.Input((2,), dtype="int32"),
    }
    nested = {
        "images": inputs["images"],
        "bounding_boxes": {"boxes": inputs["boxes"], "labels": inputs["labels"]},
    }
    out = seeded(row, bounding_box_format="rel_xyxy")(nested, training=True)["bounding_boxes"]
    model = keras.Model(inputs, [out["boxes"], out["labels"]])
    got = model.predict({"images": x, **data["bounding_boxes"]}, verbose=0)
    np.testing.assert_allclose(got[0], eager["boxes"].numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(got[1], eager["labels"].numpy())


@every(lambda row: row.layer != "AugMix")
def test_bytes_in_bytes_out(row: ImageRow) -> None:
    x = row.images("uint8")
    y = seeded(row, dtype="uint8")(x, training=True)
    assert y.dtype == "uint8"
    if row.layer not in ("MixUp", "CutMix", "RandomErasing", "RandAugment"):
        wanted = np.clip(seeded(row)(x, training=True).numpy().astype("float64"), 0, 255)
        assert np.abs(y.numpy() - wanted).max() <= 1.0
    assert traced(seeded(row, dtype="uint8"), x, True).dtype == np.uint8


@every(lambda row: row.random)
def test_inside_a_model(row: ImageRow) -> None:
    layer, x = seeded(row), row.images("float32")
    model = keras.Sequential(
        [layer, keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    before = None
    for _ in range(2):
        history = model.fit(x, np.ones((4, 2)), batch_size=3, epochs=1, verbose=0)
        assert np.isfinite(history.history["loss"][0])
        state = [np.array(v) for v in layer.non_trainable_variables]
        assert before is None or any(not np.array_equal(a, b) for a, b in zip(before, state, strict=True))
        before = state
    if not row.always and row.layer != "RandomCrop":
        np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("layer", "arguments", "error", "text"),
    [
        ("RandomBrightness", {"factor": 1.1}, ValueError, "`factor` argument should be a number"),
        ("RandomBrightness", {"factor": float("nan")}, ValueError, "`factor` argument should be a number"),
        ("RandomBrightness", {"factor": 0.1, "value_range": [1]}, ValueError, "list of two numbers"),
        ("RandomContrast", {"factor": (-0.5, 0.5)}, ValueError, r"in the range \[0, 1\]"),
        ("RandomRotation", {"factor": 0.1, "fill_mode": "foo"}, NotImplementedError, "Unknown `fill_mode`"),
        ("RandomRotation", {"factor": 0.1, "interpolation": "cubic"}, NotImplementedError, "Unknown `interp"),
        ("RandomZoom", {"height_factor": -1.0}, ValueError, r"in the range \(-1.0, 1.0\]"),
        ("RandomTranslation", {"height_factor": "a", "width_factor": 0}, ValueError, "`height_factor`"),
        ("RandomShear", {"x_factor": -0.1}, ValueError, "`x_factor`"),
        ("RandomFlip", {"mode": "sideways"}, ValueError, "`mode`"),
        ("RandomGrayscale", {"factor": 1.5}, ValueError, "`factor`"),
        ("RandomPosterization", {"factor": 9}, ValueError, "`factor`"),
        ("RandomPosterization", {"factor": 2.5}, ValueError, "`factor`"),
        ("RandomGaussianBlur", {"kernel_size": 4}, ValueError, "odd number"),
        ("RandomErasing", {"fill_value": [1, 2]}, ValueError, "list of three numbers"),
        ("RandomPerspective", {"scale": 2.0}, ValueError, "`scale`"),
        ("Solarization", {"addition_factor": -0.1}, ValueError, "`addition_factor`"),
        ("MixUp", {"alpha": 0}, ValueError, "`alpha`"),
        ("Resizing", {"height": 0, "width": 3}, ValueError, "`height`"),
        ("Resizing", {"height": 3, "width": 3, "interpolation": "area"}, ValueError, "`interpolation`"),
        ("CenterCrop", {"height": 2, "width": 1.5}, ValueError, "`width`"),
        ("MaxNumBoundingBoxes", {"max_number": 0}, ValueError, "`max_number`"),
        ("Resizing", {"height": 2, "width": 2, "factor": 3}, ValueError, "does not take a `factor`"),
        ("RandAugment", {"num_ops": -1}, ValueError, "`num_ops`"),
        ("AugMix", {"alpha": -1.0}, ValueError, "`alpha`"),
        ("Pipeline", {"layers": 3}, ValueError, "list of layers"),
    ],
)
def test_wrong_arguments(layer: str, arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        getattr(keras.layers, layer)(**arguments)


def test_wrong_inputs() -> None:
    x = np.ones((2, 4, 4, 3))
    with pytest.raises(ValueError, match="Expected the input image to be rank 3 or 4"):
        keras.layers.RandomFlip()(np.ones((4, 4)))
    boxes = {"boxes": np.ones((2, 1, 4)), "labels": np.ones((2, 1))}
    with pytest.raises(ValueError, match="didn't specify a bounding box format"):
        keras.layers.RandomFlip()({"images": x, "bounding_boxes": boxes})
    layer = keras.layers.RandomFlip(bounding_box_format="xyxy")
    with pytest.raises(ValueError, match="keys 'boxes' and 'labels'"):
        layer({"images": x, "bounding_boxes": {"boxes": np.ones((2, 1, 4))}})
    with pytest.raises(ValueError, match="rank 2 or 3"):
        layer({"images": x, "bounding_boxes": {"boxes": np.ones((2, 1, 4)), "labels": np.ones(2)}})
    with pytest.raises(NotImplementedError, match="cannot follow bounding boxes"):
        keras.layers.CutMix(bounding_box_format="xyxy")({"images": x, "bounding_boxes": boxes})


@pytest.mark.parametrize("layer", ["MixUp", "CutMix"])
def test_numbers_of_classes_are_not_mixed_in_silence(layer: str) -> None:
    """Half of class 2 and half of class 4 is not class 3; one-hot labels and values that are floats may be mixed."""
    mix, x = getattr(keras.layers, layer)(seed=1), np.ones((4, 4, 4, 3), "float32")
    for labels in (np.arange(4), np.arange(4)[:, None]):
        with pytest.warns(UserWarning, match="make them one-hot first"):
            mix({"images": x, "labels": labels}, training=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for labels in (np.eye(4, dtype="int64"), np.arange(4.0)):
            mix({"images": x, "labels": labels}, training=True)
        mix({"images": x, "labels": np.arange(4)}, training=False)
