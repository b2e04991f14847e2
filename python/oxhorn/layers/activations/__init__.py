"""Activation functions as layers."""

from oxhorn.layers.activations.activation import Activation
from oxhorn.layers.activations.elu import ELU
from oxhorn.layers.activations.leaky_relu import LeakyReLU
from oxhorn.layers.activations.prelu import PReLU
from oxhorn.layers.activations.relu import ReLU
from oxhorn.layers.activations.softmax import Softmax

__all__ = [
    "Activation",
    "ELU",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
]
