"""Each check of the batteries for losses, metrics and optimizers finds the bug that is planted for it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, losses, metrics, ops, optimizers
from oxhorn.testing import check_loss, check_metric, check_optimizer
from tests.testing.planted_bugs import X, Y, failures

# Losses ------------------------------------------------------------------------------------------------


class RightLoss(losses.Loss):
    def __init__(self, power: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        self.power = power

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(abs(y_true - y_pred) ** self.power, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}


class ForgetsPower(RightLoss):
    def get_config(self) -> dict[str, Any]:
        return losses.Loss.get_config(self)


class OneNumber(RightLoss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(super().call(y_true, y_pred))


class LogOfZero(RightLoss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.log(y_pred - y_pred), axis=-1)


class OwnReduction(RightLoss):
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        values = super().__call__(y_true, y_pred)
        return values * 2.0 if self.reduction == "sum" else values


class MixesSamples(RightLoss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return super().call(y_true, y_pred - ops.mean(y_pred, axis=0))


class NoSlope(RightLoss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - ops.stop_gradient(y_pred)), axis=-1)


class WrongSlope(RightLoss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - 2.0 * ops.stop_gradient(y_pred) + y_pred), axis=-1)


class CastsDown(RightLoss):
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.cast(super().__call__(y_true, y_pred, sample_weight), "float32")


class DiffersWhenTraced(RightLoss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return super().call(y_true, y_pred) + (1.0 if _core.is_tracing() else 0.0)


class WritesIntoTargets(RightLoss):
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        result = super().__call__(y_true, y_pred, sample_weight)
        if isinstance(y_true, np.ndarray) and y_true.flags.writeable:
            y_true += 1e-3
        return result


LOSS_BUGS = [
    (ForgetsPower, "config", "value of a loss made from its config"),
    (OneNumber, "values", r"one value for each of the 4 samples; got the shape \(\)"),
    (LogOfZero, "values", "finite values; got -inf.*Clip"),
    (OwnReduction, "reductions", "reduction='sum'"),
    (OwnReduction, "weights", "rows left out|weights of one"),
    (OwnReduction, "masks", "what the mask hides"),
    (MixesSamples, "batches", "batch in two parts"),
    (NoSlope, "descent", "depends on the predictions; got no gradient"),
    (WrongSlope, "gradients", r"wrong gradient of y_pred\[\d, \d\]"),
    (CastsDown, "float64", "a float64 loss"),
    (DiffersWhenTraced, "traced", "`evaluate` finds"),
    (WritesIntoTargets, "memory", "arguments to stay as they are"),
]


@pytest.mark.parametrize(
    ("loss", "check", "words"), LOSS_BUGS, ids=[f"{b[0].__name__}-{b[1]}" for b in LOSS_BUGS]
)
def test_losses(loss: Any, check: str, words: str) -> None:
    found = failures(check_loss, loss, Y, X, arguments={"power": 4.0} if check == "config" else {})
    assert re.search(words, found[check])


def test_right_losses_pass() -> None:
    results = check_loss(
        RightLoss, Y, X, arguments={"power": 3.0}, expected=np.mean(np.abs(Y - X) ** 3, axis=-1)
    )
    assert set(results.values()) == {"passed"}
    found = failures(check_loss, RightLoss(), Y, X, expected=np.zeros(4))
    assert "the loss of each sample to be 0" in found["values"]
    assert check_loss("huber" and keras.losses.huber, Y, X)["config"] == "skipped: a function has no config"
    with pytest.raises(ValueError, match="expected a loss, a class of losses or a function; got 3"):
        check_loss(3, Y, X)
    with pytest.raises(ValueError, match="as many of each"):
        check_loss(RightLoss, Y, X[:2])


# Metrics -----------------------------------------------------------------------------------------------


class RightMetric(metrics.Metric):
    def __init__(self, power: float = 1.0, name: str = "right", **options: Any) -> None:
        super().__init__(name=name, **options)
        self.power = power
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def errors(self, y_true: Any, y_pred: Any) -> Any:
        y_true, y_pred = ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype)
        return ops.mean(abs(y_true - y_pred) ** self.power, axis=-1)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        errors = self.errors(y_true, y_pred)
        weight = ops.ones_like(errors) if sample_weight is None else ops.cast(sample_weight, self.dtype)
        self.total.assign_add(ops.sum(errors * weight))
        self.count.assign_add(ops.sum(weight))

    def result(self) -> Any:
        return self.total / self.count

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}


class MeanOfMeans(RightMetric):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add(ops.mean(self.errors(y_true, y_pred)))
        self.count.assign_add(1.0)


class KeepsCount(RightMetric):
    def reset_state(self) -> None:
        self.total.assign(0.0)


class PythonState(RightMetric):
    seen = 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        self.__dict__["seen"] = self.seen + 1.0

    def result(self) -> Any:
        return super().result() + self.seen


class CountsReading(RightMetric):
    def result(self) -> Any:
        self.count.assign_add(1.0)
        return self.total / self.count


class CountsRows(RightMetric):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        if sample_weight is not None:
            self.count.assign_add(len(y_true) - ops.sum(ops.cast(sample_weight, self.dtype)))


class ForgetsMetricPower(RightMetric):
    def get_config(self) -> dict[str, Any]:
        return metrics.Metric.get_config(self)


class NotANumber(RightMetric):
    def result(self) -> Any:
        return self.total / (self.count - self.count)


class WritesIntoPredictions(RightMetric):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        if isinstance(y_pred, np.ndarray):
            y_pred += 1e-3


METRIC_BUGS = [
    (MeanOfMeans, "stream", "unequal sizes.*a mean of the means"),
    (KeepsCount, "reset", "'count' to be 0.0 after reset_state"),
    (PythonState, "state", "another metric with the same variables.*in an attribute"),
    (CountsReading, "state", "the second result to be the first"),
    (CountsRows, "weights", "weights of zero to be rows left out"),
    (ForgetsMetricPower, "config", "made from its config"),
    (NotANumber, "values", "a finite result"),
    (WritesIntoPredictions, "memory", "arguments to stay"),
]


@pytest.mark.parametrize(("metric", "check", "words"), METRIC_BUGS, ids=[b[0].__name__ for b in METRIC_BUGS])
def test_metrics(metric: Any, check: str, words: str) -> None:
    found = failures(check_metric, metric, Y, X, arguments={"power": 2.0} if check == "config" else {})
    assert re.search(words, found[check])


def test_a_right_metric_passes() -> None:
    results = check_metric(RightMetric, Y, X, arguments={"power": 2.0}, expected=np.mean((Y - X) ** 2))
    assert set(results.values()) == {"passed"}
    assert "the result to be 7" in failures(check_metric, RightMetric(), Y, X, expected=7.0)["values"]
    with pytest.raises(ValueError, match="expected a metric or a class of metrics; got 3"):
        check_metric(3, Y, X)


# Optimizers --------------------------------------------------------------------------------------------


class RightOptimizer(optimizers.Optimizer):
    """Gradient descent with momentum: m <- beta m + g, w <- w - rate m."""

    def __init__(
        self, learning_rate: Any = 0.05, beta: float = 0.5, name: str = "own", **options: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **options)
        self.beta = beta

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self.momenta = [self.add_variable_from_reference(v, name="momentum") for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        momentum = self.momenta[self._get_variable_index(variable)]
        momentum.assign(self.beta * momentum + gradient)
        variable.assign_sub(ops.cast(learning_rate, variable.dtype) * momentum)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta": self.beta}


class ForgetsBeta(RightOptimizer):
    def get_config(self) -> dict[str, Any]:
        return optimizers.Optimizer.get_config(self)


class Ascends(RightOptimizer):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        variable.assign_add(ops.cast(learning_rate, variable.dtype) * gradient)


class OwnRate(RightOptimizer):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        variable.assign_sub(0.01 * gradient)


class DividesByZero(RightOptimizer):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        variable.assign_sub(ops.cast(learning_rate, variable.dtype) * gradient / abs(gradient))


class CountsInPython(RightOptimizer):
    steps = 0

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.__dict__["steps"] = self.steps + 1
        variable.assign_sub(ops.cast(learning_rate, variable.dtype) * gradient / float(self.steps))


class OneSlotForAll(RightOptimizer):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        first = self.momenta[0]
        first.assign(self.beta * first + ops.mean(gradient))
        variable.assign_sub(ops.cast(learning_rate, variable.dtype) * (gradient + 0.1 * ops.mean(first)))


class DoesNotCount(RightOptimizer):
    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        super().apply(grads, trainable_variables)
        self.iterations.assign(0)


OPTIMIZER_BUGS = [
    (ForgetsBeta, "config", "three steps of an optimizer made from its config"),
    (Ascends, "descent", "sixty steps to lower the loss.*against the gradient"),
    (OwnRate, "rate", "stay with a learning rate of zero"),
    (DividesByZero, "zeros", "finite weights after gradients of zero.*epsilon"),
    (CountsInPython, "state", "took over the variables.*lost in files"),
    (CountsInPython, "fit", "three epochs of `fit`.*in variables"),
    (OneSlotForAll, "order", "variables in another order.*a slot for each variable"),
    (DoesNotCount, "slots", "iterations to be 2"),
]


@pytest.mark.parametrize(
    ("optimizer", "check", "words"), OPTIMIZER_BUGS, ids=[f"{b[0].__name__}-{b[1]}" for b in OPTIMIZER_BUGS]
)
def test_optimizers(optimizer: Any, check: str, words: str) -> None:
    found = failures(check_optimizer, optimizer, arguments={"beta": 0.9} if check == "config" else {})
    assert re.search(words, found[check])


def test_a_right_optimizer_passes() -> None:
    class Reference:
        def __init__(self) -> None:
            self.momenta: list[Any] = [0.0] * 3

        def step(self, weights: Any, gradients: Any) -> Any:
            self.momenta = [0.5 * m + g for m, g in zip(self.momenta, gradients, strict=True)]
            return [w - 0.05 * m for w, m in zip(weights, self.momenta, strict=True)]

    assert set(check_optimizer(RightOptimizer, expected=Reference).values()) == {"passed"}
    assert check_optimizer(RightOptimizer(0.1))["steps"] == "skipped: no reference was given"

    class Other(Reference):
        def step(self, weights: Any, gradients: Any) -> Any:
            return [w - 0.04 * g for w, g in zip(weights, gradients, strict=True)]

    assert (
        "the weights after step 1 to be" in failures(check_optimizer, RightOptimizer, expected=Other)["steps"]
    )
    with pytest.raises(ValueError, match="expected an optimizer or a class of them; got 'sgd'"):
        check_optimizer("sgd")
