"""Learning rates by depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import reuse
from tests.reuse.models import L, X, Y, images, nested, residual, same, stack

TABLE: list[tuple[Any, dict[str, float], dict[str, float]]] = [
    (stack, {}, {"hidden1": 0.125, "hidden2": 0.25, "hidden3": 0.5, "output": 1.0}),
    (stack, {"decay": 1.0, "top": 2.0}, dict.fromkeys(("hidden1", "hidden2", "hidden3", "output"), 2.0)),
    (stack, {"decay": 0.0}, {"hidden1": 0.0, "hidden2": 0.0, "hidden3": 0.0, "output": 1.0}),
    (nested, {}, {"base/low": 0.25, "base/high": 0.5, "out": 1.0}),
    (residual, {}, {"a": 0.125, "b": 0.25, "d": 0.5, "out": 1.0}),
    (images, {"decay": 0.1}, {"conv1": 1e-4, "norm1": 1e-3, "conv2": 1e-2, "norm2": 1e-1, "out": 1.0}),
]


@pytest.mark.parametrize(
    ("make", "arguments", "expected"), TABLE, ids=lambda v: getattr(v, "__name__", str(v))
)
def test_factors(make: Any, arguments: Any, expected: dict[str, float]) -> None:
    model = make()
    model.compile("sgd", "mse")
    found = reuse.discriminative_rates(model, **arguments)
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-12)


def test_steps_are_of_these_sizes() -> None:
    gradients: Any = None
    for decay in (1.0, 0.5):
        model = stack()
        model.compile(keras.optimizers.SGD(0.125), "mse")
        reuse.discriminative_rates(model, decay)
        before = model.get_weights()
        model.train_on_batch(X, Y)
        moved = [b - a for b, a in zip(before, model.get_weights(), strict=True)]
        if decay == 1.0:
            gradients = moved
        else:
            for i, (whole, part) in enumerate(zip(gradients, moved, strict=True)):
                np.testing.assert_allclose(part, whole * 0.5 ** (3 - i // 2), rtol=1e-3, atol=1e-7)


def test_a_layer_keeps_its_rate_when_it_is_unfrozen() -> None:
    model = stack()
    reuse.freeze(model, until="hidden2")
    model.compile(keras.optimizers.SGD(0.1), "mse")
    reuse.discriminative_rates(model)
    model.fit(X, Y, verbose=0)
    reuse.unfreeze(model)
    reuse.update_optimizer(model)
    factors = [model.optimizer._rate_factor(v) for v in model.trainable_variables]
    assert factors == [0.125, 0.125, 0.25, 0.25, 0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize(
    ("make", "arguments", "match"),
    [
        (stack, {"decay": -1.0}, "decay"),
        (stack, {"decay": "half"}, "decay"),
        (stack, {"top": float("nan")}, "top"),
        (lambda: keras.Sequential([L.Dense(1)]), {}, "no layer of .* has weights yet"),
    ],
)
def test_bad_arguments(make: Any, arguments: Any, match: str) -> None:
    model = make()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=match):
        reuse.discriminative_rates(model, **arguments)


def test_the_model_must_be_compiled() -> None:
    with pytest.raises(ValueError, match="discriminative_rates needs a compiled model"):
        reuse.discriminative_rates(stack())


def test_a_saved_model_goes_on_with_them(tmp_path: Path) -> None:
    """With what was unfrozen, too. (In a model from a file, paths of variables lack the model's name.)"""
    model = stack()
    reuse.freeze(model, until="hidden3")
    model.compile(keras.optimizers.Adam(0.01), "mse")
    reuse.discriminative_rates(model)
    callback = keras.callbacks.GradualUnfreezing({1: "hidden3", 2: "hidden2"})
    model.fit(X, Y, epochs=3, callbacks=[callback], verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.trainable for layer in again.layers] == [False, True, True, True]
    for each in (model, again):
        assert [each.optimizer._rate_factor(v) for v in each.trainable_variables] == [
            0.25,
            0.25,
            0.5,
            0.5,
            1.0,
            1.0,
        ]
        keras.utils.set_random_seed(1)
        each.fit(X, Y, epochs=2, verbose=0)
    same(model.get_weights(), again.get_weights())
    same([v.numpy() for v in model.optimizer.variables], [v.numpy() for v in again.optimizer.variables])
