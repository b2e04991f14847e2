"""Marks pupils' notebooks: `pytest exercises/test_pupil.py --notebook path/to/pupil.ipynb`. See README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from oxhorn.testing.exercises import Mark


def test_answer(answer: Path, task: str, mark: Mark) -> None:
    if not mark.passed:
        pytest.fail(mark.message, pytrace=False)
