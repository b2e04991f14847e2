"""Which dtype a layer computes in and keeps its weights in."""

from oxhorn.dtype_policies.dtype_policy import DTypePolicy, deserialize, get, serialize
from oxhorn.dtype_policies.dtype_policy import DTypePolicy as FloatDTypePolicy
from oxhorn.dtype_policies.dtype_policy_map import DTypePolicyMap

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]
