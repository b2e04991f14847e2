"""Ops whose values are not a formula: random ones (tested by their statistics), and those only the engine calls."""

from __future__ import annotations

# Tested in test_random.py.
COVERED: list[str] = []

# Called by backward rules and by the executor, tested through the ops that need them.
INTERNAL: list[str] = []
