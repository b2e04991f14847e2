"""Snapshots whose checksums are right, and which hold what no run wrote (4, 15)."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from tests.saving.hostile.table import Table, places_in, with_another_value
from tests.saving.test_snapshot_file import array_entry, forged, text_entry


def test_snapshots_with_right_sums(table: Table, good: Path) -> None:
    for label, content in {
        "huge array": forged(array_entry("a", 1, [2**62, 8])),
        "huge text": forged(text_entry("a", 2**62)),
        "no state": forged(b""),
        "newer": forged(b"", version=99),
    }.items():
        table.add(label, "m.snapshot", content)
    assert not table.problems()


def test_forged_states(table: Table, good: Path) -> None:
    from oxhorn import _core

    records = _core.read_snapshot(str(good / "m.snapshot"))
    draw = random.Random(2)

    def add(label: str, changed: dict[str, Any]) -> None:
        table.add(label, "m.snapshot", lambda path: _core.write_snapshot(str(path), changed))

    for name, value in records.items():
        add(f"without {name}", {key: one for key, one in records.items() if key != name})
        if isinstance(value, str):
            try:
                parsed = json.loads(value)
            except ValueError:
                parsed = None
            for _ in range(min(150, 3 * len(list(places_in(parsed))))):
                label, other = with_another_value(value, draw)
                add(f"{name} {label}", {**records, name: other})
            for text in ("null", "[]", "[" * 100_000, "{", "7"):
                add(f"{name} {text[:5]}", {**records, name: text})
        else:
            for array in (value.astype("float64"), np.zeros((0,), value.dtype), np.zeros((9, 9), "bool")):
                add(f"{name} of {array.dtype} {array.shape}", {**records, name: array})
            add(f"{name} text", {**records, name: "x"})
    assert not table.problems(harmless=True)
