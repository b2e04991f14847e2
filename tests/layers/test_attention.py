"""Attention layers that are called with several arguments, against the reference and against Keras."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_layer
from oxhorn.testing.reference import attention as ref

L = keras.layers
MHA, GQA = "MultiHeadAttention", "GroupQueryAttention"
TWO = {"num_heads": 2, "key_dim": 3}
GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
# (layer, arguments, how it is called): the numbers are in keras_attention.json, written by Keras 3.15.1.
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (MHA, TWO, {}),
    (MHA, {**TWO, "value_dim": 5}, {"mask": True}),
    (MHA, TWO, {"causal": True}),
    (MHA, TWO, {"key": True, "mask": True, "causal": True}),
    (MHA, {**TWO, "use_gate": True}, {}),
    (MHA, {**TWO, "sliding_window": 2}, {}),
    (MHA, {**TWO, "dropout": 0.4}, {"mask": True}),
    (GQA, GROUPS, {}),
    (GQA, GROUPS, {"mask": True, "causal": True}),
    (GQA, {**GROUPS, "use_gate": True}, {"causal": True}),
]
KERAS = json.loads((Path(__file__).parent / "keras_attention.json").read_text())
every_case = pytest.mark.parametrize("number", range(len(CASES)), ids=lambda i: f"{i}-{CASES[i][0]}")


def data() -> tuple[Any, Any, Any, Any]:
    """Query, value, key, and a mask in which every query sees something."""
    rng = np.random.default_rng(3)
    query, value, key = (rng.normal(size=s) for s in ((2, 4, 6), (2, 5, 6), (2, 5, 6)))
    mask = rng.uniform(size=(2, 4, 5)) < 0.6
    mask[..., 0] = True
    return query, value, key, mask


def built(number: int, dtype: str) -> tuple[Any, list[Any], dict[str, Any]]:
    """The layer with weights, these, and the arguments of its call."""
    name, arguments, how = CASES[number]
    query, value, key, mask = data()
    layer = getattr(L, name)(**arguments, dtype=dtype, name="one")
    call = {"query": query, "value": value}
    if how.get("key"):
        call["key"] = key
    if how.get("mask"):
        call["attention_mask"] = mask
    if how.get("causal"):
        call["use_causal_mask"] = True
    layer(**call)
    rng = np.random.default_rng(number)
    weights = [rng.normal(size=w.shape) for w in layer.weights]
    layer.set_weights(weights)
    return layer, weights, call


@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(number: int, dtype: str) -> None:
    name, arguments, how = CASES[number]
    layer, weights, call = built(number, dtype)
    query, value, key, mask = data()
    seen = mask if how.get("mask") else np.True_
    if "sliding_window" in arguments:
        apart = np.arange(4)[:, None] - np.arange(5)
        seen = seen & (abs(apart) < arguments["sliding_window"])[None]
    options = {"mask": seen, "causal": how.get("causal", False), "gate": arguments.get("use_gate", False)}
    function = ref.multi_head_attention if name == MHA else ref.group_query_attention
    right = function(query, value, weights, key=key if how.get("key") else None, **options)
    close = {"rtol": 2e-5, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-10}
    y = layer(**call)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.numpy(), right, **close)
    np.testing.assert_allclose(right.ravel()[:8], KERAS[number]["values"], rtol=2e-5, atol=2e-5)
    # Step by step, with the shares: the same numbers.
    y, shares = layer(**call, return_attention_scores=True)
    np.testing.assert_allclose(y.numpy(), right, **close)
    np.testing.assert_allclose(shares.numpy().sum(-1), 1.0, rtol=1e-5)
    assert shares.shape == (2, 2 if name == MHA else 4, 4, 5)
    # In a model, with the batch and the steps open.
    inputs = [keras.Input((None, 6), dtype=dtype) for _ in range(3)]
    extra = keras.Input((4, 5), dtype="bool")
    given = {"key": inputs[2]} if how.get("key") else {}
    if how.get("mask"):
        given["attention_mask"] = extra
    outputs = layer(inputs[0], inputs[1], **given, use_causal_mask=how.get("causal", False))
    model = keras.Model([*inputs, extra], outputs)
    predicted = model.predict([query, value, key, mask], verbose=0)
    np.testing.assert_allclose(predicted, right, **close)


@every_case
def test_configs_and_weights_are_those_of_keras(number: int) -> None:
    name, arguments, _ = CASES[number]
    layer, _, _ = built(number, "float32")
    config = json.loads(json.dumps(layer.get_config()))
    assert config == KERAS[number]["config"]
    assert [[w.path, list(w.shape)] for w in layer.weights] == KERAS[number]["weights"]
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    fresh = getattr(L, name)(**arguments)
    revived = L.deserialize(json.loads(json.dumps(L.serialize(fresh))))
    assert json.dumps(revived.get_config()) == json.dumps(fresh.get_config())


@keras.saving.register_keras_serializable(package="tests")
class OfAList(L.Layer):
    """Attention from a list of query and value, as `check_layer` calls layers."""

    def __init__(self, kind: str, arguments: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind, self.arguments = kind, dict(arguments)
        self.attention = getattr(L, kind)(**arguments, dtype=self.dtype_policy, name="attention")

    def build(self, input_shape: Any) -> None:
        self.attention.build(*input_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.attention(*inputs, training=training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind, "arguments": dict(self.arguments)}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (MHA, TWO),
        (MHA, {**TWO, "dropout": 0.3, "seed": 1}),
        (MHA, {**TWO, "use_gate": True, "use_bias": False, "value_dim": 2}),
        (GQA, GROUPS),
    ],
)
def test_the_battery(kind: str, arguments: dict[str, Any]) -> None:
    query, value, _, _ = data()
    results = check_layer(OfAList, [query, value], arguments={"kind": kind, "arguments": arguments})
    assert sum(result == "passed" for result in results.values()) >= 10, results


def test_masks_that_inputs_carry() -> None:
    layer = L.MultiHeadAttention(num_heads=2, key_dim=3)
    query, value = np.array([[1, 2, 0, 0], [3, 1, 2, 1]]), np.array([[3, 4, 0], [2, 0, 0]])
    q, v = L.Embedding(5, 6, mask_zero=True)(query), L.Embedding(5, 6, mask_zero=True)(value)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = layer(q, v)
    np.testing.assert_array_equal(y._keras_mask.numpy(), query != 0)
    assert q._keras_mask is not None and v._keras_mask is not None
    pairs = (query != 0)[:, :, None] & (value != 0)[:, None, :]
    right = layer(q.numpy(), v.numpy(), attention_mask=pairs)
    np.testing.assert_allclose(y.numpy(), right.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "axes"), [((2, 3, 4, 6), (2,)), ((2, 3, 4, 6), (1, 2)), ((2, 3, 4, 6), -2)]
)
def test_more_axes_of_steps(shape: tuple[int, ...], axes: Any) -> None:
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    layer = L.MultiHeadAttention(num_heads=2, key_dim=3, attention_axes=axes)
    y, shares = layer(x, x, return_attention_scores=True)
    assert y.shape == shape
    assert layer(keras.Input(shape[1:]), keras.Input(shape[1:])).shape == (None, *shape[1:])
    if axes != (1, 2):
        # Over the last axis of steps, the others are more samples.
        flat = L.MultiHeadAttention(num_heads=2, key_dim=3)
        flat.build((None, 4, 6), (None, 4, 6))
        flat.set_weights(layer.get_weights())
        right = flat(x.reshape(6, 4, 6), x.reshape(6, 4, 6)).numpy().reshape(shape)
        np.testing.assert_allclose(y.numpy(), right, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_allclose(shares.numpy().sum((-1, -2)), 1.0, rtol=1e-5)


def test_dropout_draws_anew_and_repeats_with_its_seed() -> None:
    x = np.random.default_rng(1).normal(size=(2, 20, 6)).astype("float32")

    def twice() -> list[Any]:
        keras.utils.set_random_seed(5)
        layer = L.MultiHeadAttention(num_heads=2, key_dim=3, dropout=0.5, seed=7)
        return [layer(x, x, training=True).numpy() for _ in range(2)] + [layer(x, x).numpy()]

    first, second = twice(), twice()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.allclose(first[0], first[1])
    assert not np.allclose(first[0], first[2])


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize(
    "make",
    [
        lambda **k: L.MultiHeadAttention(num_heads=2, key_dim=3, **k),
        lambda **k: L.GroupQueryAttention(3, 4, 2, **k),
    ],
)
def test_a_query_that_sees_nothing(make: Any, dropout: float) -> None:
    """It gathers nothing, whether or not the shares are returned, eagerly, traced and while training."""
    x = np.random.default_rng(1).normal(size=(1, 3, 6)).astype("float32")
    mask = np.ones((1, 3, 3), bool)
    mask[0, 1] = False
    layer = make(dropout=dropout, bias_initializer=keras.initializers.Constant(0.25))
    y = layer(x, x, attention_mask=mask).numpy()
    with_shares, shares = layer(x, x, attention_mask=mask, return_attention_scores=True)
    np.testing.assert_array_equal(y[0, 1], 0.25)
    np.testing.assert_array_equal(with_shares.numpy()[0, 1], 0.25)
    np.testing.assert_array_equal(shares.numpy()[0, :, 1], 0.0)
    np.testing.assert_allclose(y, with_shares.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(layer(x, x, attention_mask=mask, training=True).numpy()[0, 1], 0.25)
    # A mask of the query, or of all values, hides as well.
    hidden = layer(x, x, query_mask=np.array([[True, False, True]])).numpy()
    np.testing.assert_allclose(hidden, y, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(layer(x, x, value_mask=np.zeros((1, 3), bool)).numpy(), 0.25)
    inputs, pairs = keras.Input((3, 6)), keras.Input((3, 3), dtype="bool")
    model = keras.Model([inputs, pairs], layer(inputs, inputs, attention_mask=pairs))
    np.testing.assert_allclose(model.predict([x, mask], verbose=0), y, rtol=1e-5, atol=1e-6)
    # `ops.dot_product_attention`, as Keras's, gives the mean of the values.
    heads = x.reshape(1, 3, 2, 3)
    y = ops.dot_product_attention(heads, heads, heads, mask=mask[:, None]).numpy()
    np.testing.assert_allclose(y[0, 1], heads[0].mean(0), rtol=1e-5, atol=1e-6)


def test_subclasses_may_compute_attention_themselves() -> None:
    seen = []

    class Uniform(L.MultiHeadAttention):
        def _compute_attention(self, query, key, value, attention_mask=None, training=None, **_):
            seen.append(attention_mask)
            return ops.mean(value, axis=1, keepdims=True) + 0.0 * query, None

    x = np.ones((1, 3, 6), "float32")
    assert Uniform(num_heads=2, key_dim=3)(x, x, use_causal_mask=True).shape == (1, 3, 6)
    np.testing.assert_array_equal(seen[0].numpy()[0], np.tri(3, dtype=bool))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.MultiHeadAttention(0, 3), r"argument `num_heads`, expected a positive integer"),
        (lambda: L.MultiHeadAttention(2, 3, value_dim=0), r"argument `value_dim`"),
        (lambda: L.MultiHeadAttention(2, 3, output_shape=2.5), r"Invalid `output_shape`"),
        (lambda: L.MultiHeadAttention(2, 3, sliding_window=0), r"sliding_window"),
        (lambda: L.MultiHeadAttention(2, 3, dropout=1.5), r"Invalid value received for argument `rate`"),
        (lambda: L.MultiHeadAttention(2, 3, dropout=0.1, flash_attention=True), r"Dropout is not supported"),
        (lambda: L.GroupQueryAttention(2, 3, 2), r"must be divisible"),
        (lambda: L.MultiHeadAttention(2, 3).build((1, 2, 4), (1, 2, 4), (1, 3, 4)), r"must be equal"),
        (lambda: L.GroupQueryAttention(2, 2, 2).compute_output_shape((1, 2, 4), (1, 2, 5)), r"must be equal"),
        (lambda: L.Attention(score_mode="sum"), r"Expected one of \{'dot', 'concat'\}"),
        (lambda: L.Attention()(np.ones((1, 2, 3))), r"must be called on a list"),
        (lambda: L.Attention()([np.ones((1, 2, 3))]), r"length 2 or 3"),
        (lambda: L.EinsumDense("ab,bc", 3), r"Invalid einsum equation"),
        (lambda: L.EinsumDense("ab,bc->ac", 3, bias_axes="z").build((None, 2)), r"Bias dimension 'z'"),
        (
            lambda: L.EinsumDense("ab,bc->ad", 3).build((None, 2)),
            r"Dimension 'd' was specified in the output",
        ),
        (
            lambda: L.EinsumDense("ab,cd->ad", 3).build((None, 2)),
            r"Weight dimension 'c' did not have a match",
        ),
        (
            lambda: L.EinsumDense("abc,cd->abd", (5, 3)).build((None, 4, 2)),
            r"do not match at shared dimension 'b'",
        ),
        (lambda: L.EinsumDense("ab,bc->ac", 0), r"output_shape"),
        (lambda: L.EinsumDense("ab,bc->ac", "3"), r"output_shape"),
        (lambda: L.EinsumDense("ab,bc->ac", 3).build((None, None)), r"expected the sizes of the kernel"),
    ],
)
def test_mistakes_are_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_flash_attention_cannot_return_scores() -> None:
    layer = L.MultiHeadAttention(2, 3, flash_attention=True)
    x = np.ones((1, 2, 4))
    with pytest.raises(ValueError, match="Returning attention scores is not supported"):
        layer(x, x, return_attention_scores=True)
    assert keras.config.is_flash_attention_enabled() is None
    keras.config.disable_flash_attention()
    assert keras.config.is_flash_attention_enabled() is False
    keras.config.enable_flash_attention()
