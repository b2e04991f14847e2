"""How many layers to keep is tried out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import reuse
from tests.reuse.models import L, X, Y, nested, residual, same, stack, towers


def top() -> list[Any]:
    return [L.Dense(4, "relu", name="new1"), L.Dense(3, name="new2")]


def search(model: Any = None, **arguments: Any) -> Any:
    model = stack(compiled="sgd") if model is None else model
    options: Any = {"validation_data": (X[:20], Y[:20]), "keep": [1, 2, 3], "epochs": 2, **arguments}
    return reuse.search_reused_layers(model, options.pop("build_top", top), X, Y, **options)


def without_times(found: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in found.records]


def test_every_choice_is_tried_and_the_best_kept() -> None:
    base = stack(compiled="sgd")
    before = base.get_weights()
    found = search(base, freeze=[True, False], keep=[0, 1, "hidden2", base.layers[2]])
    tried = [(record["keep"], record["frozen"], record["cached"]) for record in found.records]
    assert tried == [
        (0, False, False),
        (1, True, True),
        (1, False, False),
        ("hidden2", True, True),
        ("hidden2", False, False),
        ("hidden3", True, True),
        ("hidden3", False, False),
    ]
    assert [record["trained"] for record in found.records[1:3]] == [
        7 * 4 + 4 + 15,
        8 * 7 + 7 + 7 * 4 + 4 + 15,
    ]
    values = [record["val_loss"] for record in found.records]
    assert found.best is found.records[int(np.argmin(values))]
    assert found.model.evaluate(X[:20], Y[:20], verbose=0, return_dict=True)["loss"] == found.best["val_loss"]
    same(base.get_weights(), before)
    assert base.trainable_variables and len(base.layers) == 4


def test_it_repeats() -> None:
    assert without_times(search()) == without_times(search())
    assert without_times(search(seed=1)) != without_times(search())


@pytest.mark.parametrize("make", [residual, nested, towers])
def test_models_with_branches(make: Any) -> None:
    model = make()
    model.compile("adam", "mse")
    last = {residual: "c", nested: "base", towers: "both"}[make]
    data = {"i": X, "j": X[:, :2]} if make is towers else X
    held = {"i": X[:9], "j": X[:9, :2]} if make is towers else X[:9]
    found = reuse.search_reused_layers(
        model, top, data, Y, validation_data=(held, Y[:9]), keep=[last], freeze=[True, False], epochs=1
    )
    assert [record["cached"] for record in found.records] == [True, False]


def test_layers_that_cannot_be_stored_are_computed_every_time() -> None:
    layers = [L.Dense(6, name="low"), L.Dropout(0.5, name="drop"), L.Dense(3, name="out")]
    model = keras.Sequential([keras.Input((8,)), *layers])
    model.compile("sgd", "mse")
    found = search(model, keep=["low", "drop"])
    assert [record["cached"] for record in found.records] == [True, False]


def test_how_it_is_compiled_and_what_decides() -> None:
    by_dict = search(
        keep=[1, 2], compile={"optimizer": "adam", "loss": "mae", "metrics": ["mse"]}, monitor="val_mse"
    )
    assert "val_mse" in by_dict.best
    by_function = search(
        keep=[1, 2],
        compile=lambda model: model.compile("adam", "mae", metrics=["mse"]),
        monitor="val_mse",
        mode="max",
    )
    assert without_times(by_function) == without_times(by_dict)
    assert by_function.best["val_mse"] == max(record["val_mse"] for record in by_function.records)
    lines = str(by_function).splitlines()
    assert lines[0].split() == ["keep", "frozen", "trained", "seconds", "val_mse"]
    assert len(lines) == 3 and sum(line.endswith("<- best") for line in lines) == 1


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"keep": []}, ValueError, "expected `keep` to be a list of what to try"),
    ({"keep": 3}, ValueError, "expected `keep` to be a list of what to try"),
    ({"keep": [9]}, ValueError, "cannot keep 9 layers; 'stack' has 4"),
    ({"keep": [-1]}, ValueError, "cannot keep -1 layers"),
    ({"keep": ["nope"]}, ValueError, "'nope' names no layer"),
    ({"build_top": [L.Dense(1)]}, TypeError, "expected `build_top` to be a function that makes new layers"),
    ({"build_top": L.Dense(1)}, TypeError, "expected `build_top` to be a function that makes new layers"),
    (
        {"build_top": lambda: None},
        TypeError,
        "expected `top` to be layers, or a function of a tensor; got None",
    ),
    (
        {"build_top": lambda: [3], "keep": [0]},
        TypeError,
        "search_reused_layers: expected `top` to be layers, or a function of a tensor; got 3",
    ),
    ({"monitor": "val_accuracy"}, ValueError, "monitor='val_accuracy' is not among the logs"),
    ({"epochs": 0}, ValueError, "epochs"),
    ({"freeze": "yes"}, ValueError, "freeze"),
    ({"model": stack()}, ValueError, "'stack' is not compiled, so `compile` must say how to train"),
]


@pytest.mark.parametrize(("arguments", "kind", "match"), BAD, ids=range(len(BAD)))
def test_bad_arguments(arguments: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        search(**arguments)
