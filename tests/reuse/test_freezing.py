"""What is frozen stays as it is, costs no backward pass, and is known to the optimizer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import reuse
from tests.reuse.models import (
    IMAGES,
    NAMES,
    L,
    X,
    Y,
    images,
    nested,
    ops_of_a_step,
    residual,
    same,
    stack,
    towers,
)

FREEZES: list[tuple[Callable[[], Any], dict[str, Any], list[str], int]] = [
    (stack, {}, NAMES, 0),
    (stack, {"until": "hidden2"}, NAMES[:2], 4),
    (stack, {"until": 0}, NAMES[:1], 6),
    (stack, {"layers": "hidden[13]"}, ["hidden1", "hidden3"], 4),
    (stack, {"layers": re.compile("2$")}, ["hidden2"], 6),
    (stack, {"layers": "output", "until": "hidden1"}, ["hidden1", "output"], 4),
    (residual, {"until": "c"}, ["a", "b", "sum", "c"], 4),
    (towers, {"until": "b"}, ["b"], 4),
    (nested, {"until": "base"}, ["base"], 2),
    (nested, {"layers": "base/low"}, ["base/low"], 4),
]


@pytest.mark.parametrize(
    ("make", "which", "names", "left"), FREEZES, ids=lambda v: getattr(v, "__name__", str(v))
)
def test_which_layers_are_frozen(make: Any, which: Any, names: list[str], left: int) -> None:
    model = make()
    assert reuse.freeze(model, **which) == names
    assert len(model.trainable_variables) == left
    assert reuse.unfreeze(model, **which) == names
    assert len(model.trainable_variables) == len(model.weights)


def test_layers_of_a_model_that_is_not_built() -> None:
    model = keras.Sequential([L.Dense(4, name="low"), L.Dense(3, name="high")])
    assert reuse.freeze(model, until="low") == ["low"]
    model.build((None, 8))
    assert len(model.trainable_variables) == 2


def test_a_layer_inside_a_frozen_model() -> None:
    """Keras's rule: what is inside a frozen model is not trained. `unfreeze` opens the way."""
    model = nested()
    base = model.get_layer("base")
    base.trainable = False
    base.layers[1].trainable = True
    assert base.trainable_variables == []
    base.layers[1].trainable = False
    assert reuse.unfreeze(model, "base/high") == ["base/high"]
    assert [layer.trainable for layer in base.layers] == [False, True]
    assert [v.path for v in base.trainable_variables] == ["base/high/kernel", "base/high/bias"]
    model.trainable = False
    reuse.unfreeze(model, "out")
    assert [v.path for v in model.trainable_variables] == ["out/kernel", "out/bias"]


@pytest.mark.parametrize("function", [reuse.freeze, reuse.unfreeze], ids=["freeze", "unfreeze"])
def test_bad_arguments(function: Any) -> None:
    name = function.__name__
    with pytest.raises(ValueError, match=rf"{name}: 'hiden1' names no layer of the model 'stack', which has"):
        function(stack(), "hiden1")
    with pytest.raises(ValueError, match=rf"{name}: 'nope' names no layer"):
        function(stack(), until="nope")
    with pytest.raises(TypeError, match=rf"{name}: expected a model; got"):
        function(L.Dense(1))


# Steps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frozen", range(4))
def test_the_way_back_ends_at_the_lowest_layer_that_is_trained(frozen: int) -> None:
    """A frozen layer costs its forward pass alone: nothing of its gradients is in the program."""
    model = stack()
    reuse.freeze(model, slice(frozen)) if frozen else None
    model.compile("sgd", "mse")
    ops = ops_of_a_step(model)
    # One sum over rows for the kernel of each trained layer, one product for what goes on down from all but the lowest.
    assert ops.count("contract_rows") == 4 - frozen
    forward = 4
    assert ops.count("dense") + ops.count("matmul") - forward == 3 - frozen


def test_the_way_back_goes_through_a_frozen_layer_above_a_trained_one() -> None:
    model = stack()
    reuse.freeze(model, ["hidden3", "output"])
    model.compile("sgd", "mse")
    ops = ops_of_a_step(model)
    assert ops.count("contract_rows") == 2
    assert ops.count("dense") + ops.count("matmul") - 4 == 3
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [True] * 4 + [False] * 4


def test_stop_gradient_does_the_same() -> None:
    """To the bit: the program is the same, but for the name of an op that only passes its input on."""
    results = []
    for way in ("frozen", "stopped"):
        model = stack()
        if way == "frozen":
            reuse.freeze(model, until="hidden2")
        else:
            x = keras.Input((8,))
            low = model.layers[1](model.layers[0](x))
            model = keras.Model(x, model.layers[3](model.layers[2](keras.ops.stop_gradient(low))))
        model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
        keras.utils.set_random_seed(1)
        if way == "frozen":
            history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
        else:
            with pytest.warns(UserWarning, match="The loss does not depend on these trainable weights"):
                history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
        results.append((history.history, model.get_weights()))
    assert results[0][0] == results[1][0]
    same(results[0][1], results[1][1])


def test_frozen_batch_normalization_runs_on_its_averages() -> None:
    model = images()
    norm = model.get_layer("norm1")
    averages = [np.full(16, 0.5, "float32"), np.full(16, 2.0, "float32")]
    norm.set_weights([*norm.get_weights()[:2], *averages])
    reuse.freeze(model, until="pool1")
    model.compile("sgd", "mse")
    inference = model.activations(IMAGES, "norm1")["norm1"]
    training = model.activations(IMAGES, "norm1", training=True)["norm1"]
    np.testing.assert_array_equal(inference, training)
    model.fit(IMAGES, Y[:30], verbose=0)
    same(norm.get_weights()[2:], averages)
    moved = model.get_layer("norm2").get_weights()[2]
    assert moved.any()  # The one above is trained, and its averages move.


def test_a_model_that_is_called_as_in_inference_stays_so() -> None:
    """As Keras's guide on transfer learning has it: unfrozen later, its statistics still do not move."""
    base = keras.Sequential([keras.Input((8,)), L.Dense(6), L.BatchNormalization(name="norm")], name="base")
    x = keras.Input((8,))
    model = keras.Model(x, L.Dense(3)(base(x, training=False)))
    model.compile("sgd", "mse")
    before = base.get_weights()
    model.fit(X, Y, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, base.get_weights(), strict=True)]
    assert moved == [True, True, True, True, False, False]


# The optimizer -------------------------------------------------------------------------------------------


def test_only_what_is_trained_reaches_the_optimizer() -> None:
    model = stack()
    reuse.freeze(model, until="hidden2")
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    assert len(model.optimizer.variables) == 2 + 2 * 4


WARNING = r"A layer's `trainable` state has changed since the model 'stack' was compiled: \['hidden1'\]"


def test_changes_after_compile() -> None:
    """As in Keras 3.15 they count before the first step; after it, where Keras refuses, freezing counts too."""
    model = stack(compiled="adam")
    model.layers[0].trainable = False
    with pytest.warns(UserWarning, match=WARNING):
        model.fit(X, Y, verbose=0)
    assert len(model.optimizer.variables) == 2 + 2 * 6
    model.fit(X, Y, verbose=0)  # The warning comes once.
    model.evaluate(X, Y, verbose=0)
    model.layers[0].trainable = True
    with (
        pytest.warns(UserWarning, match=WARNING),
        pytest.raises(ValueError, match="Unknown variable: 'stack/hidden1/kernel'"),
    ):
        model.train_on_batch(X, Y)
    model.compile("adam", "mse")
    model.train_on_batch(X, Y)
    assert len(model.optimizer.variables) == 2 + 2 * 8


def test_a_single_variable() -> None:
    model = stack(compiled="sgd")
    model.fit(X, Y, verbose=0)
    model.layers[0].bias.trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [True, False] + [True] * 6


def test_the_optimizer_goes_on() -> None:
    """In place of `compile`: momenta of what was trained before stay, and nothing warns."""
    model = stack()
    reuse.freeze(model, until="hidden2")
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    model.fit(X, Y, verbose=0)
    kept = [v.numpy() for v in model.optimizer.variables[2:]]
    reuse.unfreeze(model, "hidden2")
    reuse.update_optimizer(model)
    paths = [v.path.rsplit("/", 1)[-1] for v in model.optimizer.variables[2:]]
    assert paths == [f"stack_{n}_{w}_momentum" for n in NAMES[1:] for w in ("kernel", "bias")]
    same([v.numpy() for v in model.optimizer.variables[4:]], kept)
    model.fit(X, Y, verbose=0)
    assert int(model.optimizer.iterations) == 4
    reuse.freeze(model, until="hidden3")
    reuse.update_optimizer(model)
    assert len(model.optimizer.variables) == 2 + 2
    model.fit(X, Y, verbose=0)


def test_updating_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="update_optimizer needs a compiled model"):
        reuse.update_optimizer(stack())
    model = stack(compiled=keras.optimizers.LBFGS())
    reuse.freeze(model, 0)
    reuse.update_optimizer(model)  # Nothing was built yet.
    model.fit(X, Y, verbose=0)
    reuse.unfreeze(model, 0)
    with pytest.raises(ValueError, match="LBFGS remembers steps of all weights together"):
        reuse.update_optimizer(model)
