"""Makes the golden files of `tests/interop`: state dicts that PyTorch wrote, inputs and what its modules made of them.

    python tools/make_torch_golden.py [--into FOLDER]        (with a Python that has PyTorch)

For each case of `CASES`: `<case>.pth` (the zip form of `torch.save`), for those of `IN_ALL_FORMS` also `<case>.old.pth`
(the form before PyTorch 1.6) and `<case>.safetensors`; and in `arrays.npz` `<case>.x` and `<case>.y` in Oxhorn's
layout, channels last. Weights are random, from a seed.
"""

from __future__ import annotations

import argparse
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

GOLDEN = Path(__file__).parents[1] / "tests" / "interop" / "golden"


def first(x: np.ndarray) -> torch.Tensor:
    """Channels from the end to the front."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1)))


def last(y: torch.Tensor) -> np.ndarray:
    """Channels from the front to the end."""
    return np.ascontiguousarray(np.moveaxis(y.detach().numpy(), 1, -1))


class TwoBranches(nn.Module):
    """Two flattened maps and some features side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(2, 3, 3)
        self.b = nn.Conv2d(2, 4, 2, stride=2)
        self.fc = nn.Linear(3 * 4 * 3 + 4 * 3 * 2, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.cat([self.a(x).flatten(1), self.b(x).flatten(1)], 1))


class Generator(nn.Module):
    """Features that become a map."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(5, 3 * 4 * 2)
        self.bn = nn.BatchNorm1d(3 * 4 * 2)
        self.up = nn.ConvTranspose2d(2, 3, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(torch.relu(self.bn(self.fc(x))).view(-1, 2, 3, 4))


class Recurrent(nn.Module):
    """A recurrent module and a dense layer on its last step."""

    def __init__(self, rnn: nn.Module, width: int) -> None:
        super().__init__()
        self.rnn = rnn
        self.fc = nn.Linear(width, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.rnn(x)[0])


class Attention(nn.Module):
    """Attention of a sequence to itself, or to its first channels."""

    def __init__(self, **arguments: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(6, 2, batch_first=True, **arguments)
        self.widths = arguments.get("kdim", 6), arguments.get("vdim", 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        key, value = self.widths
        return self.attn(x, x[..., :key], x[..., :value])[0]


class Encoder(nn.Module):
    """A block of a transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True, dropout=0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(x)


def classifier(map_width: int) -> list[nn.Module]:
    return [nn.ReLU(), nn.Flatten(), nn.Dropout(), nn.BatchNorm1d(map_width), nn.Linear(map_width, 4)]


Case = tuple[Callable[[], nn.Module], tuple[int, ...], bool, bool]
# Module, shape of the input in our layout, and whether input and output are maps.
CASES: dict[str, Case] = {
    "linear": (lambda: nn.Linear(3, 4), (2, 3), False, False),
    "conv1d": (lambda: nn.Conv1d(2, 3, 3), (2, 7, 2), True, True),
    "conv2d": (lambda: nn.Conv2d(2, 3, (3, 2), bias=False), (2, 5, 4, 2), True, True),
    "conv2d_grouped": (lambda: nn.Conv2d(4, 6, 3, groups=2), (2, 5, 4, 4), True, True),
    "conv2d_depthwise": (lambda: nn.Conv2d(3, 6, 3, groups=3), (2, 5, 4, 3), True, True),
    "conv1d_depthwise": (lambda: nn.Conv1d(3, 6, 3, groups=3), (2, 5, 3), True, True),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2), (2, 3, 4, 3, 2), True, True),
    "separable": (
        lambda: nn.Sequential(nn.Conv2d(3, 6, 3, groups=3, bias=False), nn.Conv2d(6, 4, 1)),
        (2, 5, 4, 3),
        True,
        True,
    ),
    "conv1d_transpose": (lambda: nn.ConvTranspose1d(2, 3, 3, stride=2), (2, 4, 2), True, True),
    "conv2d_transpose": (lambda: nn.ConvTranspose2d(2, 3, (3, 2), stride=2), (2, 4, 3, 2), True, True),
    "conv3d_transpose": (lambda: nn.ConvTranspose3d(2, 3, 2), (2, 3, 2, 2, 2), True, True),
    "flatten1d": (lambda: nn.Sequential(nn.Conv1d(2, 3, 3), *classifier(15)), (2, 7, 2), True, False),
    "flatten2d": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d((2, 1)), *classifier(18)),
        (2, 6, 5, 2),
        True,
        False,
    ),
    "flatten3d": (lambda: nn.Sequential(nn.Conv3d(2, 3, 2), *classifier(18)), (2, 2, 4, 3, 2), True, False),
    "two_branches": (TwoBranches, (2, 6, 5, 2), True, False),
    "generator": (Generator, (2, 5), False, True),
    "batch_norm": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 2, bias=False), nn.BatchNorm2d(3)),
        (2, 4, 3, 2),
        True,
        True,
    ),
    "layer_norm": (lambda: nn.LayerNorm(4), (2, 3, 4), False, False),
    "layer_norm_of_map": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 2), nn.LayerNorm((3, 3, 2))),
        (2, 4, 3, 2),
        True,
        True,
    ),
    "group_norm": (lambda: nn.GroupNorm(2, 4), (2, 3, 2, 4), True, True),
    "instance_norm": (lambda: nn.InstanceNorm2d(3, affine=True), (2, 3, 2, 3), True, True),
    "rms_norm": (lambda: nn.RMSNorm(4, eps=1e-5), (2, 3, 4), False, False),
    "embedding": (lambda: nn.Embedding(7, 3), (2, 4), False, False),
    "lstm": (lambda: Recurrent(nn.LSTM(3, 4, batch_first=True), 4), (2, 5, 3), False, False),
    "lstm_deep": (lambda: Recurrent(nn.LSTM(3, 4, 2, batch_first=True), 4), (2, 5, 3), False, False),
    "lstm_both_ways": (
        lambda: Recurrent(nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True), 8),
        (2, 5, 3),
        False,
        False,
    ),
    "gru": (lambda: Recurrent(nn.GRU(3, 4, batch_first=True), 4), (2, 5, 3), False, False),
    "gru_both_ways": (
        lambda: Recurrent(nn.GRU(3, 4, batch_first=True, bidirectional=True), 8),
        (2, 5, 3),
        False,
        False,
    ),
    "rnn": (lambda: Recurrent(nn.RNN(3, 4, batch_first=True), 4), (2, 5, 3), False, False),
    "rnn_relu_no_bias": (
        lambda: Recurrent(nn.RNN(3, 4, batch_first=True, nonlinearity="relu", bias=False), 4),
        (2, 5, 3),
        False,
        False,
    ),
    "attention": (Attention, (2, 5, 6), False, False),
    "attention_of_other_widths": (lambda: Attention(kdim=4, vdim=3), (2, 5, 6), False, False),
    "encoder": (Encoder, (2, 5, 6), False, False),
    "prelu": (lambda: nn.PReLU(3), (2, 4, 3, 3), True, True),
    "prelu_of_features": (lambda: nn.PReLU(1), (2, 1), False, False),
}


IN_ALL_FORMS = ("flatten2d", "batch_norm", "lstm_deep", "encoder")


def randomise(module: nn.Module, rng: np.random.Generator) -> None:
    """Numbers for all weights and statistics, so that a wrong order shows."""
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point():
                positive = name.endswith("running_var")
                values = rng.uniform(0.5, 1.5, tensor.shape) if positive else rng.normal(0, 0.7, tensor.shape)
                tensor.copy_(torch.from_numpy(values))


def write_safetensors(path: Path, state: dict[str, torch.Tensor]) -> None:
    header, parts, offset = {}, [], 0
    for name, tensor in state.items():
        content = tensor.numpy().tobytes()
        header[name] = {
            "dtype": {"float32": "F32", "int64": "I64"}[tensor.numpy().dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(content)],
        }
        offset += len(content)
        parts.append(content)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the golden files of tests/interop with PyTorch.")
    parser.add_argument("--into", type=Path, default=GOLDEN, help="the folder")
    folder = parser.parse_args().into
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    for number, (name, (make, shape, map_in, map_out)) in enumerate(CASES.items()):
        rng = np.random.default_rng(number)
        module = make().eval()
        randomise(module, rng)
        words = name == "embedding"
        x = rng.integers(0, 7, shape) if words else rng.normal(size=shape).astype(np.float32)
        with torch.no_grad():
            y = module(first(x) if map_in else torch.from_numpy(x))
        state = module.state_dict()
        torch.save(state, folder / f"{name}.pth")
        if name in IN_ALL_FORMS:
            torch.save(state, folder / f"{name}.old.pth", _use_new_zipfile_serialization=False)
            write_safetensors(folder / f"{name}.safetensors", state)
        arrays[f"{name}.x"] = x
        arrays[f"{name}.y"] = last(y) if map_out else y.numpy()
    np.savez(folder / "arrays.npz", **arrays)


if __name__ == "__main__":
    main()
