"""What must not change when something that should not matter does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.arrays import LAYOUTS
from tests.networks import blobs, cnn, images, mlp

X, Y = blobs(40)


def trained(x: Any, y: Any, dtype: str = "float32", **options: Any) -> list[np.ndarray]:
    """The weights after two epochs from the same start."""
    keras.utils.set_random_seed(3)
    model = mlp(dtype=dtype)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    model.fit(x, y, **{"batch_size": 10, "epochs": 2, "shuffle": False, "verbose": 0, **options})
    return model.get_weights()


def plain_network(dtype: str = "float64") -> keras.Model:
    """Without batch normalisation: samples meet only in the sum of the loss."""
    keras.utils.set_random_seed(5)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,), dtype=dtype),
            layers.Dense(7, activation="tanh", dtype=dtype),
            layers.Dense(3, activation="softmax", dtype=dtype),
        ]
    )


def one_step(
    x: np.ndarray, y: np.ndarray, loss: Any = "sparse_categorical_crossentropy", **options: Any
) -> list[Any]:
    model = plain_network()
    model.compile(keras.optimizers.SGD(0.1), loss)
    model.fit(x, y, batch_size=len(x), epochs=1, verbose=0, **options)
    return model.get_weights()


def assert_equal(a: list[np.ndarray], b: list[np.ndarray], rtol: float = 0.0) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


def test_order_within_a_full_batch() -> None:
    order = np.random.default_rng(0).permutation(len(X))
    assert_equal(one_step(X, Y), one_step(X[order], Y[order]), 1e-11)


def test_a_row_twice_is_weight_two() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    twice = np.concatenate([np.arange(20), [3, 11, 12]])
    weight = np.ones(20)
    weight[[3, 11, 12]] = 2
    assert_equal(
        one_step(X[twice], Y[twice], loss), one_step(X[:20], Y[:20], loss, sample_weight=weight), 1e-11
    )


def test_zero_weight_is_no_row() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    keep = np.arange(20) % 3 > 0
    assert_equal(
        one_step(X[:20], Y[:20], loss, sample_weight=keep.astype(float)),
        one_step(X[:20][keep], Y[:20][keep], loss),
        1e-11,
    )


def test_weights_of_one_are_no_weights() -> None:
    assert_equal(trained(X, Y, sample_weight=np.ones(len(X))), trained(X, Y))
    assert_equal(trained(X, Y, class_weight={0: 1.0, 1: 1.0, 2: 1.0}), trained(X, Y))


def test_training_is_evaluation_without_dropout_and_batch_norm() -> None:
    model = plain_network()
    x = X.astype("float64")
    np.testing.assert_array_equal(model(x, training=True).numpy(), model(x, training=False).numpy())


def test_dropout_and_batch_norm_rest_in_evaluation() -> None:
    model = mlp(dropout=0.5)
    a, b = model(X, training=False).numpy(), model(X).numpy()
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(model.predict(X, verbose=0), a, rtol=1e-6, atol=1e-7)
    assert not np.array_equal(model(X, training=True).numpy(), a)


@pytest.mark.parametrize("make", [mlp, cnn], ids=["mlp", "cnn"])
def test_slices_of_predict(make: Callable[[], keras.Model]) -> None:
    model = make()
    x = X if make is mlp else images(40)[0]
    whole = model.predict(x, verbose=0)
    for piece in (slice(0, 1), slice(5, 12), slice(39, 40), slice(None, None, 3), slice(None, None, -1)):
        np.testing.assert_allclose(model.predict(x[piece], verbose=0), whole[piece], rtol=1e-5, atol=1e-6)
    for size in (1, 7, 1000):
        np.testing.assert_allclose(model.predict(x, batch_size=size, verbose=0), whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(layout: str) -> None:
    x, y = LAYOUTS[layout](X), LAYOUTS[layout](Y)
    before = x.copy(), y.copy()
    assert_equal(trained(x, y), trained(X, Y))
    model = mlp()
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(X, verbose=0))
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict_on_batch(X))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "int16", "int64", "uint8", "uint16", "bool"])
def test_any_number_type(dtype: str) -> None:
    """Inputs of any real type are converted once, to what the model was made for."""
    x = (X > 0 if dtype == "bool" else np.abs(np.round(X * 3))).astype(dtype)
    model = mlp()
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x.astype("float32"), verbose=0))
    assert_equal(trained(x, Y), trained(x.astype("float32"), Y))


def test_memory_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert_equal(trained(x, Y), trained(X, Y))


def test_lists_and_data_frames() -> None:
    pandas = pytest.importorskip("pandas")
    plain = trained(X, Y)
    assert_equal(trained(X.tolist(), Y.tolist()), plain)
    frame = pandas.DataFrame(X, columns=[f"c{i}" for i in range(6)])
    assert_equal(trained(frame, pandas.Series(Y)), plain)
    model = mlp()
    np.testing.assert_array_equal(model.predict(frame, verbose=0), model.predict(X, verbose=0))


def test_inputs_are_never_modified() -> None:
    x, y, w = X.copy(), Y.copy(), np.linspace(0.5, 1.5, len(X))
    model = mlp(dropout=0.2)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    kept = w.copy()
    model.fit(x, y, sample_weight=w, epochs=1, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(w, kept)


def test_results_are_owned_and_writeable() -> None:
    model = mlp()
    for result in (
        model.predict(X, verbose=0),
        model.predict_on_batch(X),
        model(X).numpy(),
        *model.get_weights(),
    ):
        assert isinstance(result, np.ndarray)
        assert result.flags.writeable
        assert result.flags.owndata or result.base is None
    before = model.get_weights()[0].copy()
    model.get_weights()[0][...] = 99.0
    np.testing.assert_array_equal(model.get_weights()[0], before)
    given = [w.copy() for w in model.get_weights()]
    model.set_weights(given)
    given[0][...] = 99.0
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_one_sample() -> None:
    assert all(np.isfinite(w).all() for w in trained(X[:1], Y[:1]))
    model = mlp()
    assert model.predict(X[:1], verbose=0).shape == (1, 3)


def test_one_feature() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 1))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    for data in (x, x[:, 0]):
        model.fit(data, 3 * x[:, 0] + 1, epochs=40, batch_size=5, verbose=0)
        k, b = model.get_weights()
        np.testing.assert_allclose([k[0, 0], b[0]], [3, 1], atol=1e-2)


def test_column_labels_are_flat_labels() -> None:
    assert_equal(trained(X, Y[:, None]), trained(X, Y))


def test_fit_twice_is_fit_longer() -> None:
    keras.utils.set_random_seed(3)
    model = mlp()
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    for _ in range(2):
        model.fit(X, Y, batch_size=10, epochs=1, shuffle=False, verbose=0)
    assert_equal(model.get_weights(), trained(X, Y))


def test_predict_from_several_threads() -> None:
    model = cnn()
    x = images(64)[0]
    pieces = [x[i : i + n] for i, n in ((0, 64), (3, 17), (10, 1), (20, 33), (0, 5), (40, 24))]
    serial = [model.predict(p, verbose=0) for p in pieces]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(4):
            for got, right in zip(
                pool.map(lambda p: model.predict(p, verbose=0), pieces), serial, strict=True
            ):
                np.testing.assert_array_equal(got, right)


def test_scaling_the_loss_scales_the_gradient() -> None:
    x, y = X.astype("float64"), Y
    moved = []
    for weight in (1.0, 3.0):
        model = plain_network()
        start = model.get_weights()
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", loss_weights=[weight])
        model.fit(x, y, batch_size=len(x), epochs=1, verbose=0)
        moved.append([b - a for a, b in zip(start, model.get_weights(), strict=True)])
    assert_equal([3.0 * d for d in moved[0]], moved[1], 1e-12)


def test_frozen_layers_stay() -> None:
    model = mlp()
    model.layers[0].trainable = False
    norm = model.layers[1]
    norm.trainable = False
    before = model.layers[0].get_weights() + norm.get_weights()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, epochs=1, verbose=0)
    assert_equal(model.layers[0].get_weights() + norm.get_weights(), before)
    # A frozen batch normalisation uses its moving statistics, in training too.
    z = np.random.default_rng(0).normal(size=(9, 8)).astype("float32")
    np.testing.assert_array_equal(norm(z, training=True).numpy(), norm(z, training=False).numpy())


def test_evaluate_is_the_mean_of_the_losses() -> None:
    model = plain_network()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = X.astype("float64")
    p = model.predict(x, verbose=0)
    loss, accuracy = model.evaluate(x, Y, batch_size=7, verbose=0)
    np.testing.assert_allclose(loss, -np.mean(np.log(p[np.arange(len(Y)), Y])), rtol=1e-5)
    np.testing.assert_allclose(accuracy, np.mean(p.argmax(1) == Y), rtol=1e-6)
