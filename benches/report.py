"""Tables of results: every library for the documentation, the short one for the README, and the picture.

Usage: python benches/report.py bench-results [--publish]
Writes the tables and the picture beside the results; with --publish also into docs/ and the README, between the
lines that mark the place.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import picture
import summary
from summary import OXHORN, Row, Spread

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- measured:begin -->", "<!-- measured:end -->"
Results = dict[str, dict[str, Any]]


def number(x: float) -> str:
    """Three significant digits, never in powers of ten."""
    if 0 < x < 0.001:
        return f"{x:.6f}" if x >= 0.0001 else "<0.0001"
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def with_spread(s: Spread | None, factor: float = 1.0, unit: str = "") -> str:
    if s is None:
        return "-"
    low, high = number(factor * s.low), number(factor * s.high)
    middle = number(factor * s.median) + unit
    return middle if low == high else f"{middle} ({low} to {high})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def columns(rows: list[Row]) -> list[str]:
    """The libraries that have a figure in any of the rows, in the order of their first appearance."""
    names = [OXHORN, *(name for row in rows for name in row.times)]
    return list(dict.fromkeys(names))


def peak(results: Results) -> float | None:
    """Operations a second that all threads reached together: the best workload's median, as noise only lowers it."""
    return max((r["peak_flops"] for r in results.values() if r.get("peak_flops")), default=None)


def limits(results: Results, part: str) -> dict[str, float]:
    """Seconds that the arithmetic of one step takes at the peak, for the workloads whose arithmetic is known."""
    fastest, which = peak(results), "train" if part == "training" else "predict"
    counted = {name: r["flops"][which] for name, r in results.items() if r.get("flops")}
    return {name: flops / fastest for name, flops in counted.items()} if fastest else {}


def title(result: dict[str, Any]) -> str:
    return f"{result['title']} (batch {result['batch']})"


def rows_of(results: Results, part: str) -> dict[str, Row]:
    """Rows of the workloads that were measured, by name."""
    found = {k: summary.row(summary.from_json(r[part])) for k, r in results.items() if part in r}
    return {name: row for name, row in found.items() if row.times}


def timed(results: Results, part: str) -> str:
    """Milliseconds a step of every library."""
    rows = rows_of(results, part)
    names = columns(list(rows.values()))
    head = ["ms", *names, "best peer / Oxhorn", "limit"]
    lines, bounds = [], limits(results, part)
    for name, row in rows.items():
        cells = [with_spread(row.times.get(library), 1e3) for library in names]
        bound = bounds.get(name)
        ratio = with_spread(row.ratio, unit="x") + (f", {row.best}" if row.ratio else "")
        lines.append([title(results[name]), *cells, ratio, number(1e3 * bound) if bound else "-"])
    return table(head, lines)


def calls(result: dict[str, Any]) -> str:
    rows = {name: summary.row(summary.from_json(times)) for name, times in result["calls"].items()}
    names = columns(list(rows.values()))
    lines = [
        [name, *(with_spread(row.times.get(n), 1e6) for n in names), with_spread(row.ratio, unit="x")]
        for name, row in rows.items()
    ]
    return table(["microseconds", *names, "best peer / Oxhorn"], lines)


def threads(result: dict[str, Any]) -> str:
    """Training on one thread beside training on all; the ratio is how many times faster all are."""
    lines = []
    for title, times in result["one"].items():
        row = summary.row(summary.from_json(times))
        cells = [with_spread(row.times.get(name), 1e3) for name in ("one thread", OXHORN)]
        lines.append([title, *cells, with_spread(row.ratio, unit="x")])
    return table(["ms", "1 thread", f"{result['threads']} threads", "one / all"], lines)


def memory(results: Results) -> str:
    """Peak resident memory above what the import left, in MB; in brackets the whole."""
    measured = {name: r["memory"] for name, r in results.items() if "memory" in r and "training" in r}
    names = list(dict.fromkeys([OXHORN, *(n for memory in measured.values() for n in memory)]))
    lines = []
    for name, found in measured.items():
        cells = []
        for library in names:
            m = found.get(library, {})
            if "peak" not in m:
                cells.append("-")
                continue
            cells.append(f"{(m['peak'] - m['imported']) / 1e6:.0f} ({m['peak'] / 1e6:.0f})")
        lines.append([title(results[name]), *cells])
    return table(["MB", *names], lines)


def imports(result: dict[str, Any]) -> str:
    lines = []
    timed = {part: summary.from_json(result[part]) for part in ("import", "process")}
    for name in timed["import"]:
        cells = []
        for part in ("import", "process"):
            ratios = summary.paired_ratios(timed[part][name], timed[part]["NumPy"])
            cells.append(with_spread(summary.spread(list(timed[part][name].values())), 1e3))
            cells.append("" if name == "NumPy" else with_spread(summary.spread(ratios), unit="x"))
        lines.append([name, *cells])
    return table(["ms", "import", "/ NumPy's", "whole process", "/ NumPy's"], lines)


def sizes(result: dict[str, Any]) -> str:
    lines = []
    for name, parts in result["installed"].items():
        own = {"oxhorn"} & parts.keys() or parts.keys() - {"numpy", "h5py", "setuptools", "wheel"}
        cells = [sum(parts[p] for p in own), sum(parts.values())]
        lines.append([name, *(f"{size / 1e6:.1f}" for size in cells)])
    text = table(["MB installed", "without NumPy and h5py", "with all it needs"], lines)
    return text + (f"\n\nThe wheel of Oxhorn has {result['wheel'] / 1e6:.1f} MB." if result["wheel"] else "")


def about(results: Results) -> str:
    """The machine, the threads and the versions: of the last result, and of all."""
    last = list(results.values())[-1]
    m = last["machine"]
    versions: dict[str, str] = {}
    for result in results.values():
        versions |= result.get("versions", {})
    instructions = ", ".join(m["instructions"])
    text = f"{m['processor']}" + (f" (family {m['family']}: {instructions})" if instructions else "")
    text += f", {last['threads']} of {m['cores']} processors, {m['memory_gb']} GB; {m['system']}; "
    text += ", ".join([f"Python {m['python']}", *(f"{k} {v}" for k, v in versions.items())])
    if fastest := peak(results):
        text += f"; peak {fastest / 1e9:.0f} GFLOP/s (float32 multiply-adds in registers, all threads)"
    return text + f". Measured {last['date']}."


def errors(results: Results) -> list[str]:
    lines = []
    for name, result in results.items():
        for library, parts in result.get("errors", {}).items():
            for part, error in parts.items():
                lines.append(f"- {result.get('title', name)}, {part}: {library} did not run: {error[:160]}")
    return lines


def full(results: Results) -> str:
    """Everything, for a page of its own."""
    parts = [about(results)]
    workloads = {name: r for name, r in results.items() if "title" in r}
    for heading, part in (("Training, one step", "training"), ("`predict`, one batch", "predict")):
        if rows_of(workloads, part):
            parts += [f"## {heading}", timed(workloads, part)]
    if "calls" in results:
        parts += ["## Single calls, MLP 784-128-10", calls(results["calls"])]
    if "threads" in results:
        parts += ["## Threads, training of Oxhorn", threads(results["threads"])]
    if any("training" in r for r in workloads.values()):
        parts += ["## Peak resident memory of training, above the import (whole)", memory(workloads)]
    if "import" in results:
        parts += ["## Import", imports(results["import"])]
    if "size" in results:
        parts += ["## Size", sizes(results["size"])]
    if errors(results):
        parts += ["## What did not run", "\n".join(errors(results))]
    return "\n\n".join(parts)


def short(results: Results) -> str:
    """Oxhorn's times and how many times longer the best peer takes, for the README."""
    rows = {part: rows_of(results, part) for part in ("training", "predict")}
    lines = []
    for name in rows["training"]:
        if name.startswith("own_"):
            continue
        cells = []
        for part in ("training", "predict"):
            row = rows[part].get(name)
            if row is None or OXHORN not in row.times:
                cells += ["-", "-", "-"]
                continue
            ratio = f"**{number(row.ratio.median)}x** {row.best}" if row.ratio else "-"
            bound = limits(results, part).get(name)
            cells += [number(1e3 * row.times[OXHORN].median), number(1e3 * bound) if bound else "-", ratio]
        lines.append([title(results[name]), *cells])
    each = ["ms", "limit", "best peer / Oxhorn"]
    head = ["", *(f"training: {h}" for h in each), *(f"`predict`: {h}" for h in each)]
    return "\n\n".join([about(results), table(head, lines), *others(results)])


def others(results: Results) -> list[str]:
    """What is no workload: single calls, import, memory and size beside the best peer, if they were measured."""
    found: list[tuple[str, str, dict[str, float]]] = []
    if "calls" in results:
        for name, times in results["calls"]["calls"].items():
            row = summary.row(summary.from_json(times))
            values = {k: 1e6 * s.median for k, s in row.times.items()}
            found.append((f"MLP 784-128-10: {name}", "us", values))
    if "import" in results:
        values = {k: statistics.median(v.values()) for k, v in results["import"]["import"].items()}
        numpy = values.pop("NumPy")
        values.pop("Oxhorn with NumPy", None)
        found.append((f"import (that of NumPy: {number(1e3 * numpy)} ms)", "ms", scaled(values, 1e3)))
    for name in ("mlp", "resnet20", "transformer"):
        memory = results.get(name, {}).get("memory", {})
        peaks = {k: m["peak"] - m["imported"] for k, m in memory.items() if "peak" in m}
        found.append((f"memory of training, {results.get(name, {}).get('title')}", "MB", scaled(peaks, 1e-6)))
    if "size" in results:
        values = {k: sum(v.values()) for k, v in results["size"]["installed"].items()}
        found.append(("installed, with NumPy and h5py", "MB", scaled(values, 1e-6)))
    lines = []
    for title, unit, values in found:
        peers = {k: v for k, v in values.items() if k != OXHORN}
        if OXHORN in values and peers:
            best = min(peers, key=lambda k: peers[k])
            lines.append([title, f"{number(values[OXHORN])} {unit}", f"{number(peers[best])} {unit} {best}"])
    return [table(["", "Oxhorn", "best peer"], lines)] if lines else []


def scaled(values: dict[str, float], factor: float) -> dict[str, float]:
    return {name: factor * value for name, value in values.items()}


def bars(results: Results) -> list[picture.Bar]:
    """The ratios of the short table."""
    rows = {part: rows_of(results, part) for part in ("training", "predict")}
    found = []
    for name, row in rows["training"].items():
        predict = rows["predict"].get(name)
        if name.startswith("own_") or row.ratio is None:
            continue
        # The table has the optimizer and the batch.
        words = results[name]["title"].rsplit(", ", 1)[0]
        found.append(picture.Bar(words, row.ratio, predict.ratio if predict else None))
    return found


def between(text: str, inside: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """The text with what stands between the marks exchanged."""
    begin, end = marks
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"expected the lines {begin} and {end} once each; put them where the table belongs")
    before, rest = text.split(begin)
    return before + begin + "\n" + inside.strip() + "\n" + end + rest.split(end)[1]


def read(folder: Path) -> Results:
    """The results in the order of the workloads."""
    from compare import EXTRAS
    from workloads import WORKLOADS

    paths = [folder / f"{name}.json" for name in (*WORKLOADS, *EXTRAS)]
    results = {path.stem: json.loads(path.read_text()) for path in paths if path.exists()}
    if not results:
        raise SystemExit(f"no results in {folder}: run `make bench` first")
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--publish", action="store_true", help="into docs/ and the README too")
    arguments = parser.parse_args()
    results = read(arguments.folder)
    page, table = full(results), short(results)
    (arguments.folder / "benchmarks.md").write_text(page + "\n")
    folders = [arguments.folder]
    if arguments.publish:
        folders.append(ROOT / "docs")
        for path, text in ((ROOT / "README.md", table), (ROOT / "docs" / "benchmarks.md", page)):
            path.write_text(between(path.read_text(), text))
    for folder in folders:
        for theme in ("light", "dark"):
            (folder / f"speed-{theme}.svg").write_text(picture.draw(bars(results), theme))
    print(page)


if __name__ == "__main__":
    main()
