"""The variables that an optimizer keeps: made, found, saved and loaded."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from oxhorn import _core
from oxhorn.arguments import describe
from oxhorn.engine.naming import name_scope
from oxhorn.engine.tracing import state_changed
from oxhorn.engine.variable import Variable


def is_overwritten(variable: Any) -> bool:
    """Whether a variable takes its gradient as its new value, instead of being updated."""
    return bool(getattr(variable, "overwrite_with_gradient", False))


def check_variables(variables: Any, who: str) -> list[Any]:
    """`variables` as a list, if they are ones that an optimizer can serve."""
    if isinstance(variables, _core.Variable | _core.Tensor | str) or not isinstance(variables, Iterable):
        raise TypeError(f"{who}: expected a list of trainable variables; got {describe(variables)}.")
    found: list[Any] = list(variables)
    for variable in found:
        if not isinstance(variable, _core.Variable):
            raise TypeError(
                f"{who}: expected trainable variables, such as `model.trainable_variables`; got {describe(variable)}."
            )
        if variable.dtype not in ("float32", "float64") and not is_overwritten(variable):
            raise TypeError(
                f"{who}: expected trainable variables of float32 or float64; got {variable.path!r} of {variable.dtype}."
            )
    seen: set[int] = set()
    for variable in found:
        if id(variable) in seen:
            raise ValueError(f"{who}: expected each variable once; got {variable.path!r} twice.")
        seen.add(id(variable))
    return found


@functools.cache
def _arguments(kind: type) -> frozenset[str]:
    """The arguments of a class and its bases: attributes of these names are hyperparameters."""
    found: set[str] = set()
    for each in kind.__mro__:
        if "__init__" in vars(each) and each is not object:
            found.update(inspect.signature(vars(each)["__init__"]).parameters)
    return frozenset(found)


class OptimizerVariables:
    """The state of an optimizer."""

    _variables: list[Any]
    _indices: dict[int, int]
    _slot_owners: dict[int, tuple[Any, str]]

    if TYPE_CHECKING:
        # What `Optimizer` brings.
        name: str
        built: bool
        _core: _core.OptimizerCore | None

        def _rule_is_in_core(self) -> bool: ...

    def _scope_name(self) -> str:
        return self.name.replace("/", "_")

    @property
    def variables(self) -> list[Any]:
        """The optimizer's own variables, in the order in which they are saved."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Makes a variable that belongs to the optimizer.

        Args:
            shape: Its shape.
            initializer: Its first values: an initializer or the name of one. Defaults to `"zeros"`.
            dtype: Its type. Defaults to `floatx()`.
            aggregation: Accepted for compatibility.
            layout: Accepted for compatibility.
            name: Its name.

        Returns:
            The variable.
        """
        self._check_super_called()
        with name_scope(self._scope_name(), caller=self):
            variable = Variable(initializer, shape=tuple(shape), dtype=dtype, trainable=False, name=name)
        self._track(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Makes a variable of the shape and type of a model's variable.

        Args:
            reference_variable: The model's variable.
            name: What it is for, such as `"momentum"`; the name of the model's variable goes in front.
            initializer: Its first values. Defaults to `"zeros"`.

        Returns:
            The variable.
        """
        path = str(reference_variable.path).replace("/", "_")
        slot = self.add_variable(
            reference_variable.shape,
            initializer=initializer,
            dtype=reference_variable.dtype,
            name=f"{path}_{name or 'var'}",
        )
        self._slot_owners[id(slot)] = (reference_variable, name or "var")
        return slot

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Any], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Makes one variable (or several) for each of the model's variables.

        Args:
            trainable_variables: The model's variables.
            name: What they are for; a list of names makes several for each of the model's variables.
            initializer: Their first values, or a list with one for each name. Defaults to `"zeros"`.

        Returns:
            A list of variables, with None for a variable that takes its gradient as its value; for a list of names, a
            tuple of such lists.

        Raises:
            ValueError: If there are not as many initializers as names.
        """
        names = [name] if isinstance(name, str) else list(name)
        initializers = (
            list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        )
        if len(names) != len(initializers):
            raise ValueError(
                f"{type(self).__name__}.add_optimizer_variables: expected one initializer for each name. The number of "
                f"provided names must match the number of provided initializers; got {len(names)} names and "
                f"{len(initializers)} initializers."
            )
        made: tuple[list[Any], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for store, what, first in zip(made, names, initializers, strict=True):
                store.append(
                    None
                    if is_overwritten(variable)
                    else self.add_variable_from_reference(variable, name=what, initializer=first)
                )
        return made[0] if isinstance(name, str) else made

    def _track(self, value: Any) -> None:
        if hasattr(value, "next") and isinstance(getattr(value, "state", None), _core.Variable):
            # A random generator: where it stands is a part of the state.
            value = value.state
        if isinstance(value, _core.Variable) and not any(v is value for v in self._variables):
            self._variables.append(value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "_lock":
            self._check_super_called()
            if "_variables" in self.__dict__:
                self._track(value)
        attributes = self.__dict__
        before = attributes.get(name)
        super().__setattr__(name, value)
        kind: Any = type(self)
        is_argument = attributes.get("built") and name in attributes and name in _arguments(kind)
        if is_argument and not (isinstance(value, bool | int | float | str) and value == before):
            self._hyperparameter_changed()

    def _hyperparameter_changed(self) -> None:
        """Tells that steps which were traced may hold an older value."""
        if not (self._core is not None and self._rule_is_in_core()):
            state_changed()

    def _check_super_called(self) -> None:
        if "_lock" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() first in __init__, before setting attributes. "
                "You forgot to call `super().__init__()`."
            )

    def _var_key(self, variable: Any) -> int:
        return id(variable)

    def _get_variable_index(self, variable: Any) -> int:
        return self._indices[id(variable)]

    def assign(self, variable: Any, value: Any) -> None:
        """Sets a variable."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Adds to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtracts from a variable."""
        variable.assign_sub(value)

    # Saving.

    def get_weights(self) -> list[Any]:
        """The values of the optimizer's variables as arrays."""
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of the optimizer's variables.

        Args:
            weights: One array for each of `variables`.

        Raises:
            ValueError: If the optimizer is not built, or numbers or shapes do not match; then nothing is changed.
        """
        who = f"{type(self).__name__}.set_weights"
        if not self.built:
            raise ValueError(
                f"{who}: You are calling `set_weights()` on an optimizer that is not built yet, so it has no variables "
                "to set. Call `optimizer.build(trainable_variables)` first."
            )
        variables = self.variables
        weights = list(weights)
        if len(weights) != len(variables):
            raise ValueError(f"{who}: expected {len(variables)} arrays; got {len(weights)}.")
        for variable, weight in zip(variables, weights, strict=True):
            shape = tuple(getattr(weight, "shape", None) or ())
            if hasattr(weight, "shape") and shape != tuple(variable.shape):
                raise ValueError(
                    f"{who}: Optimizer variable {variable.path!r} has shape {tuple(variable.shape)} not "
                    f"compatible with provided weight shape {shape}. Pass one for each of `optimizer.variables`."
                )
        for variable, weight in zip(variables, weights, strict=True):
            variable.assign(weight)

    def save_own_variables(self, store: Any) -> None:
        """Puts the optimizer's variables into a store, by number."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes the optimizer's variables from a store.

        Raises:
            ValueError: If the store does not hold exactly the optimizer's variables.
        """
        variables = self.variables
        if len(store.keys()) != len(variables):
            built = "" if self.built else " It is not built yet: call optimizer.build(variables) first."
            raise ValueError(
                f"{type(self).__name__}.load_own_variables: expected {len(variables)} variables; got"
                f" {len(store.keys())}.{built}"
            )
        for i, variable in enumerate(variables):
            variable.assign(store[str(i)])
