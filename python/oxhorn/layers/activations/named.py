"""Activations as layers of the names that PyTorch gives them: one class, and a table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from oxhorn import activations
from oxhorn.arguments import boolean, integer, number
from oxhorn.layers.layer import Layer

__all__ = [
    "CELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "NamedActivation",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]

_CHECKS: dict[str, Callable[[Any, str, str], Any]] = {
    "approximate": boolean,
    "axis": lambda value, name, owner: integer(value, name, owner, high=None),
}


class NamedActivation(Layer):
    """A layer that applies one activation function; its arguments are those of the function.

    Subclasses are made by `_layer`.
    """

    function: ClassVar[Callable[..., Any]]
    parameters: ClassVar[dict[str, inspect.Parameter]] = {}

    def __init__(self, *values: Any, **kwargs: Any) -> None:
        owner = type(self).__name__
        given = dict(zip(self.parameters, values, strict=False))
        if len(values) > len(self.parameters):
            raise TypeError(
                f"{owner}: expected at most {len(self.parameters)} positional arguments, {list(self.parameters)}. "
                f"Received: {len(values)}."
            )
        for name, parameter in self.parameters.items():
            if name in kwargs:
                if name in given:
                    raise TypeError(f"{owner}: got several values for the argument `{name}`. Give it once.")
                given[name] = kwargs.pop(name)
            elif name not in given and parameter.default is parameter.empty:
                raise TypeError(
                    f"{owner}: missing required positional argument `{name}`. Pass it: {owner}({name}=...)."
                )
            elif name not in given:
                given[name] = parameter.default
        super().__init__(**kwargs)
        for name, value in given.items():
            setattr(self, name, _CHECKS.get(name, number)(value, name, owner))
        if "axis" not in self.parameters:
            # The function knows the ranges of its arguments; one with an axis needs the shape as well.
            type(self).function([0.0], **self._arguments())
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Apply the function."""
        return type(self).function(inputs, **self._arguments())

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.parameters}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), **self._arguments()}


def _layer(name: str, function: Callable[..., Any], example: str, result: str) -> type[NamedActivation]:
    """The class of one line of the table; its docstring is that of the function, with an example of its own."""
    text = inspect.cleandoc(function.__doc__ or "")
    head, _, rest = text.partition("\n\nArgs:\n")
    described, _, rest = rest.partition("\n\nReturns:")
    # The first argument of the function is what the layer is called with.
    own = "\n".join(described.split("\n")[1:])
    source = "\n\nSource:" + rest.partition("\n\nSource:")[2] if "\n\nSource:" in rest else ""
    parameters = dict(list(inspect.signature(function).parameters.items())[1:])
    summary, _, formula = head.partition("\n\n")
    arguments = "".join(f"{line}\n" for line in own.split("\n") if line)
    shape = "The same, with half the size along the axis." if name == "GLU" else "The same."
    raises = "\n\nRaises:\n    ValueError: If an argument is out of range." if parameters else ""
    doc = (
        f"{summary}\n\nAn addition: `activations.{function.__name__}` as a layer, by its name in PyTorch.\n\n{formula}"
        f"\n\nArgs:\n{arguments}    **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.\n\n"
        f"Input shape:\n    Any.\n\nOutput shape:\n    {shape}\n\n"
        f"Returns:\n    When called: a tensor of the output shape.{raises}\n\nExample:\n>>> import numpy as np\n"
        f">>> import oxhorn as keras\n>>> layer = keras.layers.{name}({example})\n"
        f">>> layer(np.array([-2.0, 0.0, 0.3, 2.0])).numpy().astype('float64').round(2).tolist()\n{result}{source}\n"
    )
    others = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
    members = {
        "__doc__": doc,
        "__module__": __name__,
        # What `help` shows in the place of `*values`.
        "__signature__": inspect.Signature([*parameters.values(), others]),
        "function": staticmethod(function),
        "parameters": parameters,
    }
    return type(name, (NamedActivation,), members)


_a = activations
CELU = _layer("CELU", _a.celu, "alpha=2.0", "[-1.26, 0.0, 0.3, 2.0]")
GELU = _layer("GELU", _a.gelu, "approximate=True", "[-0.05, 0.0, 0.19, 1.95]")
GLU = _layer("GLU", _a.glu, "", "[-1.15, 0.0]")
Hardshrink = _layer("Hardshrink", _a.hard_shrink, "0.5", "[-2.0, 0.0, 0.0, 2.0]")
Hardsigmoid = _layer("Hardsigmoid", _a.hard_sigmoid, "", "[0.17, 0.5, 0.55, 0.83]")
Hardswish = _layer("Hardswish", _a.hard_silu, "", "[-0.33, 0.0, 0.17, 1.67]")
Hardtanh = _layer("Hardtanh", _a.hard_tanh, "", "[-1.0, 0.0, 0.3, 1.0]")
LogSigmoid = _layer("LogSigmoid", _a.log_sigmoid, "", "[-2.13, -0.69, -0.55, -0.13]")
LogSoftmax = _layer("LogSoftmax", _a.log_softmax, "", "[-4.29, -2.29, -1.99, -0.29]")
Mish = _layer("Mish", _a.mish, "", "[-0.25, 0.0, 0.21, 1.94]")
ReLU6 = _layer("ReLU6", _a.relu6, "", "[0.0, 0.0, 0.3, 2.0]")
SELU = _layer("SELU", _a.selu, "", "[-1.52, 0.0, 0.32, 2.1]")
SiLU = _layer("SiLU", _a.silu, "", "[-0.24, 0.0, 0.17, 1.76]")
Sigmoid = _layer("Sigmoid", _a.sigmoid, "", "[0.12, 0.5, 0.57, 0.88]")
Softplus = _layer("Softplus", _a.softplus, "", "[0.13, 0.69, 0.85, 2.13]")
Softshrink = _layer("Softshrink", _a.soft_shrink, "0.5", "[-1.5, 0.0, 0.0, 1.5]")
Softsign = _layer("Softsign", _a.softsign, "", "[-0.67, 0.0, 0.23, 0.67]")
Tanh = _layer("Tanh", _a.tanh, "", "[-0.96, 0.0, 0.29, 0.96]")
Tanhshrink = _layer("Tanhshrink", _a.tanh_shrink, "", "[-1.04, 0.0, 0.01, 1.04]")
Threshold = _layer("Threshold", _a.threshold, "threshold=0.5, default_value=9.0", "[9.0, 9.0, 9.0, 2.0]")
