"""Names of weights by their place in the model, so that they do not depend on automatic layer names.

The weights of an object at `layers/dense` (see `saveables`) are numbered: `layers/dense/vars/0`.
"""

from __future__ import annotations

from typing import Any

from oxhorn.engine.layer_state import LayerState
from oxhorn.saving.saveables import walk
from oxhorn.saving.stores import place_of


def weights_by_path(model: Any) -> dict[str, Any]:
    """The weights of `model` (its `weights`, no seeds or metrics) by path.

    Raises:
        ValueError: If a weight belongs to a layer that no attribute leads to.
    """
    found = {
        f"{place_of(path)}/{i}": variable
        for path, one in walk(model)
        if isinstance(one, LayerState)
        for i, variable in enumerate(one._own_variables())
    }
    named = {id(variable) for variable in found.values()}
    lost = [variable.path for variable in model.weights if id(variable) not in named]
    if lost:
        raise ValueError(
            f"Some weights of model {model.name!r} cannot be named in a file, because no attribute leads to their "
            f"layers: {lost}. Keep the layers in attributes, or in lists, tuples or dicts that are attributes."
        )
    return found
