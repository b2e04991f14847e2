"""Rows of every loss: truth, predictions, options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oxhorn.testing.reference.activations import softmax

_rng = np.random.default_rng(12)
REAL = (_rng.normal(size=(6, 4)), _rng.normal(size=(6, 4)))
POSITIVE = (_rng.uniform(0.2, 2.0, (6, 4)), _rng.uniform(0.2, 2.0, (6, 4)))
ONE_HOT = np.eye(4)[_rng.integers(0, 4, 6)]
CLASSES = np.argmax(ONE_HOT, -1)
PROBABILITIES = softmax(_rng.normal(size=(6, 4)))
SOFT = softmax(_rng.normal(size=(6, 4)))
BINARY = _rng.integers(0, 2, (6, 4)).astype(float)
UNIT = _rng.uniform(0.05, 0.95, (6, 4))
LOGITS = _rng.normal(size=(6, 4)) * 3
IMAGE = (_rng.integers(0, 3, (2, 3, 5)), _rng.normal(size=(2, 3, 5, 3)))
EMBEDDINGS = _rng.normal(size=(8, 3))
EMBEDDINGS = EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)
GROUPS = np.array([0, 1, 2, 0, 1, 2, 0, 3])
MASKS = (_rng.integers(0, 2, (3, 4, 5, 2)).astype(float), _rng.uniform(0.05, 0.95, (3, 4, 5, 2)))
SPEECH = (np.array([[1, 2, 0], [3, 3, 1], [0, 0, 0]]), _rng.normal(size=(3, 7, 4)))
WORTH = np.array([[0, 1, 2, 0], [1, 1, 1, 1], [2, 0, -1, -1], [0, 3, 1, -1]], float)
PAIRS = (np.array([1, -1, 1, -1, -1, 1]), _rng.normal(size=(6, 2, 3)))
TRIPLETS = (np.zeros(6), _rng.normal(size=(6, 3, 4)))

# Losses that Keras does not have.
ADDITIONS = frozenset(
    {
        "Contrastive",
        "CosineEmbedding",
        "GaussianNLL",
        "MarginRanking",
        "MultiMargin",
        "PairwiseHinge",
        "PairwiseLogistic",
        "Quantile",
        "TripletMargin",
    }
)


@dataclass(frozen=True)
class LossRow:
    """The loss class, its function's name, data, and arguments."""

    loss: str
    function: str
    y_true: np.ndarray
    y_pred: np.ndarray
    arguments: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def id(self) -> str:
        arguments = ",".join(f"{k}={v}" for k, v in self.arguments.items())
        return f"{self.loss}-{self.y_true.shape}-{self.y_pred.shape}-{arguments}{self.note}".replace(" ", "")


ROWS = [
    LossRow("MeanSquaredError", "mean_squared_error", *REAL),
    LossRow("MeanSquaredError", "mean_squared_error", REAL[0][:, :1], REAL[1][:, 0]),
    LossRow("MeanSquaredError", "mean_squared_error", REAL[0][:, 0], REAL[1][:, :1]),
    LossRow("MeanSquaredError", "mean_squared_error", REAL[0].reshape(2, 3, 4), REAL[1].reshape(2, 3, 4)),
    LossRow("MeanAbsoluteError", "mean_absolute_error", *REAL),
    LossRow("MeanAbsolutePercentageError", "mean_absolute_percentage_error", *REAL),
    LossRow("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", *POSITIVE),
    LossRow("Huber", "huber", *REAL),
    LossRow("Huber", "huber", *REAL, {"delta": 0.4}),
    LossRow("LogCosh", "log_cosh", *REAL),
    LossRow("Hinge", "hinge", BINARY, LOGITS),
    LossRow("Hinge", "hinge", 2 * BINARY - 1, LOGITS, note="signs"),
    LossRow("SquaredHinge", "squared_hinge", BINARY, LOGITS),
    LossRow("CategoricalHinge", "categorical_hinge", ONE_HOT, LOGITS),
    LossRow("KLDivergence", "kl_divergence", SOFT, PROBABILITIES),
    LossRow("Poisson", "poisson", *POSITIVE),
    LossRow("CosineSimilarity", "cosine_similarity", *REAL),
    LossRow("CosineSimilarity", "cosine_similarity", *REAL, {"axis": 0}),
    LossRow("BinaryCrossentropy", "binary_crossentropy", BINARY, UNIT),
    LossRow("BinaryCrossentropy", "binary_crossentropy", BINARY, UNIT, {"label_smoothing": 0.2}),
    LossRow("BinaryCrossentropy", "binary_crossentropy", BINARY, LOGITS, {"from_logits": True}),
    LossRow("BinaryCrossentropy", "binary_crossentropy", BINARY, UNIT, {"axis": 0}),
    LossRow(
        "BinaryCrossentropy", "binary_crossentropy", BINARY, 60 * LOGITS, {"from_logits": True}, note="large"
    ),
    LossRow("CategoricalCrossentropy", "categorical_crossentropy", ONE_HOT, PROBABILITIES),
    LossRow(
        "CategoricalCrossentropy", "categorical_crossentropy", SOFT, PROBABILITIES, {"label_smoothing": 0.1}
    ),
    LossRow("CategoricalCrossentropy", "categorical_crossentropy", ONE_HOT, LOGITS, {"from_logits": True}),
    LossRow("CategoricalCrossentropy", "categorical_crossentropy", ONE_HOT, PROBABILITIES, {"axis": 0}),
    LossRow(
        "CategoricalCrossentropy",
        "categorical_crossentropy",
        ONE_HOT,
        99 * LOGITS,
        {"from_logits": True},
        note="large",
    ),
    LossRow("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", CLASSES, PROBABILITIES),
    LossRow(
        "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", CLASSES[:, None], PROBABILITIES
    ),
    LossRow(
        "SparseCategoricalCrossentropy",
        "sparse_categorical_crossentropy",
        CLASSES,
        LOGITS,
        {"from_logits": True},
    ),
    LossRow(
        "SparseCategoricalCrossentropy",
        "sparse_categorical_crossentropy",
        CLASSES,
        LOGITS,
        {"from_logits": True, "ignore_class": int(CLASSES[0])},
    ),
    LossRow(
        "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", *IMAGE, {"from_logits": True}
    ),
    LossRow("BinaryFocalCrossentropy", "binary_focal_crossentropy", BINARY, UNIT),
    LossRow(
        "BinaryFocalCrossentropy", "binary_focal_crossentropy", BINARY, UNIT, {"apply_class_balancing": True}
    ),
    LossRow(
        "BinaryFocalCrossentropy",
        "binary_focal_crossentropy",
        BINARY,
        LOGITS,
        {
            "from_logits": True,
            "gamma": 1.5,
            "alpha": 0.4,
            "label_smoothing": 0.1,
            "apply_class_balancing": True,
        },
    ),
    LossRow("BinaryFocalCrossentropy", "binary_focal_crossentropy", BINARY, UNIT, {"axis": 0}),
    LossRow("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", ONE_HOT, PROBABILITIES),
    LossRow(
        "CategoricalFocalCrossentropy",
        "categorical_focal_crossentropy",
        ONE_HOT,
        LOGITS,
        {"from_logits": True, "gamma": 1.0, "label_smoothing": 0.1},
    ),
    LossRow(
        "CategoricalFocalCrossentropy",
        "categorical_focal_crossentropy",
        ONE_HOT,
        PROBABILITIES,
        {"alpha": [0.1, 0.2, 0.3, 0.4]},
    ),
    LossRow("Dice", "dice", *MASKS),
    LossRow("Dice", "dice", *MASKS, {"axis": [1, 2, 3]}),
    LossRow("Tversky", "tversky", *MASKS),
    LossRow("Tversky", "tversky", *MASKS, {"alpha": 0.2, "beta": 0.8, "axis": [1, 2, 3]}),
    LossRow("Circle", "circle", GROUPS, EMBEDDINGS, {"gamma": 2.0}),
    LossRow("Circle", "circle", GROUPS, EMBEDDINGS, {"gamma": 8.0, "margin": 0.25, "remove_diagonal": False}),
    LossRow("CTC", "ctc", *SPEECH),
    LossRow(
        "CategoricalGeneralizedCrossEntropy",
        "categorical_generalized_cross_entropy",
        CLASSES,
        PROBABILITIES,
        {"q": 0.7},
    ),
    LossRow(
        "CategoricalGeneralizedCrossEntropy",
        "categorical_generalized_cross_entropy",
        CLASSES[:, None],
        PROBABILITIES,
        {"q": 0.3},
    ),
    LossRow("Contrastive", "contrastive", BINARY, 2 * UNIT),
    LossRow("Contrastive", "contrastive", BINARY, 2 * UNIT, {"margin": 0.6}),
    LossRow("CosineEmbedding", "cosine_embedding", *PAIRS),
    LossRow("CosineEmbedding", "cosine_embedding", PAIRS[0][:, None], PAIRS[1], {"margin": -0.25}),
    LossRow("MarginRanking", "margin_ranking", PAIRS[0], PAIRS[1][..., 0]),
    LossRow("MarginRanking", "margin_ranking", PAIRS[0][:, None], PAIRS[1][..., 0], {"margin": 1.5}),
    LossRow(
        "MarginRanking", "margin_ranking", BINARY[:2, :3], PAIRS[1].reshape(2, 3, 6)[..., :2], {"margin": 1.0}
    ),
    LossRow("TripletMargin", "triplet_margin", GROUPS, EMBEDDINGS),
    LossRow("TripletMargin", "triplet_margin", GROUPS[:, None], 3 * EMBEDDINGS, {"margin": 0.25}),
    LossRow("TripletMargin", "triplet_margin", GROUPS, EMBEDDINGS, {"mining": "hard", "distance": "cosine"}),
    LossRow("TripletMargin", "triplet_margin", GROUPS, EMBEDDINGS, {"mining": "hard", "soft": True}),
    LossRow("TripletMargin", "triplet_margin", GROUPS, EMBEDDINGS, {"mining": "all", "margin": 0.5}),
    LossRow("TripletMargin", "triplet_margin", GROUPS, EMBEDDINGS, {"distance": "squared_euclidean"}),
    LossRow("TripletMargin", "triplet_margin", *TRIPLETS, {"mining": None}),
    LossRow("PairwiseLogistic", "pairwise_logistic", WORTH, 2 * REAL[1][:4]),
    LossRow("PairwiseHinge", "pairwise_hinge", WORTH, 2 * REAL[1][:4]),
    LossRow(
        "PairwiseHinge",
        "pairwise_hinge",
        WORTH.reshape(2, 2, 4),
        REAL[1][:4].reshape(2, 2, 4),
        {"margin": 0.5},
    ),
    LossRow("MultiMargin", "multi_margin", CLASSES, LOGITS),
    LossRow("MultiMargin", "multi_margin", CLASSES[:, None], LOGITS, {"p": 2, "margin": 2.0}),
    LossRow("MultiMargin", "multi_margin", CLASSES, LOGITS, {"hardest": True}),
    LossRow("MultiMargin", "multi_margin", IMAGE[0], IMAGE[1], {"hardest": True, "p": 2}),
    LossRow("GaussianNLL", "gaussian_nll", REAL[0][:, :2], np.concatenate([REAL[1][:, :2], UNIT[:, :2]], 1)),
    LossRow("GaussianNLL", "gaussian_nll", REAL[0][:, 0], POSITIVE[1][:, :2], {"full": True}),
    LossRow("GaussianNLL", "gaussian_nll", REAL[0][:, :2], REAL[1], {"log_variance": True}),
    LossRow("Quantile", "quantile", *REAL),
    LossRow("Quantile", "quantile", *REAL, {"quantile": 0.9}),
]
