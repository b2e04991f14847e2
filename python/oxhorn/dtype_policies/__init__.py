"""Which dtype a layer computes in and keeps its weights in."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.dtype_policies.dtype_policy import DTypePolicy, deserialize, get, serialize
    from oxhorn.dtype_policies.dtype_policy import DTypePolicy as FloatDTypePolicy
    from oxhorn.dtype_policies.dtype_policy_map import DTypePolicyMap
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.dtype_policies.dtype_policy": (
                "DTypePolicy, DTypePolicy as FloatDTypePolicy, deserialize, get, serialize"
            ),
            "oxhorn.dtype_policies.dtype_policy_map": "DTypePolicyMap",
        },
    )

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]
