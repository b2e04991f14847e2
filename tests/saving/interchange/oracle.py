"""Keras, in a process of its own: `OXHORN_KERAS_PYTHON` names a Python that has it (`make test-keras` brings one)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "keras_roundtrip.py"
PYTHON = os.environ.get("OXHORN_KERAS_PYTHON", "")
needed = pytest.mark.skipif(
    not PYTHON,
    reason="no Keras to exchange models with: `make test-keras`, or set OXHORN_KERAS_PYTHON to a Python that has it",
)


def run(folder: Path, backend: str) -> None:
    """Let Keras work on all cases in a folder."""
    done = subprocess.run(
        [PYTHON, str(TOOL), str(folder)],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
