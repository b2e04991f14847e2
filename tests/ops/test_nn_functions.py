"""Functions of `ops.nn`: what they refuse, warn of, and where results must stay finite; CTC beside its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops

RNG = np.random.default_rng(5)
ONE = np.ones((2, 3, 4))


def test_the_namespace_holds_what_ops_holds() -> None:
    assert len(ops.nn.__all__) > 50
    for name in ops.nn.__all__:
        assert getattr(ops.nn, name) is getattr(ops, name)


MISTAKES = [
    (lambda: ops.softmax(ONE, axis=3), "axis 3 is out of bounds"),
    (lambda: ops.softmax(keras.KerasTensor((3, 4)), axis=10), "axis 10 is out of bounds"),
    (lambda: ops.normalize(keras.KerasTensor((3, 4)), axis=10), "axis 10 is out of bounds"),
    (lambda: ops.sparsemax(keras.KerasTensor((None, 2)), axis=3), "axis 3"),
    (lambda: ops.normalize(ONE, order=0), "`order` must be an int >= 1"),
    (lambda: ops.normalize(ONE, order=2.5), "`order` must be an int >= 1"),
    (lambda: ops.glu(np.ones((2, 3))), "even size"),
    (lambda: ops.gelu(ONE, approximate="yes"), "approximate"),
    (lambda: ops.elu(ONE, alpha=float("nan")), "alpha"),
    (lambda: ops.psnr(ONE, ONE[:1], 1.0), "must match"),
    (lambda: ops.psnr(ONE, ONE, 0.0), "max_val"),
    (lambda: ops.binary_crossentropy(ONE, ONE[:1]), "must have the same shape"),
    (lambda: ops.categorical_crossentropy(ONE, ONE[:1]), "must have the same shape"),
    (lambda: ops.categorical_crossentropy(1.0, 1.0), "at least rank 1"),
    (lambda: ops.sparse_categorical_crossentropy([0, 5], np.ones((2, 3))), "[0, 3)"),
    (lambda: ops.sparse_categorical_crossentropy([0], np.ones((2, 3))), "(2,)"),
    (lambda: ops.sparse_categorical_crossentropy([0, 1], np.ones((2, 3)), axis=3), "axis 3"),
    (lambda: ops.batch_normalization(ONE, np.ones(3), np.ones(4), -1), "`mean` must be a vector of length 4"),
    (
        lambda: ops.batch_normalization(
            keras.KerasTensor((None, 4)), np.ones(4), np.ones(4), -1, offset=np.ones(2), scale=np.ones(4)
        ),
        "`offset` must be a vector of length 4",
    ),
    (lambda: ops.layer_normalization(ONE, axis=5), "axis 5"),
    (lambda: ops.rms_normalization(ONE, epsilon=-1.0), "epsilon"),
    (lambda: ops.dot_product_attention(ONE, ONE, ONE), "only supports 4D inputs"),
    (lambda: ops.dot_product_attention(*(np.ones((1, 2, h, 4)) for h in (4, 3, 3))), "divides"),
    (
        lambda: ops.dot_product_attention(*[np.ones((1, 2, 4, 4))] * 3, mask=np.ones((1, 3, 2, 2), bool)),
        "(B, 4, T, S)",
    ),
    (lambda: ops.dot_product_attention(*[np.ones((1, 2, 4, 4))] * 3, attn_logits_soft_cap=1.0), "soft_cap"),
    (lambda: ops.ctc_loss([[4]], np.ones((1, 3, 4)), [1], [3]), "labels in [0, 4)"),
    (lambda: ops.ctc_loss([[1]], np.ones((1, 3, 4)), [2], [3]), "target_length in [0, 1]"),
    (lambda: ops.ctc_loss([[1]], np.ones((1, 3, 4)), [1], [4]), "output_length in [0, 3]"),
    (lambda: ops.ctc_loss([[1]], np.ones((1, 3, 4)), [1], [3], mask_index=4), "mask_index=4"),
    (lambda: ops.ctc_loss([[1]], np.ones((2, 3, 4)), [1], [3]), "same first dimension"),
    (lambda: ops.ctc_decode(np.ones((1, 3, 4)), [3], strategy="best"), "Invalid strategy"),
    (lambda: ops.ctc_decode(np.ones((1, 3, 4)), [9], strategy="beam_search"), "[0, 3]"),
    (lambda: ops.ctc_decode(np.ones((1, 3, 4)), [3], "beam_search", beam_width=2, top_paths=3), "[1, 2]"),
]


@pytest.mark.parametrize(("call", "text"), MISTAKES, ids=[text for _, text in MISTAKES])
def test_mistakes_are_named(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as info:
        call()
    assert text in str(info.value)


def test_warnings() -> None:
    with pytest.warns(UserWarning, match=r"axis 1 of a tensor of shape \(1, 1\)"):
        ops.softmax(np.ones((1, 1)), 1)
    with pytest.warns(UserWarning, match="`rms_scaling=True`, which is deprecated"):
        ops.layer_normalization(np.arange(5.0), rms_scaling=True)
    with pytest.raises(NotImplementedError, match="synchronized"):
        ops.moments(ONE, [0], synchronized=True)


def test_python_numbers_become_floatx() -> None:
    for name in ("relu", "softmax", "normalize", "rms_normalization"):
        assert getattr(ops, name)([1.0, 2.0]).dtype == "float32"
        assert getattr(ops, name)([1, 2]).dtype == "float32"
    assert ops.batch_normalization([[1, 2]], [0, 0], [1, 1], -1).dtype == "float32"


def test_rows_of_which_nothing_is_seen_stay_finite() -> None:
    x = RNG.normal(size=(1, 3, 2, 4))
    mask = np.zeros((1, 1, 3, 3), bool)
    y = ops.dot_product_attention(x, x, x, mask=mask).numpy()
    np.testing.assert_allclose(y, np.broadcast_to(x.mean(1, keepdims=True), x.shape), rtol=1e-12)


def test_masks_of_fewer_axes() -> None:
    x = RNG.normal(size=(2, 3, 4, 5))
    mask = np.tri(3, dtype=bool)
    right = ops.dot_product_attention(x, x, x, is_causal=True).numpy()
    for shaped in (mask, mask[None], np.broadcast_to(mask, (2, 3, 3)), mask[None, None]):
        np.testing.assert_array_equal(ops.dot_product_attention(x, x, x, mask=shaped).numpy(), right)


def test_attention_with_open_lengths() -> None:
    q, k = keras.Input((None, 4, 8)), keras.Input((None, 2, 8))
    model = keras.Model([q, k], ops.dot_product_attention(q, k, k, is_causal=True))
    x, y = RNG.normal(size=(2, 5, 4, 8)).astype("float32"), RNG.normal(size=(2, 6, 2, 8)).astype("float32")
    right = ops.dot_product_attention(x, y, y, is_causal=True).numpy()
    np.testing.assert_allclose(model.predict([x, y], verbose=0), right, rtol=1e-5, atol=1e-6)


def test_labels_that_do_not_fit_have_a_large_finite_loss() -> None:
    scores = _core.tensor(RNG.normal(size=(1, 2, 4)))
    with _core.Tape() as tape:
        tape.watch(scores)
        loss = ops.ctc_loss([[1, 2, 1]], scores, [3], [2])
    assert 9e4 < float(loss[0]) < 2e5
    gradient = tape.gradient(loss, [scores])[0].numpy()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() <= 1.0


def test_ctc_has_one_derivative_and_says_so() -> None:
    scores = _core.tensor(RNG.normal(size=(1, 3, 4)))
    with _core.Tape(persistent=True) as outer:
        outer.watch(scores)
        with _core.Tape() as inner:
            inner.watch(scores)
            loss = ops.ctc_loss([[1]], scores, [1], [3])
        (gradient,) = inner.gradient(loss, [scores])
        total = ops.sum(gradient * gradient)
    with pytest.raises(NotImplementedError, match="ctc_loss: expected first derivatives only"):
        outer.gradient(total, [scores])


def test_ctc_of_nothing() -> None:
    assert ops.ctc_loss(
        np.zeros((0, 2), int), np.zeros((0, 3, 4)), np.zeros(0, int), np.zeros(0, int)
    ).shape == (0,)
    # No labels: blanks only.
    loss = ops.ctc_loss(np.zeros((1, 0), int), np.zeros((1, 3, 4)), [0], [3])
    np.testing.assert_allclose(loss.numpy(), [3 * np.log(4.0)], rtol=1e-12)
    labels, scores = ops.ctc_decode(np.zeros((1, 3, 4)), [0], strategy="beam_search", top_paths=2)
    assert labels.numpy().tolist() == [[[-1] * 3], [[-1] * 3]]
    assert scores.numpy().tolist() == [[0.0, -np.inf]]


def test_training_on_sequences_of_any_length() -> None:
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.Dense(5)(inputs))
    model.compile(keras.optimizers.Adam(0.05), keras.losses.CTC())
    x, y = RNG.normal(size=(12, 7, 4)), RNG.integers(1, 5, (12, 3))
    y[:4, 2] = 0
    history = model.fit(x, y, epochs=15, batch_size=5, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    shorter = model.evaluate(x[:, :5], y, verbose=0)
    np.testing.assert_allclose(
        shorter, float(keras.losses.CTC()(y, model.predict(x[:, :5], verbose=0))), rtol=1e-5
    )


def test_functions_in_a_model_that_is_built_again() -> None:
    inputs = keras.Input((3, 4))
    x = ops.gelu(ops.layer_normalization(inputs), approximate=False)
    mean, variance = ops.moments(ops.softmax(x, axis=(1, 2)), axes=[1])
    model = keras.Model(inputs, ops.normalize(mean + variance, order=3))
    data = RNG.normal(size=(5, 3, 4)).astype("float32")
    again = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(model.predict(data, verbose=0), again.predict(data, verbose=0))
