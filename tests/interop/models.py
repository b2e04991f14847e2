"""The modules of `tools/make_torch_golden.py` again, in layers of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oxhorn as keras
from oxhorn import layers


def sequence(shape: tuple[int, ...], *steps: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *steps])


def classifier() -> list[Any]:
    return [
        layers.ReLU(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.BatchNormalization(epsilon=1e-5),
        layers.Dense(4),
    ]


def two_branches() -> Any:
    x = keras.Input((6, 5, 2))
    a = layers.Flatten()(layers.Conv2D(3, 3, name="a")(x))
    b = layers.Flatten()(layers.Conv2D(4, 2, strides=2, name="b")(x))
    return keras.Model(x, layers.Dense(5, name="fc")(layers.Concatenate()([a, b])))


def generator() -> Any:
    return sequence(
        (5,),
        layers.Dense(24, name="fc"),
        layers.BatchNormalization(epsilon=1e-5, name="bn"),
        layers.ReLU(),
        layers.Reshape((3, 4, 2)),
        layers.Conv2DTranspose(3, 3, strides=2, name="up"),
    )


def attention(key: int = 6, value: int = 6) -> Any:
    x = keras.Input((5, 6))
    layer = layers.MultiHeadAttention(2, 3, output_shape=6, name="attn")
    return keras.Model(x, layer(x, x[..., :value], x[..., :key]))


def encoder() -> Any:
    x = keras.Input((5, 6))
    y = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    y = first = layers.LayerNormalization(epsilon=1e-5, name="norm_a")(layers.Add()([x, y]))
    y = layers.Dense(6, name="narrow")(layers.Dense(8, activation="relu", name="wide")(y))
    return keras.Model(x, layers.LayerNormalization(epsilon=1e-5, name="norm_b")(layers.Add()([first, y])))


ENCODER = {
    "block.self_attn": "attention",
    "block.linear1": "wide",
    "block.linear2": "narrow",
    "block.norm1": "norm_a",
    "block.norm2": "norm_b",
}


def recurrent(*steps: Any) -> Any:
    return sequence((5, 3), *steps, layers.Dense(2))


def both_ways(layer: Any) -> Any:
    return layers.Bidirectional(layer)


MODELS: dict[str, Callable[[], Any]] = {
    "linear": lambda: sequence((3,), layers.Dense(4)),
    "conv1d": lambda: sequence((7, 2), layers.Conv1D(3, 3)),
    "conv2d": lambda: sequence((5, 4, 2), layers.Conv2D(3, (3, 2), use_bias=False)),
    "conv2d_grouped": lambda: sequence((5, 4, 4), layers.Conv2D(6, 3, groups=2)),
    "conv2d_depthwise": lambda: sequence((5, 4, 3), layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "conv1d_depthwise": lambda: sequence((5, 3), layers.DepthwiseConv1D(3, depth_multiplier=2)),
    "conv3d": lambda: sequence((3, 4, 3, 2), layers.Conv3D(3, 2)),
    "separable": lambda: sequence((5, 4, 3), layers.SeparableConv2D(4, 3, depth_multiplier=2)),
    "conv1d_transpose": lambda: sequence((4, 2), layers.Conv1DTranspose(3, 3, strides=2)),
    "conv2d_transpose": lambda: sequence((4, 3, 2), layers.Conv2DTranspose(3, (3, 2), strides=2)),
    "conv3d_transpose": lambda: sequence((3, 2, 2, 2), layers.Conv3DTranspose(3, 2)),
    "flatten1d": lambda: sequence((7, 2), layers.Conv1D(3, 3), *classifier()),
    "flatten2d": lambda: sequence((6, 5, 2), layers.Conv2D(3, 3), layers.MaxPooling2D((2, 1)), *classifier()),
    "flatten3d": lambda: sequence((2, 4, 3, 2), layers.Conv3D(3, 2), *classifier()),
    "two_branches": two_branches,
    "generator": generator,
    "batch_norm": lambda: sequence(
        (4, 3, 2), layers.Conv2D(3, 2, use_bias=False), layers.BatchNormalization(epsilon=1e-5)
    ),
    "layer_norm": lambda: sequence((3, 4), layers.LayerNormalization(epsilon=1e-5)),
    "layer_norm_of_map": lambda: sequence(
        (4, 3, 2), layers.Conv2D(3, 2), layers.LayerNormalization(axis=(1, 2, 3), epsilon=1e-5)
    ),
    "group_norm": lambda: sequence((3, 2, 4), layers.GroupNormalization(2, epsilon=1e-5)),
    "instance_norm": lambda: sequence((3, 2, 3), layers.InstanceNormalization(epsilon=1e-5)),
    "rms_norm": lambda: sequence((3, 4), layers.RMSNormalization(epsilon=1e-5)),
    "embedding": lambda: sequence((4,), layers.Embedding(7, 3)),
    "lstm": lambda: recurrent(layers.LSTM(4, return_sequences=True)),
    "lstm_deep": lambda: recurrent(
        layers.LSTM(4, return_sequences=True), layers.LSTM(4, return_sequences=True)
    ),
    "lstm_both_ways": lambda: recurrent(
        both_ways(layers.LSTM(4, return_sequences=True)), both_ways(layers.LSTM(4, return_sequences=True))
    ),
    "gru": lambda: recurrent(layers.GRU(4, return_sequences=True)),
    "gru_both_ways": lambda: recurrent(both_ways(layers.GRU(4, return_sequences=True))),
    "rnn": lambda: recurrent(layers.SimpleRNN(4, return_sequences=True)),
    "rnn_relu_no_bias": lambda: recurrent(
        layers.SimpleRNN(4, activation="relu", use_bias=False, return_sequences=True)
    ),
    "attention": attention,
    "attention_of_other_widths": lambda: attention(4, 3),
    "encoder": encoder,
    "prelu": lambda: sequence((4, 3, 3), layers.PReLU(shared_axes=[1, 2])),
    "prelu_of_features": lambda: sequence((1,), layers.PReLU()),
}

MAPPINGS: dict[str, Any] = {"encoder": ENCODER}
