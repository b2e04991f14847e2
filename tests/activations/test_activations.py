"""Every activation: values, slopes at and around kinks, extremes, names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import check_gradients
from oxhorn.testing import reference as ref

ROWS: list[tuple[str, dict[str, Any]]] = [
    *[(name, {}) for name in ref.activations.ALL if name != "threshold"],
    ("threshold", {"threshold": 0.3, "default_value": -1.0}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 2.0}),
    ("relu", {"threshold": 0.7}),
    ("relu", {"negative_slope": 0.1, "threshold": 0.5, "max_value": 3.0}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 1.5}),
    ("gelu", {"approximate": True}),
    ("squareplus", {"b": 2.0}),
    ("soft_shrink", {"threshold": 1.3}),
    ("hard_shrink", {"threshold": 1.3}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {"axis": 0}),
    ("glu", {"axis": 0}),
]
every_row = pytest.mark.parametrize(("name", "arguments"), ROWS, ids=str)
X = np.linspace(-7.03, 7.05, 60).reshape(6, 10)

# Slope at a kink: that of the flat or lower piece, as Keras on its backends has it.
KINKS = [
    ("relu", 0.0, 0.0),
    ("relu6", 0.0, 0.0),
    ("hard_shrink", 0.5, 0.0),
    ("elu", 0.0, 1.0),
    ("softsign", 0.0, 1.0),
    ("selu", 0.0, None),
]


def test_every_activation_has_a_row() -> None:
    assert ROWS
    names = set(_core.activation_names())
    assert len(names) >= 25
    assert sorted(names - {name for name, _ in ROWS}) == []


@every_row
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value(name: str, arguments: dict[str, Any], dtype: str) -> None:
    x = X.astype(dtype)
    expected = ref.activations.ALL[name](x.astype("float64"), **arguments)
    y = getattr(keras.activations, name)(x, **arguments)
    rtol, atol = {"float32": (2e-5, 1e-5), "float64": (1e-7, 1e-12)}[dtype]
    assert y.dtype == dtype
    np.testing.assert_allclose(np.asarray(y), expected, rtol=rtol, atol=atol)
    core = _core.activation(name, _core.tensor(x), arguments)
    np.testing.assert_array_equal(core.numpy(), np.asarray(y))


@every_row
def test_gradient(name: str, arguments: dict[str, Any]) -> None:
    check_gradients(lambda x: getattr(keras.activations, name)(x, **arguments), X)


@every_row
def test_extremes(name: str, arguments: dict[str, Any]) -> None:
    """Large inputs overflow nothing that the formula keeps finite, forwards and backwards."""
    if name == "exponential":
        pytest.skip("exp of a large number is infinite")
    for dtype in ("float32", "float64"):
        x = np.array([[-1e4, -200.0, -90.0, -1e-30, 1e-30, 90.0, 200.0, 1e4]], dtype)
        x = np.concatenate([x, x[:, ::-1]])
        with _core.Tape() as tape:
            t = _core.tensor(x)
            tape.watch(t)
            y = getattr(keras.activations, name)(t, **arguments)
        assert np.isfinite(y.numpy()).all()
        gradient = tape.gradient(y, [t])[0]
        assert gradient is None or np.isfinite(gradient.numpy()).all()


@pytest.mark.parametrize(("name", "at", "slope"), KINKS)
def test_slope_at_kink(name: str, at: float, slope: float | None) -> None:
    with _core.Tape() as tape:
        x = _core.tensor(np.array([at]))
        tape.watch(x)
        y = getattr(keras.activations, name)(x)
    got = float(tape.gradient(y, [x])[0].numpy()[0])
    if slope is not None:
        assert got == slope
    h = 1e-4
    f = ref.activations.ALL[name]
    left, right = (f(at) - f(at - h)) / h, (f(at + h) - f(at)) / h
    assert min(left, right) - 1e-3 <= got <= max(left, right) + 1e-3


@every_row
def test_nan_goes_through(name: str, arguments: dict[str, Any]) -> None:
    x = np.full((2, 4), np.nan)
    y = np.asarray(getattr(keras.activations, name)(x, **arguments))
    expected = ref.activations.ALL[name](x, **arguments)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(expected))


@every_row
def test_found_by_name(name: str, arguments: dict[str, Any]) -> None:
    function = keras.activations.get(name)
    assert function is getattr(keras.activations, name)
    assert keras.activations.deserialize(keras.activations.serialize(function)) is function
    assert keras.activations.serialize(function) == name


def test_softmax_over_one_score_is_no_secret() -> None:
    x = np.ones((3, 1))
    for call in (
        lambda: keras.activations.softmax(x),
        lambda: keras.ops.softmax(x),
        lambda: keras.layers.Dense(1, activation="softmax"),
    ):
        with pytest.warns(UserWarning, match="the axis has size 1, .* use a sigmoid"):
            call()
