"""How much a model may take while it is read from a file: memory for its variables, and calls of its layers.

A config of a few hundred bytes can ask for a layer of a billion units. Its weights would have to be in the file, so the
size of the file says how much there can be. And thirty models, each of which calls the one inside it twice, make
a billion calls: the calls are counted.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Sequence

import numpy as np


class _Allowance(threading.local):
    def __init__(self) -> None:
        self.left: float | None = None
        self.calls = 0
        self.label = ""


_allowance = _Allowance()
_lock = threading.Lock()
# How many are open, in all threads: a question that costs little where layers are called.
open_ones = 0

# A model of a thousand layers, ten times inside another, takes less than half as many calls.
MAX_CALLS = 100_000
# What a model may take before its weights are compared with the file: its file, in the widest dtype, and some more.
WIDEST = 8
SLACK = 1 << 26


@contextlib.contextmanager
def of(stored: int | None, label: str) -> Iterator[None]:
    """Inside, new variables of this thread may take what a file can hold, and layers be called a number of times.

    Args:
        stored: The bytes of the file; `None` where weights come from no file, and only the calls are counted.
        label: The file, for the error.
    """
    global open_ones
    before = (_allowance.left, _allowance.calls, _allowance.label)
    _allowance.left = math.inf if stored is None else WIDEST * stored + SLACK
    _allowance.calls, _allowance.label = MAX_CALLS, label
    with _lock:
        open_ones += 1
    try:
        yield
    finally:
        with _lock:
            open_ones -= 1
        _allowance.left, _allowance.calls, _allowance.label = before


def called(times: int = 1) -> None:
    """Takes calls of layers off.

    Raises:
        ValueError: If there are not enough left.
    """
    if _allowance.left is None:
        return
    _allowance.calls -= times
    if _allowance.calls < 0:
        raise ValueError(
            f"{_allowance.label}: the config asks for more than {MAX_CALLS} calls of layers: layers inside "
            "layers, each called several times, multiply them."
        )


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
