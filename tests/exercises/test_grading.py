"""The teacher's file: solutions pass, unsolved notebooks fail with advice, and no notebook can hang or crash it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oxhorn.testing.exercises import EXERCISES, grade, tasks
from oxhorn.testing.exercises.executing import plain_python
from oxhorn.testing.exercises.grading import exercise_of, read_cells

FOLDER = Path(__file__).parents[2] / "exercises"
RIGHT = "def update_moving(moving, batch, momentum):\n    return momentum * moving + (1 - momentum) * batch"


def notebook(path: Path, *cells: str, exercise: str | None = "02_batch_norm") -> Path:
    code = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell}
        for cell in cells
    ]
    text = {"cell_type": "markdown", "metadata": {}, "source": "# words"}
    metadata = {} if exercise is None else {"oxhorn": {"exercise": exercise}}
    path.write_text(
        json.dumps({"cells": [text, *code], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    )
    return path


def marked(path: Path, time_limit: float = 60.0) -> dict[str, str]:
    return {m.task: m.message for m in grade(path, time_limit=time_limit)}


def test_every_exercise_has_its_two_notebooks() -> None:
    names = {f"{name}.ipynb" for name in EXERCISES}
    assert {p.name for p in FOLDER.glob("*.ipynb")} == names
    assert {p.name for p in (FOLDER / "solutions").glob("*.ipynb")} == names


@pytest.mark.parametrize("name", EXERCISES)
def test_the_table_of_exercises_has_the_points(name: str) -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in table.splitlines() if line.startswith(f"| [{name}]({name}.ipynb) |")]
    assert row.endswith(f"| {sum(task.points for task in tasks(name))} |")


@pytest.mark.parametrize("name", EXERCISES)
def test_a_notebook_and_its_solution_differ_by_the_answers_alone(name: str) -> None:
    _, unsolved = read_cells(FOLDER / f"{name}.ipynb")
    _, solved = read_cells(FOLDER / "solutions" / f"{name}.ipynb")
    differing = [a for a, b in zip(unsolved, solved, strict=True) if a != b]
    assert len(differing) == len(tasks(name))
    for task in tasks(name):
        assert f"check.{task.name}({task.name})" in solved


@pytest.mark.parametrize("name", EXERCISES)
def test_unsolved_notebooks_fail_with_advice(name: str) -> None:
    for mark in grade(FOLDER / f"{name}.ipynb"):
        assert not mark.passed
        assert "not written yet" in mark.message or "the planted bug is still there" in mark.message


@pytest.mark.parametrize("threads", [1, 2])
def test_the_teachers_file_passes_the_solutions(threads: int, tmp_path: Path) -> None:
    for name in EXERCISES:
        _, cells = read_cells(FOLDER / "solutions" / f"{name}.ipynb")
        first = f"import oxhorn\n\noxhorn.config.set_num_threads({threads})"
        notebook(tmp_path / f"{name}.ipynb", first, *cells, exercise=name)
    report = tmp_path / "marks.json"
    done = teacher("--notebook", str(tmp_path), "--marks", str(report))
    assert done.returncode == 0, done.stdout
    marks = json.loads(report.read_text())
    assert len(marks) == len(tasks())
    assert all(m["passed"] and not m["message"] for m in marks)
    assert "03_adam.ipynb: 4 of 4" in done.stdout


def teacher(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = str(FOLDER.parent / "python")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "exercises/test_pupil.py",
            *arguments,
        ],
        cwd=FOLDER.parent,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_teachers_file_reports_a_pupil(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    notebook(tmp_path / "anna" / "homework.ipynb", RIGHT, "check = None")
    done = teacher("--notebook", str(tmp_path))
    assert done.returncode == 1
    assert "1 passed" in done.stdout and "3 failed" in done.stdout
    assert "batch_norm_train: the notebook defines nothing of this name" in done.stdout
    assert "homework.ipynb: 1 of 7" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--notebook", "nonesuch.ipynb"],
            "expected a notebook or a folder of notebooks, got nonesuch.ipynb",
        ),
        (["--notebook", "src"], "no .ipynb file in the folder src"),
        (["--notebook", "README.md"], "expected a notebook (.ipynb, format 4)"),
        (["--time-limit", "0"], "expected a positive number of seconds"),
        ([], "nothing to mark: name a notebook"),
    ],
)
def test_the_teachers_file_explains_its_options(arguments: list[str], words: str) -> None:
    done = teacher(*arguments)
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "before",
    [
        "1 / 0",
        "this is no Python",
        "name = input('Who are you? ')",
        "raise SystemExit(3)",
        "import os\nos._exit(7)",
        "while True:\n    print('again')",
        "import sys\nsys.stderr.close()",
        "%matplotlib inline\n!ls\nnot_written_yet?",
        "%%bash\nrm nothing",
        "import oxhorn\noxhorn.config.set_floatx('float64')",
        'print(\'{"event": "end"}\', flush=True)',
        "import sys\nsys.stdout.close()",
        "check.update_moving = lambda answer: print('passed')",
    ],
)
def test_a_bad_cell_does_not_stop_the_others(before: str, tmp_path: Path) -> None:
    limit = 5.0 if "while" in before else 60.0
    messages = marked(notebook(tmp_path / "pupil.ipynb", before, RIGHT), limit)
    assert messages["update_moving"] == ""
    assert "defines nothing of this name" in messages["batch_norm_train"]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("update_moving = 1 / 0", "Code cell 1: ZeroDivisionError"),
        ("def update_moving(:", "Code cell 1: SyntaxError"),
        ("update_moving = input()", "Code cell 1: RuntimeError: input() has nobody to ask"),
        (
            "while True:\n    update_moving = 1",
            "Code cell 1: it took longer than 5 s: is there an endless loop?",
        ),
        ("import ctypes\nctypes.string_at(0)\nupdate_moving = 1", "Code cell 1: it ended Python with code"),
        ("import os\nos._exit(7)\nupdate_moving = 1", "Code cell 1: it ended Python with code 7"),
        ("def update_moving(a, b, c):\n    while True:\n        pass", "the answer took longer than 5 s"),
        ("import os\ndef update_moving(a, b, c):\n    os._exit(5)", "the answer ended Python with code 5"),
        ("import sys\ndef update_moving(a, b, c):\n    sys.exit(5)", "asked Python to exit"),
        ("def update_moving(a, b, c):\n    return input()", "input() has nobody to ask"),
        ("update_moving = 3", "expected a function, got int 3"),
    ],
)
def test_what_is_wrong_is_said(cell: str, words: str, tmp_path: Path) -> None:
    messages = marked(notebook(tmp_path / "pupil.ipynb", cell), 5.0 if "while" in cell else 60.0)
    assert words in messages["update_moving"]
    assert "defines nothing of this name" in messages["batch_norm_inference"]


def test_the_exercise_is_known_without_metadata(tmp_path: Path) -> None:
    by_name = notebook(tmp_path / "anna_03_adam.ipynb", "1", exercise=None)
    by_checks = notebook(tmp_path / "homework.ipynb", "check.conv2d(conv2d)", exercise=None)
    assert (exercise_of(by_name), exercise_of(by_checks)) == ("03_adam", "05_conv2d")
    with pytest.raises(ValueError, match="found no sign of any"):
        exercise_of(notebook(tmp_path / "other.ipynb", "1 + 1", exercise=None))


@pytest.mark.parametrize("content", ["", "[]", '{"cells": 3}', '{"cells": [{}]}', "\xff"])
def test_files_that_are_no_notebooks(content: str, tmp_path: Path) -> None:
    path = tmp_path / "pupil.ipynb"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"pupil\.ipynb: expected a notebook"):
        grade(path)
    with pytest.raises(ValueError, match="expected a positive time_limit"):
        grade(path, time_limit=0)


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("x = 1", "x = 1"),
        ("text = '''\n%d\n'''", "text = '''\n%d\n'''"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if x:\n    !ls\n", "if x:\n    pass\n"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%html\n<b>", ""),
    ],
)
def test_cells_without_their_magic(cell: str, python: str) -> None:
    assert plain_python(cell) == python
