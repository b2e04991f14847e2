"""How the features of a `FeatureSpace`, and crosses of them, are described."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from oxhorn import arguments

__all__ = ["Cross", "Feature"]

# What Keras calls the module of both in a config.
_MODULE = "keras.src.layers.preprocessing.feature_space"


class _Description:
    """What is written to a config and read from one."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments. Defined by subclasses."""
        raise NotImplementedError

    def serialized(self) -> dict[str, Any]:
        """The description as it stands in a config."""
        name = type(self).__name__
        return {"module": _MODULE, "class_name": name, "config": self.get_config(), "registered_name": name}

    @classmethod
    def from_serialized(cls, config: dict[str, Any]) -> Self:
        """The description that stands in a config.

        Raises:
            ValueError: If it is none of this kind.
        """
        inner = config.get("config")
        if config.get("class_name") != cls.__name__ or not isinstance(inner, dict):
            raise ValueError(
                f"FeatureSpace: expected the config of a {cls.__name__}, with 'class_name' and 'config'. "
                f"Received: {arguments.describe(config)}."
            )
        return cls.from_config(inner)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The description with these arguments.

        Args:
            config: The constructor's arguments.
        """
        return cls(**config)


class Cross(_Description):
    """Features that are crossed.

    Args:
        feature_names: Their names, two at least.
        crossing_dim: How many bins the combinations go into.
        output_mode: `"one_hot"` or `"int"`.
    """

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> None:
        _check_mode(output_mode, ("int", "one_hot"))
        if isinstance(feature_names, str) or len(tuple(feature_names)) < 2:
            raise ValueError(
                "FeatureSpace: a cross needs the names of at least two features. "
                f"Received: {arguments.describe(feature_names)}."
            )
        self.feature_names = tuple(feature_names)
        self.crossing_dim = arguments.integer(crossing_dim, "crossing_dim", "FeatureSpace", low=1)
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The names of the features, joined."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }


class Feature(_Description):
    """One feature: the dtype of its column, the layer that prepares it, and what that returns.

    Args:
        dtype: The dtype of the column, `"string"` for text.
        preprocessor: The layer, or its config.
        output_mode: `"float"`, `"int"` or `"one_hot"`.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        _check_mode(output_mode, ("int", "one_hot", "float"))
        if isinstance(preprocessor, dict):
            from oxhorn.saving import deserialize_keras_object

            preprocessor = deserialize_keras_object(preprocessor)
        self.dtype = dtype
        self.preprocessor = preprocessor
        self.output_mode = output_mode

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {
            "dtype": self.dtype,
            "preprocessor": serialize_keras_object(self.preprocessor),
            "output_mode": self.output_mode,
        }


def _check_mode(mode: Any, allowed: tuple[str, ...]) -> None:
    if mode not in allowed:
        raise ValueError(
            f"FeatureSpace: Invalid value for argument `output_mode`. Expected one of {allowed}. "
            f"Received: output_mode={mode!r}."
        )
