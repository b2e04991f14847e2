"""A start that looks at data: every layer's outputs get variance one, layer after layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np

from oxhorn import _core, arguments
from oxhorn.engine import call_context
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.initializers.orthogonal_matrices import Orthogonal

__all__ = ["LayerStart", "lsuv"]


class LayerStart(NamedTuple):
    """What `lsuv` did to one layer.

    Attributes:
        variance_before: The variance of the layer's outputs with the orthogonal kernel.
        variance: The variance in the end.
        scale: The number by which the orthogonal kernel was multiplied.
        iterations: How many times it was scaled.
    """

    variance_before: float
    variance: float
    scale: float
    iterations: int


def lsuv(
    model: Any,
    x: Any,
    tolerance: float = 0.01,
    max_iterations: int = 10,
    orthogonal: bool = True,
    seed: Any = None,
) -> dict[str, LayerStart]:
    """Start a model so that the outputs of each layer have variance one on a batch of data. An addition.

    For each layer with a kernel, from the first to the last: `W <- orthogonal`, then, until
    `|Var(y) - 1| < tolerance`: `W <- W / sqrt(Var(y))`, where `y` are the layer's outputs before its activation,
    for all samples, places and units together. Biases, normalisations, embeddings and recurrent layers stay as
    they are; dropout and batch normalisation behave as in use.

    Args:
        model: A model; one that is not built yet is built for `x`.
        x: The inputs of one batch, as in `predict`; a few hundred samples will do.
        tolerance: How far the variance may be from 1. Defaults to 0.01.
        max_iterations: Largest number of times that one kernel is scaled. Defaults to 10.
        orthogonal: Whether kernels are made orthogonal first; otherwise they are only scaled. Defaults to True.
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.

    Returns:
        A `LayerStart` for each layer with a kernel, by the layer's name (its path, inside other models and layers;
        a number is added to a name that comes twice), in the order of the calls.

    Raises:
        ValueError: If an argument is out of range, the model has no layer with a kernel, or the outputs of a layer
            do not vary.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.random.default_rng(0).normal(size=(200, 8))
    >>> model = keras.Sequential([keras.layers.Dense(16, "relu", name="a"), keras.layers.Dense(4, name="b")])
    >>> starts = keras.initializers.lsuv(model, x, seed=1)
    >>> [(name, round(start.variance, 3)) for name, start in starts.items()]
    [('a', 1.0), ('b', 1.0)]

    Source: Mishkin and Matas, 2016 (https://arxiv.org/abs/1511.06422).
    """
    from oxhorn.training.data import make_arrays
    from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight
    from oxhorn.training.steps import tensors_of

    tolerance = arguments.number(tolerance, "tolerance", "lsuv", above=0.0)
    max_iterations = arguments.positive_integer(max_iterations, "max_iterations", "lsuv")
    orthogonal = arguments.boolean(orthogonal, "orthogonal", "lsuv")
    seed = arguments.seed(seed, "lsuv")
    draw = Orthogonal(seed=seed if isinstance(seed, SeedGenerator) else SeedGenerator(seed))
    with model._exclusively("lsuv"):
        batch = make_arrays(model, "lsuv", x, None, None, None)
        inputs, _, _ = unpack_x_y_sample_weight(tensors_of(batch, None, 0, batch.size))
        layers = _layers_with_kernel(model, inputs)
        starts: dict[str, LayerStart] = {}
        for name, layer in layers.items():
            kernel = _kernel(layer)
            if orthogonal:
                kernel.assign(draw(tuple(kernel.shape), dtype=kernel.dtype))
            with _linear(layer):
                starts[name] = _unit_variance(model, inputs, layer, name, tolerance, max_iterations)
    return starts


def _unit_variance(
    model: Any, inputs: Any, layer: Any, name: str, tolerance: float, max_iterations: int
) -> LayerStart:
    kernel, scale = _kernel(layer), 1.0
    before = variance = _variance(model, inputs, layer, name)
    iterations = 0
    while abs(variance - 1.0) >= tolerance and iterations < max_iterations:
        step = 1.0 / math.sqrt(variance)
        kernel.assign(kernel * step)
        scale, iterations = scale * step, iterations + 1
        variance = _variance(model, inputs, layer, name)
    return LayerStart(before, variance, scale, iterations)


def _variance(model: Any, inputs: Any, layer: Any, name: str) -> float:
    """The variance of what the layer returns at its first call; the model runs no further than that."""
    watch = _Watch(layer)
    with suppress(_Reached):
        _run(model, inputs, watch)
    variance = float(np.var(np.asarray(watch.outputs, "float64")))
    if not 0.0 < variance < math.inf:
        raise ValueError(
            f"lsuv: expected the outputs of layer {name!r} to vary. Received: outputs of variance {variance} for this "
            "batch. Pass more samples, which differ; look for NaN in them and for dead units in the layers before."
        )
    return variance


class _Reached(Exception):
    """Ends a run of the model where the layer looked for has been called."""


class _Watch:
    """Hears of calls of layers: notes those with a kernel, or ends at one layer."""

    def __init__(self, until: Any = None) -> None:
        self.until = until
        self.outputs: Any = None
        self.found: dict[str, Any] = {}
        self._path: list[str] = []

    def enter(self, layer: Any) -> None:
        """A call begins."""
        self._path.append(layer.name)

    def leave(self, layer: Any, outputs: Any) -> None:
        """A call ends."""
        # The first name is that of the model itself.
        name = "/".join(self._path[1:]) or layer.name
        self._path.pop()
        if self.until is not None:
            if layer is self.until:
                self.outputs = outputs
                raise _Reached
            return
        # Inside loops a layer is called on symbolic values: those of recurrent layers have no variance to look at.
        kernel = _kernel(layer)
        if not isinstance(outputs, _core.Tensor) or outputs.is_traced or kernel is None:
            return
        # A wrapper shows the kernel of the layer inside, which was called before it ends.
        if all(kernel is not _kernel(known) for known in self.found.values()):
            count = sum(known.split(":")[0] == name for known in self.found)
            self.found[name if count == 0 else f"{name}:{count + 1}"] = layer


def _run(model: Any, inputs: Any, watch: _Watch) -> None:
    with call_context.observed_by(watch):
        model._forward(inputs, training=False)


def _layers_with_kernel(model: Any, inputs: Any) -> dict[str, Any]:
    watch = _Watch()
    _run(model, inputs, watch)
    if not watch.found:
        raise ValueError(
            f"lsuv: expected a model with layers that have a kernel. Received: {model.name!r}, whose call has none. "
            "It is made for layers such as Dense and Conv2D."
        )
    return watch.found


def _kernel(layer: Any) -> Any:
    """The kernel that the layer's outputs are proportional to, but for the bias; None if there is none."""
    for name in ("pointwise_kernel", "kernel"):
        kernel: Any = getattr(layer, name, None)
        own = isinstance(kernel, _core.Variable) and any(kernel is each for each in layer._own_variables())
        if own and len(kernel.shape) >= 2:
            return kernel
    return None


@contextmanager
def _linear(layer: Any) -> Iterator[None]:
    """Inside, the layer has no activation."""
    from oxhorn.activations import linear

    if not callable(getattr(layer, "activation", None)):
        yield
        return
    before = layer.activation
    layer.activation = linear
    try:
        yield
    finally:
        layer.activation = before
