"""Rows folded by segment: sums, products and extremes of the rows that share an id."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.arguments import as_tensor
from oxhorn.ops.dispatch import operation

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]

_ARGUMENTS = """

    Args:
        data: A tensor of shape (rows, ...).
        segment_ids: The segment of each row: whole numbers of shape (rows). Rows with a negative id are left out.
        num_segments: How many segments there are; one more than the largest id by default, which must be known then:
            in a traced call the number is needed.
        sorted: Whether the ids are in rising order. It makes no difference here.

    Returns:
        A tensor of shape (num_segments, ...); {empty} where a segment has no row.

    Raises:
        ValueError: If `segment_ids` has not one id for each row.
        IndexError: If an id is not below `num_segments`.
"""


def _segment(name: str, data: Any, segment_ids: Any, num_segments: int | None, sorted: bool) -> Any:
    arguments.boolean(sorted, "sorted", name)
    attrs = {}
    if num_segments is not None:
        attrs["num_segments"] = arguments.integer(num_segments, "num_segments", name, low=0, high=None)
    return _core.apply(name, [as_tensor(data), as_tensor(segment_ids)], attrs)


@operation("data", "segment_ids")
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """y_s = the sum of the rows of segment s."""
    return _segment("segment_sum", data, segment_ids, num_segments, sorted)


@operation("data", "segment_ids")
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """y_s = the largest of the rows of segment s, element by element."""
    return _segment("segment_max", data, segment_ids, num_segments, sorted)


@operation("data", "segment_ids")
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """y_s = the smallest of the rows of segment s, element by element."""
    return _segment("segment_min", data, segment_ids, num_segments, sorted)


@operation("data", "segment_ids")
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """y_s = the product of the rows of segment s, element by element."""
    return _segment("segment_prod", data, segment_ids, num_segments, sorted)


_EXAMPLE = """
    >>> import oxhorn as keras
    >>> keras.ops.{name}([1.0, 2.0, 3.0], [0, 1, 1]).numpy().tolist()
    {result}
    """
for _function, _empty, _result in (
    (segment_sum, "0", "[1.0, 5.0]"),
    (segment_max, "-inf (the smallest integer)", "[1.0, 3.0]"),
    (segment_min, "inf (the largest integer)", "[1.0, 2.0]"),
    (segment_prod, "1", "[1.0, 6.0]"),
):
    _function.__doc__ = (
        f"{_function.__doc__}{_ARGUMENTS.format(empty=_empty)}"
        f"{_EXAMPLE.format(name=_function.__name__, result=_result)}"
    )
