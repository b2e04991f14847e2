"""Models of one's own: subclasses, nesting, several inputs and outputs, state, copies, structures of losses."""

from __future__ import annotations

import collections
import copy
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4)).astype("float32")
Y = RNG.normal(size=(12, 1)).astype("float32")


class Block(L.Layer):
    def __init__(self, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = L.Dense(width, activation="relu")
        self.norm = L.BatchNormalization()

    def call(self, x: Any, training: bool = False) -> Any:
        return self.norm(self.dense(x), training=training)


@keras.saving.register_keras_serializable(package="own_code")
class Net(keras.Model):
    def __init__(self, width: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.first = Block(width, name="first")
        self.second = Block(width)
        self.out = L.Dense(1, name="out")

    def call(self, inputs: Any, training: bool = False) -> Any:
        x = self.first(inputs, training=training)
        return self.out(self.second(x, training=training) + x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


def test_subclass_from_first_call_to_predict() -> None:
    model = Net()
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=2, batch_size=4, verbose=0, validation_data=(X, Y))
    assert sorted(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert model.predict(X, verbose=0).shape == (12, 1)
    assert model.get_layer("first") is model.first
    assert model.get_layer(index=2) is model.out
    assert [layer.name for layer in model.layers] == ["first", model.second.name, "out"]
    text: list[str] = []
    model.summary(print_fn=text.append)
    assert "first (Block)" in "".join(text)
    np.testing.assert_allclose(model(X).numpy(), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_dict_inputs_and_outputs() -> None:
    class Both(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = L.Dense(1), L.Dense(3)

        def call(self, inputs: Any) -> Any:
            x = ops.concatenate([inputs["left"], inputs["right"]], axis=-1)
            return {"price": self.a(x), "kind": ops.softmax(self.b(x))}

    model = Both()
    model.compile(
        "sgd",
        loss={"price": "mse", "kind": "sparse_categorical_crossentropy"},
        loss_weights={"price": np.float32(0.5), "kind": 2},
        metrics={"price": ["mae"], "kind": ["accuracy"]},
    )
    data = {"left": X[:, :1], "right": X[:, 1:]}
    target = {"price": Y, "kind": np.arange(12) % 3}
    logs = model.fit(data, target, batch_size=4, verbose=0).history
    assert sorted(logs) == ["kind_accuracy", "kind_loss", "loss", "price_loss", "price_mae"]
    assert {name: v.shape for name, v in model.predict(data, verbose=0).items()} == {
        "price": (12, 1),
        "kind": (12, 3),
    }
    results = model.evaluate(data, target, verbose=0, return_dict=True)
    assert results["loss"] == pytest.approx(0.5 * results["price_loss"] + 2 * results["kind_loss"], rel=1e-5)


def test_models_inside_models_and_pieces_of_models() -> None:
    inner = keras.Sequential([L.Dense(3, activation="relu", name="hidden"), L.Dense(2)], name="inner")
    inner(X)
    x = keras.Input((4,))
    outer = keras.Model(x, L.Dense(1)(inner(x)))
    features = keras.Model(inner.inputs, inner.get_layer("hidden").output)
    np.testing.assert_allclose(
        features.predict(X, verbose=0),
        np.maximum(X @ inner.layers[0].get_weights()[0], 0),
        rtol=1e-5,
        atol=1e-6,
    )
    assert len(outer.trainable_weights) == 6
    inner.trainable = False
    assert len(outer.trainable_weights) == 2
    late = keras.Sequential([L.Dense(3, name="one"), L.Dense(2)])
    late.compile("sgd", "mse")
    late.fit(X, np.zeros((12, 2)), verbose=0)
    assert keras.Model(late.inputs, late.get_layer("one").output).predict(X, verbose=0).shape == (12, 3)


def test_functional_model_of_a_subclass() -> None:
    class Scaled(keras.Model):
        def __init__(self, *args: Any, factor: float = 1.0, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.factor = factor

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "factor": self.factor}

    x = keras.Input((4,))
    model = Scaled(x, L.Dense(2)(x), factor=3.0)
    assert isinstance(model, type(keras.Model(x, x)))
    again = Scaled.from_config(model.get_config())
    assert again.factor == 3.0
    with pytest.raises(AttributeError, match="reserved"):
        model.layers = []


def test_state_trees() -> None:
    model = Net(name="net")
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    state = model.get_state_tree(value_format="numpy_array")
    assert sorted(state) == [
        "metrics_variables", "non_trainable_variables", "optimizer_variables", "trainable_variables",
    ]  # fmt: skip
    assert isinstance(state["trainable_variables"]["net"]["out"]["kernel"], np.ndarray)
    before = model.predict(X, verbose=0)
    model.fit(X, Y, verbose=0)
    model.set_state_tree(state)
    np.testing.assert_array_equal(model.predict(X, verbose=0), before)
    assert model.optimizer.iterations.numpy() == 1
    with pytest.raises(ValueError, match="no variable 'net/nothing'"):
        model.set_state_tree({"trainable_variables": {"net": {"nothing": 1.0}}})
    with pytest.raises(ValueError, match=r"has shape \(5, 1\)"):
        model.set_state_tree({"trainable_variables": {"net": {"out": {"kernel": np.zeros((2, 2))}}}})


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"]
)
def test_copies_go_on_training_alike(again: Any) -> None:
    keras.utils.set_random_seed(1)
    model = Net()
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.Huber(0.5),
        metrics=["mae", keras.metrics.MeanSquaredError()],
    )
    model.fit(X, Y, epochs=2, batch_size=4, shuffle=False, verbose=0)
    twin = again(model)
    assert twin.compiled
    assert twin.optimizer is not model.optimizer
    assert twin.optimizer.iterations.numpy() == 6
    a = model.fit(X, Y, epochs=2, batch_size=4, shuffle=False, verbose=0).history
    b = twin.fit(X, Y, epochs=2, batch_size=4, shuffle=False, verbose=0).history
    assert a == b
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"]
)
def test_copies_freeze_the_same_variables(again: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(3), L.BatchNormalization(), L.Dense(1)])
    model.layers[0].bias.trainable = False
    model.layers[2].trainable = False
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(X, Y, verbose=0)
    twin = again(model)
    assert [v.trainable for v in twin.variables] == [v.trainable for v in model.variables]
    assert [v.name for v in twin.trainable_variables] == [v.name for v in model.trainable_variables]
    assert len(twin.trainable_variables) == 3
    assert len(twin.optimizer.variables) == len(model.optimizer.variables)


def test_clones() -> None:
    x = keras.Input((4,), name="x")
    hidden = L.Dense(3, activation="relu", name="hidden")(x)
    model = keras.Model(x, L.Dense(1, name="out")(hidden))
    model.compile("sgd", "mse")
    clone = keras.models.clone_model(model)
    assert clone.compiled
    assert clone.optimizer is not model.optimizer

    def wider(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name == "hidden":
            config["units"] = 7
        return type(layer).from_config(config)

    assert keras.models.clone_model(model, clone_function=wider).get_layer("hidden").units == 7

    def with_dropout(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return L.Dropout(0.1)(layer(*args, **kwargs))

    assert len(keras.models.clone_model(model, call_function=with_dropout).layers) == 5
    wide = keras.models.clone_model(model, input_tensors=keras.Input((4,), name="other"))
    assert wide.input_names == ["other"]
    with pytest.raises(ValueError, match="same structure as"):
        keras.models.clone_model(model, input_tensors={"x": keras.Input((4,))})


Pair = collections.namedtuple("Pair", "first second")


def _distance(y_true: Any, y_pred: Any) -> Any:
    """The squared distance of pairs: a loss that sees two outputs at once."""
    flat_true, flat_pred = keras.tree.flatten(y_true), keras.tree.flatten(y_pred)
    return sum(ops.mean(ops.square(t - p), axis=-1) for t, p in zip(flat_true, flat_pred, strict=True))


@pytest.mark.parametrize("kind", ["tuple", "list", "dict", "namedtuple"])
def test_losses_in_the_structure_of_the_outputs(kind: str) -> None:
    make = {
        "tuple": lambda a, b: (a, b),
        "list": lambda a, b: [a, b],
        "dict": lambda a, b: {"p": a, "q": b},
        "namedtuple": Pair,
    }[kind]
    several = tuple if kind == "list" else list
    x = keras.Input((4,))
    a, b = (
        L.Dense(1, name="p", kernel_initializer="ones")(x),
        L.Dense(2, name="q", kernel_initializer="ones")(x),
    )
    model = keras.Model(x, make(a, b))
    zeros = make(np.zeros((12, 1)), np.zeros((12, 2)))
    model.compile("sgd", loss=make("mse", "mae"), loss_weights=make(2.0, np.float64(0.5)))
    results = model.evaluate(X, zeros, verbose=0, return_dict=True)
    row = X.sum(1)
    np.testing.assert_allclose(
        [results[k] for k in ("loss", "p_loss", "q_loss")],
        [2 * (row**2).mean() + 0.5 * abs(row).mean(), (row**2).mean(), abs(row).mean()],
        rtol=1e-5,
    )
    # One loss of both outputs, and one of each.
    model.compile("sgd", loss=several([_distance, make("mse", "mae")]))
    results = model.evaluate(X, zeros, verbose=0, return_dict=True)
    np.testing.assert_allclose(
        [results[k] for k in ("loss", "p_q_loss", "p_loss")],
        [3 * (row**2).mean() + abs(row).mean(), 2 * (row**2).mean(), (row**2).mean()],
        rtol=1e-5,
    )


def test_losses_that_do_not_fit() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, {"p": L.Dense(1)(x), "q": L.Dense(1)(x)})
    targets = {"p": Y, "q": Y}
    model.compile("sgd", loss={"p": ["mse", "mae"], "z": ["mse"]})
    with pytest.raises(KeyError, match=r"\('z',\).*can't be found"):
        model.fit(X, targets, verbose=0)
    model.compile("sgd", loss=["mse", ["mae", "mse"]], loss_weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="must match the number of losses: 3 losses, 2 weights"):
        model.fit(X, targets, verbose=0)
    with pytest.raises(ValueError, match=r"the loss to be .* Received: 'msee'|msee"):
        model.compile("sgd", loss={"p": "msee"})
