"""Rows of every metric: data of two batches and more, options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oxhorn.testing.reference.activations import softmax

N = 30
_rng = np.random.default_rng(21)
P = np.round(_rng.uniform(size=N), 3)
T = (_rng.uniform(size=N) < 0.1 + 0.8 * P).astype(float)
Q = softmax(_rng.normal(size=(N, 5)))
L = np.eye(5)[_rng.integers(0, 5, N)]
R = (_rng.normal(size=(N, 3)), _rng.normal(size=(N, 3)))
POSITIVE = (_rng.uniform(0.2, 2, (N, 3)), _rng.uniform(0.2, 2, (N, 3)))
WEIGHT = np.round(_rng.uniform(0.1, 2, N), 2)
C = (_rng.integers(0, 4, N), _rng.integers(-1, 5, N))
IMAGES = (_rng.integers(0, 3, (N, 2, 3)), _rng.integers(0, 3, (N, 2, 3)))

# Metrics that Keras does not have.
ADDITIONS = frozenset({"BalancedAccuracy", "CohenKappa", "MatthewsCorrelation"})


@dataclass(frozen=True)
class MetricRow:
    """The metric, what it sees (truth and predictions, or values), its arguments."""

    metric: str
    data: tuple[np.ndarray, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    loose: float = 1.0

    @property
    def id(self) -> str:
        arguments = ",".join(f"{k}={v}" for k, v in self.arguments.items())
        shapes = "x".join(str(d.shape) for d in self.data)
        return f"{self.metric}-{shapes}-{arguments}".replace(" ", "")


def rows(metric: str, data: tuple[np.ndarray, ...], *arguments: dict[str, Any]) -> list[MetricRow]:
    return [MetricRow(metric, data, a) for a in arguments or ({},)]


_CUTS = ({}, {"thresholds": 0.3}, {"thresholds": [0.1, 0.5, 0.77]})
_AVERAGES = (
    {},
    {"average": "micro"},
    {"average": "macro"},
    {"average": "weighted"},
    {"threshold": 0.3},
    {"average": "macro", "threshold": 0.2},
)

ROWS = [
    *rows("Mean", (P,)),
    *rows("Mean", (R[0],)),
    *rows("Sum", (P,)),
    *rows("Accuracy", (L.argmax(1), Q.argmax(1))),
    *rows("BinaryAccuracy", (T, P), {}, {"threshold": 0.3}),
    *rows("BinaryAccuracy", (T[:, None], P)),
    *rows("BinaryAccuracy", (T, P[:, None])),
    *rows("CategoricalAccuracy", (L, Q)),
    *rows("SparseCategoricalAccuracy", (L.argmax(1), Q)),
    *rows("SparseCategoricalAccuracy", (L.argmax(1)[:, None], Q)),
    *rows("TopKCategoricalAccuracy", (L, Q), {"k": 2}, {}),
    *rows("SparseTopKCategoricalAccuracy", (L.argmax(1), Q), {"k": 2}, {}),
    *rows("CosineSimilarity", R),
    *rows("RootMeanSquaredError", R),
    *rows("RootMeanSquaredError", (R[0][:, 0], R[1][:, 0])),
    *rows("RootMeanSquaredError", (R[0][:, 0], R[1][:, :1])),
    *rows("MeanSquaredError", R),
    *rows("MeanSquaredError", (R[0][:, 0], R[1][:, :1])),
    *rows("MeanAbsoluteError", R),
    *rows("MeanAbsolutePercentageError", R),
    *rows("MeanSquaredLogarithmicError", POSITIVE),
    *rows("LogCoshError", R),
    *rows("Hinge", (L, Q)),
    *rows("SquaredHinge", (L, Q)),
    *rows("CategoricalHinge", (L, Q)),
    *rows("KLDivergence", (Q, Q[::-1].copy())),
    *rows("Poisson", POSITIVE),
    *rows("BinaryCrossentropy", (L, Q), {}, {"label_smoothing": 0.1}, {"from_logits": True}),
    *rows("CategoricalCrossentropy", (L, Q), {}, {"label_smoothing": 0.1}, {"from_logits": True}),
    *rows("SparseCategoricalCrossentropy", (L.argmax(1), Q), {}, {"from_logits": True}),
    *rows("Precision", (T, P), *_CUTS),
    *rows("Recall", (T, P), *_CUTS),
    *rows("Precision", (L, Q), {"top_k": 2}, {"class_id": 1}, {"top_k": 2, "class_id": 1}),
    *rows("Recall", (L, Q), {"top_k": 2}, {"class_id": 1}, {"class_id": 2, "thresholds": [0.1, 0.2]}),
    *rows("TruePositives", (T, P), *_CUTS),
    *rows("FalsePositives", (T, P), *_CUTS),
    *rows("TrueNegatives", (T, P), *_CUTS),
    *rows("FalseNegatives", (T, P), *_CUTS),
    *rows("F1Score", (L, Q), *_AVERAGES),
    *rows("FBetaScore", (L, Q), {"beta": 2.0}, {"beta": 0.5, "average": "macro"}),
    *rows(
        "AUC",
        (T, P),
        {},
        {"num_thresholds": 20},
        {"curve": "PR"},
        {"curve": "PR", "summation_method": "minoring", "num_thresholds": 30},
        {"summation_method": "majoring", "num_thresholds": 10},
        {"summation_method": "minoring"},
        {"thresholds": [0.2, 0.33, 0.9]},
        {"from_logits": True, "num_thresholds": 50},
    ),
    *rows(
        "SensitivityAtSpecificity", (T, P), {"specificity": 0.7}, {"specificity": 0.7, "num_thresholds": 10}
    ),
    *rows("SensitivityAtSpecificity", (L, Q), {"specificity": 0.5, "class_id": 2}),
    *rows(
        "SpecificityAtSensitivity", (T, P), {"sensitivity": 0.7}, {"sensitivity": 0.9, "num_thresholds": 10}
    ),
    *rows("PrecisionAtRecall", (T, P), {"recall": 0.7}, {"recall": 0.9, "num_thresholds": 1}),
    *rows("RecallAtPrecision", (T, P), {"precision": 0.7}, {"precision": 0.9, "num_thresholds": 10}),
    *rows("PearsonCorrelation", R, {}),
    *rows("ConcordanceCorrelation", R, {}),
    *rows(
        "R2Score",
        R,
        {},
        {"class_aggregation": None},
        {"class_aggregation": "variance_weighted_average"},
        {"num_regressors": 3},
    ),
    *rows("IoU", C, {"num_classes": 4, "target_class_ids": [0, 2]}),
    *rows("IoU", IMAGES, {"num_classes": 3, "target_class_ids": [1], "ignore_class": 0}),
    *rows("MeanIoU", C, {"num_classes": 4}, {"num_classes": 7, "ignore_class": 2}),
    *rows("BinaryIoU", (T, P), {}, {"threshold": 0.3, "target_class_ids": [1]}),
    *rows("OneHotIoU", (L, Q), {"num_classes": 5, "target_class_ids": [0, 3]}),
    *rows("OneHotMeanIoU", (L, Q), {"num_classes": 5}),
    *rows("MatthewsCorrelation", (T, P), {}, {"threshold": 0.3}),
    *rows("MatthewsCorrelation", (T[:, None], P[:, None])),
    *rows("MatthewsCorrelation", (L, Q), {"num_classes": 5, "sparse_y_true": False}),
    *rows("MatthewsCorrelation", (L.argmax(1), Q), {"num_classes": 5}),
    *rows("CohenKappa", (T, P), {}, {"threshold": 0.3}),
    *rows(
        "CohenKappa",
        (L.argmax(1), Q),
        *[{"num_classes": 5, "weightage": w} for w in (None, "linear", "quadratic")],
    ),
    *rows("CohenKappa", IMAGES, {"num_classes": 3, "weightage": "quadratic", "sparse_y_pred": True}),
    *rows("BalancedAccuracy", (T, P[:, None]), {}, {"threshold": 0.3}),
    *rows("BalancedAccuracy", (L.argmax(1)[:, None], Q), {"num_classes": 5}),
    *rows("BalancedAccuracy", IMAGES, {"num_classes": 4, "sparse_y_pred": True}),
]
