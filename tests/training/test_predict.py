"""predict and the methods for one batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.training.models import CLASSES, L, X, Y, classifier, linear, two_outputs


def by_hand(model: keras.Model, x: np.ndarray[Any, Any] = X) -> np.ndarray[Any, Any]:
    k, b = model.get_weights()
    return x @ k + b


@pytest.mark.parametrize("options", [{}, {"batch_size": 7}, {"batch_size": 1}, {"batch_size": 1000}])
def test_values(options: dict[str, Any]) -> None:
    model = linear()
    for _ in range(2):
        got = model.predict(X, verbose=0, **options)
        np.testing.assert_allclose(got, by_hand(model), rtol=1e-5, atol=1e-6)
        assert got.dtype == "float32"
        assert got.flags.writeable


def test_it_follows_the_weights() -> None:
    model = linear()
    model.predict(X, verbose=0)
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    np.testing.assert_allclose(model.predict(X, verbose=0), X.sum(1, keepdims=True), rtol=1e-5, atol=1e-6)


def test_it_needs_no_compile() -> None:
    model = keras.Sequential([L.Dense(2)])
    assert model.predict(X, verbose=0).shape == (20, 2)


def test_structures_are_kept() -> None:
    pair = two_outputs().predict(X, verbose=0)
    assert isinstance(pair, list)
    assert [p.shape for p in pair] == [(20, 1), (20, 4)]
    named = two_outputs(as_dict=True).predict(X, batch_size=6, verbose=0)
    assert {name: p.shape for name, p in named.items()} == {"p": (20, 1), "q": (20, 4)}


def test_sources_stream() -> None:
    model = linear()
    right = by_hand(model)

    def batches() -> Iterator[Any]:
        for at in range(0, 20, 7):
            yield (X[at : at + 7],)

    np.testing.assert_allclose(model.predict(batches(), verbose=0), right, rtol=1e-5, atol=1e-6)
    with_targets = [(X[:9], Y[:9]), (X[9:], Y[9:])]
    np.testing.assert_allclose(model.predict(iter(with_targets), verbose=0), right, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        model.predict(X, batch_size=6, steps=2, verbose=0), right[:12], rtol=1e-5, atol=1e-6
    )
    with pytest.raises(ValueError, match="yields no batch"):
        model.predict(iter(()), verbose=0)


def test_sequences_of_any_length() -> None:
    model = keras.Sequential([keras.Input((None, 3)), L.Dense(2)])
    a, b = np.ones((2, 5, 3), "float32"), np.ones((3, 9, 3), "float32")
    assert model.predict(a, verbose=0).shape == (2, 5, 2)
    assert model.predict(b, verbose=0, batch_size=2).shape == (3, 9, 2)
    with pytest.raises(ValueError, match=r"cannot join output 0 .* \[\(5, 2\), \(9, 2\)\]"):
        model.predict(iter([(a,), (b,)]), verbose=0)


def test_hooks() -> None:
    seen: list[Any] = []

    class Look(keras.callbacks.Callback):
        def on_predict_begin(self, logs: Any = None) -> None:
            seen.append("begin")

        def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, logs["outputs"].shape))

        def on_predict_end(self, logs: Any = None) -> None:
            seen.append("end")

    linear().predict(X, batch_size=8, verbose=0, callbacks=[Look()])
    assert seen == ["begin", 0, (0, (8, 1)), 1, (1, (8, 1)), 2, (2, (4, 1)), "end"]


def test_own_step() -> None:
    class Own(keras.Sequential):
        def predict_step(self, data: Any) -> Any:
            return {"twice": 2 * self(data)}

    model = Own([keras.Input((3,)), L.Dense(1)])
    got = model.predict(X, batch_size=6, verbose=0)
    np.testing.assert_allclose(got["twice"], 2 * by_hand(model), rtol=1e-5, atol=1e-6)
    model.run_eagerly = True
    np.testing.assert_allclose(
        keras.Sequential.predict(model, X, verbose=0)["twice"], got["twice"], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (X[:, :2], {}, "expected 3 at axis 1"),
        (X[0], {}, r"expected rank 2 .*rank 1 .*\(3,\).* x\[np.newaxis\]"),
        (X, {"batch_size": 0}, "`batch_size` to be a positive integer"),
        (X, {"steps": 0}, "`steps` to be a positive integer"),
        (X, {"verbose": 5}, "`verbose`"),
        (None, {}, "`x` is None"),
        (X[:0], {}, "at least one sample"),
        ("abc", {}, "'abc'"),
    ],
)
def test_bad_input(x: Any, options: dict[str, Any], message: str) -> None:
    model = linear()
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            model.predict(x, **{"verbose": 0, **options})
        model.predict(X, verbose=0)


def test_predict_on_batch() -> None:
    model = linear()
    for _ in range(2):
        np.testing.assert_allclose(model.predict_on_batch(X), by_hand(model), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(X.tolist()), by_hand(model), rtol=1e-5, atol=1e-6)


def test_train_on_batch() -> None:
    model = linear(metrics=["mae"])
    error = by_hand(model) - Y
    loss, mae = model.train_on_batch(X, Y)
    np.testing.assert_allclose([loss, mae], [np.mean(error**2), np.abs(error).mean()], rtol=1e-5)
    assert type(loss) is float
    error = by_hand(model) - Y
    logs = model.test_on_batch(X, Y, return_dict=True)
    np.testing.assert_allclose(
        [logs["loss"], logs["mae"]], [np.mean(error**2), np.abs(error).mean()], rtol=1e-5
    )
    assert isinstance(linear().train_on_batch(X, Y), float)
    assert list(model.train_on_batch(X, Y, return_dict=True)) == ["loss", "mae"]


def test_weights_of_a_batch() -> None:
    model = classifier(optimizer=keras.optimizers.SGD(0.0))
    p = model.predict(X, verbose=0)
    loss = -np.log(p[np.arange(20), CLASSES])
    w = np.linspace(0.5, 1.5, 20)
    np.testing.assert_allclose(
        model.train_on_batch(X, CLASSES, sample_weight=w), np.mean(w * loss), rtol=1e-5
    )
    by_class = {0: 1.0, 1: 2.0, 2: 0.5, 3: 0.0}
    got = model.train_on_batch(X, CLASSES, class_weight=by_class)
    np.testing.assert_allclose(got, np.mean([by_class[c] for c in CLASSES] * loss), rtol=1e-5)
    with pytest.raises(ValueError, match="both `class_weight` and `sample_weight`"):
        model.train_on_batch(X, CLASSES, sample_weight=w, class_weight=by_class)


def test_not_compiled() -> None:
    model = keras.Sequential([keras.Input((3,)), L.Dense(1)])
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match=r"needs a compiled model, .* Call model.compile\(optimizer"):
            call(X, Y)


@pytest.mark.parametrize("kind", [dict, list])
def test_inputs_in_inputs(kind: type) -> None:
    a, b, c = (keras.Input((4,), name=name) for name in "abc")
    inner = [b, c] if kind is dict else {"c": c, "b": b}
    model = keras.Model({"outer": a, "inner": inner} if kind is dict else [a, inner], a + 10 * b + 100 * c)
    x, y, z = np.random.default_rng(0).integers(0, 9, (3, 5, 4)).astype("float32")
    given = {"inner": [y, z], "outer": x} if kind is dict else [x, {"b": y, "c": z}]
    np.testing.assert_array_equal(model.predict(given, verbose=0), x + 10 * y + 100 * z)
    model.compile("sgd", "mse")
    assert model.evaluate(given, x + 10 * y + 100 * z, verbose=0) == 0.0
    short = {"inner": [y], "outer": x} if kind is dict else [x, {"b": y}]
    with pytest.raises(ValueError, match="expected 3 inputs"):
        model.predict(short, verbose=0)
