"""Whole models, run by onnxruntime: architectures, networks of images and sequences, subclasses, several outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.export.trace import trace_model
from tests.downloads import trained_model
from tests.export.runs import assert_same, check, made, ops_of, run, session
from tests.models.architectures import ARCHITECTURES

L = keras.layers


def random(*shape: int, seed: int = 0, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def shaken(model: keras.Model) -> keras.Model:
    """The model with weights that differ from the first ones everywhere."""
    rng = np.random.default_rng(3)
    for variable in model.weights:
        if variable.dtype.startswith("float"):
            low = 0.5 if "variance" in variable.path else -0.5
            variable.assign(rng.uniform(low, 1.5 if low > 0 else 0.5, tuple(variable.shape)))
    return model


@pytest.mark.parametrize("build", ARCHITECTURES, ids=lambda build: build.__name__)
def test_architecture(build: Callable[[Any], keras.Model]) -> None:
    keras.backend.clear_session()
    model = build(keras)
    if not model.built:
        model(np.zeros((2, 4), "float32"))
    for batch in (4, 1):
        given = [
            np.arange(batch * 3).reshape(batch, 3).astype("int32") % 5
            if tensor.dtype == "int32"
            else random(batch, *tensor.shape[1:], seed=i)
            for i, tensor in enumerate(model.inputs)
        ]
        structure = model.input
        content = check(
            shaken(model), keras.tree.pack_sequence_as(structure, given) if len(given) > 1 else given[0]
        )
    assert [spec.name for spec in content.graph.input] == model.input_names


def plain_images() -> keras.Model:
    x = keras.Input((12, 11, 3))
    y = L.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(x)
    y = L.MaxPooling2D()(L.ReLU()(L.BatchNormalization()(y)))
    return keras.Model(x, L.Conv2D(5, 2, activation="relu")(y))


def residual() -> keras.Model:
    x = keras.Input((None, None, 3))
    y = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    for _ in range(2):
        z = L.Activation("silu")(L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(y)))
        z = L.Rescaling(0.5, offset=0.1)(L.DepthwiseConv2D(3, padding="same")(z))
        y = L.Add()([y, L.Dropout(0.5)(z)])
    weights = L.GlobalAveragePooling2D(keepdims=True)(y)
    y = L.Multiply()([y, L.Conv2D(4, 1, activation="sigmoid")(weights)])
    return keras.Model(x, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(y)))


def branches() -> keras.Model:
    x = keras.Input((8, 8, 3))
    y = [L.Conv2D(2, size, padding="same", activation="gelu")(x) for size in (1, 3)]
    y.append(L.Conv2D(1, 1)(L.AveragePooling2D(3, strides=1, padding="same")(x)))
    y = L.ZeroPadding2D(((1, 0), (0, 1)))(L.Concatenate()(y))
    return keras.Model(x, L.GlobalMaxPooling2D()(L.UpSampling2D(2)(L.SeparableConv2D(4, 3)(y))))


def pyramid() -> keras.Model:
    x = keras.Input((8, 6, 2))
    a = L.Conv2D(3, 3, padding="same", activation="leaky_relu")(x)
    b = L.Conv2D(4, 3, strides=2, padding="same", activation="elu")(a)
    up = L.Conv2DTranspose(3, 2, strides=2, activation="relu")(b)
    both = L.Concatenate()([a, up])
    return keras.Model(
        x, [L.Conv2D(1, 1, activation="sigmoid", name="mask")(both), L.Flatten(name="flat")(b)]
    )


def channels_first() -> keras.Model:
    x = keras.Input((3, 9, 8))
    form = {"data_format": "channels_first"}
    y = L.Conv2D(4, 3, padding="same", activation="relu", **form)(x)
    y = L.MaxPooling2D(**form)(L.BatchNormalization(axis=1)(y))
    y = L.UpSampling2D(2, **form)(L.ZeroPadding2D(1, **form)(y))
    return keras.Model(x, L.Conv2DTranspose(2, 3, activation="tanh", **form)(y))


def open_sizes() -> keras.Model:
    x = keras.Input((None, None, 2))
    y = L.Conv2D(3, 3, strides=2, padding="same", activation="relu")(x)
    y = L.AveragePooling2D(3, strides=2, padding="same")(L.ZeroPadding2D(1)(y))
    y = L.UpSampling2D(2, interpolation="bilinear")(y)
    y = L.UpSampling2D((2, 3))(L.MaxPooling2D(2, padding="same")(y))
    return keras.Model(x, L.Conv2D(2, 2, padding="same", dilation_rate=2)(L.Cropping2D(1)(y)))


# The model, and how many transpositions its file may have.
IMAGES = {
    "plain": (plain_images, 2),
    "residual": (residual, 1),
    "branches": (branches, 1),
    "pyramid": (pyramid, 3),
    "open": (open_sizes, 2),
    "channels first": (channels_first, 0),
}


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_transposed_at_the_ends_only(name: str) -> None:
    build, most = IMAGES[name]
    model = shaken(build())
    shape = [n or 9 for n in model.inputs[0].shape[1:]]
    content = check(model, random(3, *shape), random(1, *shape), random(0, *shape), loose=4)
    kinds = ops_of(content)
    assert kinds.count("Transpose") == most
    assert most == 0 or kinds[0] == "Transpose"


class Positions(L.Layer):
    """Adds a learnt row to each step."""

    def build(self, shape: Any) -> None:
        self.supports_masking = True
        self.rows = self.add_weight(shape=(16, shape[-1]), name="rows")
        self.built = True

    def call(self, x: Any) -> Any:
        return x + ops.slice(self.rows, (0, 0), (ops.shape(x)[1], x.shape[2]))


def transformer() -> keras.Model:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = Positions()(L.Embedding(11, 8, mask_zero=True)(tokens))
    attended = L.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    x = L.LayerNormalization()(x + attended)
    x = L.LayerNormalization()(x + L.Dense(8)(L.Dense(16, activation="gelu")(x)))
    return keras.Model(tokens, L.Dense(3, activation="log_softmax")(L.GlobalAveragePooling1D()(x)))


def text() -> keras.Model:
    tokens = keras.Input((None,), dtype="int32")
    x = L.Embedding(11, 4, mask_zero=True)(tokens)
    x = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    return keras.Model(tokens, L.Dense(1, activation="sigmoid")(L.GRU(3)(x)))


class Choosy(L.Layer):
    def call(self, x: Any) -> Any:
        y = ops.exp(x)

        def step(carry: Any, row: Any) -> tuple[Any, Any]:
            return ops.cond(ops.sum(row) > 0, lambda: row * y[0], lambda: carry), carry

        return y, ops.scan(step, ops.zeros((3,)), x)[0]


def nested() -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, Choosy()(x))


def forecast() -> keras.Model:
    x = keras.Input((9, 2))
    y = L.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu")(x)
    y = L.SimpleRNN(3, return_sequences=True)(L.MaxPooling1D(2)(y))
    return keras.Model(x, L.Flatten()(L.ConvLSTM1D(2, 2)(ops.expand_dims(y, -1))))


@pytest.mark.parametrize("build", [transformer, text], ids=lambda build: build.__name__)
def test_tokens(build: Callable[[], keras.Model]) -> None:
    model = shaken(build())
    tokens = np.array([[3, 4, 10, 2, 0], [1, 0, 0, 0, 0], [9, 9, 1, 5, 6]], "int32")
    check(model, tokens, tokens[:1, :3])


def test_series() -> None:
    check(shaken(forecast()), random(4, 9, 2), random(1, 9, 2))


def test_an_empty_batch() -> None:
    check(transformer(), np.zeros((0, 5), "int32"))
    check(forecast(), random(0, 9, 2))


class Heads(keras.Model):
    """A subclass with two outputs in a dict, and computations of its own."""

    def __init__(self) -> None:
        super().__init__(name="heads")
        self.body = L.Dense(6, activation="tanh")
        self.first, self.second = L.Dense(2), L.Dense(3)

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        x = ops.concatenate([inputs["wide"], ops.log1p(ops.square(inputs["deep"]))], axis=-1)
        x = self.body(x) if not training else x
        rows = ops.shape(x)[0]
        shares = ops.softmax(self.second(x)) + ops.zeros((rows, 3))
        return {"scores": self.first(x), "shares": shares, "rank": ops.argsort(shares, axis=-1)}


def test_subclass() -> None:
    model = Heads()
    given = {"wide": random(4, 3), "deep": random(4, 2, seed=1)}
    model(given)
    arrays = {"deep": given["deep"], "wide": given["wide"]}
    content = check(model, arrays, {name: array[:1] for name, array in arrays.items()})
    assert [spec.name for spec in content.graph.input] == ["deep", "wide"]
    assert [spec.name for spec in content.graph.output] == ["rank", "scores", "shares"]


def test_signature_of_a_subclass_that_was_never_called() -> None:
    class Lookup(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.table = L.Embedding(5, 2)

        def call(self, places: Any, weights: Any) -> Any:
            return self.table(places) * weights

    model = Lookup()
    signature = [
        keras.KerasTensor((None, 3), "int32", name="places"),
        keras.InputSpec("float32", (None, 3, 1)),
    ]
    one = session(made(trace_model(model, signature)))
    arrays = [np.array([[0, 4, 2]], "int32"), random(1, 3, 1)]
    assert [spec.name for spec in one.get_inputs()] == ["places", "input_1"]
    assert_same(run(one, arrays), [model(*arrays).numpy()])


SIGNATURES = {
    "a spec": keras.InputSpec("uint8", (None, 3)),
    "an array, whose first size is open": [np.zeros((7, 3), "uint8")],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_with_another_dtype(name: str) -> None:
    model = keras.Sequential([keras.Input((3,), name="x"), L.Rescaling(1 / 255), L.Dense(2)])
    pixels = np.array([[0, 128, 255], [3, 2, 1]], "uint8")
    content = check(model, pixels, pixels[:1], signature=SIGNATURES[name])
    assert [(one.name, one.type.tensor_type.elem_type) for one in content.graph.input] == [("x", 2)]


def test_slopes_of_a_product() -> None:
    """A gradient in the call, whose ops are those of inference."""

    class Slopes(keras.Model):
        def call(self, x: Any) -> Any:
            with keras.GradientTape() as tape:
                tape.watch(x)
                y = ops.matmul(ops.transpose(x), x)
            return tape.gradient(y, x, output_gradients=ops.exp(y))

    model = Slopes()
    model(random(2, 3))
    check(model, random(2, 3), random(5, 3))


def test_branches_and_loops_of_ones_own() -> None:
    x = keras.Input((4,), name="x")

    def doubled(values: Any) -> Any:
        return ops.while_loop(lambda v: ops.sum(ops.abs(v)) < 100.0, lambda v: [v * scale], [values])[0]

    scale = ops.convert_to_tensor(2.0)
    y = ops.cond(ops.mean(x) > 0, lambda: doubled(x), lambda: -x)
    z = ops.switch(ops.argmax(ops.sum(x, axis=0)), [ops.sin, ops.cos, ops.tanh], x)
    total, steps = ops.scan(lambda c, row: (c + row, c * row), ops.zeros((4,)), x)
    model = keras.Model(x, [y, z, total, steps])
    for seed in range(3):
        check(model, random(3, 4, seed=seed))


def test_a_branch_in_a_loop_that_reads_an_output() -> None:
    for seed in range(2):
        check(nested(), random(4, 3, seed=seed), random(1, 3, seed=seed))


def test_double_precision() -> None:
    x = keras.Input((5,), dtype="float64")
    y = L.BatchNormalization(dtype="float64")(L.Dense(4, activation="tanh", dtype="float64")(x))
    y = L.LSTM(3, dtype="float64")(ops.expand_dims(y, 1))
    model = shaken(
        keras.Model(x, L.Dense(2, activation="softmax", dtype="float64")(L.ReLU(dtype="float64")(y)))
    )
    given = random(3, 5, dtype="float64")
    content = check(model, given, loose=1e-5)
    assert content.graph.input[0].type.tensor_type.elem_type == 11


def test_outputs_that_are_inputs_or_constants() -> None:
    class Odd(keras.Model):
        def call(self, x: Any) -> Any:
            y = ops.exp(x)
            return [x, y, y, ops.arange(3)]

    model = Odd()
    model(random(2, 3))
    check(model, random(2, 3), random(5, 3))


def test_names_that_come_again_get_a_number() -> None:
    class Twice(keras.Model):
        def call(self, x: Any, y: Any) -> dict[str, Any]:
            return {"same": x + y, "same_1": x * y}

    model = Twice()
    signature = [keras.KerasTensor((None, 3), "float32", name="same")] * 2
    x, y = random(2, 3), random(2, 3, seed=1)
    content = made(trace_model(model, signature))
    assert [spec.name for spec in content.graph.input] == ["same", "same_1"]
    assert [spec.name for spec in content.graph.output] == ["same_2", "same_1_1"]
    assert_same(run(session(content), [x, y]), [x + y, x * y])


def test_trained_is_what_is_exported(tmp_path: Any) -> None:
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(8, activation="relu"), L.BatchNormalization(), L.Dense(1)]
    )
    model.compile("adam", "mse")
    x, y = random(64, 4), random(64, 1, seed=1)
    model.fit(x, y, epochs=2, verbose=0)
    path = tmp_path / "trained.onnx"
    model.export(path, format="onnx", verbose=False)
    one = onnxruntime.InferenceSession(path)
    (got,) = one.run(None, {model.input_names[0]: x})
    np.testing.assert_allclose(got, model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_weights_that_are_used_twice_are_written_once() -> None:
    x, y = keras.Input((6, 6, 2)), keras.Input((4, 3))
    conv, rnn = L.Conv2D(2, 3, padding="same"), L.LSTM(3, return_sequences=True)
    model = shaken(keras.Model([x, y], [conv(conv(x)), rnn(rnn(y))]))
    content = check(model, [random(2, 6, 6, 2), random(2, 4, 3)])
    large = [one.name for one in content.graph.initializer if np.prod(one.dims) > 6]
    assert sorted(large) == sorted(variable.path for variable in model.weights if np.prod(variable.shape) > 2)


def test_an_export_leaves_the_model_as_it_was(tmp_path: Any) -> None:
    model = keras.Sequential(
        [keras.Input((3,)), L.Dense(2, activity_regularizer="l2"), L.BatchNormalization()]
    )
    before = [variable.numpy() for variable in model.variables]
    keras.export_onnx(model, tmp_path / "model.onnx")
    assert model.losses == []
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, model.variables, strict=True))
    model(random(2, 3))
    assert not model.losses[0].is_traced


# Networks that others trained, and the shape of their inputs.
PUBLISHED = {"cnn_model.h5": (32, 32, 3), "emotion_model.hdf5": (64, 64, 1)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks(name: str) -> None:
    model = keras.saving.load_model(trained_model(name), compile=False)
    pictures = np.random.default_rng(0).uniform(0, 1, (3, *PUBLISHED[name])).astype("float32")
    content = check(model, pictures, pictures[:1], loose=10)
    assert ops_of(content).count("Transpose") <= 2
