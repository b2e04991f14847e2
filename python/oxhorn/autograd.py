"""Gradients of eager code: the tape, and functions that make gradient functions of functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from oxhorn import _core, tree
from oxhorn.engine.keras_tensor import KerasTensor

__all__ = ["GradientTape", "grad", "jacobian", "value_and_grad"]


class GradientTape:
    """Records what is computed inside `with tape:`, and gives the gradients of it.

    For a scalar target `t` and a source `s` the gradient is `d t / d s`, with the shape of `s`. Trainable variables
    are watched by themselves; other tensors by `watch`. Gradients are made of ops, so a tape around a tape gives
    second derivatives. Inside a traced call (a layer's `call`, a loss) the tape differentiates the trace.

    Args:
        persistent: Whether `gradient` may be called more than once. Otherwise the memory is freed by the first call.
        watch_accessed_variables: Whether trainable variables are watched when they are read.

    >>> import oxhorn as keras
    >>> x = keras.ops.convert_to_tensor(3.0)
    >>> with keras.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> float(tape.gradient(y, x))
    6.0

    Reference: reverse-mode automatic differentiation, Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._tape = _core.Tape(persistent, watch_accessed_variables)
        self._recording = False
        self._used = False

    def __enter__(self) -> Self:
        if self._recording:
            raise RuntimeError("GradientTape is recording already: it cannot be entered twice at a time.")
        self._tape.__enter__()
        self._recording = True
        return self

    def __exit__(self, *exception: object) -> None:
        if self._recording:
            self._tape.__exit__(*exception)
            self._recording = False

    def watch(self, tensor: Any) -> None:
        """Lets `gradient` find what depends on these tensors.

        Args:
            tensor: A tensor or variable of floats, or a list, tuple or dict of them.

        Raises:
            TypeError: If something in it is no tensor, or has no gradient (integers, booleans).
        """
        for leaf in tree.flatten(tensor):
            _check_tensor(leaf, "GradientTape.watch", "tensors or variables")
            if not str(leaf.dtype).startswith("float"):
                raise TypeError(
                    f"GradientTape.watch expected a tensor of floats; got one of dtype {leaf.dtype}, for which there "
                    'are no gradients. Convert it with `ops.cast(x, "float32")` first.'
                )
            self._tape.watch(leaf)

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """The gradient of a scalar with respect to each source.

        Args:
            target: A scalar; or several, whose sum is meant; or tensors of any shape with `output_gradients`.
            sources: A variable or watched tensor, or a list, tuple or dict of them.
            output_gradients: For each target a tensor of its shape: the sum of their products is differentiated.
            unconnected_gradients: What to return for a source that no target depends on: `"none"` or `"zero"`.

        Returns:
            The gradients, in the structure of `sources`.

        Raises:
            ValueError: If a target is no scalar and has no `output_gradients`.
            RuntimeError: If the tape is not persistent and was used before.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"`unconnected_gradients` must be 'none' or 'zero'; got {unconnected_gradients!r}."
            )
        targets = [_as_tensor(leaf, "target") for leaf in tree.flatten(target)]
        seeds = None
        if output_gradients is not None:
            seeds = _seeds(targets, tree.flatten(output_gradients))
        else:
            for one in targets:
                _check_scalar(one)
        flat = tree.flatten(sources)
        for source in flat:
            _check_tensor(source, "GradientTape.gradient", "tensors or variables as sources")
        gradients = self._walk(targets, flat, seeds)
        if unconnected_gradients == "zero":
            gradients = [
                _core.apply("zeros_like", [source]) if gradient is None else gradient
                for gradient, source in zip(gradients, flat, strict=True)
            ]
        return tree.pack_sequence_as(sources, gradients)

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: str = "none") -> Any:
        """`J[i..., j...] = d target[i...] / d source[j...]`, of shape `target.shape + source.shape`.

        One reverse walk for each element of the target; the tape must be persistent.

        Args:
            target: A tensor of floats.
            sources: A variable or watched tensor, or a list, tuple or dict of them.
            unconnected_gradients: What to return for a source that the target does not depend on: `"none"` or
                `"zero"`.

        Returns:
            The Jacobians, in the structure of `sources`.
        """
        if not self._persistent:
            raise RuntimeError(
                "GradientTape.jacobian walks back once for each element of the target: use "
                "`GradientTape(persistent=True)`."
            )
        target = _as_tensor(target, "target")
        flat = tree.flatten(sources)
        rows = [
            self.gradient(target, flat, seed, unconnected_gradients)
            for seed in _unit_tensors(target.shape, target.dtype)
        ]
        return tree.pack_sequence_as(sources, _stacked(rows, target.shape, flat))

    def _walk(self, targets: list[Any], sources: list[Any], seeds: list[Any] | None) -> list[Any]:
        if self._used and not self._persistent:
            raise RuntimeError(
                "GradientTape.gradient was called a second time: the first call freed what the tape had recorded. "
                "Use `GradientTape(persistent=True)` to call it more often."
            )
        gradients: list[Any] = self._tape.gradient(targets, sources, seeds)
        self._used = True
        return gradients

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Inside `with tape.stop_recording():` nothing is recorded.

        Raises:
            RuntimeError: If the tape does not record.
        """
        if not self._recording:
            raise RuntimeError(
                "GradientTape.stop_recording: the tape does not record; call it inside `with tape:`."
            )
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def reset(self) -> None:
        """Forgets everything that was recorded and watched."""
        self._tape.reset()
        self._used = False


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of a scalar function.

    `grad(f)(x) = d f(x) / d x`. It can be applied again: `grad(grad(f))`.

    Args:
        function: A function of tensors that returns a scalar (with `has_aux`: a scalar and anything else).
        argnums: Which arguments to differentiate for; each may be a tensor or a list, tuple or dict of tensors.
        has_aux: Whether `function` returns a pair, of which only the first is differentiated.

    Returns:
        A function of the same arguments that returns the gradient, in the structure of the argument (a tuple for
        several `argnums`); with `has_aux` a pair of it and the second result.

    >>> import oxhorn as keras
    >>> float(keras.grad(keras.ops.tanh)(0.0))
    1.0
    >>> float(keras.grad(keras.grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the value of a scalar function and its gradient.

    Args:
        function: A function of tensors that returns a scalar (with `has_aux`: a scalar and anything else).
        argnums: Which arguments to differentiate for; each may be a tensor or a list, tuple or dict of tensors.
        has_aux: Whether `function` returns a pair, of which only the first is differentiated.

    Returns:
        A function of the same arguments that returns `(value, gradient)`; with `has_aux` the value is the pair.

    >>> import oxhorn as keras
    >>> value, gradient = keras.value_and_grad(lambda x: keras.ops.sum(x * x))([1.0, 2.0])
    >>> float(value), gradient.numpy().tolist()
    (5.0, [2.0, 4.0])
    """
    single = isinstance(argnums, int)
    places = [argnums] if isinstance(argnums, int) else list(argnums)

    @functools.wraps(function)
    def both(*args: Any, **kwargs: Any) -> Any:
        given = _differentiable_arguments(args, places)
        with GradientTape(watch_accessed_variables=False) as tape:
            watched = [given[place] for place in places]
            tape.watch(watched)
            result = function(*given, **kwargs)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise TypeError(
                "With has_aux=True the function must return a pair, of the scalar to differentiate and anything "
                f"else; got {type(result).__name__}."
            )
        target = result[0] if has_aux else result
        gradients = tape.gradient(target, watched, unconnected_gradients="zero")
        return result, gradients[0] if single else tuple(gradients)

    return both


def jacobian(function: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that gives the Jacobian of a function of tensors.

    `J[i..., j...] = d f(x)[i...] / d x[j...]`.

    Args:
        function: A function of tensors that returns a tensor of floats.
        argnums: Which arguments to differentiate for; each may be a tensor or a list, tuple or dict of tensors.

    Returns:
        A function of the same arguments that returns, for each tensor of the argument, a tensor of shape
        `result.shape + tensor.shape` (a tuple for several `argnums`).

    >>> import oxhorn as keras
    >>> keras.jacobian(lambda x: x * x)([1.0, 3.0]).numpy().tolist()
    [[2.0, 0.0], [0.0, 6.0]]
    """
    single = isinstance(argnums, int)
    places = [argnums] if isinstance(argnums, int) else list(argnums)

    @functools.wraps(function)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        given = _differentiable_arguments(args, places)
        with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            watched = [given[place] for place in places]
            tape.watch(watched)
            result = function(*given, **kwargs)
        jacobians = tape.jacobian(result, watched, unconnected_gradients="zero")
        return jacobians[0] if single else tuple(jacobians)

    return matrix


def _differentiable_arguments(args: tuple[Any, ...], places: Sequence[int]) -> list[Any]:
    """The arguments, with fresh tensors of floats in the places that are differentiated for."""
    from oxhorn.engine.arguments import convert_arguments

    given = list(args)
    for place in places:
        if not -len(args) <= place < len(args):
            raise ValueError(
                f"`argnums` names argument {place}, but the function was called with {len(args)} positional "
                "argument(s). Pass what is differentiated for by position."
            )
        given[place] = tree.map_structure(_fresh, convert_arguments(args[place], None, top=False))
    return given


def _fresh(leaf: Any) -> Any:
    if isinstance(leaf, _core.Variable):
        return leaf
    if not isinstance(leaf, _core.Tensor):
        leaf = _core.tensor(leaf)
    if not leaf.dtype.startswith("float"):
        raise TypeError(
            f"Expected floats to differentiate for; got dtype {leaf.dtype}. Write 2.0 instead of 2, or convert with "
            '`ops.cast(x, "float32")`.'
        )
    # A value of its own, so that one tensor in two arguments has two gradients.
    return _core.apply("identity", [leaf])


def _as_tensor(x: Any, what: str) -> Any:
    if isinstance(x, _core.Variable):
        x = x.value
    if not isinstance(x, _core.Tensor):
        if isinstance(x, KerasTensor):
            _check_tensor(x, "GradientTape.gradient", f"a tensor as {what}")
        raise TypeError(
            f"Expected a tensor as {what} of a gradient; got {type(x).__name__}. It must be computed by ops while the "
            "tape records: NumPy and Python numbers leave no trace on it."
        )
    if not x.dtype.startswith("float"):
        raise TypeError(f"Expected a {what} of floats; got dtype {x.dtype}, for which there is no gradient.")
    return x


def _check_scalar(target: Any) -> None:
    if target.shape != () and target.size != 1:
        raise ValueError(
            f"GradientTape.gradient expected a scalar target; got a tensor of shape {target.shape}. Reduce it "
            "inside `with tape:` (`ops.sum`, `ops.mean`), or weigh its elements with `output_gradients`, or use "
            "`jacobian`."
        )


def _check_tensor(x: Any, who: str, expected: str) -> None:
    if isinstance(x, (_core.Tensor, _core.Variable)):
        return
    if isinstance(x, KerasTensor):
        raise TypeError(
            f"{who} expected {expected} with values; got the symbolic {x!r}. Gradients exist where a model runs: call "
            "the model on data inside the tape."
        )
    raise TypeError(
        f"{who} expected {expected}; got {x!r} of type {type(x).__name__}. Make a tensor of it with "
        "`ops.convert_to_tensor` before it is used."
    )


def _seeds(targets: list[Any], given: list[Any]) -> list[Any]:
    if len(given) != len(targets):
        raise ValueError(
            f"`output_gradients` must have one tensor for each of the {len(targets)} target(s); got {len(given)}."
        )
    seeds = []
    for target, seed in zip(targets, given, strict=True):
        seed = _core.tensor(seed, target.dtype) if not isinstance(seed, _core.Tensor) else seed
        if seed.shape != target.shape:
            raise ValueError(
                f"`output_gradients` must have the shape of the target, {target.shape}; got {seed.shape}."
            )
        seeds.append(
            _core.apply("cast", [seed], {"dtype": target.dtype}) if seed.dtype != target.dtype else seed
        )
    return seeds


def _unit_tensors(shape: tuple[int, ...], dtype: str) -> Iterator[Any]:
    """For each element of a tensor: one there, zero elsewhere."""
    import numpy as np

    if any(size is None for size in shape):
        raise ValueError(
            f"A Jacobian needs a target of known shape; got {shape}. Inside a traced call the batch size is open: "
            "reduce over the batch first."
        )
    size = int(np.prod(shape, dtype=np.int64))
    for i in range(size):
        unit = np.zeros(size, dtype=dtype)
        unit[i] = 1.0
        yield _core.tensor(unit.reshape(shape))


def _stacked(rows: list[list[Any]], shape: tuple[int, ...], sources: list[Any]) -> list[Any]:
    jacobians: list[Any] = []
    for place, source in enumerate(sources):
        column = [row[place] for row in rows]
        if any(entry is None for entry in column):
            jacobians.append(None)
        elif not column:
            jacobians.append(_core.apply("zeros_like", [source]))
        else:
            stacked = _core.apply("stack", column, {"axis": 0})
            jacobians.append(_core.apply("reshape", [stacked], {"newshape": [*shape, *source.shape]}))
    return jacobians
