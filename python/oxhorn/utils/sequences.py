"""Sequences of different lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from oxhorn.arguments import choice, describe, positive_integer


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> npt.NDArray[Any]:
    """Sequences of different lengths as one array: the short ones are filled up, the long ones cut.

    Args:
        sequences: A list of sequences of numbers (or of entries of one shape).
        maxlen: The length of all results. Defaults to `None`, the longest length.
        dtype: The dtype of the result; `object` for texts of any length. Defaults to `"int32"`.
        padding: `"pre"` or `"post"`: whether `value` goes before or after a short sequence. Defaults to `"pre"`.
        truncating: `"pre"` or `"post"`: whether a long sequence loses its beginning or its end. Defaults to `"pre"`.
        value: What short sequences are filled up with. Defaults to 0.

    Returns:
        An array of shape `(len(sequences), maxlen, ...)`.

    Raises:
        ValueError: If `sequences` is not a list of sequences, their entries have different shapes, or an argument is
            not what it has to be.

    Example:
        >>> import oxhorn as keras
        >>> keras.utils.pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
        array([[0, 1],
               [2, 3],
               [5, 6]], dtype=int32)

    Source: Keras 3.
    """
    who = "pad_sequences"
    if not hasattr(sequences, "__len__") or isinstance(sequences, (str, bytes)):
        raise ValueError(
            f"{who}: `sequences` must be iterable, with a length; got {describe(sequences)}. Pass a list of lists."
        )
    lengths = []
    entry_shape: tuple[int, ...] | None = None
    for sequence in sequences:
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"{who}: `sequences` must be a list of iterables. Found non-iterable: {describe(sequence)}."
            )
        lengths.append(len(sequence))
        if entry_shape is None and len(sequence):
            entry_shape = np.asarray(sequence).shape[1:]
    length = max(lengths, default=0) if maxlen is None else positive_integer(maxlen, "maxlen", who)
    padding = choice(padding, ("pre", "post"), "padding", who)
    truncating = choice(truncating, ("pre", "post"), "truncating", who)
    holds_text = np.issubdtype(dtype, np.str_) or np.issubdtype(dtype, np.bytes_)
    if isinstance(value, str) and np.dtype(dtype) != np.dtype(object) and not holds_text:
        raise ValueError(
            f"{who}: `dtype` {dtype} is not compatible with `value`'s type: {type(value)}. You should set "
            "`dtype=object` for variable length strings."
        )
    entry_shape = entry_shape or ()
    result = np.full((len(lengths), length, *entry_shape), value, dtype=dtype)
    for row, sequence in zip(result, sequences, strict=True):
        if not len(sequence):
            continue
        kept = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype=dtype)
        if kept.shape[1:] != entry_shape:
            raise ValueError(
                f"{who}: expected entries of the shape {entry_shape} of the first sequence; got entries of the shape "
                f"{kept.shape[1:]} in another. The shape of every entry must be the same."
            )
        place = slice(length - len(kept), None) if padding == "pre" else slice(len(kept))
        row[place] = kept
    return result
