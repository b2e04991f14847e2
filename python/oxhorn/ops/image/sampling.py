"""Values at places between pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.comparisons import greater_equal, less, logical_and, where
from oxhorn.ops.conversions import cast, convert_to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.elementwise import abs, maximum, minimum, mod
from oxhorn.ops.joining import stack
from oxhorn.ops.rounding import ceil, floor
from oxhorn.ops.shapes import expand_dims, reshape

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def size_of(x: Any, axis: int) -> Any:
    """The size of an axis: a number, or a whole tensor where it is open."""
    size = x.shape[axis]
    return _core.apply("axis_size", [x], {"size": {"input": 0, "axis": axis}}) if size is None else size


def nearest_whole(x: Any) -> Any:
    """The nearest whole number, halves away from zero."""
    return where(less(x, 0.0), ceil(x - 0.5), floor(x + 0.5))


def _inside(place: Any, size: Any, mode: str) -> Any:
    """Whole places (as floats) brought into [0, size): what lies outside repeats what lies inside."""
    last = size - 1
    if mode == "wrap":
        return mod(place, size)
    if mode == "mirror":  # .. 2 1 | 0 1 2 .. | the first pixel is not repeated
        return abs(mod(place + last, maximum(2 * last, 1)) - last)
    if mode == "reflect":  # .. 1 0 | 0 1 .. | it is
        return floor(abs(mod(2 * place + 1 + 2 * size, 4 * size) - 2 * size) / 2)
    return minimum(maximum(place, 0), last)


def sample(rows: Any, sizes: Sequence[Any], places: Sequence[Any], order: int, mode: str, fill: float) -> Any:
    """Values of grids at places, each grid at its own.

    Args:
        rows: Floats of shape (batch, pixels, channels): grids with their axes flattened.
        sizes: The sizes of the grid, for each axis a number or a whole scalar.
        places: For each axis floats of shape (batch, places).
        order: 0 for the nearest pixel, 1 for linear interpolation.
        mode: What lies outside of the grid.
        fill: The value there, for the mode "constant".

    Returns:
        Floats of shape (batch, places, channels).
    """
    dtype = str(rows.dtype)
    sizes = [size if isinstance(size, int) else cast(size, str(places[0].dtype)) for size in sizes]
    nodes: list[list[tuple[Any, Any]]] = []
    for place in places:
        if order == 0:
            nodes.append([(nearest_whole(place), None)])
        else:
            low = floor(place)
            share = cast(place - low, dtype)
            nodes.append([(low, 1.0 - share), (low + 1.0, share)])
    total = None
    for corner in itertools.product(*nodes):
        index: Any = None
        valid: Any = None
        weight: Any = None
        for (place, share), size in zip(corner, sizes, strict=True):
            if mode == "constant":
                here = logical_and(greater_equal(place, 0.0), less(place, size))
                valid = here if valid is None else logical_and(valid, here)
            at = cast(_inside(place, size, mode), "int32")
            index = at if index is None else index * cast(size, "int32") + at
            if share is not None:
                weight = share if weight is None else weight * share
        values = _core.apply("take_rows", [rows, index])
        if valid is not None:
            values = where(expand_dims(valid, -1), values, fill)
        if weight is not None:
            values = values * expand_dims(weight, -1)
        total = values if total is None else total + values
    return total


@operation("inputs", "coordinates")
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    """The values of an array at places given by coordinates, which may lie between its elements.

    y[o] = x[c_0[o], c_1[o], ..], with linear interpolation along every axis for order 1, and the nearest element for
    order 0

    Args:
        inputs: A tensor of any rank. Whole numbers are interpolated as floats, and rounded.
        coordinates: A tensor of shape (rank of the inputs, ..): for each axis the places, counted in elements.
        order: 0 or 1.
        fill_mode: What lies outside: `"constant"` (k k | a b c d | k k), `"nearest"` (a a | a b c d | d d),
            `"wrap"` (c d | a b c d | a b), `"mirror"` (c b | a b c d | c b) or `"reflect"` (b a | a b c d | d c).
        fill_value: The number k for `"constant"`.

    Returns:
        A tensor of the shape of one row of coordinates, of the dtype of the inputs.

    Raises:
        ValueError: If ranks do not agree, or an argument is none of those above.

    Example:
        >>> import oxhorn as keras
        >>> x = keras.ops.array([[0.0, 1.0], [2.0, 3.0]])
        >>> keras.ops.image.map_coordinates(x, [[0.5, 1.0], [0.5, 0.0]], order=1).numpy().tolist()
        [1.5, 2.0]
    """
    owner = "map_coordinates"
    inputs = convert_to_tensor(inputs)
    if isinstance(coordinates, (list, tuple)) and any(hasattr(row, "shape") for row in coordinates):
        coordinates = stack([convert_to_tensor(row) for row in coordinates])
    coordinates = convert_to_tensor(coordinates)
    rank = len(inputs.shape)
    if len(coordinates.shape) < 2:
        raise ValueError(
            f"{owner}: Invalid coordinates rank: expected at least rank 2. "
            f"Received: coordinates.shape={tuple(coordinates.shape)}"
        )
    if coordinates.shape[0] != rank:
        raise ValueError(
            f"{owner}: First dim of `coordinates` must be the same as the rank of `inputs`. Received: "
            f"inputs.shape={tuple(inputs.shape)}, coordinates.shape={tuple(coordinates.shape)}."
        )
    arguments.choice(fill_mode, FILL_MODES, "fill_mode", owner)
    if order not in (0, 1):
        raise ValueError(
            f"{owner}: Invalid value for argument `order`. Expected one of (0, 1). Received: order={order}"
        )
    fill = arguments.number(fill_value, "fill_value", owner)
    dtype = str(inputs.dtype)
    computed = inputs if dtype.startswith("float") else cast(inputs, "float32")
    if not str(coordinates.dtype).startswith("float"):
        coordinates = cast(coordinates, str(computed.dtype))
    rows = reshape(computed, (1, -1, 1))
    sizes = [size_of(inputs, axis) for axis in range(rank)]
    shape_like = coordinates[0]
    places = [reshape(coordinates[axis], (1, -1)) for axis in range(rank)]
    values = sample(rows, sizes, places, order, fill_mode, fill)
    values = _core.apply("reshape_like", [reshape(values, (-1,)), shape_like])
    return values if computed is inputs else _rounded(values, dtype)


def _rounded(values: Any, dtype: str) -> Any:
    return cast(nearest_whole(values), dtype)
