"""Arguments of `fit`, `evaluate` and `predict`: each of one type and range, or an error that says which."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

from oxhorn import config
from oxhorn.engine.tracing import state_version


def positive_int(method: str, name: str, value: Any) -> int:
    """`value` as an int of at least 1."""
    return _int_from(method, name, value, 1)


def optional_positive_int(method: str, name: str, value: Any) -> int | None:
    """`value` as an int of at least 1, or `None`."""
    return None if value is None else _int_from(method, name, value, 1, ", or None")


def non_negative_int(method: str, name: str, value: Any) -> int:
    """`value` as an int of at least 0."""
    return _int_from(method, name, value, 0)


def _int_from(method: str, name: str, value: Any, least: int, or_else: str = "") -> int:
    kind = "a positive integer" if least == 1 else "an integer of at least 0"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ValueError(
            f"{method} expected `{name}` to be {kind}{or_else}; got {value!r} of type {type(value).__name__}."
        )
    if value < least:
        raise ValueError(f"{method} expected `{name}` to be {kind}{or_else}; got {value!r}.")
    return int(value)


def verbosity(method: str, value: Any) -> int:
    """0, 1 or 2; `"auto"` means 1."""
    if isinstance(value, str) and value == "auto":
        return 1
    if isinstance(value, (bool, numbers.Integral)) and int(value) in (0, 1, 2):
        return int(value)
    raise ValueError(f"{method} expected `verbose` to be 'auto', 0, 1 or 2; got {value!r}.")


def boolean(method: str, name: str, value: Any) -> bool:
    """`True` or `False`; 0 and 1 count too, as do NumPy's booleans."""
    if value in (True, False) and not isinstance(value, float):
        return bool(value)
    raise ValueError(f"{method} expected `{name}` to be True or False; got {value!r}.")


def validation_epochs(value: Any) -> int | frozenset[int]:
    """`validation_freq` as a period, or as the epochs themselves, counted from 1."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return frozenset(positive_int("fit", "validation_freq", each) for each in value)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(
            f"fit expected `validation_freq` to be a positive integer or a list of epochs; got {value!r} of type "
            f"{type(value).__name__}."
        )
    return int(value)


def compiled(model: Any, method: str) -> None:
    """Raises a `ValueError` if the model is not compiled."""
    if not model.compiled:
        raise ValueError(
            f"{method} needs a compiled model, and {model.name!r} is not compiled. Call "
            "model.compile(optimizer=..., loss=...) first."
        )


def trainable_as_compiled(model: Any) -> None:
    """A warning, once, if layers were frozen or unfrozen since `compile`."""
    version = state_version()
    compiled: dict[Any, bool] | None = model._compiled_trainable
    if compiled is None or model._compared_at == version:
        return
    now = {layer: layer.trainable for layer in model._flatten_layers()}
    changed = [
        layer.name
        for layer, trainable in now.items()
        if compiled.get(layer, trainable) != trainable and (layer.weights or not layer.built)
    ]
    model._set(_compared_at=version)
    if changed:
        model._set(_compiled_trainable=now)
        warnings.warn(
            f"A layer's `trainable` state has changed since the model {model.name!r} was compiled: {changed}. The next "
            "steps follow it, but the optimizer was made for what was trainable then: it keeps momenta for layers that "
            "are frozen now, and cannot train others if it has made a step. Call `model.compile(...)` again before "
            "`fit()`, or `oxhorn.reuse.update_optimizer(model)`, which keeps the momenta.",
            stacklevel=4,
        )


def limited_epochs(epochs: int) -> int:
    """The epochs, at most `config.max_epochs()`; a warning says so."""
    most = config.max_epochs()
    if most is None or epochs <= most:
        return epochs
    warnings.warn(f"Limiting epochs to {most}, as keras.config.max_epochs() says.", stacklevel=4)
    return most


def limited_steps(steps: int | None, natural: int | None) -> int | None:
    """The steps of an epoch, at most `config.max_steps_per_epoch()`; a warning says so.

    Args:
        steps: What was asked for, or `None` for all of the data.
        natural: How many steps these are; `None` if it is not known.
    """
    most = config.max_steps_per_epoch()
    wanted = natural if steps is None else steps
    if most is None or (wanted is not None and wanted <= most):
        return steps
    warnings.warn(
        f"Limiting steps_per_epoch to {most}, as keras.config.max_steps_per_epoch() says.", stacklevel=5
    )
    return most
