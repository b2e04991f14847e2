"""Layers: functions with weights, the parts of models."""

from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.input_layer import Input, InputLayer
from oxhorn.layers.layer import Layer

__all__ = ["Input", "InputLayer", "InputSpec", "Layer"]
