"""What a library costs before it does anything: the time of its import, and its place on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from process import Library

TIMED = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"

# Sizes of the installed files of some distributions, and of all that they need, as `pip` recorded them.
SIZES = """
import importlib.metadata as m, json, sys
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name as name
found, todo = {}, [name(x) for x in sys.argv[1:]]
while todo:
    n = todo.pop()
    if n in found: continue
    try: d = m.distribution(n)
    except m.PackageNotFoundError: continue
    files = {f.locate() for f in d.files or ()}
    found[n] = sum(f.stat().st_size for f in files if f.is_file())
    for r in map(Requirement, d.requires or ()):
        if r.marker is None or r.marker.evaluate({"extra": ""}): todo.append(name(r.name))
print(json.dumps(found))
"""


def imports(libraries: list[tuple[Library, str]], environment: dict[str, str], rounds: int) -> dict[str, Any]:
    """Seconds that `import NAME` takes, and those of the whole process around it; libraries take turns.

    The first round reads the files from disk and is left out. Every other round goes backwards, so that a small
    library does not always come after a large one that leaves the caches full.
    """
    timed: dict[str, dict[str, dict[int, float]]] = {"import": {}, "process": {}}
    for index in range(rounds + 1):
        for library, python in libraries if index % 2 else libraries[::-1]:
            env = {**os.environ, **environment, "CUDA_VISIBLE_DEVICES": "-1", **library.environment}
            start = time.perf_counter()
            command = [python, "-c", TIMED.format(library.imported)]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            whole = time.perf_counter() - start
            if index and done.returncode == 0:
                timed["import"].setdefault(library.name, {})[index] = float(done.stdout.split()[-1])
                timed["process"].setdefault(library.name, {})[index] = whole
    return timed


def sizes(library: Library, python: str) -> dict[str, int]:
    """Bytes of each distribution that it needs; none if pip did not install it."""
    done = subprocess.run(
        [python, "-c", SIZES, *library.distributions], capture_output=True, text=True, check=False
    )
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


def newest_wheel(folder: Path) -> int | None:
    wheels = sorted(folder.glob("oxhorn-*.whl"), key=lambda path: path.stat().st_mtime)
    return wheels[-1].stat().st_size if wheels else None
