"""The learning rate of an optimizer: a variable, a schedule or a function, and the factors of single variables."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from oxhorn import _core
from oxhorn.arguments import describe, number
from oxhorn.optimizers.schedules.learning_rate_schedule import LearningRateSchedule


class LearningRates:
    """What an optimizer knows about learning rates."""

    _learning_rate: Any
    _multipliers: list[tuple[Any, float]]
    _rate_factors: list[float]

    if TYPE_CHECKING:
        # What `Optimizer` brings.
        built: bool
        _core: _core.OptimizerCore | None
        _iterations: Any
        _variables: list[Any]
        _trainable_variables: list[Any]

        def _hyperparameter_changed(self) -> None: ...
        def _get_variable_index(self, variable: Any) -> int: ...

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, or the schedule's value for the coming step."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations)
        if isinstance(self._learning_rate, _core.Variable):
            return self._learning_rate
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        who = type(self).__name__
        before = self._learning_rate
        if callable(learning_rate) and not isinstance(learning_rate, _core.Variable):
            if isinstance(before, _core.Variable):
                self._variables = [v for v in self._variables if v is not before]
            self._learning_rate = learning_rate
            self._hyperparameter_changed()
        elif isinstance(before, _core.Variable):
            before.assign(check_learning_rate(learning_rate, who))
        else:
            raise TypeError(
                f"{who}: the learning rate follows {type(before).__name__} and cannot be set to a number."
                " This optimizer was created with a `LearningRateSchedule` object. Make the"
                " optimizer with a number as learning_rate if you want to change it, or assign another schedule."
            )

    @property
    def lr(self) -> Any:
        """An old name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    def _current_learning_rate(self, step: int | None = None) -> float:
        """The learning rate of a step (the coming one by default) as a number."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = rate(self._iterations if step is None else step)
        elif not isinstance(rate, _core.Variable):
            rate = rate()
        return check_learning_rate(rate, type(self).__name__)

    # Factors of single variables.

    @property
    def learning_rate_multipliers(self) -> dict[str, float]:
        """The factors of `set_learning_rate_multipliers`, by pattern; `{}` where every variable has 1."""
        return {
            pattern: factor for key, factor in self._multipliers for pattern in _patterns_of(key, type(self))
        }

    def set_learning_rate_multipliers(self, multipliers: Mapping[Any, float] | None) -> None:
        """Gives variables learning rates of their own, as for fine-tuning: small below, large on top.

        For a variable with the factor `f`, each step (weight decay included) is done with the learning rate

            `f learning_rate`

        Keras has nothing like it in its optimizers; `MultiOptimizer` is its way to treat variables differently. The
        factors can be changed at any time, between two calls of `fit` or in a callback, and are part of the config.
        A factor of 0 keeps a variable where it is (at the cost of its gradient: `layer.trainable = False` is free).

        Args:
            multipliers: Factors of at least 0. A key is a variable, a layer or model (all variables in it), or a
                regular expression that is searched for in the paths of variables. Where several keys fit, the last
                one counts; where none does, the factor is 1. None or `{}` removes all factors.

        Raises:
            ValueError: If a factor is negative or not finite, a pattern is not one, or a key fits no variable that
                the optimizer was built with. An optimizer that is not built yet looks for them in `build`.

        Example:
        >>> import oxhorn as keras
        >>> below, top = keras.Variable([1.0], name="below"), keras.Variable([1.0], name="top")
        >>> optimizer = keras.optimizers.SGD(learning_rate=0.5)
        >>> optimizer.set_learning_rate_multipliers({".*": 0.5, top: 1.0})
        >>> optimizer.apply([[1.0], [1.0]], [below, top])
        >>> float(below[0]), float(top[0])
        (0.75, 0.5)

        Source: J. Howard, S. Ruder, Universal language model fine-tuning for text classification, 2018
            (discriminative fine-tuning). An addition to Keras's interface.
        """
        who = f"{type(self).__name__}.set_learning_rate_multipliers"
        if multipliers is not None and not isinstance(multipliers, Mapping):
            raise ValueError(
                f"{who}: expected a dict of factors by variable, layer or pattern; got {describe(multipliers)}."
            )
        pairs = []
        for key, factor in (multipliers or {}).items():
            _check_key(key, who)
            pairs.append((key, number(factor, f"the factor of {_name_of(key)}", who, low=0.0)))
        before = self._multipliers
        self._multipliers = pairs
        if self.built:
            try:
                self._find_rate_factors()
            except ValueError:
                self._multipliers = before
                raise

    def _find_rate_factors(self) -> None:
        """The factor of every variable that the optimizer was built with, told to whoever makes the update."""
        variables = self._trainable_variables
        factors = [1.0] * len(variables)
        for key, factor in self._multipliers:
            chosen = [i for i, variable in enumerate(variables) if _fits(key, variable)] or _by_end(
                key, variables
            )
            if not chosen and not _is_frozen(key):
                paths = ", ".join(repr(str(v.path)) for v in variables)
                raise ValueError(
                    f"{type(self).__name__}.set_learning_rate_multipliers: {_name_of(key)} fits none of the variables"
                    f" of this optimizer: {paths}."
                )
            for i in chosen:
                factors[i] = factor
        changed = factors != (self._rate_factors or [1.0] * len(variables))
        self._rate_factors = factors
        self._tell_rate_factors()
        if changed:
            self._hyperparameter_changed()

    def _tell_rate_factors(self) -> None:
        """Hands the factors on to the core; nothing to do for a rule in Python, which asks `_rate_factor`."""

    def _rate_factor(self, variable: Any) -> float:
        if not self._multipliers:
            return 1.0
        return self._rate_factors[self._get_variable_index(variable)]


def _check_key(key: Any, who: str) -> None:
    if isinstance(key, str):
        try:
            re.compile(key)
        except re.error as error:
            raise ValueError(f"{who}: expected a regular expression; got {key!r} ({error}).") from None
    elif not isinstance(key, _core.Variable) and not hasattr(key, "trainable_variables"):
        raise ValueError(
            f"{who}: expected keys to be variables, layers or patterns for paths of variables; got {describe(key)}."
        )


def _name_of(key: Any) -> str:
    return repr(key) if isinstance(key, str) else repr(str(getattr(key, "path", None) or key.name))


def _fits(key: Any, variable: Any) -> bool:
    if isinstance(key, str):
        return re.search(key, str(variable.path)) is not None
    return any(variable is each for each in _variables_of(key))


def _by_end(key: Any, variables: list[Any]) -> list[int]:
    """The variable that a pattern for one whole path means, if its path begins otherwise now.

    In a model from a file, layers are made before they are put into it: `model/dense/kernel` is `dense/kernel` there.
    """
    path = re.sub(r"\\(.)", r"\1", key[1:-1]) if isinstance(key, str) else ""
    if not path or key != f"^{re.escape(path)}$":
        return []
    own = f"/{path}"
    ends = [i for i, v in enumerate(variables) if own.endswith(f"/{v.path}") or f"/{v.path}".endswith(own)]
    return ends if len(ends) == 1 else []


def _variables_of(key: Any) -> list[Any]:
    return [key] if isinstance(key, _core.Variable) else list(key.trainable_variables)


def _is_frozen(key: Any) -> bool:
    """Whether a key is a layer that has weights, of which none is trained."""
    return bool(getattr(key, "weights", None)) and not key.trainable_variables


def _patterns_of(key: Any, who: type) -> list[str]:
    if isinstance(key, str):
        return [key]
    found = [f"^{re.escape(str(variable.path))}$" for variable in _variables_of(key)]
    if not found and not _is_frozen(key):
        raise ValueError(
            f"{who.__name__}: the learning-rate multiplier of {_name_of(key)} has no variables yet. Build the model"
            " before asking for the config of its optimizer, or use a pattern."
        )
    return found


def check_learning_rate(value: Any, who: str) -> float:
    """`value` as a number, if it is one that a learning rate can have."""
    if isinstance(value, _core.Variable | _core.Tensor):
        value = value.numpy()
    expected = (
        f"{who}: expected learning_rate to be a finite number >= 0, a LearningRateSchedule or a function"
    )
    if isinstance(value, (bool, str, bytes)) or value is None:
        raise ValueError(f"{expected}; got {describe(value)}.")
    try:
        rate = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{expected}; got {describe(value)}.") from None
    if not math.isfinite(rate) or rate < 0:
        raise ValueError(f"{expected}; got learning_rate={rate}.")
    return rate
