"""Plain PyTorch with the plain training loop that its tutorials teach: eager, channels_last, or compiled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch_models import MODELS, output
from workloads import Workload


def tensor(x: np.ndarray) -> torch.Tensor:
    """Integers as PyTorch's losses and embeddings want them; images with their channels first."""
    t = torch.from_numpy(x)
    t = t.long() if x.dtype == np.int32 else t
    return t.permute(0, 3, 1, 2) if x.ndim == 4 else t


class Torch:
    """One way of running PyTorch."""

    def __init__(self, threads: int, channels_last: bool = False, compiled: bool = False) -> None:
        self.channels_last, self.compiled = channels_last, compiled
        torch.set_num_threads(threads)

    def versions(self) -> dict[str, str]:
        return {"torch": torch.__version__}

    def build(self, workload: Workload, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        torch.manual_seed(0)
        name = workload.build.__name__
        build, optimizer, loss = MODELS[name]
        model, final, self.batch = build(), output(name), workload.batch
        # A permuted image is a view, whose memory has its channels last.
        self.x, self.y = (t if self.channels_last else t.contiguous() for t in (tensor(x), tensor(y)))
        if self.channels_last and x.ndim == 4:
            model = model.to(memory_format=torch.channels_last)
        self.model, self.optimizer = model, optimizer(model.parameters())

        def step_loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return loss(model(x), y)

        def predicted(x: torch.Tensor) -> torch.Tensor:
            return final(model(x))

        if self.compiled:
            for group in self.optimizer.param_groups:
                if "fused" in group:  # one kernel for each parameter, where the optimizer has such
                    group["fused"] = True
            torch._dynamo.config.cache_size_limit = 64
            step_loss, predicted = (torch.compile(f, dynamic=False) for f in (step_loss, predicted))
        self.loss, self.predicted = step_loss, predicted
        return {"parameters": sum(p.numel() for p in model.parameters() if p.requires_grad)}

    def step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = self.loss(x, y)
        loss.backward()
        self.optimizer.step()
        return loss

    def epoch(self) -> None:
        order = torch.randperm(len(self.x))
        for i in range(0, len(self.x), self.batch):
            rows = order[i : i + self.batch]
            self.step(self.x[rows], self.y[rows])

    def train(self, seconds: float, last: float) -> list[float]:
        """Seconds of each epoch; `last` is what one took before."""
        self.model.train()
        times = []
        for _ in range(max(1, min(100, round(seconds / last)))):
            start = time.perf_counter()
            self.epoch()
            times.append(time.perf_counter() - start)
        return times

    def predict(self) -> np.ndarray:
        self.model.eval()
        with torch.inference_mode():
            parts = [self.predicted(x) for x in self.x.split(self.batch)]
            return torch.cat(parts).numpy()

    def call(self, kind: str, samples: int) -> Callable[[], Any]:
        """One call on so many samples, by name; `predict` and `call` are the same here."""
        x, y = self.x[:samples].clone(), self.y[:samples].clone()
        learns = kind in ("fit", "train_on_batch")
        self.model.train(learns)
        if learns:
            return lambda: self.step(x, y)

        def run() -> torch.Tensor:
            with torch.inference_mode():
                return self.predicted(x)

        return run
