"""Kernels that pass their input on, and kernels that take its Fourier transform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.initializers.window_functions import WINDOWS, window_of

L = keras.layers
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("layer", "shape", "groups"),
    [
        (L.Conv1D, (2, 7, 4), 1),
        (L.Conv2D, (2, 5, 6, 4), 1),
        (L.Conv3D, (1, 4, 3, 5, 4), 1),
        (L.Conv2D, (2, 5, 6, 4), 2),
        (L.Conv1D, (2, 7, 4), 4),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_a_convolution_begins_as_the_identity(
    layer: Any, shape: tuple[int, ...], groups: int, size: int
) -> None:
    x = RNG.normal(size=shape).astype("float32")
    kernel = keras.initializers.Dirac(groups)
    conv = layer(4, size, padding="same", groups=groups, kernel_initializer=kernel)
    np.testing.assert_array_equal(conv(x).numpy(), x)


def test_more_and_fewer_filters_than_channels() -> None:
    x = RNG.normal(size=(2, 6, 3)).astype("float32")
    y = L.Conv1D(5, 3, padding="same", kernel_initializer="dirac")(x).numpy()
    np.testing.assert_array_equal(y, np.concatenate([x, np.zeros((2, 6, 2))], -1))
    y = L.Conv1D(2, 3, padding="same", kernel_initializer="Dirac")(x).numpy()
    np.testing.assert_array_equal(y, x[..., :2])


def test_each_group_passes_on_its_own_channels() -> None:
    # Two channels and three filters a group: the third filter of each has nothing to pass on.
    w = np.asarray(keras.initializers.Dirac(2)((3, 2, 6)))
    assert w.sum() == 4
    assert all(w[1, d, g * 3 + d] == 1 for g in range(2) for d in range(2))


@pytest.mark.parametrize(
    ("groups", "shape"), [(1, (3, 4)), (2, (3, 3, 2, 5)), (1, (1, 1, 1, 1, 1, 1)), (1, ())]
)
def test_shapes_of_no_convolution(groups: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Dirac: expected .*Received: shape="):
        keras.initializers.Dirac(groups)(shape)
    with pytest.raises(ValueError, match="groups"):
        keras.initializers.Dirac(0)


@pytest.mark.parametrize("scaling", [None, "density", "spectrum"])
@pytest.mark.parametrize("window", [None, "hann", "boxcar", np.linspace(0.5, 1.0, 16)], ids=str)
def test_a_frame_is_transformed(window: Any, scaling: str | None) -> None:
    x = RNG.normal(size=16)
    values = (
        np.ones(16) if window is None else window_of(window, 16, True) if isinstance(window, str) else window
    )
    norm = {None: 1.0, "density": np.sqrt(np.sum(values**2)), "spectrum": np.sum(np.abs(values))}[scaling]
    expected = np.fft.rfft(x * values) / (norm if window is not None else 1.0)
    for side, part in (("real", expected.real), ("imag", expected.imag)):
        init = keras.initializers.STFT(side, window, scaling, periodic=True)
        kernel = np.asarray(init((16, 1, 9), dtype="float64"))
        np.testing.assert_allclose(np.einsum("t,tcf->f", x, kernel), part, atol=1e-12)


# From the formulas of Harris, 1978: the first three of nine symmetric numbers.
FIRST = {
    "barthann": [0.0, 0.44 - 0.38 * np.sqrt(0.5), 0.5],
    "bartlett": [0.0, 0.25, 0.5],
    "blackman": [0.0, 0.066446609, 0.34],
    "boxcar": [1.0, 1.0, 1.0],
    "cosine": [0.173648178, 0.5, 0.766044443],
    "exponential": [np.exp(-4), np.exp(-3), np.exp(-2)],
    "hamming": [0.08, 0.214730881, 0.54],
    "hann": [0.0, 0.146446609, 0.5],
    "lanczos": [0.0, np.sinc(0.75), np.sinc(0.5)],
    "parzen": [2 * (1 / 9) ** 3, 2 * (3 / 9) ** 3, 1 - 6 * (4 / 9) ** 2 * (5 / 9)],
    "triang": [0.2, 0.4, 0.6],
    "tukey": [0.0, 0.5, 1.0],
}


@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name: str) -> None:
    for n in (2, 7, 8, 9, 33):
        w = window_of(name, n, False)
        assert w.shape == (n,)
        np.testing.assert_allclose(w, w[::-1], atol=1e-12)
        assert w.max() <= 1.0 + 1e-8
        np.testing.assert_array_equal(window_of(name, n, True), window_of(name, n + 1, False)[:-1])
    assert window_of(name, 33, False).argmax() in (16, 0, 8, 9)
    np.testing.assert_array_equal(window_of(name, 1, False), [1.0])
    if name in FIRST:
        np.testing.assert_allclose(window_of(name, 9, False)[:3], FIRST[name], atol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": "left"}, "`side` should be 'real' or 'imag'"),
        ({"window": "hannn"}, "Unknown window type 'hannn'. Did you mean 'hann'"),
        ({"scaling": "energy"}, "Scaling is invalid"),
        ({"periodic": "yes"}, "periodic"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keras.initializers.STFT(**arguments)


def test_bad_shapes() -> None:
    for shape in ((16, 9), (16, 2, 9), (16, 1, 1)):
        with pytest.raises(ValueError, match=r"STFT: expected a shape \(frame, 1, bands\)"):
            keras.initializers.STFT()(shape)
    with pytest.raises(ValueError, match="shape of `window` must be equal"):
        keras.initializers.STFT(window=np.ones(8))((16, 1, 9))


@pytest.mark.parametrize(
    "init",
    [
        keras.initializers.STFT("imag", np.linspace(0.5, 1.0, 8), None),
        keras.initializers.Constant(np.arange(5.0)),
    ],
)
def test_arrays_survive_a_config(init: Any) -> None:
    config = keras.initializers.serialize(init)
    layer = L.Conv1D(5, 8, kernel_initializer=init)
    for again in (
        keras.initializers.deserialize(config),
        type(init).from_config(init.get_config()),
        L.deserialize(L.serialize(layer)).kernel_initializer,
    ):
        np.testing.assert_array_equal(np.asarray(again((8, 1, 5))), np.asarray(init((8, 1, 5))))
