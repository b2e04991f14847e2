"""Layers of features that find their numbers in data: statistics and quantiles."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.data import Dataset
from oxhorn.layers import (
    CategoryEncoding,
    Discretization,
    IntegerLookup,
    MelSpectrogram,
    Normalization,
    StringLookup,
    TextVectorization,
)
from oxhorn.testing.reference import features as ref

RNG = np.random.default_rng(0)
X = RNG.normal(3.0, [1.0, 20.0, 0.1], (40, 5, 3))


class Batches(keras.utils.PyDataset):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        x = X[10 * index : 10 * index + 10]
        y = np.zeros(10)
        return {"x": x, "xy": (x, y), "xyw": (x, y, y)}[self.form]


SOURCES = {
    "array": lambda: X,
    "tensor": lambda: keras.ops.convert_to_tensor(X),
    "float32": lambda: X.astype("float32"),
    "lists": lambda: X.tolist(),
    "list of batches": lambda: [X[:7], X[7:8], X[8:]],
    "generator": lambda: (X[i : i + 9] for i in range(0, 40, 9)),
    "with targets": lambda: [(X[:30], np.zeros(30)), (X[30:], np.zeros(10))],
    "PyDataset": lambda: Batches("x"),
    "PyDataset of pairs": lambda: Batches("xy"),
    "PyDataset with weights": lambda: Batches("xyw"),
    "Dataset": lambda: Dataset.from_tensor_slices(X).batch(9),
    "Dataset of samples": lambda: Dataset.from_tensor_slices(X),
    "Dataset of pairs of a sample and a number": lambda: Dataset.from_generator(
        lambda: zip(X, range(40), strict=True)
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("axis", [-1, None, (1, 2), 1])
def test_statistics(source: str, axis: Any) -> None:
    layer = Normalization(axis=axis)
    layer.adapt(SOURCES[source]())
    kept = () if axis is None else tuple(a % 3 for a in (axis if isinstance(axis, tuple) else (axis,)))
    reduced = tuple(a for a in range(3) if a not in kept)
    mean, variance = (f(X, axis=reduced, keepdims=True) for f in (np.mean, np.var))
    np.testing.assert_allclose(layer.mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.variance, variance, rtol=1e-5)
    np.testing.assert_allclose(layer(X), ref.normalization(X, mean, variance), rtol=1e-3, atol=1e-4)
    assert [w.name for w in layer.weights] == ["mean", "variance", "count"]
    assert not layer.trainable_weights
    again = Normalization(axis=axis, invert=True)
    again.build(layer.get_build_config()["input_shape"])
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(again(layer(X)), X, rtol=1e-4, atol=1e-4)


def test_normalization_of_what_never_changes() -> None:
    layer = Normalization()
    layer.adapt(np.full((5, 2), 7.0))
    assert layer(np.full((1, 2), 7.0)).numpy().tolist() == [[0.0, 0.0]]


def test_an_adapted_layer_in_a_model_takes_new_statistics() -> None:
    layer = Normalization()
    layer.adapt(X)
    inputs = keras.Input((5, 3))
    model = keras.Model(inputs, layer(inputs))
    before = model.predict(X, verbose=0)
    layer.adapt(X * 2)
    np.testing.assert_allclose(model.predict(X * 2, verbose=0), before, rtol=1e-4, atol=1e-5)


def test_a_normalization_that_was_never_adapted_says_so() -> None:
    layer = Normalization()
    with pytest.warns(UserWarning, match="never adapted"):
        layer(X)
    layer = Normalization()
    layer.build((None, 3))
    layer.set_weights([np.ones(3), np.ones(3), 0])
    layer(X)  # weights that came from elsewhere


@pytest.mark.parametrize("bins", [1, 2, 7])
@pytest.mark.parametrize("source", ["array", "list of batches", "generator", "Dataset of samples"])
def test_quantiles(bins: int, source: str) -> None:
    layer = Discretization(num_bins=bins, epsilon=0.002)
    layer.adapt(SOURCES[source]())
    found = layer.bin_boundaries
    assert len(found) == bins - 1
    shares = [(X.ravel() < b).mean() for b in found]
    np.testing.assert_allclose(shares, np.arange(1, bins) / bins, atol=0.01)
    np.testing.assert_array_equal(
        layer(X).numpy(), ref.discretization(X.astype("float32"), np.float32(found))
    )


def test_vocabularies_of_single_samples() -> None:
    words = Dataset.from_tensor_slices(["b", "a", "b", "c"])
    for layer in (StringLookup(), TextVectorization()):
        layer.adapt(words)
        assert layer.get_vocabulary()[-3:] == ["b", "c", "a"]
        layer.adapt(words, steps=2)
        assert layer.get_vocabulary()[-2:] == ["b", "a"]


def test_boundaries_are_those_of_keras() -> None:
    # Written by Keras 3.15.1.
    layer = Discretization(num_bins=4, epsilon=0.01)
    layer.adapt(np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]]))
    np.testing.assert_allclose(layer.bin_boundaries, [0.0, 0.5, 1.2999999523162842])
    layer = Discretization(num_bins=5, epsilon=0.1)
    layer.adapt([np.arange(100.0), np.arange(50.0, 90.0) ** 1.5, np.array([3.0])])
    expected = [26.19999885559082, 54.39999771118164, 82.60000610351562, 471.0048828125]
    np.testing.assert_allclose(layer.bin_boundaries, expected)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(), (4,), (3, 1), (3, 4), (2, 3, 4)])
def test_bins(mode: str, shape: tuple[int, ...]) -> None:
    layer = Discretization([-0.5, 0.0, 0.5], output_mode=mode)
    x = RNG.normal(size=shape).astype("float32")
    y = layer(x)
    expected = ref.discretization(
        x if shape or mode in ("int", "one_hot") else x[None], [-0.5, 0.0, 0.5], mode
    )
    np.testing.assert_array_equal(y.numpy(), expected)
    assert y.dtype == ("int32" if mode == "int" else "float32")
    assert layer.compute_output_shape(shape) == expected.shape


def test_a_model_of_bins_before_they_are_known() -> None:
    layer = Discretization(num_bins=3, output_mode="one_hot")
    inputs = keras.Input((2,))
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, 2, 3)
    with pytest.raises(ValueError, match="call `adapt"):
        model.predict(np.zeros((1, 2)), verbose=0)
    layer.adapt(np.arange(30.0))
    np.testing.assert_array_equal(model.predict(np.array([[0.0, 99.0]]), verbose=0), [[[1, 0, 0], [0, 0, 1]]])


def test_bins_in_configs() -> None:
    layer = Discretization(num_bins=4)
    for _ in range(2):
        config = json.loads(json.dumps(layer.get_config()))
        again = Discretization.from_config(config)
        assert again.get_config() == config
        layer.adapt(X)
    np.testing.assert_array_equal(Discretization.from_config(layer.get_config())(X), layer(X))


def test_weights_of_categories() -> None:
    layer = CategoryEncoding(4, output_mode="count")
    x, w = np.array([[0, 1], [0, 0], [1, 2], [3, 1]]), RNG.uniform(size=(4, 2))
    expected = ref.category_encoding(x, 4, "count", w)
    np.testing.assert_allclose(layer(x, count_weights=w), expected, rtol=1e-6)
    a, b = keras.Input((2,), dtype="int32"), keras.Input((2,))
    model = keras.Model([a, b], layer(a, count_weights=b))
    np.testing.assert_allclose(model.predict([x, w], verbose=0), expected, rtol=1e-6)


def test_the_loudest_sets_the_floor() -> None:
    x = RNG.normal(size=100)
    x[50:] *= 1e-6
    options = {
        "fft_length": 16,
        "sequence_stride": 4,
        "num_mel_bins": 3,
        "sampling_rate": 1000,
        "top_db": 30.0,
    }
    y = MelSpectrogram(**options)(x).numpy()
    assert y.max() - y.min() == pytest.approx(30.0, abs=1e-4)
    np.testing.assert_allclose(y, ref.mel_spectrogram(x, 16, 4, 3, 1000, top_db=30.0), atol=1e-3)


def test_rescaling_of_channels_that_come_first() -> None:
    x = RNG.uniform(size=(2, 3, 4, 5)).astype("float32")
    layer = keras.layers.Rescaling([1.0, 2.0, 4.0], offset=0.5)
    right = x * np.array([1.0, 2.0, 4.0]).reshape(3, 1, 1) + 0.5
    keras.config.set_image_data_format("channels_first")
    try:
        np.testing.assert_allclose(layer(x), right, rtol=1e-6)
        inputs = keras.Input((3, 4, 5))
        np.testing.assert_allclose(keras.Model(inputs, layer(inputs)).predict(x, verbose=0), right, rtol=1e-6)
    finally:
        keras.config.set_image_data_format("channels_last")


def of_ones(shape: tuple[int, ...]) -> Any:
    return np.ones(shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normalization(mean=1.0), "both `mean` and `variance` must be set"),
        (lambda: Normalization(mean=[1.0], variance=1.0), "same shape"),
        (lambda: Normalization(mean=[[1.0]], variance=[[1.0]]), "rank of `mean`"),
        (lambda: Normalization(mean=0.0, variance=-1.0), "negative variance"),
        (lambda: Normalization(mean=np.nan, variance=1.0), "finite"),
        (lambda: Normalization(mean="a", variance="b"), "finite numbers"),
        (lambda: Normalization(axis=1.5), "axis"),
        (lambda: Normalization(axis=2).build((2, 2)), "All `axis` values must be in the range"),
        (lambda: Normalization(axis=1).build((None, None)), "All `axis` values to be kept"),
        (
            lambda: Normalization(axis=1, mean=[1.0] * 3, variance=[1.0] * 3).build((None, 2)),
            "do not broadcast",
        ),
        (lambda: Normalization(mean=1.0, variance=1.0).adapt(X), "cannot be adapted"),
        (lambda: Normalization().adapt([]), "empty iterable"),
        (lambda: StringLookup().adapt([]), "got no tokens"),
        (lambda: IntegerLookup().adapt(np.zeros((0, 3))), "got no tokens"),
        (lambda: TextVectorization().adapt([]), "got no texts"),
        (lambda: Normalization().adapt(x for x in ()), "empty iterable"),
        (lambda: Normalization().adapt(of_ones((0, 3))), "no sample"),
        (
            lambda: Normalization().adapt(Dataset.from_tensor_slices(X).take(0)),
            r"Normalization\.adapt\(\) got a Dataset that yields no batch",
        ),
        (
            lambda: StringLookup().adapt(Dataset.from_generator(lambda: ())),
            r"StringLookup\.adapt\(\) got a Dataset that yields no batch",
        ),
        (lambda: Normalization().adapt([of_ones((2, 3)), of_ones((2, 4))]), "incompatible shape"),
        (lambda: Normalization().adapt(iter([3])), r"\.shape"),
        (lambda: Normalization().adapt(np.array(["a"])), "expected numbers"),
        (lambda: Normalization().adapt("abc"), "Unsupported data type"),
        (lambda: Normalization().adapt(None), "Unsupported data type"),
        (lambda: Discretization(), "either `num_bins` or `bin_boundaries`"),
        (lambda: Discretization([1.0], 2), "Both `num_bins` and `bin_boundaries`"),
        (lambda: Discretization([1.0, 0.0]), "rising order"),
        (lambda: Discretization([[1.0]]), "rising order"),
        (lambda: Discretization([0.0, np.nan]), "rising order"),
        (lambda: Discretization(num_bins=0), "num_bins"),
        (lambda: Discretization(num_bins=-3), "num_bins"),
        (lambda: Discretization(num_bins=3, epsilon=0.0), "epsilon"),
        (lambda: Discretization(num_bins=3, epsilon=np.nan), "epsilon"),
        (lambda: Discretization([0.0], output_mode="two_hot"), "output_mode"),
        (lambda: Discretization([0.0], sparse=True), "sparse"),
        (lambda: Discretization(num_bins=3)(X), "You need .* call .*adapt"),
        (lambda: Discretization([0.0]).adapt(X), "Cannot adapt"),
        (lambda: Discretization(num_bins=3).adapt(np.array([np.nan])), "finite"),
        (lambda: Discretization(num_bins=3).adapt(np.array([])), "no numbers"),
        (lambda: Discretization(num_bins=3).adapt(X, steps=2), "steps"),
        (
            lambda: Normalization().adapt(Dataset.from_tensor_slices(X).repeat()),
            r"Dataset data without an end.*take",
        ),
        (
            lambda: Discretization(num_bins=3).adapt(itertools.repeat(X)),
            "repeat data without an end. Pass steps",
        ),
        (lambda: CategoryEncoding(), "num_tokens must be set"),
        (lambda: CategoryEncoding(0), "`num_tokens` must be >= 1"),
        (lambda: CategoryEncoding(2.5), "num_tokens"),
        (lambda: CategoryEncoding(3, output_mode="int"), "Unknown arg for output_mode"),
        (lambda: CategoryEncoding(3)([0, 3]), "from 0 to 2"),
        (lambda: CategoryEncoding(3)([-1]), "from 0 to 2"),
        (lambda: CategoryEncoding(3)([0], count_weights=np.ones(1)), "`count_weights` is not used"),
        (
            lambda: MelSpectrogram(fft_length=8, sequence_length=9),
            "`fft_length` must be greater than or equal",
        ),
        (lambda: MelSpectrogram(min_freq=9000.0), "min_freq"),
        (lambda: MelSpectrogram(num_mel_bins=0), "num_mel_bins"),
        (lambda: MelSpectrogram(sequence_stride=-1), "sequence_stride"),
        (lambda: MelSpectrogram(window="round")(of_ones((4000,))), "window"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()
