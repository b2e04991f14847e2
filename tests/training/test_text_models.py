"""Models whose first layers read text or hash: these run before the compiled part, for each batch."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers

TEXTS = np.array(
    ["good film", "bad film", "great good", "awful bad", "good good great", "bad awful thing"] * 8
)
Y = np.array([1, 0, 1, 0, 1, 0] * 8)


def vectorizer(**options: Any) -> layers.TextVectorization:
    layer = layers.TextVectorization(**{"output_sequence_length": 4, **options})
    layer.adapt(TEXTS)
    return layer


def classifier(*first: Any) -> keras.Sequential:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            *first,
            layers.Embedding(10, 4, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("shape", [(), (1,), None])
def test_text_trains_as_numbers_do(shape: Any) -> None:
    layer = vectorizer()
    texts = TEXTS if shape != (1,) else TEXTS[:, None]
    model = classifier(*([] if shape is None else [keras.Input(shape, dtype="string")]), layer)
    numbers = layer(TEXTS).numpy()
    plain = classifier(keras.Input((4,), dtype="int64"))
    histories = [
        one.fit(x, Y, epochs=3, batch_size=8, shuffle=False, validation_split=0.25, verbose=0).history
        for one, x in ((model, texts), (plain, numbers))
    ]
    assert histories[0] == histories[1]
    assert model.evaluate(texts, Y, verbose=0) == plain.evaluate(numbers, Y, verbose=0)
    expected = plain.predict(numbers, verbose=0)
    for found in (
        model.predict(texts, verbose=0),
        model.predict(texts.tolist(), verbose=0),
        model.predict(texts, batch_size=5, verbose=0),
        model.predict_on_batch(texts),
        model(texts),
        model(texts.tolist()),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert model.evaluate(texts, Y, verbose=0)[1] == 1.0
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict(texts, verbose=0), expected, rtol=1e-6)


def test_shuffling_repeats() -> None:
    runs = []
    for _ in range(2):
        model = classifier(vectorizer())
        runs.append(model.fit(TEXTS, Y, epochs=2, batch_size=7, verbose=0).history["loss"])
    assert runs[0] == runs[1]


def test_generators_weights_and_single_batches() -> None:
    model, twin = classifier(vectorizer()), classifier(vectorizer())

    def batches():
        for i in range(0, 48, 12):
            yield TEXTS[i : i + 12], Y[i : i + 12]

    first = model.fit(batches(), verbose=0).history
    assert first == twin.fit(TEXTS, Y, batch_size=12, shuffle=False, verbose=0).history
    assert model.train_on_batch(TEXTS[:8], Y[:8]) == twin.train_on_batch(TEXTS[:8].tolist(), Y[:8])
    assert model.test_on_batch(TEXTS, Y)[0] == pytest.approx(model.evaluate(TEXTS, Y, verbose=0)[0])
    weights = np.where(Y == 1, 3.0, 1.0)
    histories = [
        one.fit(TEXTS, Y, shuffle=False, verbose=0, **options).history
        for one, options in ((model, {"class_weight": {0: 1.0, 1: 3.0}}), (twin, {"sample_weight": weights}))
    ]
    assert histories[0] == histories[1]
    assert len(model.fit(TEXTS, Y, steps_per_epoch=3, verbose=0).history["loss"]) == 1


def test_eagerly() -> None:
    model, twin = classifier(vectorizer()), classifier(vectorizer())
    twin.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)
    losses = [one.fit(TEXTS, Y, shuffle=False, verbose=0).history["loss"] for one in (model, twin)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def features() -> tuple[keras.Model, dict[str, Any]]:
    """A model of text, numbers and whole numbers, all of which are encoded inside."""
    word, numbers, code = (
        keras.Input((1,), dtype="string", name="word"),
        keras.Input((2,), name="numbers"),
        keras.Input((1,), dtype="int32", name="code"),
    )
    joined = layers.Concatenate()(
        [
            layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")(word),
            numbers,
            layers.Hashing(5, output_mode="one_hot")(word),
            layers.IntegerLookup(vocabulary=[3, 5], output_mode="multi_hot")(code),
            layers.HashedCrossing(7, output_mode="one_hot")([word, code]),
        ]
    )
    model = keras.Model([word, numbers, code], [joined, layers.Dense(1, name="out")(joined)])
    data = {
        "word": np.array([["a"], ["q"], ["b"]] * 4),
        "numbers": np.random.default_rng(0).uniform(size=(12, 2)).astype("float32"),
        "code": np.array([[3], [5], [9]] * 4),
    }
    return model, data


def test_several_inputs() -> None:
    model, data = features()
    eager = model(data)
    ways = (data, list(data.values()), {key: value.tolist() for key, value in data.items()})
    for inputs in ways:
        for found, expected in zip(model.predict(inputs, verbose=0, batch_size=5), eager, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert model.output_shape == [(None, 20), (None, 1)]
    trained = keras.Model(model.inputs, model.outputs[1])
    trained.compile("sgd", "mse")
    first, *_, last = trained.fit(data, np.ones(12), epochs=9, verbose=0).history["loss"]
    assert last < first


def test_models_of_models() -> None:
    layer = vectorizer()
    prepare = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    expected = layer(TEXTS).numpy()
    np.testing.assert_array_equal(prepare.predict(TEXTS[:, None], verbose=0), expected)
    inputs = keras.Input((1,), dtype="string")
    core = classifier(keras.Input((4,), dtype="int64"))
    for whole in (keras.Model(inputs, core(prepare(inputs))), keras.Model(inputs, core(layer(inputs)))):
        np.testing.assert_allclose(
            whole.predict(TEXTS, verbose=0), core.predict(expected, verbose=0), rtol=1e-6
        )
    # Models that begin with text, within others.
    inner = classifier(keras.Input((1,), dtype="string"), layer)
    inner.set_weights(core.get_weights())
    for outer in (
        keras.Sequential([inner, layers.Rescaling(2.0)]),
        keras.Sequential([keras.Input((1,), dtype="string"), inner, layers.Rescaling(2.0)]),
        keras.Model(inputs, layers.Rescaling(2.0)(keras.Sequential([inner])(inputs))),
    ):
        for found in (outer.predict(TEXTS[:, None], verbose=0), outer(TEXTS[:, None]).numpy()):
            np.testing.assert_allclose(found, 2 * core.predict(expected, verbose=0), rtol=1e-6)
    outer.compile("sgd", "mse")
    before = inner.get_weights()[-2]
    outer.fit(TEXTS[:, None], Y, batch_size=16, verbose=0)
    assert not np.array_equal(before, inner.get_weights()[-2])
    words = layers.StringLookup(vocabulary=["a", "b"], invert=True)
    code = keras.Input((), dtype="int64")
    assert keras.Model(code, words(code))(np.array([1, 0])).tolist() == ["a", "[UNK]"]


def test_clones_and_configs() -> None:
    model, data = features()
    again = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(again.predict(data, verbose=0)[0], model.predict(data, verbose=0)[0])


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hash = layers.Hashing(4, output_mode="one_hot")
        self.dense = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(self.hash(x))


def dense_of_text() -> Any:
    return keras.Sequential([keras.Input((1,), dtype="string"), layers.Dense(1)])


def hash_behind_dense() -> Any:
    x = keras.Input((3,))
    return keras.Model(x, layers.Hashing(3)(layers.Dense(2)(x))).predict(np.zeros((2, 3)), verbose=0)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (dense_of_text, "Layers such as TextVectorization"),
        (hash_behind_dense, "Put it first in a functional or Sequential model"),
        (lambda: Own().predict(np.array([[1], [2]]), verbose=0), "cannot be part of a compiled computation"),
        (lambda: Own().predict(TEXTS[:, None], verbose=0), "Encode it as numbers first"),
        (lambda: keras.Sequential([layers.Dense(1)]).predict(TEXTS, verbose=0), "TextVectorization"),
        (lambda: classifier(vectorizer()).fit(TEXTS, Y[:5], verbose=0), "same number of samples"),
        (lambda: classifier(vectorizer()).predict(np.ones((3, 1)), verbose=0), "expected text"),
        (lambda: features()[0].predict({"word": TEXTS}, verbose=0), "lacks"),
    ],
)
def test_bad_input(run: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        run()
