"""From Python functions to graphs: output specs by tracing, and compiled programs that are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from oxhorn import _core, tree
from oxhorn.engine import call_context, naming
from oxhorn.engine.keras_tensor import KerasTensor, Shape


class TensorSpec(NamedTuple):
    """Shape and dtype of one input; equal specs are equal keys."""

    shape: Shape
    dtype: str


def spec_of(x: Any, batch_open: bool = True) -> TensorSpec:
    """The spec of a tensor or array; with `batch_open`, any size will do in its first dimension."""
    shape = tuple(x.shape)
    if batch_open and shape:
        shape = (None, *shape[1:])
    return TensorSpec(shape, str(x.dtype))


class _Version:
    def __init__(self) -> None:
        self.value = 0


_version = _Version()


def state_changed() -> None:
    """Tells that an attribute of a built layer changed, so that what was traced before may be stale."""
    _version.value += 1


def state_version() -> int:
    """A number that changes whenever an attribute (`trainable`, `rate`, ...) of a built layer is set.

    It belongs into the key of every cache of traced programs.
    """
    return _version.value


class _State(threading.local):
    finds_shapes = False


_state = _State()


def output_spec(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `fn(*args, **kwargs)` returns, as `KerasTensor`s, found by tracing it in a graph that is thrown away.

    Args:
        fn: A function of tensors.
        args: Positional arguments; `KerasTensor`s are replaced by traced tensors of their shape and dtype.
        kwargs: Keyword arguments, likewise.
    """
    with _core.Graph() as graph:

        def to_traced(leaf: Any) -> Any:
            if not isinstance(leaf, KerasTensor):
                return leaf
            if leaf.dtype == "string":
                raise TypeError(
                    f"{leaf!r} is text, with which nothing can be computed. Layers such as TextVectorization, "
                    "StringLookup and Hashing turn it into numbers: put one of them in between."
                )
            value = graph.input(leaf.shape, leaf.dtype, leaf.name)
            if isinstance(leaf._keras_mask, KerasTensor):
                value._keras_mask = to_traced(leaf._keras_mask)
            return value

        traced_args = tuple(tree.map_structure(to_traced, arg) for arg in args)
        traced_kwargs = {name: tree.map_structure(to_traced, arg) for name, arg in kwargs.items()}
        outer, _state.finds_shapes = _state.finds_shapes, True
        try:
            outputs = fn(*traced_args, **traced_kwargs)
        finally:
            _state.finds_shapes = outer
    return tree.map_structure(_to_symbolic, outputs)


def _to_symbolic(x: Any) -> Any:
    if x is None or isinstance(x, KerasTensor):
        return x
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        x = np.asarray(x)
    return KerasTensor(tuple(x.shape), str(x.dtype))


class Traced:
    """A function that was traced once and compiled. Safe to call from several threads.

    Attributes:
        program: The compiled graph; its inputs are the leaves of the specs in walking order.
        structure: What the function returned, with an integer (the number of the program's output) or a
            constant array in the place of each leaf.
    """

    def __init__(self, fn: Callable[..., Any], specs: Sequence[Any]) -> None:
        with _core.Graph() as graph:
            arguments = [
                tree.map_structure_up_to(_skeleton(spec), lambda s: graph.input(s.shape, s.dtype), spec)
                for spec in specs
            ]
            result = fn(*arguments)
            outputs: list[Any] = []

            def place(leaf: Any) -> Any:
                if isinstance(leaf, _core.Variable):
                    leaf = leaf.value
                if isinstance(leaf, _core.Tensor) and leaf.is_traced:
                    outputs.append(leaf)
                    return _Output(len(outputs) - 1)
                return leaf.numpy() if isinstance(leaf, _core.Tensor) else leaf

            self.structure = tree.map_structure(place, result)
            self.has_mask = any(output._keras_mask is not None for output in outputs)
            self.outputs = [KerasTensor(tuple(t.shape), str(t.dtype), name="output") for t in outputs]
            self.program = graph.compile(outputs)

    def run(self, flat_inputs: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
        """The program's outputs as they come."""
        return list(self.program.run(list(flat_inputs)))

    def pack(self, flat_outputs: Sequence[Any]) -> Any:
        """The program's outputs in the form of what the function returned."""
        return tree.map_structure(
            lambda leaf: flat_outputs[leaf.index] if isinstance(leaf, _Output) else leaf, self.structure
        )

    def __call__(self, *inputs: Any) -> Any:
        """What the function returns for these inputs, as NumPy arrays."""
        return self.pack(self.run(tree.flatten(inputs)))


class _Output:
    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def _skeleton(spec: Any) -> Any:
    """The nesting of `spec`, with a placeholder for each `TensorSpec` (itself a tuple)."""
    if isinstance(spec, TensorSpec):
        return 0
    if isinstance(spec, dict):
        return {key: _skeleton(item) for key, item in spec.items()}
    if isinstance(spec, (list, tuple)):
        return [_skeleton(item) for item in spec]
    raise TypeError(f"Expected a TensorSpec or a list, tuple or dict of them; got {spec!r}.")


def _place() -> str:
    """Where in the user's code a trace is, for the core's messages."""
    path = naming.current_path()
    if not path:
        return ""
    if _state.finds_shapes:
        return (
            f" (that of {path!r}, to find the shape of its result; for run_eagerly=True the layer needs a method "
            "`compute_output_shape` as well, if it is part of a Sequential or functional model)"
        )
    return f" (that of {path!r})"


_core.set_place(_place)


def trace(fn: Callable[..., Any], specs: Sequence[Any]) -> Traced:
    """Traces `fn` on inputs of these specs, outside of any layer call or name scope in progress.

    Args:
        fn: Called once, with one argument for each entry of `specs`.
        specs: `TensorSpec`s, or lists, tuples and dicts of them.
    """
    context = call_context.replace(None)
    scopes, naming._stack.scopes = naming._stack.scopes, []
    try:
        return Traced(fn, specs)
    finally:
        naming._stack.scopes = scopes
        call_context.replace(context)


class TraceCache:
    """Traced functions by key; the keys contain `state_version()`, and stale entries are dropped."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: dict[Any, Traced] = {}
        self._version = -1

    def get(self, key: Any, make: Callable[[], Traced]) -> Traced:
        """The entry of `key`, made if it is not there or stale."""
        version = state_version()
        entry = self._entries.get(key)
        if entry is not None and self._version == version:
            return entry
        with self._lock:
            if self._version != version:
                self._entries = {}
                self._version = version
            entry = self._entries.get(key)
            if entry is None:
                entry = make()
                # Building on the way may have changed the state; what was just traced has seen it.
                self._version = state_version()
                self._entries[key] = entry
            return entry

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries = {}
