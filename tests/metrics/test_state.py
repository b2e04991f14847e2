"""Metrics as state: streams, resets, traces, weights, precision, messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core

M = keras.metrics


def test_counting_does_not_stop_at_2_to_the_24() -> None:
    mean = M.Mean()
    mean.count.assign(2.0**24)
    mean.total.assign(2.0**24)
    mean.update_state(np.ones(3))
    assert float(mean.count.numpy()) == 2.0**24 + 3
    assert mean.result().dtype == "float32"
    total = M.Sum()
    for _ in range(1000):
        total.update_state([0.1])
    assert float(total.result()) == pytest.approx(100.0, rel=1e-7)


def test_a_metric_without_data_is_zero() -> None:
    for metric in (
        M.Mean(),
        M.Sum(),
        M.Precision(),
        M.AUC(),
        M.AUC(curve="PR"),
        M.F1Score(),
        M.MeanSquaredError(),
    ):
        assert float(metric.result()) == 0.0, metric


def test_reset_and_reuse() -> None:
    metric = M.Precision(thresholds=[0.3, 0.6])
    first = metric([0, 1, 1], [0.5, 0.4, 0.9]).numpy()
    metric.reset_state()
    assert all(not v.numpy().any() for v in metric.variables)
    np.testing.assert_array_equal(metric([0, 1, 1], [0.5, 0.4, 0.9]), first)


def test_names_and_variables() -> None:
    assert [v.name for v in M.Mean().variables] == ["total", "count"]
    assert [v.path for v in M.Mean(name="m").variables] == ["m/total", "m/count"]
    assert [v.name for v in M.Precision().variables] == ["true_positives", "false_positives"]
    assert [v.name for v in M.Recall().variables] == ["true_positives", "false_negatives"]
    assert M.AUC(name="area").name == "area"
    assert M.LogCoshError().name == "logcosh"


@pytest.mark.parametrize(
    ("metric", "data"),
    [
        (M.MeanSquaredError, ([[1.0], [2.0], [3.0]], [[1.5], [2.0], [1.0]])),
        (M.RootMeanSquaredError, ([1.0, 2.0, 3.0], [1.5, 2.0, 1.0])),
        (M.BinaryAccuracy, ([1.0, 0.0, 1.0], [0.9, 0.8, 0.7])),
        (M.SparseCategoricalAccuracy, ([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])),
        (M.SparseTopKCategoricalAccuracy, ([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])),
        (M.AUC, ([1.0, 0.0, 1.0], [0.9, 0.8, 0.7])),
        (M.Precision, ([1.0, 0.0, 1.0], [0.9, 0.8, 0.7])),
        (M.F1Score, ([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])),
    ],
)
def test_a_traced_update_is_the_eager_one(metric: Any, data: tuple[Any, Any]) -> None:
    y_true, y_pred = (np.asarray(d) for d in data)
    y_pred = y_pred.astype("float32")
    weight = np.array([1.0, 2.0, 0.5], "float32")
    eager, traced = metric(), metric()
    with _core.Graph() as graph:
        inputs = [graph.input((None, *d.shape[1:]), str(d.dtype)) for d in (y_true, y_pred, weight)]
        traced.update_state(*inputs[:2], sample_weight=inputs[2])
        program = graph.compile([])
    for part in (slice(0, 2), slice(2, 3)):
        program.run([y_true[part], y_pred[part], weight[part]])
        eager.update_state(y_true[part], y_pred[part], sample_weight=weight[part])
    np.testing.assert_allclose(traced.result(), eager.result(), rtol=1e-6)
    assert np.asarray(eager.result()).any()


def test_a_row_twice_is_weight_two() -> None:
    rng = np.random.default_rng(0)
    t, p = rng.integers(0, 2, 20).astype(float), rng.uniform(size=20)
    twice = np.concatenate([np.arange(20), [3, 7]])
    weight = np.ones(20)
    weight[[3, 7]] = 2
    for make in (M.AUC, M.Precision, M.Recall, M.BinaryAccuracy, M.RootMeanSquaredError, M.TruePositives):
        a, b = make(), make()
        a.update_state(t[twice], p[twice])
        b.update_state(t, p, sample_weight=weight)
        np.testing.assert_allclose(a.result(), b.result(), rtol=1e-6, err_msg=make.__name__)


def test_masks_leave_values_out() -> None:
    y_true, y_pred = np.array([[1, 0, 1]]), _core.tensor(np.array([[0.9, 0.8, 0.2]], "float32"))
    y_pred._keras_mask = _core.tensor(np.array([[True, True, False]]))
    for make, right in ((M.BinaryAccuracy, 0.5), (M.Precision, 0.5), (M.TruePositives, 1.0)):
        assert float(make()(y_true, y_pred)) == right


def test_ignored_classes_leave_weighted_means() -> None:
    """As in Keras, a mean without weights counts them with a loss of 0."""
    data = ([0, -1], np.full((2, 4), 0.25))
    metric = M.SparseCategoricalCrossentropy(ignore_class=-1)
    np.testing.assert_allclose(metric(*data, sample_weight=[1.0, 1.0]), np.log(4.0), rtol=1e-6)
    metric.reset_state()
    np.testing.assert_allclose(metric(*data), np.log(4.0) / 2, rtol=1e-6)


def test_several_labels_with_weights() -> None:
    rng = np.random.default_rng(1)
    t, p = rng.integers(0, 2, (30, 3)), rng.uniform(size=(30, 3))
    apart = []
    for column in range(3):
        one = M.AUC()
        apart.append(float(one(t[:, column], p[:, column])))
    many = M.AUC(multi_label=True)
    assert float(many(t, p)) == pytest.approx(np.mean(apart), rel=1e-6)
    weighted = M.AUC(multi_label=True, num_labels=3, label_weights=[1.0, 0.0, 3.0])
    assert float(weighted(t, p)) == pytest.approx((apart[0] + 3 * apart[2]) / 4, rel=1e-6)


def test_metrics_inside_metrics() -> None:
    class Pair(M.Metric):
        def __init__(self) -> None:
            super().__init__(name="pair")
            self.parts = [M.Mean(name="a"), M.Sum(name="b")]
            self.own = self.add_weight(name="own")

        def update_state(self, values: Any) -> None:
            for part in self.parts:
                part.update_state(values)

        def result(self) -> Any:
            return self.parts[0].result() + self.parts[1].result()

    pair = Pair()
    assert [v.path for v in pair.variables] == ["pair/own", "a/total", "a/count", "b/total"]
    assert float(pair([1.0, 3.0])) == 6.0
    pair.reset_state()
    assert float(pair.result()) == 0.0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: M.Precision(thresholds=1.5), "thresholds"),
        (lambda: M.Precision(thresholds=[]), "threshold"),
        (lambda: M.Precision(top_k=0), "top_k"),
        (lambda: M.Recall(class_id=-1), "class_id"),
        (lambda: M.AUC(curve="XYZ"), "curve"),
        (lambda: M.AUC(num_thresholds=1), "num_thresholds"),
        (lambda: M.AUC(summation_method="middle"), "summation method"),
        (lambda: M.AUC(num_labels=3), "multi_label"),
        (lambda: M.F1Score(average="most"), "average"),
        (lambda: M.FBetaScore(beta=0.0), "beta"),
        (lambda: M.F1Score(threshold=0.0), "threshold"),
        (lambda: M.get("acuracy"), "accuracy"),
        (lambda: M.Precision(class_id=5)(np.ones((2, 3)), np.ones((2, 3))), "class_id=5"),
        (lambda: M.Precision(top_k=4)(np.ones((2, 3)), np.ones((2, 3))), "top_k=4"),
        (lambda: M.Precision()(np.ones((2, 3)), np.ones((3, 3))), "(2, 3)"),
        (lambda: M.BinaryAccuracy()(np.ones(2), np.ones(3)), "(2,)"),
        (lambda: M.CategoricalAccuracy()(np.ones(2), np.ones((2, 3))), "sparse_categorical_accuracy"),
        (lambda: M.SparseCategoricalAccuracy()(np.ones((2, 3)), np.ones((2, 3))), "one-hot"),
        (lambda: M.SparseTopKCategoricalAccuracy(k=0)([0], [[0.1, 0.9]]), "k=0"),
        (lambda: M.SparseTopKCategoricalAccuracy()([2], [[0.1, 0.9]]), "[0, 2)"),
        (lambda: M.F1Score()([0, 1], [[0.1, 0.9], [0.1, 0.9]]), "(batch_size, output_dim)"),
        (lambda: M.Mean()(np.ones(4), sample_weight=np.ones(3)), "(3,)"),
        (lambda: M.MeanSquaredError()(np.ones((4, 1)), np.ones((4, 2))), "(4, 2)"),
    ],
)
def test_mistakes_are_named(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as info:
        call()
    assert text in str(info.value)


def test_a_forgotten_super_call() -> None:
    class Broken(M.Metric):
        def __init__(self) -> None:
            self.total = self.add_variable(())

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Broken()
