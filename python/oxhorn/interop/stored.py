"""Arrays that a source holds: their shapes are known at once, their numbers are read when they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["DTYPES", "Array", "Stored", "from_arrays", "widened"]

Array = np.ndarray[Any, Any]

# How the dtypes of other libraries lie in memory. The values of bfloat16 are the upper halves of float32's.
DTYPES = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    "bfloat16": "u2",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint8": "u1",
    "bool": "b1",
}

_MAX_NAME = 4096


class Stored:
    """An array of a source.

    Args:
        what: The source and the name, for messages.
        shape: Its shape.
        dtype: Its dtype in the source, one of `DTYPES`, or the one that it is read as.
        load: Returns the array; float16 and bfloat16 as the same values in float32.
    """

    def __init__(self, what: str, shape: tuple[int, ...], dtype: str, load: Callable[[], Array]) -> None:
        self.what = what
        self.shape = shape
        self.dtype = dtype
        self._load = load

    def load(self) -> Array:
        """The array."""
        array = self._load()
        if array.shape != self.shape:
            raise ValueError(
                f"{self.what} had the shape {self.shape} at first and {array.shape} later; was the file changed "
                "while being read?"
            )
        return array

    def part(self, index: int, count: int) -> Stored:
        """One of `count` equal parts along the first axis."""
        size = self.shape[0] // count
        begin = index * size
        shape = (size, *self.shape[1:])
        return Stored(self.what, shape, self.dtype, lambda: self.load()[begin : begin + size])


def widened(array: Array, dtype: str) -> Array:
    """The values in a dtype that holds all of them: float32 for float16 and bfloat16; in this machine's byte order."""
    if dtype == "bfloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    if dtype == "float16":
        return array.astype(np.float32)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def checked_name(name: Any, where: str) -> str:
    """The name of an array, if it is one.

    Raises:
        ValueError: For anything but text of a reasonable length.
    """
    if not isinstance(name, str) or len(name) > _MAX_NAME or "\x00" in name:
        raise ValueError(
            f"{where}: expected names of arrays to be text of at most {_MAX_NAME} characters without NUL; got "
            f"{repr(name)[:100]}."
        )
    return name


def from_arrays(arrays: Mapping[Any, Any], where: str) -> dict[str, Stored]:
    """Arrays in memory: those of NumPy, tensors of PyTorch, and whatever else has `__array__`.

    Raises:
        ValueError: If a value is none of these, or has a dtype that is not in `DTYPES`.
    """
    found = {}
    for name, value in arrays.items():
        shown = checked_name(name, where)
        array = _as_array(value, shown, where)
        dtype = array.dtype.name
        if dtype not in DTYPES or (array.dtype.kind == "V" and dtype != "bfloat16"):
            raise ValueError(
                f"{where}: {shown!r} has the dtype {array.dtype}; expected one of {', '.join(DTYPES)}."
            )
        if dtype == "bfloat16":
            array = array.view(np.uint16)

        def load(array: Array = array, dtype: str = dtype) -> Array:
            return widened(array, dtype)

        found[shown] = Stored(f"{where}: {shown!r}", tuple(array.shape), dtype, load)
    return found


def _as_array(value: Any, name: str, where: str) -> Array:
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(f"{where}: {name!r} is a masked array; expected one without a mask. Fill it first.")
    try:
        for method in ("detach", "cpu"):  # a tensor of PyTorch that has a gradient, or is on another device
            if callable(getattr(value, method, None)):
                value = getattr(value, method)()
        if str(getattr(value, "dtype", "")) == "torch.bfloat16":
            value = value.float()  # exact; NumPy has no such dtype
        return np.asarray(value)
    except Exception as error:  # whatever the object's own conversion raises
        raise ValueError(
            f"{where}: {name!r}, of type {type(value).__name__}, cannot be made an array of NumPy ({error})."
        ) from error
