"""Layers that choose what to look at."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.attention.additive_attention import AdditiveAttention
    from oxhorn.layers.attention.attention import Attention
    from oxhorn.layers.attention.group_query_attention import GroupQueryAttention
    from oxhorn.layers.attention.multi_head_attention import MultiHeadAttention
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.attention.additive_attention": "AdditiveAttention",
            "oxhorn.layers.attention.attention": "Attention",
            "oxhorn.layers.attention.group_query_attention": "GroupQueryAttention",
            "oxhorn.layers.attention.multi_head_attention": "MultiHeadAttention",
        },
    )

__all__ = [
    "AdditiveAttention",
    "Attention",
    "GroupQueryAttention",
    "MultiHeadAttention",
]
