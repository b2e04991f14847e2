from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.layers import Dense

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def test_built_by_an_input_or_by_data() -> None:
    at_once = keras.Sequential([keras.Input((4,)), Dense(3), Dense(2)])
    assert at_once.built
    later = keras.Sequential([Dense(3), Dense(2)])
    assert not later.built
    assert later.weights == []
    later(X)
    later.set_weights(at_once.get_weights())
    np.testing.assert_array_equal(later(X).numpy(), at_once(X).numpy())
    assert later.input_shape == (None, 4)
    assert later(X[:2]).shape == (2, 2)


def test_any_batch_size_after_a_fixed_one() -> None:
    model = keras.Sequential([keras.Input((4,), batch_size=2), Dense(3)])
    assert model.input_shape == (2, 4)
    assert model(X).shape == (5, 3)


def test_add_and_pop() -> None:
    model = keras.Sequential()
    model.add(keras.Input((4,)))
    first, second = Dense(3), Dense(2)
    model.add(first)
    model.add(second)
    assert model.layers == [first, second]
    assert model.output_shape == (None, 2)
    assert model.pop() is second
    assert model.output_shape == (None, 3)
    assert len(model.weights) == 2
    model.add(Dense(1))
    assert model(X).shape == (5, 1)
    first_kernel = first.kernel
    assert model.weights[0] is first_kernel


def test_data_without_input_layer() -> None:
    model = keras.Sequential([Dense(2)])
    assert model([[1, 2, 3]]).shape == (1, 2)
    assert model([[0.5, 2, 3]]).shape == (1, 2)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Dense], "made of layers; got <class"),
        ([lambda x: x], "A function is wrapped in a Layer"),
        ([Dense(1, name="d"), Dense(1, name="d")], "already has a layer of the name 'd'"),
        ([Dense(1), keras.Input((3,))], "an Input must be the first entry"),
    ],
)
def test_bad_entries(layers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keras.Sequential(layers)


def test_bad_calls() -> None:
    with pytest.raises(ValueError, match="has no layers"):
        keras.Sequential()(X)
    with pytest.raises(ValueError, match="has no layer to take off"):
        keras.Sequential().pop()
    with pytest.raises(ValueError, match="needs the shape of the input"):
        keras.Sequential([Dense(1)]).build()
    with pytest.raises(ValueError, match=r"takes one shape; got \[\(2, 3\), \(2, 3\)\]"):
        keras.Sequential([Dense(1)]).build([(2, 3), (2, 3)])
    with pytest.raises(ValueError, match=r"is made for inputs of shape \(None, 4\); got \(None, 5\)"):
        keras.Sequential([keras.Input((4,)), Dense(1)]).build((None, 5))
    with pytest.raises(AttributeError, match="begin with `Input"):
        keras.Sequential([Dense(1)]).output
    with pytest.raises(ValueError, match="is called on one array or tensor"):
        keras.Sequential([Dense(1)])([X, X])


def test_models_in_models() -> None:
    base = keras.Sequential([keras.Input((4,)), Dense(3)], name="base")
    top = keras.Sequential([base, Dense(2)])
    assert top.built
    np.testing.assert_allclose(
        top(X).numpy(), base(X).numpy() @ top.layers[1].kernel.numpy() + top.layers[1].bias.numpy(), atol=1e-6
    )
    base.trainable = False
    assert [v.path for v in top.trainable_weights] == [v.path for v in top.layers[1].weights]
    inner_unbuilt = keras.Sequential([keras.Sequential([Dense(3)]), Dense(2)])
    assert inner_unbuilt(X).shape == (5, 2)


def test_config_round_trip() -> None:
    model = keras.Sequential([keras.Input((4,)), Dense(3, activation="relu"), Dense(2)], name="m")
    again = keras.Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    unbuilt = keras.Sequential([Dense(3)])
    assert not keras.Sequential.from_config(unbuilt.get_config()).built
    unbuilt(X)
    assert keras.Sequential.from_config(unbuilt.get_config()).built
    model.trainable = False
    assert not keras.Sequential.from_config(model.get_config()).trainable
    with pytest.raises(ValueError, match="'layers' in the config of a Sequential must be a list"):
        keras.Sequential.from_config({"name": "x", "layers": 3})


def test_clone_with_own_inputs_and_layers() -> None:
    model = keras.Sequential([keras.Input((4,)), Dense(3)])
    wide = keras.models.clone_model(model, input_tensors=keras.Input((6,), name="wide"))
    assert wide.input_shape == (None, 6)

    def doubled(layer: Any) -> Any:
        return Dense(2 * layer.units)

    assert keras.models.clone_model(model, clone_function=doubled).output_shape == (None, 6)
    with pytest.raises(ValueError, match="expects a model"):
        keras.models.clone_model(3)  # type: ignore[arg-type]


def test_a_stack_built_by_its_first_data_takes_other_sizes() -> None:
    """Without an `Input` nothing was promised about the steps: the layers decide what fits."""
    model = keras.Sequential([keras.layers.LSTM(3), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    for steps in (5, 7, 5):
        x = rng.normal(size=(4, steps, 2)).astype("float32")
        model.fit(x, np.ones((4, 2)), verbose=0)
        y = model.layers[1](model.layers[0](x)).numpy()
        for got in (model.predict(x, verbose=0), model(x).numpy(), model(x, training=True).numpy()):
            np.testing.assert_allclose(got, y, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="kernel of shape"):
        model.predict(np.ones((4, 5, 3)), verbose=0)
    with pytest.raises(ValueError, match="expected rank 3"):
        model.predict(np.ones((4, 5)), verbose=0)
    with pytest.raises(ValueError, match="incompatible with the model"):
        model(np.ones((4, 5)))
    fixed = keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(3)])
    with pytest.raises(ValueError, match="expected 5 at axis 1"):
        fixed.predict(np.ones((4, 7, 2)), verbose=0)


def test_sizes_that_vary_from_batch_to_batch() -> None:
    model = keras.Sequential([keras.layers.Reshape((-1, 8))])
    model.compile(loss="mse")

    def batches():
        for steps in (12, 20):
            yield np.ones((1, steps, 2), "float32"), np.zeros((1, steps // 4, 8), "float32")

    with pytest.warns(UserWarning, match="no trainable weights"):
        history = model.fit(batches(), steps_per_epoch=2, verbose=0)
    assert history.history["loss"] == [1.0]
    assert model(np.ones((1, 24, 2))).shape == (1, 6, 8)
