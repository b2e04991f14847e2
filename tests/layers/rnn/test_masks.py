"""Masks from where they are made to the loss and the metrics: what is masked counts nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
RNG = np.random.default_rng(0)
IDS = np.array([[3, 1, 2, 0, 0], [4, 4, 0, 0, 0], [1, 2, 3, 4, 5], [5, 0, 2, 0, 1]])
THERE = IDS != 0
LABELS = RNG.integers(0, 3, IDS.shape)


def tagger(*layers: Any) -> keras.Model:
    inputs = keras.Input((None,), dtype="int32")
    x = L.Embedding(6, 4, mask_zero=True)(inputs)
    for layer in layers:
        x = layer(x)
    model = keras.Model(inputs, x)
    model.compile(
        "sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"]
    )
    return model


STACKS = {
    "rnn": lambda: [L.RNN(L.GRUCell(5), return_sequences=True), L.Dense(3, activation="softmax")],
    "both ways": lambda: [
        L.Bidirectional(L.RNN(L.LSTMCell(5), return_sequences=True)),
        L.Dropout(0.5),
        L.LayerNormalization(),
        L.TimeDistributed(L.Dense(3, activation="softmax")),
    ],
    "stacked": lambda: [
        L.RNN([L.LSTMCell(4), L.SimpleRNNCell(5)], return_sequences=True),
        L.RNN(L.SimpleRNNCell(5), return_sequences=True),
        L.Dense(3),
        L.Softmax(),
    ],
}


@pytest.mark.parametrize("kind", STACKS)
def test_loss_and_metrics_leave_masked_steps_out(kind: str) -> None:
    model = tagger(*STACKS[kind]())
    probabilities = model.predict(IDS, verbose=0).astype("float64")
    chosen = np.take_along_axis(probabilities, LABELS[..., None], -1)[..., 0]
    right = probabilities.argmax(-1) == LABELS
    loss = -np.log(chosen)[THERE].mean()
    accuracy = right[THERE].mean()
    got = model.evaluate(IDS, LABELS, batch_size=4, verbose=0, return_dict=True)
    assert got["loss"] == pytest.approx(loss, rel=1e-5)
    assert got["accuracy"] == pytest.approx(accuracy, rel=1e-6)
    assert got["weighted_accuracy"] == pytest.approx(accuracy, rel=1e-6)
    # Two batches weigh as much as they have samples; metrics count steps.
    parts = [(-np.log(chosen)[s])[THERE[s]].mean() for s in (slice(0, 2), slice(2, 4))]
    got = model.evaluate(IDS, LABELS, batch_size=2, verbose=0, return_dict=True)
    assert got["loss"] == pytest.approx(np.mean(parts), rel=1e-5)
    assert got["accuracy"] == pytest.approx(accuracy, rel=1e-6)
    # Weights of samples come on top.
    weight = np.array([0.0, 2.0, 1.0, 0.5])
    all_weights = (weight[:, None] * THERE)[THERE]
    got = model.evaluate(IDS, LABELS, sample_weight=weight, batch_size=4, verbose=0, return_dict=True)
    assert got["loss"] == pytest.approx((-np.log(chosen)[THERE] * all_weights).sum() / THERE.sum(), rel=1e-5)
    assert got["accuracy"] == pytest.approx(accuracy, rel=1e-6)
    assert got["weighted_accuracy"] == pytest.approx(np.average(right[THERE], weights=all_weights), rel=1e-5)


def test_what_stands_at_masked_steps_does_not_matter() -> None:
    """More padding, and other labels there, give the same losses, weights and predictions."""
    keras.utils.set_random_seed(1)
    one = tagger(*STACKS["rnn"]())
    two = keras.models.clone_model(one)
    two.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    two.set_weights(one.get_weights())
    longer = np.pad(IDS, ((0, 0), (0, 3)))
    labels = np.pad(np.where(THERE, LABELS, 2), ((0, 0), (0, 3)), constant_values=1)
    a = one.fit(IDS, LABELS, epochs=3, batch_size=4, shuffle=False, verbose=0).history
    b = two.fit(longer, labels, epochs=3, batch_size=4, shuffle=False, verbose=0).history
    np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-5)
    np.testing.assert_allclose(a["accuracy"], b["accuracy"], rtol=1e-6)
    for x, y in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        one.predict(IDS, verbose=0)[THERE], two.predict(longer, verbose=0)[:, :5][THERE], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("cell", [L.SimpleRNNCell, L.LSTMCell, L.GRUCell])
def test_last_output_is_that_of_the_last_step_there(cell: Any) -> None:
    """With padding at the end, and at the beginning, the result is that of the sequence alone."""
    x = RNG.normal(size=(1, 3, 2)).astype("float32") + 3.0
    layer = L.RNN(cell(4))
    masking = L.Masking(0.0)
    alone = layer(x).numpy()
    for pad in ((0, 4), (3, 0), (2, 2)):
        padded = np.pad(x, ((0, 0), pad, (0, 0)))
        np.testing.assert_allclose(layer(masking(padded)).numpy(), alone, rtol=1e-5, atol=1e-6)
        inputs = keras.Input((None, 2))
        model = keras.Model(inputs, layer(masking(inputs)))
        np.testing.assert_allclose(model.predict(padded, verbose=0), alone, rtol=1e-5, atol=1e-6)


def test_mask_is_used_with_an_initial_state() -> None:
    embedding, rnn = L.Embedding(6, 4, mask_zero=True), L.RNN(L.GRUCell(4))
    state = RNG.normal(size=(4, 4)).astype("float32")
    whole = rnn(embedding(IDS), initial_state=state).numpy()
    alone = rnn(embedding(IDS[1:2, :2]), initial_state=state[1:2]).numpy()
    np.testing.assert_allclose(whole[1:2], alone, rtol=1e-5, atol=1e-6)
    inputs, first = keras.Input((None,), dtype="int32"), keras.Input((4,))
    model = keras.Model([inputs, first], rnn(embedding(inputs), initial_state=first))
    np.testing.assert_allclose(model.predict([IDS, state], verbose=0), whole, rtol=1e-5, atol=1e-6)


def test_masks_of_results() -> None:
    x = L.Embedding(6, 4, mask_zero=True)(IDS)
    cases: list[tuple[dict[str, Any], list[Any]]] = [
        ({}, [None]),
        ({"return_sequences": True}, [THERE]),
        ({"return_sequences": True, "go_backwards": True}, [THERE[:, ::-1]]),
        ({"return_state": True}, [None, None, None]),
        ({"return_state": True, "return_sequences": True}, [THERE, None, None]),
    ]
    for way, expected in cases:
        layer = L.RNN(L.LSTMCell(3), **way)
        found = [t._keras_mask for t in keras.tree.flatten(layer(x))]
        assert [m is None for m in found] == [m is None for m in expected]
        for mask, right in zip(found, expected, strict=True):
            if right is not None:
                np.testing.assert_array_equal(mask.numpy(), right)
        masks = layer.compute_mask(None, ops.convert_to_tensor(THERE))
        assert len(masks if way.get("return_state") else [masks]) == len(expected)
        assert not any(m is not None for m in keras.tree.flatten(layer.compute_mask(None, None)))


def test_masks_in_other_forms() -> None:
    x = RNG.normal(size=(4, 5, 3)).astype("float32")
    layer = L.RNN(L.GRUCell(3))
    expected = layer(x, mask=THERE).numpy()
    for mask in (
        THERE.astype("float32"),
        THERE.astype("int32"),
        ops.convert_to_tensor(THERE),
        THERE[..., None],
    ):
        np.testing.assert_array_equal(layer(x, mask=mask).numpy(), expected)
    assert np.abs(layer(x).numpy() - expected).max() > 1e-3
    for wrong in (THERE[:, :4], THERE[:3], THERE[0]):
        with pytest.raises(ValueError, match=r"expected a mask of the shape \(batch, steps\)"):
            layer(x, mask=wrong)


def test_nothing_but_padding() -> None:
    """A sequence without a step has the first state as its result, and no part in the loss."""
    model = tagger(L.RNN(L.SimpleRNNCell(3), return_sequences=True), L.Dense(3, activation="softmax"))
    ids = np.array([[1, 2], [0, 0]])
    labels = np.array([[0, 1], [2, 2]])
    both = model.evaluate(ids, labels, batch_size=2, verbose=0)
    alone = model.evaluate(ids[:1], labels[:1], verbose=0)
    np.testing.assert_allclose(both, alone, rtol=1e-6)
    assert model.evaluate(ids[1:], labels[1:], verbose=0)[0] == 0.0
    assert np.isfinite(model.fit(ids[1:], labels[1:], verbose=0).history["loss"][0])
    assert np.isfinite(np.concatenate([w.ravel() for w in model.get_weights()])).all()


def test_masking_layer_in_fit() -> None:
    x = RNG.normal(size=(6, 4, 2)).astype("float32")
    x[::2, 2:] = -1.0
    y = np.zeros((6, 4, 1), "float32")
    model = keras.Sequential(
        [keras.Input((4, 2)), L.Masking(-1.0), L.RNN(L.LSTMCell(3), return_sequences=True), L.Dense(1)]
    )
    model.compile("sgd", "mse", metrics=["mae"])
    there = np.ones((6, 4), bool)
    there[::2, 2:] = False
    predicted = model.predict(x, verbose=0)[..., 0].astype("float64")
    got = model.evaluate(x, y, batch_size=6, verbose=0, return_dict=True)
    assert got["loss"] == pytest.approx((predicted[there] ** 2).mean(), rel=1e-5)
    assert got["mae"] == pytest.approx(np.abs(predicted[there]).mean(), rel=1e-5)


def test_softmax_of_steps() -> None:
    """A mask of steps says nothing of the entries of a step; along the steps themselves it does."""
    x = L.Embedding(6, 3, mask_zero=True)(IDS)
    np.testing.assert_allclose(L.Softmax()(x).numpy().sum(-1), np.ones(IDS.shape), rtol=1e-5)
    along = L.Softmax(axis=1)(x).numpy()
    assert np.abs(along[~THERE]).max() == 0
    np.testing.assert_allclose(along.sum(1), np.ones((4, 3)), rtol=1e-5)
    np.testing.assert_array_equal(L.Softmax()(x)._keras_mask.numpy(), THERE)
