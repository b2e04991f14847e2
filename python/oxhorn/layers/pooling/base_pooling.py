"""What the pooling layers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["BaseAdaptivePooling", "BaseGlobalPooling", "BasePooling"]


class BasePooling(CoreLayer):
    """Pooling over windows of `rank` axes: checks its arguments and keeps them."""

    rank: int
    build_at_init = True

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None,
        padding: str,
        data_format: str | None,
        name: str | None,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        super().__init__(name=name, **kwargs)
        self.pool_size = arguments.integers(pool_size, self.rank, "pool_size", owner)
        self.strides = (
            self.pool_size if strides is None else arguments.integers(strides, self.rank, "strides", owner)
        )
        self.padding = arguments.choice(padding, ("valid", "same"), "padding", owner)
        self.data_format = arguments.data_format(data_format, owner)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class BaseGlobalPooling(CoreLayer):
    """Pooling over all of the space: checks its arguments and keeps them."""

    build_at_init = True

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = arguments.data_format(data_format, type(self).__name__)
        self.keepdims = arguments.boolean(keepdims, "keepdims", type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class BaseAdaptivePooling(CoreLayer):
    """Pooling to a given size of `rank` axes: checks its arguments and keeps them."""

    rank: int
    build_at_init = True

    def __init__(
        self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any
    ) -> None:
        owner = type(self).__name__
        super().__init__(**kwargs)
        self.output_size = arguments.integers(output_size, self.rank, "output_size", owner)
        self.data_format = arguments.data_format(data_format, owner)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "output_size": self.output_size, "data_format": self.data_format}
