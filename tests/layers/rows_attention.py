"""Rows of dense layers over any axes, and of attention that takes a list of inputs."""

from __future__ import annotations

from typing import Any

from oxhorn.testing.reference import attention as ref
from tests.layers.table import LayerRow as Row


def einsum_dense(
    equation: str,
    shape: tuple[int, ...],
    output: Any,
    kernel: tuple[int, ...],
    bias: tuple[int, ...] | None = None,
    **more: Any,
) -> Row:
    weights = [("kernel", kernel)] + ([] if bias is None else [("bias", bias)])

    def reference(x: Any, k: Any, b: Any = 0.0) -> Any:
        return ref.einsum_dense(x, k, b, equation, more.get("activation"))

    arguments = {"equation": equation, "output_shape": output, **more}
    return Row("EinsumDense", arguments, [shape], reference, weights, loose=8)


def attention(arguments: dict[str, Any], *shapes: tuple[int, ...]) -> Row:
    weights = [("scale", ())] if arguments.get("use_scale") else []
    if arguments.get("score_mode") == "concat":
        weights.append(("concat_score_weight", ()))
    return Row(
        "Attention",
        arguments,
        list(shapes),
        lambda x, *w: ref.attention(x, *w, **{k: v for k, v in arguments.items() if k != "dropout"}),
        weights,
        random=bool(arguments.get("dropout")),
        loose=16,
    )


def additive(arguments: dict[str, Any], *shapes: tuple[int, ...]) -> Row:
    weights = [("scale", (shapes[0][-1],))] if arguments.get("use_scale", True) else []
    return Row("AdditiveAttention", arguments, list(shapes), ref.additive_attention, weights, loose=16)


EINSUM_DENSE = [
    einsum_dense("ab,bc->ac", (3, 4), 5, (4, 5)),
    einsum_dense("ab,bc->ac", (3, 4), 5, (4, 5), (5,), bias_axes="c", activation="relu"),
    einsum_dense("abc,cde->abde", (2, 3, 4), (None, 2, 3), (4, 2, 3), (2, 3), bias_axes="de"),
    einsum_dense("abcd,cde->abe", (2, 3, 4, 2), (None, 5), (4, 2, 5), (5,), bias_axes="e"),
    einsum_dense("...x,xy->...y", (2, 3, 4), 2, (4, 2), (2,), bias_axes="y"),
    # Not a matrix product of the last axes:
    einsum_dense("abc,cde->abde", (2, 3, 4), (None, 2, 3), (4, 2, 3), (2, 1), bias_axes="d"),
    einsum_dense("abc,de->abcde", (2, 3, 2), (None, None, 2, 3), (2, 3), (3,), bias_axes="e"),
    einsum_dense("abc,bd->adc", (2, 3, 4), (5, None), (3, 5), (5, 1), bias_axes="d"),
    einsum_dense("ab...,bc->ac...", (2, 3, 4), 5, (3, 5), (5, 1), bias_axes="c"),
]

ATTENTION = [
    attention({}, (2, 3, 4), (2, 5, 4)),
    attention({"use_scale": True}, (2, 3, 4), (2, 5, 2), (2, 5, 4)),
    attention({"score_mode": "concat"}, (2, 3, 4), (2, 5, 4)),
    attention({"score_mode": "concat", "use_scale": True}, (2, 3, 4), (2, 5, 4)),
    attention({"dropout": 0.3}, (2, 3, 4), (2, 5, 4)),
    additive({}, (2, 3, 4), (2, 5, 4)),
    additive({"use_scale": False}, (2, 3, 4), (2, 5, 2), (2, 5, 4)),
]
