"""Marks a pupil's notebook: runs it in a process of its own, and puts the answers to the checks."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oxhorn.testing.exercises.task import EXERCISES, Task, tasks

# A whole notebook of answers takes seconds. Whoever needs this long waits for something that does not come.
TIME_LIMIT = 120.0


@dataclass(frozen=True)
class Mark:
    """What a pupil's answer to one task is worth.

    Attributes:
        notebook: The file.
        task: The name of the task.
        exercise: The exercise it belongs to.
        points: Points that a right answer is worth.
        passed: Whether the answer is right.
        message: What is wrong with it, or an empty string.
    """

    notebook: str
    task: str
    exercise: str
    points: int
    passed: bool
    message: str = ""


@dataclass
class _Run:
    """What is known so far: several processes may be needed, if one of them ends early."""

    skipped: dict[int, str] = field(default_factory=dict)  # cells, and why
    done: dict[str, str] = field(default_factory=dict)  # tasks, and what is wrong
    cells: dict[int, str] = field(default_factory=dict)  # cells that raised


def read_cells(path: str | os.PathLike[str]) -> tuple[dict[str, Any], list[str]]:
    """The metadata of a notebook and the source of its code cells.

    Args:
        path: A file of the notebook format 4.

    Returns:
        Metadata, sources.

    Raises:
        ValueError: The file is not a notebook; the message says why.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        cells = [c for c in content["cells"] if c["cell_type"] == "code"]
        return dict(content.get("metadata") or {}), [
            c["source"] if isinstance(c["source"], str) else "".join(c["source"]) for c in cells
        ]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: expected a notebook (.ipynb, format 4), got a file that cannot be read as one "
            f"({type(error).__name__}: {error})"
        ) from None


def exercise_of(path: str | os.PathLike[str]) -> str:
    """Which exercise a notebook is: its metadata say so, or its file name, or the checks that it asks for.

    Args:
        path: The notebook.

    Returns:
        A name from `EXERCISES`.

    Raises:
        ValueError: None of the three says it.
    """
    metadata, cells = read_cells(path)
    named = metadata.get("oxhorn")
    if isinstance(named, dict) and named.get("exercise") in EXERCISES:
        return str(named["exercise"])
    by_name = [e for e in EXERCISES if e in Path(path).name]
    if by_name:
        return by_name[0]
    text = "\n".join(cells)
    asked = [t.exercise for t in tasks() if f"check.{t.name}(" in text]
    if not asked:
        raise ValueError(
            f"{path}: expected a notebook of one of the exercises {', '.join(EXERCISES)}, and found no sign of any. "
            "Name the file after its exercise, such as anna_03_adam.ipynb"
        )
    return max(set(asked), key=lambda e: (asked.count(e), e))


def grade(path: str | os.PathLike[str], *, time_limit: float = TIME_LIMIT) -> list[Mark]:
    """Runs a notebook, and marks each of its tasks.

    The code cells are executed in order in a new Python process, without a notebook server. A cell that raises does not
    stop those after it. A cell or an answer that takes longer than `time_limit`, or that ends the process, is left out,
    and the rest is run again without it. `input()` raises. Then the answers are looked up by name and put to the checks
    of this package; what the notebook's own check cells say does not count. The notebook runs with the rights of the
    caller: put those of strangers into a container.

    Args:
        path: The notebook.
        time_limit: Seconds that one cell or one answer may take.

    Returns:
        A mark for each task.

    Raises:
        ValueError: The file is not a notebook of an exercise, or `time_limit` is not positive.

    >>> from oxhorn.testing import exercises
    >>> exercises.grade("nonesuch.ipynb")
    Traceback (most recent call last):
        ...
    ValueError: nonesuch.ipynb: expected a notebook (.ipynb, format 4), got a file that cannot be read as one ...
    """
    if not time_limit > 0:
        raise ValueError(f"grade: expected a positive time_limit in seconds, got {time_limit!r}")
    exercise = exercise_of(path)
    _, cells = read_cells(path)
    wanted = tasks(exercise)
    run = _Run()
    while (left := [t for t in wanted if t.name not in run.done]) and len(run.skipped) <= len(cells):
        _one_process(path, exercise, cells, left, run, time_limit)
    return [
        Mark(
            str(path),
            t.name,
            exercise,
            t.points,
            not run.done.get(t.name, "x"),
            run.done.get(t.name, "not checked"),
        )
        for t in wanted
    ]


def _one_process(
    path: Any, exercise: str, cells: list[str], left: list[Task], run: _Run, time_limit: float
) -> None:
    """Starts a process, and follows what it says until it has ended, or has to be ended."""
    order = {
        "exercise": exercise,
        "cells": cells,
        "skip": sorted(run.skipped),
        "tasks": [t.name for t in left],
        "folder": str(Path(path).resolve().parent),
    }
    run.cells.clear()
    with tempfile.TemporaryDirectory() as folder:
        file, words = Path(folder) / "order.json", Path(folder) / "printed.txt"
        file.write_text(json.dumps(order), encoding="utf-8")
        package = str(Path(__file__).resolve().parents[3])
        environment = {
            **os.environ,
            "MPLBACKEND": "Agg",
            "PYTHONPATH": os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        with words.open("w") as printed:
            process = subprocess.Popen(
                [sys.executable, "-m", "oxhorn.testing.exercises.executing", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=printed,
                env=environment,
                text=True,
                encoding="utf-8",
            )
        try:
            _follow(process, cells, run, time_limit, words, left)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _follow(
    process: subprocess.Popen[str],
    cells: list[str],
    run: _Run,
    time_limit: float,
    words: Path,
    left: list[Task],
) -> None:
    lines: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    at: tuple[str, Any] = ("start", None)
    while True:
        try:
            line = lines.get(timeout=time_limit + (30.0 if at[0] == "start" else 0.0))
        except queue.Empty:
            _blame(at, f"took longer than {time_limit:g} s: is there an endless loop?", cells, run, left)
            return
        if line is None:
            if at[0] != "end":
                code = process.wait()
                last = words.read_text(errors="replace").strip().splitlines()[-1:]
                why = f"ended Python with code {code}" + (f" ({last[0][:200]})" if last else "")
                _blame(at, why, cells, run, left)
            return
        event = json.loads(line)
        at = (event["event"], event.get("which"))
        if event["event"] == "raised":
            run.cells[event["which"]] = event["message"]
        elif event["event"] == "marked":
            run.done[event["which"]] = _explained(
                event["message"], event["missing"], cells, run, event["which"]
            )


def _blame(at: tuple[str, Any], why: str, cells: list[str], run: _Run, left: list[Task]) -> None:
    """The cell or answer during which it ended is left out next time."""
    what, which = at
    if what == "cell":
        run.skipped[which] = why
    elif what == "checking":
        run.done[which] = f"{which}: the answer {why}"
    else:
        for task in left:
            run.done.setdefault(task.name, f"{task.name}: Python {why} before it could be checked")


def _explained(message: str, missing: bool, cells: list[str], run: _Run, name: str) -> str:
    """For an answer that is not there, the cells that failed are the likely reason."""
    if not missing:
        return message
    troubles = {**run.cells, **{i: f"it {why}" for i, why in run.skipped.items()}}
    mine = {i: m for i, m in troubles.items() if name in cells[i]} or troubles
    told = "".join(f"\nCode cell {i + 1}: {m}" for i, m in sorted(mine.items())[:3])
    return message + told
