"""CTC: steps left out by a mask, alignments that are impossible, another blank, and training."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, losses, ops

RNG = np.random.default_rng(5)
LABELS = np.array([[1, 2, 0], [3, 3, 1], [2, 0, 0]])
SCORES = RNG.normal(size=(3, 8, 4))
STEPS = np.array([8, 6, 3])


def masked() -> _core.Tensor:
    scores = _core.tensor(SCORES)
    scores._keras_mask = _core.tensor(np.arange(8)[None] < STEPS[:, None])
    return scores


def test_a_mask_gives_the_lengths() -> None:
    count = (LABELS != 0).sum(1)
    right = ops.ctc_loss(LABELS, SCORES, count, STEPS).numpy()
    np.testing.assert_allclose(losses.ctc(LABELS, masked()).numpy(), right, rtol=1e-9)
    loss = losses.CTC(dtype="float64")
    assert float(loss(LABELS, masked())) == pytest.approx(right.mean(), rel=1e-9)
    weighted = losses.CTC(reduction="sum", dtype="float64")(LABELS, masked(), sample_weight=[1.0, 0.0, 2.0])
    assert float(weighted) == pytest.approx(right[0] + 2 * right[2], rel=1e-9)
    scores = masked()
    with _core.Tape() as tape:
        tape.watch(scores)
        total = loss(LABELS, scores)
    slope = tape.gradient(total, [scores])[0].numpy()
    assert np.isfinite(slope).all()
    for row, steps in zip(slope, STEPS, strict=True):
        assert np.abs(row[:steps]).sum() > 0.0
        np.testing.assert_array_equal(row[steps:], 0.0)


def test_what_was_left_out_may_be_anything() -> None:
    noisy = np.where((np.arange(8)[None] < STEPS[:, None])[..., None], SCORES, np.inf)
    scores = _core.tensor(noisy)
    scores._keras_mask = masked()._keras_mask
    np.testing.assert_array_equal(losses.ctc(LABELS, scores).numpy(), losses.ctc(LABELS, masked()).numpy())


def test_another_blank_is_another_order_of_the_classes() -> None:
    count = (LABELS != 0).sum(1)
    last = np.concatenate([SCORES[..., 1:], SCORES[..., :1]], -1)
    np.testing.assert_allclose(
        ops.ctc_loss(np.maximum(LABELS - 1, 0), last, count, STEPS, mask_index=3).numpy(),
        ops.ctc_loss(LABELS, SCORES, count, STEPS, mask_index=0).numpy(),
        rtol=1e-9,
    )


def test_impossible_alignments_are_large_and_finite() -> None:
    # Two equal labels need a blank between them: three steps.
    values = losses.ctc([[2, 2], [1, 2]], SCORES[:2, :2]).numpy()
    assert values[0] > 1e4 and np.isfinite(values).all()
    assert values[1] == pytest.approx(
        -np.log(np.prod([np.exp(s[c]) / np.exp(s).sum() for s, c in zip(SCORES[1, :2], (1, 2), strict=True)]))
    )


def test_training_with_a_mask() -> None:
    keras.utils.set_random_seed(1)
    x = np.zeros((8, 6, 4), "float32")
    labels = np.array([[1, 2], [2, 1], [1, 0], [2, 0]] * 2)
    for row, (first, second) in zip(x, labels, strict=True):
        row[1, first] = 1.0
        row[3, second] = 1.0
        row[:4, 3] = 1.0
    model = keras.Sequential(
        [
            keras.Input((6, 4)),
            keras.layers.Masking(),
            keras.layers.LSTM(8, return_sequences=True),
            keras.layers.Dense(3),
        ]
    )
    model.compile(keras.optimizers.Adam(0.05), losses.CTC())
    history = model.fit(x, labels, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.1 * history[0]


def test_a_mask_of_another_shape() -> None:
    scores = masked()
    scores._keras_mask = _core.tensor(np.ones((3, 1), bool))
    with pytest.raises(ValueError, match=r"ctc: expected a mask of shape \(batch, steps\).*got \(3, 1\)"):
        losses.ctc(LABELS, scores)
