"""What losses say when they are misused, and the shapes they refuse to broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras

ELEMENTWISE = [
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
    "hinge",
    "squared_hinge",
    "binary_crossentropy",
    "poisson",
]


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, "float32")


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize(
    ("truth", "predicted"),
    [((404, 1), (404, 3)), ((404,), (404, 3)), ((4, 3), (5, 3)), ((2, 3, 1), (2, 1, 3))],
)
def test_nothing_is_broadcast(name: str, truth: tuple[int, ...], predicted: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as info:
        getattr(keras.losses, name)(zeros(*truth), zeros(*predicted))
    message = str(info.value)
    assert name in message
    assert str(truth) in message
    assert str(predicted) in message


def test_a_column_matches_a_vector() -> None:
    truth, predicted = np.arange(4.0), np.arange(4.0)[:, None] + 1
    for a, b in ((truth, predicted), (predicted, truth)):
        np.testing.assert_array_equal(keras.losses.mean_squared_error(a, b), np.ones(4))
        assert float(keras.losses.MeanSquaredError()(a, b)) == 1.0


def test_the_last_layer_is_named_as_the_cure() -> None:
    with pytest.raises(ValueError, match=r"last layer 1 units \(it has 3\)"):
        keras.losses.mean_squared_error(zeros(4, 1), zeros(4, 3))


def test_class_numbers_in_place_of_one_hot() -> None:
    for truth in (zeros(4), zeros(4, 1)):
        with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
            keras.losses.CategoricalCrossentropy()(truth, zeros(4, 3))


def test_one_hot_in_place_of_class_numbers() -> None:
    with pytest.raises(ValueError, match="categorical_crossentropy"):
        keras.losses.SparseCategoricalCrossentropy()(zeros(4, 3), zeros(4, 3))


@pytest.mark.parametrize("bad", [-1, 3, 10**12])
def test_labels_out_of_range(bad: int) -> None:
    labels = np.array([0, 2, bad, 1])
    for loss in (
        keras.losses.SparseCategoricalCrossentropy(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        keras.losses.LossFunctionWrapper(keras.losses.sparse_categorical_crossentropy),
    ):
        with pytest.raises(ValueError) as info:
            loss(labels, np.full((4, 3), 1 / 3))
        assert "[0, 3)" in str(info.value)
        assert str(bad) in str(info.value)
        assert "position 2" in str(info.value)


def test_labels_that_are_no_whole_numbers() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        keras.losses.sparse_categorical_crossentropy([0.5, 1.0], zeros(2, 3))
    np.testing.assert_allclose(
        keras.losses.sparse_categorical_crossentropy([0.0, 1.0], np.full((2, 4), 0.25)),
        np.log([4.0, 4.0]),
        rtol=1e-6,
    )


def test_large_class_numbers_are_exact() -> None:
    with pytest.raises(ValueError, match="16777217"):
        keras.losses.SparseCategoricalCrossentropy()(np.array([2**24 + 1]), zeros(1, 3))


def test_ignored_classes_leave_the_mean() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    predicted = np.full((3, 4), 0.25, "float32")
    np.testing.assert_allclose(loss([0, -1, 2], predicted), np.log(4.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: keras.losses.MeanSquaredError(reduction="median"), "reduction"),
        (lambda: keras.losses.MeanSquaredError(reduction=3), "reduction"),
        (lambda: keras.losses.Huber(delta=0), "delta"),
        (lambda: keras.losses.Huber(delta=float("nan")), "delta"),
        (lambda: keras.losses.BinaryCrossentropy(label_smoothing=1.5), "label_smoothing"),
        (lambda: keras.losses.CategoricalCrossentropy(label_smoothing=-0.1), "label_smoothing"),
        (lambda: keras.losses.categorical_crossentropy([[0, 1]], [[0, 1]], axis=True), "axis"),
        (lambda: keras.losses.categorical_crossentropy([[0, 1]], [[0, 1]], axis=2), "axis"),
        (lambda: keras.losses.get("mean_sqared_error"), "mean_squared_error"),
        (lambda: keras.losses.get(3), "3"),
        (lambda: keras.losses.mean_squared_error("a", [1.0]), "dtype"),
        (lambda: keras.losses.mean_squared_error([1j], [1.0]), "complex"),
    ],
)
def test_arguments_out_of_range(make: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError)) as info:
        make()
    assert text in str(info.value)


def test_weights_that_do_not_fit() -> None:
    loss = keras.losses.MeanSquaredError()
    with pytest.raises(ValueError) as info:
        loss(zeros(4, 2), zeros(4, 2), sample_weight=zeros(3))
    assert "(3,)" in str(info.value)
    assert "(4,)" in str(info.value)
    with pytest.raises(ValueError, match="sample weights"):
        loss(zeros(4, 2), zeros(4, 2), sample_weight=zeros(4, 2))


def test_a_weight_for_each_sample_of_a_sequence() -> None:
    """As many steps as samples: the weights still belong to samples."""
    truth, predicted = np.zeros((3, 3, 1)), np.arange(9.0).reshape(3, 3, 1)
    got = keras.losses.MeanSquaredError(reduction="sum")(truth, predicted, sample_weight=[1.0, 0.0, 0.0])
    np.testing.assert_allclose(got, 0 + 1 + 4)


def test_weights_of_zero() -> None:
    for reduction in ("sum_over_batch_size", "mean_with_sample_weight"):
        loss = keras.losses.MeanSquaredError(reduction=reduction)
        assert float(loss(zeros(4, 2), np.ones((4, 2)), sample_weight=zeros(4))) == 0.0


def test_a_loss_without_call() -> None:
    with pytest.raises(NotImplementedError, match="Mine: a loss must implement call"):
        type("Mine", (keras.losses.Loss,), {})()(zeros(1), zeros(1))


def test_one_column_for_categorical_crossentropy_warns() -> None:
    with pytest.warns(SyntaxWarning, match="binary_crossentropy"):
        keras.losses.categorical_crossentropy(zeros(2, 1), zeros(2, 1))


@pytest.mark.parametrize(
    "loss", ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"]
)
def test_words_for_from_logits(loss: str) -> None:
    """The word "no" would count as True."""
    with pytest.raises(ValueError, match="expected `from_logits` to be True or False"):
        getattr(keras.losses, loss)(from_logits="no")
    function = {"B": "binary", "C": "categorical", "S": "sparse_categorical"}[loss[0]] + "_crossentropy"
    labels = [0] if loss[0] == "S" else [[1.0, 0.0]]
    with pytest.raises(ValueError, match="expected `from_logits` to be True or False"):
        getattr(keras.losses, function)(labels, [[0.5, 0.5]], from_logits="no")
