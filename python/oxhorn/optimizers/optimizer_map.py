"""`OptimizerMap`: which optimizer a variable goes to, by its path."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from oxhorn.arguments import describe
from oxhorn.optimizers.optimizer import Optimizer


class OptimizerMap(MutableMapping[str, Any]):
    """Optimizers by the paths of variables.

    A variable goes to the optimizer whose key is its path, else to the one whose key, as a regular expression, fits
    the whole of its path, else to the default. So `"encoder/.*"` is for all that is inside of `encoder`, and
    `"encoder"` for a variable of just that path.

    Args:
        default_optimizer: The optimizer of variables that no key fits.
        optimizer_map: Optimizers by path or pattern. Defaults to None: none yet.

    Raises:
        TypeError: If the default is no optimizer, or the map no dict.
        ValueError: If a key is no pattern or is there already, or a value is no optimizer or wraps others. When
            asked, if two patterns fit a path.

    Example:
    >>> import oxhorn as keras
    >>> which = keras.optimizers.OptimizerMap(keras.optimizers.Adam(1e-3))
    >>> which["backbone/.*"] = keras.optimizers.SGD(1e-4)
    >>> type(which["backbone/dense/kernel"]).__name__, type(which["top/kernel"]).__name__
    ('SGD', 'Adam')

    Source: Keras 3.15.
    """

    def __init__(self, default_optimizer: Any, optimizer_map: dict[str, Any] | None = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                "OptimizerMap: default_optimizer must be a Keras Optimizer instance; got "
                f"{describe(default_optimizer)}."
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(
                f"OptimizerMap: optimizer_map must be a dictionary of optimizers by path or pattern; got "
                f"{describe(optimizer_map)}."
            )
        _check_single(default_optimizer)
        self._default_optimizer = default_optimizer
        self._optimizer_map: dict[str, Any] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    @property
    def default_optimizer(self) -> Any:
        """The optimizer of variables that no key fits."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Any:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        fitting = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(fitting) > 1:
            raise ValueError(
                f"OptimizerMap: Multiple optimizers assigned to variable {key}: {', '.join(map(repr, fitting))} fit "
                "its path. Make the patterns exclude each other, or add the path itself as a key."
            )
        return self._optimizer_map[fitting[0]] if fitting else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Any) -> None:
        if not isinstance(key, str):
            raise ValueError(f"OptimizerMap: key must be a string, a path or a pattern; got {describe(key)}.")
        if key in self._optimizer_map:
            raise ValueError(
                f"OptimizerMap: '{key}' already exists in the OptimizerMap with value {self._optimizer_map[key]}. "
                "Delete it first to give it another."
            )
        try:
            re.compile(key)
        except re.error as error:
            raise ValueError(
                f"OptimizerMap: key must be a path or a pattern; got {key!r} ({error})."
            ) from None
        if not isinstance(optimizer, Optimizer):
            raise ValueError(
                f"OptimizerMap: optimizer must be a Keras Optimizer instance; got {describe(optimizer)} for '{key}'."
            )
        _check_single(optimizer)
        self._optimizer_map[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __contains__(self, key: object) -> bool:
        return key in self._optimizer_map

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Any) -> Any:
        """The optimizer of a variable."""
        return self[str(variable.path)]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this map again."""
        from oxhorn.saving import serialize_keras_object

        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> OptimizerMap:
        """A map from what `get_config` returned.

        Args:
            config: The configuration.
            custom_objects: Names that stand for classes and functions of yours.
        """
        from oxhorn.saving import deserialize_keras_object

        return cls(
            deserialize_keras_object(config["default_optimizer"], custom_objects=custom_objects),
            {
                key: deserialize_keras_object(each, custom_objects=custom_objects)
                for key, each in config["optimizer_map"].items()
            },
        )


def _check_single(optimizer: Any) -> None:
    from oxhorn.optimizers.loss_scale_optimizer import LossScaleOptimizer
    from oxhorn.optimizers.multi_optimizer import MultiOptimizer

    for kind in (LossScaleOptimizer, MultiOptimizer):
        if isinstance(optimizer, kind):
            raise ValueError(
                f"OptimizerMap: optimizer cannot be {kind.__name__}; the map is for optimizers with a rule of their "
                "own. Wrap the MultiOptimizer in a LossScaleOptimizer, if a loss scale is wanted."
            )
