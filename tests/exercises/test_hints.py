"""A wrong answer gets the hint that fits it, whatever the number of threads."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from oxhorn.testing import exercises
from oxhorn.testing.exercises import loss_curve
from tests.exercises import wrong_answers, wrong_networks

WRONG = {**wrong_answers.WRONG, **wrong_networks.WRONG}
ROWS = [
    pytest.param(name, *row, id=f"{name}-{i}") for name, rows in WRONG.items() for i, row in enumerate(rows)
]


def test_each_task_has_three_wrong_answers() -> None:
    assert set(WRONG) == {task.name for task in exercises.tasks()}
    assert min(len(rows) for rows in WRONG.values()) >= 3


@pytest.mark.parametrize(("name", "answer", "words"), ROWS)
def test_a_typical_mistake_is_recognised(name: str, answer: Any, words: str) -> None:
    with pytest.raises(AssertionError) as caught:
        getattr(exercises.check, name)(answer)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ")


@pytest.mark.parametrize(
    "name", [task.name for task in exercises.tasks() if task.name not in ("diagnosis", "settings")]
)
def test_exceptions_and_nonsense_are_explained(name: str) -> None:
    def broken(*args: Any) -> Any:
        raise IndexError("index 3 is out of bounds")

    check = getattr(exercises.check, name)
    for answer, words in (
        (broken, "IndexError"),
        (..., "not written yet"),
        (None, "not written yet"),
        (lambda *args: "text", "text|model|results|str|list"),
        (lambda *args: float("nan"), "nan|model|results|float|shape"),
    ):
        with pytest.raises(AssertionError, match=words):
            check(answer)


def test_no_other_settings_come_near_the_recorded_curve() -> None:
    passed = {}
    for values in itertools.product(*loss_curve.CHOICES.values()):
        curve = loss_curve.loss_curve(*values)
        passed[values] = float(np.abs(curve / np.array(loss_curve.RECORDED) - 1).max())
    found, other, *_ = sorted(passed, key=passed.__getitem__)
    assert found == (0.02, 0.9, 64) and passed[found] < loss_curve.TOLERANCE / 10
    assert passed[other] > 5 * loss_curve.TOLERANCE


def test_the_check_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    exercises.check.update_moving(lambda old, new, m: m * old + (1 - m) * new)
    assert capsys.readouterr().out == "update_moving: passed\n"


def test_unknown_names_are_told_those_that_there_are() -> None:
    with pytest.raises(
        AttributeError, match=r"check\.adam: expected the name of a task, one of dense_forward, "
    ):
        _ = exercises.check.adam
    with pytest.raises(ValueError, match="expected an exercise, one of 01_backprop"):
        exercises.tasks("10_more")
    assert "adam_step" in dir(exercises.check)


def test_answers_in_float32_lists_or_tensors_are_right_too() -> None:
    from oxhorn import ops

    for wrapped in (lambda y: y.astype("float32"), lambda y: y.tolist(), ops.convert_to_tensor):
        exercises.check.dense_forward(lambda x, w, b, wrapped=wrapped: wrapped(x @ w + b))
    exercises.check.conv2d(lambda *args: wrong_answers._conv()(*args).astype("float32"))
    exercises.check.batch_norm_train(
        lambda *args: [value.astype("float32") for value in wrong_answers._norm()(*args)]
    )
