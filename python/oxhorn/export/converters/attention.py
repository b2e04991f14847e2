"""Attention, written out."""

from __future__ import annotations

from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Value


@converts("dot_product_attention")
def dot_product_attention(b: Builder, node: Node) -> list[Value | None]:
    """softmax(scale Q Kᵀ + bias) V for each head, where the mask allows."""
    a = node.attributes
    if a["rate"] is not None:
        raise node.refuse("drops shares at random", "Export the model as it is used for inference.")
    query, key, value, *rest = node.inputs
    bias = rest.pop(0) if a["bias"] else None
    masks = [rest.pop(0)] if a["mask"] else []
    heads, key_heads = query.shape[2], key.shape[2]
    q = b.transpose(query, [0, 2, 1, 3])
    k, v = (b.transpose(one, [0, 2, 1, 3]) for one in (key, value))
    if heads != key_heads and heads is not None and key_heads is not None:
        k, v = (_repeated(b, one, heads // key_heads) for one in (k, v))
    table = (q.shape[0], heads, q.shape[2], k.shape[2])
    scores = b.emit("MatMul", [q, b.transpose(k, [0, 1, 3, 2])], shape=table)
    scores = b.emit("Mul", [scores, b.scalar(a["scale"], query)])
    if bias is not None:
        scores = b.emit("Add", [scores, bias])
    if a["causal"]:
        steps = [b.arange(b.size(one, 2)) for one in (q, k)]
        now = b.unsqueeze(steps[0], [1])
        masks.append(b.emit("LessOrEqual", [steps[1], now], "bool", [q.shape[2], k.shape[2]]))
    if masks:
        allowed = masks[0] if len(masks) == 1 else b.emit("And", masks, shape=table)
        # So low that the share is 0; of a query that sees nothing all are equal.
        low = b.scalar(-1e30, query)
        scores = b.emit("Where", [allowed, scores, low], query.dtype, table)
    shares = b.emit("Softmax", [scores], axis=-1)
    if masks and a["empty_is_zero"]:
        seen = b.emit("Where", [allowed, b.scalar(1, query), b.scalar(0, query)], query.dtype, table)
        shares = b.emit("Mul", [shares, seen])
    mixed = b.emit("MatMul", [shares, v], shape=[*table[:3], v.shape[3]])
    return [b.transpose(mixed, [0, 2, 1, 3]), None]


def _repeated(b: Builder, x: Value, times: int) -> Value:
    """Each head several times."""
    shape = [x.shape[0], x.shape[1], times, *x.shape[2:]]
    tiled = b.emit("Tile", [b.unsqueeze(x, [2]), b.ints([1, 1, times, 1, 1])], shape=shape)
    target = [b.size(x, axis) for axis in range(4)]
    target[1] = b.calculate("Mul", target[1], times)
    return b.reshape(tiled, target)
