"""Which variables shrink, and by how much."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


class WeightDecay:
    """What an optimizer knows about the decay of weights."""

    weight_decay: float | None
    built: bool
    # By identity; the variables are kept so that no other one gets theirs.
    _no_decay: dict[int, Any]
    _no_decay_names: list[str]

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leaves variables out of weight decay; call it before the optimizer is built.

        Args:
            var_list: Variables.
            var_names: Patterns (regular expressions) that are searched for in the names of variables, such as
                `["bias"]`.

        Raises:
            ValueError: If the optimizer is already built, or a pattern is not one.
        """
        who = f"{type(self).__name__}.exclude_from_weight_decay"
        if self.built:
            raise ValueError(
                f"{who}: the optimizer is already built. `exclude_from_weight_decay()` can only be configured before "
                "the optimizer is built: call it before the first step."
            )
        names = [var_names] if isinstance(var_names, str) else list(var_names or ())
        for pattern in names:
            try:
                re.compile(pattern)
            except (re.error, TypeError) as error:
                raise ValueError(f"{who}: expected names or patterns; got {pattern!r} ({error}).") from None
        self._no_decay = {id(variable): variable for variable in var_list or ()}
        self._no_decay_names = names

    def _use_weight_decay(self, variable: Any) -> bool:
        return id(variable) not in self._no_decay and not any(
            re.search(pattern, variable.name) for pattern in self._no_decay_names
        )

    def _weight_decay_of(self, variable: Any) -> float | None:
        return self.weight_decay if self._use_weight_decay(variable) else None
