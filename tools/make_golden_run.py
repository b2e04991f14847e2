"""Writes `tests/training/golden/`: the snapshot of a run after two epochs, and the history of four.

Run it from the root of the repository when the version of the format changes, with that number in the names, and keep
the old files: `PYTHONPATH=python:. python tools/make_golden_run.py`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.training.test_resume_golden import GOLDEN, train


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / "run_1.snapshot").unlink(missing_ok=True)
    train(GOLDEN / "run_1.snapshot", 2)
    with tempfile.TemporaryDirectory() as folder:
        history = train(Path(folder) / "run.snapshot", 4).history.history
    (GOLDEN / "run_1.json").write_text(json.dumps(history, indent=1) + "\n")


if __name__ == "__main__":
    main()
