"""The state of a layer: its variables, sub-layers, metrics and losses, and the order they are listed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np

from oxhorn import _core, tree
from oxhorn.engine import naming, tracing
from oxhorn.engine.operation import Operation
from oxhorn.engine.tracking import Tracker, structure_version
from oxhorn.engine.variable import Variable, standardize_dtype

# Attributes that do not change what a layer computes.
_BOOKKEEPING = frozenset({"built", "name", "stop_training", "history", "optimizer"})


def unique(items: Iterable[Any]) -> list[Any]:
    """The items without repetitions (by identity), in order of first appearance."""
    return list({id(item): item for item in items}.values())


class LayerState(Operation):
    """Tracks what is assigned to its attributes; `Layer` adds building and calling to it."""

    _tracker: Tracker
    _losses: list[Any]
    _trainable: bool
    built: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls, *args, **kwargs)
        # Before __init__, so that attributes may be assigned before super().__init__() is called.
        state = self.__dict__
        state["_tracker"] = Tracker(cls.__name__)
        state["_lists"] = (-1, {})
        state["_losses"] = []
        state["_trainable"] = True
        state["_parent_path"] = None
        state["_path"] = None
        state["_super_called"] = False
        state["built"] = False
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        before = state.get(name)
        if not name.startswith("__"):
            value = self._tracker.track(value)
        object.__setattr__(self, name, value)
        if before is not None and before is not value and isinstance(before, (LayerState, _core.Variable)):
            self._forget(before)
        if state["built"] and name not in _BOOKKEEPING and not name.startswith("_"):
            tracing.state_changed()

    def __delattr__(self, name: str) -> None:
        value = self.__dict__.get(name)
        object.__delattr__(self, name)
        self._forget(value)

    def _forget(self, value: Any) -> None:
        if not any(other is value for other in self.__dict__.values()):
            self._tracker.untrack(value)

    # Variables -------------------------------------------------------------------------------------

    def _open_name_scope(self) -> naming.name_scope:
        if self.__dict__["_parent_path"] is None:
            self.__dict__["_parent_path"] = naming.current_path()
        return naming.name_scope(self.name, caller=self, parent=self.__dict__["_parent_path"])

    @property
    def path(self) -> str | None:
        """Where the layer stands in its model: the prefix of the paths of its variables. Known once built."""
        path: str | None = self.__dict__["_path"]
        return path

    def add_weight(
        self,
        *args: Any,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Makes a variable that belongs to this layer.

        Args:
            *args: `shape`, `initializer` and `dtype`, if they are given by position.
            shape: Its sizes; `()` (a scalar) by default.
            initializer: A name, an initializer or a function of `(shape, dtype)`; by default glorot uniform
                for floats and zeros for the rest.
            dtype: That of the layer's dtype policy by default.
            trainable: Whether optimizers change it.
            autocast: Accepted for compatibility: weights and computations have one dtype here.
            regularizer: A name, a regularizer or a function of the variable: a term of `layer.losses`.
            constraint: A name, a constraint or a function applied after each update.
            aggregation: Accepted for compatibility: it concerns several devices.
            overwrite_with_gradient: Whether an update puts the gradient in the place of the value.
            name: Its name: `"kernel"`.

        Returns:
            The variable.

        Raises:
            ValueError: If a size is not known, an argument is given twice, or the layer is built already.
        """
        from oxhorn import constraints, initializers, regularizers

        self._check_super_called()
        if args:
            shape, initializer, dtype = _positional(args, shape, initializer, dtype)
        dtype = self.variable_dtype if dtype is None else standardize_dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if str(dtype).startswith("float") else "zeros"
        with self._open_name_scope():
            variable = Variable(
                initializers.get(initializer),
                shape=() if shape is None else (shape,) if isinstance(shape, int) else tuple(shape),
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._tracker.add_variable(variable)
        if not self.trainable:
            variable.trainable = False
        return variable

    def add_variable(self, shape: Any, initializer: Any, **kwargs: Any) -> Variable:
        """An old name of `add_weight`."""
        return self.add_weight(shape=shape, initializer=initializer, **kwargs)

    def _track_variable(self, variable: Any) -> None:
        """Makes a variable one of the layer's weights."""
        self._tracker.add_variable(variable)

    def _untrack_variable(self, variable: Any) -> None:
        """Takes a variable out of the layer's weights, also of a layer that is built."""
        self._tracker.untrack(variable)
        tracing.state_changed()

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        raise NotImplementedError

    def _check_super_called(self) -> None:
        if not self.__dict__["_super_called"]:
            raise RuntimeError(
                f"{type(self).__name__}: `super().__init__()` was not called. "
                f"Make it the first statement of `{type(self).__name__}.__init__`."
            )

    @property
    def _layers(self) -> list[Any]:
        return self._tracker.layers

    def _own_variables(self) -> list[Any]:
        return [*self._tracker.trainable_variables, *self._tracker.non_trainable_variables]

    @property
    def _trainable_variables(self) -> list[Any]:
        return self._tracker.trainable_variables

    @property
    def _non_trainable_variables(self) -> list[Any]:
        return self._tracker.non_trainable_variables

    @property
    def _seed_generators(self) -> list[Any]:
        return self._tracker.seed_generators

    @property
    def _metrics(self) -> list[Any]:
        return self._tracker.metrics

    def _kept(self, name: str, collect: Callable[[], list[Any]]) -> list[Any]:
        """`collect()`, kept until something is tracked or forgotten: loops ask for the same lists at every step."""
        version = structure_version()
        lists = self.__dict__["_lists"]
        if lists[0] != version:
            lists = self.__dict__["_lists"] = (version, {})
        found = lists[1].get(name)
        if found is None:
            found = lists[1][name] = collect()
        return list(found)

    @property
    def variables(self) -> list[Any]:
        """All variables: those of the layer, its seed generators, then those of its sub-layers."""
        return self._kept("variables", self._collect_variables)

    def _collect_variables(self) -> list[Any]:
        found = self._own_variables()
        found.extend(generator.state for generator in self._tracker.seed_generators)
        for layer in self._layers:
            found.extend(layer.variables)
        return unique(found)

    @property
    def weights(self) -> list[Any]:
        """The variables that are saved: all but the states of seed generators and metrics."""
        return self._kept("weights", self._collect_weights)

    def _collect_weights(self) -> list[Any]:
        found = self._own_variables()
        for layer in self._layers:
            found.extend(layer.weights)
        return unique(found)

    @property
    def trainable_variables(self) -> list[Any]:
        """The variables that optimizers change; empty if `trainable` is False."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The variables that optimizers leave alone; all of them if `trainable` is False."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that optimizers change; empty if `trainable` is False."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The weights that optimizers leave alone; all of them if `trainable` is False."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def trainable(self) -> bool:
        """Whether optimizers change the weights. Setting it sets it for all sub-layers too."""
        return bool(self.__dict__["_trainable"])

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        self.__dict__["_trainable"] = value
        for variable in self._tracker.trainable_variables:
            variable.trainable = value
        for layer in self._layers:
            layer.trainable = value
        tracing.state_changed()

    @property
    def metrics(self) -> list[Any]:
        """The metrics of the layer and its sub-layers."""
        found = list(self._tracker.metrics)
        for layer in self._layers:
            found.extend(layer.metrics)
        return unique(found)

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """The values of `weights`, as a list of NumPy arrays of their own."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of `weights`, all or none.

        Args:
            weights: One array for each of `weights`, of the same shape.

        Raises:
            ValueError: If there are more or fewer arrays, or one has another shape. Nothing is changed then.
        """
        own = self.weights
        values = list(weights)
        if len(own) != len(values):
            raise ValueError(
                f"set_weights on layer {self.name!r} expects a list of {len(own)} arrays with the shapes "
                f"{[tuple(v.shape) for v in own]}; got {len(values)} with the shapes "
                f"{[np.shape(v) for v in values]}."
                + ("" if self.built else " The layer is not built yet: call it on data first.")
            )
        arrays = [value if hasattr(value, "shape") else np.asarray(value) for value in values]
        for variable, array in zip(own, arrays, strict=True):
            if tuple(variable.shape) != tuple(array.shape):
                raise ValueError(
                    f"set_weights on layer {self.name!r}: {variable.path!r} has shape "
                    f"{tuple(variable.shape)}; got an array of shape {tuple(array.shape)}."
                )
        for variable, array in zip(own, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """The number of scalars in the weights.

        Raises:
            ValueError: If the layer is not built yet.
        """
        if not self.built:
            raise ValueError(
                f"count_params: layer {self.name!r} is not built, so it has no weights yet. "
                "Call it on data or use `build(input_shape)`."
            )
        return sum(math.prod(variable.shape) for variable in self.weights)

    # Losses ----------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Adds a term to the loss that training minimises; called inside `call`.

        Args:
            loss: A scalar, or a list of scalars.
        """
        for term in tree.flatten(loss):
            if not isinstance(term, (_core.Tensor, _core.Variable, np.ndarray, np.number, int, float)):
                raise ValueError(
                    f"add_loss on layer {self.name!r} expects a scalar tensor; got {term!r} of type "
                    f"{type(term).__name__}. `add_loss()` can only be called from inside `build()` or `call()`, on "
                    "the value of a loss."
                )
            if len(getattr(term, "shape", ())) != 0:
                raise ValueError(
                    f"add_loss on layer {self.name!r} expects a scalar; got a tensor of shape "
                    f"{tuple(getattr(term, 'shape', ()))}. Reduce it first: `ops.mean(loss)`."
                )
            self._losses.append(term)

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        def collect() -> list[Any]:
            return self._collect_layers(include_self, recursive)

        return self._kept(f"layers {include_self} {recursive}", collect)

    def _collect_layers(self, include_self: bool, recursive: bool) -> list[Any]:
        found: list[Any] = [self] if include_self else []
        seen: set[int] = set()
        waiting = list(reversed(self._layers))
        while waiting:
            layer = waiting.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            found.append(layer)
            if recursive:
                waiting.extend(reversed(layer._layers))
        return found

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` and activity regularizers added in the last call, then the weights' regularizers."""
        found = [term for layer in self._flatten_layers() for term in layer._losses]
        found.extend(v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None)
        return found

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses.clear()

    # Weights in files --------------------------------------------------------------------------------

    def save_own_variables(self, store: Any) -> None:
        """Puts the layer's own weights (not those of sub-layers) into `store`, under "0", "1", ...

        Args:
            store: A dict, or what acts like one.
        """
        for i, variable in enumerate(self._own_variables()):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes the layer's own weights from what `save_own_variables` wrote.

        Args:
            store: A dict, or what acts like one.

        Raises:
            ValueError: If there are more or fewer weights than the layer has: nothing is changed then.
        """
        own = self._own_variables()
        if len(store.keys()) != len(own):
            raise ValueError(
                f"Layer {self.name!r} expected {len(own)} variables, {[v.name for v in own]}, but received "
                f"{len(store.keys())} variables."
                + (
                    ""
                    if self.built
                    else " It was never built: define `build` so that it builds the layers inside too, or "
                    "`get_build_config` and `build_from_config`."
                )
            )
        for i, variable in enumerate(own):
            variable.assign(store[str(i)])

    def _extra_state(self) -> Any:
        """What a copy needs beside the config and the variables, or `None`: a vocabulary that was found, say."""
        return None

    def _set_extra_state(self, state: Any) -> None:
        """Takes what `_extra_state` returned."""
        raise NotImplementedError


def _positional(args: tuple[Any, ...], *named: Any) -> tuple[Any, ...]:
    """`shape`, `initializer` and `dtype` of `add_weight` from arguments by position and by name."""
    names = ("shape", "initializer", "dtype")
    if len(args) > len(names):
        raise TypeError(
            f"add_weight takes at most 3 positional arguments, {', '.join(names)}; got {len(args)}. Pass the others "
            "by name."
        )
    if isinstance(args[0], str):
        raise ValueError(
            f"add_weight: `name` must be given as a keyword argument; got {args[0]!r} in the place of the shape. "
            f"Write add_weight(shape=..., name={args[0]!r})."
        )
    for name, value in zip(names, named[: len(args)], strict=False):
        if value is not None:
            raise ValueError(f"add_weight: `{name}` was passed both positionally and as a keyword argument.")
    return (*args, *named[len(args) :])
