"""EfficientNet-Lite0 in layers of ours, to be loaded with the weights that PyTorch trained on ImageNet.

Source: M. Tan and Q. V. Le, EfficientNet, 2019 (https://arxiv.org/abs/1905.11946); the Lite variant has ReLU6 and no
squeeze-and-excitation.
"""

from __future__ import annotations

from typing import Any

import oxhorn as keras
from oxhorn import layers

# Repeats, kernel, strides of the first, expansion, filters.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


def normalized(x: Any, name: str, active: bool = True) -> Any:
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(max_value=6)(x) if active else x


def block(x: Any, name: str, kernel: int, strides: int, expansion: int, filters: int) -> Any:
    y = x
    if expansion > 1:
        y = layers.Conv2D(expansion * x.shape[-1], 1, use_bias=False, name=f"{name}_expand")(y)
        y = normalized(y, f"{name}_expand")
    y = layers.DepthwiseConv2D(
        kernel, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(y)
    y = normalized(y, f"{name}_depthwise")
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project")(y)
    y = normalized(y, f"{name}_project", active=False)
    return layers.Add()([y, x]) if strides == 1 and x.shape[-1] == filters else y


def efficientnet_lite0() -> Any:
    """Pictures (224, 224, 3), as `(x - 127) / 128`, to the logits of ImageNet's 1000 classes."""
    inputs = keras.Input((224, 224, 3))
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem")(inputs)
    x = normalized(x, "stem")
    number = 0
    for repeats, kernel, strides, expansion, filters in STAGES:
        for repeat in range(repeats):
            x = block(x, f"block{number}", kernel, 1 if repeat else strides, expansion, filters)
            number += 1
    x = layers.Conv2D(1280, 1, use_bias=False, name="head")(x)
    x = layers.GlobalAveragePooling2D()(normalized(x, "head"))
    return keras.Model(inputs, layers.Dense(1000, name="top")(layers.Dropout(0.2)(x)))


# The same weights by name, where the order of the calls would not do.
PATTERNS = [
    ("_conv_stem", "stem"),
    ("_bn0", "stem_bn"),
    ("_blocks.{i}._expand_conv", "block{i}_expand"),
    ("_blocks.0._bn1", "block0_depthwise_bn"),
    ("_blocks.{i}._bn0", "block{i}_expand_bn"),
    ("_blocks.{i}._depthwise_conv", "block{i}_depthwise"),
    ("_blocks.{i}._bn1", "block{i}_depthwise_bn"),
    ("_blocks.{i}._project_conv", "block{i}_project"),
    ("_blocks.{i}._bn2", "block{i}_project_bn"),
    ("_conv_head", "head"),
    ("_bn1", "head_bn"),
    ("_fc", "top"),
]
