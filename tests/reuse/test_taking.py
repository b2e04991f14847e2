"""Layers and lower parts taken over, other tops, replaced layers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import reuse
from tests.reuse.models import NAMES, L, X, Y, nested, residual, same, stack, towers

# What is asked for; the names of the layers that come.
SELECTIONS: list[tuple[Callable[[], Any], Any, list[str]]] = [
    (stack, None, NAMES),
    (stack, "hidden2", ["hidden2"]),
    (stack, "hidden*", NAMES[:3]),
    (stack, "hidden[13]", ["hidden1", "hidden3"]),
    (stack, re.compile("^hidden[12]$"), NAMES[:2]),
    (stack, re.compile("den"), NAMES[:3]),
    (stack, slice(3), NAMES[:3]),
    (stack, slice(None, None, 2), ["hidden1", "hidden3"]),
    (stack, 0, ["hidden1"]),
    (stack, -1, ["output"]),
    (stack, np.int64(1), ["hidden2"]),
    (stack, ["output", "hidden1", "hidden*"], NAMES),
    (residual, slice(2), ["a"]),
    (residual, "*", ["a", "b", "sum", "c", "d", "sum2", "out"]),
    (nested, None, ["base", "out"]),
    (nested, "*", ["base", "out"]),
    (nested, "base/*", ["low", "high"]),
    (nested, "base/low", ["low"]),
    (nested, re.compile("/h"), ["high"]),
]


@pytest.mark.parametrize(
    ("make", "which", "names"), SELECTIONS, ids=lambda v: str(v) if not callable(v) else ""
)
def test_which_layers_are_taken(make: Any, which: Any, names: list[str]) -> None:
    model = make()
    taken = reuse.take_layers(model, which)
    assert [layer.name for layer in taken] == names
    assert all(any(layer is one for one in model._flatten_layers()) for layer in taken)
    copies = reuse.take_layers(model, which, copy=True)
    for layer, copy in zip(taken, copies, strict=True):
        assert copy is not layer and type(copy) is type(layer) and copy.name == layer.name
        assert not {id(v) for v in copy.variables} & {id(v) for v in layer.variables}
        same(copy.get_weights(), layer.get_weights())


def test_layers_as_objects() -> None:
    model = stack()
    assert reuse.take_layers(model, model.layers[2]) == [model.layers[2]]
    assert reuse.take_layers(model, {model.layers[2], "hidden1"}) == [model.layers[0], model.layers[2]]


BAD: list[tuple[Any, type[Exception], str]] = [
    (
        "hidden9",
        ValueError,
        r"take_layers: 'hidden9' names no layer of the model 'stack', which has \['hidden1'",
    ),
    ("x*", ValueError, "names no layer"),
    (re.compile("q"), ValueError, "names no layer"),
    (4, ValueError, "there is no layer 4; the model 'stack' has 4 layers"),
    (slice(9, 12), ValueError, "names no layer"),
    (slice("a"), TypeError, "is not a slice of a list of layers"),
    ([], ValueError, "which names nothing"),
    (["hidden1", "nope"], ValueError, "'nope' names no layer"),
    (1.5, TypeError, "expected a name or a pattern"),
    (True, TypeError, "expected a name or a pattern"),
    (re.compile(b"h"), TypeError, "expected a name or a pattern"),
    (L.Dense(1, name="stranger"), ValueError, "'stranger' names no layer of the model 'stack'"),
]


@pytest.mark.parametrize(("which", "kind", "match"), BAD, ids=str)
def test_what_names_no_layer(which: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        reuse.take_layers(stack(), which)


def test_other_bad_arguments() -> None:
    with pytest.raises(TypeError, match="take_layers: expected a model; got"):
        reuse.take_layers(L.Dense(1))
    with pytest.raises(ValueError, match=r"Inside models there is .'base/low'.: give the whole path"):
        reuse.take_layers(nested(), "low")
    with pytest.raises(
        ValueError, match="take_layers: layer 'late' is not built, so it has no weights to copy"
    ):
        reuse.take_layers(keras.Sequential([L.Dense(1, name="late")]), 0, copy=True)
    with pytest.raises(ValueError, match="copy"):
        reuse.take_layers(stack(), 0, copy="yes")  # type: ignore[arg-type]


def test_shared_weights_are_one_and_copies_are_not() -> None:
    base = stack()
    for copy in (False, True):
        model = keras.Sequential(
            [keras.Input((8,)), *reuse.take_layers(base, slice(2), copy=copy), L.Dense(3)]
        )
        name = "hidden2"
        np.testing.assert_array_equal(model.activations(X, name)[name], base.activations(X, name)[name])
        before = base.get_weights()
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, verbose=0)
        changed = [not np.array_equal(a, b) for a, b in zip(before, base.get_weights(), strict=True)]
        assert changed == [not copy] * 4 + [False] * 4


def test_shared_and_copied_as_in_keras() -> None:
    """`Model(base.input, base.layers[k].output)` shares; `clone_model` and `set_weights` copy."""
    base = stack()
    clone = keras.models.clone_model(base)
    assert not np.array_equal(clone.layers[0].get_weights()[0], base.layers[0].get_weights()[0])
    clone.set_weights(base.get_weights())
    before = base.get_weights()
    for below, moved in ((clone, [False] * 8), (base, [True] * 4 + [False] * 4)):
        lower = keras.Model(below.input, below.layers[1].output)
        assert lower.layers[1:] == below.layers[:2]
        np.testing.assert_array_equal(lower.predict(X, verbose=0), base.activations(X, "hidden2")["hidden2"])
        model = keras.Sequential([lower, L.Dense(3)])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, verbose=0)
        changed = [not np.array_equal(a, b) for a, b in zip(before, base.get_weights(), strict=True)]
        assert changed == moved


def test_copies_keep_what_is_frozen_and_what_was_adapted() -> None:
    model = nested()
    model.get_layer("base").layers[0].trainable = False
    (copy,) = reuse.take_layers(model, "base", copy=True)
    assert [layer.trainable for layer in copy.layers] == [False, True]
    scale = L.Normalization(name="scale")
    scale.adapt(X)
    model = keras.Sequential([keras.Input((8,)), scale, L.Dense(1)])
    (copy,) = reuse.take_layers(model, "scale", copy=True)
    np.testing.assert_array_equal(copy(X).numpy(), scale(X).numpy())


# The model; where to cut; the layers that stay; the shape of the result; the inputs that stay.
LOWER: list[tuple[Callable[[], Any], Any, list[str], tuple[int | None, ...], int]] = [
    (stack, "hidden2", NAMES[:2], (None, 6), 1),
    (stack, 0, NAMES[:1], (None, 7), 1),
    (stack, -2, NAMES[:3], (None, 5), 1),
    (residual, "b", ["x", "a", "b"], (None, 6), 1),
    (residual, "c", ["x", "a", "b", "sum", "c"], (None, 6), 1),
    (towers, "a", ["i", "a"], (None, 6), 1),
    (towers, "b", ["j", "b"], (None, 4), 1),
    (towers, "both", ["i", "j", "a", "b", "both"], (None, 10), 2),
    (nested, "base", ["x", "base"], (None, 5), 1),
]


@pytest.mark.parametrize("copy", [False, True], ids=["shared", "copied"])
@pytest.mark.parametrize(
    ("make", "until", "names", "shape", "inputs"), LOWER, ids=lambda v: getattr(v, "__name__", str(v))
)
def test_lower_parts(make: Any, until: Any, names: Any, shape: Any, inputs: int, copy: bool) -> None:
    model = make()
    lower = reuse.drop_top(model, until, copy=copy, name="lower")
    assert [layer.name for layer in lower.layers] == names
    assert lower.output_shape == shape and len(lower.inputs) == inputs and lower.name == "lower"
    shared = {id(v) for v in lower.variables} & {id(v) for v in model.variables}
    assert len(shared) == (0 if copy else len(lower.variables))
    data = {"i": X, "j": X[:, :2], "x": X}
    x = X if make is stack else {one: data[one] for one in lower.input_names}
    whole = X if make is stack else {one: data[one] for one in model.input_names}
    name = model.layers[until].name if isinstance(until, int) else until
    np.testing.assert_array_equal(lower.predict(x, verbose=0), model.activations(whole, name)[name])
    top = reuse.with_new_top(model, until, [L.Dense(4, name="n1"), L.Dense(2, name="n2")], copy=copy)
    assert type(top) is (keras.Sequential if make is stack else type(lower))
    assert [layer.name for layer in top.layers] == [*names, "n1", "n2"]
    top.compile("sgd", "mse")
    top.fit(x, Y[:, :2], verbose=0)


def test_a_top_may_be_a_function_a_layer_or_a_model() -> None:
    model = residual()
    branched = reuse.with_new_top(model, "c", lambda t: [L.Dense(2)(t), L.Dense(1)(t)])
    assert branched.output_shape == [(None, 2), (None, 1)]
    assert reuse.with_new_top(model, "c", L.Dense(2)).output_shape == (None, 2)
    head = keras.Sequential([keras.Input((5,)), L.Dense(4), L.Dense(2)])
    assert reuse.with_new_top(stack(), "hidden3", head).output_shape == (None, 2)
    assert isinstance(reuse.with_new_top(stack(), "hidden3", lambda t: t * 2.0), keras.Model)


def test_cuts_that_are_not_clear() -> None:
    x = keras.Input((4,), name="x")
    shared = L.Dense(4, name="shared")
    first = shared(x)
    model = keras.Model(x, shared(first), name="twice")
    with pytest.raises(
        ValueError, match=r"drop_top: the model 'twice' calls 'shared' 2 times, so it is not clear"
    ):
        reuse.drop_top(model, "shared")
    assert len(reuse.drop_top(model, first).layers) == 2
    with pytest.raises(ValueError, match="is not one of the model 'stack'"):
        reuse.drop_top(stack(), first)
    with pytest.raises(ValueError, match=r"'hidden\.'\) names several layers"):
        reuse.drop_top(stack(), re.compile("hidden."))
    with pytest.raises(
        ValueError, match=r"'base/low' is inside the model 'base'\. Name a layer of 'outer' itself"
    ):
        reuse.drop_top(nested(), "base/low")
    with pytest.raises(TypeError, match="drop_top: expected one layer"):
        reuse.drop_top(stack(), slice(2))
    with pytest.raises(ValueError, match=r"has no graph to cut\. Build it first"):
        reuse.drop_top(keras.Sequential([L.Dense(1, name="a")]), "a")

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a = L.Dense(1, name="a")

        def call(self, x: Any) -> Any:
            return self.a(x)

    with pytest.raises(ValueError, match="Own is a subclassed model, whose `call` decides what leads where"):
        reuse.drop_top(Own(), "a")
    for top in (3, [L.Dense(1), 3]):
        with pytest.raises(
            TypeError, match="with_new_top: expected `top` to be layers, or a function of a tensor"
        ):
            reuse.with_new_top(stack(), "hidden1", top)  # type: ignore[arg-type]


@pytest.mark.parametrize("copy", [False, True], ids=["shared", "copied"])
@pytest.mark.parametrize(
    ("make", "name", "new"), [(stack, "hidden2", 6), (residual, "b", 6), (nested, "base", 5)]
)
def test_replaced_layers(make: Any, name: str, new: int, copy: bool) -> None:
    model = make()
    other = L.Dense(new, name="other")
    made = reuse.replace_layer(model, name, other, copy=copy)
    assert any(layer is other for layer in made.layers) and made.name == model.name
    assert [layer.name for layer in made.layers] == [
        "other" if n.name == name else n.name for n in model.layers
    ]
    shared = {id(v) for v in made.variables} & {id(v) for v in model.variables}
    assert len(shared) == (0 if copy else len(made.variables) - 2)
    assert made.predict(X, verbose=0).shape == model.predict(X, verbose=0).shape
    model.get_layer(name)


def test_replacements_that_do_not_fit() -> None:
    with pytest.raises(
        ValueError, match=r"the layer 'wide' does not fit in the place of 'hidden2', which makes"
    ):
        reuse.replace_layer(stack(), "hidden2", L.Dense(9, name="wide"))
    with pytest.raises(TypeError, match="expected a layer for `new_layer`; got"):
        reuse.replace_layer(stack(), "hidden2", lambda x: x)
    with pytest.raises(ValueError, match="0 names no layer of the model 'residual'"):
        reuse.replace_layer(residual(), 0, L.Dense(2))
    with pytest.raises(ValueError, match="'x' is the input"):
        reuse.replace_layer(residual(), "x", L.Dense(2))
    assert reuse.replace_layer(stack(), -1, L.Dense(9), name="new").output_shape == (None, 9)
