"""The state of a model as nested dicts, by the paths of its variables."""

from __future__ import annotations

from typing import Any

import numpy as np

FORMATS = ("backend_tensor", "numpy_array")


def _groups(model: Any) -> dict[str, list[Any]]:
    optimizer = getattr(model, "optimizer", None)
    return {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": optimizer.variables if optimizer is not None else [],
        "metrics_variables": model.metrics_variables,
    }


def get(model: Any, value_format: str) -> dict[str, Any]:
    """`Model.get_state_tree`, whose docstring describes the arguments."""
    if value_format not in FORMATS:
        raise ValueError(
            f"get_state_tree expects `value_format` to be one of {list(FORMATS)}; got {value_format!r}."
        )
    tree: dict[str, Any] = {}
    for group, variables in _groups(model).items():
        tree[group] = {}
        for variable in variables:
            *scopes, name = variable.path.split("/")
            level = tree[group]
            for scope in scopes:
                level = level.setdefault(scope, {})
                if not isinstance(level, dict):
                    break
            if not isinstance(level, dict) or name in level:
                raise ValueError(
                    f"The following variable path is found twice in the model: {variable.path!r}. get_state_tree "
                    "needs a path of its own for each variable: give layers (and variables) unique names."
                )
            level[name] = variable.value if value_format == "backend_tensor" else variable.numpy()
    return tree


def put(model: Any, state_tree: dict[str, Any]) -> None:
    """`Model.set_state_tree`, whose docstring describes the arguments."""
    groups = _groups(model)
    found = []
    for group, nested in state_tree.items():
        if group not in groups:
            raise ValueError(
                f"set_state_tree: Unknown variable name {group!r}; expected some of {list(groups)}."
            )
        by_path = {variable.path: variable for variable in groups[group]}
        for path, value in _flatten(nested, ""):
            if path not in by_path:
                raise ValueError(
                    f"set_state_tree: the model has no variable {path!r} among its {group}; it has "
                    f"{sorted(by_path)}."
                )
            if tuple(np.shape(value)) != tuple(by_path[path].shape):
                raise ValueError(
                    f"set_state_tree: variable {path!r} has shape {tuple(by_path[path].shape)}; got a value of shape "
                    f"{tuple(np.shape(value))}."
                )
            found.append((by_path[path], value))
    for variable, value in found:
        variable.assign(value)


def _flatten(nested: Any, prefix: str) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, value in nested.items():
        path = f"{prefix}{key}"
        flat.extend(_flatten(value, f"{path}/") if isinstance(value, dict) else [(path, value)])
    return flat
