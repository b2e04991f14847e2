"""Activations with a kernel of their own, recognised by their field `f`."""

from __future__ import annotations

import math

from oxhorn.export.converters.elementwise import pointwise
from oxhorn.export.converters.table import Node
from oxhorn.export.graph_builder import Builder, Value


def activation(b: Builder, node: Node) -> Value:
    """Computes f(x)."""
    (x,) = node.inputs
    f = node.attributes["f"]
    (kind, fields) = (f, {}) if isinstance(f, str) else next(iter(f.items()))

    def number(value: float) -> Value:
        return b.scalar(value, x)

    match kind:
        case "Relu":
            slope, top = fields["slope"], fields["top"]
            if slope == 0 and math.isinf(top):
                return pointwise(b, "Relu", [x])
            if slope == 0:
                return pointwise(b, "Min", [pointwise(b, "Relu", [x]), number(top)])
            y = pointwise(b, "Max", [x, pointwise(b, "Mul", [x, number(slope)])])
            return y if math.isinf(top) else pointwise(b, "Min", [y, number(top)])
        case "Elu":
            below = pointwise(b, "Exp", [pointwise(b, "Min", [x, number(0)])])
            below = pointwise(b, "Mul", [pointwise(b, "Sub", [below, number(1)]), number(fields["alpha"])])
            y = pointwise(b, "Add", [pointwise(b, "Max", [x, number(0)]), below])
            return y if fields["scale"] == 1 else pointwise(b, "Mul", [y, number(fields["scale"])])
        case "Sigmoid" | "Tanh":
            return pointwise(b, kind, [x])
        case "Softplus":
            # max(x, 0) + ln(1 + exp(-|x|))
            small = pointwise(b, "Exp", [pointwise(b, "Neg", [pointwise(b, "Abs", [x])])])
            log = pointwise(b, "Log", [pointwise(b, "Add", [small, number(1)])])
            return pointwise(b, "Add", [pointwise(b, "Relu", [x]), log])
        case "Silu":
            return pointwise(b, "Mul", [x, pointwise(b, "Sigmoid", [x])])
        case "Gelu":
            erf = pointwise(b, "Erf", [pointwise(b, "Mul", [x, number(math.sqrt(0.5))])])
            share = pointwise(b, "Mul", [pointwise(b, "Add", [erf, number(1)]), number(0.5)])
            return pointwise(b, "Mul", [x, share])
        case "Softsign":
            return pointwise(b, "Div", [x, pointwise(b, "Add", [pointwise(b, "Abs", [x]), number(1)])])
    raise node.refuse(f"is an activation, {kind}, that has no converter", "Use another activation.")
