"""Writes small models, with what they compute, by whichever Keras is installed: the golden files of the reading tests.

    python tools/make_golden_models.py [--into tests/saving/golden]

Makes `keras-VERSION.zip`, with for each model `NAME.h5` (and `NAME.keras` from Keras 3 on), and `NAME.npz`: inputs
`x0`, `x1`, ...; targets `y0`, ...; the outputs `before0`, ... of the model in the file; and `after0`, ... once it was
trained one more step on these. Weights are random numbers. Run it by an interpreter with Keras 2.12 to 2.15 or Keras 3.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers

KERAS_2 = keras.__version__.startswith("2.")
RANDOM = np.random.default_rng(1)


def cnn() -> tuple[Any, list[Any], list[Any]]:
    """A Sequential model of convolutions of each kind, and batch normalisation."""
    model = keras.Sequential(
        [
            keras.Input((8, 7, 2)),
            layers.Conv2D(3, 3, activation="relu", kernel_regularizer="l2", name="first"),
            layers.BatchNormalization(axis=-1, momentum=0.9),
            layers.SeparableConv2D(4, (3, 2), padding="same", depth_multiplier=2, use_bias=False),
            layers.LeakyReLU(0.2),
            layers.DepthwiseConv2D(2, depthwise_initializer="he_normal"),
            layers.MaxPooling2D(2),
            layers.Conv2DTranspose(2, 2, strides=2, activation="elu"),
            layers.Flatten(),
            layers.Dropout(0.0),
            layers.Dense(3, activation="softmax", kernel_constraint=keras.constraints.MaxNorm(3.0)),
        ]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, [RANDOM.normal(size=(4, 8, 7, 2))], [np.array([0, 2, 1, 2])]


def branches() -> tuple[Any, list[Any], list[Any]]:
    """A functional model: two inputs, two outputs, a shared layer, models inside, one of them called twice."""
    left, right = keras.Input((5,), name="left"), keras.Input((5,), name="right")
    shared = layers.Dense(4, activation="tanh", name="shared")
    a, b = shared(left), shared(right)
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4, name="in_stack"), layers.BatchNormalization()], name="stack"
    )
    hidden = keras.Input((4,))
    graph = keras.Model(hidden, layers.add([layers.Dense(4, name="in_graph")(hidden), hidden]), name="graph")
    a, b = inner(a), graph(inner(graph(b)))
    frozen = layers.Dense(4, trainable=False, name="frozen")
    joined = layers.Concatenate(axis=1)([a, frozen(b)])
    one = layers.Dense(1, name="one")(joined)
    two = layers.Dense(2, activation="sigmoid", name="two")(layers.Subtract()([a, b]))
    model = keras.Model([left, right], [one, two])
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        loss=["mse", keras.losses.BinaryCrossentropy()],
        loss_weights=[1.0, 0.5],
    )
    inputs = [RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(4, 5))]
    return model, inputs, [RANDOM.normal(size=(4, 1)), RANDOM.integers(0, 2, (4, 2)).astype("float32")]


def recurrent() -> tuple[Any, list[Any], list[Any]]:
    """Recurrent layers of each kind, with first states, in both directions, and over a mask."""
    words, start = keras.Input((6,), dtype="int32"), keras.Input((3,))
    # Keras 3 before 3.15 cannot read its own .h5 file with a mask; Keras 2 can.
    x = layers.Embedding(11, 4, mask_zero=KERAS_2)(words)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.GRU(3, return_sequences=True, reset_after=False)(x, initial_state=start)
    x = layers.TimeDistributed(layers.Dense(4, activation="relu"))(x)
    x, state = layers.GRU(3, return_sequences=True, return_state=True)(x)
    x = layers.SimpleRNN(2)(x)
    outputs = layers.Dense(1)(layers.Concatenate()([x, state]))
    model = keras.Model([words, start], outputs)
    model.compile(keras.optimizers.RMSprop(0.01), loss=keras.losses.MeanSquaredError(), metrics=["mae"])
    inputs = [RANDOM.integers(1, 11, (4, 6)).astype("int32"), RANDOM.normal(size=(4, 3))]
    inputs[0][1:3, 4:] = 0
    return model, inputs, [RANDOM.normal(size=(4, 1))]


def attention() -> tuple[Any, list[Any], list[Any]]:
    """Attention, normalisations, embeddings, and one-dimensional layers."""
    inputs = keras.Input((6, 4))
    x = layers.Conv1D(4, 3, padding="causal", dilation_rate=2)(inputs)
    x = layers.LayerNormalization()(layers.Add()([x, inputs]))
    x = layers.MultiHeadAttention(2, 3)(x, inputs)
    x = layers.PReLU(shared_axes=[1])(layers.UnitNormalization()(x))
    x = layers.GlobalAveragePooling1D()(x)
    outputs = layers.Dense(2, activation="gelu")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.AdamW(0.01), loss=keras.losses.Huber())
    return model, [RANDOM.normal(size=(4, 6, 4))], [RANDOM.normal(size=(4, 2))]


def with_optimizer(optimizer: Any) -> Callable[[], tuple[Any, list[Any], list[Any]]]:
    """Two layers, compiled with this optimizer."""

    def make() -> tuple[Any, list[Any], list[Any]]:
        model = keras.Sequential([keras.Input((3,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])
        model.compile(optimizer, loss="mse")
        return model, [RANDOM.normal(size=(4, 3))], [RANDOM.normal(size=(4, 1))]

    return make


MODELS: dict[str, Callable[[], tuple[Any, list[Any], list[Any]]]] = {
    "cnn": cnn,
    "branches": branches,
    "recurrent": recurrent,
    "attention": attention,
    "adam_amsgrad": with_optimizer(keras.optimizers.Adam(0.01, amsgrad=True)),
    "rmsprop_centered": with_optimizer(keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True)),
    "sgd_schedule": with_optimizer(
        keras.optimizers.SGD(keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 0.5))
    ),
    "nadam": with_optimizer(keras.optimizers.Nadam(0.01)),
}


def calls() -> tuple[Any, list[Any], list[Any]]:
    """TensorFlow functions between layers, which Keras 2 makes layers of."""
    import tensorflow as tf

    inputs = keras.Input((4, 3))
    x = layers.Dense(3)(inputs)
    x = tf.nn.relu(1.0 - x * 2.0) / 3.0 + inputs - 0.5
    y = tf.reduce_mean(x, axis=1, keepdims=True) + tf.reduce_max(inputs, axis=-1, keepdims=True)
    z = tf.concat([x, tf.math.maximum(x, y), tf.nn.softmax(x)], axis=-1)[:, 1:, ::2]
    z = tf.clip_by_value(tf.transpose(z, [0, 2, 1]), -1.0, 1.0) ** 2.0
    z = tf.stack([tf.reshape(z, (-1, 15)), tf.squeeze(tf.expand_dims(tf.reshape(z, (-1, 15)), 1), 1)], axis=1)
    outputs = layers.Dense(1)(tf.reduce_sum(tf.cast(z, "float32") * tf.tanh(z), axis=1))
    model = keras.Model(inputs, outputs)
    model.compile("adam", loss="mse")
    return model, [RANDOM.normal(size=(4, 4, 3))], [RANDOM.normal(size=(4, 1))]


if KERAS_2:
    MODELS["calls"] = calls
    old = keras.optimizers.legacy
    MODELS |= {
        "old_sgd": with_optimizer(old.SGD(0.1, decay=0.1)),
        "old_sgd_momentum": with_optimizer(old.SGD(0.05, momentum=0.9, nesterov=True)),
        "old_adam": with_optimizer(old.Adam(0.01)),
        "old_adam_amsgrad": with_optimizer(old.Adam(0.01, amsgrad=True, decay=0.01)),
        "old_rmsprop": with_optimizer(old.RMSprop(0.01)),
        "old_rmsprop_centered": with_optimizer(old.RMSprop(0.01, momentum=0.5, centered=True)),
        "old_adagrad": with_optimizer(old.Adagrad(0.1)),
        "old_adadelta": with_optimizer(old.Adadelta(1.0)),
        "old_adamax": with_optimizer(old.Adamax(0.01)),
        "old_nadam": with_optimizer(old.Nadam(0.01)),
        "old_ftrl": with_optimizer(old.Ftrl(0.1)),
    }


def numbered(name: str, arrays: Any) -> dict[str, np.ndarray]:
    arrays = arrays if isinstance(arrays, (list, tuple)) else [arrays]
    return {
        f"{name}{i}": np.asarray(array, None if np.asarray(array).dtype.kind == "i" else "float32")
        for i, array in enumerate(arrays)
    }


def as_given(arrays: list[Any]) -> Any:
    """What goes to `train_on_batch`: one array, or a list of them."""
    found = list(numbered("", arrays).values())
    return found[0] if len(found) == 1 else found


def write(name: str, folder: Path) -> None:
    """The files of one model."""
    model, x, y = MODELS[name]()
    x, y = as_given(x), as_given(y)
    model.set_weights([w + 0.1 * RANDOM.uniform(size=w.shape) for w in model.get_weights()])
    for _ in range(3):
        model.train_on_batch(x, y)
    before = model.predict(x, verbose=0)
    # The order matters: writing `.h5`, Keras 3 forgets which optimizer a later `.keras` file should name.
    if not KERAS_2:
        model.save(folder / f"{name}.keras")
    model.save(folder / f"{name}.h5")
    if KERAS_2 and name in ("cnn", "branches"):
        model.save_weights(folder / f"{name}_weights.h5")
    model.train_on_batch(x, y)
    after = model.predict(x, verbose=0)
    arrays = {
        **numbered("x", x),
        **numbered("y", y),
        **numbered("before", before),
        **numbered("after", after),
    }
    np.savez(folder / f"{name}.npz", **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write small models by the Keras that is installed.")
    parser.add_argument("--into", type=Path, default=Path("tests/saving/golden"), help="the folder")
    into = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in MODELS:
            write(name, folder)
        with zipfile.ZipFile(
            into / f"keras-{keras.__version__}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9
        ) as archive:
            for path in sorted(folder.iterdir()):
                archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
