"""Weights of a model to a file and back, all or none."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from oxhorn.saving import safetensors
from oxhorn.saving.safetensors import Entry
from oxhorn.saving.weight_paths import weights_by_path

FORMAT = "oxhorn.weights"
FORMAT_VERSION = 1


def _checked_path(filepath: Any, method: str) -> Path:
    path = Path(os.fspath(filepath))
    if path.suffix != ".safetensors":
        raise ValueError(
            f"{method} expects a path that ends in '.safetensors', such as 'model.weights.safetensors'; "
            f"got {str(path)!r}."
        )
    return path


def check_built(model: Any, method: str) -> None:
    """Raises a `ValueError` for a model that does not have all its weights yet."""
    unbuilt = [layer.name for layer in model._flatten_layers(include_self=False) if not layer.built]
    if unbuilt or not model.built:
        raise ValueError(
            f"{method}: model {model.name!r} is not built, so it does not have all its weights yet"
            + (f" (layers {unbuilt[:20]})" if unbuilt else "")
            + ". Call it on data, or begin it with `Input(shape=...)`."
        )


def save_weights(model: Any, filepath: Any) -> None:
    """Writes the weights of `model`; see `Model.save_weights`."""
    path = _checked_path(filepath, "save_weights")
    check_built(model, "save_weights")
    weights = weights_by_path(model)
    metadata = {"format": FORMAT, "format_version": str(FORMAT_VERSION)}
    safetensors.write(path, {name: variable.numpy() for name, variable in weights.items()}, metadata)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Reads the weights of `model`; see `Model.load_weights`."""
    path = _checked_path(filepath, "load_weights")
    check_built(model, "load_weights")
    weights = weights_by_path(model)

    def wanted(entries: dict[str, Entry]) -> list[str]:
        problems = _problems(weights, entries)
        if problems and not skip_mismatch:
            shown = "\n".join(f"  - {problem}" for problem in problems[:20])
            rest = f"\n  ... and {len(problems) - 20} more" if len(problems) > 20 else ""
            raise ValueError(
                f"load_weights: {str(path)!r} does not have the weights of model {model.name!r}; nothing was "
                f"changed.\n{shown}{rest}"
            )
        if problems:
            warnings.warn("load_weights skipped: " + "; ".join(problems), stacklevel=5)
        return [name for name, entry in entries.items() if name in weights and _fits(weights[name], entry)]

    tensors, metadata = safetensors.read(path, wanted)
    _check_version(metadata, path)
    for name, tensor in tensors.items():
        weights[name].assign(tensor)


def _check_version(metadata: dict[str, str], path: Path) -> None:
    version = metadata.get("format_version", "1")
    if metadata.get("format") == FORMAT and version != str(FORMAT_VERSION):
        raise ValueError(
            f"load_weights: {str(path)!r} has version {version!r} of the format; this release reads version "
            f"{FORMAT_VERSION}. Use a newer release."
        )


def _fits(variable: Any, entry: Entry) -> bool:
    return entry.shape == tuple(variable.shape) and entry.numpy_dtype == str(variable.dtype)


def _problems(weights: dict[str, Any], entries: dict[str, Entry]) -> list[str]:
    problems = []
    for name, variable in weights.items():
        where = f"{name!r} ({variable.path})"
        entry = entries.get(name)
        if entry is None:
            problems.append(f"missing in the file: {where} of shape {tuple(variable.shape)}")
        elif not _fits(variable, entry):
            problems.append(
                f"{where} has shape {tuple(variable.shape)} and dtype {variable.dtype}; in the file it has shape "
                f"{entry.shape} and dtype {entry.numpy_dtype}"
            )
    problems.extend(f"not in the model: {name[:200]!r}" for name in entries if name not in weights)
    return problems
