"""Which dtype a layer computes in and keeps its weights in."""

from oxhorn.dtype_policies.dtype_policy import DTypePolicy, deserialize, get, serialize

__all__ = ["DTypePolicy", "deserialize", "get", "serialize"]
