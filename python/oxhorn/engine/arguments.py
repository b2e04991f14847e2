"""What a layer or model is called with, as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core, tree
from oxhorn.engine.keras_tensor import KerasTensor


def is_list_of_numbers(x: Any) -> bool:
    """Whether `x` is a list or tuple, however nested, of Python numbers only (and at least one entry a level)."""
    return (
        isinstance(x, (list, tuple))
        and len(x) > 0
        and all(isinstance(item, (bool, int, float, np.number)) or is_list_of_numbers(item) for item in x)
    )


def convert_arguments(structure: Any, float_dtype: str | None, top: bool = True) -> Any:
    """`structure` with arrays, and lists of numbers, as tensors; symbolic tensors and other values as they are.

    Args:
        structure: An argument, or a list, tuple or dict of them.
        float_dtype: The dtype that floats are cast to, or `None` to leave them.
        top: Whether a tuple is the tuple of all positional arguments, each of which is one to itself.
    """
    if isinstance(structure, dict):
        return {key: convert_arguments(item, float_dtype, False) for key, item in structure.items()}
    if isinstance(structure, list) or (isinstance(structure, tuple) and not top):
        if is_list_of_numbers(structure):
            return _convert_leaf(np.asarray(structure), float_dtype)
        items = [convert_arguments(item, float_dtype, False) for item in structure]
        if isinstance(structure, list):
            return items
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    if isinstance(structure, tuple):
        return tuple(convert_arguments(item, float_dtype, False) for item in structure)
    return _convert_leaf(structure, float_dtype)


def convert_arrays(structure: Any, float_dtype: str | None) -> Any:
    """`structure` with arrays as tensors; lists of numbers stay lists, as keyword arguments often are."""
    return tree.map_structure(lambda leaf: _convert_leaf(leaf, float_dtype), structure)


def _convert_leaf(x: Any, float_dtype: str | None) -> Any:
    if x is None or isinstance(x, (KerasTensor, bool, int, float, str)):
        return x
    if isinstance(x, (_core.Tensor, _core.Variable)):
        if float_dtype is None or str(x.dtype) == float_dtype or not str(x.dtype).startswith("float"):
            return x
        cast = _core.apply("cast", [x], {"dtype": float_dtype})
        mask = getattr(x, "_keras_mask", None)
        if mask is not None:
            cast._keras_mask = mask
        return cast
    if hasattr(x, "__array__"):
        array = np.asarray(x)
        return _core.tensor(array, float_dtype if array.dtype.kind == "f" else None)
    return x
