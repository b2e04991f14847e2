"""The base class of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core, config, dtype_policies
from oxhorn.engine.naming import auto_name, name_scope
from oxhorn.engine.variable import Variable


class Metric:
    """Base class of metrics: a state, kept in variables, that batches are added to.

    Subclasses make their state with `add_variable` in `__init__`, add a batch to it in `update_state` with
    `assign_add` and operations on tensors, and compute the value in `result`. Written so, a metric is updated inside
    the compiled training step.

    Args:
        dtype: Type or policy of the result. Defaults to `floatx()`.
        name: Name of the metric. Defaults to the name of the class in snake case.

    Example:
    >>> import oxhorn as keras
    >>> class Count(keras.metrics.Metric):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.total = self.add_variable((), "zeros", name="total")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.total.assign_add(keras.ops.sum(y_true))
    ...     def result(self):
    ...         return self.total.value
    >>> count = Count()
    >>> count.update_state([1.0, 2.0], [0.0, 0.0])
    >>> float(count([3.0], [0.0]))
    6.0

    Source: Keras 3.
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._variables: list[Any] = []
        self._metrics: list[Metric] = []
        self.name = name or auto_name(type(self).__name__)
        self._dtype_policy = dtype_policies.get(dtype or config.floatx())
        self._dtype: str = self._dtype_policy.compute_dtype

    @property
    def dtype(self) -> str:
        """Type of the result."""
        return self._dtype

    @property
    def variables(self) -> list[Any]:
        """The state: the metric's own variables, then those of metrics that are its attributes."""
        found = list(self._variables)
        for metric in self._metrics:
            found.extend(metric.variables)
        return found

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "sum",
        name: str | None = None,
    ) -> Variable:
        """Makes a variable of the state.

        Args:
            shape: Its shape.
            initializer: Its first values. Defaults to `"zeros"`.
            dtype: Its type. Defaults to `floatx()`.
            aggregation: Accepted for compatibility.
            name: Its name.

        Returns:
            The variable.
        """
        self._check_super_called()
        with name_scope(self.name.replace("/", ">"), caller=self):
            variable = Variable(
                "zeros" if initializer is None else initializer,
                shape=tuple(shape),
                dtype=dtype,
                trainable=False,
                name=name,
            )
        self._track(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """The older name of `add_variable`."""
        return self.add_variable(shape, initializer=initializer, dtype=dtype, name=name)

    def _add_total(self, name: str, shape: Sequence[int] = ()) -> Variable:
        """A sum over all batches. It is kept in float64: float32 stops counting at 2^24."""
        return self.add_variable(shape, initializer="zeros", dtype="float64", name=name)

    def reset_state(self) -> None:
        """Starts anew."""
        for variable in self.variables:
            variable.assign(np.zeros(tuple(variable.shape), variable.dtype))

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch to the state; subclasses implement it."""
        raise NotImplementedError(
            f"{type(self).__name__}: a metric must implement update_state(self, y_true, y_pred, sample_weight=None)."
        )

    def result(self) -> Any:
        """The value of what was added so far; subclasses implement it."""
        raise NotImplementedError(f"{type(self).__name__}: a metric must implement result(self).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch, and gives the value of all batches so far."""
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric from what `get_config` returned."""
        return cls(**config)

    def _obj_type(self) -> str:
        return "Metric"

    def _track(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._track(item)
        elif isinstance(value, _core.Variable):
            if not any(value is v for v in self._variables):
                self._variables.append(value)
        elif isinstance(value, Metric) and not any(value is m for m in self._metrics):
            self._metrics.append(value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("_variables", "_metrics") and "_metrics" in self.__dict__:
            self._track(value)
        super().__setattr__(name, value)

    def _check_super_called(self) -> None:
        if "_metrics" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() first in __init__, before making variables."
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def as_result(metric: Metric, value: _core.Tensor) -> _core.Tensor:
    """A value in the metric's type."""
    from oxhorn.losses.values import cast

    return cast(value, metric.dtype)
