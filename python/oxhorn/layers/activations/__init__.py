"""Activation functions as layers."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.activations.activation import Activation
    from oxhorn.layers.activations.elu import ELU
    from oxhorn.layers.activations.leaky_relu import LeakyReLU
    from oxhorn.layers.activations.named import (
        CELU,
        GELU,
        GLU,
        SELU,
        Hardshrink,
        Hardsigmoid,
        Hardswish,
        Hardtanh,
        LogSigmoid,
        LogSoftmax,
        Mish,
        ReLU6,
        Sigmoid,
        SiLU,
        Softplus,
        Softshrink,
        Softsign,
        Tanh,
        Tanhshrink,
        Threshold,
    )
    from oxhorn.layers.activations.prelu import PReLU
    from oxhorn.layers.activations.relu import ReLU
    from oxhorn.layers.activations.rrelu import RReLU
    from oxhorn.layers.activations.softmax import Softmax
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.activations.activation": "Activation",
            "oxhorn.layers.activations.elu": "ELU",
            "oxhorn.layers.activations.leaky_relu": "LeakyReLU",
            "oxhorn.layers.activations.named": (
                "CELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LogSigmoid, LogSoftmax, "
                "Mish, ReLU6, SELU, SiLU, Sigmoid, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, "
                "Threshold"
            ),
            "oxhorn.layers.activations.prelu": "PReLU",
            "oxhorn.layers.activations.relu": "ReLU",
            "oxhorn.layers.activations.rrelu": "RReLU",
            "oxhorn.layers.activations.softmax": "Softmax",
        },
    )

__all__ = [
    "Activation",
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]
