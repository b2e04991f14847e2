"""Masks on their way through layers: from the tensors that carry them to the arguments of `call`, and on."""

from __future__ import annotations

import warnings
from typing import Any

from oxhorn import _core, tree
from oxhorn.engine.call_spec import CallSpec, is_tensor_like, signature_of


def mask_of(x: Any) -> Any:
    """The mask that a tensor carries, or `None`."""
    return getattr(x, "_keras_mask", None)


def has_mask(structure: Any) -> bool:
    """Whether one of the entries is a mask."""
    return structure is not None and any(mask is not None for mask in tree.flatten(structure))


def fill_arguments(spec: CallSpec, kwargs: dict[str, Any]) -> Any:
    """Passes the masks of the inputs to the mask arguments of `call`; returns that of the first argument.

    With one tensor argument, its mask is `mask`; with several, that of `query` is `query_mask`. What the caller
    passed himself stays.
    """
    if len(spec.tensors) == 1:
        if "mask" in spec.arguments and spec.arguments["mask"] is None:
            mask = tree.map_structure(mask_of, next(iter(spec.tensors.values())))
            if has_mask(mask):
                kwargs["mask"] = mask
    else:
        for name, value in spec.tensors.items():
            mask_name = f"{name}_mask"
            if mask_name in spec.arguments and spec.arguments[mask_name] is None:
                mask = tree.map_structure(mask_of, value)
                if has_mask(mask):
                    kwargs[mask_name] = mask
    if kwargs.get("mask") is not None:
        return kwargs["mask"]
    return tree.map_structure(mask_of, spec.first) if spec.tensors else None


def _takes_masks(layer: Any) -> bool:
    return any(name == "mask" or name.endswith("_mask") for name in signature_of(layer.call).parameters)


def pass_on(layer: Any, inputs: Any, outputs: Any, previous_mask: Any, computes_masks: bool) -> None:
    """Sets the masks of the results, as `layer.compute_mask` gives them.

    Args:
        layer: The layer that was called.
        inputs: Its first argument.
        outputs: Its results.
        previous_mask: The mask of the first argument.
        computes_masks: Whether the layer's class has a `compute_mask` of its own, which may make a mask of none.
    """
    masked = has_mask(previous_mask)
    if not masked and not computes_masks:
        return
    if not layer.supports_masking:
        # A layer that takes the mask has used it; one that does not may not know that there is one.
        if masked and not _takes_masks(layer):
            warnings.warn(
                f"Layer {layer.name!r} (of type {type(layer).__name__}) got an input with a mask, but it "
                "does not support masks: the mask ends here.",
                stacklevel=4,
            )
        return
    tensors = [output for output in tree.flatten(outputs) if is_tensor_like(output)]
    if tensors and all(mask_of(tensor) is not None for tensor in tensors):
        return
    masks = layer.compute_mask(inputs, previous_mask)
    for tensor, mask in zip(tensors, tree.flatten(masks), strict=False):
        if mask is not None and mask_of(tensor) is None and not isinstance(tensor, _core.Variable):
            tensor._keras_mask = mask
