"""What functions of sliding windows ask of their arguments, said once."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, config
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.conversions import cast, convert_to_tensor


def padding_name(padding: Any, owner: str, allowed: tuple[str, ...] = ("valid", "same")) -> str:
    """The padding in lower case, if it is one of those allowed."""
    lowered = padding.lower() if isinstance(padding, str) else padding
    return arguments.choice(lowered, allowed, "padding", owner)


def spatial_rank(x: Any, owner: str) -> int:
    """The number of spatial axes of `x` (batch, spatial.., channels): 1, 2 or 3."""
    rank = len(x.shape) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"{owner}: expected an input with a batch axis, a channel axis and one to three spatial axes. "
            f"Received an input of shape {tuple(x.shape)}. Reshape it, or add an axis."
        )
    return rank


def same_float(*tensors: Any) -> list[Any]:
    """The tensors with one dtype: whole numbers become that of the floats, float32 becomes float64 beside it."""
    given = [convert_to_tensor(x) for x in tensors]
    floats = {str(x.dtype) for x in given if str(x.dtype).startswith("float")}
    dtype = standardize_dtype(config.floatx())
    if floats:
        dtype = "float64" if "float64" in floats else "float32"
    return [x if str(x.dtype) == dtype else cast(x, dtype) for x in given]
