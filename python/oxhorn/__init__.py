"""Oxhorn: neural networks on the CPU, with the interface of Keras 3.

Everything is imported on first use, so that `import oxhorn as keras` costs little more than NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oxhorn import (
        activations,
        autograd,
        backend,
        callbacks,
        config,
        constraints,
        data,
        datasets,
        dtype_policies,
        export,
        initializers,
        interop,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        ops,
        optimizers,
        preprocessing,
        pretraining,
        random,
        regularizers,
        reuse,
        saving,
        testing,
        tree,
        utils,
    )
    from oxhorn.autograd import GradientTape, grad, jacobian, value_and_grad
    from oxhorn.dtype_policies import DTypePolicy, FloatDTypePolicy
    from oxhorn.engine.device import device
    from oxhorn.engine.function import Function
    from oxhorn.engine.input_spec import InputSpec
    from oxhorn.engine.keras_tensor import KerasTensor
    from oxhorn.engine.naming import name_scope
    from oxhorn.engine.operation import Operation
    from oxhorn.engine.stateless import StatelessScope
    from oxhorn.engine.variable import Variable
    from oxhorn.export import export_onnx
    from oxhorn.initializers import Initializer
    from oxhorn.layers.input_layer import Input
    from oxhorn.layers.layer import Layer
    from oxhorn.losses import Loss
    from oxhorn.metrics import Metric
    from oxhorn.models import Model, Sequential
    from oxhorn.optimizers import Optimizer
    from oxhorn.regularizers import Regularizer

_MODULES = (
    "activations",
    "autograd",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "data",
    "datasets",
    "dtype_policies",
    "export",
    "initializers",
    "interop",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "pretraining",
    "random",
    "regularizers",
    "reuse",
    "saving",
    "testing",
    "tree",
    "utils",
)

_NAMES = {
    "DTypePolicy": "dtype_policies",
    "FloatDTypePolicy": "dtype_policies",
    "Function": "engine.function",
    "GradientTape": "autograd",
    "Initializer": "initializers",
    "Input": "layers.input_layer",
    "InputSpec": "engine.input_spec",
    "KerasTensor": "engine.keras_tensor",
    "Layer": "layers.layer",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "engine.operation",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "Sequential": "models",
    "StatelessScope": "engine.stateless",
    "Variable": "engine.variable",
    "device": "engine.device",
    "export_onnx": "export",
    "grad": "autograd",
    "jacobian": "autograd",
    "name_scope": "engine.naming",
    "value_and_grad": "autograd",
}

__all__ = [*_MODULES, *_NAMES, "__version__", "version"]


def version() -> str:
    """The version of this package."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed_version

    try:
        return installed_version("oxhorn")
    except PackageNotFoundError:
        return "0+source"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    elif name == "__version__":
        value = version()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
