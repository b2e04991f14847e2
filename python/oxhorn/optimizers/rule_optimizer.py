"""Optimizers whose update rule is in the core."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from oxhorn import _core
from oxhorn.losses.values import convert
from oxhorn.optimizers.optimizer import NeedsNumbers, Optimizer
from oxhorn.optimizers.optimizer_variables import is_overwritten

# What the core knows besides a rule's own hyperparameters.
_SURROUNDINGS = (
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class RuleOptimizer(Optimizer):
    """An optimizer with a rule of the core.

    Attributes:
        _rule: The rule's name.
        _hyperparameters: Names of its hyperparameters, which are attributes of the same name.
    """

    _rule: ClassVar[str]
    _hyperparameters: ClassVar[tuple[str, ...]]
    _slots: tuple[Any, ...] = ()
    _named_slots: dict[str, list[Any]] = {}
    _shared: Any = None

    def _make_core(self) -> None:
        """Makes the core's side from the attributes; called at the end of `__init__` and when one changes."""
        names = (*_SURROUNDINGS, *self._hyperparameters)
        core = _core.OptimizerCore(self._rule, json.dumps({name: getattr(self, name) for name in names}))
        if self.built:
            assert self._core is not None
            if core.slot_groups() != self._core.slot_groups():
                raise ValueError(
                    f"{type(self).__name__}: this change needs other variables than those the optimizer was built"
                    " with. Make a new optimizer."
                )
            self._bind(core)
        self._core = core

    def __setattr__(self, name: str, value: Any) -> None:
        before = self.__dict__.get(name)
        super().__setattr__(name, value)
        ready = self.__dict__.get("_core") is not None
        if ready and name in (*_SURROUNDINGS, *self._hyperparameters) and value != before:
            try:
                self._make_core()
            except Exception:
                super().__setattr__(name, before)
                raise

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables for these trainable variables.

        Args:
            variables: The variables that gradients will come for.
        """
        if self.built:
            return
        assert self._core is not None
        variables = list(variables)
        super().build(variables)
        updated = [i for i, variable in enumerate(variables) if not is_overwritten(variable)]
        variables = [variables[i] for i in updated]
        slots: list[Any] = [
            made[i]
            for made in (self._model_variables_moving_average, self._accumulated_gradients)
            if made
            for i in updated
        ]
        named: dict[str, list[Any]] = {}
        around = bool(self.use_ema) + bool(self.gradient_accumulation_steps)
        for group in self._core.slot_groups()[around:]:
            # One group is ordered variable by variable.
            for variable in variables:
                for name, first in group:
                    slot = self.add_variable_from_reference(
                        variable, name, self._first_values(name, first, variable)
                    )
                    slots.append(slot)
                    named.setdefault(name, []).append(slot)
        shared = self._core.shared_slot()
        if shared is not None:
            name, first = shared
            dtype = variables[0].dtype if variables else None
            self._shared = self.add_variable((), _Constant(first), dtype=dtype, name=name)
            slots.append(self._shared)
        self._named_slots = named
        self._slots = tuple(slots)
        self._bind(self._core)

    def _forget_core(self) -> None:
        self._slots = ()
        self._make_core()

    def _first_values(self, name: str, first: float, variable: Any) -> Any:
        """The initializer of a slot of this name."""
        return _Constant(first)

    def _bind(self, core: _core.OptimizerCore) -> None:
        updated = self._updated_variables()
        core.build(updated, [not self._use_weight_decay(variable) for variable in updated], list(self._slots))
        if self._multipliers:
            core.set_rate_factors([self._rate_factor(variable) for variable in updated])

    def _tell_rate_factors(self) -> None:
        # Before the slots are bound there is nobody to tell; `_bind` does it.
        if self.built and self._core is not None:
            factors = self._rate_factors or [1.0] * len(self._trainable_variables)
            self._core.set_rate_factors(
                [factors[self._get_variable_index(variable)] for variable in self._updated_variables()]
            )

    def _updated_variables(self) -> list[Any]:
        return [variable for variable in self._trainable_variables if not is_overwritten(variable)]

    def _rule_is_in_core(self) -> bool:
        return type(self).update_step is RuleOptimizer.update_step

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """The rule alone, for one variable, at once.

        Args:
            gradient: The gradient.
            variable: The variable to change.
            learning_rate: The learning rate.
        """
        gradient = convert(gradient, variable.dtype)
        if gradient.is_traced:
            raise NeedsNumbers(
                f"{type(self).__name__}.update_step: expected a gradient with numbers; got a symbolic one inside a"
                " traced call. Compile with run_eagerly=True."
            )
        assert self._core is not None
        self._core.update_step(gradient, variable, float(learning_rate), int(self._iterations.numpy()))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self._hyperparameters}}


class _Constant:
    """First values that are all the same."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: str | None = None) -> Any:
        import numpy as np

        return _core.tensor(np.full(shape, self.value, dtype), dtype)
