"""The models that are compared, written once for every library that speaks Keras 3."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Workload:
    """One row of the table: a model, its data, and how many steps make an epoch."""

    title: str
    batch: int
    steps: int
    build: Callable[[Any], Any]
    data: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
    is_images: bool = False
    predicts: bool = True


def images(*shape: int) -> Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]:
    def make(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.random((n, *shape), np.float32), rng.integers(0, 10, n).astype(np.int32)

    return make


def pictures(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Images that are their own targets."""
    x = rng.random((n, 28, 28, 1), np.float32)
    return x, x


def numbers(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.random((n, 1), np.float32), rng.random((n, 1), np.float32)


def table(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.random((n, 9), np.float32), rng.random((n, 1), np.float32)


def tokens(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 10_000, (n, 256)).astype(np.int32), rng.integers(0, 2, (n, 1)).astype(np.float32)


def sequences(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.random((n, 100, 32), np.float32), rng.random((n, 1), np.float32)


def mlp_bn(k: Any) -> Any:
    layers = [k.Input((784,))]
    for units in (300, 100):
        layers += [k.layers.Dense(units), k.layers.BatchNormalization(momentum=0.9), k.layers.ELU()]
    layers += [k.layers.Dense(10), k.layers.BatchNormalization(momentum=0.9)]
    model = k.Sequential(layers)
    loss = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=k.optimizers.SGD(0.01), loss=loss)
    return model


def mlp(k: Any) -> Any:
    dense = k.layers.Dense
    model = k.Sequential([k.Input((784,)), dense(128, activation="relu"), dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def regression(k: Any) -> Any:
    dense = k.layers.Dense
    model = k.Sequential(
        [k.Input((9,)), dense(64, activation="relu"), dense(64, activation="relu"), dense(1)]
    )
    model.compile(optimizer=k.optimizers.RMSprop(0.001), loss="mse")
    return model


def cnn(k: Any) -> Any:
    layers = [k.Input((28, 28, 1))]
    for filters in (32, 64):
        layers += [k.layers.Conv2D(filters, 3, activation="relu"), k.layers.MaxPooling2D()]
    model = k.Sequential([*layers, k.layers.Flatten(), k.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def conv_bn(k: Any, x: Any, filters: int, size: int, strides: int) -> Any:
    x = k.layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    return k.layers.BatchNormalization()(x)


def residual_stages(k: Any, x: Any, stages: tuple[int, ...], blocks: int) -> Any:
    """Stages of blocks of two 3x3 convolutions; each stage but the first begins with strides of 2."""
    for stage, filters in enumerate(stages):
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            y = k.layers.ReLU()(conv_bn(k, x, filters, 3, strides))
            y = conv_bn(k, y, filters, 3, 1)
            skip = conv_bn(k, x, filters, 1, strides) if strides == 2 else x
            x = k.layers.ReLU()(k.layers.Add()([y, skip]))
    return x


def classifier(k: Any, inputs: Any, x: Any, optimizer: Any) -> Any:
    model = k.Model(inputs, k.layers.Dense(10, activation="softmax")(x))
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return model


def resnet20(k: Any) -> Any:
    inputs = k.Input((32, 32, 3))
    x = k.layers.ReLU()(conv_bn(k, inputs, 16, 3, 1))
    x = k.layers.GlobalAveragePooling2D()(residual_stages(k, x, (16, 32, 64), 3))
    return classifier(k, inputs, x, k.optimizers.SGD(0.1, momentum=0.9))


def resnet18(k: Any) -> Any:
    inputs = k.Input((64, 64, 3))
    x = k.layers.ReLU()(conv_bn(k, inputs, 64, 7, 2))
    x = k.layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = k.layers.GlobalAveragePooling2D()(residual_stages(k, x, (64, 128, 256, 512), 2))
    return classifier(k, inputs, x, k.optimizers.SGD(0.1, momentum=0.9))


# Filters and strides of the depthwise-separable blocks.
MOBILE_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2))


def mobilenet(k: Any) -> Any:
    inputs = k.Input((32, 32, 3))
    x = k.layers.ReLU()(conv_bn(k, inputs, 32, 3, 1))
    for filters, strides in MOBILE_BLOCKS:
        x = k.layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        x = k.layers.ReLU()(k.layers.BatchNormalization()(x))
        x = k.layers.ReLU()(conv_bn(k, x, filters, 1, 1))
    return classifier(k, inputs, k.layers.GlobalAveragePooling2D()(x), "adam")


def transformer(k: Any) -> Any:
    x = inputs = k.Input((128, 128))
    y = k.layers.MultiHeadAttention(num_heads=4, key_dim=32)(x, x)
    x = k.layers.LayerNormalization()(k.layers.Add()([x, k.layers.Dropout(0.1)(y)]))
    y = k.layers.Dense(128)(k.layers.Dense(512, activation="gelu")(x))
    x = k.layers.LayerNormalization()(k.layers.Add()([x, k.layers.Dropout(0.1)(y)]))
    return classifier(k, inputs, k.layers.GlobalAveragePooling1D()(x), "adam")


def autoencoder(k: Any) -> Any:
    same = {"strides": 2, "padding": "same"}
    layers = [k.Input((28, 28, 1))]
    layers += [k.layers.Conv2D(filters, 3, activation="relu", **same) for filters in (16, 32)]
    layers += [
        k.layers.Conv2DTranspose(16, 3, activation="relu", **same),
        k.layers.Conv2DTranspose(1, 3, activation="sigmoid", **same),
    ]
    model = k.Sequential(layers)
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def empty(k: Any) -> Any:
    model = k.Sequential([k.Input((1,)), k.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    return model


def embedding(k: Any) -> Any:
    layers = [
        k.Input((256,), dtype="int32"),
        k.layers.Embedding(10_000, 16),
        k.layers.GlobalAveragePooling1D(),
    ]
    layers += [k.layers.Dense(16, activation="relu"), k.layers.Dense(1, activation="sigmoid")]
    model = k.Sequential(layers)
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def lstm(k: Any) -> Any:
    model = k.Sequential([k.Input((100, 32)), k.layers.LSTM(64), k.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model


def gru(k: Any) -> Any:
    model = k.Sequential([k.Input((100, 32)), k.layers.GRU(64), k.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model


def gradient_tape(k: Any) -> Any:
    """The library's own tape, or that of the backend under Keras; JAX has none."""
    if hasattr(k, "GradientTape"):
        return k.GradientTape
    return importlib.import_module(k.config.backend()).GradientTape


def with_own_step(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same model with a `train_step` written in Python, around a gradient tape."""

    def make(k: Any) -> Any:
        class Own(k.Sequential):  # type: ignore[misc, name-defined]
            def train_step(self, data: Any) -> dict[str, Any]:
                x, y = data
                with gradient_tape(k)() as tape:
                    y_pred = self(x, training=True)
                    loss = self.compute_loss(y=y, y_pred=y_pred)
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply(gradients, self.trainable_variables)
                for metric in self.metrics:
                    if metric.name == "loss":
                        metric.update_state(loss)
                    else:
                        metric.update_state(y, y_pred)
                return {metric.name: metric.result() for metric in self.metrics}

        return build(
            SimpleNamespace(
                Input=k.Input, Sequential=Own, layers=k.layers, losses=k.losses, optimizers=k.optimizers
            )
        )

    # Peers without a tape run the loop that they have for the model itself.
    make.__name__ = build.__name__
    return make


WORKLOADS = {
    "regression": Workload("regression 9-64-64-1, RMSprop", 32, 300, regression, table),
    "mlp": Workload("MLP 784-128-10, Adam", 32, 300, mlp, images(784)),
    "mlp_bn": Workload("MLP 784-300-100-10, BN+ELU, SGD", 200, 60, mlp_bn, images(784)),
    "cnn": Workload("CNN 32-64, 28x28, Adam", 128, 12, cnn, images(28, 28, 1), is_images=True),
    "resnet20": Workload("ResNet-20, 32x32, SGD momentum", 128, 3, resnet20, images(32, 32, 3), True),
    "embedding": Workload("Embedding 10000x16, 256 tokens, Adam", 512, 30, embedding, tokens),
    "lstm": Workload("LSTM 64, 100x32, Adam", 64, 15, lstm, sequences),
    "gru": Workload("GRU 64, 100x32, Adam", 64, 15, gru, sequences),
    "transformer": Workload("Transformer block, 128x128, Adam", 32, 6, transformer, images(128, 128)),
    "mobilenet": Workload("MobileNet-like, 32x32, Adam", 64, 4, mobilenet, images(32, 32, 3), True),
    "autoencoder": Workload("Conv autoencoder, 28x28, Adam", 128, 12, autoencoder, pictures, True),
    "resnet18": Workload("ResNet-18, 64x64, SGD momentum", 32, 2, resnet18, images(64, 64, 3), True),
    "empty": Workload("Dense(1) on one number, SGD", 32, 300, empty, numbers),
    "own_regression": Workload(
        "regression, own train_step", 32, 300, with_own_step(regression), table, predicts=False
    ),
    "own_mlp": Workload(
        "MLP 784-128-10, own train_step", 32, 300, with_own_step(mlp), images(784), predicts=False
    ),
    "own_mlp_bn": Workload(
        "MLP 784-300-100-10, own train_step", 200, 60, with_own_step(mlp_bn), images(784), predicts=False
    ),
}

# Single calls of the MLP: title -> kind of call, samples.
CALLS = {
    "predict, 1 sample": ("predict", 1),
    "predict, 1024 samples": ("predict", 1024),
    "model(x), 1 sample": ("call", 1),
    "model(x), 1024 samples": ("call", 1024),
    "train_on_batch, 32 samples": ("train_on_batch", 32),
    "fit of one batch, 32 samples": ("fit", 32),
}
