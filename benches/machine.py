"""The machine that is measured, and the number of threads that every library gets."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any


def cores() -> list[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def set_threads(count: int | None) -> int:
    """Leaves this process, and those that it starts, the first `count` of its processors; returns the number left."""
    mine = cores()
    if count is None:
        return len(mine)
    if not 1 <= count <= len(mine):
        raise SystemExit(f"--threads: expected 1 to {len(mine)}, the processors of this process; got {count}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, mine[:count])
    return count


def environment(threads: int) -> dict[str, str]:
    """What tells each library's own pools the same number."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC")
    names += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return dict.fromkeys(names, str(threads))


def _first(path: str, pattern: str) -> str | None:
    text = Path(path).read_text() if Path(path).exists() else ""
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else None


def describe() -> dict[str, Any]:
    flags = set((_first("/proc/cpuinfo", r"^flags\s*:(.*)$") or "").split())
    family = _first("/proc/cpuinfo", r"^cpu family\s*:(.*)$")
    model = _first("/proc/cpuinfo", r"^model name\s*:(.*)$")
    memory = _first("/proc/meminfo", r"^MemTotal:\s*(\d+) kB")
    return {
        "processor": model or platform.processor() or platform.machine(),
        "family": family,
        "instructions": [name for name in ("avx2", "fma", "avx512f") if name in flags],
        "cores": len(cores()),
        "memory_gb": round(int(memory) / 2**20, 1) if memory else None,
        "system": platform.platform(),
        "python": platform.python_version(),
    }
