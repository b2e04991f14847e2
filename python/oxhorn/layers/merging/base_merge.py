"""What the merging layers have in common."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.arguments import describe
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Merge", "check_masks"]


class Merge(CoreLayer):
    """A layer that makes one value of a list of values, entry by entry."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Compute in the core, from a list of inputs; a single tensor is refused."""
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                f"{type(self).__name__}: expected a list of inputs. Received: one tensor of shape "
                f"{tuple(inputs.shape)}. Call the layer on a list, layer([a, b])."
            )
        return super().call(inputs, training=training, mask=mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the result: an entry counts if it counts in any of the inputs.

        Args:
            inputs: The list of inputs.
            mask: The list of their masks, None for an input without one.

        Returns:
            A mask, or None if an input has none.
        """
        masks = check_masks(self.name, inputs, mask)
        if masks is None or any(entry is None for entry in masks):
            return None
        merged = masks[0]
        for entry in masks[1:]:
            merged = ops.logical_or(merged, entry)
        return merged

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config()


def check_masks(owner: str, inputs: Any, mask: Any) -> list[Any] | None:
    """The masks as a list as long as the inputs, or None."""
    if mask is None:
        return None
    for name, value in (("mask", mask), ("inputs", inputs)):
        if not isinstance(value, (list, tuple)):
            raise ValueError(
                f"{owner}: expected one entry for each input: `{name}` should be a list. Received: "
                f"{name}={describe(value)}. Pass None for an input without a mask."
            )
    if len(mask) != len(inputs):
        raise ValueError(
            f"{owner}: `mask` and `inputs`, expected with one entry for each input, should have the same length. "
            f"Received: mask={describe(mask)} for {len(inputs)} inputs. Pass None for an input without a mask."
        )
    return list(mask)
