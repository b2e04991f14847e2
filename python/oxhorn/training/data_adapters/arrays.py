"""What a person passes as data, turned into columns: C-contiguous NumPy arrays of a dtype the core knows.

An array that is already such a column is borrowed, never copied; any other is converted once. Inputs are never
written to.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.engine.text import is_text

# Smaller and unsigned integers go to the next type that holds all their values; only uint64 may not fit.
_INTEGERS = {
    "i1": "int32",
    "i2": "int32",
    "i4": "int32",
    "i8": "int64",
    "u1": "uint8",
    "u2": "int32",
    "u4": "int64",
    "u8": "int64",
}
_KIND_NAMES = {
    "O": "Python objects",
    "U": "text",
    "S": "bytes",
    "c": "complex numbers",
    "M": "dates",
    "m": "time differences",
    "V": "records",
}


def as_column(value: Any, who: str, float_dtype: str) -> np.ndarray[Any, Any]:
    """One array of samples, ready for the core.

    Args:
        value: A NumPy array of any layout and numeric dtype, a tensor, a DataFrame or Series, or nested lists of
            numbers.
        who: What to call it in an error.
        float_dtype: Floating point arrays become this dtype. Integers and booleans stay what they are.

    Raises:
        ValueError: If the value is no array of numbers, or has no axis for samples.
    """
    array = value if type(value) is np.ndarray else _to_array(value, who)
    dtype = array.dtype
    kind = dtype.kind
    if kind == "f":
        wanted = float_dtype
    elif kind == "b":
        wanted = "bool"
    elif kind in "iu":
        wanted = _INTEGERS[dtype.str[1:]]
        if dtype.str[1:] == "u8" and array.size and int(array.max()) > np.iinfo(np.int64).max:
            raise ValueError(f"{who} has uint64 values up to {array.max()}, more than int64 holds.")
    else:
        raise ValueError(_wrong_kind(value, array, who))
    if array.ndim == 0:
        raise ValueError(
            f"{who} must have an axis for the samples, so at least rank 1; got the shape () ({value!r}). "
            "For one sample, wrap it: np.array([value])."
        )
    if dtype == wanted and dtype.isnative and array.flags.c_contiguous and array.flags.aligned:
        return array
    return np.array(array, dtype=wanted, order="C", copy=True)


def is_array_like(value: Any) -> bool:
    """Whether `value` is one array rather than a container of arrays or a plain number."""
    return isinstance(value, np.ndarray) or hasattr(value, "__array__") or hasattr(value, "tocoo")


def lists_to_arrays(structure: Any, who: str) -> Any:
    """`structure` with every nested list of plain numbers replaced by one array.

    `[[1, 2], [3, 4]]` is one array of two samples; `[array1, array2]` stays a list of two inputs.
    """
    if isinstance(structure, dict):
        return {key: lists_to_arrays(value, f"{who}[{key!r}]") for key, value in structure.items()}
    if not isinstance(structure, (list, tuple)):
        return structure
    if len(structure) == 0:
        raise ValueError(f"{who} is empty: got {structure!r}; expected at least one sample.")
    if not _holds_arrays(structure):
        return _to_array(structure, who)
    values = [lists_to_arrays(value, f"{who}[{place}]") for place, value in enumerate(structure)]
    if isinstance(structure, list):
        return values
    return type(structure)(*values) if hasattr(structure, "_fields") else tuple(values)


def _holds_arrays(structure: Any) -> bool:
    if isinstance(structure, (list, tuple)):
        return any(_holds_arrays(value) for value in structure)
    # NumPy's scalars have `__array__` too; a list of them is a list of numbers.
    return isinstance(structure, dict) or (is_array_like(structure) and not isinstance(structure, np.generic))


def _to_array(value: Any, who: str) -> np.ndarray[Any, Any]:
    if hasattr(value, "tocoo") and hasattr(value, "toarray"):
        raise ValueError(
            f"{who} is a sparse matrix ({type(value).__name__}); expected a dense array. Pass {who}.toarray()."
        )
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise ValueError(
                f"{who} is a masked array with {int(np.ma.getmaskarray(value).sum())} masked values. "
                f"Fill them first, for example with {who}.filled(0)."
            )
        value = value.data
    if not isinstance(value, (list, tuple)) and not is_array_like(value):
        raise ValueError(
            f"{who} must be an array (NumPy array, tensor, DataFrame, nested lists of numbers); "
            f"got {_short(value)} of type {type(value).__name__}."
        )
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{who} could not be read as an array of numbers: {error}. Every sample must have the same shape."
        ) from error


def _wrong_kind(value: Any, array: np.ndarray[Any, Any], who: str) -> str:
    found = _KIND_NAMES.get(array.dtype.kind, f"dtype {array.dtype}")
    message = f"{who} must hold numbers (float, integer or bool); got {found} (dtype {array.dtype}"
    message += f", shape {array.shape})."
    if hasattr(value, "dtypes") and hasattr(value, "columns"):
        odd = [f"{name!r} ({dtype})" for name, dtype in value.dtypes.items() if dtype.kind not in "fiub"]
        if odd:
            return f"{message} Columns that are not numbers: {', '.join(odd)}. Encode or drop them."
    if array.dtype.kind == "c":
        return f"{message} Pass the real and the imaginary part as two features."
    if array.dtype.kind in "US" or is_text(array):
        return (
            f"{message} Encode it as numbers first, with layers such as TextVectorization, StringLookup or Hashing: on "
            "the data, or as the first layers of a functional or Sequential model."
        )
    if array.dtype.kind == "O":
        return f"{message} Convert it first, for example with {who}.astype('float32')."
    return f"{message} Encode it as numbers first."


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
