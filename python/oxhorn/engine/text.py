"""Text in arrays and lists: what layers that read text are called with."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core

Array = np.ndarray[Any, Any]


def is_text(value: Any) -> bool:
    """Whether `value` is text: a string, an array or tensor of strings, or a list of them, however nested."""
    if isinstance(value, (str, bytes)):
        return True
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(is_text(item) for item in value)
    if isinstance(value, _core.Tensor):
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind == "O" and hasattr(value, "__array__"):
        array = np.asarray(value)
        return array.size > 0 and isinstance(array.flat[0], (str, bytes))
    return kind in ("U", "S", "T")


def as_text(value: Any, who: str, encoding: str = "utf-8") -> Array:
    """Text as an array of Python strings.

    Args:
        value: A string, or an array or nested lists of strings or bytes.
        who: What to call it in an error.
        encoding: How bytes are read.

    Raises:
        TypeError: If something else than text is among them.
        ValueError: If the lists are of different lengths, or bytes cannot be read.
    """
    if isinstance(value, _core.Tensor):
        raise TypeError(f"{who} expected text; got a tensor of {value.dtype}, which holds numbers.")
    array = np.array(value, dtype=object)
    flat = array.ravel()
    texts = np.empty(flat.shape, object)
    for place, item in enumerate(flat):
        if isinstance(item, bytes):
            texts[place] = _decoded(item, who, encoding)
        elif isinstance(item, str):
            texts[place] = str(item)
        elif isinstance(item, (list, tuple, np.ndarray)):
            raise ValueError(
                f"{who} expected text in the form of an array; got lists of different lengths. Make them equally long, "
                "for example with an empty string where there is none."
            )
        else:
            raise TypeError(
                f"{who} expected text; got {item!r} of type {type(item).__name__}. Numbers can be made text with "
                "np.array(x).astype(str); a missing value needs a text of its own, such as ''."
            )
    return texts.reshape(array.shape)


def _decoded(item: bytes, who: str, encoding: str) -> str:
    try:
        return item.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{who} got bytes that are no {encoding}: {error}. Pass another `encoding`."
        ) from error
