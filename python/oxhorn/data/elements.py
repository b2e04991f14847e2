"""Elements of a data set: arrays in tuples and dicts, however nested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def as_element(value: Any, who: str) -> Any:
    """What a person gave as an element: tuples and dicts stay, everything else becomes an array.

    Raises:
        ValueError: If lists do not have the form of an array.
    """
    if isinstance(value, tuple):
        return tuple(as_element(part, who) for part in value)
    if isinstance(value, dict):
        return {key: as_element(part, who) for key, part in value.items()}
    if type(value) is np.ndarray:
        return value
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{who}: expected lists of equal lengths, numbers, text or arrays; got {type(value).__name__} that is no "
            f"array ({error})."
        ) from None
    if array.dtype.kind == "O" and not _is_text(array):
        raise ValueError(
            f"{who}: expected arrays, numbers or text; got {type(value).__name__}, which has no numeric dtype. "
            "Elements are made of tuples, dicts and arrays."
        )
    # Python numbers have the dtypes that tensors have by default.
    if isinstance(value, (int, float, list)) and not isinstance(value, (bool, np.generic)):
        if array.dtype == np.float64:
            return array.astype(np.float32)
        if array.dtype == np.int64 and (not array.size or abs(array).max() < 2**31):
            return array.astype(np.int32)
    return array


def _is_text(array: Array) -> bool:
    return all(isinstance(x, (str, bytes)) for x in array.flat)


def leaves(element: Any) -> list[Array]:
    """The arrays of an element."""
    if isinstance(element, tuple):
        return [leaf for part in element for leaf in leaves(part)]
    if isinstance(element, dict):
        return [leaf for part in element.values() for leaf in leaves(part)]
    return [element]


def map_leaves(function: Callable[..., Any], element: Any, *others: Any) -> Any:
    """An element of the same structure with `function` of each array (and of the arrays of others at its place)."""
    if isinstance(element, tuple):
        return tuple(map_leaves(function, *parts) for parts in zip(element, *others, strict=True))
    if isinstance(element, dict):
        return {key: map_leaves(function, part, *(o[key] for o in others)) for key, part in element.items()}
    return function(element, *others)


def structure(element: Any) -> Any:
    """What two elements must have in common to be joined in one batch."""
    if isinstance(element, tuple):
        return tuple(structure(part) for part in element)
    if isinstance(element, dict):
        return {key: structure(part) for key, part in element.items()}
    return None


def check_structure(first: Any, other: Any, number: int, who: str) -> None:
    """Raises `ValueError` if an element is not made as the first one is."""
    if structure(first) != structure(other):
        raise ValueError(
            f"{who}: expected all elements to have the structure of the first one, {described(first)}; got "
            f"{described(other)} as element {number}."
        )


def described(element: Any) -> str:
    """An element as messages show it: shapes and dtypes."""
    if isinstance(element, tuple):
        return "(" + ", ".join(described(part) for part in element) + ("," if len(element) == 1 else "") + ")"
    if isinstance(element, dict):
        return "{" + ", ".join(f"{key!r}: {described(part)}" for key, part in element.items()) + "}"
    name = "text" if element.dtype.kind in "OSU" else element.dtype.name  # and not how long the longest is
    return f"{name}{list(element.shape)}"


def common_dtype(parts: Sequence[Array]) -> Any:
    """The dtype that holds the numbers of all arrays; 64 bits only where an array has as many.

    An array without numbers says nothing: an empty list has no dtype of its own.
    """
    full = [part for part in parts if part.size] or parts
    if any(part.dtype.kind not in "iufb" for part in full):
        return None if any(part.dtype.kind == "O" for part in full) else np.result_type(*full)
    common = np.result_type(*(part.dtype for part in full))
    wide = any(part.dtype == np.float64 for part in full)
    return common if wide or common != np.float64 else np.dtype(np.float32)


def stack(elements: Sequence[Any], begin: int, who: str) -> Any:
    """Elements joined along a new first axis.

    Args:
        elements: At least one.
        begin: The number of the first one, for messages.
        who: The method, for messages.

    Raises:
        ValueError: If structures or shapes differ.
    """
    first = elements[0]
    for i, element in enumerate(elements):
        check_structure(first, element, begin + i, who)

    def join(*parts: Any) -> Array:
        for i, part in enumerate(parts):
            if part.shape != parts[0].shape:
                raise ValueError(
                    f"{who}: expected elements of one shape; element {begin} has {parts[0].shape} and element "
                    f"{begin + i} has {part.shape}. Bring them to one shape in `map`, or use `padded_batch`."
                )
        return np.stack(parts, dtype=common_dtype(parts))

    return map_leaves(join, first, *elements[1:])
