"""Models of several kinds, in every format that Keras writes."""

from __future__ import annotations

from typing import Any

import numpy as np

import oxhorn as keras
from tests.saving.interchange.case import Case

L, ops = keras.layers, keras.ops
RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(10, 6)).astype("float32"), RNG.normal(size=(10, 2)).astype("float32")
IMAGES = RNG.normal(size=(6, 8, 8, 3)).astype("float32")
WORDS = RNG.integers(0, 20, (10, 7)).astype("int32")


def compiled(model: Any, x: Any, y: Any, loss: Any = "mse", metrics: Any = None) -> Any:
    """The model after a step."""
    model.compile(keras.optimizers.Adam(0.01), loss=loss, metrics=metrics)
    model.train_on_batch(x, y)
    return model


def stack() -> Any:
    layers = [L.Dense(5, "elu"), L.BatchNormalization(), L.Dropout(0.0), L.Dense(2)]
    return compiled(keras.Sequential([keras.Input((6,)), *layers]), X, Y, metrics=["mean_absolute_error"])


def convolutional() -> Any:
    x = keras.Input((8, 8, 3), name="pictures")
    y = L.Conv2D(4, 3, activation="relu")(x)
    y = L.Add()([L.SeparableConv2D(4, 3, padding="same")(y), y])
    y = L.GlobalAveragePooling2D()(L.MaxPooling2D()(y))
    return compiled(keras.Model(x, L.Dense(2)(y)), IMAGES, Y[:6])


def recurrent() -> Any:
    x = keras.Input((None,), dtype="int32")
    y = L.Embedding(20, 4, mask_zero=True)(x)
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(y)
    return compiled(keras.Model(x, L.Dense(2)(L.GRU(4)(y))), WORDS, Y)


def shared_and_nested() -> Any:
    """A layer that is called twice, in a model that is called twice. (Keras loses layers that belong to two models.)"""
    inside, both = keras.Input((3,)), L.Dense(3, name="both")
    inner = keras.Model(inside, both(both(inside)), name="inner")
    x = keras.Input((6,))
    left, right = ops.split(x, 2, axis=1)
    y = L.Concatenate()([inner(left), inner(right), L.Dense(3)(left)])
    return compiled(keras.Model(x, keras.Sequential([L.Dense(4), L.Dense(2)], name="top")(y)), X, Y)


def several() -> Any:
    """Two inputs, two outputs by name, a loss for each."""
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    y = L.Add()([L.Dense(4)(a), L.Dense(4)(b)])
    outputs = {"one": L.Dense(2, name="one")(y), "two": L.Dense(1, activation="sigmoid", name="two")(y)}
    model = keras.Model([a, b], outputs)
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        loss={"one": "mse", "two": keras.losses.BinaryCrossentropy(label_smoothing=0.1)},
        loss_weights={"one": 0.5, "two": 2.0},
    )
    return model


def functions() -> Any:
    """Functions of tensors between the layers."""
    x = keras.Input((6,))
    y = ops.relu(L.Dense(6)(x) - 0.1) * 2.0
    y = ops.concatenate([ops.mean(y, axis=-1, keepdims=True), y[:, 1:4], ops.softmax(y)], axis=-1)
    return keras.Model(x, ops.reshape(y, (-1, 2, 5)))


BACK = ("again.keras", "again.weights.h5", "again.h5")
ALL = ("predict", "evaluate", "train", "weights")
# Keras neither restores the optimizer of its older format nor writes it again, so there is no next step to compare.
MODELS = [
    Case("model-stack", stack, (X,), Y, ALL, again=BACK),
    Case("model-convolutional", convolutional, (IMAGES,), Y[:6], ALL, again=BACK, loose=4.0),
    # Keras writes masks as operations of their own, so its config is another one.
    Case("model-recurrent", recurrent, (WORDS,), Y, ALL, again=BACK, loose=4.0, same_config=False),
    Case("model-shared-and-nested", shared_and_nested, (X,), Y, ALL, again=BACK[:2]),
    Case("model-several", several, (X, X[::-1].copy()), steps=("predict", "weights"), again=BACK),
    Case("model-functions", functions, (X,), steps=("predict", "weights"), again=BACK[:1]),
    Case("legacy-stack", stack, (X,), Y, ("predict", "evaluate"), "model.h5", BACK[2:]),
    Case("legacy-convolutional", convolutional, (IMAGES,), Y[:6], ("predict",), "model.h5", BACK[2:], 4.0),
    Case("legacy-recurrent", recurrent, (WORDS,), Y, ("predict",), "model.h5", BACK[2:], 4.0),
]
