"""Functions of one element, or of two that are broadcast against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Dim, Value, to_first

# Functions of floats (and whole numbers, where it makes sense) that ONNX has under a name of its own.
UNARY = {
    "absolute": "Abs",
    "arccos": "Acos",
    "arccosh": "Acosh",
    "arcsin": "Asin",
    "arcsinh": "Asinh",
    "arctan": "Atan",
    "arctanh": "Atanh",
    "ceil": "Ceil",
    "cos": "Cos",
    "cosh": "Cosh",
    "erf": "Erf",
    "exp": "Exp",
    "floor": "Floor",
    "log": "Log",
    "negative": "Neg",
    "reciprocal": "Reciprocal",
    "round_whole": "Round",
    "sign": "Sign",
    "sin": "Sin",
    "sinh": "Sinh",
    "sqrt": "Sqrt",
    "tan": "Tan",
    "tanh": "Tanh",
}
BINARY = {
    "add": "Add",
    "divide": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "multiply": "Mul",
    "power": "Pow",
    "subtract": "Sub",
}
COMPARISONS = {
    "equal": "Equal",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "less": "Less",
    "less_equal": "LessOrEqual",
}


def _first_of(b: Builder, value: Value, rank: int) -> Value | None:
    """The value as it is broadcast to values with channels first; `None` if it would have to be transposed."""
    if value.first is not None and value.rank == rank:
        return value.first
    if value.array is not None:
        array = (
            value.array.reshape((1,) * (rank - value.rank) + value.array.shape) if value.rank else value.array
        )
        return b.constant(array.transpose(to_first(rank)) if value.rank else array)
    return value if value.rank == 0 else None


def pointwise(
    b: Builder, op: str, inputs: Sequence[Value], dtype: str | None = None, **attributes: float
) -> Value:
    """A node that takes elements at the same place, with channels first where its inputs are so."""
    rank = max(value.rank for value in inputs)
    dtype = dtype or inputs[0].dtype
    if rank > 2 and any(b.is_transposed(value) for value in inputs):
        firsts = [_first_of(b, value, rank) for value in inputs]
        moved = [value for value in firsts if value is not None]
        if len(moved) == len(inputs):
            return b.with_channels_last(b.emit(op, moved, dtype, broadcast(moved), **attributes))
    return b.emit(op, inputs, dtype, broadcast(inputs), **attributes)


def broadcast(values: Sequence[Value]) -> list[Dim]:
    """The common shape."""
    rank = max(value.rank for value in values)
    out: list[Dim] = [1] * rank
    for value in values:
        for axis, size in enumerate(value.shape, rank - value.rank):
            if size != 1:
                out[axis] = size if out[axis] in (1, None) else out[axis]
    return out


def calculated(b: Builder, op: str, *inputs: Value) -> Value:
    """The same, whole numbers of 8 bits and booleans taken as wider ones meanwhile."""
    narrow = inputs[0].dtype
    if narrow in ("uint8", "bool"):
        return b.cast(pointwise(b, op, [b.cast(value, "int32") for value in inputs]), narrow)
    return pointwise(b, op, list(inputs))


@converts(*UNARY)
def unary(b: Builder, node: Node) -> Value:
    """Computes f(x)."""
    (x,) = node.inputs
    if node.op == "round_whole" and not x.is_float:
        return x
    return calculated(b, UNARY[node.op], x)


@converts(*BINARY)
def binary(b: Builder, node: Node) -> Value:
    """Computes f(a, b)."""
    return calculated(b, BINARY[node.op], *node.inputs)


@converts(*COMPARISONS, "not_equal")
def compare(b: Builder, node: Node) -> Value:
    """Computes a ? b."""
    inputs = node.inputs
    if inputs[0].dtype in ("uint8", "bool"):
        inputs = [b.cast(value, "int32") for value in inputs]
    if node.op == "not_equal":
        return pointwise(b, "Not", [pointwise(b, "Equal", inputs, "bool")])
    return pointwise(b, COMPARISONS[node.op], inputs, "bool")


@converts("where")
def where(b: Builder, node: Node) -> Value:
    """Computes a where the condition holds, else b."""
    condition, *rest = node.inputs
    if rest[0].dtype == "bool":
        chosen = pointwise(b, "Where", [condition, *(b.cast(value, "uint8") for value in rest)], "uint8")
        return b.cast(chosen, "bool")
    return pointwise(b, "Where", [condition, *rest], rest[0].dtype)


@converts("square")
def square(b: Builder, node: Node) -> Value:
    """Computes x x."""
    return calculated(b, "Mul", node.inputs[0], node.inputs[0])


@converts("squared_difference")
def squared_difference(b: Builder, node: Node) -> Value:
    """Computes (a - b)²."""
    difference = calculated(b, "Sub", *node.inputs)
    return calculated(b, "Mul", difference, difference)


@converts("rsqrt", "expm1", "log1p", "log2", "log10", "exp2", "erfc", "trunc")
def composed(b: Builder, node: Node) -> Value:
    """Functions that are others with a constant."""
    (x,) = node.inputs

    def number(value: float) -> Value:
        return b.scalar(value, x)

    match node.op:
        case "rsqrt":
            return pointwise(b, "Reciprocal", [pointwise(b, "Sqrt", [x])])
        case "expm1":
            # exp(x) - 1 = tanh(x / 2) (exp(x) + 1), which keeps the digits of small x
            half = pointwise(b, "Tanh", [pointwise(b, "Mul", [x, number(0.5)])])
            return pointwise(b, "Mul", [half, pointwise(b, "Add", [pointwise(b, "Exp", [x]), number(1)])])
        case "log1p":
            return _log1p(b, x)
        case "log2":
            return pointwise(b, "Mul", [pointwise(b, "Log", [x]), number(1 / math.log(2))])
        case "log10":
            return pointwise(b, "Mul", [pointwise(b, "Log", [x]), number(1 / math.log(10))])
        case "exp2":
            return pointwise(b, "Exp", [pointwise(b, "Mul", [x, number(math.log(2))])])
        case "erfc":
            return pointwise(b, "Sub", [number(1), pointwise(b, "Erf", [x])], x.dtype)
    if not x.is_float:
        return x
    below = pointwise(b, "Less", [x, number(0)], "bool")
    return pointwise(b, "Where", [below, pointwise(b, "Ceil", [x]), pointwise(b, "Floor", [x])], x.dtype)


def _divisor(b: Builder, y: Value) -> tuple[Value, Value]:
    """Where a divisor is 0, and the divisor with 1 there."""
    none = pointwise(b, "Equal", [y, b.scalar(0, y)], "bool")
    return none, pointwise(b, "Where", [none, b.scalar(1, y), y], y.dtype)


def _whole_division(b: Builder, x: Value, y: Value, rest: bool) -> Value:
    """floor(a / b) of whole numbers, or the rest; 0 where b is 0, which runtimes refuse."""
    if x.dtype == "uint8":
        x, y = b.cast(x, "int32"), b.cast(y, "int32")
    none, y = _divisor(b, y)
    made = pointwise(b, "Mod", [x, y])
    if not rest:
        made = pointwise(b, "Div", [pointwise(b, "Sub", [x, made]), y])
    return pointwise(b, "Where", [none, b.scalar(0, x), made], x.dtype)


def _log1p(b: Builder, x: Value) -> Value:
    """Computes ln u · x / (u - 1) for u = 1 + x: the digits of a small x that u has lost, u - 1 has lost too."""
    one = b.scalar(1, x)
    u = pointwise(b, "Add", [x, one])
    log, there = pointwise(b, "Log", [u]), pointwise(b, "Sub", [u, one])
    small = pointwise(b, "Mul", [log, pointwise(b, "Div", [x, there])])
    lost = pointwise(b, "Equal", [there, b.scalar(0, x)], "bool")
    large = pointwise(b, "Greater", [x, one], "bool")
    y = pointwise(b, "Where", [lost, x, small], x.dtype)
    return pointwise(b, "Where", [large, log, y], x.dtype)


@converts("mod_")
def mod(b: Builder, node: Node) -> Value:
    """The rest of a division, with the sign of the divisor."""
    x, y = node.inputs
    if not x.is_float:
        return b.cast(_whole_division(b, x, y, True), x.dtype)
    zero = b.scalar(0, x)
    rest = pointwise(b, "Mod", [x, y], fmod=1)
    signs = [pointwise(b, "Less", [value, zero], "bool") for value in (rest, y)]
    apart = pointwise(b, "Xor", signs)
    whole = pointwise(b, "Equal", [rest, zero], "bool")
    wrong = pointwise(b, "And", [apart, pointwise(b, "Not", [whole])])
    return pointwise(b, "Where", [wrong, pointwise(b, "Add", [rest, y]), rest], x.dtype)


@converts("floor_divide")
def floor_divide(b: Builder, node: Node) -> Value:
    """Computes floor(a / b)."""
    x, y = node.inputs
    if x.is_float:
        return pointwise(b, "Floor", [pointwise(b, "Div", [x, y])])
    return b.cast(_whole_division(b, x, y, False), x.dtype)


@converts("divide_no_nan")
def divide_no_nan(b: Builder, node: Node) -> Value:
    """Computes a / b, and 0 where b is 0."""
    x, y = node.inputs
    none, safe = _divisor(b, y)
    return pointwise(b, "Where", [none, b.scalar(0, x), pointwise(b, "Div", [x, safe])], x.dtype)


@converts("logaddexp")
def logaddexp(b: Builder, node: Node) -> Value:
    """Computes max(a, b) + ln(1 + exp(-|a - b|))."""
    x, y = node.inputs
    apart = pointwise(b, "Neg", [pointwise(b, "Abs", [pointwise(b, "Sub", [x, y])])])
    log = pointwise(b, "Log", [pointwise(b, "Add", [pointwise(b, "Exp", [apart]), b.scalar(1, x)])])
    return pointwise(b, "Add", [pointwise(b, "Max", [x, y]), log])


@converts("arctan2")
def arctan2(b: Builder, node: Node) -> Value:
    """The angle of (x, y): atan(y / x), half a turn further where x is negative."""
    y, x = node.inputs
    zero = b.scalar(0, x)
    upright, safe = _divisor(b, x)
    angle = pointwise(b, "Atan", [pointwise(b, "Div", [y, safe])])
    side = pointwise(
        b,
        "Where",
        [pointwise(b, "Less", [y, zero], "bool"), b.scalar(-math.pi, x), b.scalar(math.pi, x)],
        x.dtype,
    )
    turn = pointwise(b, "Where", [pointwise(b, "Less", [x, zero], "bool"), side, zero], x.dtype)
    turned = pointwise(b, "Add", [angle, turn])
    straight = pointwise(b, "Mul", [pointwise(b, "Sign", [y]), b.scalar(math.pi / 2, x)])
    return pointwise(b, "Where", [upright, straight, turned], x.dtype)


@converts("isnan", "isinf", "isfinite")
def classify(b: Builder, node: Node) -> Value:
    """Whether a float is no number, or infinite, or neither."""
    x = b.cast(node.inputs[0], "float32") if not node.inputs[0].is_float else node.inputs[0]
    if node.op == "isnan":
        return pointwise(b, "IsNaN", [x], "bool")
    if node.op == "isinf":
        return pointwise(b, "IsInf", [x], "bool")
    odd = pointwise(b, "Or", [pointwise(b, "IsNaN", [x], "bool"), pointwise(b, "IsInf", [x], "bool")])
    return pointwise(b, "Not", [odd])


@converts("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "left_shift", "right_shift")
def bits(b: Builder, node: Node) -> Value:
    """Bit by bit; shifts are products with powers of two, since ONNX shifts unsigned numbers only."""
    x = node.inputs[0]
    kind = {"bitwise_and": "And", "bitwise_or": "Or", "bitwise_xor": "Xor", "bitwise_not": "Not"}.get(node.op)
    if kind is not None:
        return pointwise(b, kind if x.dtype == "bool" else f"Bitwise{kind}", node.inputs)
    a, n = (b.cast(value, "int64") for value in node.inputs)
    width = {"uint8": 8, "int32": 32, "int64": 64}[x.dtype]
    zero, most = b.scalar(0, "int64"), b.scalar(63, "int64")
    outside = pointwise(
        b,
        "Or",
        [
            pointwise(b, "Less", [n, zero], "bool"),
            pointwise(b, "GreaterOrEqual", [n, b.scalar(width, "int64")], "bool"),
        ],
    )
    kept = pointwise(b, "Min", [pointwise(b, "Max", [n, zero]), most])
    # In two steps, since 2^63 is too large for an int64.
    half = pointwise(b, "Div", [kept, b.scalar(2, "int64")])
    y, ends = a, zero
    for n in (half, pointwise(b, "Sub", [kept, half])):
        factor = pointwise(b, "Pow", [b.scalar(2, "int64"), n], "int64")
        if node.op == "left_shift":
            y = pointwise(b, "Mul", [y, factor])
        else:
            y = pointwise(b, "Div", [pointwise(b, "Sub", [y, pointwise(b, "Mod", [y, factor])]), factor])
    if node.op == "right_shift":
        below = pointwise(b, "Less", [a, zero], "bool")
        ends = pointwise(b, "Where", [below, b.scalar(-1, "int64"), zero], "int64")
    return b.cast(pointwise(b, "Where", [outside, ends, y], "int64"), x.dtype)


@converts("cast")
def cast(b: Builder, node: Node) -> Value:
    """Another dtype."""
    return b.cast(node.inputs[0], node.spec[0])


@converts("identity", "stop_gradient", "copy")
def identity(b: Builder, node: Node) -> Value:
    """Passes x on."""
    return node.inputs[0]


@converts("to_indices")
def to_indices(b: Builder, node: Node) -> Value:
    """Indices as whole numbers; a fraction, which the core refuses, is cut off, since ONNX has no errors."""
    return b.cast(node.inputs[0], node.spec[0])
