"""Recurrent layers: ONNX's own where nothing is masked, otherwise a loop over the steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.export.converters.control import outside, scan
from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import FAR, Builder, Value

Array = np.ndarray[Any, Any]
# Gates of the core, in the order in which ONNX has them: i f g o as i o f c; z r g as z r h.
ORDER = {"lstm": [0, 3, 1, 2], "gru": [0, 1, 2], "simple_rnn": [0]}
NODES = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "RNN"}


class _Parts:
    """What the op's inputs are."""

    def __init__(self, b: Builder, node: Node) -> None:
        s = node.attributes["settings"]
        self.x, self.kernel, self.recurrent, *rest = node.inputs
        self.bias = rest.pop(0) if s["bias"] else None
        count = 2 if node.op == "lstm" else 1
        self.units = self.recurrent.shape[0] or 0
        if s["states"]:
            self.states = rest[:count]
            rest = rest[count:]
        else:
            dims = b.sizes([b.size(self.x, 0), self.units])
            zeros = b.filled(dims, np.zeros(1, self.x.dtype), [self.x.shape[0], self.units])
            self.states = [zeros] * count
        self.mask = rest[0] if s["mask"] else None
        self.options = s["options"]
        kind = s["kind"]
        self.reset_after = isinstance(kind, dict) and kind.get("Gru", {}).get("reset_after", False)
        self.curve = kind["Simple"] if isinstance(kind, dict) and "Simple" in kind else "Tanh"


@converts("lstm", "gru", "simple_rnn")
def recurrent(b: Builder, node: Node) -> list[Value]:
    """The results and the last states."""
    p = _Parts(b, node)
    known = [value for value in (p.kernel, p.recurrent, p.bias) if value is not None]
    # Runtimes have these nodes for float32.
    if p.mask is None and p.x.dtype == "float32" and all(value.array is not None for value in known):
        made = _as_node(b, node, p)
    else:
        made = _as_loop(b, node, p)
    return made[: len(node.outputs)]


def _gates(array: Array, node: Node, units: int) -> Array:
    parts = np.split(array, array.shape[-1] // units, axis=-1)
    return np.concatenate([parts[i] for i in ORDER[node.op]], axis=-1)


def _as_node(b: Builder, node: Node, p: _Parts) -> list[Value]:
    def gates(value: Value) -> Value:
        return b.derived(value, "gates", lambda array: _gates(array, node, p.units).T[None])

    def both(array: Array) -> Array:
        twice = array if array.ndim == 2 else np.stack([array, np.zeros_like(array)])
        return _gates(twice, node, p.units).reshape(1, -1)

    bias = None if p.bias is None else b.derived(p.bias, "gates", both)
    backwards = p.options["backwards"]
    more: dict[str, Any] = {"linear_before_reset": int(p.reset_after)} if node.op == "gru" else {}
    if node.op == "simple_rnn":
        more["activations"] = ["Affine" if p.curve == "Linear" else p.curve]
        if p.curve == "Linear":
            more |= {"activation_alpha": [1.0], "activation_beta": [0.0]}
    batch, steps = p.x.shape[:2]
    dtype, u = p.x.dtype, p.units
    specs: list[tuple[str, list[int | None]]] = [(dtype, [steps, 1, batch, u])]
    specs += [(dtype, [1, batch, u])] * len(p.states)
    y, *states = b.emit_many(
        NODES[node.op],
        [
            b.transpose(p.x, [1, 0, 2]),
            gates(p.kernel),
            gates(p.recurrent),
            bias,
            None,
            *(b.unsqueeze(state, [0]) for state in p.states),
        ],
        specs,
        hidden_size=u,
        direction="reverse" if backwards else "forward",
        **more,
    )
    last = [b.squeeze(state, [0]) for state in states]
    if not p.options["sequences"]:
        return [last[0], *last]
    y = b.transpose(b.squeeze(y, [1]), [1, 0, 2])
    if backwards:
        # ONNX has the results in the order of the inputs.
        y = b.slice(y, 1, FAR, -FAR, -1, size=steps)
    return [y, *last]


def _as_loop(b: Builder, node: Node, p: _Parts) -> list[Value]:
    """Where a step is masked, states are carried on, and the output is the state, or zero."""
    x = p.x
    weights = [value for value in (p.kernel, p.recurrent, p.bias) if value is not None]
    kernel, recurrent, *bias = outside(b, weights)
    inner = Builder(b)
    shape = (x.shape[0], p.units)
    carries = [Value(x.dtype, shape, inner.unique("state")) for _ in p.states]
    elements = [Value(x.dtype, (x.shape[0], x.shape[2]), inner.unique("element"))]
    stacked = [b.transpose(x, [1, 0, 2])]
    new = _step(inner, node, p, elements[0], carries, kernel, recurrent, bias[0] if bias else None)
    y = new[0]
    if p.mask is not None:
        elements.append(Value("bool", (x.shape[0],), inner.unique("seen")))
        stacked.append(b.transpose(p.mask, [1, 0]))
        seen = inner.unsqueeze(elements[1], [1])
        pairs = zip(new, carries, strict=True)
        new = [inner.emit("Where", [seen, one, old], x.dtype, shape) for one, old in pairs]
        y = new[0]
        if p.options["zero_masked"]:
            y = inner.emit("Where", [seen, y, inner.scalar(0, x)], x.dtype, shape)
    backwards = p.options["backwards"]
    *last, made = scan(
        b, inner, carries, elements, new, [y], p.states, stacked, reverse=backwards, length=x.shape[1]
    )
    if not p.options["sequences"]:
        return [b.squeeze(b.gather(made, [0 if backwards else -1], 0), [0]), *last]
    sequence = b.transpose(made, [1, 0, 2])
    if backwards:
        sequence = b.slice(sequence, 1, FAR, -FAR, -1, size=x.shape[1])
    return [sequence, *last]


def _step(
    b: Builder,
    node: Node,
    p: _Parts,
    x: Value,
    states: list[Value],
    kernel: Value,
    recurrent: Value,
    bias: Value | None,
) -> list[Value]:
    """The new states of one step."""
    h, units = states[0], p.units
    width = len(ORDER[node.op]) * units
    wide = (x.shape[0], width)

    def product(a: Value, w: Value) -> Value:
        return b.emit("MatMul", [a, w], shape=(a.shape[0], w.shape[1]))

    def gate(value: Value, i: int) -> Value:
        return b.slice(value, value.rank - 1, i * units, (i + 1) * units, size=units)

    def two(op: str, a: Value, c: Value) -> Value:
        return b.emit(op, [a, c], shape=a.shape)

    of_x = product(x, kernel)
    rows = [bias]
    if bias is not None and bias.rank == 2:
        rows = [b.squeeze(b.slice(bias, 0, i, i + 1, size=1), [0]) for i in range(2)]
    if rows[0] is not None:
        of_x = two("Add", of_x, rows[0])
    if node.op == "gru" and not p.reset_after:
        gates = b.slice(recurrent, 1, 0, 2 * units, size=2 * units)
        zr = two("Add", b.slice(of_x, 1, 0, 2 * units, size=2 * units), product(h, gates))
        z, r = (b.emit("Sigmoid", [gate(zr, i)]) for i in range(2))
        inside = two("Add", gate(of_x, 2), product(two("Mul", r, h), gate(recurrent, 2)))
        return [_mixed(b, z, h, b.emit("Tanh", [inside]))]
    of_h = product(h, recurrent)
    if len(rows) == 2 and rows[1] is not None:
        of_h = two("Add", of_h, rows[1])
    if node.op == "gru":
        z, r = (b.emit("Sigmoid", [two("Add", gate(of_x, i), gate(of_h, i))]) for i in range(2))
        inside = two("Add", gate(of_x, 2), two("Mul", r, gate(of_h, 2)))
        return [_mixed(b, z, h, b.emit("Tanh", [inside]))]
    total = b.emit("Add", [of_x, of_h], shape=wide)
    if node.op == "simple_rnn":
        return [total if p.curve == "Linear" else b.emit(p.curve, [total])]
    i, f, o = (b.emit("Sigmoid", [gate(total, k)]) for k in (0, 1, 3))
    g = b.emit("Tanh", [gate(total, 2)])
    c = two("Add", two("Mul", f, states[1]), two("Mul", i, g))
    return [two("Mul", o, b.emit("Tanh", [c])), c]


def _mixed(b: Builder, z: Value, h: Value, g: Value) -> Value:
    """Computes z h + (1 - z) g."""
    rest = b.emit("Sub", [b.scalar(1, z), z], shape=z.shape)
    return b.emit("Add", [b.emit("Mul", [z, h]), b.emit("Mul", [rest, g])])
