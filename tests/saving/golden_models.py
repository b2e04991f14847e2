"""Small models of many kinds, whose files every later version opens; written by tools/write_golden_files.py.

What is here stays as it is: a later version adds models of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import oxhorn as keras

L, ops = keras.layers, keras.ops


@keras.saving.register_keras_serializable(package="golden")
class Scaled(L.Layer):
    """A layer of a user's own, with a weight and an argument."""

    def __init__(self, power: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return ops.sign(x) * ops.abs(x * self.scale) ** self.power

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}


@keras.saving.register_keras_serializable(package="golden")
def smooth_hinge(y_true: Any, y_pred: Any) -> Any:
    """A loss of a user's own."""
    return ops.mean(ops.softplus(1.0 - y_true * y_pred), axis=-1)


@keras.saving.register_keras_serializable(package="golden")
class Residual(keras.Model):
    """A subclassed model with layers in a list and a dict."""

    def __init__(self, units: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.blocks = [L.Dense(units, "tanh"), Scaled(1.5)]
        self.ends = {"top": L.Dense(2)}

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[0], self.units)
        self.blocks[0].build(input_shape)
        self.blocks[1].build(shape)
        self.ends["top"].build(shape)

    def call(self, x: Any) -> Any:
        hidden = self.blocks[0](x)
        return self.ends["top"](hidden + self.blocks[1](hidden))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def dense() -> Any:
    layers = [L.Dense(5, "elu", kernel_regularizer="l2"), L.BatchNormalization(momentum=0.9), L.Dense(2)]
    model = keras.Sequential([keras.Input((6,)), *layers], name="dense")
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.9)
    model.compile(keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True), "mse", metrics=["mae"])
    return model


def convolutional() -> Any:
    x = keras.Input((8, 8, 1), name="picture")
    y = L.Conv2D(3, 3, activation="relu", padding="same")(x)
    y = L.Add()([y, L.SeparableConv2D(3, 3, padding="same")(y)])
    y = L.GlobalAveragePooling2D()(L.MaxPooling2D()(y))
    model = keras.Model(x, L.Dense(3, activation="softmax")(y), name="convolutional")
    model.compile(
        keras.optimizers.Adam(0.01, amsgrad=True), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def recurrent() -> Any:
    x = keras.Input((6, 3))
    y = L.Masking(0.0)(x)
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(y)
    model = keras.Model(x, L.Dense(1)(L.GRU(3)(y)), name="recurrent")
    model.compile(keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True), "huber")
    return model


def text() -> Any:
    words = ["good", "bad", "very", "not", "film"]
    reader = L.TextVectorization(vocabulary=words, output_sequence_length=5)
    layers = [reader, L.Embedding(7, 3, mask_zero=True), L.GlobalAveragePooling1D(), L.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((), dtype="string"), *layers], name="text")
    model.compile(keras.optimizers.Adagrad(0.1), keras.losses.BinaryCrossentropy(label_smoothing=0.1))
    return model


def subclassed() -> Any:
    model = Residual(4, name="subclassed")
    model.build((None, 6))
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=1.0), smooth_hinge)
    return model


def nested() -> Any:
    """A layer that belongs to two models and is called three times."""
    inside, shared = keras.Input((3,)), L.Dense(3, "tanh", name="shared")
    inner = keras.Model(inside, shared(shared(inside)), name="inner")
    x = keras.Input((6,))
    left, right = ops.split(x, 2, axis=1)
    y = L.Concatenate()([inner(left), inner(right), shared(left)])
    model = keras.Model(
        x, {"one": L.Dense(2, name="one")(y), "two": L.Dense(1, name="two")(y)}, name="nested"
    )
    losses = {"one": "mse", "two": "mae"}
    model.compile(keras.optimizers.Nadam(0.01, use_ema=True), losses, loss_weights={"one": 0.5, "two": 2.0})
    return model


def tied() -> Any:
    """Weights that a decoder has from its encoder."""
    model = keras.pretraining.StackedAutoencoder([5, 3], activation="tanh", tied=True, name="tied")
    model.build((None, 6))
    model.compile(keras.optimizers.Lion(0.01), "mse")
    return model


@dataclass(frozen=True)
class Golden:
    """A model, data, and the formats besides `.keras`."""

    make: Callable[[], Any]
    data: Callable[[Any], tuple[Any, Any]]
    formats: tuple[str, ...] = (".weights.h5", ".safetensors")


def _numbers(*shape: int) -> Callable[[Any], tuple[Any, Any]]:
    def data(rng: Any) -> tuple[Any, Any]:
        x = np.round(rng.normal(size=(8, *shape)), 2).astype("float32")
        return x, np.round(rng.normal(size=(8, 2)), 2).astype("float32")

    return data


def _pictures(rng: Any) -> tuple[Any, Any]:
    return np.round(rng.random((6, 8, 8, 1)), 2).astype("float32"), rng.integers(0, 3, 6).astype("int32")


def _series(rng: Any) -> tuple[Any, Any]:
    x = np.round(rng.normal(size=(6, 6, 3)), 2).astype("float32")
    x[2, 4:], x[4, 1:] = 0.0, 0.0
    return x, np.round(rng.normal(size=(6, 1)), 2).astype("float32")


def _texts(rng: Any) -> tuple[Any, Any]:
    return np.array(["a very good film", "not good", "bad", "very very bad film"]), np.array(
        [[1.0], [0], [0], [0]]
    )


def _two_targets(rng: Any) -> tuple[Any, Any]:
    x, y = _numbers(6)(rng)
    return x, {"one": y, "two": y[:, :1]}


def _itself(rng: Any) -> tuple[Any, Any]:
    x, _ = _numbers(6)(rng)
    return x, x


ALL = (".weights.h5", ".safetensors", ".h5")
GOLDEN = {
    "dense": Golden(dense, _numbers(6), ALL),
    "convolutional": Golden(convolutional, _pictures, ALL),
    "recurrent": Golden(recurrent, _series),
    "text": Golden(text, _texts, ()),
    "subclassed": Golden(subclassed, _numbers(6)),
    "nested": Golden(nested, _two_targets, ()),
    "tied": Golden(tied, _itself, ()),
}


class PlugPulledError(Exception):
    """The end of a run that was not to be."""


class Plug(keras.callbacks.Callback):
    """Ends a run before an epoch."""

    def __init__(self, epoch: int | None = None) -> None:
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            raise PlugPulledError


def run(path: Any, x: Any, y: Any, plug: int | None = None) -> Any:
    """Four epochs, with a snapshot; `plug` is the epoch before which the plug is pulled."""
    keras.utils.set_random_seed(11)
    layers = [L.Dense(5, "relu"), L.Dropout(0.3), L.BatchNormalization(), L.Dense(2)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(x, y, epochs=4, batch_size=3, resume=path, callbacks=[Plug(plug)], verbose=0)
    return model
