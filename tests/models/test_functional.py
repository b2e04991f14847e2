from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.layers import Dense

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def dense(layer: Any, x: Any) -> Any:
    kernel, bias = layer.get_weights()
    return x @ kernel + bias


class Plus(keras.Layer):
    def call(self, xs: Any) -> Any:
        return xs[0] + xs[1]


class Halves(keras.Layer):
    """A layer with a dict of results."""

    def call(self, x: Any) -> Any:
        return {"left": x[:, :2], "right": x[:, 2:]}


def two_inputs() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = Dense(3, name="shared")
    total = Plus(name="total")([shared(a), shared(b)])
    return keras.Model({"a": a, "b": b}, {"total": total, "left": shared(a)}, name="two")


def test_values_are_those_of_the_layers() -> None:
    model = two_inputs()
    layer = model.get_layer("shared")
    for data in ({"a": X, "b": -X}, [X, -X], (X, -X)):
        y = model(data)
        assert set(y) == {"total", "left"}
        np.testing.assert_allclose(y["total"].numpy(), dense(layer, X) + dense(layer, -X), atol=1e-6)
        np.testing.assert_allclose(y["left"].numpy(), dense(layer, X), atol=1e-6)


def test_compiled_and_eager_calls_agree() -> None:
    x = keras.Input((4,))
    h = Dense(3, activation="tanh")(x)
    model = keras.Model(x, [h, Dense(2)(h)])
    compiled = model(X)
    with keras.GradientTape():
        eager = model(X)
    for a, b in zip(compiled, eager, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)
    assert model(X[:1])[1].shape == (1, 2)
    model.layers[1].activation = keras.activations.linear
    np.testing.assert_allclose(model(X)[0].numpy(), dense(model.layers[1], X), atol=1e-6)


def test_a_compiled_call_sees_new_weights() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, Dense(2)(x))
    model(X)
    model.set_weights([np.ones((4, 2)), np.ones(2)])
    np.testing.assert_allclose(model(X).numpy(), X.sum(1, keepdims=True).repeat(2, 1) + 1, atol=1e-5)


def test_gradients_flow_through_a_call() -> None:
    model = two_inputs()
    with keras.GradientTape() as tape:
        loss = ops.sum(model([X, X])["total"])
    gradients = tape.gradient(loss, model.trainable_variables)
    assert [g.shape for g in gradients] == [(4, 3), (3,)]
    np.testing.assert_allclose(gradients[1].numpy(), np.full(3, 10.0), rtol=1e-6)


def test_rank_is_mended_where_one_axis_of_size_1_is_missing() -> None:
    x = keras.Input((1,))
    model = keras.Model(x, Dense(1)(x))
    assert model(X[:, 0]).shape == (5, 1)
    flat = keras.Input(())
    assert keras.Model(flat, flat * 2.0)(X[:, :1]).shape == (5,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([X], r"expects 2 input\(s\), \['a', 'b'\]; it received 1 of the shapes \[\(5, 4\)\]"),
        ({"a": X}, r"lacks \['b'\] and has the keys \['a'\]"),
        ([X, X[:, :3]], r"input 1 \('b'\) .*expected shape=\(None, 4\), found shape=\(5, 3\)"),
        ([X, X[None, None]], r"expected shape=\(None, 4\), found shape=\(1, 1, 5, 4\)"),
        ([X, None], r"input 1 \('b'\) must be an array or a tensor; got None"),
        ([X, np.array([["a"] * 4])], "Expected an array of numbers"),
    ],
)
def test_bad_inputs(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        two_inputs()(data)


def test_model_of_intermediate_tensors() -> None:
    stack = keras.Sequential([keras.Input((4,)), Dense(3, name="one"), Dense(2, name="two")])
    head = keras.Model(stack.inputs, stack.get_layer("one").output)
    np.testing.assert_allclose(head(X).numpy(), dense(stack.layers[0], X), atol=1e-6)
    tail = keras.Model(stack.get_layer("one").output, stack.output)
    h = np.ones((2, 3), "float32")
    np.testing.assert_allclose(tail(h).numpy(), dense(stack.layers[1], h), atol=1e-6)
    assert [layer.name for layer in tail.layers][1:] == ["two"]


def test_structured_results_of_a_layer() -> None:
    x = keras.Input((4,))
    parts = Halves()(x)
    model = keras.Model(x, [parts["right"], parts["left"]])
    right, left = model(X)
    np.testing.assert_array_equal(right.numpy(), X[:, 2:])
    np.testing.assert_array_equal(left.numpy(), X[:, :2])


def test_graph_errors() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    with pytest.raises(
        ValueError, match=r"is not connected to `inputs`: it depends on 'b' .* not among the inputs \['a'\]"
    ):
        keras.Model(a, Plus()([a, b]))
    with pytest.raises(ValueError, match="the name 'same' is used by 2 layers"):
        keras.Model(a, Dense(2, name="same")(Dense(2, name="same")(a)))
    with pytest.raises(ValueError, match=r"The inputs of model .* must be symbolic tensors"):
        keras.Model(X, a)
    with pytest.raises(ValueError, match="given as input more than once"):
        keras.Model([a, a], a * 1.0)


def test_layers_and_lookup() -> None:
    model = two_inputs()
    assert [layer.name for layer in model.layers] == ["a", "b", "shared", "total"]
    assert model.get_layer(index=2) is model.get_layer("shared")
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["left", "total"]
    with pytest.raises(ValueError, match=r"no layer 'x'; the model has \['a', 'b', 'shared', 'total'\]"):
        model.get_layer("x")
    with pytest.raises(ValueError, match="there is no layer 9; the model has 4"):
        model.get_layer(index=9)
    with pytest.raises(ValueError, match="either a name or an index"):
        model.get_layer()


def test_unused_inputs_are_kept() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model([a, b], Dense(2)(a))
    assert model([X, X]).shape == (5, 2)
    assert [layer.name for layer in model.layers][-1] == "b" or "b" in [layer.name for layer in model.layers]


@pytest.mark.parametrize(
    "again",
    [
        lambda model: keras.Model.from_config(model.get_config(), custom_objects={"Plus": Plus}),
        lambda model: keras.models.model_from_json(model.to_json(indent=2), custom_objects={"Plus": Plus}),
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.deepcopy,
        keras.models.clone_model,
    ],
    ids=["config", "json", "pickle", "deepcopy", "clone"],
)
def test_made_again(again: Any) -> None:
    keras.saving.get_custom_objects()["Plus"] = Plus
    try:
        model = two_inputs()
        other = again(model)
    finally:
        del keras.saving.get_custom_objects()["Plus"]
    assert other.get_config() == model.get_config()
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(other([X, X])["total"].numpy(), model([X, X])["total"].numpy())
    assert not set(map(id, other.variables)) & set(map(id, model.variables))


def test_a_subclass_made_functionally_is_of_its_class() -> None:
    class Mine(keras.Model):
        def double(self, x: Any) -> Any:
            return self(x) * 2.0

    x = keras.Input((4,))
    model = Mine(inputs=x, outputs=Dense(2)(x))
    assert isinstance(model, Mine)
    np.testing.assert_allclose(model.double(X).numpy(), model(X).numpy() * 2)
    assert isinstance(Mine.from_config(model.get_config()), Mine)


def test_dict_config_is_plain_json() -> None:
    assert json.loads(json.dumps(two_inputs().get_config()))["input_layers"] == {
        "a": ["a", 0, 0],
        "b": ["b", 0, 0],
    }


def test_deep_models() -> None:
    x = y = keras.Input((1,))
    for _ in range(1500):
        y = y + 1.0
    model = keras.Model(x, y)
    assert float(model(np.zeros((1, 1), "float32")).numpy()[0, 0]) == 1500.0
    assert keras.Model(model._graph.operations[700].output, y)(np.zeros((1, 1), "float32")).shape == (1, 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda c: c["layers"][1]["inbound_nodes"].append("x"), ValueError, "must be a list"),
        (lambda c: c["layers"].append(3), ValueError, "must be a dict with a config"),
        (
            lambda c: c.update(input_layers=["nowhere", 0, 0]),
            ValueError,
            "a layer 'nowhere' that it does not have",
        ),
        (lambda c: c.update(output_layers=["d", 7, 0]), ValueError, "no call for its input or output"),
        (lambda c: c["layers"][1].update(class_name="Dence"), TypeError, r"Unknown class 'Dence'.*\['Dense'"),
        (
            lambda c: c["layers"][1].update(class_name="eval", module="builtins"),
            TypeError,
            "Unknown class 'eval'",
        ),
        (
            lambda c: c["layers"][1].update(class_name="system", module="os"),
            TypeError,
            "Unknown class 'system'",
        ),
    ],
)
def test_damaged_configs(change: Any, error: type[Exception], message: str) -> None:
    x = keras.Input((4,), name="x")
    config = json.loads(json.dumps(keras.Model(x, Dense(2, name="d")(x)).get_config()))
    change(config)
    with pytest.raises(error, match=message):
        keras.Model.from_config(config)


def test_calls_that_wait_for_each_other() -> None:
    x = keras.Input((2,), name="x")
    model = keras.Model(x, Dense(2, name="second")(Dense(2, name="first")(x)))
    config = json.loads(json.dumps(model.get_config()))
    config["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["second", 0, 0]
    with pytest.raises(ValueError, match=r"calls of \['first', 'second'\] wait for results"):
        keras.Model.from_config(config)
