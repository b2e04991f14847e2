"""Dtype policies: one dtype for weights and computation, float32 or float64 (or an integer dtype)."""

from __future__ import annotations

import warnings
from typing import Any

from oxhorn import config
from oxhorn.engine.dtype_names import DTYPES, dtype_error

# Models made for mixed precision run in float32: 16-bit floats bring a CPU neither speed nor accuracy.
MIXED = ("mixed_float16", "mixed_bfloat16")
SUPPORTED = DTYPES


class DTypePolicy:
    """The dtypes of a layer: `variable_dtype` for its weights, `compute_dtype` for its inputs and results.

    Args:
        name: `"float32"` or `"float64"`, or `"int32"`, `"int64"`, `"uint8"`, `"bool"` for layers whose
            results are of that dtype. `None` means `keras.config.floatx()`. `"mixed_float16"` and
            `"mixed_bfloat16"` compute in float32, with a warning that says so.

    Raises:
        ValueError: If `name` is anything else; 16-bit floats are not supported.

    >>> import oxhorn as keras
    >>> keras.DTypePolicy("float64").compute_dtype
    'float64'
    """

    def __init__(self, name: str | None = None, source_name: str | None = None) -> None:
        if name is None:
            name = config.floatx()
        if not isinstance(name, str):
            raise TypeError(f"'name' must be a string, that of a dtype policy; got {name!r}.")
        if name in MIXED:
            warnings.warn(
                f"Dtype policy {name!r} computes in float32 here: 16-bit floats bring nothing on a CPU.",
                stacklevel=2,
            )
        elif name not in SUPPORTED:
            raise dtype_error(f"Cannot convert {name[:80]!r} to a dtype policy: it", name[:80], SUPPORTED)
        self._name = name

    @property
    def name(self) -> str:
        """The name of the policy."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype of floating-point inputs and of results."""
        return "float32" if self._name in MIXED else self._name

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> None:
        """Always `None`: weights are not quantized."""
        return None

    def at_path(self, path: str | None) -> DTypePolicy:
        """The policy of the layer at a path: this one; a `DTypePolicyMap` has several."""
        return self

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this policy again."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy that `get_config` describes."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other._name == self._name

    def __hash__(self) -> int:
        return hash(("DTypePolicy", self._name))

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """The policy as it stands in a layer's config."""
    several = type(dtype_policy).__name__ == "DTypePolicyMap"
    return {
        "module": "keras.dtype_policies" if several else "keras",
        "class_name": "DTypePolicyMap" if several else "DTypePolicy",
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> DTypePolicy:
    """The policy that `serialize` describes."""
    from oxhorn.dtype_policies.dtype_policy_map import DTypePolicyMap

    kinds: dict[Any, type[DTypePolicy]] = {"DTypePolicy": DTypePolicy, "DTypePolicyMap": DTypePolicyMap}
    kind = kinds.get(config.get("class_name"))
    if kind is None:
        raise ValueError(
            f"Unknown dtype policy class {config.get('class_name')!r}; expected one of {sorted(kinds)}."
        )
    return kind.from_config(config.get("config", {}))


def get(identifier: Any) -> DTypePolicy:
    """A policy from a policy, a name, a dtype, a config, or `None` (the policy of the process).

    >>> import oxhorn as keras
    >>> keras.dtype_policies.get("float64")
    <DTypePolicy "float64">
    """
    if identifier is None:
        return config.dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    name = getattr(identifier, "name", None) or getattr(identifier, "__name__", None)
    if isinstance(name, str):
        return DTypePolicy(name)
    raise ValueError(
        f"Invalid `policy` argument: cannot make a dtype policy from {identifier!r}; expected a name such "
        "as 'float32', a DTypePolicy or None."
    )
