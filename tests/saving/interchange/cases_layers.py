"""Every layer of the tables, and layers with unusual arguments, each in a model of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import oxhorn as keras
from tests.layers.rows import ROWS
from tests.layers.rows_additions import ADDED
from tests.layers.rows_image import IMAGE_ROWS
from tests.saving.interchange.case import Case

L, S, R, C = keras.layers, keras.initializers, keras.regularizers, keras.constraints
RNG = np.random.default_rng(8)


def model_of(layer: Any, shapes: list[tuple[int, ...]], dtype: str = "float32") -> Any:
    inputs = [keras.Input(shape, dtype=dtype) for shape in shapes]
    return keras.Model(inputs, layer(inputs[0] if len(inputs) == 1 else inputs))


def row_case(row: Any) -> Case:
    kind = "float32" if row.below is None else "int32"

    def make() -> Any:
        layer = getattr(L, row.layer)(**row.arguments)
        model = model_of(layer, [shape[1:] for shape in row.shapes], kind)
        if row.weights:
            layer.set_weights(row.new_weights("float32"))
        return model

    return Case(row.id, make, tuple(row.arrays("float32")), loose=max(1.0, row.loose))


def image_case(row: Any) -> Case:
    def make() -> Any:
        return model_of(getattr(L, row.layer)(**row.arguments), [row.shape[1:]])

    return Case(f"image-{row.id}", make, (row.images("float32"),), loose=max(1.0, row.loose))


def floats(*shape: int) -> Any:
    return RNG.normal(size=shape).astype("float32")


def case(name: str, layer: Callable[[], Any], *x: Any) -> Case:
    return Case(
        f"unusual-{name}",
        lambda: model_of(layer(), [each.shape[1:] for each in x], str(x[0].dtype)),
        x,
        loose=4.0,
    )


# Initializers with arguments, one a layer.
STARTS: list[Any] = [
    S.Orthogonal(gain=2.0, seed=5),
    S.VarianceScaling(3.0, "fan_avg", "untruncated_normal", seed=2),
    S.TruncatedNormal(0.1, 0.2, seed=1),
    S.RandomUniform(-0.5, 0.1, seed=9),
    S.Constant(0.25),
    S.IdentityInitializer(2.0),
    S.LecunUniform(seed=4),
    S.HeNormal(seed=4),
]
HELD: list[Any] = [
    C.MaxNorm(2.0, axis=0),
    C.MinMaxNorm(0.1, 0.9, rate=0.5, axis=1),
    C.UnitNorm(axis=-1),
    C.NonNeg(),
]
PENALTIES: list[Any] = [R.L1L2(0.1, 0.2), R.L1(0.3), R.L2(0.4), R.OrthogonalRegularizer(0.1, "columns")]

UNUSUAL = [
    *(
        case(f"start-{type(s).__name__}", lambda s=s: L.Dense(4, kernel_initializer=s), floats(3, 4))
        for s in STARTS
    ),
    *(
        case(f"held-{type(c).__name__}", lambda c=c: L.Dense(5, kernel_constraint=c), floats(3, 4))
        for c in HELD
    ),
    *(
        case(f"penalty-{type(r).__name__}", lambda r=r: L.Dense(5, kernel_regularizer=r), floats(3, 4))
        for r in PENALTIES
    ),
    case(
        "dense-all",
        lambda: L.Dense(
            3,
            activation="mish",
            bias_initializer=S.RandomNormal(0.5, 0.1, seed=1),
            bias_regularizer="l1",
            bias_constraint="non_neg",
            activity_regularizer=R.L2(0.5),
            name="a name with spaces",
            trainable=False,
        ),
        floats(3, 4),
    ),
    case("dense-4d", lambda: L.Dense(2, use_bias=False), floats(2, 3, 4, 5)),
    case("conv-dilated", lambda: L.Conv2D(4, (3, 2), dilation_rate=(2, 1), groups=2), floats(2, 9, 8, 4)),
    case("conv-causal", lambda: L.Conv1D(4, 3, padding="causal", dilation_rate=2), floats(2, 9, 3)),
    case("conv-first", lambda: L.Conv2D(4, 3, strides=2, data_format="channels_last"), floats(2, 9, 8, 3)),
    case(
        "transposed",
        lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1),
        floats(2, 4, 5, 3),
    ),
    case(
        "batch-norm-axis",
        lambda: L.BatchNormalization(axis=1, momentum=0.5, epsilon=0.1, scale=False),
        floats(3, 4, 5),
    ),
    case("layer-norm-axes", lambda: L.LayerNormalization(axis=[1, 2], center=False), floats(3, 4, 5)),
    case("group-norm", lambda: L.GroupNormalization(groups=2, axis=1), floats(3, 4, 5)),
    case("spectral", lambda: L.SpectralNormalization(L.Dense(3), power_iterations=2), floats(3, 4)),
    case(
        "embedding",
        lambda: L.Embedding(9, 3, mask_zero=True, embeddings_constraint="unit_norm"),
        RNG.integers(0, 9, (3, 5)).astype("int32"),
    ),
    case(
        "reversible",
        lambda: L.ReversibleEmbedding(9, 3, tie_weights=False),
        RNG.integers(0, 9, (3, 5)).astype("int32"),
    ),
    case(
        "einsum",
        lambda: L.EinsumDense("abc,cd->abd", (None, 6), bias_axes="d", activation="relu"),
        floats(2, 3, 4),
    ),
    case(
        "lstm",
        lambda: L.LSTM(
            3,
            return_sequences=True,
            go_backwards=True,
            unit_forget_bias=False,
            dropout=0.1,
            recurrent_dropout=0.2,
            seed=4,
        ),
        floats(2, 5, 3),
    ),
    case(
        "gru",
        lambda: L.GRU(3, reset_after=False, use_bias=False, unroll=True, activation="elu"),
        floats(2, 5, 3),
    ),
    case(
        "simple-rnn",
        lambda: L.SimpleRNN(3, kernel_regularizer="l2", recurrent_constraint="max_norm"),
        floats(2, 5, 3),
    ),
    case(
        "bidirectional",
        lambda: L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="ave"),
        floats(2, 5, 3),
    ),
    case(
        "bidirectional-two",
        lambda: L.Bidirectional(L.GRU(3), backward_layer=L.LSTM(3, go_backwards=True), merge_mode="concat"),
        floats(2, 5, 3),
    ),
    case("time-distributed", lambda: L.TimeDistributed(L.Dense(4, activation="tanh")), floats(2, 5, 3)),
    case(
        "rnn-of-cells",
        lambda: L.RNN([L.LSTMCell(3), L.GRUCell(2, reset_after=False), L.SimpleRNNCell(4)]),
        floats(2, 5, 3),
    ),
    case(
        "stacked-cells",
        lambda: L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.LSTMCell(2)]), return_sequences=True),
        floats(2, 5, 3),
    ),
    case(
        "conv-lstm", lambda: L.ConvLSTM2D(2, 3, padding="same", return_sequences=True), floats(1, 3, 5, 4, 2)
    ),
    case("dropout", lambda: L.Dropout(0.5, noise_shape=(None, 1), seed=3), floats(3, 4)),
    case("alpha-dropout", lambda: L.AlphaDropout(0.2, noise_shape=(3, 4), seed=3), floats(3, 4)),
    case("gaussian-noise", lambda: L.GaussianNoise(0.5, seed=3), floats(3, 4)),
    case("prelu", lambda: L.PReLU(alpha_initializer=S.Constant(0.3), shared_axes=[1]), floats(3, 4, 5)),
    case("relu", lambda: L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2), floats(3, 4)),
    case("permute", lambda: L.Permute((3, 1, 2)), floats(2, 3, 4, 5)),
    case("cropping", lambda: L.Cropping2D(((1, 0), (2, 1))), floats(2, 5, 6, 3)),
    case("rescaling", lambda: L.Rescaling([0.5, 2.0], offset=[1.0, -1.0]), floats(3, 2)),
    case(
        "normalization",
        lambda: L.Normalization(axis=-1, mean=[1.0, 2.0], variance=[0.5, 4.0], invert=True),
        floats(3, 2),
    ),
    case(
        "attention",
        lambda: L.Attention(use_scale=True, score_mode="concat", dropout=0.1, seed=1),
        floats(2, 3, 4),
        floats(2, 5, 4),
    ),
    case(
        "additive-attention", lambda: L.AdditiveAttention(use_scale=False), floats(2, 3, 4), floats(2, 5, 4)
    ),
    case("dot", lambda: L.Dot(axes=(1, 2), normalize=True), floats(2, 3, 4), floats(2, 5, 3)),
    case("concatenate", lambda: L.Concatenate(axis=1), floats(2, 3, 4), floats(2, 5, 4)),
    case(
        "category-encoding",
        lambda: L.CategoryEncoding(6, "count"),
        RNG.integers(0, 6, (3, 5)).astype("int32"),
    ),
    case(
        "discretization",
        lambda: L.Discretization(bin_boundaries=[-0.5, 0.0, 0.7], output_mode="one_hot"),
        floats(3, 1),
    ),
]


def attention(name: str, layer: Callable[[], Any], causal: bool) -> Case:
    """Layers that are called with several arguments."""

    def make() -> Any:
        query, value = keras.Input((3, 4)), keras.Input((5, 4))
        return keras.Model([query, value], layer()(query, value, use_causal_mask=causal))

    return Case(f"unusual-{name}", make, (floats(2, 3, 4), floats(2, 5, 4)), loose=4.0)


UNUSUAL += [
    attention(
        "multi-head", lambda: L.MultiHeadAttention(2, 3, value_dim=5, output_shape=6, use_bias=False), False
    ),
    attention(
        "multi-head-causal", lambda: L.MultiHeadAttention(2, 3, attention_axes=1, dropout=0.3, seed=2), True
    ),
    attention("grouped", lambda: L.GroupQueryAttention(3, 4, 2, use_bias=False), False),
]

# What is no matter of one tensor of numbers: text, and functions.
_APART = {"Lambda", "IntegerLookup", "HashedCrossing", "Hashing", "StringLookup", "TextVectorization"}


def _beyond_keras(row: Any) -> bool:
    """What Keras 3.15 cannot read, or read and use, of its own files either."""
    return (
        # Several axes, which come back as a list.
        (row.layer == "Softmax" and not isinstance(row.arguments.get("axis", -1), int))
        # Outside of training it returns the very tensor it got, and the model has no way from input to output.
        or (row.layer == "Equalization" and "bins" in row.arguments)
        # Outside of training its results do not have the shape that it tells.
        or row.layer == "RandomCrop"
    )


LAYERS = [row_case(row) for row in ROWS if row.layer not in ADDED | _APART and not _beyond_keras(row)]
LAYERS += [image_case(row) for row in IMAGE_ROWS if not _beyond_keras(row)]
LAYERS += UNUSUAL
