"""Legacy `.h5` files: what is written is read again, and weights go into other models by order or by name."""

from __future__ import annotations

import logging
from pathlib import Path

import h5py
import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers
from oxhorn.saving.legacy import load_legacy_weights, save_legacy_weights, save_whole_model

RANDOM = np.random.default_rng(3)


def stack(*units: int, name: str = "stack") -> keras.Model:
    """Dense layers `dense_0`, `dense_1`, ... on three features, with a batch normalisation in front."""
    dense = [layers.Dense(n, name=f"dense_{i}") for i, n in enumerate(units)]
    return keras.Sequential([keras.Input((3,)), layers.BatchNormalization(name="norm"), *dense], name=name)


def randomized(model: keras.Model) -> keras.Model:
    for weight in model.weights:
        weight.assign(RANDOM.uniform(0.1, 1.0, weight.shape))
    return model


def values(model: keras.Model) -> list[np.ndarray]:
    return [weight.numpy() for weight in model.weights]


def assert_same(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


# Whole models -----------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": {"momentum": 0.9, "nesterov": True, "clipnorm": 1.0},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adam": {"amsgrad": True},
    "AdamW": {"weight_decay": 0.01},
    "Adamax": {},
    "Nadam": {},
    "Adagrad": {},
    "Adadelta": {},
    "Ftrl": {"l1_regularization_strength": 0.01},
    "Lion": {},
    "Lamb": {},
    "Adafactor": {},
}


@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize(("name", "arguments"), OPTIMIZERS.items())
def test_training_goes_on(name: str, arguments: dict, scheduled: bool, tmp_path: Path) -> None:
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5) if scheduled else 0.01
    model = randomized(stack(4, 1))
    model.compile(getattr(keras.optimizers, name)(rate, **arguments), "mse", metrics=["mae"])
    x, y = RANDOM.normal(size=(8, 3)), RANDOM.normal(size=(8, 1))
    for _ in range(3):
        model.train_on_batch(x, y)
    model.save(tmp_path / "m.h5")
    copy = keras.saving.load_model(tmp_path / "m.h5")
    assert type(copy.optimizer) is type(model.optimizer)
    assert_same(values(model), values(copy))
    assert model.train_on_batch(x, y) == copy.train_on_batch(x, y)
    assert_same(values(model), values(copy))
    assert_same([v.numpy() for v in model.optimizer.variables], [v.numpy() for v in copy.optimizer.variables])


def functional() -> keras.Model:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(4, name="shared")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()], name="inner")
    x, y = inner(shared(a)), shared(inner(b))
    z = keras.ops.exp(x * 0.1) + layers.Maximum()([x, y])
    return keras.Model({"a": a, "b": b}, {"one": layers.Dense(1, name="one")(z), "two": z}, name="both")


def recurrent() -> keras.Model:
    words = keras.Input((5,), dtype="int32")
    x = layers.Embedding(7, 4, mask_zero=True)(words)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum")(x)
    x = layers.TimeDistributed(layers.Dense(2, activation="relu"))(x)
    return keras.Model(words, layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)])(x))


def with_states_that_stay() -> keras.Model:
    return keras.Sequential([keras.Input(batch_shape=(2, 5, 3)), layers.GRU(3, stateful=True)])


def frozen() -> keras.Model:
    inner = keras.Sequential(
        [keras.Input((3,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(3)]
    )
    inner.layers[0].trainable = False
    inner.layers[1].trainable = False
    return keras.Sequential([keras.Input((3,)), inner, layers.Dense(2, activity_regularizer="l2")])


def pictures() -> keras.Model:
    inputs = keras.Input((8, 8, 3))
    x = keras.ops.image.resize(inputs, (4, 4))
    x = keras.ops.max(keras.ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), axis=-1, keepdims=True)
    x = keras.activations.gelu(layers.Conv2D(2, 3)(keras.ops.concatenate([x, -x])))
    return keras.Model(inputs, layers.Reshape((-1,))(x[:, 1:]))


def with_dtypes_of_functions() -> keras.Model:
    inputs = keras.Input((4,))
    zeros = keras.ops.zeros_like(inputs)
    return keras.Model(
        inputs, keras.ops.sum(keras.ops.where(inputs > 0, inputs, zeros), axis=-1, keepdims=True)
    )


MODELS = {
    "with dtypes of functions": (with_dtypes_of_functions, RANDOM.normal(size=(2, 4))),
    "pictures": (pictures, RANDOM.normal(size=(2, 8, 8, 3))),
    "functional": (functional, {"a": RANDOM.normal(size=(2, 4)), "b": RANDOM.normal(size=(2, 4))}),
    "recurrent": (recurrent, RANDOM.integers(0, 7, (2, 5))),
    "with states that stay": (with_states_that_stay, RANDOM.normal(size=(2, 5, 3))),
    "frozen": (frozen, RANDOM.normal(size=(2, 3))),
    "stack": (lambda: stack(4, 2), RANDOM.normal(size=(2, 3))),
}


@pytest.mark.parametrize("name", MODELS)
def test_round_trip(name: str, tmp_path: Path) -> None:
    make, x = MODELS[name]
    model = randomized(make())
    model.save(tmp_path / "m.hdf5")
    copy = keras.saving.load_model(tmp_path / "m.hdf5", compile=False)
    assert_same(values(model), values(copy))
    expected, got = model.predict(x, verbose=0), copy.predict(x, verbose=0)
    for one, other in zip(keras.tree.flatten(expected), keras.tree.flatten(got), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [weight.trainable for weight in model.weights] == [weight.trainable for weight in copy.weights]
    model.save(tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == (tmp_path / "m.hdf5").read_bytes()


@keras.saving.register_keras_serializable(package="legacy_tests")
class OwnModel(keras.Model):
    def __init__(self, units: int = 2, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)
        self.shift = self.add_weight(name="shift", shape=(1,), initializer="ones")

    def call(self, x: object) -> object:
        return self.dense(x) + self.shift

    def get_config(self) -> dict:
        return {**super().get_config(), "units": self.units}


class OwnDense(layers.Dense):
    pass


def own_loss(y_true: object, y_pred: object) -> object:
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def test_classes_of_ones_own(tmp_path: Path) -> None:
    x = RANDOM.normal(size=(2, 3))
    model = OwnModel(3)
    expected = model(x)
    model.save(tmp_path / "m.h5")
    copy = keras.saving.load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_array_equal(expected, copy(x))

    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.train_on_batch(x, expected + 1)
    model.save(tmp_path / "trained.h5")
    copy = keras.saving.load_model(tmp_path / "trained.h5")
    assert_same(values(copy), values(model))
    assert copy.train_on_batch(x, expected) == model.train_on_batch(x, expected)
    assert_same(values(copy), values(model))

    inputs = keras.Input((3,))
    model = keras.Model(inputs, OwnModel(2)(OwnDense(4)(inputs)))
    model.compile("sgd", own_loss, metrics=[own_loss])
    model.save(tmp_path / "m.h5")
    with pytest.raises(TypeError, match="OwnDense"):
        keras.saving.load_model(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="own_loss") as caught:
        keras.saving.load_model(tmp_path / "m.h5", custom_objects={"OwnDense": OwnDense})
    assert "compile=False" in caught.value.__notes__[0]
    copy = keras.saving.load_model(tmp_path / "m.h5", {"OwnDense": OwnDense, "own_loss": own_loss})
    np.testing.assert_array_equal(model(x), copy(x))
    assert copy.loss is own_loss


def test_what_is_not_compiled_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = stack(1)
    model.compile("adam", "mse")
    save_whole_model(model, tmp_path / "m.h5", include_optimizer=False)
    caplog.clear()
    assert keras.saving.load_model(tmp_path / "m.h5").compiled is False
    assert "not* compiled" in caplog.text
    model.save(tmp_path / "m.h5", include_optimizer=True)
    caplog.clear()
    assert keras.saving.load_model(tmp_path / "m.h5").compiled is True
    assert caplog.text == ""  # Saved before its first step: there is nothing that could be lost.
    assert keras.saving.load_model(tmp_path / "m.h5", compile=False).compiled is False


def test_saving_says_that_the_format_is_old(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="oxhorn"):
        stack(1).save(tmp_path / "m.h5")
    assert "This file format is considered legacy" in caplog.text


def test_another_state_of_the_optimizer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = stack(1)
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        names = file["optimizer_weights"].attrs["weight_names"]
        file["optimizer_weights"].attrs["weight_names"] = names[:-1]
    caplog.clear()
    copy = keras.saving.load_model(tmp_path / "m.h5")
    assert "freshly initialized optimizer" in caplog.text
    assert int(copy.optimizer.iterations.numpy()) == 0


def test_vocabularies_are_not_lost(tmp_path: Path) -> None:
    lookup = layers.StringLookup()
    lookup.adapt(np.array(["a", "b"]))
    model = keras.Sequential(
        [keras.Input((1,), dtype="string"), lookup, layers.Embedding(4, 2)], name="words"
    )
    with pytest.raises(ValueError, match=r"vocabularies.*string_lookup"):
        model.save(tmp_path / "m.h5")
    assert list(tmp_path.iterdir()) == []


def test_normalization_is_ready(tmp_path: Path) -> None:
    layer = layers.Normalization()
    data = RANDOM.normal(3.0, 2.0, size=(50, 3))
    layer.adapt(data)
    model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
    model.save(tmp_path / "m.h5")
    copy = keras.saving.load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_array_equal(model.predict(data, verbose=0), copy.predict(data, verbose=0))
    fresh = keras.Sequential([keras.Input((3,)), layers.Normalization(), layers.Dense(1)])
    fresh.load_weights(tmp_path / "m.h5")
    np.testing.assert_array_equal(model.predict(data, verbose=0), fresh.predict(data, verbose=0))


def test_unbuilt(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Dense(2)])
    with pytest.warns(UserWarning, match="not yet been built"):
        model.save(tmp_path / "m.h5")
    assert keras.saving.load_model(tmp_path / "m.h5", compile=False).weights == []
    with pytest.raises(ValueError, match="is not built"):
        model.load_weights(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="is not built"):
        save_legacy_weights(model, tmp_path / "w.h5")


def test_a_crash_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = stack(2)
    model.save(tmp_path / "m.h5")
    before = (tmp_path / "m.h5").read_bytes()
    monkeypatch.setattr(h5py.Group, "create_dataset", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stack(3).save(tmp_path / "m.h5")
    assert (tmp_path / "m.h5").read_bytes() == before
    assert list(tmp_path.iterdir()) == [tmp_path / "m.h5"]


# Weights ----------------------------------------------------------------------------------------------


def test_weights_by_order(tmp_path: Path) -> None:
    model = randomized(stack(4, 2))
    save_legacy_weights(model, tmp_path / "w.h5")
    other = keras.Sequential(
        [keras.Input((3,)), layers.BatchNormalization(), layers.Dense(4), layers.Dense(2)]
    )
    other.load_weights(tmp_path / "w.h5")
    assert_same(values(model), values(other))


def test_weights_of_a_whole_model(tmp_path: Path) -> None:
    model = randomized(stack(4, 2))
    model.save(tmp_path / "m.h5")
    other = stack(4, 2)
    other.load_weights(tmp_path / "m.h5")
    assert_same(values(model), values(other))


def test_weights_by_name(tmp_path: Path) -> None:
    model = randomized(stack(4, 2))
    save_legacy_weights(model, tmp_path / "w.h5")
    other = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, name="new"), layers.Dense(2), layers.Dense(3, name="dense_9")]
    )
    before = values(other)
    load_legacy_weights(other, tmp_path / "w.h5", by_name=True)
    assert_same(before, values(other))
    other = randomized(keras.Sequential([keras.Input((4,)), layers.Dense(2, name="dense_1")]))
    load_legacy_weights(other, tmp_path / "w.h5", by_name=True)
    assert_same(values(model)[-2:], values(other))


# What does not fit: the model, by_name, skip_mismatch, and the text of the error, or of the warning.
MISFITS = [
    (lambda: stack(4), False, False, "Layer count mismatch"),
    (lambda: stack(4), False, True, "Layer count mismatch"),
    (lambda: stack(4, 2, 1), False, False, "Layer count mismatch"),
    (lambda: stack(5, 2), False, False, r"Shape mismatch in layer #1 .*dense_0.*\(3, 5\), and \(3, 4\) in the file"),
    (lambda: stack(5, 2), True, False, "Shape mismatch in layer #1"),
    (lambda: keras.Sequential([keras.Input((3,)), layers.Dense(4, use_bias=False, name="dense_0")]), True, False,
     "Weight count mismatch for layer #1"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "by_name", "skip", "message"), MISFITS)
def test_misfits_change_nothing(make, by_name: bool, skip: bool, message: str, tmp_path: Path) -> None:
    save_legacy_weights(randomized(stack(4, 2)), tmp_path / "w.h5")
    model = randomized(make())
    before = values(model)
    with pytest.raises(ValueError, match=message):
        model.load_weights(tmp_path / "w.h5", by_name=by_name, skip_mismatch=skip)
    assert_same(before, values(model))


@pytest.mark.parametrize("by_name", [False, True])
def test_what_fits_is_taken(by_name: bool, tmp_path: Path) -> None:
    model = randomized(stack(4, 2))
    save_legacy_weights(model, tmp_path / "w.h5")
    other = randomized(stack(5, 2))
    before = values(other)
    with pytest.warns(UserWarning, match="mismatch in shape") as caught:
        other.load_weights(tmp_path / "w.h5", by_name=by_name, skip_mismatch=True)
    assert len(caught) == 3  # The kernel and bias of the first layer, the kernel of the second.
    assert_same(values(other), [*values(model)[:4], *before[4:7], values(model)[7]])
    if by_name:
        less = keras.Sequential([keras.Input((3,)), layers.Dense(4, use_bias=False, name="dense_0")])
        before = values(less)
        with pytest.warns(UserWarning, match="it has 1 weights, and 2 in the file"):
            less.load_weights(tmp_path / "w.h5", by_name=True, skip_mismatch=True)
        assert_same(before, values(less))


def test_freezing_does_not_mix_weights_up(tmp_path: Path) -> None:
    """Legacy files have those that train first; two normalisations of one size look alike then."""

    def make() -> keras.Model:
        inner = [layers.BatchNormalization(name="first"), layers.BatchNormalization(name="second")]
        return keras.Sequential(
            [keras.Input((3,)), keras.Sequential([keras.Input((3,)), *inner], name="inner")]
        )

    model, other = randomized(make()), make()
    save_legacy_weights(model, tmp_path / "w.h5")
    other.layers[0].layers[0].trainable = False
    other.load_weights(tmp_path / "w.h5")
    for one, two in zip(model.layers[0].layers, other.layers[0].layers, strict=True):
        assert_same([w.numpy() for w in one.weights], [w.numpy() for w in two.weights])


def test_top_level_weights(tmp_path: Path) -> None:
    x = np.ones((2, 3))
    one, two = OwnModel(), OwnModel()
    one(x), two(x)
    randomized(one)
    save_legacy_weights(one, tmp_path / "w.h5")
    two.load_weights(tmp_path / "w.h5")
    assert_same(values(one), values(two))
    two.load_weights(tmp_path / "w.h5", by_name=True)
    with h5py.File(tmp_path / "w.h5", "a") as file:
        del file["top_level_model_weights"]
    with pytest.raises(ValueError, match="itself"):
        two.load_weights(tmp_path / "w.h5")


def test_long_lists_of_names(tmp_path: Path) -> None:
    """HDF5 keeps 64 kB in an attribute: longer lists come in pieces."""
    names = [f"layer_{i}_{'x' * 500}" for i in range(150)]
    model = keras.Sequential([keras.Input((1,)), *[layers.Dense(1, name=name) for name in names]])
    randomized(model).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert {"layer_names0", "layer_names1"} <= set(file["model_weights"].attrs)
    assert_same(values(model), values(keras.saving.load_model(tmp_path / "m.h5", compile=False)))


def test_many_names_in_a_large_file(tmp_path: Path) -> None:
    """Keras 2 wrote names as texts of any length, each of which could be long; the texts there are say how long."""
    model = randomized(
        keras.Sequential([keras.Input((1,)), *[layers.Dense(1, name=f"d{i}") for i in range(100)]])
    )
    save_legacy_weights(model, tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "a") as file:
        file.attrs["layer_names"] = [f"d{i}" for i in range(100)]
        file["more"] = np.zeros(3_000_000)
    other = keras.models.clone_model(model)
    other.load_weights(tmp_path / "w.h5")
    assert_same(values(model), values(other))


def test_names_that_cannot_be_groups(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, name="top_level_model_weights")])
    with pytest.raises(ValueError, match="top_level_model_weights"):
        save_legacy_weights(model, tmp_path / "w.h5")


def test_weights_of_keras_3_by_a_wrong_name(tmp_path: Path) -> None:
    model = stack(2)
    model.save_weights(tmp_path / "m.weights.h5")
    (tmp_path / "m.weights.h5").rename(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"NAME\.weights\.h5"):
        model.load_weights(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="No model config"):
        keras.saving.load_model(tmp_path / "m.h5")


# JSON -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_json(name: str) -> None:
    model = MODELS[name][0]()
    copy = keras.models.model_from_json(model.to_json())
    assert copy.to_json() == model.to_json()
    assert [w.shape for w in copy.weights] == [w.shape for w in model.weights]
