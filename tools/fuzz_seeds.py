"""Writes the first inputs of the fuzz targets to fuzz/corpus: what the tests ask of the core, and a few small files.

    python tools/fuzz_seeds.py

The formats of the inputs are described at the top of each file in fuzz/fuzz_targets.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python"), str(ROOT)]

from oxhorn import _core  # noqa: E402
from oxhorn.saving import safetensors  # noqa: E402

CORPUS = ROOT / "fuzz" / "corpus"
LETTERS = {"float32": "f", "float64": "d", "int32": "i", "int64": "l", "uint8": "u", "bool": "b"}

# For each name, as many different inputs; libFuzzer makes the rest.
MOST = 6
# Where the tests are that put most of the core's functions to work.
TESTS = [
    "tests/ops/test_ops.py::test_value",
    "tests/layers/test_layers.py::test_values",
    "tests/losses/test_losses.py",
    "tests/optimizers/test_rules.py",
    "tests/initializers",
    "tests/regularizers",
]

_written: Counter[tuple[str, str]] = Counter()
_paths: set[Path] = set()


def put(target: str, name: str, content: bytes) -> None:
    """Writes one input, unless there are enough for this name."""
    folder = CORPUS / target
    path = folder / f"seed-{hashlib.sha256(content).hexdigest()[:16]}"
    if _written[target, name] >= MOST or len(content) > 4096 or path in _paths:
        return
    _written[target, name] += 1
    _paths.add(path)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def show(shape: Any) -> str:
    return ",".join("?" if n is None else str(n) for n in shape)


def attributes(attrs: Any) -> str:
    """Attributes as the core sees them: JSON, with words for what JSON has no number for."""

    def plain(x: Any) -> Any:
        if isinstance(x, dict):
            return {str(k): plain(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return [plain(v) for v in x]
        if isinstance(x, (bool, np.bool_)):
            return bool(x)
        if isinstance(x, (int, np.integer)):
            return int(x)
        if isinstance(x, (float, np.floating)):
            return float(x) if np.isfinite(x) else str(float(x))
        return x if x is None else str(x)

    return json.dumps(plain(attrs or {}))


class Recorder:
    """Stands in front of the core's functions while the tests run."""

    def __init__(self) -> None:
        for name in ("initialize", "penalty", "constrain", "loss"):
            setattr(_core, name, self.named(getattr(_core, name)))
        for name in ("apply", "activation", "LayerCore", "OptimizerCore"):
            setattr(_core, name, getattr(self, name.lower())(getattr(_core, name)))

    def named(self, function: Any) -> Any:
        def call(name: str, config: str, *rest: Any) -> Any:
            put("configs", name, f"{name}\n{config}".encode())
            return function(name, config, *rest)

        return call

    def apply(self, function: Any) -> Any:
        def call(name: str, inputs: Any, attrs: Any = None) -> Any:
            inputs = list(inputs)
            arrays = [x if hasattr(x, "shape") else np.asarray(x) for x in inputs]
            specs = [LETTERS.get(str(x.dtype), "f") + show(x.shape) for x in arrays]
            put("ops", name, f"{name}\n{' '.join(specs)}\n{attributes(attrs)}".encode())
            if name == "einsum":
                shapes = " ".join(show(x.shape) for x in arrays)
                put(
                    "einsum",
                    attributes(attrs),
                    f"{next(iter((attrs or {}).values()), '')}\n{shapes}".encode(),
                )
            return function(name, inputs, attrs)

        return call

    def activation(self, function: Any) -> Any:
        def call(name: str, x: Any, attrs: Any = None) -> Any:
            put("configs", name, f"{name}\n{attributes(attrs)}".encode())
            return function(name, x, attrs)

        return call

    def layercore(self, layer: Any) -> Any:
        class Layer:
            def __init__(self, name: str, config: str) -> None:
                self.name, self.config, self.core = name, config, layer(name, config)

            def weights(self, shapes: Any) -> Any:
                shapes = [list(shape) for shape in shapes]
                lines = f"{self.name}\n{' '.join(map(show, shapes))}\n{self.config}"
                put("layers", self.name, lines.encode())
                return self.core.weights(shapes)

            def call(self, *arguments: Any) -> Any:
                return self.core.call(*arguments)

        return Layer

    def optimizercore(self, optimizer: Any) -> Any:
        def make(name: str, config: str) -> Any:
            put("configs", name, f"{name}\n{config}".encode())
            return optimizer(name, config)

        return make


def files() -> None:
    """Small files of each format."""
    arrays = {
        "a": np.ones((2, 3), "float32"),
        "b/0": np.array([True, False]),
        "e": np.zeros((0, 4), "int64"),
        "s": np.array(3, "uint8"),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for records in ({}, {"state": '{"epoch": 1}'}, {**arrays, "state": "naïve"}):
            _core.write_snapshot(path, records)
            content = path.read_bytes()
            put("snapshot", str(len(content)), content)
            # Without the head, which the target writes: the length of the index, the index, the data.
            (length,) = struct.unpack_from("<Q", content, 12)
            put("snapshot", f"bare {len(content)}", struct.pack("<H", length) + content[40:])
        for tensors in ({}, arrays):
            safetensors.write(path, tensors, {"k": "v"})
            content = path.read_bytes()
            put("safetensors", str(len(content)), content)
            put("safetensors", f"bare {len(content)}", content[8:])
    for dtype in ("F16", "BF16", "I8", "U32"):
        header = {"x": {"dtype": dtype, "shape": [1, 0], "data_offsets": [0, 0]}}
        put("safetensors", dtype, json.dumps(header).encode())


def main() -> None:
    files()
    Recorder()
    pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *(str(ROOT / name) for name in TESTS)])
    counts = Counter(target for target, _ in _written.elements())
    print("seeds:", ", ".join(f"{target} {count}" for target, count in sorted(counts.items())))
    if min(counts[name] for name in ("configs", "layers", "ops", "einsum")) < 5:
        raise SystemExit("fuzz_seeds: the tests asked too little of the core; run `make test-python` first.")


if __name__ == "__main__":
    main()
