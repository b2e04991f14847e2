"""Rows of every layer."""

from __future__ import annotations

from typing import Any

import numpy as np

import oxhorn as keras
from oxhorn.testing.reference import activations as act
from oxhorn.testing.reference import layers as ref
from oxhorn.testing.reference import ops
from tests.layers.rows_additions import ADDITIONS
from tests.layers.rows_attention import ATTENTION, EINSUM_DENSE
from tests.layers.rows_preprocessing_features import PREPROCESSING_FEATURES
from tests.layers.rows_rnn import RECURRENT
from tests.layers.table import LayerRow as Row


def dense(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    weights = [("kernel", (shape[-1], arguments["units"]))]
    if arguments.get("use_bias", True):
        weights.append(("bias", (arguments["units"],)))
    return Row(
        "Dense",
        arguments,
        [shape],
        lambda x, k, b=None: ref.dense(x, k, b, arguments.get("activation")),
        weights,
        loose=8,
    )


def conv(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n = len(shape) - 2
    first = arguments.get("data_format") == "channels_first"
    size = ops.per_axis(arguments["kernel_size"], n)
    channels = shape[1] if first else shape[-1]
    weights = [("kernel", (*size, channels // arguments.get("groups", 1), arguments["filters"]))]
    if arguments.get("use_bias", True):
        weights.append(("bias", (arguments["filters"],)))
    options = {
        k: v
        for k, v in arguments.items()
        if k not in ("filters", "kernel_size", "use_bias", "kernel_initializer")
    }
    return Row(
        f"Conv{n}D", arguments, [shape], lambda x, k, b=None: ref.conv(x, k, b, **options), weights, loose=8
    )


def conv_transpose(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n = len(shape) - 2
    channels = shape[1] if arguments.get("data_format") == "channels_first" else shape[-1]
    size = ops.per_axis(arguments["kernel_size"], n)
    weights = [("kernel", (*size, arguments["filters"], channels)), ("bias", (arguments["filters"],))]
    options = {k: v for k, v in arguments.items() if k not in ("filters", "kernel_size")}
    return Row(
        f"Conv{n}DTranspose",
        arguments,
        [shape],
        lambda x, k, b: ref.conv_transpose(x, k, b, **options),
        weights,
        loose=16,
    )


def depthwise(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n, multiplier = len(shape) - 2, arguments.get("depth_multiplier", 1)
    channels = shape[1] if arguments.get("data_format") == "channels_first" else shape[-1]
    weights = [("kernel", (*ops.per_axis(arguments["kernel_size"], n), channels, multiplier))]
    if arguments.get("use_bias", True):
        weights.append(("bias", (channels * multiplier,)))
    options = {k: v for k, v in arguments.items() if k not in ("kernel_size", "depth_multiplier", "use_bias")}
    return Row(
        f"DepthwiseConv{n}D",
        arguments,
        [shape],
        lambda x, k, b=None: ref.depthwise_conv(x, k, b, **options),
        weights,
        loose=8,
    )


def separable(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n, multiplier = len(shape) - 2, arguments.get("depth_multiplier", 1)
    channels = shape[1] if arguments.get("data_format") == "channels_first" else shape[-1]
    filters = arguments["filters"]
    weights = [
        ("depthwise_kernel", (*ops.per_axis(arguments["kernel_size"], n), channels, multiplier)),
        ("pointwise_kernel", (*(1,) * n, channels * multiplier, filters)),
    ]
    if arguments.get("use_bias", True):
        weights.append(("bias", (filters,)))
    left_out = ("filters", "kernel_size", "depth_multiplier", "use_bias")
    options = {k: v for k, v in arguments.items() if k not in left_out}
    return Row(
        f"SeparableConv{n}D",
        arguments,
        [shape],
        lambda x, d, p, b=None: ref.separable_conv(x, d, p, b, **options),
        weights,
        loose=16,
    )


def adaptive(kind: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    reference = ref.adaptive_max_pooling if kind == "Max" else ref.adaptive_average_pooling
    name = f"Adaptive{kind}Pooling{len(shape) - 2}D"
    return Row(name, arguments, [shape], lambda x: reference(x, **arguments), loose=4)


def spatial(layer: str, reference: Any, arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    return Row(f"{layer}{len(shape) - 2}D", arguments, [shape], lambda x: reference(x, **arguments), loose=4)


def pool(kind: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    reference = ops.max_pool if kind == "Max" else ops.average_pool
    return Row(
        f"{kind}Pooling{len(shape) - 2}D", arguments, [shape], lambda x: reference(x, **arguments), loose=4
    )


def global_pool(kind: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    reference = ref.global_max_pooling if kind == "Max" else ref.global_average_pooling
    name = f"Global{kind}Pooling{len(shape) - 2}D"
    return Row(name, arguments, [shape], lambda x: reference(x, **arguments), loose=4)


def batch_norm(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n = (shape[arguments.get("axis", -1)],)
    scale, center = arguments.get("scale", True), arguments.get("center", True)
    weights = [("gamma", n)] * scale + [("beta", n)] * center + [("moving_mean", n), ("moving_variance", n)]
    options = {k: arguments[k] for k in ("axis", "momentum", "epsilon") if k in arguments}

    def reference(training: bool):
        def normalized(x, *w):
            own = list(w)
            gamma = own.pop(0) if scale else None
            beta = own.pop(0) if center else None
            return ref.batch_normalization(x, gamma, beta, *own, training=training, **options)[0]

        return normalized

    return Row(
        "BatchNormalization",
        arguments,
        [shape],
        reference(False),
        weights,
        training=reference(True),
        loose=16,
    )


def layer_norm(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    axis = arguments.get("axis", -1)
    axes = [axis] if isinstance(axis, int) else sorted(axis)
    n = tuple(shape[a] for a in axes)
    scale, center = arguments.get("scale", True), arguments.get("center", True)
    weights = [("gamma", n)] * scale + [("beta", n)] * center

    def reference(x, *w):
        own = list(w)
        gamma = own.pop(0) if scale else None
        beta = own.pop(0) if center else None
        return ops.layer_normalization(x, gamma, beta, axes, arguments.get("epsilon", 1e-3))

    return Row("LayerNormalization", arguments, [shape], reference, weights, loose=16)


def group_norm(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n = (shape[arguments.get("axis", -1)],)
    center = arguments.get("center", True)
    weights = [("gamma", n)] + [("beta", n)] * center
    options = {k: arguments[k] for k in ("groups", "axis", "epsilon") if k in arguments}
    return Row(
        "GroupNormalization",
        arguments,
        [shape],
        lambda x, gamma, beta=None: ref.group_normalization(x, gamma, beta, **options),
        weights,
        loose=32,
    )


def one(layer: str, arguments: dict[str, Any], shape: tuple[int, ...], reference: Any, **more: Any) -> Row:
    return Row(layer, arguments, [shape], reference, **more)


def merge(layer: str, reference: Any, *shapes: tuple[int, ...], **arguments: Any) -> Row:
    return Row(layer, arguments, list(shapes), lambda xs: reference(xs, **arguments), loose=8)


CORE = [
    dense({"units": 5}, (3, 4)),
    dense({"units": 5, "activation": "relu"}, (3, 4)),
    dense({"units": 2, "use_bias": False, "activation": "tanh"}, (3, 2, 4)),
    dense({"units": 1, "activation": "sigmoid"}, (1, 1)),
    dense({"units": 4, "activation": "softmax"}, (3, 17)),
    dense({"units": 33, "activation": "gelu"}, (2, 9)),
    Row("Embedding", {"input_dim": 7, "output_dim": 3}, [(2, 5)], lambda x, t: ref.embedding(x, t),
        [("embeddings", (7, 3))], below=7),
    Row("Embedding", {"input_dim": 4, "output_dim": 2, "mask_zero": True}, [(6,)], lambda x, t: ref.embedding(x, t),
        [("embeddings", (4, 2))], below=4),
    one("Dropout", {"rate": 0.4}, (4, 5), lambda x: x, random=True),
    one("Dropout", {"rate": 0.3, "noise_shape": (None, 1), "seed": 3}, (4, 5), lambda x: x, random=True),
    one("Dropout", {"rate": 0.0}, (4, 5), lambda x: x),
]  # fmt: skip

REGULARIZATION = [
    one("GaussianNoise", {"stddev": 0.1}, (4, 5), lambda x: x, random=True),
    one("GaussianDropout", {"rate": 0.4, "seed": 2}, (4, 5), lambda x: x, random=True),
    one("AlphaDropout", {"rate": 0.4}, (4, 5), lambda x: x, random=True),
    one("AlphaDropout", {"rate": 0.3, "noise_shape": (None, 1), "seed": 3}, (4, 5), lambda x: x, random=True),
    one("SpatialDropout1D", {"rate": 0.4}, (3, 4, 5), lambda x: x, random=True),
    one("SpatialDropout2D", {"rate": 0.4, "seed": 1}, (3, 2, 4, 5), lambda x: x, random=True),
    one("SpatialDropout3D", {"rate": 0.4}, (3, 2, 2, 4, 5), lambda x: x, random=True),
    one("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (3, 4), lambda x: x),
    one("Masking", {}, (3, 2, 4), ref.masking),
    one("Lambda", {"function": keras.ops.square}, (3, 4), np.square),
]

ACTIVATIONS = [
    one("Activation", {"activation": "relu"}, (3, 4), act.relu),
    one("Activation", {"activation": "elu"}, (3, 4), act.elu, loose=4),
    one("Activation", {"activation": "softmax"}, (3, 4), act.softmax, loose=4),
    one("ReLU", {}, (3, 4), act.relu),
    one("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.25}, (5, 4),
        lambda x: act.relu(x, 0.1, 1.0, 0.25)),
    one("LeakyReLU", {}, (3, 4), lambda x: act.leaky_relu(x, 0.3)),
    one("LeakyReLU", {"negative_slope": 0.05}, (3, 4), lambda x: act.leaky_relu(x, 0.05)),
    *[
        one("Activation", {"activation": name}, (3, 4), act.ALL[name], loose=8)
        for name in act.ALL
        if name not in ("relu", "elu", "softmax", "threshold", "linear", "sparsemax")
    ],
    one("PReLU", {}, (3, 4), ref.prelu, weights=[("alpha", (4,))]),
    one("PReLU", {"shared_axes": [1, 2]}, (2, 3, 2, 4), ref.prelu, weights=[("alpha", (1, 1, 4))]),
    one("ELU", {}, (3, 4), act.elu, loose=4),
    one("ELU", {"alpha": 0.3}, (3, 4), lambda x: act.elu(x, 0.3), loose=4),
    one("Softmax", {}, (3, 4), act.softmax, loose=4),
    one("Softmax", {"axis": 1}, (3, 4, 2), lambda x: act.softmax(x, 1), loose=4),
    one("Softmax", {"axis": [1, 2]}, (3, 4, 2), lambda x: act.softmax(x, (1, 2)), loose=4),
]  # fmt: skip

SHAPES = [
    one("Flatten", {}, (3, 4, 2), ref.flatten),
    one("Flatten", {}, (3,), ref.flatten),
    one("Flatten", {"data_format": "channels_first"}, (2, 3, 4, 2), lambda x: ref.flatten(x, "channels_first")),
    one("Reshape", {"target_shape": (2, 6)}, (3, 4, 3), lambda x: ref.reshape(x, (2, 6))),
    one("Reshape", {"target_shape": (-1, 2)}, (3, 4, 3), lambda x: ref.reshape(x, (-1, 2))),
    one("Identity", {}, (3, 4), lambda x: x),
    one("Permute", {"dims": (2, 1)}, (3, 4, 2), lambda x: ref.permute(x, (2, 1))),
    one("Permute", {"dims": (3, 1, 2)}, (2, 3, 4, 2), lambda x: ref.permute(x, (3, 1, 2))),
    one("RepeatVector", {"n": 3}, (2, 4), lambda x: ref.repeat_vector(x, 3)),
    one("ZeroPadding1D", {}, (2, 3, 4), lambda x: np.pad(x, ((0, 0), (1, 1), (0, 0)))),
    one("ZeroPadding1D", {"padding": (1, 2), "data_format": "channels_first"}, (2, 3, 4),
        lambda x: np.pad(x, ((0, 0), (0, 0), (1, 2)))),
    one("ZeroPadding2D", {}, (2, 3, 4, 2), ref.zero_padding2d),
    one("ZeroPadding2D", {"padding": 2}, (2, 3, 4, 2), lambda x: ref.zero_padding2d(x, 2)),
    one("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, (2, 3, 4, 2),
        lambda x: ref.zero_padding2d(x, ((1, 0), (2, 3)))),
    one("ZeroPadding2D", {"padding": (1, 2), "data_format": "channels_first"}, (2, 3, 4, 2),
        lambda x: ref.zero_padding2d(x, (1, 2), "channels_first")),
    one("Rescaling", {"scale": 1 / 255.0}, (3, 4), lambda x: ref.rescaling(x, 1 / 255.0)),
    one("Rescaling", {"scale": 0.5, "offset": -1.0}, (3, 4), lambda x: ref.rescaling(x, 0.5, -1.0)),
]  # fmt: skip

NORMALIZATION = [
    one("UnitNormalization", {}, (3, 4), ref.unit_normalization, loose=4),
    one(
        "UnitNormalization", {"axis": [1, 2]}, (3, 2, 4), lambda x: ref.unit_normalization(x, [1, 2]), loose=4
    ),
    one("RMSNormalization", {}, (3, 4), ref.rms_normalization, weights=[("scale", (4,))], loose=8),
    one("UnitNormalization", {"axis": 1}, (3, 4, 2), lambda x: ref.unit_normalization(x, 1), loose=4),
    one(
        "RMSNormalization",
        {"axis": [1, 2], "epsilon": 0.01},
        (3, 2, 4),
        lambda x, scale: ref.rms_normalization(x, scale, axis=(1, 2), epsilon=0.01),
        weights=[("scale", (2, 4))],
        loose=8,
    ),
    group_norm({"groups": 2}, (3, 4)),
    group_norm({"groups": 1}, (2, 4, 3)),
    group_norm({"groups": 3, "axis": 2}, (2, 4, 6, 2)),
    group_norm({"groups": 3}, (2, 3, 5, 6)),
    group_norm({"groups": -1, "epsilon": 0.1}, (2, 4, 3)),
    group_norm({"groups": 2, "axis": 1, "center": False}, (2, 4, 3)),
    batch_norm({}, (6, 4)),
    batch_norm({"momentum": 0.9, "epsilon": 1e-2, "center": False}, (6, 4)),
    batch_norm({"scale": False}, (4, 3, 2, 5)),
    batch_norm({"axis": 1}, (4, 3, 2, 5)),
    batch_norm({"axis": -2, "momentum": 0.5}, (4, 3, 5)),
    batch_norm({"axis": 2, "epsilon": 0.1}, (4, 3, 5, 2)),
    batch_norm({"momentum": 0.0, "epsilon": 0.1, "scale": False, "center": False}, (4, 3, 5)),
    layer_norm({}, (3, 4)),
    layer_norm({"axis": [1, 2], "epsilon": 1e-5}, (3, 4, 2)),
    layer_norm({"axis": 1}, (3, 4, 2)),
    layer_norm({"axis": [2, 1]}, (3, 4, 2)),
    layer_norm({"axis": [-1, -3], "scale": False, "center": False}, (2, 3, 4, 2)),
    layer_norm({"scale": False}, (3, 5)),
    layer_norm({"center": False}, (3, 5)),
]

CONVOLUTIONS = [
    conv({"filters": 4, "kernel_size": 3}, (2, 8, 3)),
    conv({"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2, "activation": "relu"}, (2, 9, 3)),
    conv({"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, (2, 9, 2)),
    conv({"filters": 6, "kernel_size": 2, "groups": 2, "use_bias": False}, (2, 6, 4)),
    conv({"filters": 3, "kernel_size": 2, "data_format": "channels_first"}, (2, 4, 6)),
    conv({"filters": 4, "kernel_size": 3}, (2, 6, 7, 3)),
    conv({"filters": 5, "kernel_size": (3, 2), "padding": "same", "strides": (2, 1)}, (2, 7, 6, 3)),
    conv({"filters": 4, "kernel_size": (2, 3), "dilation_rate": (2, 1), "activation": "tanh"}, (2, 7, 6, 2)),
    conv({"filters": 6, "kernel_size": 3, "groups": 3, "padding": "same"}, (2, 5, 5, 6)),
    conv({"filters": 17, "kernel_size": 1, "use_bias": False}, (2, 4, 4, 3)),
    conv({"filters": 4, "kernel_size": 3, "padding": "same", "data_format": "channels_first"}, (2, 3, 6, 5)),
]

_FIRST = {"data_format": "channels_first"}

MORE_CONVOLUTIONS = [
    conv({"filters": 3, "kernel_size": (2, 3, 2), "padding": "same", "strides": 2}, (2, 4, 5, 4, 2)),
    conv({"filters": 2, "kernel_size": 2, "groups": 2, "activation": "relu", **_FIRST}, (2, 4, 3, 4, 4)),
    conv_transpose({"filters": 3, "kernel_size": 3}, (2, 5, 2)),
    conv_transpose({"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same"}, (2, 4, 2)),
    conv_transpose({"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 3, 4, 2)),
    conv_transpose({"filters": 2, "kernel_size": (3, 2), "strides": 2, "output_padding": 1}, (2, 3, 4, 2)),
    conv_transpose({"filters": 2, "kernel_size": 3, "dilation_rate": 2, **_FIRST}, (2, 3, 4, 2)),
    conv_transpose({"filters": 2, "kernel_size": 2, "strides": 2, "activation": "tanh"}, (1, 2, 3, 2, 2)),
    depthwise({"kernel_size": 3}, (2, 6, 3)),
    depthwise({"kernel_size": 3, "depth_multiplier": 2, "padding": "same", "strides": 2}, (2, 7, 3)),
    depthwise({"kernel_size": (3, 2), "depth_multiplier": 2, "activation": "relu"}, (2, 6, 5, 3)),
    depthwise({"kernel_size": 3, "padding": "same", "use_bias": False, **_FIRST}, (2, 3, 6, 5)),
    depthwise({"kernel_size": 2, "dilation_rate": (2, 1)}, (2, 6, 5, 2)),
    separable({"filters": 4, "kernel_size": 3, "padding": "same"}, (2, 6, 3)),
    separable({"filters": 4, "kernel_size": 3, "strides": 2, "depth_multiplier": 2}, (2, 7, 3)),
    separable({"filters": 4, "kernel_size": (3, 2), "activation": "relu"}, (2, 6, 5, 3)),
    separable({"filters": 2, "kernel_size": 3, "use_bias": False, "padding": "same", **_FIRST}, (2, 3, 6, 5)),
]

SPATIAL = [
    spatial("Cropping", ref.cropping, {"cropping": (1, 2)}, (2, 6, 3)),
    spatial("Cropping", ref.cropping, {"cropping": 1}, (2, 6, 3)),
    spatial("Cropping", ref.cropping, {"cropping": ((1, 2), (0, 1))}, (2, 6, 5, 3)),
    spatial("Cropping", ref.cropping, {"cropping": (1, 2), **_FIRST}, (2, 5, 6, 6)),
    spatial("Cropping", ref.cropping, {"cropping": 1}, (2, 4, 3, 5, 2)),
    spatial("Cropping", ref.cropping, {"cropping": ((1, 0), (0, 1), (2, 2)), **_FIRST}, (1, 2, 3, 5, 6)),
    spatial("ZeroPadding", ref.zero_padding3d, {"padding": 1}, (1, 2, 3, 2, 2)),
    spatial("ZeroPadding", ref.zero_padding3d, {"padding": (1, 0, 2), **_FIRST}, (1, 2, 3, 2, 2)),
    spatial("ZeroPadding", ref.zero_padding3d, {"padding": ((1, 0), (0, 1), (2, 2))}, (1, 2, 3, 2, 2)),
    spatial("UpSampling", ref.up_sampling, {"size": 3}, (2, 4, 3)),
    spatial("UpSampling", ref.up_sampling, {"size": (2, 3)}, (2, 4, 3, 2)),
    spatial("UpSampling", ref.up_sampling, {"size": 2, "interpolation": "bilinear"}, (2, 4, 3, 2)),
    spatial("UpSampling", ref.up_sampling, {"size": 2, "interpolation": "bicubic", **_FIRST}, (2, 3, 4, 3)),
    spatial("UpSampling", ref.up_sampling, {"size": (1, 2, 3)}, (1, 3, 2, 2, 2)),
    spatial("UpSampling", ref.up_sampling, {"size": 2, **_FIRST}, (1, 2, 3, 2, 2)),
]

POOLINGS = [
    row
    for kind in ("Max", "Average")
    for row in (
        pool(kind, {"pool_size": 2}, (2, 6, 3)),
        pool(kind, {"pool_size": 3, "strides": 2, "padding": "same"}, (2, 8, 3)),
        pool(kind, {"pool_size": 2, "strides": 1, "data_format": "channels_first"}, (2, 3, 6)),
        pool(kind, {"pool_size": 2}, (2, 6, 7, 3)),
        pool(kind, {"pool_size": (3, 2), "strides": 2, "padding": "same"}, (2, 6, 7, 3)),
        pool(kind, {"pool_size": 3, "strides": (1, 2), "padding": "valid"}, (2, 6, 7, 2)),
        pool(kind, {"pool_size": 2, "padding": "same", "data_format": "channels_first"}, (2, 3, 5, 6)),
        global_pool(kind, {}, (2, 5, 3)),
        global_pool(kind, {"keepdims": True, "data_format": "channels_first"}, (2, 5, 3)),
        global_pool(kind, {}, (2, 4, 5, 3)),
        global_pool(kind, {"keepdims": True}, (2, 4, 5, 3)),
        global_pool(kind, {"data_format": "channels_first"}, (2, 3, 4, 5)),
        pool(kind, {"pool_size": 2}, (2, 4, 5, 4, 2)),
        pool(kind, {"pool_size": (2, 1, 3), "strides": 1, "padding": "same", **_FIRST}, (1, 2, 3, 4, 5)),
        global_pool(kind, {}, (2, 3, 2, 4, 3)),
        global_pool(kind, {"keepdims": True, **_FIRST}, (2, 3, 2, 4, 3)),
        adaptive(kind, {"output_size": 3}, (2, 7, 3)),
        adaptive(kind, {"output_size": (2, 3)}, (2, 5, 7, 3)),
        adaptive(kind, {"output_size": 2, **_FIRST}, (2, 3, 5, 4)),
        adaptive(kind, {"output_size": (1, 3, 2)}, (1, 3, 4, 5, 2)),
    )
]

MERGING = [
    *[
        row
        for name, reference in (
            ("Add", ref.add),
            ("Multiply", ref.multiply),
            ("Average", ref.average),
            ("Maximum", ref.maximum),
            ("Minimum", ref.minimum),
        )
        for row in (
            merge(name, reference, (3, 4), (3, 4)),
            merge(name, reference, (3, 4), (3, 4), (3, 4)),
            merge(name, reference, (3, 2, 4), (3, 1, 4)),
            merge(name, reference, (3, 2, 4), (3, 4)),
        )
    ],
    merge("Subtract", ref.subtract, (3, 4), (3, 4)),
    merge("Concatenate", ref.concatenate, (3, 4), (3, 2)),
    merge("Concatenate", ref.concatenate, (3, 4, 2), (3, 1, 2), (3, 2, 2), axis=1),
    merge("Dot", ref.dot, (3, 4), (3, 4), axes=1),
    merge("Dot", ref.dot, (3, 4), (3, 4), axes=-1, normalize=True),
    merge("Dot", ref.dot, (3, 2, 4), (3, 4, 5), axes=(2, 1)),
    merge("Dot", ref.dot, (3, 4, 2), (3, 4, 5), axes=1),
    merge("Dot", ref.dot, (3, 2, 4), (3, 4), axes=(2, 1)),
]

TABLES = {
    "core": CORE,
    "einsum_dense": EINSUM_DENSE,
    "attention": ATTENTION,
    "regularization": REGULARIZATION,
    "activations": ACTIVATIONS,
    "shapes": SHAPES,
    "normalization": NORMALIZATION,
    "convolutions": CONVOLUTIONS + MORE_CONVOLUTIONS,
    "spatial": SPATIAL,
    "poolings": POOLINGS,
    "merging": MERGING,
    "recurrent": RECURRENT,
    "additions": ADDITIONS,
    "preprocessing_features": PREPROCESSING_FEATURES,
}
ROWS = [row for rows in TABLES.values() for row in rows]
