"""How much memory the variables of a model may take while the model is read from a file.

A config of a few hundred bytes can ask for a layer of a billion units. Its weights would have to be in the file, so the
size of the file says how much there can be.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Sequence

import numpy as np


class _Allowance(threading.local):
    def __init__(self) -> None:
        self.left: int | None = None
        self.label = ""


_allowance = _Allowance()


@contextlib.contextmanager
def of(size: int, label: str) -> Iterator[None]:
    """Inside, new variables of this thread may take `size` bytes together.

    Args:
        size: The bytes.
        label: The file, for the error.
    """
    before = (_allowance.left, _allowance.label)
    _allowance.left, _allowance.label = size, label
    try:
        yield
    finally:
        _allowance.left, _allowance.label = before


def spend(shape: Sequence[int], dtype: str, path: str) -> None:
    """Takes the bytes of a variable off.

    Raises:
        ValueError: If there are not enough left.
    """
    if _allowance.left is None:
        return
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size > _allowance.left:
        raise ValueError(
            f"{_allowance.label}: the config asks for {path!r} of shape {tuple(shape)} ({size} "
            "bytes), and the file does not hold that much."
        )
    _allowance.left -= size
