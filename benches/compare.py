"""Compares step times with the peers, side by side: what `make bench` runs.

Every library has a process of its own, all alive at once; they take turns, so that whatever else the machine does
hits all of them alike. Reported are medians over the rounds, in milliseconds a training step, and how many times
longer than Oxhorn each peer takes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from workloads import WORKLOADS

HERE = Path(__file__).parent
OXHORN = "Oxhorn"
# name, argument of worker.py, environment, what to import for the import time
PEERS = (
    ("Keras+JAX", "keras", {"KERAS_BACKEND": "jax"}, "keras"),
    ("Keras+TF", "keras", {"KERAS_BACKEND": "tensorflow"}, "keras"),
    ("PyTorch", "torch", {}, "torch"),
)
# The distributions without which each does not run, NumPy and h5py apart, which all but PyTorch need.
PARTS = {
    "Keras+JAX": "keras jax jaxlib scipy ml_dtypes",
    "Keras+TF": "keras tensorflow_cpu tensorflow ml_dtypes grpcio protobuf",
    "PyTorch": "torch sympy networkx nvidia_ triton",
}


class Worker:
    """A library in its own process."""

    def __init__(
        self, name: str, python: str, module: str, environment: dict[str, str], imported: str
    ) -> None:
        self.name, self.python, self.imported = name, python, imported
        self.environment = {
            **os.environ,
            **environment,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
        }
        self.process = subprocess.Popen(
            [python, str(HERE / "worker.py"), module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": f"the process ended with {self.process.wait()}"}

    def import_seconds(self) -> float:
        start = time.perf_counter()
        command = [self.python, "-c", f"import {self.imported}"]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)
        return time.perf_counter() - start

    def installed_megabytes(self) -> float:
        """Size of the files that pip installed for it."""
        code = (
            "import sys, importlib.metadata as m\n"
            "parts = tuple(sys.argv[1].split())\n"
            "names = [(d, d.name.replace('-', '_').lower()) for d in m.distributions()]\n"
            "mine = [d for d, n in names if n in parts or n.startswith(tuple(p for p in parts if p[-1] == '_'))]\n"
            "files = {f.locate() for d in mine for f in d.files or ()}\n"
            "print(sum(f.stat().st_size for f in files if f.is_file()))\n"
        )
        command = [self.python, "-c", code, PARTS[self.name]]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1e6

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def start(peers: str | None) -> list[Worker]:
    """Oxhorn, and every peer that can be imported."""
    workers = [Worker(OXHORN, sys.executable, "oxhorn", {}, "oxhorn")]
    for name, module, environment, imported in PEERS if peers else ():
        check = "import keras; keras.ops.zeros(1)" if module == "keras" else f"import {imported}"
        done = subprocess.run(
            [str(peers), "-c", check], env={**os.environ, **environment}, capture_output=True, check=False
        )
        if done.returncode == 0:
            workers.append(Worker(name, str(peers), module, environment, imported))
        else:
            print(f"{name} is not installed; it is left out.", file=sys.stderr)
    return workers


def measure(workers: list[Worker], name: str, rounds: int) -> dict[str, Any]:
    """Median milliseconds a step of each library, rounds interleaved."""
    steps = WORKLOADS[name].steps
    able, errors = [], {}
    for worker in workers:
        answer = worker.ask(build=name)
        if "error" in answer:
            errors[worker.name] = answer["error"]
        else:
            able.append(worker)
    seconds: dict[str, list[float]] = {worker.name: [] for worker in able}
    for _ in range(rounds):
        for worker in able:
            answer = worker.ask(epoch=True)
            if "error" in answer:
                errors[worker.name] = answer["error"]
            seconds[worker.name] += answer.get("seconds", [])
    milliseconds = {key: 1e3 * statistics.median(values) / steps for key, values in seconds.items() if values}
    return {"milliseconds": milliseconds, "errors": errors}


def measure_predict(workers: list[Worker], rounds: int) -> dict[str, Any]:
    """Median milliseconds of `predict` for one sample of the MLP."""
    for worker in workers:
        worker.ask(build="mlp")
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for worker in workers:
            answer = worker.ask(predict=20)
            if "seconds" in answer:
                seconds.setdefault(worker.name, []).append(answer["seconds"])
    return {"milliseconds": {key: 1e3 * statistics.median(v) for key, v in seconds.items()}, "errors": {}}


def measure_imports(workers: list[Worker], rounds: int) -> dict[str, Any]:
    """Median milliseconds from starting Python to having imported the library."""
    seconds: dict[str, list[float]] = {worker.name: [] for worker in workers}
    for _ in range(rounds + 1):
        for worker in workers:
            seconds[worker.name].append(worker.import_seconds())
    # The first round reads the files from disk; the others find them in memory.
    return {"milliseconds": {key: 1e3 * statistics.median(v[1:]) for key, v in seconds.items()}, "errors": {}}


def as_table(rows: dict[str, dict[str, Any]], names: list[str]) -> str:
    """The results as a Markdown table: milliseconds, and in brackets the ratio to Oxhorn."""
    lines = ["| ms | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for title, row in rows.items():
        times = row["milliseconds"]
        cells = []
        for name in names:
            if name not in times:
                cells.append("-")
                continue
            ratio = f" ({times[name] / times[OXHORN]:.1f}x)" if name != OXHORN and OXHORN in times else ""
            cells.append(f"{times[name]:.3g}{ratio}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def sizes(workers: list[Worker]) -> dict[str, float]:
    """Megabytes: the newest wheel in dist/, and what each peer takes when installed."""
    wheels = sorted((HERE.parent / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    result = {f"{OXHORN}, wheel": wheels[-1].stat().st_size / 1e6} if wheels else {}
    # Here Oxhorn is installed editable: its files are the checkout's.
    peers = {
        f"{worker.name}, installed": worker.installed_megabytes()
        for worker in workers
        if worker.name != OXHORN
    }
    return result | peers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers", help="the Python that has the peers installed; default: Oxhorn alone")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of two epochs each (default 5)")
    parser.add_argument(
        "--only", nargs="*", choices=list(WORKLOADS), help="only these workloads, nothing else"
    )
    parser.add_argument("--json", type=Path, help="write the results there too")
    arguments = parser.parse_args()

    workers = start(arguments.peers)
    names = [worker.name for worker in workers]
    rows: dict[str, dict[str, Any]] = {}
    try:
        for name in arguments.only or WORKLOADS:
            workload = WORKLOADS[name]
            print(f"{workload.title} ...", file=sys.stderr)
            rows[f"{workload.title} (batch {workload.batch})"] = measure(workers, name, arguments.rounds)
        if not arguments.only:
            rows["predict one sample, MLP"] = measure_predict(workers, arguments.rounds)
            rows["import"] = measure_imports(workers, arguments.rounds)
    finally:
        for worker in workers:
            worker.close()

    print(as_table(rows, names))
    for title, row in rows.items():
        for name, error in row["errors"].items():
            print(f"\n{title}: {name} did not run: {error[:200]}")
    megabytes = {} if arguments.only else sizes(workers)
    if megabytes:
        print("\nMB: " + "; ".join(f"{name} {size:.3g}" for name, size in megabytes.items()))
    if arguments.json:
        machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        result = {"machine": machine, "rounds": arguments.rounds, "rows": rows, "megabytes": megabytes}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
