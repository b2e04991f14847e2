"""Layers that choose what to look at."""

from oxhorn.layers.attention.additive_attention import AdditiveAttention
from oxhorn.layers.attention.attention import Attention
from oxhorn.layers.attention.group_query_attention import GroupQueryAttention
from oxhorn.layers.attention.multi_head_attention import MultiHeadAttention

__all__ = [
    "AdditiveAttention",
    "Attention",
    "GroupQueryAttention",
    "MultiHeadAttention",
]
