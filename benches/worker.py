"""One library in one process: builds a workload and times epochs of it, as the lines on standard input ask.

Each line in is a JSON object, and each line out: `{"build": name}`, `{"epoch": true}`, `{"predict": 200}`.
Usage: python worker.py oxhorn | keras | torch
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from workloads import WORKLOADS, Workload


class KerasLike:
    """Oxhorn, or Keras with the backend that the environment names."""

    def __init__(self, module: str) -> None:
        self.keras: Any = importlib.import_module(module)

    def build(self, workload: Workload, x: np.ndarray, y: np.ndarray) -> None:
        self.keras.utils.set_random_seed(0)
        self.model, self.x, self.y, self.batch = workload.build(self.keras), x, y, workload.batch
        clock = self.clock = []

        class Clock(self.keras.callbacks.Callback):  # type: ignore[misc, name-defined]
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                clock.append(-time.perf_counter())

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                clock[-1] += time.perf_counter()

        self.callback = Clock()
        self.fit(1)

    def fit(self, epochs: int) -> list[float]:
        self.clock.clear()
        self.model.fit(
            self.x,
            self.y,
            batch_size=self.batch,
            epochs=epochs,
            verbose=0,
            callbacks=[self.callback],
            shuffle=True,
        )
        return list(self.clock)

    def predict(self, times: int) -> float:
        one = self.x[:1]
        self.model.predict(one, verbose=0)
        start = time.perf_counter()
        for _ in range(times):
            self.model.predict(one, verbose=0)
        return (time.perf_counter() - start) / times


def make(name: str) -> Any:
    if name == "torch":
        from torch_models import Torch

        return Torch()
    return KerasLike(name)


def main() -> None:
    library = make(sys.argv[1])
    out, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints stays out of the answers
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "build" in request:
                workload = WORKLOADS[request["build"]]
                x, y = workload.data(np.random.default_rng(0), workload.batch * workload.steps)
                library.build(workload, x, y)
                answer: dict[str, Any] = {"steps": workload.steps}
            elif "epoch" in request:
                answer = {"seconds": library.fit(2)}
            else:
                answer = {"seconds": library.predict(request["predict"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
