"""Which dtype a layer computes in and keeps its weights in."""

from oxhorn.dtype_policies.dtype_policy import DTypePolicy, deserialize, get, serialize
from oxhorn.dtype_policies.dtype_policy import DTypePolicy as FloatDTypePolicy

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]
