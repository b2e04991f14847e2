"""Compares Oxhorn with its peers, side by side: what `make bench` runs.

For each workload every library gets a fresh process, all alive at once; they take turns, so that whatever else the
machine does hits all of them alike. The first epochs and calls are left out. What is written and printed are medians
over the rounds with their quartiles, and the ratios of paired rounds to Oxhorn's.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import machine
import report
import startup
import summary
from process import OXHORN, PEERS, Library, Process
from workloads import CALLS, WORKLOADS

ROOT = Path(__file__).parent.parent
EXTRAS = ("calls", "threads", "import", "size")
# A library whose rounds are long has fewer of them, but three at least, so that it adds not much more than this.
LONGEST = 5.0


class Comparison:
    """The settings of a run, and how a workload is measured under them."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.rounds, self.seconds, self.parts = arguments.rounds, arguments.seconds, arguments.measure
        self.limit = arguments.compile_limit
        self.threads = machine.set_threads(arguments.threads)
        self.environment = machine.environment(self.threads)
        peers = PEERS if arguments.peers else ()
        self.libraries = [(OXHORN, sys.executable)]
        for library in peers:
            if arguments.compiled or library.argument != "torch-compiled":
                self.libraries.append((library, str(arguments.peers)))
        self.header = {
            "machine": machine.describe(),
            "threads": self.threads,
            "date": datetime.date.today().isoformat(),
        }

    def start(self, images: bool) -> tuple[list[Process], dict[str, Any]]:
        """A process for each library that can be imported; what they say of themselves."""
        chosen = [pair for pair in self.libraries if images or not pair[0].only_images]
        started = [Process(lib, python, self.environment, self.threads) for lib, python in chosen]
        facts: dict[str, Any] = {"versions": {}, "memory": {}, "errors": {}}
        able = []
        for process in started:
            name, answer = process.library.name, process.read(120.0)
            if "error" in answer:
                facts["errors"][name] = {"import": answer["error"]}
                process.close()
                continue
            facts["versions"] |= answer["versions"]
            facts["memory"][name] = {"imported": answer["imported"]}
            able.append(process)
        return able, facts

    def turns(
        self, processes: list[Process], errors: dict[str, Any], part: str, each: int, **request: Any
    ) -> dict[str, dict[int, float]]:
        """Seconds of each round of each library, divided by `each`; a first turn is left out."""
        counts, times = {}, {}
        for process in processes:
            name = process.library.name
            limit = self.limit if process.library.argument == "torch-compiled" else 300.0
            if request["do"] == "predict":  # the first call compiles
                process.ask(**request, limit=limit, seconds=0.0)
            answer = process.ask(**request, limit=limit, seconds=self.seconds)
            if "error" in answer:
                errors.setdefault(name, {})[part] = answer["error"]
                continue
            length = max(self.seconds, min(answer["seconds"]))
            counts[name] = max(3, min(self.rounds, int(LONGEST / length)))
            times[name] = {}
        for index in range(self.rounds):
            for process in processes:
                name = process.library.name
                if name not in times or not summary.takes_part(index, self.rounds, counts[name]):
                    continue
                answer = process.ask(**request, seconds=self.seconds)
                if "error" in answer:
                    errors.setdefault(name, {})[part] = answer["error"]
                    del times[name]
                else:
                    times[name][index] = statistics.median(answer["seconds"]) / each
        return times

    def workload(self, name: str) -> dict[str, Any]:
        """Training, prediction and memory of one workload."""
        w = WORKLOADS[name]
        processes, result = self.start(images=w.is_images)
        errors = result["errors"]
        try:
            built = []
            for process in processes:
                compiled = process.library.argument == "torch-compiled"
                answer = process.ask("build", limit=self.limit if compiled else 300.0, workload=name)
                lib = process.library.name
                if "error" in answer:
                    errors[lib] = {"training": answer["error"]}
                    continue
                parameters = result.setdefault("parameters", answer["parameters"])
                if answer["parameters"] != parameters:
                    raise SystemExit(f"{name}: {lib} has {answer['parameters']} parameters, not {parameters}")
                result["flops"] = answer.get("flops", result.get("flops"))
                built.append(process)
            if processes and processes[0].library is OXHORN:
                result["peak_flops"] = processes[0].ask("peak", seconds=0.3).get("flops")
            if "training" in self.parts:
                result["training"] = self.turns(built, errors, "training", w.steps, do="train")
                for process in built:
                    result["memory"][process.library.name] |= process.ask("memory")
            if "predict" in self.parts and w.predicts:
                result["predict"] = self.turns(built, errors, "predict", w.steps, do="predict")
        finally:
            for process in processes:
                process.close()
        about = {"title": w.title, "batch": w.batch, "steps": w.steps, "seconds_a_round": self.seconds}
        return self.header | about | result

    def calls(self) -> dict[str, Any]:
        """Single calls of the MLP."""
        processes, result = self.start(images=False)
        result["calls"] = {}
        try:
            for process in processes:
                answer = process.ask("build", workload="mlp", limit=self.limit)
                if "error" in answer:
                    result["errors"][process.library.name] = {"calls": answer["error"]}
            able = [p for p in processes if p.library.name not in result["errors"]]
            for title, (kind, samples) in CALLS.items():
                result["calls"][title] = self.turns(
                    able, result["errors"], title, 1, do="call", kind=kind, samples=samples
                )
        finally:
            for process in processes:
                process.close()
        return self.header | result

    def scaling(self) -> dict[str, Any]:
        """Oxhorn's training on one thread and on all, in turns."""
        result: dict[str, Any] = {"one": {}, "errors": {}}
        single = replace(OXHORN, name="one thread")
        for name, w in WORKLOADS.items():
            both = [
                Process(library, sys.executable, machine.environment(threads), threads)
                for library, threads in ((OXHORN, self.threads), (single, 1))
            ]
            try:
                able = [p for p in both if "error" not in p.read(120.0)]
                able = [p for p in able if "error" not in p.ask("build", workload=name)]
                if len(able) == 2:
                    times = self.turns(able, result["errors"], name, w.steps, do="train")
                    result["one"][f"{w.title} (batch {w.batch})"] = times
            finally:
                for process in both:
                    process.close()
        return self.header | result

    def installed(self) -> list[tuple[Library, str]]:
        """One column for each library that pip installs, with the Python that has it."""
        return [pair for pair in self.libraries if pair[0].distributions]

    def imports(self) -> dict[str, Any]:
        # Oxhorn imports NumPy when an array is first needed: with it is what a script waits for.
        first = [Library("NumPy", "", "numpy"), Library("Oxhorn with NumPy", "", "oxhorn, numpy")]
        libraries = [*((library, sys.executable) for library in first), *self.installed()]
        return self.header | startup.imports(libraries, self.environment, max(3, self.rounds))

    def size(self) -> dict[str, Any]:
        found = {library.name: startup.sizes(library, python) for library, python in self.installed()}
        wheel = startup.newest_wheel(ROOT / "dist")
        return self.header | {"installed": {k: v for k, v in found.items() if v}, "wheel": wheel}

    def measure(self, name: str) -> dict[str, Any]:
        extra = {
            "calls": self.calls,
            "threads": self.scaling,
            "import": self.imports,
            "size": self.size,
        }
        return extra[name]() if name in extra else self.workload(name)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers", help="the Python that has the peers installed; default: Oxhorn alone")
    parser.add_argument("--only", nargs="*", choices=[*WORKLOADS, *EXTRAS], help="only these rows")
    parser.add_argument("--measure", nargs="*", choices=("training", "predict"), help="default: both")
    parser.add_argument("--rounds", type=int, help="rounds of the fastest libraries (default 7)")
    parser.add_argument("--seconds", type=float, help="length of a round (default 0.25)")
    parser.add_argument("--quick", action="store_true", help="three short rounds, nothing compiled")
    parser.add_argument("--compiled", action="store_true", help="torch.compile as well, which takes long")
    parser.add_argument("--compile-limit", type=float, default=60.0, help="seconds it may take to compile")
    parser.add_argument("--threads", type=int, help="threads of every library (default: every processor)")
    parser.add_argument("--json", type=Path, help="a folder, for one file for each row")
    arguments = parser.parse_args()
    quick = arguments.quick
    arguments.rounds = arguments.rounds or (3 if quick else 7)
    arguments.seconds = arguments.seconds or (0.1 if quick else 0.25)
    arguments.compiled = arguments.compiled and not quick
    arguments.measure = arguments.measure or ["training", "predict"]
    return arguments


def main() -> None:
    arguments = options()
    comparison = Comparison(arguments)
    results: dict[str, dict[str, Any]] = {}
    for name in arguments.only or (*WORKLOADS, *EXTRAS):
        start = time.monotonic()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        results[name] = comparison.measure(name)
        print(f"{time.monotonic() - start:.0f} s", file=sys.stderr)
        if arguments.json:
            arguments.json.mkdir(parents=True, exist_ok=True)
            (arguments.json / f"{name}.json").write_text(json.dumps(results[name], indent=1) + "\n")
    # Through JSON and back, so that a fresh result reads as one from a file.
    print(report.full(json.loads(json.dumps(results))))


if __name__ == "__main__":
    main()
