"""A table of the last run of `cargo bench --bench kernels`: each kernel beside the machine's own figures.

Usage: python benches/kernel_table.py [target/criterion] [--publish]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import report

BEGIN, END = "<!-- kernels:begin -->", "<!-- kernels:end -->"
FAMILIES = "peak gemm conv pool norm softmax activation sum table recurrent attention optimizer"
PEAK, COPY = "multiply-adds in registers", "copy 4 MiB"


@dataclass(frozen=True)
class Kernel:
    """One figure: nanoseconds of a call, and what it does in that time."""

    family: str
    name: str
    nanoseconds: float
    operations: int | None
    moved: int | None

    @property
    def rate(self) -> float:
        """GFLOP/s or GB/s."""
        return (self.operations or self.moved or 0) / self.nanoseconds


def read(folder: Path) -> list[Kernel]:
    """The newest figures that criterion wrote."""
    kernels = []
    for path in sorted(folder.glob("*/*/new/benchmark.json")):
        about = json.loads(path.read_text())
        estimates = json.loads((path.parent / "estimates.json").read_text())
        work = about["throughput"] or {}
        kernels.append(
            Kernel(
                about["group_id"],
                about["function_id"],
                estimates["median"]["point_estimate"],
                work.get("Elements"),
                work.get("Bytes"),
            )
        )
    if not kernels:
        raise SystemExit(f"no results in {folder}: run `cargo bench --bench kernels` first")
    return kernels


def table(kernels: list[Kernel]) -> str:
    """Rates, and how much that is of the peak of one thread or of a copy of 4 MiB."""
    limits = {kernel.name: kernel.rate for kernel in kernels if kernel.family == "peak"}
    place = {name: i for i, name in enumerate(FAMILIES.split())}
    lines = []
    for k in sorted(kernels, key=lambda k: (place.get(k.family, len(place)), k.family)):
        unit, limit = ("GFLOP/s", limits.get(PEAK)) if k.operations else ("GB/s", limits.get(COPY))
        share = f"{100 * k.rate / limit:.0f} %" if limit else "-"
        rate = f"{report.number(k.rate)} {unit}"
        lines.append([f"{k.family}: {k.name}", report.number(k.nanoseconds / 1e3), rate, share])
    return report.table(["kernel", "microseconds", "rate", "of the peak, or of a copy"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?", default=report.ROOT / "target" / "criterion")
    parser.add_argument("--publish", action="store_true", help="into docs/benchmarks.md")
    arguments = parser.parse_args()
    text = table(read(arguments.folder))
    if arguments.publish:
        page = report.ROOT / "docs" / "benchmarks.md"
        page.write_text(report.between(page.read_text(), text, (BEGIN, END)))
    print(text)


if __name__ == "__main__":
    main()
