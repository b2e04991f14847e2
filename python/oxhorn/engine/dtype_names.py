"""The dtypes of tensors, and what is said of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FLOAT_DTYPES = ("float32", "float64")
DTYPES = (*FLOAT_DTYPES, "int32", "int64", "uint8", "bool")


def what_to_use(name: str, known: Sequence[str] = DTYPES) -> str:
    """What to use in the place of a dtype that is not among `known`."""
    name = name.lower()
    if name == "half" or any(part in name for part in ("float8", "float16")):
        return "16-bit floats bring nothing on a CPU: use 'float32'."
    if any(part in name for part in ("float96", "float128", "longdouble")):
        return "Use 'float64', the longest."
    if "int" in name and "int32" in known:
        return "Use 'int32', or 'int64' for larger numbers, or 'uint8' for bytes."
    if "complex" in name:
        return "Use a tensor for the real part and one for the imaginary part."
    if name.startswith(("str", "bytes", "object", "datetime", "timedelta", "void")):
        return "Tensors hold numbers: turn the values into numbers first."
    return "Check the spelling."


def dtype_error(who: str, given: Any, known: Sequence[str] = DTYPES) -> ValueError:
    """The error for a dtype that is not among `known`.

    Args:
        who: What was asked, as the sentence begins: `"dtype"`, `"Cannot convert 'x' to a dtype policy: it"`.
        given: What was given.
        known: The names that would do.
    """
    return ValueError(
        f"{who} must be one of {list(known)}; got {given!r}, which is not supported. "
        f"{what_to_use(str(given), known)}"
    )
