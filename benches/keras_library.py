"""Oxhorn, or Keras with the backend that the environment names."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import flops
import numpy as np
from workloads import Workload


class KerasLike:
    """A library that speaks Keras 3."""

    def __init__(self, module: str, threads: int) -> None:
        self.keras: Any = importlib.import_module(module)
        self.is_oxhorn = module == "oxhorn"
        if self.is_oxhorn:
            self.keras.config.set_num_threads(threads)

    def versions(self) -> dict[str, str]:
        backend = self.keras.config.backend()
        names = ["oxhorn"] if self.is_oxhorn else ["keras", backend]
        return {name: str(importlib.import_module(name).__version__) for name in names}

    def build(self, workload: Workload, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        self.keras.utils.set_random_seed(0)
        self.model, self.x, self.y, self.batch = workload.build(self.keras), x, y, workload.batch
        clock = self.clock = []

        class Clock(self.keras.callbacks.Callback):  # type: ignore[misc, name-defined]
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                clock.append(-time.perf_counter())

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                clock[-1] += time.perf_counter()

        self.callback = Clock()
        weights = self.model.trainable_weights
        facts: dict[str, Any] = {"parameters": sum(int(np.prod(w.shape)) for w in weights)}
        if self.is_oxhorn:
            facts["flops"] = {
                "train": flops.training(self.model, workload.batch),
                "predict": flops.prediction(self.model, workload.batch),
            }
        return facts

    def train(self, seconds: float, last: float) -> list[float]:
        """Seconds of each epoch; `last` is what one took before."""
        self.clock.clear()
        self.model.fit(
            self.x,
            self.y,
            batch_size=self.batch,
            epochs=max(1, min(100, round(seconds / last))),
            verbose=0,
            callbacks=[self.callback],
            shuffle=True,
        )
        return list(self.clock)

    def predict(self) -> Any:
        return self.model.predict(self.x, batch_size=self.batch, verbose=0)

    def call(self, kind: str, samples: int) -> Callable[[], Any]:
        """One call on so many samples, by name."""
        model, x, y = self.model, self.x[:samples].copy(), self.y[:samples].copy()
        wait: Callable[[Any], Any] = lambda result: result  # noqa: E731
        if self.keras.config.backend() == "jax":
            wait = importlib.import_module("jax").block_until_ready
        calls: dict[str, Callable[[], Any]] = {
            "predict": lambda: model.predict(x, verbose=0, batch_size=samples),
            "call": lambda: wait(model(x)),
            "fit": lambda: model.fit(x, y, verbose=0, batch_size=samples),
            "train_on_batch": lambda: model.train_on_batch(x, y),
        }
        return calls[kind]
