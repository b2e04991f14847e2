"""The fans of every kind of kernel, read off the numbers: with the same seed, two initializers differ by a factor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.testing.reference import initializers as ref

L = keras.layers


def fans_of(shape: tuple[int, ...], **axes: Any) -> tuple[float, float, float]:
    """fan = scale / stddev^2, and the deviation is the factor between its draws and those of a standard normal."""
    z = np.asarray(keras.initializers.RandomNormal(0.0, 1.0, seed=5)(shape, dtype="float64"))
    found = []
    for mode in ("fan_in", "fan_out", "fan_avg"):
        initializer = keras.initializers.VarianceScaling(3.0, mode, "untruncated_normal", seed=5, **axes)
        factor = np.asarray(initializer(shape, dtype="float64")) / z
        np.testing.assert_allclose(factor, factor.flat[0], rtol=1e-12)
        found.append(3.0 / float(factor.flat[0]) ** 2)
    return found[0], found[1], found[2]


# A layer, the shape of its input, and the fans of its kernel: (inputs, outputs) of one unit, as Keras counts them.
LAYERS: list[tuple[str, Any, tuple[int, ...], str, tuple[int, int]]] = [
    ("dense", L.Dense(7), (None, 5), "kernel", (5, 7)),
    ("conv1d", L.Conv1D(7, 3), (None, 9, 5), "kernel", (15, 21)),
    ("conv2d", L.Conv2D(7, (3, 2)), (None, 9, 9, 5), "kernel", (30, 42)),
    ("conv3d", L.Conv3D(7, (3, 2, 4)), (None, 9, 9, 9, 5), "kernel", (120, 168)),
    ("grouped", L.Conv2D(6, 3, groups=2), (None, 9, 9, 4), "kernel", (18, 54)),
    ("depthwise", L.DepthwiseConv2D(3, depth_multiplier=2), (None, 9, 9, 5), "kernel", (45, 18)),
    ("depthwise1d", L.DepthwiseConv1D(3), (None, 9, 5), "kernel", (15, 3)),
    ("transposed", L.Conv2DTranspose(7, (3, 2)), (None, 9, 9, 5), "kernel", (42, 30)),
    ("separable", L.SeparableConv2D(7, 3), (None, 9, 9, 5), "depthwise_kernel", (45, 9)),
    ("pointwise", L.SeparableConv2D(7, 3), (None, 9, 9, 5), "pointwise_kernel", (5, 7)),
    ("embedding", L.Embedding(50, 8), (None, 4), "embeddings", (50, 8)),
    ("lstm", L.LSTM(6), (None, 4, 5), "cell.kernel", (5, 24)),
]


@pytest.mark.parametrize(
    ("layer", "shape", "weight", "fans"), [row[1:] for row in LAYERS], ids=[r[0] for r in LAYERS]
)
def test_fans_of_layers(layer: Any, shape: tuple[int, ...], weight: str, fans: tuple[int, int]) -> None:
    layer.build(shape)
    variable = layer
    for name in weight.split("."):
        variable = getattr(variable, name)
    found = fans_of(tuple(variable.shape))
    np.testing.assert_allclose(found, (*fans, sum(fans) / 2), rtol=1e-12)
    assert ref.fans(tuple(variable.shape)) == fans


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((5,), (5, 5)), ((3, 4), (3, 4)), ((3, 2, 4, 5), (24, 30)), ((2, 3, 4, 5, 6), (120, 144))],
    ids=str,
)
def test_fans_of_shapes(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    np.testing.assert_allclose(fans_of(shape), (*fans, sum(fans) / 2), rtol=1e-12)


def test_fans_by_axes() -> None:
    found = fans_of((2, 3, 4), input_axes=[0, 1], output_axes=[2])
    np.testing.assert_allclose(found, (6, 4, 5), rtol=1e-12)
    found = fans_of((2, 3, 4), input_axes=[-1], output_axes=[0, 1])
    np.testing.assert_allclose(found, (4, 6, 5), rtol=1e-12)
    with pytest.raises(ValueError, match="axis"):
        fans_of((2, 3), input_axes=[2], output_axes=[0])


@pytest.mark.parametrize(
    ("equation", "options", "shape", "fans"),
    [
        ("ab,bc->ac", {"output_shape": 7}, (None, 5), (5, 7)),
        ("abc,cde->abde", {"output_shape": (None, 2, 3)}, (None, 4, 5), (5, 6)),
        ("abcd,cde->abe", {"output_shape": (None, 7)}, (None, 4, 2, 3), (6, 7)),
    ],
)
def test_fans_of_einsum_kernels(
    equation: str, options: dict[str, Any], shape: Any, fans: tuple[int, int]
) -> None:
    """The axes that are summed over are the inputs, whatever their place."""
    z = None
    for initializer in (
        keras.initializers.RandomNormal(0.0, 1.0, seed=5),
        keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal", seed=5),
        keras.initializers.VarianceScaling(1.0, "fan_out", "untruncated_normal", seed=5),
    ):
        layer = L.EinsumDense(equation, **options, kernel_initializer=initializer, dtype="float64")
        layer.build(shape)
        if z is None:
            z = layer.kernel.numpy()
            continue
        factor = layer.kernel.numpy() / z
        np.testing.assert_allclose(factor**-2, fans[initializer.mode == "fan_out"], rtol=1e-12)


def test_a_fan_of_zero_counts_as_one() -> None:
    assert np.asarray(keras.initializers.GlorotUniform(seed=1)((0, 3))).shape == (0, 3)
