"""compile: which loss and metric an output gets, and the names under which they are reported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.training.models import CLASSES, L, X, Y, classifier, linear, two_outputs

MSE_SCC = ["mse", "sparse_categorical_crossentropy"]


# What Keras 3.15 reports for the same calls.
@pytest.mark.filterwarnings("ignore:The loss does not depend on these trainable weights.*b/kernel")
@pytest.mark.parametrize(
    ("options", "y", "expected"),
    [
        (
            {"loss": MSE_SCC, "metrics": [["mae"], ["accuracy"]]},
            [Y, CLASSES],
            ["a_loss", "a_mae", "b_accuracy", "b_loss", "loss"],
        ),
        (
            {"loss": dict(zip("ab", MSE_SCC, strict=True)), "metrics": {"b": "acc"}},
            {"a": Y, "b": CLASSES},
            ["a_loss", "b_acc", "b_loss", "loss"],
        ),
        (
            {"loss": "mse", "metrics": ["mae", "mse"]},
            [Y, Y],
            ["a_loss", "a_mae", "b_loss", "b_mse", "loss"],
        ),
        ({"loss": ["mse", None], "metrics": [None, "acc"]}, [Y, CLASSES], ["b_acc", "loss"]),
        ({"loss": ["mse", None]}, [Y], ["loss"]),
        (
            {"loss": MSE_SCC, "weighted_metrics": {"a": ["mae"]}, "metrics": {"a": ["mae"]}},
            [Y, CLASSES],
            ["a_loss", "a_mae", "a_weighted_mae", "b_loss", "loss"],
        ),
    ],
)
def test_names_of_two_outputs(options: dict[str, Any], y: Any, expected: list[str]) -> None:
    model = two_outputs()
    if options["loss"] == "mse":
        x = keras.Input((3,))
        model = keras.Model(x, [L.Dense(1, name="a")(x), L.Dense(1, name="b")(x)])
    model.compile("sgd", **options)
    history = model.fit(X, y, verbose=0, validation_data=(X, y)).history
    assert list(history) == [*expected, *(f"val_{name}" for name in expected)]
    assert list(model.evaluate(X, y, verbose=0, return_dict=True)) == expected


def test_names_of_a_dict_of_outputs() -> None:
    model = two_outputs(as_dict=True)
    model.compile("sgd", loss=dict(zip("pq", MSE_SCC, strict=True)), metrics={"q": "acc"})
    history = model.fit(X, {"p": Y, "q": CLASSES}, verbose=0).history
    assert list(history) == ["loss", "p_loss", "q_acc", "q_loss"]


def test_names_without_output_names() -> None:
    class Two(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = L.Dense(1), L.Dense(4, activation="softmax")

        def call(self, x: Any) -> Any:
            return [self.first(x), self.second(x)]

    model = Two()
    model.compile("sgd", MSE_SCC, metrics=[["mae"], ["accuracy"]])
    history = model.fit(X, [Y, CLASSES], verbose=0).history
    assert {"accuracy", "loss", "mae"} < set(history)
    assert len(history) == 5


def test_names_met_twice() -> None:
    model = classifier(metrics=["acc", "acc"], weighted_metrics=["acc", "acc"])
    names = list(model.fit(X, CLASSES, verbose=0).history)
    assert names == ["acc", "acc_1", "loss", "weighted_acc", "weighted_acc_1"]


def test_metric_forms() -> None:
    def own(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

    model = linear(
        metrics=["mae", own, keras.metrics.RootMeanSquaredError(), keras.losses.mean_squared_error]
    )
    history = model.fit(X, Y, verbose=0).history
    assert sorted(history) == ["loss", "mae", "mean_squared_error", "own", "root_mean_squared_error"]
    results = model.evaluate(X, Y, verbose=0, return_dict=True)
    error = model.predict(X, verbose=0) - Y
    np.testing.assert_allclose(results["own"], np.abs(error).mean(), rtol=1e-5)
    np.testing.assert_allclose(results["mae"], np.abs(error).mean(), rtol=1e-5)
    np.testing.assert_allclose(results["root_mean_squared_error"] ** 2, results["loss"], rtol=1e-5)


@pytest.mark.parametrize(
    ("width", "activation", "y", "kind"),
    [
        (1, "sigmoid", (CLASSES > 1).astype("float32"), "BinaryAccuracy"),
        (1, "sigmoid", (CLASSES > 1).astype("float32")[:, None], "BinaryAccuracy"),
        (4, "softmax", CLASSES, "SparseCategoricalAccuracy"),
        (4, "softmax", CLASSES[:, None], "SparseCategoricalAccuracy"),
        (4, "softmax", np.eye(4, dtype="float32")[CLASSES], "CategoricalAccuracy"),
    ],
)
def test_accuracy_is_decided_by_the_shapes(width: int, activation: str, y: Any, kind: str) -> None:
    model = keras.Sequential([keras.Input((3,)), L.Dense(width, activation=activation)])
    model.compile("sgd", "crossentropy", metrics=["accuracy", "ce"])
    loss, accuracy, entropy = model.evaluate(X, y, verbose=0)
    assert type(model.compiled_metrics.metrics[0]).__name__ == kind
    p = model.predict(X, verbose=0)
    right = p.argmax(1) == CLASSES if width > 1 else (p > 0.5) == (CLASSES > 1)[:, None]
    np.testing.assert_allclose(accuracy, right.mean(), rtol=1e-6)
    np.testing.assert_allclose(entropy, loss, rtol=1e-5)


def test_metrics_and_their_names() -> None:
    model = two_outputs()
    assert model.metrics == []
    model.compile("sgd", MSE_SCC, metrics=[["mae"], ["acc"]])
    model.train_on_batch(X, [Y, CLASSES])
    assert model.metrics_names == ["loss", "compile_metrics", "a_loss", "b_loss"]
    assert [m.name for m in model.compiled_metrics.metrics] == ["mae", "acc"]
    model.reset_metrics()
    assert model.get_metrics_result()["loss"] == 0.0


def test_loss_weights() -> None:
    model = two_outputs()
    for weights, (wa, wb) in (
        ({"a": 0.5, "b": 2.0}, (0.5, 2.0)),
        ([3.0, 0.25], (3.0, 0.25)),
        ({"b": 2.0}, (1.0, 2.0)),
    ):
        model.compile("sgd", MSE_SCC, loss_weights=weights)
        logs = model.evaluate(X, [Y, CLASSES], verbose=0, return_dict=True)
        np.testing.assert_allclose(logs["loss"], wa * logs["a_loss"] + wb * logs["b_loss"], rtol=1e-5)


def test_losses_of_layers_are_added() -> None:
    kernel = L.Dense(1, kernel_regularizer=keras.regularizers.L2(0.1))
    model = keras.Sequential([keras.Input((3,)), kernel])
    model.compile("sgd", "mse")
    loss = model.evaluate(X, Y, verbose=0)
    k = kernel.get_weights()[0]
    error = model.predict(X, verbose=0) - Y
    np.testing.assert_allclose(loss, np.mean(error**2) + 0.1 * np.sum(k**2), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": "mse", "metrics": "mae"},
            r"`metrics` to be a list, tuple or dict; .* write metrics=\['mae'\]",
        ),
        ({"loss": "mse", "weighted_metrics": "mae"}, "`weighted_metrics` to be a list"),
        ({"loss": ["mse"] * 3}, "3 entries in `loss` for a model with 2 outputs"),
        ({"loss": {"a": "mse", "c": "mse"}}, r"`loss` does not match .*\['a', 'b'\].* unknown names \['c'\]"),
        ({"loss": "mse", "loss_weights": [1.0]}, "2 losses, 1 weights"),
        ({"loss": "mse", "loss_weights": 2.0}, "one loss weight for each of the 2 outputs"),
        ({"loss": "mse", "loss_weights": "a"}, "`loss_weights` to be a number"),
        ({"loss": "mse", "loss_weights": ["accuracy", 1.0]}, "Did you mean metrics="),
        ({"loss": "mse", "loss_weights": [float("nan"), 1.0]}, "expected finite numbers in `loss_weights`"),
        ({"loss": "mse", "metrics": ["mae"]}, r"`metrics` does not say which output .*\['a', 'b'\]"),
        ({"loss": "mse", "metrics": {"c": "mae"}}, r"unknown names \['c'\]"),
        ({"loss": "mse", "steps_per_execution": 0}, "`steps_per_execution` to be a positive integer; got 0"),
        ({"loss": "mse", "jit_compile": 3}, "`jit_compile` to be True, False or 'auto'; got 3"),
        ({"loss": "msee"}, "msee"),
        ({"loss": "mse", "metrics": [["maee"], None]}, "maee"),
        ({"loss": "mse", "optimizer": "adamm"}, "adamm"),
        ({"loss": keras.losses.MeanSquaredError(reduction="none")}, "one number a batch"),
    ],
)
def test_what_does_not_fit(options: dict[str, Any], message: str) -> None:
    x = keras.Input((3,))
    model = keras.Model(x, [L.Dense(1, name="a")(x), L.Dense(1, name="b")(x)])
    with pytest.raises(ValueError, match=message):
        model.compile(**{"optimizer": "sgd", **options})
        model.fit(X, [Y, Y], verbose=0)


def test_no_loss() -> None:
    model = linear(loss=None)
    with pytest.raises(ValueError, match="no loss to compute: compile was called without `loss`"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="needs targets, but `y` was not given"):
        linear().fit(X, verbose=0)


def test_compile_again_starts_afresh() -> None:
    model = linear(metrics=["mae"])
    model.fit(X, Y, verbose=0)
    model.compile("adam", "mae")
    assert list(model.fit(X, Y, verbose=0).history) == ["loss"]
    assert type(model.optimizer).__name__ == "Adam"


def test_compile_config_round_trip() -> None:
    model = linear(metrics=["mae"], optimizer=keras.optimizers.Adam(0.01), loss=keras.losses.Huber(2.0))
    config = model.get_compile_config()
    other = keras.Sequential([keras.Input((3,)), L.Dense(1)])
    assert other.get_compile_config() == {}
    other.compile_from_config(config)
    assert type(other.optimizer).__name__ == "Adam"
    assert float(other.optimizer.learning_rate.numpy()) == pytest.approx(0.01)
    assert other.loss.get_config() == model.loss.get_config()
    assert sorted(other.fit(X, Y, verbose=0).history) == ["loss", "mae"]


def test_run_eagerly_with_jit_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="jit_compile=True has no effect"):
        linear(run_eagerly=True, jit_compile=True)
