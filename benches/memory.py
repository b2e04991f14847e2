"""Resident memory of this process, in bytes."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def field(name: str) -> int | None:
    """A line of Linux's report on this process, which counts in KiB."""
    if not STATUS.exists():
        return None
    lines = [line for line in STATUS.read_text().splitlines() if line.startswith(name + ":")]
    return int(lines[0].split()[1]) * 1024 if lines else None


def peak() -> int:
    """The most that was resident at once: since `reset_peak` on Linux, since the start elsewhere."""
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return field("VmHWM") or usage * (1 if sys.platform == "darwin" else 1024)


def resident() -> int:
    return field("VmRSS") or peak()


def reset_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # not Linux, or not allowed: the peak then includes that of the import
        return
