"""Functions of control flow run in each way: at once, by a compiled graph, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oxhorn import _core, ops, tree

Array = np.ndarray
X = np.random.default_rng(3).uniform(0.2, 0.9, (4, 3)) * np.array([1.0, -1.0, 1.0])
DTYPES = {"float32": (2e-6, 1e-5), "float64": (1e-12, 1e-13)}


def traced(function: Callable[..., Any], *arrays: Array, open_batch: bool = True) -> list[Array]:
    """The leaves of what a function returns, by way of a compiled graph."""
    with _core.Graph() as graph:
        given = [
            graph.input((None, *a.shape[1:]) if open_batch and a.ndim else a.shape, str(a.dtype))
            for a in arrays
        ]
        program = graph.compile([leaf for leaf in tree.flatten(function(*given)) if leaf is not None])
    return list(program.run(list(arrays)))


def eager(function: Callable[..., Any], *arrays: Array) -> list[Array]:
    result = function(*[_core.tensor(a) for a in arrays])
    return [np.asarray(leaf) for leaf in tree.flatten(result) if leaf is not None]


def gradient_of(function: Callable[..., Any], order: int = 1) -> Callable[[Any], Any]:
    """d/dx of the weighted sum of all float results; of order 2, the gradient of the squared length of that."""
    if order == 0:
        return function

    def gradient(x: Any) -> Any:
        with _core.Tape() as tape:
            tape.watch(x)
            result = gradient_of(function, order - 1)(x)
            total = None
            for i, leaf in enumerate(tree.flatten(result)):
                if hasattr(leaf, "dtype") and str(leaf.dtype).startswith("float"):
                    term = ops.sum(leaf * leaf) if order > 1 else ops.sum(leaf * (i + 1.5))
                    total = term if total is None else total + term
        found = tape.gradient(total, [x])[0]
        return ops.zeros_like(x) if found is None else found

    return gradient


def central(function: Callable[[Any], Any], x: Array) -> Array:
    """The gradient that `gradient_of(function)` should be, from differences."""

    def total(at: Array) -> float:
        leaves = tree.flatten(function(_core.tensor(at)))
        return sum(
            float(np.sum(np.asarray(leaf)) * (i + 1.5))
            for i, leaf in enumerate(leaves)
            if hasattr(leaf, "dtype") and str(leaf.dtype).startswith("float")
        )

    result, h = np.zeros_like(x), 1e-6
    for index in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[index] = h
        result[index] = (total(x + step) - total(x - step)) / (2 * h)
    return result
