"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import as_dtype, as_number, one_axis, promoted
from oxhorn.ops.dispatch import operation
from oxhorn.ops.elementwise import multiply

__all__ = ["cross", "dot", "einsum", "inner", "kron", "matmul", "outer", "tensordot", "vdot"]


def _matrices(x1: Any, x2: Any) -> Any:
    """The product of matrices of one dtype; that of booleans says whether any pair is true.

    Whole numbers are multiplied as float64, which holds 53 bits of them; int64 term by term.
    """
    dtype = x1.dtype
    if dtype[0] == "f":
        return _core.apply("matmul", [x1, x2])
    if dtype != "int64":
        x1, x2 = as_dtype(x1, "float64"), as_dtype(x2, "float64")
        product = _core.apply("matmul", [x1, x2])
        # By way of int64, so that what does not fit wraps around, as in other integer arithmetic.
        return as_dtype(product if dtype == "bool" else as_dtype(product, "int64"), dtype)
    row, column = len(x1.shape) == 1, len(x2.shape) == 1
    x1 = x1[None, :, None] if row else _core.apply("expand_dims", [x1], {"axis": -1})
    x2 = x2[None, :, None] if column else _core.apply("expand_dims", [x2], {"axis": -3})
    result = _core.apply("sum", [_core.apply("multiply", [x1, x2])], {"axis": -2})
    if row and column:
        return _core.apply("reshape", [result], {"newshape": []})
    return _core.apply("squeeze", [result], {"axis": -2 if row else -1}) if row or column else result


def _flat(x: Any) -> Any:
    return _core.apply("reshape", [x], {"newshape": [-1]})


@operation("x1", "x2")
def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes.

    Args:
        x1: A tensor of shape (..., n, k), or (k) for a row.
        x2: A tensor of shape (..., k, m), or (k) for a column.

    Returns:
        A tensor of shape (..., n, m), without the axis of a row or column.
    """
    return _matrices(*promoted(x1, x2))


@operation("x1", "x2")
def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of `x1` and the second to last (or only) axis of `x2`.

    Of two numbers, or a number and a tensor, the product.

    Raises:
        ValueError: If these axes differ in size.

    >>> import oxhorn as keras
    >>> float(keras.ops.dot([1.0, 2.0], [3.0, 4.0]))
    11.0
    """
    x1, x2 = promoted(x1, x2)
    if not x1.shape or not x2.shape:
        return multiply(x1, x2)
    over = max(len(x2.shape) - 2, 0)
    a, b = x1.shape[-1], x2.shape[over]
    if a is not None and b is not None and a != b:
        which = "second last axis" if len(x2.shape) > 1 else "axis"
        raise ValueError(
            f"dot: shape must match on the last axis of `x1` and the {which} of `x2`; got `x1` of shape "
            f"{tuple(x1.shape)} and `x2` of shape {tuple(x2.shape)}."
        )
    return _contract(x1, x2, [len(x1.shape) - 1], [over])


@operation("x1", "x2")
def vdot(x1: Any, x2: Any) -> Any:
    """The sum of products of all values, in row order."""
    x1, x2 = promoted(x1, x2)
    return _matrices(_flat(x1), _flat(x2))


@operation("x1", "x2")
def inner(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of both; of two numbers, or a number and a tensor, the product.

    Raises:
        ValueError: If the last axes differ in size.
    """
    x1, x2 = promoted(x1, x2)
    if not x1.shape or not x2.shape:
        return multiply(x1, x2)
    a, b = x1.shape[-1], x2.shape[-1]
    if a is not None and b is not None and a != b:
        raise ValueError(
            f"inner: requires the last dimension of `x1` and `x2` to match; got `x1` of shape {tuple(x1.shape)} and "
            f"`x2` of shape {tuple(x2.shape)}."
        )
    return _contract(x1, x2, [len(x1.shape) - 1], [len(x2.shape) - 1])


@operation("x1", "x2")
def outer(x1: Any, x2: Any) -> Any:
    """The products of each value of `x1` with each of `x2`: a matrix."""
    x1, x2 = promoted(x1, x2)
    column = _core.apply("reshape", [x1], {"newshape": [-1, 1]})
    return multiply(column, _core.apply("reshape", [x2], {"newshape": [1, -1]}))


@operation("x1", "x2")
def tensordot(x1: Any, x2: Any, axes: int | Sequence[Any] = 2) -> Any:
    """The sum of products over pairs of axes.

    Args:
        x1: A tensor.
        x2: A tensor.
        axes: A number n, for the last n axes of `x1` and the first n of `x2`; or a pair of axes, or of lists of axes.

    Returns:
        A tensor with the other axes of `x1`, then those of `x2`.

    Raises:
        ValueError: If the sizes of a pair differ.

    >>> import oxhorn as keras
    >>> x = keras.ops.ones((2, 3, 4))
    >>> keras.ops.tensordot(x, x, axes=[[0, 1], [0, 1]]).shape
    (4, 4)
    """
    x1, x2 = promoted(x1, x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(x1.shape), len(x2.shape)):
            raise ValueError(
                f"tensordot: `axes` must be between 0 and the number of axes; got {axes} for shapes {tuple(x1.shape)} "
                f"and {tuple(x2.shape)}."
            )
        first = list(range(len(x1.shape) - axes, len(x1.shape)))
        second = list(range(axes))
    else:
        one, other = axes
        first, second = (
            [
                one_axis("tensordot", a, len(x.shape))
                for a in (axis if isinstance(axis, (list, tuple)) else [axis])
            ]
            for x, axis in ((x1, one), (x2, other))
        )
        if len(first) != len(second):
            raise ValueError(f"tensordot: `axes` must be a pair of lists of the same length; got {axes!r}.")
    sizes = [x1.shape[a] for a in first], [x2.shape[b] for b in second]
    if any(a is not None and b is not None and a != b for a, b in zip(*sizes, strict=True)):
        raise ValueError(
            f"tensordot: shape mismatch on the summed axes: {tuple(sizes[0])} of `x1` and {tuple(sizes[1])} of `x2`, "
            f"of shapes {tuple(x1.shape)} and {tuple(x2.shape)}."
        )
    return _contract(x1, x2, first, second)


def _contract(x1: Any, x2: Any, first: list[int], second: list[int]) -> Any:
    """The sum of products over pairs of axes; open sizes may be anywhere.

    Each tensor is laid out as a matrix, (kept, summed) and (summed, kept). Where more of the kept sizes are open
    than a reshape can find again, the product is broadcast instead.
    """
    kept1 = [a for a in range(len(x1.shape)) if a not in first]
    kept2 = [b for b in range(len(x2.shape)) if b not in second]
    sizes1, sizes2 = [x1.shape[a] for a in kept1], [x2.shape[b] for b in kept2]
    if not first or (sizes1 + sizes2).count(None) > 1 or (len(sizes2) > 1 and None in sizes2):
        return _contract_open(x1, x2, first, second, kept1, kept2)
    left = _core.apply("transpose", [x1], {"axes": kept1 + first}) if x1.shape else x1
    right = _core.apply("transpose", [x2], {"axes": second + kept2})
    if len(first) > 1:
        left = _core.apply("reshape", [left], {"newshape": [-1], "keep": len(kept1)})
        summed = [x2.shape[b] for b in second]
        if None in summed:
            summed = [x1.shape[a] for a in first]
        if None in summed:
            return _contract_open(x1, x2, first, second, kept1, kept2)
        total = 1
        for size in summed:
            total *= size
        right = _core.apply("reshape", [right], {"newshape": [total, *sizes2]})
    if len(kept2) > 1:
        width = 1
        for size in sizes2:
            width *= size
        right = _core.apply("reshape", [right], {"newshape": [-1, width]})
    result = _matrices(left, right)
    return (
        _core.apply("reshape", [result], {"newshape": sizes2, "keep": len(kept1)})
        if len(kept2) > 1
        else result
    )


def _contract_open(
    x1: Any, x2: Any, first: list[int], second: list[int], kept1: list[int], kept2: list[int]
) -> Any:
    """The same as a sum over a broadcast product: axes (kept1, kept2, summed)."""
    left = _core.apply("transpose", [x1], {"axes": kept1 + first}) if x1.shape else x1
    right = _core.apply("transpose", [x2], {"axes": kept2 + second}) if x2.shape else x2
    for _ in kept2:
        left = _core.apply("expand_dims", [left], {"axis": len(kept1)})
    product = multiply(left, right)
    if not first:
        return product
    rank = len(kept1) + len(kept2)
    axes = list(range(rank, rank + len(first)))
    return _core.apply("any" if product.dtype == "bool" else "sum", [product], {"axis": axes})


@operation("x1", "x2")
def kron(x1: Any, x2: Any) -> Any:
    """Kronecker's product: a copy of `x2` for each value of `x1`, times this value, laid out as `x1` is.

    >>> import oxhorn as keras
    >>> keras.ops.kron([1, 10], [1, 2]).numpy().tolist()
    [1, 2, 10, 20]
    """
    x1, x2 = promoted(x1, x2)
    while len(x1.shape) < len(x2.shape):
        x1 = _core.apply("expand_dims", [x1], {"axis": 0})
    while len(x2.shape) < len(x1.shape):
        x2 = _core.apply("expand_dims", [x2], {"axis": 0})
    rank = len(x1.shape)
    for axis in range(rank):
        # (a0, 1, a1, 1, ...) times (1, b0, 1, b1, ...)
        x1 = _core.apply("expand_dims", [x1], {"axis": 2 * axis + 1})
        x2 = _core.apply("expand_dims", [x2], {"axis": 2 * axis})
    product = multiply(x1, x2)
    for axis in range(rank):
        product = _merged(product, axis)
    return product


def _merged(x: Any, axis: int) -> Any:
    """Two neighbouring axes as one."""
    rest = list(x.shape[axis + 2 :])
    a, b = x.shape[axis : axis + 2]
    size = -1 if a is None or b is None else a * b
    if None not in rest:
        return _core.apply("reshape", [x], {"newshape": [size, *rest], "keep": axis})
    # What comes after has open sizes: both axes go to the end and come back.
    rank = len(x.shape)
    axes = [*range(axis), *range(axis + 2, rank), axis, axis + 1]
    turned = _core.apply("transpose", [x], {"axes": axes})
    merged = _core.apply("reshape", [turned], {"newshape": [size], "keep": rank - 2})
    return _core.apply("transpose", [merged], {"axes": [*range(axis), rank - 2, *range(axis, rank - 2)]})


@operation("x1", "x2")
def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The cross product of vectors of length 2 or 3; of two of length 2, its third component alone.

    `(a_1 b_2 - a_2 b_1, a_2 b_0 - a_0 b_2, a_0 b_1 - a_1 b_0)`

    Args:
        x1: Vectors along `axisa`.
        x2: Vectors along `axisb`.
        axisa: The axis of the components in `x1`.
        axisb: The axis of the components in `x2`.
        axisc: The axis of the components in the result.
        axis: In the place of these three.

    Raises:
        ValueError: If the vectors are of another length.

    >>> import oxhorn as keras
    >>> keras.ops.cross([1, 0, 0], [0, 1, 0]).numpy().tolist()
    [0, 0, 1]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = (as_number(x) for x in promoted(x1, x2))
    components = []
    for name, x, place in (("x1", x1, axisa), ("x2", x2, axisb)):
        place = one_axis("cross", place, len(x.shape))
        size = x.shape[place]
        if size not in (2, 3, None):
            raise ValueError(
                f"cross: the dim of `{name}` on its axis {place} must be either 2 or 3; got {size} in shape "
                f"{tuple(x.shape)}."
            )
        before = (slice(None),) * place
        components.append([x[(*before, i)] for i in range(3 if size is None else size)])
    a, b = components

    def minor(i: int, j: int) -> Any:
        """a_i b_j - a_j b_i, where a third component that is not there is 0."""
        first = _core.apply("multiply", [a[i], b[j]]) if i < len(a) and j < len(b) else None
        second = _core.apply("multiply", [a[j], b[i]]) if j < len(a) and i < len(b) else None
        if first is None or second is None:
            return first if second is None else _core.apply("negative", [second])
        return _core.apply("subtract", [first, second])

    if len(a) == 2 and len(b) == 2:
        return minor(0, 1)
    result = _core.apply("stack", [minor(1, 2), minor(2, 0), minor(0, 1)], {"axis": -1})
    place = one_axis("cross", axisc, len(result.shape))
    if place == len(result.shape) - 1:
        return result
    order = [*range(len(result.shape) - 1)]
    order.insert(place, len(result.shape) - 1)
    return _core.apply("transpose", [result], {"axes": order})


@operation("operands")
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """The sum of products over named axes.

    y[output] = sum over all other labels of operands[0][labels] * operands[1][labels] * ...

    Args:
        subscripts: The labels of the axes of each operand, separated by commas; after `->` those of the result (by
            default those that occur once, in alphabetical order). A label that occurs twice in an operand is its
            diagonal; `...` stands for axes that broadcast.
        operands: Tensors or numbers.
        **kwargs: `optimize` and `precision` are understood and make no difference: pairs with small results meet first,
            in the precision of the operands.

    Returns:
        A tensor of the dtype in which the operands meet.

    Raises:
        ValueError: If the subscripts do not fit the shapes.

    >>> import oxhorn as keras
    >>> keras.ops.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 10]).numpy().tolist()
    [21, 43]
    """
    unknown = sorted(set(kwargs) - {"optimize", "precision"})
    if unknown:
        raise TypeError(f"einsum: unknown arguments {unknown}.")
    if not isinstance(subscripts, str):
        raise TypeError(
            f"einsum: `subscripts` must be a string such as 'ij,jk->ik'; got {type(subscripts).__name__}."
        )
    return _core.apply("einsum", _einsum_operands(operands), {"subscripts": subscripts})


def _einsum_operands(operands: Sequence[Any]) -> list[Any]:
    return [as_number(x) for x in promoted(*operands)] if operands else []
