"""One library in one process: builds a workload and times it, as the lines on standard input ask.

Each line in is a JSON object with the key `do`, and each line out is the answer. The first line out comes when the
library is imported. Usage: python worker.py oxhorn | keras | torch | torch-channels-last | torch-compiled THREADS
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import memory
import timing


def make(name: str, threads: int) -> Any:
    if name.startswith("torch"):
        from torch_library import Torch

        return Torch(threads, channels_last=name != "torch", compiled=name == "torch-compiled")
    from keras_library import KerasLike

    return KerasLike(name, threads)


def peak(seconds: float) -> float:
    """Floating-point operations a second of Oxhorn's loop of multiply-adds on every thread: the median of many."""
    from oxhorn import _core

    rates = [_core.multiply_add_rate(1 << 24)]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        rates.append(_core.multiply_add_rate(1 << 28))
    return statistics.median(rates[1:])


class Worker:
    """Answers requests."""

    def __init__(self, name: str, threads: int) -> None:
        self.library = make(name, threads)
        self.epoch = 1.0

    def build(self, workload: str) -> dict[str, Any]:
        import numpy as np
        from workloads import WORKLOADS

        w = WORKLOADS[workload]
        x, y = w.data(np.random.default_rng(0), w.batch * w.steps)
        facts = self.library.build(w, x, y)
        # The first epoch compiles; the second tells how long one takes.
        self.library.train(0.0, 1.0)
        self.epoch = self.library.train(0.0, 1.0)[0]
        return {**facts, "seconds": self.epoch}

    def train(self, seconds: float) -> dict[str, Any]:
        times = self.library.train(seconds, self.epoch)
        self.epoch = min(times)
        return {"seconds": times}

    def predict(self, seconds: float) -> dict[str, Any]:
        return {"seconds": timing.each(self.library.predict, seconds)}

    def call(self, kind: str, samples: int, seconds: float) -> dict[str, Any]:
        return {"seconds": timing.many(self.library.call(kind, samples), seconds)}

    def memory(self) -> dict[str, Any]:
        return {"peak": memory.peak()}

    def peak(self, seconds: float) -> dict[str, Any]:
        return {"flops": peak(seconds)}


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints stays out of the answers

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=out, flush=True)

    try:
        worker = Worker(sys.argv[1], int(sys.argv[2]))
        versions = worker.library.versions()
    except Exception as error:
        return answer(error=f"{type(error).__name__}: {error}")
    # What the import took at its height is not what the workload takes.
    memory.reset_peak()
    answer(versions=versions, imported=memory.resident())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer(**getattr(worker, request.pop("do"))(**request))
        except Exception as error:
            answer(error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
