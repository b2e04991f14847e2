"""The reference of anything, by its public name.

The convention: the reference of `ops.name` (and of the function `name` of activations, losses and metrics) is the
function `name` in one of the modules beside this one; where there is none, it is NumPy's function of that name, since
NumPy is what the reference is written in. A layer's is the function with its name in snake case (`BatchNormalization`:
`batch_normalization`), with or without the number of dimensions (`Conv2D`: `conv2d` or `conv`); losses, metrics,
optimizers, regularizers, constraints and schedules stand in the dict `ALL` of their module.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

KINDS = (
    "op",
    "activation",
    "layer",
    "loss",
    "metric",
    "optimizer",
    "regularizer",
    "constraint",
    "schedule",
)

# Other names of the same mathematics.
OPS = {
    "absolute": "abs",
    "extract_patches": "patches",
    "extract_patches_3d": "patches",
    "hard_swish": "hard_silu",
    "swish": "silu",
    "norm": "linalg.norm",
    "amax": "max",
    "amin": "min",
}
LAYERS = {
    "Activation": "activate",
    "ActivityRegularization": "linear",
    "ELU": "elu",
    "Identity": "linear",
    "InputLayer": "linear",
    "PReLU": "prelu",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "AveragePooling": "average_pool",
    "MaxPooling": "max_pool",
    "CELU": "celu",
    "GELU": "gelu",
    "GLU": "glu",
    "Hardshrink": "hard_shrink",
    "Hardsigmoid": "hard_sigmoid",
    "Hardswish": "hard_silu",
    "Hardtanh": "hard_tanh",
    "RReLU": "rrelu",
    "ReLU6": "relu6",
    "SELU": "selu",
    "SiLU": "silu",
    "Softshrink": "soft_shrink",
    "Tanhshrink": "tanh_shrink",
}
# What converts, asks, steers or draws random numbers, and has no formula of values.
NO_FORMULA = frozenset(
    {
        "associative_scan",
        "cast",
        "cond",
        "convert_to_numpy",
        "convert_to_tensor",
        "custom_gradient",
        "dtype",
        "elastic_transform",
        "fori_loop",
        "is_tensor",
        "jvp",
        "map",
        "saturate_cast",
        "scan",
        "shape",
        "stop_gradient",
        "switch",
        "vectorize",
        "vectorized_map",
        "view_as_complex",
        "while_loop",
    }
)
_NUMPY = (np, np.linalg, np.fft)
# These have functions of the same names as ops, which take other arguments.
_APART = ("constraints", "initializers", "layers", "metrics", "optimizers", "regularizers", "schedules")


@functools.cache
def _modules() -> tuple[ModuleType, ...]:
    """The modules beside this one; `ops` and `layers` first."""
    package = __name__.rpartition(".")[0]
    names = [info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    names.sort(key=lambda name: (name not in ("ops", "layers"), name))
    return tuple(importlib.import_module(f"{package}.{name}") for name in names if name != "lookup")


def find(kind: str, name: str) -> Callable[..., Any]:
    """The NumPy reference of something public.

    Args:
        kind: `"op"`, `"activation"`, `"layer"`, `"loss"`, `"metric"`, `"optimizer"`, `"regularizer"`,
            `"constraint"` or `"schedule"`.
        name: Its public name: `"logsumexp"`, `"Dense"`.

    Returns:
        A function of NumPy arrays; a class with a method `step` for an optimizer.

    Raises:
        ValueError: If the kind is unknown.
        LookupError: If there is no reference of this name.

    Example:
        >>> from oxhorn.testing import reference
        >>> float(reference.find("op", "logsumexp")([0.0, 0.0]))
        0.6931471805599453
        >>> reference.find("layer", "Dense").__name__
        'dense'
    """
    if kind not in KINDS:
        raise ValueError(f"reference.find expected `kind` to be one of {KINDS}; got {kind!r}.")
    found = _in_all(kind, name) if kind not in ("op", "layer") else None
    if found is None and kind == "layer":
        found = _layer(name)
    if found is None and kind in ("op", "activation", "loss", "metric"):
        found = _function(OPS.get(name, name), kind)
    if found is None:
        raise LookupError(
            f"reference.find knows no {kind} {name!r}. Write the function `{_snake(name)}` in NumPy into a module of "
            f"{__name__.rpartition('.')[0]}."
        )
    return found


def missing(kind: str, names: list[str]) -> list[str]:
    """Those of `names` that have no reference."""
    lost = []
    for name in names:
        try:
            find(kind, name)
        except LookupError:
            lost.append(name)
    return lost


def _in_all(kind: str, name: str) -> Any:
    plural = {"loss": "losses"}.get(kind, f"{kind}s")
    for module in _modules():
        if module.__name__.rpartition(".")[2] == plural:
            found = getattr(module, "ALL", {}).get(name)
            return found if found is not None else getattr(module, "ALL", {}).get(_snake(name))
    return None


def _layer(name: str) -> Any:
    plain = re.sub(r"[123]D(?=$|Transpose$)", "", name)
    for one in (name, plain):
        if one in LAYERS:
            return _own(LAYERS[one])
    # GlobalMaxPool and the like are other names of GlobalMaxPooling.
    for one in (_snake(name), _snake(plain)):
        found = _own(one)
        if found is not None:
            return found
    return None


def _function(name: str, kind: str) -> Any:
    apart = _APART if kind == "op" else ()
    found = _own(name, (*apart, "losses", "losses_of_pairs") if kind == "op" else apart)
    if found is not None:
        return found
    for space in _NUMPY:
        candidate = getattr(space, name.rpartition(".")[2], None)
        if callable(candidate) and not isinstance(candidate, type):
            return candidate
    return _own(name, apart)


def _own(name: str, apart: tuple[str, ...] = ()) -> Any:
    for module in _modules():
        if module.__name__.rpartition(".")[2] in apart:
            continue
        found = vars(module).get(name)
        if (
            callable(found)
            and not isinstance(found, type)
            and getattr(found, "__module__", "") == module.__name__
        ):
            return found
    return None


def _snake(name: str) -> str:
    name = re.sub(r"([123])D$", r"\1d", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
