"""Losses of pairs, triplets, lists and distributions: numbers of PyTorch, what they say, and training with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, losses

RNG = np.random.default_rng(8)


def gradient(loss: Any, y_true: Any, y_pred: np.ndarray) -> np.ndarray:
    x = _core.tensor(y_pred)
    with _core.Tape() as tape:
        tape.watch(x)
        total = keras.ops.sum(loss(y_true, x))
    [slope] = tape.gradient(total, [x])
    return np.zeros_like(y_pred) if slope is None else slope.numpy()


def test_embeddings_of_the_same_place_have_finite_gradients() -> None:
    same = np.ones((4, 3))
    for distance in ("euclidean", "squared_euclidean", "cosine"):
        for mining in ("semi_hard", "hard", "all"):
            loss = losses.TripletMargin(mining=mining, distance=distance, dtype="float64")
            assert float(loss([0, 0, 1, 1], same)) == 1.0
            assert np.isfinite(gradient(loss, [0, 0, 1, 1], same)).all()
    zeros = np.zeros((2, 2, 3))
    assert np.isfinite(gradient(losses.CosineEmbedding(dtype="float64"), [1, -1], zeros)).all()


@pytest.mark.parametrize("mining", ["semi_hard", "hard", "all"])
@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 1, 2, 3]])
def test_anchors_without_partners_count_nothing(mining: str, labels: list[int]) -> None:
    embeddings = RNG.normal(size=(4, 2))
    loss = losses.TripletMargin(mining=mining, dtype="float64")
    assert float(loss(labels, embeddings)) == 0.0
    np.testing.assert_array_equal(gradient(loss, labels, embeddings), 0.0)


def test_the_semi_hard_negative() -> None:
    # Along a line: the positive of 0 lies at 1; of the negatives at 0.5, 1.5 and 4, the one at 1.5 is semi-hard.
    line = np.array([[0.0], [1.0], [0.5], [1.5], [4.0]])
    labels = [7, 7, 1, 2, 3]
    assert losses.triplet_margin(labels, line, margin=1.0).numpy()[0] == pytest.approx(0.5)
    assert losses.triplet_margin(labels, line, margin=1.0, mining="hard").numpy()[0] == pytest.approx(1.5)
    # All negatives closer than the positive: the farthest of them.
    near = np.array([[0.0], [5.0], [0.5], [1.5]])
    assert losses.triplet_margin([0, 0, 1, 1], near).numpy()[0] == pytest.approx(4.5)


def test_lists_without_an_order_count_nothing() -> None:
    for loss in (losses.PairwiseLogistic(), losses.PairwiseHinge()):
        assert float(loss([[1.0, 1.0], [0.0, -1.0]], [[3.0, 1.0], [0.0, 5.0]])) == 0.0


def test_the_hardest_class_is_categorical_hinge() -> None:
    labels, scores = RNG.integers(0, 5, 7), RNG.normal(size=(7, 5)) + 3.0
    np.testing.assert_allclose(
        losses.multi_margin(labels, scores, hardest=True).numpy(),
        losses.categorical_hinge(np.eye(5)[labels], scores).numpy(),
        rtol=1e-12,
    )


def test_a_class_that_is_none() -> None:
    with pytest.raises((IndexError, ValueError), match="3"):
        losses.multi_margin([3], [[0.0, 0.0, 0.0]])


SHAPES = [
    ("margin_ranking", (4,), (4, 3), r"shape \(N, ..., 2\).*got \(4, 3\).*ops.stack"),
    ("margin_ranking", (5,), (4, 2), r"y_true of shape \(4,\).*got \(5,\)"),
    ("cosine_embedding", (4,), (4, 3, 5), r"\(N, ..., 2, d\).*got \(4, 3, 5\)"),
    ("contrastive", (4, 1), (4, 2), r"same shape.*\(4, 1\).*\(4, 2\)"),
    ("pairwise_logistic", (4, 3), (4, 2), r"same shape"),
    ("multi_margin", (4, 3), (4, 3), r"y_true of shape \(4,\).*categorical_hinge"),
    ("gaussian_nll", (4, 2), (4, 3), r"a mean and a variance.*\(4, 2\).*\(4, 3\)"),
    ("quantile", (4,), (4, 2), r"same shape"),
    ("triplet_margin", (4,), (4, 3, 2), r"mining=None"),
    ("triplet_margin", (4, 2), (4, 3), r"class numbers"),
]


@pytest.mark.parametrize(("name", "truth", "predicted", "words"), SHAPES)
def test_shapes_that_do_not_fit(name: str, truth: Any, predicted: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: .*{words}"):
        getattr(losses, name)(np.zeros(truth), np.zeros(predicted))


ARGUMENTS = [
    ("TripletMargin", {"margin": -1.0}, "margin"),
    ("TripletMargin", {"mining": "easy"}, "'semi_hard', 'hard', 'all'"),
    ("TripletMargin", {"distance": "taxi"}, "'euclidean', 'squared_euclidean', 'cosine'"),
    ("TripletMargin", {"soft": "yes"}, "soft"),
    ("MarginRanking", {"margin": float("nan")}, "margin"),
    ("Contrastive", {"margin": 0.0}, "margin"),
    ("CosineEmbedding", {"margin": 1.5}, "margin"),
    ("PairwiseHinge", {"margin": "1"}, "margin"),
    ("MultiMargin", {"p": 3}, "`p`"),
    ("MultiMargin", {"margin": -1}, "margin"),
    ("GaussianNLL", {"epsilon": 0.0}, "epsilon"),
    ("Quantile", {"quantile": 1.0}, "quantile"),
]


@pytest.mark.parametrize(("name", "arguments", "words"), ARGUMENTS)
def test_arguments_out_of_range(name: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as info:
        getattr(losses, name)(**arguments)
    assert str(info.value).startswith(name)


def test_training_embeddings() -> None:
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 96)
    x = (np.eye(3)[labels] @ rng.normal(size=(3, 6)) + 0.4 * rng.normal(size=(96, 6))).astype("float32")
    for mining in ("semi_hard", "hard", "all"):
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
        model.compile("adam", losses.TripletMargin(mining=mining, margin=0.5))
        model.optimizer.learning_rate = 0.02
        history = model.fit(x, labels, batch_size=32, epochs=12, verbose=0).history["loss"]
        assert history[-1] < 0.7 * history[0]


def test_training_a_mean_and_a_variance() -> None:
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(256, 1)).astype("float32")
    y = (2.0 * x + 0.5 * rng.normal(size=(256, 1))).astype("float32")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.05), losses.GaussianNLL(log_variance=True))
    model.fit(x, y, batch_size=64, epochs=200, verbose=0)
    mean, logarithm = model.predict(np.ones((1, 1), "float32"), verbose=0)[0]
    assert mean == pytest.approx(2.0, abs=0.15)
    assert np.exp(0.5 * logarithm) == pytest.approx(0.5, abs=0.2)


def test_training_quantiles() -> None:
    y = np.random.default_rng(1).normal(size=(400, 1)).astype("float32")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.Adam(0.02), losses.Quantile(0.9))
    model.fit(np.zeros((400, 1), "float32"), y, batch_size=400, epochs=300, verbose=0)
    share = float(np.mean(y <= model.predict(np.zeros((1, 1), "float32"), verbose=0)))
    assert share == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "arguments", "values"),
    [
        # Computed by PyTorch 2: the losses of the same names there.
        (
            "margin_ranking",
            [1, -1, -1],
            [[0.5, -1.0], [2.0, 1.5], [-0.25, 0.75]],
            {"margin": 0.5},
            [0.0, 1.0, 0.0],
        ),
        (
            "cosine_embedding",
            [1, -1, -1],
            [
                [[1.0, 2.0, -1.0], [0.5, -1.0, 2.0]],
                [[1.0, 0.0, 1.0], [2.0, 1.0, 0.5]],
                [[0.5, 1.5, 1.0], [1.0, 2.0, 3.0]],
            ],
            {"margin": 0.25},
            [1.6236096, 0.5215167, 0.6785714],
        ),
        (
            "triplet_margin",
            [0, 0],
            [[[1.0, 2.0], [0.5, -1.0], [2.0, 1.0]], [[1.0, 0.0], [2.0, 1.0], [0.5, 3.0]]],
            {"mining": None},
            [2.6271689, 0.0],
        ),
        (
            "multi_margin",
            [1, 0],
            [[0.5, 2.0, 1.75, -1.0], [1.0, 0.5, 0.25, 2.0]],
            {"p": 1, "margin": 1.5},
            [0.3125, 1.0625],
        ),
        (
            "multi_margin",
            [1, 0],
            [[0.5, 2.0, 1.75, -1.0], [1.0, 0.5, 0.25, 2.0]],
            {"p": 2, "margin": 1.5},
            [0.390625, 1.953125],
        ),
        ("gaussian_nll", [[1.5], [-1.0]], [[0.5, 2.0], [1.0, 0.25]], {"full": False}, [0.5965736, 7.3068528]),
        ("gaussian_nll", [[1.5], [-1.0]], [[0.5, 2.0], [1.0, 0.25]], {"full": True}, [1.5155121, 8.2257914]),
    ],
)
def test_numbers_of_pytorch(name: str, y_true: Any, y_pred: Any, arguments: Any, values: Any) -> None:
    got = getattr(losses, name)(y_true, np.array(y_pred), **arguments)
    np.testing.assert_allclose(got.numpy(), values, rtol=2e-6, atol=2e-6)
