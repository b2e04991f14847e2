"""A short text that changes when layers, their weights or data change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn.models.model import Model

# Bytes to hash at once: what is mapped from a disk need not be in memory as a whole.
_PIECE = 1 << 24


def fingerprint_of_weights(model: Any) -> str:
    """That of the values of all variables, in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for variable in model.variables:
        _add(digest, variable.numpy())
    return digest.hexdigest()


def fingerprint(model: Any, arrays: Sequence[Any], version: str) -> str:
    """That of a model (what its layers are, and their weights) and of data.

    Names do not count: automatic ones differ from run to run.

    Args:
        model: A model with a graph.
        arrays: The data.
        version: Of the program that computes.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(version.encode())
    digest.update(json.dumps(_without_names(model), sort_keys=True, default=repr).encode())
    digest.update(fingerprint_of_weights(model).encode())
    for array in arrays:
        _add(digest, array)
    return digest.hexdigest()


def digest_of(array: Any) -> str:
    """That of one array."""
    digest = hashlib.blake2b(digest_size=16)
    _add(digest, array)
    return digest.hexdigest()


def _add(digest: Any, array: Any) -> None:
    array = np.asarray(array)
    digest.update(f"{array.dtype.str} {array.shape} ".encode())
    if array.dtype.kind in "OUST":
        digest.update(json.dumps(array.tolist(), default=repr).encode())
        return
    rows = max(1, _PIECE // max(1, array[:1].nbytes)) if array.ndim else 1
    for start in range(0, len(array) if array.ndim else 1, rows):
        piece = array[start : start + rows] if array.ndim else array
        digest.update(np.ascontiguousarray(piece).tobytes())


def _without_names(model: Model) -> Any:
    """The config of a model, with numbers in the place of the names of its layers."""
    assert model._graph is not None
    numbers: dict[str, str] = {}
    operations = [*model._graph.operations, *model._flatten_layers()]
    for operation in operations:
        numbers.setdefault(operation.name, f"#{len(numbers)}")

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): renamed(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [renamed(item) for item in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    from oxhorn.models.functional_config import functional_config

    return renamed(functional_config(model, model._graph))
