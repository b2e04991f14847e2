"""The options of `test_pupil.py`, and its table of points."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest

from oxhorn.testing.exercises import Mark, grade, tasks
from oxhorn.testing.exercises.grading import TIME_LIMIT, exercise_of

_MARKS: dict[Path, list[Mark]] = {}
_ROWS = pytest.StashKey[list[tuple[Path, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("marking notebooks of exercises")
    group.addoption(
        "--notebook",
        action="append",
        default=[],
        metavar="PATH",
        help="a pupil's notebook, or a folder of them (with all folders inside); may be given several times",
    )
    group.addoption(
        "--time-limit",
        type=float,
        default=TIME_LIMIT,
        metavar="SECONDS",
        help="how long one cell or one answer may take (default: %(default)s)",
    )
    group.addoption("--marks", metavar="FILE", help="write the marks into a JSON file")


def _notebooks(given: list[str]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, given):
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts]
            if not inside:
                raise pytest.UsageError(f"--notebook: there is no .ipynb file in the folder {path}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise pytest.UsageError(f"--notebook: expected a notebook or a folder of notebooks, got {path}")
    return list(dict.fromkeys(found))


def pytest_configure(config: pytest.Config) -> None:
    # The options are unknown where pytest comes upon this folder only while it collects.
    limit = config.getoption("--time-limit", TIME_LIMIT)
    if not limit > 0:
        raise pytest.UsageError(f"--time-limit: expected a positive number of seconds, got {limit}")
    try:
        config.stash[_ROWS] = [
            (path, task.name)
            for path in _notebooks(config.getoption("--notebook", []))
            for task in tasks(exercise_of(path))
        ]
    except ValueError as error:
        raise pytest.UsageError(f"--notebook: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "answer" not in metafunc.fixturenames:
        return
    rows = [pytest.param(path, name, id=f"{path}-{name}") for path, name in metafunc.config.stash[_ROWS]]
    nothing = pytest.mark.skip(reason="nothing to mark: name a notebook or a folder, --notebook PATH")
    metafunc.parametrize(("answer", "task"), rows or [pytest.param(None, None, marks=nothing, id="none")])


def marks_of(path: Path, time_limit: float) -> list[Mark]:
    """The marks of a notebook, which is run once for all of its tasks."""
    if path not in _MARKS:
        _MARKS[path] = grade(path, time_limit=time_limit)
    return _MARKS[path]


@pytest.fixture
def mark(answer: Path, task: str, request: pytest.FixtureRequest) -> Mark:
    (found,) = [m for m in marks_of(answer, request.config.getoption("--time-limit")) if m.task == task]
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _MARKS:
        return
    terminalreporter.section("points")
    for path, marks in _MARKS.items():
        reached, possible = sum(m.points for m in marks if m.passed), sum(m.points for m in marks)
        terminalreporter.write_line(f"{path}: {reached} of {possible}")
        for m in marks:
            state = "passed" if m.passed else "failed"
            terminalreporter.write_line(
                f"    {m.task:24}{m.points if m.passed else 0:3} of {m.points}  {state}"
            )


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--marks", None)
    if target:
        marks = [dataclasses.asdict(m) for several in _MARKS.values() for m in several]
        try:
            Path(target).write_text(json.dumps(marks, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            print(f"--marks: {target} cannot be written ({error})", file=sys.stderr)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
