"""Damaged samples: how much is hit, what stays, and the same with the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.pretraining import Corruption, KLSparsity, corrupt
from oxhorn.testing import check_layer
from oxhorn.testing.reference import pretraining as ref

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 6, 10)).astype("float32")
KINDS = ["masking", "gaussian", "salt_pepper", "swap", "rows", "shuffle"]


def damaged(kind: str, amount: float, x: Any = X, **more: Any) -> Any:
    return corrupt(x, kind, amount, seed=3, **more).numpy()


def test_masking() -> None:
    y = damaged("masking", 0.3)
    assert ((y == 0) | (y == X)).all()
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.02)


def test_gaussian() -> None:
    noise = damaged("gaussian", 0.5) - X
    assert noise.mean() == pytest.approx(0.0, abs=0.02)
    assert noise.std() == pytest.approx(0.5, abs=0.02)


def test_salt_and_pepper() -> None:
    y = damaged("salt_pepper", 0.4, low=-9.0, high=7.0)
    assert (y == -9.0).mean() == pytest.approx(0.2, abs=0.02)
    assert (y == 7.0).mean() == pytest.approx(0.2, abs=0.02)
    assert ((y == X) | (y == 7.0) | (y == -9.0)).all()


def test_swap() -> None:
    y = damaged("swap", 0.3)
    other = np.roll(X, 1, axis=0)
    assert ((y == X) | (y == other)).all()
    assert (y == other).mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(damaged("swap", 1.0), other)


def test_rows() -> None:
    y = damaged("rows", 0.5)
    hit = (y == np.roll(X, 1, axis=0)).all(axis=2)
    assert ((y == X).all(axis=2) | hit).all()
    assert (hit.sum(axis=1) == 3).all()
    # At a stretch: around the end, there is one place where it begins.
    assert ((hit & ~np.roll(hit, 1, axis=1)).sum(axis=1) == 1).all()
    begins = (hit & ~np.roll(hit, 1, axis=1)).argmax(axis=1)
    assert set(begins) == set(range(6))


def test_shuffle() -> None:
    flat, y = X.reshape(200, -1), damaged("shuffle", 0.5).reshape(200, -1)
    np.testing.assert_array_equal(np.sort(y), np.sort(flat))
    assert (y != flat).mean() == pytest.approx(0.5, abs=0.05)
    # Each is moved by chance alone: no place is kept by all samples, and none moved by all.
    assert (y != flat).mean(axis=0).min() > 0.3
    assert (y != flat).mean(axis=0).max() < 0.7
    whole = damaged("shuffle", 1.0, np.arange(4.0)[None].repeat(6000, axis=0))
    for place in range(4):
        np.testing.assert_allclose(np.bincount(whole[:, place].astype(int)) / 6000, 0.25, atol=0.03)


@pytest.mark.parametrize("kind", ["masking", "swap", "rows", "shuffle"])
def test_words(kind: str) -> None:
    words = RNG.integers(1, 1000, size=(40, 12)).astype("int32")
    y = corrupt(words, kind, 0.4, seed=1).numpy()
    assert y.dtype == np.int32
    assert 0.2 < (y != words).mean() < 0.6


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_hit_with_an_amount_of_zero_and_one_seed_is_one_damage(kind: str) -> None:
    np.testing.assert_array_equal(damaged(kind, 0.0), X)
    np.testing.assert_array_equal(damaged(kind, 0.4), damaged(kind, 0.4))
    assert not np.array_equal(damaged(kind, 0.4), corrupt(X, kind, 0.4, seed=4).numpy())
    keras.utils.set_random_seed(1)
    one = corrupt(X, kind, 0.4).numpy()
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(corrupt(X, kind, 0.4).numpy(), one)


@pytest.mark.parametrize("kind", KINDS)
def test_the_layer(kind: str) -> None:
    results = check_layer(Corruption(kind, 0.5, seed=2), X[:6].astype("float64"), expected=lambda x: x)
    assert sum(result == "passed" for result in results.values()) >= 9, results
    layer = Corruption(kind, 0.5, seed=2)
    first = layer(X, training=True).numpy()
    assert not np.array_equal(first, X)
    assert not np.array_equal(first, layer(X, training=True).numpy())
    x = keras.Input(X.shape[1:])
    traced = keras.Model(x, Corruption(kind, 0.5, seed=2)(x, training=True))
    np.testing.assert_allclose(traced.predict(X, batch_size=200, verbose=0), first, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"kind": "blur"}, "`kind`.*'masking'"),
        ({"amount": 1.5}, "`amount`"),
        ({"kind": "gaussian", "amount": -1.0}, "`amount`"),
        ({"amount": float("nan")}, "`amount`"),
        ({"low": "0"}, "`low`"),
        ({"seed": "x"}, "seed"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        corrupt(X, **arguments)
    with pytest.raises(ValueError, match=text):
        Corruption(**arguments)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"expected a batch.*x\[None\]"):
        corrupt(np.ones(3))
    with pytest.raises(ValueError, match="expected floats for kind='gaussian'"):
        corrupt(np.ones((2, 3), "int32"), "gaussian")


def test_rows_have_to_be_counted() -> None:
    class Always(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return corrupt(x, "rows")

    assert Always()(keras.Input((4, 3))).shape == (None, 4, 3)
    with pytest.raises(ValueError, match="size of axis 1 to be known"):
        Always()(keras.Input((None, 3)))


def test_sparsity() -> None:
    x = RNG.random((7, 3, 4))
    penalty = KLSparsity(0.2, 0.7)
    assert float(penalty(x)) == pytest.approx(ref.kl_sparsity(x, 0.2, 0.7), rel=1e-6)
    assert np.isfinite(float(penalty(np.zeros((3, 2)))))
    again = keras.regularizers.deserialize(keras.regularizers.serialize(penalty))
    assert isinstance(again, KLSparsity)
    assert again.get_config() == {"target": 0.2, "weight": 0.7}
    for arguments in ({"target": 0.0}, {"target": 1.0}, {"weight": -1.0}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            KLSparsity(**arguments)


def test_sparsity_makes_codes_sparse() -> None:
    x = RNG.random((256, 8)).astype("float32")

    def mean_code(regularizer: Any) -> float:
        keras.utils.set_random_seed(0)
        coder = keras.pretraining.StackedAutoencoder(
            [16], activation="sigmoid", code_regularizer=regularizer, tied=True
        )
        coder.pretrain(x, epochs=30, optimizer=keras.optimizers.Adam(0.01), verbose=0)
        return float(coder.encode(x).mean())

    assert mean_code(KLSparsity(0.1, 1.0)) < 0.2 < mean_code(None)
