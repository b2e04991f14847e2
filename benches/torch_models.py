"""The workloads in plain PyTorch, with the plain training loop that its tutorials teach."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from workloads import Workload


class Block(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *conv(c_in, c_out, 3, stride), nn.ReLU(inplace=True), *conv(c_out, c_out, 3, 1)
        )
        self.skip = nn.Sequential(*conv(c_in, c_out, 1, stride)) if stride == 2 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.body(x) + self.skip(x))


class Last(nn.Module):
    """An LSTM whose last state goes into a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(32, 64, batch_first=True), nn.Linear(64, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.lstm(x)[0][:, -1])


class Mean(nn.Module):
    """The mean over the tokens."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=1)


def conv(c_in: int, c_out: int, size: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(c_in, c_out, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(c_out)]


def mlp_bn() -> nn.Module:
    parts: list[nn.Module] = []
    for n_in, n_out in ((784, 300), (300, 100)):
        parts += [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ELU()]
    return nn.Sequential(*parts, nn.Linear(100, 10), nn.BatchNorm1d(10))


def cnn() -> nn.Module:
    parts: list[nn.Module] = []
    for c_in, c_out in ((1, 32), (32, 64)):
        parts += [nn.Conv2d(c_in, c_out, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(1600, 10))


def resnet20() -> nn.Module:
    blocks, c_in = [], 16
    for stage, c_out in enumerate((16, 32, 64)):
        for block in range(3):
            blocks.append(Block(c_in, c_out, 2 if stage and not block else 1))
            c_in = c_out
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(*conv(3, 16, 3, 1), nn.ReLU(), *blocks, *head)


def dense(*sizes: int) -> nn.Module:
    parts: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        parts += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def embedding() -> nn.Module:
    return nn.Sequential(nn.Embedding(10_000, 16), Mean(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))


Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], torch.optim.Optimizer], Loss]] = {
    "mlp_bn": (mlp_bn, lambda p: torch.optim.SGD(p, 0.01), F.cross_entropy),
    "mlp": (lambda: dense(784, 128, 10), torch.optim.Adam, F.cross_entropy),
    "regression": (lambda: dense(9, 64, 64, 1), lambda p: torch.optim.RMSprop(p, 0.001), F.mse_loss),
    "cnn": (cnn, torch.optim.Adam, F.cross_entropy),
    "resnet20": (resnet20, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), F.cross_entropy),
    "embedding": (embedding, torch.optim.Adam, F.binary_cross_entropy_with_logits),
    "lstm": (Last, torch.optim.Adam, F.mse_loss),
}


class Torch:
    """Plain PyTorch; images as channels_last, which is its fastest layout on a CPU."""

    def build(self, workload: Workload, x: np.ndarray, y: np.ndarray) -> None:
        torch.manual_seed(0)
        name = workload.build.__name__
        model, optimizer, self.loss = MODELS[name]
        self.model, self.batch = model(), workload.batch
        self.x = torch.from_numpy(x).long() if x.dtype == np.int32 else torch.from_numpy(x)
        self.y = torch.from_numpy(y).long() if y.dtype == np.int32 else torch.from_numpy(y)
        if x.ndim == 4:
            self.x = self.x.permute(0, 3, 1, 2)  # a view: the memory stays channels-last
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = optimizer(self.model.parameters())
        self.fit(1)

    def fit(self, epochs: int) -> list[float]:
        self.model.train()
        seconds = []
        for _ in range(epochs):
            start = time.perf_counter()
            order = torch.randperm(len(self.x))
            for i in range(0, len(self.x), self.batch):
                rows = order[i : i + self.batch]
                self.optimizer.zero_grad()
                loss = self.loss(self.model(self.x[rows]), self.y[rows])
                loss.backward()
                self.optimizer.step()
            seconds.append(time.perf_counter() - start)
        return seconds

    def predict(self, times: int) -> float:
        self.model.eval()
        with torch.inference_mode():
            self.model(self.x[:1])
            start = time.perf_counter()
            for _ in range(times):
                self.model(self.x[:1]).numpy()
        return (time.perf_counter() - start) / times
