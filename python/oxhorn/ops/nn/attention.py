"""Attention."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core, config
from oxhorn.ops.arguments import as_dtype, as_tensor
from oxhorn.ops.conversions import cast
from oxhorn.ops.dispatch import operation

_WHO = "dot_product_attention"


def _apply(name: str, *inputs: Any, **attrs: Any) -> Any:
    return _core.apply(name, list(inputs), attrs)


@operation("query", "key", "value", "bias", "mask")
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """Scaled dot product attention.

    `softmax(scale Q K^T + bias) V` for each head; masked pairs have no part in the softmax

    With fewer heads in `key` and `value` than in `query`, each of theirs serves a group of the query's (grouped
    query attention).

    Args:
        query: Shape `(B, T, N, H)`: batch, query steps, heads, features.
        key: Shape `(B, S, K, H)`, where K divides N.
        value: The same shape.
        bias: Added to the scores; broadcasts to `(B, N, T, S)`.
        mask: True where a pair takes part; broadcasts to `(B, N, T, S)`.
        scale: Factor of the scores. Defaults to `1 / sqrt(H)`.
        is_causal: Whether step t sees only the steps up to t. Defaults to False.
        flash_attention: Accepted for compatibility: there is one way to compute it, and True changes nothing.
        attn_logits_soft_cap: Must be None.

    Returns:
        A tensor of the shape of `query`.

    Raises:
        ValueError: If the shapes do not fit.

    Example:
    >>> import oxhorn as keras
    >>> x = keras.ops.ones((1, 3, 2, 4))
    >>> keras.ops.dot_product_attention(x, x, x).numpy().max()
    np.float32(1.0)

    Source: Vaswani et al., 2017 (https://arxiv.org/abs/1706.03762); grouped queries: Ainslie et al., 2023
        (https://arxiv.org/abs/2305.13245).
    """
    if attn_logits_soft_cap is not None:
        raise ValueError(
            f"{_WHO}: attn_logits_soft_cap is only supported on TPUs; got {attn_logits_soft_cap!r}. Leave it out."
        )
    query, key, value = _to_one_dtype(query, key, value)
    heads = _check_shapes(query, key, value)
    features = key.shape[3]
    if scale is None:
        scale = 1.0 / math.sqrt(features)

    if bias is not None:
        bias = as_dtype(_four_axes(bias, "bias", heads), str(query.dtype))
    if mask is not None:
        mask = as_dtype(_four_axes(mask, "mask", heads), "bool")
    return attend(query, key, value, bias=bias, mask=mask, scale=scale, is_causal=is_causal)


def attend(
    query: Any,
    key: Any,
    value: Any,
    *,
    bias: Any = None,
    mask: Any = None,
    scale: float,
    is_causal: bool = False,
    dropout_key: Any = None,
    rate: float = 0.0,
    empty_is_zero: bool = False,
) -> Any:
    """`dropout(softmax(scale Q K^T + bias)) V` for each head, of arguments that fit.

    Args:
        query: Shape `(B, T, N, H)`.
        key: Shape `(B, S, K, H)`, where K divides N.
        value: Shape `(B, S, K, V)`.
        bias: Broadcasts to `(B, N, T, S)`, in the dtype of the query.
        mask: Booleans that broadcast to `(B, N, T, S)`.
        scale: Factor of the scores.
        is_causal: Whether step t sees only the steps up to t.
        dropout_key: The key of the shares that are dropped; None drops nothing.
        rate: The part of the shares that is dropped.
        empty_is_zero: Whether a query that sees nothing gets 0; else it gets the mean of the values.

    Returns:
        A tensor of shape `(B, T, N, V)`.
    """
    attrs: dict[str, Any] = {"scale": scale, "causal": is_causal, "empty_is_zero": empty_is_zero}
    inputs = [query, key, value]
    for name, extra in (("bias", bias), ("mask", mask)):
        if extra is not None:
            inputs.append(extra)
            attrs[name] = True
    if dropout_key is not None:
        inputs.append(dropout_key)
        attrs["rate"] = rate
    return _core.apply("dot_product_attention", inputs, attrs)


def _to_one_dtype(*tensors: Any) -> list[Any]:
    converted = [as_tensor(x) for x in tensors]
    floats = {str(x.dtype) for x in converted if str(x.dtype).startswith("float")}
    dtype = "float64" if "float64" in floats else "float32" if floats else config.floatx()
    return [cast(x, dtype) for x in converted]


def _check_shapes(query: Any, key: Any, value: Any) -> int:
    """The number of the query's heads."""
    shapes = f"query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)}"
    if not len(query.shape) == len(key.shape) == len(value.shape) == 4:
        raise ValueError(
            f"{_WHO}: only supports 4D inputs (batch, steps, heads, features); got {shapes}. Use expand_dims for "
            "one head."
        )
    heads, of_keys = query.shape[2], key.shape[2]
    if None in (heads, of_keys, query.shape[3], key.shape[3]):
        raise ValueError(f"{_WHO}: the numbers of heads and features must be known; got {shapes}.")
    if of_keys == 0 or heads % of_keys or key.shape[3] != query.shape[3] or value.shape[2] != of_keys:
        raise ValueError(
            f"{_WHO}: expected key and value with as many features as query, and with a number of heads that divides "
            f"the query's; got {shapes}."
        )
    return int(heads)


def _four_axes(x: Any, name: str, heads: int) -> Any:
    """A bias or mask with the axes (B, N, T, S)."""
    x = as_tensor(x)
    if len(x.shape) > 4:
        raise ValueError(
            f"{_WHO}: expected `{name}` to broadcast to (B, N, T, S); got shape {tuple(x.shape)}."
        )
    while len(x.shape) < 4:
        # Of three axes, (B, N, S) if the second counts the heads, else (B, T, S).
        by_head = len(x.shape) == 3 and heads > 1 and x.shape[1] == heads
        x = _apply("expand_dims", x, axis=2 if by_head else 1 if len(x.shape) == 3 else 0)
    if x.shape[1] not in (1, heads):
        raise ValueError(
            f"{_WHO}: expected `{name}` of shape (B, 1, T, S) or (B, {heads}, T, S); got {tuple(x.shape)}."
        )
    return x
