"""Normalisation beyond its rows: masks, frozen layers, the axes of the channels, lengths and directions of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops
from oxhorn.testing import check_gradients, check_layer
from oxhorn.testing.reference import layers as ref

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(1.0, 2.0, size=(6, 5, 3))
MASK = RNG.integers(0, 2, size=(6, 5)).astype(bool)


# Batch normalisation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("mask", [None, MASK, np.ones_like(MASK)], ids=["none", "some", "all"])
def test_moments_of_what_the_mask_lets_through(momentum: float, mask: Any) -> None:
    layer = L.BatchNormalization(momentum=momentum, dtype="float64")
    layer.build(X.shape)
    gamma, beta, mean, variance = (RNG.uniform(0.5, 2.0, 3) for _ in range(4))
    layer.set_weights([gamma, beta, mean, variance])
    y = layer(X, training=True, mask=mask).numpy()
    right = ref.batch_normalization(
        X, gamma, beta, mean, variance, momentum=momentum, training=True, mask=mask
    )
    for got, wanted in zip((y, layer.moving_mean.numpy(), layer.moving_variance.numpy()), right, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    # In use the mask has no say.
    layer.set_weights([gamma, beta, mean, variance])
    np.testing.assert_allclose(
        layer(X, mask=mask).numpy(), ref.batch_normalization(X, gamma, beta, mean, variance)[0], rtol=1e-10
    )


def test_a_mask_of_steps_reaches_the_moments_in_a_model() -> None:
    x = X.copy()
    x[~MASK] = 0.0
    inputs = keras.Input((5, 3), dtype="float64")
    layer = L.BatchNormalization(momentum=0.0, dtype="float64")
    model = keras.Model(inputs, layer(L.Masking(0.0, dtype="float64")(inputs)))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(x, np.zeros_like(x), batch_size=6, verbose=0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), X[MASK].mean(0), rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), X[MASK].var(0), rtol=1e-6)


def test_gradients_with_a_mask() -> None:
    layer = L.BatchNormalization(dtype="float64")
    layer.build(X.shape)
    check_gradients(lambda x: layer(x, training=True, mask=MASK), X, max_elements=20)


def test_a_mask_of_another_rank_is_refused() -> None:
    for mask in (MASK[:, 0], np.repeat(MASK[..., None], 3, -1)):
        with pytest.raises(ValueError, match="one dimension less than the inputs"):
            L.BatchNormalization()(X, training=True, mask=mask)


@pytest.mark.parametrize("how", ["layer", "model"])
def test_a_frozen_layer_keeps_its_statistics(how: str) -> None:
    layer = L.BatchNormalization(dtype="float64")
    model = keras.Sequential([keras.Input((5, 3), dtype="float64"), layer])
    (layer if how == "layer" else model).trainable = False
    model.compile("sgd", "mse")
    before = layer.get_weights()
    y = layer(X, training=True).numpy()
    np.testing.assert_allclose(y, X / np.sqrt(1.001), rtol=1e-12)
    with pytest.warns(UserWarning, match="trainable"):
        model.fit(X, np.zeros_like(X), verbose=0)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_synchronized_is_the_same_on_one_device() -> None:
    plain, together = L.BatchNormalization(), L.BatchNormalization(synchronized=True)
    np.testing.assert_array_equal(plain(X, training=True).numpy(), together(X, training=True).numpy())
    assert L.deserialize(L.serialize(together)).synchronized


# The axes of the channels ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda axis: L.BatchNormalization(axis=axis, dtype="float64"),
        lambda axis: L.GroupNormalization(2, axis=axis, dtype="float64"),
        lambda axis: L.InstanceNormalization(axis=axis, dtype="float64"),
        lambda axis: L.LayerNormalization(axis=axis, dtype="float64"),
        lambda axis: L.RMSNormalization(axis=axis, dtype="float64"),
        lambda axis: L.UnitNormalization(axis=axis, dtype="float64"),
    ],
    ids=["batch", "group", "instance", "layer", "rms", "unit"],
)
def test_channels_first_and_last(make: Any) -> None:
    x = RNG.normal(size=(3, 5, 2, 4))
    last, first = make(-1), make(1)
    y = last(x, training=True) if isinstance(last, L.BatchNormalization) else last(x)
    turned = np.moveaxis(x, -1, 1)
    z = first(turned, training=True) if isinstance(first, L.BatchNormalization) else first(turned)
    np.testing.assert_allclose(np.moveaxis(z.numpy(), 1, -1), y.numpy(), rtol=1e-10, atol=1e-12)
    inputs = keras.Input(turned.shape[1:], dtype="float64")
    model = keras.Model(inputs, first(inputs))
    np.testing.assert_allclose(model.predict(turned, verbose=0), first(turned).numpy(), rtol=1e-10)


def test_instance_normalisation_is_that_of_groups_of_one() -> None:
    x = RNG.normal(size=(2, 4, 5, 6)).astype("float32")
    np.testing.assert_array_equal(
        L.InstanceNormalization()(x).numpy(), L.GroupNormalization(groups=-1)(x).numpy()
    )
    assert "groups" not in L.InstanceNormalization().get_config()
    with pytest.raises(ValueError, match=r"InstanceNormalization layer .* at least 3 axes"):
        L.InstanceNormalization()(np.ones((2, 3)))
    with pytest.raises(ValueError, match="InstanceNormalization: expected `epsilon`"):
        L.InstanceNormalization(epsilon=-1.0)


def test_spectral_normalisation_of_a_kernel_of_zeros_and_in_a_trace() -> None:
    layer = L.SpectralNormalization(L.Dense(2, kernel_initializer="zeros"), power_iterations=2)
    layer(np.ones((1, 3), "float32"), training=True)
    np.testing.assert_array_equal(layer.kernel.numpy(), np.zeros((3, 2)))
    layer.kernel.assign(RNG.normal(size=(3, 2)))
    before, u = layer.kernel.numpy(), layer.vector_u.numpy()
    model = keras.Sequential([keras.Input((3,)), layer])
    model.predict(np.ones((2, 3)), verbose=0)
    np.testing.assert_array_equal(layer.kernel.numpy(), before)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    kernel, after = ref.spectral_normalization(before.astype("float64"), u.astype("float64"), 2)
    np.testing.assert_allclose(layer.kernel.numpy(), kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.vector_u.numpy(), after, rtol=1e-4, atol=1e-6)


# Length and direction ---------------------------------------------------------------------------------------

# The layer inside, its input, the axes of the units in its kernel.
INSIDE: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = [
    (lambda: L.Dense(3, "tanh", dtype="float64"), (4, 5), (-1,)),
    (lambda: L.Conv1D(3, 2, dtype="float64"), (2, 5, 4), (-1,)),
    (
        lambda: L.Conv2D(3, 2, data_format="channels_first", activation="elu", dtype="float64"),
        (2, 4, 5, 5),
        (-1,),
    ),
    (lambda: L.Conv2DTranspose(3, 2, dtype="float64"), (2, 4, 4, 2), (-2,)),
    (lambda: L.DepthwiseConv2D(2, depth_multiplier=2, dtype="float64"), (2, 4, 4, 3), (-2, -1)),
    (
        lambda: L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", dtype="float64"),
        (2, 3, 4),
        (-2, -1),
    ),
]
every_inside = pytest.mark.parametrize(
    ("inside", "shape", "units"),
    INSIDE,
    ids=["dense", "conv1d", "conv2d", "transposed", "depthwise", "einsum"],
)


@every_inside
def test_weight_normalisation(inside: Any, shape: tuple[int, ...], units: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    plain, layer = inside(), L.WeightNormalization(inside(), dtype="float64")
    plain.build(shape)
    layer.build(shape)
    layer.layer.set_weights(plain.get_weights())
    layer.g.assign(ref_length(plain.kernel.numpy(), units).reshape(layer.g.shape))
    # With g = |V| nothing changes.
    np.testing.assert_allclose(layer(x).numpy(), plain(x).numpy(), rtol=1e-9, atol=1e-12)
    g = RNG.uniform(0.5, 2.0, layer.g.shape)
    layer.g.assign(g)
    kernel = ref.weight_normalization(plain.kernel.numpy(), g, units)
    np.testing.assert_allclose(layer.normalized_kernel().numpy(), kernel, rtol=1e-10)
    plain.kernel.assign(kernel)
    np.testing.assert_allclose(layer(x).numpy(), plain(x).numpy(), rtol=1e-9, atol=1e-12)
    check_gradients(layer, x, max_elements=12)
    again = L.deserialize(L.serialize(layer))
    assert again.get_config() == layer.get_config()


def ref_length(v: np.ndarray, units: tuple[int, ...]) -> np.ndarray:
    over = tuple(a for a in range(v.ndim) if a - v.ndim not in units)
    return np.sqrt((v * v).sum(over))


@every_inside
def test_weight_normalisation_in_fit(inside: Any, shape: tuple[int, ...], units: tuple[int, ...]) -> None:
    """One step of a compiled model is that of the tape, and moves length and direction."""
    x = RNG.normal(size=shape)
    layer = L.WeightNormalization(inside(), dtype="float64")
    model = keras.Sequential([keras.Input(shape[1:], dtype="float64"), layer])
    y = np.zeros(layer(x).shape)
    before = {v.path: v.numpy() for v in layer.weights}
    with _core.Tape() as tape:
        loss = ops.mean(ops.square(layer(_core.tensor(x), training=True)))
    slopes = tape.gradient(loss, layer.trainable_weights)
    model.compile(keras.optimizers.SGD(0.125), "mse")
    model.fit(x, y, batch_size=len(x), verbose=0)
    assert {v.name for v in layer.trainable_weights} == {"kernel", "g", "bias"}
    for variable, slope in zip(layer.trainable_weights, slopes, strict=True):
        assert np.abs(slope.numpy()).max() > 0
        np.testing.assert_allclose(
            variable.numpy(), before[variable.path] - 0.125 * slope.numpy(), rtol=1e-9, atol=1e-12
        )


@every_inside
@pytest.mark.parametrize("traced", [False, True])
def test_the_first_batch_sets_length_and_bias(
    inside: Any, shape: tuple[int, ...], units: tuple[int, ...], traced: bool
) -> None:
    x = RNG.normal(2.0, 3.0, size=(8, *shape[1:]))
    layer = L.WeightNormalization(inside(), data_init=True, dtype="float64")
    if isinstance(layer.layer, L.EinsumDense):
        with pytest.raises(ValueError, match="one bias for each of its 6 units"):
            layer(x)
        return
    model = keras.Sequential([keras.Input(shape[1:], dtype="float64"), layer])
    activation, layer.layer.activation = layer.layer.activation, None
    untouched = layer(x).numpy()
    if traced:
        model.compile(keras.optimizers.SGD(0.0), "mse")
        model.fit(x, np.zeros(untouched.shape), batch_size=8, verbose=0)
    else:
        layer(x, training=True)
    y = layer(x).numpy()
    channels = 1 if getattr(layer.layer, "data_format", "") == "channels_first" else y.ndim - 1
    over = tuple(a for a in range(y.ndim) if a != channels)
    np.testing.assert_allclose(y.mean(over), 0.0, atol=1e-6)
    np.testing.assert_allclose(y.std(over), 1.0, rtol=1e-6)
    assert bool(layer.initialized.numpy())
    # Later batches change nothing by themselves.
    weights = layer.get_weights()
    layer(5.0 * x, training=True)
    for a, b in zip(weights, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    layer.layer.activation = activation


def test_weight_normalisation_through_the_battery() -> None:
    # The layer inside has a dtype of its own: float64 is tested above.
    results = check_layer(
        L.WeightNormalization,
        np.asarray(X[:, 0], "float32"),
        arguments={"layer": L.Dense(4, "relu")},
        skip=("gradients", "float64"),
    )
    assert sum(result == "passed" for result in results.values()) >= 8, results


def test_weight_normalisation_of_nothing() -> None:
    for inside in (L.Flatten(), L.ReLU()):
        with pytest.raises(ValueError, match="no attribute 'kernel'"):
            L.WeightNormalization(inside)(X)
    with pytest.raises(ValueError, match="isn't a supported layer type"):
        L.WeightNormalization(3)
    with pytest.raises(ValueError, match="with `data_init`, expected a layer with one bias"):
        L.WeightNormalization(L.Dense(2, use_bias=False), data_init=True)(X)
