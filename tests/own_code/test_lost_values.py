"""Values and weights that get lost: kept symbolic tensors, frozen numbers, layers made in calls, forgotten returns."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X[:, :1]


def network(layer: Any) -> Any:
    model = keras.Sequential([keras.Input((3,)), layer, L.Dense(1)])
    model.compile("sgd", "mse")
    return model


# A symbolic tensor that outlives its trace ---------------------------------------------------------------


class Keeper(L.Layer):
    """Keeps what it computes."""

    def call(self, x: Any) -> Any:
        self.kept = x * 2.0
        return x


USES = {
    "numpy": lambda x: x.numpy(),
    "asarray": np.asarray,
    "float": lambda x: float(ops.sum(x)),
    "bool": lambda x: bool(ops.sum(x) > 0),
    "item": lambda x: ops.sum(x).item(),
    "tolist": lambda x: x.tolist(),
}


@pytest.mark.parametrize("use", USES)
def test_a_tensor_that_was_kept(use: str) -> None:
    keeper = Keeper()
    network(keeper).predict(X, verbose=0)
    with pytest.raises(TypeError) as info:
        USES[use](keeper.kept)
    message = str(info.value)
    assert "kept from a traced call that has ended" in message
    assert "Variable" in message and "run_eagerly=True" in message
    assert "inside a traced call" not in message


def test_in_its_trace_the_same_tensor_is_not_called_kept() -> None:
    with pytest.raises(TypeError, match="inside a traced call") as info:
        network(L.Lambda(lambda x: x * float(ops.sum(x)))).predict(X, verbose=0)
    assert "has ended" not in str(info.value)


# Numbers of variables in a trace -------------------------------------------------------------------------


class Scaled(L.Layer):
    """Multiplies with what a function makes of its weight."""

    def __init__(self, read: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read = read

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return x * self.read(self.scale)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


READING = {
    "numpy": lambda v: v.numpy(),
    "asarray": np.asarray,
    "a NumPy function": lambda v: np.sum(v),
    "get_weights": lambda v: np.concatenate([v.numpy()]),
}


@pytest.mark.parametrize("how", READING)
def test_numbers_of_a_variable_would_be_frozen(how: str) -> None:
    layer = Scaled(READING[how])
    np.testing.assert_allclose(layer(X).numpy().shape, X.shape)  # eagerly, that is a number like any other
    model = network(layer)
    with pytest.raises(TypeError, match=r"of a variable.*traced call.*functions of `ops`.*run_eagerly=True"):
        model.fit(X, Y, verbose=0)
    eager = network(Scaled(READING[how]))
    eager.compile("sgd", "mse", run_eagerly=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing depends on the weight
        assert np.isfinite(eager.fit(X, Y, verbose=0).history["loss"]).all()


def test_variables_are_shown_and_copied_in_a_trace() -> None:
    seen = []

    def show(variable: Any) -> Any:
        seen.append((repr(variable), pickle.loads(pickle.dumps(variable)).shape))
        return variable

    network(Scaled(show)).fit(X, Y, verbose=0)
    assert "value=[1. 1. 1.]" in seen[-1][0]
    assert seen[-1][1] == (3,)


# Assignment to elements ----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: ops.ones((3,)), lambda: keras.Variable([1.0, 2.0])])
def test_elements_are_not_assigned(make: Any) -> None:
    x = make()
    with pytest.raises(TypeError, match=r"never changed in place.*ops.slice_update.*ops.where.*assign\(\)"):
        x[0] = 1.0

    def in_a_call(x: Any) -> Any:
        x[:, 0] = 0.0
        return x

    with pytest.raises(TypeError, match="never changed in place"):
        network(L.Lambda(in_a_call)).predict(X, verbose=0)


# Layers that nobody holds ---------------------------------------------------------------------------------


class MakesInCall(L.Layer):
    """Makes a new layer at each call."""

    def call(self, x: Any) -> Any:
        return L.Dense(4, name="lost")(x)


class ModelThatMakesInCall(keras.Model):
    """Makes a new layer at each call."""

    def call(self, x: Any) -> Any:
        return L.Dense(1, name="lost")(x)


LOST = (
    r"Layer 'lost' of type Dense was built inside the call of '{}'.*neither trained nor saved.*__init__.*"
    r"self.lost = Dense"
)


def test_layers_made_in_calls() -> None:
    with pytest.warns(UserWarning, match=LOST.format("makes")):
        MakesInCall(name="makes")(X)
    with pytest.warns(UserWarning, match=LOST.format("makes")):
        network(MakesInCall(name="makes"))
    model = ModelThatMakesInCall(name="model")
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=LOST.format("model")):
        model.predict(X, verbose=0)


def test_layers_from_elsewhere() -> None:
    lost = L.Dense(4, name="lost")
    with pytest.warns(UserWarning, match=LOST.format("lambda")):
        network(L.Lambda(lambda x: lost(x), name="lambda"))


class Holder(L.Layer):
    """Holds layers in an attribute, a list and a dict, and makes one in `build`; none has weights of its own to
    lose."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.one, self.more, self.named = L.Dense(4), [L.Dense(4)], {"last": L.Dense(4)}

    def build(self, input_shape: Any) -> None:
        self.late = L.Dense(4)

    def call(self, x: Any) -> Any:
        dropped = L.Dropout(0.5)(self.late(self.one(x)))
        return self.named["last"](self.more[0](L.Activation("relu")(dropped)))


def test_layers_that_are_held_are_no_matter() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = network(Holder())
        model.fit(X, Y, verbose=0)
    assert len(model.trainable_variables) == 10


# No result --------------------------------------------------------------------------------------------------


class Forgetful(L.Layer):
    """Computes, and returns nothing."""

    def call(self, x: Any) -> Any:
        x * 2.0


class ForgetfulModel(keras.Model):
    """Computes, and returns nothing."""

    def call(self, x: Any) -> Any:
        x * 2.0


def test_a_call_that_returns_nothing() -> None:
    text = r"The `call` of layer 'f', of type Forgetful, returned None. Does it end in `return`\?"
    layer = Forgetful(name="f")
    for x in (X, ops.convert_to_tensor(X), keras.Input((3,))):
        with pytest.warns(UserWarning, match=text):
            assert layer(x) is None
    text = "layer 'f', of type Forgetful, returned None, and a stack passes on its result"
    with pytest.raises(ValueError, match=text), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network(Forgetful(name="f"))


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("method", ["fit", "evaluate", "predict", "train_on_batch"])
def test_a_model_that_returns_nothing(method: str, eagerly: bool) -> None:
    model = ForgetfulModel(name="m")
    model.compile("sgd", "mse", run_eagerly=eagerly)
    arguments = (X,) if method == "predict" else (X, Y)
    options = {} if method == "train_on_batch" else {"verbose": 0}
    with (
        pytest.raises(
            ValueError, match="model 'm', of type ForgetfulModel, returned None: expected its predictions"
        ),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        getattr(model, method)(*arguments, **options)
