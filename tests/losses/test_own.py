"""Losses of a person's own: classes and plain functions, alone and in training, traced and eager."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_gradients

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]])).astype("float32")


class Absolute(keras.losses.Loss):
    """factor |y_true - y_pred|, mean over the last axis"""

    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.factor * ops.mean(ops.abs(y_true - y_pred), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def absolute(y_true: Any, y_pred: Any, factor: float = 2.0) -> Any:
    return factor * ops.mean(ops.abs(y_true - y_pred), axis=-1)


def trained(loss: Any, run_eagerly: bool = False, **fit: Any) -> tuple[list[np.ndarray], list[float]]:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.set_weights([np.full((3, 1), 0.1), np.zeros(1)])
    model.compile(keras.optimizers.SGD(0.05), loss, run_eagerly=run_eagerly)
    history = model.fit(X, Y, batch_size=6, epochs=2, shuffle=False, verbose=0, **fit)
    return model.get_weights(), history.history["loss"]


FORMS = {
    "class": Absolute(),
    "function": absolute,
    "lambda": lambda y, p: 2.0 * ops.abs(y - p),
    "partial": functools.partial(absolute, factor=2.0),
    "wrapper": keras.losses.LossFunctionWrapper(absolute, factor=2.0),
    "config": keras.losses.deserialize(
        {"class_name": "Absolute", "config": {"factor": 2.0}}, custom_objects={"Absolute": Absolute}
    ),
}


@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_trains_like_the_formula(form: str, run_eagerly: bool) -> None:
    right = trained(lambda y, p: 2.0 * keras.losses.mean_absolute_error(y, p))
    got = trained(FORMS[form], run_eagerly)
    for a, b in zip(got[0], right[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    np.testing.assert_allclose(got[1], right[1], rtol=1e-5)


@pytest.mark.parametrize("loss", [Absolute(), absolute])
def test_sample_weights(loss: Any) -> None:
    weight = np.random.default_rng(1).uniform(size=20)
    _, (first, _) = trained(loss, sample_weight=weight)
    start = np.abs(Y - X @ np.full((3, 1), 0.1))[:6, 0]
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.set_weights([np.full((3, 1), 0.1), np.zeros(1)])
    model.compile("sgd", loss)
    batch = model.test_on_batch(X[:6], Y[:6], sample_weight=weight[:6])
    np.testing.assert_allclose(float(batch), np.mean(2.0 * start * weight[:6]), rtol=1e-5)
    assert np.isfinite(first)


def test_reductions_and_dtype() -> None:
    y, p = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.5, 2.0], [1.0, 5.0]])
    assert Absolute(reduction=None)(y, p).numpy().tolist() == [0.5, 2.0]
    assert float(Absolute(reduction="sum")(y, p)) == 2.5
    assert float(Absolute()(y, p)) == 1.25
    assert float(Absolute(reduction="mean_with_sample_weight")(y, p, sample_weight=[1.0, 3.0])) == 1.625
    assert Absolute(dtype="float64")(y.tolist(), p.tolist()).dtype == "float64"
    assert Absolute(dtype="float32")(y, p).dtype == "float32"


def test_values_and_predictions_in_structures() -> None:
    class Pair(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ops.abs(y_true["a"] - y_pred["a"]) + ops.abs(y_true["b"] - y_pred["b"])

    y = {"a": np.array([1.0, 2.0]), "b": np.array([0.0, 0.0])}
    p = {"a": np.array([1.0, 4.0]), "b": np.array([1.0, 0.0])}
    assert float(Pair()(y, p)) == 1.5


def test_masks_of_predictions_and_values() -> None:
    y, p = np.ones((2, 3)), keras.ops.convert_to_tensor(np.zeros((2, 3)))
    p._keras_mask = keras.ops.convert_to_tensor(np.array([[True, False, False], [True, True, False]]))

    class Square(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            values = ops.square(y_true - y_pred) * ops.convert_to_tensor(
                [[1.0, 9.0, 9.0], [3.0, 5.0, 9.0]], "float64"
            )
            values._keras_mask = ops.convert_to_tensor(np.array([[True, True, True], [False, True, True]]))
            return values

    assert float(Square()(y, p)) == (1.0 + 5.0) / 2


def test_gradient() -> None:
    y = keras.ops.convert_to_tensor(Y.astype("float64"))
    loss = Absolute(dtype="float64")
    check_gradients(lambda p: loss(y, p), Y.astype("float64") + 0.3)


def test_config_and_names() -> None:
    loss = Absolute(3.0, name="mine", reduction="sum")
    again = Absolute.from_config(loss.get_config())
    assert again.get_config() == {"name": "mine", "reduction": "sum", "factor": 3.0}
    config = json.loads(json.dumps(keras.losses.serialize(loss)))
    revived = keras.losses.deserialize(config, custom_objects={"Absolute": Absolute})
    assert isinstance(revived, Absolute) and revived.factor == 3.0
    assert Absolute().name.startswith("absolute")
    wrapped = keras.losses.LossFunctionWrapper(keras.losses.huber, delta=0.5, name="h")
    assert keras.losses.deserialize(keras.losses.serialize(wrapped)).get_config() == wrapped.get_config()


def test_a_model_with_an_own_loss_is_saved(tmp_path: Any) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", Absolute(3.0))
    config = json.loads(json.dumps(model.get_compile_config(), default=str))
    assert config["loss"]["config"]["factor"] == 3.0


def test_mistakes_are_named() -> None:
    class NoSuper(keras.losses.Loss):
        def __init__(self) -> None:
            self.factor = 1.0

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return y_true - y_pred

    with pytest.raises(RuntimeError, match="NoSuper: call super"):
        NoSuper()([1.0], [1.0])
    with pytest.raises(NotImplementedError, match=r"must implement call\(self, y_true, y_pred\)"):
        keras.losses.Loss()([1.0], [1.0])
    with pytest.raises(ValueError, match="got None"):
        trained(lambda y, p: None)
    with pytest.raises(ValueError, match="reduction='sum_over_batch_size'"):
        trained(Absolute(reduction=None))
    with pytest.raises(TypeError, match="run_eagerly=True"):
        trained(lambda y, p: np.mean(np.abs(y - p)))
    with pytest.raises(ValueError, match="one number for the whole batch"):
        keras.losses.Dice()(np.ones((4, 2)), np.ones((4, 2)), sample_weight=np.ones(4))
    with pytest.raises(ZeroDivisionError):
        trained(lambda y, p: 1 / 0)
