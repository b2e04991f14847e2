"""Metrics of a person's own: classes and plain functions, alone and in training, traced and eager."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_metric

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]])).astype("float32")
WEIGHT = np.random.default_rng(1).uniform(size=20).astype("float32")


class Near(keras.metrics.Metric):
    """How many predictions lie within `reach`, and their share: a dict of results."""

    def __init__(self, reach: float = 1.0, name: str = "near", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.reach = reach
        self.hits = self.add_weight(name="hits", initializer="zeros")
        self.seen = self.add_variable((), "zeros", dtype="int32", name="seen")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        near = ops.cast(ops.abs(y_true - y_pred) < self.reach, self.dtype)
        if sample_weight is not None:
            near = near * ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
        self.hits.assign_add(ops.sum(near))
        self.seen.assign(self.seen + ops.shape(y_true)[0])

    def result(self) -> Any:
        return {"hits": self.hits, "share": self.hits / ops.cast(self.seen, self.dtype)}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reach": self.reach}


class Spread(keras.metrics.Metric):
    """The largest prediction seen less the mean of all: metrics and variables inside, in a list and a dict."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = {"mean": keras.metrics.Mean(name="mean")}
        self.largest = self.add_variable((), keras.initializers.Constant(-1e9), name="largest")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.parts["mean"].update_state(y_pred)
        self.largest.assign(ops.maximum(self.largest, ops.max(y_pred)))

    def result(self) -> Any:
        return self.largest - ops.cast(self.parts["mean"].result(), "float32")

    def reset_state(self) -> None:
        self.parts["mean"].reset_state()
        self.largest.assign(-1e9)


def worst(y_true: Any, y_pred: Any) -> Any:
    """One number a batch."""
    return ops.max(ops.abs(y_true - y_pred))


def off(y_true: Any, y_pred: Any) -> Any:
    """One number a sample."""
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def fixed_model() -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="out")])
    model.set_weights([np.full((3, 1), 0.1), np.zeros(1)])
    return model


def evaluated(run_eagerly: bool = False, weight: Any = None, **compiled: Any) -> dict[str, float]:
    model = fixed_model()
    model.compile("sgd", "mse", run_eagerly=run_eagerly, **compiled)
    logs = model.evaluate(X, Y, batch_size=6, verbose=0, return_dict=True, sample_weight=weight)
    return {name: float(value) for name, value in logs.items() if name != "loss"}


ERROR = np.abs(Y - X @ np.full((3, 1), 0.1))
PREDICTED = X @ np.full((3, 1), 0.1, "float32")


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_classes_and_functions_in_evaluate(run_eagerly: bool) -> None:
    logs = evaluated(run_eagerly, metrics=[Near(), Spread(name="spread"), worst, off, "mae"])
    assert set(logs) == {"hits", "share", "spread", "worst", "off", "mae"}
    assert logs["hits"] == np.sum(ERROR < 1)
    assert logs["share"] == pytest.approx(np.mean(ERROR < 1))
    assert logs["spread"] == pytest.approx(PREDICTED.max() - PREDICTED.mean(), rel=1e-4)
    parts = [ERROR[i : i + 6].max() for i in range(0, 20, 6)]
    assert logs["worst"] == pytest.approx(np.mean(parts), rel=1e-5)
    assert logs["off"] == pytest.approx(ERROR.mean(), rel=1e-5)
    assert logs["mae"] == pytest.approx(ERROR.mean(), rel=1e-5)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_weighted_metrics_see_the_weights(run_eagerly: bool) -> None:
    logs = evaluated(run_eagerly, WEIGHT, metrics=[off], weighted_metrics=[off, Near(name="w")])
    assert logs["off"] == pytest.approx(ERROR.mean(), rel=1e-5)
    assert logs["weighted_off"] == pytest.approx(np.average(ERROR[:, 0], weights=WEIGHT), rel=1e-5)
    assert logs["hits"] == pytest.approx(np.sum(WEIGHT[:, None] * (ERROR < 1)), rel=1e-5)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_each_epoch_starts_anew(run_eagerly: bool) -> None:
    model = fixed_model()
    model.compile(
        keras.optimizers.SGD(0.0), "mse", metrics=[Near(), Spread(name="spread")], run_eagerly=run_eagerly
    )
    history = model.fit(X, Y, epochs=3, batch_size=7, verbose=0, validation_data=(X, Y)).history
    for name in ("hits", "share", "spread"):
        assert len(set(history[name])) == 1
        np.testing.assert_allclose(history[name], history[f"val_{name}"], rtol=1e-5)


def test_for_each_output() -> None:
    inputs = keras.Input((3,))
    outputs = {
        name: keras.layers.Dense(1, name=name, kernel_initializer="zeros")(inputs) for name in ("a", "b")
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        "sgd", "mse", metrics={"a": [worst, keras.metrics.MeanAbsoluteError], "b": [Spread(name="s")]}
    )
    logs = model.evaluate(X, {"a": Y, "b": Y}, verbose=0, batch_size=20, return_dict=True)
    assert logs["a_worst"] == pytest.approx(np.abs(Y).max(), rel=1e-5)
    assert logs["a_mean_absolute_error"] == pytest.approx(np.abs(Y).mean(), rel=1e-5)
    assert logs["b_s"] == 0.0


def test_functions_of_structures() -> None:
    metric = keras.metrics.MeanMetricWrapper(lambda y, p: ops.abs(y["a"] - p["a"]) + y["b"], name="both")
    truth = {"a": np.array([1.0, 2.0]), "b": np.array([0.0, 1.0])}
    metric.update_state(truth, {"a": np.array([1.0, 4.0])})
    assert float(metric.result()) == 1.5


def test_metrics_that_layers_and_models_hold() -> None:
    class Watch(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seen = keras.metrics.Mean(name="seen")

        def call(self, x: Any) -> Any:
            self.seen.update_state(x)
            return x

    model = keras.Sequential([keras.Input((3,)), Watch(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    history = model.fit(X, Y, epochs=2, verbose=0).history
    np.testing.assert_allclose(history["seen"], [X.mean()] * 2, rtol=1e-4)


def test_variables_are_tracked() -> None:
    metric = Spread()
    assert [v.name for v in metric.variables] == ["largest", "total", "count"]
    metric.more = [keras.Variable(0.0), keras.Variable(1.0)]
    metric.named = {"x": (keras.Variable(2.0), keras.metrics.Sum())}
    assert len(metric.variables) == 7
    metric.more.append(keras.Variable(3.0))
    assert len(metric.variables) == 8
    near = Near()
    assert near.add_variable((2,), "ones").numpy().tolist() == [1.0, 1.0]
    assert near.add_weight(shape=3).shape == (3,)
    near.reset_state()
    assert all(not np.asarray(v).any() for v in near.variables)


def test_stateless_calls_leave_the_state_alone() -> None:
    metric = Near()
    state = metric.variables
    for start in range(0, 20, 6):
        state = metric.stateless_update_state(state, Y[start : start + 6], PREDICTED[start : start + 6])
    assert float(metric.hits.numpy()) == 0.0
    assert float(metric.stateless_result(state)["hits"]) == np.sum(ERROR < 1)
    metric.update_state(Y, PREDICTED)
    assert [float(v) for v in metric.stateless_reset_state()] == [0.0, 0.0]
    assert float(metric.hits.numpy()) == np.sum(ERROR < 1)
    mean = keras.metrics.Mean()
    mean.update_state([1.0, 3.0])
    assert float(mean.stateless_result([6.0, 2.0])) == 3.0
    assert float(mean.result()) == 2.0
    with pytest.raises(ValueError, match="metric_variables"):
        mean.stateless_update_state([0.0], [1.0])


def test_stateless_calls_are_traced() -> None:
    metric = keras.metrics.Mean()

    class MeanOf(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 0 + ops.cast(
                metric.stateless_result(metric.stateless_update_state([0.0, 0.0], x)), "float32"
            )

    model = keras.Sequential([keras.Input((3,)), MeanOf()])
    np.testing.assert_allclose(model.predict_on_batch(X), np.full((20, 3), X.mean()), rtol=1e-4)
    assert float(metric.result()) == 0.0


def test_config_and_serialization() -> None:
    metric = Near(0.5, dtype="float64")
    assert metric.get_config() == {"name": "near", "dtype": "float64", "reach": 0.5}
    config = json.loads(json.dumps(keras.metrics.serialize(metric)))
    revived = keras.metrics.deserialize(config, custom_objects={"Near": Near})
    assert isinstance(revived, Near)
    assert revived.get_config() == metric.get_config()
    wrapped = keras.metrics.MeanMetricWrapper(keras.losses.huber, delta=0.5, name="h")
    again = keras.metrics.deserialize(json.loads(json.dumps(keras.metrics.serialize(wrapped))))
    assert float(again([[1.0]], [[3.0]])) == float(wrapped([[1.0]], [[3.0]]))


def test_the_battery_for_own_metrics() -> None:
    class Largest(keras.metrics.Metric):
        def __init__(self, name: str = "largest", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.most = self.add_variable((), "zeros", name="most")

        def update_state(self, values: Any) -> None:
            self.most.assign(ops.maximum(self.most, ops.cast(ops.max(values), self.most.dtype)))

        def result(self) -> Any:
            return ops.cast(self.most, self.dtype)

    results = check_metric(Largest, np.random.default_rng(3).uniform(size=12), skip=["weights"])
    assert sum(result == "passed" for result in results.values()) >= 4, results


def test_mistakes_are_named() -> None:
    class NoSuper(keras.metrics.Metric):
        def __init__(self) -> None:
            self.total = self.add_variable((), "zeros")

    class Looks(Near):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            if ops.sum(y_true) > 0:
                self.hits.assign_add(1.0)

    class Breaks(Near):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            raise ZeroDivisionError("mine")

    with pytest.raises(RuntimeError, match=r"NoSuper: call super\(\)"):
        NoSuper()
    with pytest.raises(NotImplementedError, match="update_state"):
        keras.metrics.Metric()([1.0], [1.0])
    with pytest.raises(TypeError, match="run_eagerly=True"):
        evaluated(metrics=[Looks()])
    evaluated(run_eagerly=True, metrics=[Looks()])
    with pytest.raises(ZeroDivisionError, match="mine"):
        evaluated(metrics=[Breaks()])
    with pytest.raises(ValueError, match="metric"):
        evaluated(metrics=["no_such_metric"])
