"""Agreement beyond chance: numbers of scikit-learn, edges, and training; and what metrics say when misused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, metrics

TRUTH = [0, 1, 2, 2, 1, 0, 0, 2, 1, 1, 2, 0]
SAID = [0, 2, 2, 1, 1, 0, 1, 2, 1, 0, 2, 2]


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        # Computed by scikit-learn 1.9: matthews_corrcoef, cohen_kappa_score, balanced_accuracy_score.
        ("MatthewsCorrelation", {}, 0.37896836447993354),
        ("CohenKappa", {"weightage": None}, 0.375),
        ("CohenKappa", {"weightage": "linear"}, 0.4375),
        ("CohenKappa", {"weightage": "quadratic"}, 0.5),
        ("BalancedAccuracy", {}, 0.5833333333333334),
    ],
)
def test_numbers_of_scikit_learn(name: str, arguments: dict[str, Any], value: float) -> None:
    metric = getattr(metrics, name)(num_classes=3, sparse_y_pred=True, dtype="float64", **arguments)
    metric.update_state(TRUTH[:5], SAID[:5])
    metric.update_state(TRUTH[5:], SAID[5:])
    assert float(metric.result()) == pytest.approx(value, abs=1e-12)


ALL = ("MatthewsCorrelation", "CohenKappa", "BalancedAccuracy")


@pytest.mark.parametrize("name", ALL)
def test_edges(name: str) -> None:
    new = getattr(metrics, name)
    assert float(new().result()) == 0.0
    perfect = new()
    assert float(perfect([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.2])) == 1.0
    one_class = new()
    assert np.isfinite(float(one_class([1, 1], [0.9, 0.8])))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bad", [3, -1, 10**6])
def test_classes_that_are_none(name: str, bad: int) -> None:
    metric = getattr(metrics, name)(num_classes=3)
    scores = np.eye(3, dtype="float32")
    with pytest.raises(IndexError, match=rf"\[0, 3\); got {bad} in y_true"):
        metric.update_state([0, 1, bad], scores)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Identity()])
    model.compile(metrics=[metric])
    with pytest.raises((IndexError, ValueError), match=r"\[0, 3\)"):
        model.evaluate(scores, np.array([0, 1, bad]), verbose=0)


@pytest.mark.parametrize(
    ("arguments", "truth", "predicted", "words"),
    [
        ({"num_classes": 3}, (4,), (4,), r"y_pred of shape \(N, ..., 3\).*sparse_y_pred=True"),
        ({"num_classes": 3}, (4, 3), (4, 3), r"got y_true \(4, 3\).*sparse_y_true=False"),
        ({"num_classes": 3, "sparse_y_true": False}, (4,), (4, 3), r"y_true of shape.*sparse_y_true=True"),
        ({}, (5,), (4,), r"y_true \(5,\) and y_pred \(4,\)"),
    ],
)
def test_shapes_that_do_not_fit(arguments: Any, truth: Any, predicted: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        metrics.CohenKappa(**arguments).update_state(np.zeros(truth), np.zeros(predicted, "float32"))


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("CohenKappa", {"num_classes": 1}, "num_classes"),
        ("CohenKappa", {"weightage": "cubic"}, "'linear', 'quadratic'"),
        ("MatthewsCorrelation", {"threshold": float("nan")}, "threshold"),
        ("BalancedAccuracy", {"num_classes": 2.5}, "num_classes"),
    ],
)
def test_arguments_out_of_range(name: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.*{words}"):
        getattr(metrics, name)(**arguments)


def test_in_training() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2)).astype("float32")
    y = (x[:, 0] > 0).astype("int32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(
        keras.optimizers.Adam(0.2), "binary_crossentropy", metrics=["CohenKappa", "MatthewsCorrelation"]
    )
    history = model.fit(x, y, epochs=12, batch_size=16, verbose=0).history
    assert history["CohenKappa"][-1] > 0.8
    assert history["MatthewsCorrelation"][-1] > 0.8


def test_masks_of_values() -> None:
    values = _core.tensor([1.0, 2.0, 30.0])
    values._keras_mask = _core.tensor([True, True, False])
    assert float(metrics.Mean()(values)) == 1.5
    assert float(metrics.Mean()(values, [1.0, 3.0, 5.0])) == 1.75
    assert float(metrics.Sum()(values)) == 3.0
    assert float(metrics.Sum()(values, [1.0, 3.0, 5.0])) == 7.0


class WithoutSuper(metrics.Metric):
    """A metric that forgets to call its base class."""

    def __init__(self) -> None:
        self.seen = keras.Variable(0.0)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen.assign_add(1.0)

    def result(self) -> Any:
        return self.seen.value


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.name,
        lambda m: m.dtype,
        lambda m: m.variables,
        lambda m: m.reset_state(),
        lambda m: m([0.0], [0.0]),
        lambda m: m.get_config(),
        lambda m: m.add_variable((), "zeros"),
    ],
)
def test_a_metric_that_did_not_call_super(use: Any) -> None:
    with pytest.raises(RuntimeError, match=r"WithoutSuper: call super\(\).__init__\(\) first in __init__"):
        use(WithoutSuper())
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(RuntimeError, match=r"WithoutSuper: call super\(\)"), warnings.catch_warnings():
        model.compile("sgd", "mse", metrics=[WithoutSuper()])
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
    assert not hasattr(WithoutSuper(), "no_such_thing")
    with pytest.raises(AttributeError, match="'Mean' object has no attribute 'no_such_thing'"):
        _ = metrics.Mean().no_such_thing
