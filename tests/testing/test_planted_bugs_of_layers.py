"""Each check of the battery for layers finds the bug that is planted for it, and says what to do."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, layers, ops
from oxhorn.testing import check_layer
from tests.testing.planted_bugs import X, failures


class Right(layers.Layer):
    """Scaled tanh; the layers with bugs differ from it in one place."""

    def __init__(self, factor: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor
        self.supports_masking = True

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.factor * ops.tanh(x) * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class ForgetsFactor(Right):
    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["factor"]
        return config


class ChangesFactor(Right):
    def __init__(self, factor: float = 1.0, **options: Any) -> None:
        super().__init__(factor + 1.0, **options)


class HasObjectInConfig(Right):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": np.float32(self.factor)}


class MakesWeightsInCall(Right):
    def call(self, x: Any, training: bool | None = None) -> Any:
        self._tracker.locked = False
        extra = self.add_weight(shape=(), initializer="zeros", name="extra")
        return ops.tanh(x) * self.scale + extra


class TwoOfOneName(Right):
    def build(self, shape: Any) -> None:
        super().build(shape)
        self.other = self.add_weight(shape=(shape[-1],), initializer="zeros", name="scale")

    def call(self, x: Any, training: bool | None = None) -> Any:
        return super().call(x) + self.other


class WrongShape(Right):
    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], shape[-1] + 1)


class ReadsValues(Right):
    def call(self, x: Any, training: bool | None = None) -> Any:
        return ops.tanh(x) * self.scale * float(ops.max(x))


class FreezesANumber(Right):
    """A count kept in Python: a trace sees the first value only."""

    calls = 0

    def call(self, x: Any, training: bool | None = None) -> Any:
        factor = 1.0 if _core.is_tracing() else 2.0
        return factor * ops.tanh(x) * self.scale


class LooksAtTheBatch(Right):
    def call(self, x: Any, training: bool | None = None) -> Any:
        return (x - ops.mean(x, axis=0)) * self.scale


class AlwaysRandom(Right):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, x: Any, training: bool | None = None) -> Any:
        return x * self.scale + keras.random.normal(ops.shape(x), seed=self.seed_generator, dtype=x.dtype)


class CountsInInference(Right):
    def build(self, shape: Any) -> None:
        super().build(shape)
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, x: Any, training: bool | None = None) -> Any:
        self.count.assign_add(1.0)
        return super().call(x)


class WrongGradient(Right):
    def call(self, x: Any, training: bool | None = None) -> Any:
        return x * ops.stop_gradient(x) * self.scale


class Float32Only(Right):
    def call(self, x: Any, training: bool | None = None) -> Any:
        return ops.cast(super().call(x), "float32")


class HiddenWeight(Right):
    """A value that no file keeps."""

    def build(self, shape: Any) -> None:
        super().build(shape)
        self.__dict__["secret"] = float(np.random.default_rng().normal())

    def call(self, x: Any, training: bool | None = None) -> Any:
        return super().call(x) * self.__dict__["secret"]


class UnusedWeight(Right):
    def build(self, shape: Any) -> None:
        super().build(shape)
        self.idle = self.add_weight(shape=(2,), initializer="zeros", name="idle")


class Uphill(Right):
    def call(self, x: Any, training: bool | None = None) -> Any:
        # The value of the scale with the opposite slope.
        return x * (2.0 * ops.stop_gradient(self.scale.value) - self.scale)


class WrongMask(Right):
    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else mask[:, 1:]


LAYER_BUGS = [
    (
        ForgetsFactor,
        "config",
        r"argument 'factor' \(2\.0\).*Return \{\*\*super\(\)\.get_config\(\), 'factor'",
    ),
    (ChangesFactor, "config", r"same config; got other values for \['factor'\]"),
    (HasObjectInConfig, "config", r"to return numbers, strings.*Serialize objects"),
    (
        MakesWeightsInCall,
        "weights",
        r"the same 2 weights after a second call; got 3.*Make weights in `build`",
    ),
    (TwoOfOneName, "weights", r"a name of its own.*Pass `name=`"),
    (WrongShape, "shapes", r"compute_output_shape"),
    (ReadsValues, "traced", r"symbolic value"),
    (FreezesANumber, "traced", r"inside a traced model.*Compute with `ops`"),
    (LooksAtTheBatch, "batches", r"two parts.*skip=\['batches'\]"),
    (AlwaysRandom, "state", r"same result from the same call.*take `training`"),
    (CountsInInference, "state", r"count' to stay.*only if `training`"),
    (WrongGradient, "gradients", r"wrong gradient of input\[\d, \d\]"),
    (Float32Only, "float64", r"a float64 result from a float64 layer; got float32"),
    (HiddenWeight, "saving", r"after saving and loading.*add_weight"),
    (UnusedWeight, "training", r"a gradient for the trainable weight '.*idle'"),
    (Uphill, "training", r"against the gradient to lower the loss"),
]


@pytest.mark.parametrize(("layer", "check", "words"), LAYER_BUGS, ids=[bug[0].__name__ for bug in LAYER_BUGS])
def test_layers(layer: Any, check: str, words: str) -> None:
    arguments = {"factor": 2.0} if check == "config" else None
    assert re.search(words, failures(check_layer, layer, X, arguments=arguments)[check])


def test_the_right_layer_passes() -> None:
    results = check_layer(
        Right, X, arguments={"factor": 0.5}, expected=lambda x, scale: 0.5 * np.tanh(x) * scale
    )
    assert {name for name, result in results.items() if result != "passed"} == {"masks"}
    assert check_layer(Right(3.0), np.ones((2, 4, 3)))["masks"] == "passed"


def test_a_wrong_mask_and_a_wrong_value() -> None:
    found = failures(check_layer, WrongMask, np.ones((4, 5, 3)))
    assert re.search(r"a mask whose shape begins.*compute_mask", found["masks"])
    found = failures(check_layer, Right, X, expected=lambda x, scale: np.sinh(x) * scale)
    assert list(found) == ["values"] and re.search(
        r"the result to be .* at index \(\d, \d\); got", found["values"]
    )


def test_checks_can_be_left_out() -> None:
    results = check_layer(LooksAtTheBatch, X, skip=["batches"])
    assert results["batches"] == "skipped: as asked"
    with pytest.raises(ValueError, match=r"unknown checks \['nose'\]; the checks are \['config', 'weights'"):
        check_layer(Right, X, skip=["nose"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, X), "expected a layer or a class of layers; got 3"),
        ((Right, X[:1]), "at least two samples"),
        ((Right, np.array(["a", "b"])), "arrays of numbers"),
    ],
)
def test_bad_arguments_of_check_layer(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_layer(*arguments)
    with pytest.raises(ValueError, match="`arguments` go with a class"):
        check_layer(Right(), X, arguments={"factor": 1.0})
