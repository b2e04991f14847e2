"""Activation functions as layers."""

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
