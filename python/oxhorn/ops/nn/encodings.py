"""Class numbers as rows of zeros and ones."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.arguments import as_tensor
from oxhorn.ops.dispatch import operation

__all__ = ["multi_hot", "one_hot"]


def _encode(owner: str, x: Any, num_classes: Any, axis: int, dtype: Any, sparse: bool) -> Any:
    if sparse:
        raise ValueError(f"{owner}: sparse tensors are not supported; got sparse={sparse!r}. Leave it out.")
    attrs = {
        "num_classes": arguments.positive_integer(num_classes, "num_classes", owner),
        "axis": axis,
        "dtype": standardize_dtype(dtype),
    }
    return _core.apply("one_hot", [as_tensor(x)], attrs)


@operation("x")
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """1 at the place of the class along a new axis, 0 elsewhere.

    y[..., c] = 1 if x[...] = c, else 0

    Args:
        x: Class numbers; one outside of [0, num_classes) gives zeros only.
        num_classes: How many classes there are.
        axis: Where the new axis stands.
        dtype: The dtype of the result; `floatx()` by default.
        sparse: Must not be True.

    Raises:
        ValueError: If `num_classes` is not positive, or there is no such axis.

    >>> import oxhorn as keras
    >>> keras.ops.one_hot([0, 2], 3).numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return _encode("one_hot", x, num_classes, axis, dtype, sparse)


@operation("inputs")
def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Any:
    """1 at the place of each class of a sample, 0 elsewhere.

    y[i, c] = 1 if c is among inputs[i, :], else 0

    Args:
        inputs: Class numbers of shape (samples, n, ...), or (n) for one sample; those outside of [0, num_classes) are
            passed over.
        num_classes: How many classes there are.
        axis: Where the axis of classes stands before the n classes of a sample are joined.
        dtype: The dtype of the result; `floatx()` by default.
        sparse: Must not be True.
        **kwargs: `num_tokens`, an older name of `num_classes`.

    Raises:
        ValueError: If `num_classes` is missing or not positive.

    >>> import oxhorn as keras
    >>> keras.ops.multi_hot([[0, 2], [1, 1]], 3).numpy().tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if num_classes is None:
        num_classes = kwargs.pop("num_tokens", None)
    if kwargs:
        raise TypeError(f"multi_hot: unknown arguments {sorted(kwargs)}.")
    if num_classes is None:
        raise ValueError("multi_hot: Argument `num_classes` must be specified; got None.")
    inputs = as_tensor(inputs)
    hot = _encode("multi_hot", inputs, num_classes, axis, dtype, sparse)
    return _core.apply("max", [hot], {"axis": 1 if len(inputs.shape) > 1 else 0})
