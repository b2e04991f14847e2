"""Names of weights by their place in the model, so that they do not depend on automatic layer names.

A layer has the path of the attribute that holds it: `dense_a`. Entries of lists, tuples and dicts are named by
class and count: `layers/dense`, `layers/dense_1`. Weights are numbered: `layers/dense/vars/0`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oxhorn.engine.layer_state import LayerState
from oxhorn.engine.naming import to_snake_case


def weights_by_path(model: Any) -> dict[str, Any]:
    """The weights of `model` (its `weights`, no seeds or metrics) by path.

    Raises:
        ValueError: If a weight belongs to a layer that no attribute leads to.
    """
    found: dict[str, Any] = {}
    _walk(model, "", set(), found)
    seen = {id(variable) for variable in found.values()}
    lost = [variable.path for variable in model.weights if id(variable) not in seen]
    if lost:
        raise ValueError(
            f"Some weights of model {model.name!r} cannot be named in a file, because no attribute leads to their "
            f"layers: {lost}. Keep the layers in attributes, or in lists, tuples or dicts that are attributes."
        )
    return found


def _walk(layer: Any, path: str, visited: set[int], found: dict[str, Any]) -> None:
    if id(layer) in visited:
        return
    visited.add(id(layer))
    prefix = f"{path}/" if path else ""
    for i, variable in enumerate(layer._own_variables()):
        found[f"{prefix}vars/{i}"] = variable
    for name, value in _attributes(layer):
        if isinstance(value, LayerState):
            _walk(value, f"{prefix}{name}", visited, found)
        elif isinstance(value, (list, tuple, dict, set)):
            _walk_container(value, f"{prefix}{name}", visited, found)


def _attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    """Attributes by name, private ones last; for models also the list `layers`."""
    values = dict(layer.__dict__)
    if hasattr(type(layer), "layers"):
        values["layers"] = layer.layers
        if getattr(layer, "_graph", None) is not None:
            yield "layers", values.pop("layers")
    for name in sorted(values, key=lambda name: (name.startswith("_"), name)):
        if name not in ("_tracker", "_lists", "_graph", "_inbound_nodes", "_init_arguments", "_stack"):
            yield name, values[name]


def _walk_container(container: Any, path: str, visited: set[int], found: dict[str, Any]) -> None:
    counts: dict[str, int] = {}
    values = container.values() if isinstance(container, dict) else container
    for value in values:
        nested = isinstance(value, (list, tuple, dict, set))
        if not nested and not isinstance(value, LayerState):
            continue
        name = "container" if nested else to_snake_case(type(value).__name__)
        count = counts.get(name, 0)
        counts[name] = count + 1
        place = f"{path}/{name}" if count == 0 else f"{path}/{name}_{count}"
        if nested:
            _walk_container(value, place, visited, found)
        else:
            _walk(value, place, visited, found)
