"""A table of hostile files, and what a process that opens them says of each."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

# The name of the file, and the readers that open it.
FORMATS = {
    "m.keras": ["load_model", "load_weights", "editor"],
    "m.weights.h5": ["load_weights", "editor"],
    "t.weights.json": ["load_weights"],
    "m.h5": ["load_model", "load_weights", "by_name"],
    "m.safetensors": ["load_weights", "torch"],
    "m.pth": ["torch"],
    "m.json": ["json"],
    "m.tar.gz": ["get_file"],
    "m.zip": ["get_file"],
    "m.snapshot": ["resume"],
}


# Values that hardly any place in a text of JSON is for.
VALUES = [None, -1, 2**62, 10**40, float("nan"), 1e308, "x" * 1000, [], {}, [[1]] * 3, True, "../../x"]


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to each value inside a value."""
    if isinstance(value, (dict, list)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places_in(one, (*path, key))


def with_another_value(text: str, draw: random.Random) -> tuple[str, str]:
    """What was changed, and the JSON with one of `VALUES` in some place."""
    changed = json.loads(text)
    place, value = draw.choice(list(places_in(changed))), draw.choice(VALUES)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return f"{place} {str(value)[:20]}", json.dumps(changed)


class Table:
    """Cases for the process that reads: what they are, and what it says of them."""

    def __init__(self, good: Path, folder: Path) -> None:
        self.good, self.folder = good, folder
        self.labels: list[str] = []
        self.cases: list[dict[str, Any]] = []
        for name, readers in FORMATS.items():
            for reader in readers:
                # The names of our own weights are not PyTorch's; a snapshot changes when a run goes on.
                if reader != "resume" and (reader, name) != ("torch", "m.safetensors"):
                    self.cases.append({"reader": reader, "path": str(good / name), "good": True})
        shutil.copy(good / "m.snapshot", folder / "m.snapshot")
        self.cases.append({"reader": "resume", "path": str(folder / "m.snapshot"), "good": True})
        self.count = len(self.cases)

    def add(
        self, label: str, name: str, content: bytes | Callable[[Path], None], readers: Any = None
    ) -> None:
        """A file of this name, opened by all readers of its kind, or by some."""
        place = self.folder / f"{len(self.labels)}"
        place.mkdir()
        if name.endswith(".weights.json"):
            for shard in self.good.glob("t_*.h5"):
                shutil.copy(shard, place)
        if callable(content):
            content(place / name)
        else:
            (place / name).write_bytes(content)
        for reader in readers or FORMATS[name]:
            self.labels.append(f"{label}: {name} by {reader}")
            self.cases.append({"reader": reader, "path": str(place / name)})

    def problems(self, harmless: bool = False) -> list[str]:
        """Of each case, what was not as it should be; with `harmless`, a file may also be read without an error."""
        found = subprocess.run(
            [sys.executable, "-m", "tests.saving.hostile.reader"],
            input=json.dumps(self.cases),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "OXHORN_NUM_THREADS": "1"},
            timeout=900,
            check=False,
        )
        assert found.returncode == 0, found.stderr[-3000:]
        results = json.loads(found.stdout)
        problems = [f"a good file: {one}" for one in results[: self.count] if one["kind"]]
        for label, case, one in zip(
            self.labels, self.cases[self.count :], results[self.count :], strict=True
        ):
            wrong = [word for word in ("seen", "changed") if one[word] and (one["refused"] or word == "seen")]
            if not one["refused"] and (one["kind"] or not harmless):
                wrong.append("not refused")
            if one["seconds"] > 20:
                wrong.append("slow")
            if one["refused"] and len(one["message"]) < 10:
                wrong.append("says nothing")
            if wrong:
                problems.append(f"{label}: {', '.join(wrong)}: {case['path']}: {one}"[:700])
        return problems
