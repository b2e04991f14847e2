"""Targets, losses and metrics find their outputs."""

from __future__ import annotations

from typing import Any

import pytest

from oxhorn.training.outputs import OutputMap


@pytest.mark.parametrize(
    ("y_pred", "names", "expected"),
    [
        ("p", ["out"], ["out"]),
        ("p", None, [None]),
        (["p", "q"], ["a", "b"], ["a", "b"]),
        (("p", "q"), None, [None, None]),
        ({"b": "p", "a": "q"}, None, ["a", "b"]),
        ({"b": "p", "a": "q"}, ["b", "a"], ["b", "a"]),
        ({"u": ["p", "q"], "v": "r"}, ["a", "b", "c"], ["u/a", "u/b", "v"]),
    ],
)
def test_names(y_pred: Any, names: Any, expected: list[str | None]) -> None:
    assert OutputMap(y_pred, names).names == expected


@pytest.mark.parametrize(
    ("y_pred", "names", "y_true", "wanted", "expected"),
    [
        ("p", ["a"], "y", [True], ["y"]),
        ("p", ["a"], ["y"], [True], ["y"]),
        ("p", ["a"], {"a": "y"}, [True], ["y"]),
        ("p", ["a"], {"other": "y"}, [True], ["y"]),
        (["p", "q"], ["a", "b"], ["y", "z"], [True, True], ["y", "z"]),
        (["p", "q"], ["a", "b"], ("y", "z"), [True, True], ["y", "z"]),
        (["p", "q"], ["a", "b"], {"b": "z", "a": "y"}, [True, True], ["y", "z"]),
        (["p", "q"], ["a", "b"], {"b": "z"}, [False, True], [None, "z"]),
        (["p", "q"], ["a", "b"], ["z"], [False, True], [None, "z"]),
        (["p", "q"], ["a", "b"], "z", [False, True], [None, "z"]),
        (["p", "q"], ["a", "b"], None, [True, True], [None, None]),
        ({"b": "p", "a": "q"}, None, {"a": "y", "b": "z"}, [True, True], ["y", "z"]),
        ({"u": ["p", "q"]}, None, {"u": ["y", "z"]}, [True, True], ["y", "z"]),
    ],
)
def test_targets(y_pred: Any, names: Any, y_true: Any, wanted: list[bool], expected: list[Any]) -> None:
    assert OutputMap(y_pred, names).targets(y_true, wanted) == expected


@pytest.mark.parametrize(
    ("y_true", "message"),
    [
        ("y", "expected 2 of them .* got one array"),
        (["y", "z", "w"], "expected 2 of them .* got a list of 3"),
        ({"a": "y", "c": "z"}, r"\['a', 'b'\]\); got unknown names \['c'\]"),
    ],
)
def test_mismatches(y_true: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OutputMap(["p", "q"], ["a", "b"]).targets(y_true, [True, True])
