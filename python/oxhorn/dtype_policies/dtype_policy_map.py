"""Dtype policies by the paths of layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from oxhorn.dtype_policies import dtype_policy as policies
from oxhorn.dtype_policies.dtype_policy import DTypePolicy


class DTypePolicyMap(DTypePolicy, MutableMapping[str, DTypePolicy]):
    """A policy for each layer of several, by its path: passed as `dtype` to a layer that hands it on.

    A path stands for itself, or is a regular expression that the whole path must match; for all others there is the
    default.

    Args:
        default_policy: The policy where nothing matches, or its name; `None` means `keras.config.dtype_policy()`, as it
            is when it is asked for. Defaults to `None`.
        policy_map: A dict from paths to policies. Defaults to `None`, an empty one.

    Raises:
        ValueError: If `default_policy` is no policy, or a map.
        TypeError: If `policy_map` is not a dict.

    >>> import oxhorn as keras
    >>> policies = keras.dtype_policies.DTypePolicyMap("float32", {"decoder/.*": keras.DTypePolicy("float64")})
    >>> policies["decoder/dense"].name, policies["encoder/dense"].name
    ('float64', 'float32')

    Source: Keras 3.
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, Any] | None = None) -> None:
        if isinstance(default_policy, DTypePolicyMap):
            raise ValueError(
                "DTypePolicyMap: `default_policy` cannot be a `DTypePolicyMap`; pass one policy or its name."
            )
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(
                "If specified, `policy_map` must be a dict. DTypePolicyMap received: "
                f"policy_map={policy_map!r} of type {type(policy_map).__name__}."
            )
        if isinstance(default_policy, dict):
            default_policy = policies.get(default_policy)
        self._default_policy_arg = default_policy
        self._default_policy = policies.get(default_policy)
        self._policy_map: dict[str, DTypePolicy] = {}
        for key, policy in (policy_map or {}).items():
            self[key] = policy

    @property
    def name(self) -> str:
        """`"map_"` and the name of the default."""
        return f"map_{self.default_policy.name}"

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of paths that nothing matches."""
        return policies.get(self._default_policy_arg)

    @property
    def compute_dtype(self) -> str:
        """The compute dtype of the default."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of weights of the default."""
        return self.default_policy.variable_dtype

    def at_path(self, path: str | None) -> DTypePolicy:
        """The policy of the layer at a path; this map where the path is not known yet."""
        return self if path is None else self[path]

    def __getitem__(self, key: str) -> DTypePolicy:
        exact = self._policy_map.get(key)
        if exact is not None:
            return exact
        matching = [pattern for pattern in self._policy_map if _matches(pattern, key)]
        if len(matching) > 1:
            raise ValueError(
                f"Path {key!r} matches multiple dtype policy specification keys: {matching}. Make sure that each path "
                "matches at most one key of the DTypePolicyMap."
            )
        return self._policy_map[matching[0]] if matching else self.default_policy

    def __setitem__(self, key: str, policy: Any) -> None:
        if key in self._policy_map:
            raise ValueError(
                f"{key} already exist in the DTypePolicyMap with value {self._policy_map[key]!r}. Delete it first, or "
                "use another key."
            )
        try:
            found = policies.get(policy)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "Cannot interpret the assigned value by `keras.dtype_policies.get`. Received for "
                f"{key!r}: {policy!r} of type {type(policy).__name__}. {error}"
            ) from None
        self._policy_map[key] = found

    def __delitem__(self, key: str) -> None:
        del self._policy_map[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Takes a key out and returns its policy; KeyError (or `default`) where there is none."""
        return self._policy_map.pop(key, *default)

    def __contains__(self, key: object) -> bool:
        return key in self._policy_map

    def __len__(self) -> int:
        return len(self._policy_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._policy_map)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DTypePolicyMap)
            and other.default_policy == self.default_policy
            and other._policy_map == self._policy_map
        )

    __hash__ = None  # type: ignore[assignment]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this map again."""
        default = self._default_policy_arg
        return {
            "default_policy": policies.serialize(default) if isinstance(default, DTypePolicy) else default,
            "policy_map": {key: policies.serialize(policy) for key, policy in self._policy_map.items()},
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> DTypePolicyMap:
        """The map that `get_config` describes."""
        entries = config.get("policy_map") or {}
        return cls(config.get("default_policy"), {key: policies.get(value) for key, value in entries.items()})

    def __repr__(self) -> str:
        mapping = [(key, policy.name) for key, policy in self._policy_map.items()]
        return f"<DTypePolicyMap at {hex(id(self))} default_policy={self._default_policy.name}, mapping={mapping}>"


def _matches(pattern: str, path: str) -> bool:
    try:
        return re.fullmatch(pattern, path) is not None
    except re.error:
        return False
