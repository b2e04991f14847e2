"""Targets of nothing but zeros or ones, predictions of exactly 0 and 1, one class alone, smoothing from none to all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, losses
from oxhorn.testing import reference as ref

PREDICTIONS = {
    "saturated": np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.2, 0.3, 0.5]]),
    "large logits": np.array([[100.0, -100.0, 0.0], [0.0, 0.0, 0.0], [-90.0, -80.0, 1.0], [1.0, 2.0, 3.0]]),
}
TARGETS = {
    "zeros": np.zeros((4, 3)),
    "ones": np.ones((4, 3)),
    "one-hot": np.eye(3)[[0, 1, 2, 0]],
    "halves": np.full((4, 3), 0.5),
}
FUNCTIONS = [
    ("binary_crossentropy", {}),
    ("binary_crossentropy", {"from_logits": True}),
    ("binary_focal_crossentropy", {}),
    ("binary_focal_crossentropy", {"from_logits": True, "apply_class_balancing": True}),
    ("categorical_crossentropy", {"from_logits": True}),
    ("categorical_focal_crossentropy", {"from_logits": True}),
    ("dice", {}),
    ("dice", {"axis": [1]}),
    ("tversky", {}),
    ("tversky", {"axis": [1], "alpha": 0.0, "beta": 0.0}),
]


def slope_of(name: str, y_true: np.ndarray, y_pred: np.ndarray, **arguments: Any) -> np.ndarray:
    x = _core.tensor(y_pred)
    with _core.Tape() as tape:
        tape.watch(x)
        total = keras.ops.sum(getattr(losses, name)(y_true, x, **arguments))
    [slope] = tape.gradient(total, [x])
    return np.zeros_like(y_pred) if slope is None else slope.numpy()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("name", "arguments"), FUNCTIONS, ids=lambda v: str(v))
def test_at_the_ends(name: str, arguments: dict[str, Any], target: str) -> None:
    y_true = TARGETS[target]
    y_pred = PREDICTIONS["large logits" if arguments.get("from_logits") else "saturated"]
    values = getattr(losses, name)(y_true, y_pred, **arguments).numpy()
    np.testing.assert_allclose(
        values, ref.losses.ALL[name](y_true, y_pred, **arguments), rtol=1e-6, atol=1e-9
    )
    for dtype in ("float32", "float64"):
        assert np.isfinite(slope_of(name, y_true, y_pred.astype(dtype), **arguments)).all()


SMOOTHED = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
]


@pytest.mark.parametrize("name", SMOOTHED)
def test_smoothing_from_none_to_all(name: str) -> None:
    cls, y_true, y_pred = getattr(losses, name), TARGETS["one-hot"], PREDICTIONS["saturated"] * 0.9 + 0.05
    plain = float(cls(dtype="float64")(y_true, y_pred))
    assert float(cls(label_smoothing=0.0, dtype="float64")(y_true, y_pred)) == plain
    # Smoothed all the way, targets are the same for every class.
    even = np.full((4, 3), 0.5 if name.startswith("Binary") else 1 / 3)
    whole = float(cls(label_smoothing=1.0, dtype="float64")(y_true, y_pred))
    assert whole == pytest.approx(float(cls(dtype="float64")(even, y_pred)), rel=1e-12)
    for bad in (-0.1, 1.1, float("nan"), "0.1", None):
        with pytest.raises(ValueError, match=f"{name}: expected `label_smoothing`"):
            cls(label_smoothing=bad)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_circle_without_pairs(labels: list[int]) -> None:
    embeddings = np.eye(3)[:, [0, 1]] + 0.1
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    assert float(losses.Circle(dtype="float64")(labels, embeddings)) == 0.0
    np.testing.assert_array_equal(slope_of("circle", np.array(labels), embeddings), 0.0)


def test_generalized_crossentropy_at_the_ends() -> None:
    sure = np.eye(3)
    np.testing.assert_array_equal(losses.categorical_generalized_cross_entropy([0, 1, 2], sure, 0.5), 0.0)
    np.testing.assert_array_equal(losses.categorical_generalized_cross_entropy([1, 2, 0], sure, 0.5), 2.0)
    for bad in (0.0, 1.0, -1.0, float("nan"), "q"):
        with pytest.raises(ValueError, match=r"CategoricalGeneralizedCrossEntropy.*q"):
            losses.CategoricalGeneralizedCrossEntropy(q=bad)


def test_configs_leave_the_last_axis_out() -> None:
    """As Keras's do; another axis is kept, so that a loss from a config is the same loss."""
    for cls in (losses.CosineSimilarity, losses.SparseCategoricalCrossentropy):
        assert "axis" not in cls().get_config()
        assert cls.from_config(cls(axis=1).get_config()).axis == 1
    assert "axis" not in keras.metrics.CosineSimilarity().get_config()
    assert keras.metrics.CosineSimilarity(axis=1).get_config()["axis"] == 1
