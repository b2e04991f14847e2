"""The models of the workloads in plain PyTorch: the same layers and numbers of parameters as in workloads.py."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from workloads import MOBILE_BLOCKS


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
    """A recurrent layer whose last output goes into a linear layer."""

    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.layer, self.out = layer(32, 64, batch_first=True), nn.Linear(64, 1)
        if layer is nn.LSTM:  # Keras's has one bias, PyTorch's two
            nn.init.zeros_(self.layer.bias_hh_l0).requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.layer(x)[0][:, -1])


class Encoder(nn.Module):
    """Attention and two linear layers, each with its residual, dropout and layer normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(128, 4, batch_first=True)
        self.feed = nn.Sequential(nn.Linear(128, 512), nn.GELU(), nn.Linear(512, 128))
        self.norms = nn.ModuleList([nn.LayerNorm(128), nn.LayerNorm(128)])
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.attention(x, x, x, need_weights=False)
        x = self.norms[0](x + self.drop(y))
        return self.norms[1](x + self.drop(self.feed(x)))


class Mean(nn.Module):
    """The mean over the tokens."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=1)


def conv(c_in: int, c_out: int, size: int, stride: int, groups: int = 1) -> list[nn.Module]:
    layer = nn.Conv2d(c_in, c_out, size, stride, padding=size // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(c_out)]


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


def residual_stages(stages: tuple[int, ...], count: int) -> list[nn.Module]:
    blocks, c_in = [], stages[0]
    for stage, c_out in enumerate(stages):
        for block in range(count):
            blocks.append(Block(c_in, c_out, 2 if stage and not block else 1))
            c_in = c_out
    return blocks


def head(features: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 10)]


def resnet20() -> nn.Module:
    blocks = residual_stages((16, 32, 64), 3)
    return nn.Sequential(*conv(3, 16, 3, 1), nn.ReLU(inplace=True), *blocks, *head(64))


def resnet18() -> nn.Module:
    stem = [*conv(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)]
    return nn.Sequential(*stem, *residual_stages((64, 128, 256, 512), 2), *head(512))


def mobilenet() -> nn.Module:
    parts, c_in = [*conv(3, 32, 3, 1), nn.ReLU(inplace=True)], 32
    for c_out, stride in MOBILE_BLOCKS:
        parts += [*conv(c_in, c_in, 3, stride, groups=c_in), nn.ReLU(inplace=True)]
        parts += [*conv(c_in, c_out, 1, 1), nn.ReLU(inplace=True)]
        c_in = c_out
    return nn.Sequential(*parts, *head(c_in))


def autoencoder() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 2, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(16, 32, 3, 2, padding=1), nn.ReLU(inplace=True)),
        *(nn.ConvTranspose2d(32, 16, 3, 2, padding=1, output_padding=1), nn.ReLU(inplace=True)),
        nn.ConvTranspose2d(16, 1, 3, 2, padding=1, output_padding=1),
    )


def dense(*sizes: int) -> nn.Module:
    parts: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        parts += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def transformer() -> nn.Module:
    return nn.Sequential(Encoder(), Mean(), nn.Linear(128, 10))


def embedding() -> nn.Module:
    return nn.Sequential(nn.Embedding(10_000, 16), Mean(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))


Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# The model up to the logits, its optimizer, and the loss of the logits.
MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], torch.optim.Optimizer], Loss]] = {
    "mlp_bn": (mlp_bn, lambda p: torch.optim.SGD(p, 0.01), F.cross_entropy),
    "mlp": (lambda: dense(784, 128, 10), torch.optim.Adam, F.cross_entropy),
    "regression": (lambda: dense(9, 64, 64, 1), lambda p: torch.optim.RMSprop(p, 0.001), F.mse_loss),
    "cnn": (cnn, torch.optim.Adam, F.cross_entropy),
    "resnet20": (resnet20, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), F.cross_entropy),
    "embedding": (embedding, torch.optim.Adam, F.binary_cross_entropy_with_logits),
    "lstm": (lambda: Last(nn.LSTM), torch.optim.Adam, F.mse_loss),
    "gru": (lambda: Last(nn.GRU), torch.optim.Adam, F.mse_loss),
    "resnet18": (resnet18, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), F.cross_entropy),
    "transformer": (transformer, torch.optim.Adam, F.cross_entropy),
    "mobilenet": (mobilenet, torch.optim.Adam, F.cross_entropy),
    "autoencoder": (autoencoder, torch.optim.Adam, F.binary_cross_entropy_with_logits),
    "empty": (lambda: nn.Linear(1, 1), lambda p: torch.optim.SGD(p, 0.01), F.mse_loss),
}


def output(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """What the Keras model does with its logits, so that both predict the same."""
    loss = MODELS[name][2]
    if loss is F.binary_cross_entropy_with_logits:
        return torch.sigmoid
    if loss is F.cross_entropy and name != "mlp_bn":  # whose Keras twin gives logits too
        return lambda x: torch.softmax(x, -1)
    return lambda x: x
