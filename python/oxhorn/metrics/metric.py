"""The base class of metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from oxhorn import _core, config, dtype_policies, tree
from oxhorn.engine.naming import auto_name, name_scope
from oxhorn.engine.stateless import StatelessScope, check_count
from oxhorn.engine.tracking import Tracker
from oxhorn.engine.variable import Variable


class NotInitializedError(RuntimeError, AttributeError):
    """A class whose `__init__` did not call that of its base class: it lacks attributes."""


class _State(Tracker):
    """The variables and metrics that a metric holds, each in the order in which it was first assigned."""

    def __init__(self, owner_name: str) -> None:
        super().__init__(owner_name)
        self.variables: list[Any] = []

    def _store_of(self, value: Any) -> list[Any] | None:
        if isinstance(value, _core.Variable):
            return self.variables
        return self.metrics if isinstance(value, Metric) else None

    def untrack(self, value: Any) -> None:
        """Forgets `value`."""
        for store in (self.variables, self.metrics):
            store[:] = [item for item in store if item is not value]


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

    _tracker: _State

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        super().__setattr__("_tracker", _State(type(self).__name__))
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
        found = list(self._tracker.variables)
        for metric in self._tracker.metrics:
            found.extend(metric.variables)
        return found

    def add_variable(
        self,
        shape: int | Sequence[int],
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
                shape=(shape,) if isinstance(shape, int) else tuple(shape),
                dtype=dtype,
                trainable=False,
                name=name,
            )
        self._tracker.track(variable)
        return variable

    def add_weight(
        self,
        shape: int | Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
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

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What a batch makes of a state that is given; the metric's own state stays as it is.

        Args:
            metric_variables: A value for each of `variables`.
            *args: What `update_state` takes.
            **kwargs: What `update_state` takes.

        Returns:
            The new values of `variables`, tensors.

        Raises:
            ValueError: If the number of values differs from that of `variables`.

        Example:
        >>> import oxhorn as keras
        >>> metric = keras.metrics.Sum()
        >>> [float(x) for x in metric.stateless_update_state([1.0], [2.0, 3.0])], float(metric.result())
        ([6.0], 0.0)
        """
        return self._apart(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The result of a state that is given; the metric's own state stays as it is.

        Args:
            metric_variables: A value for each of `variables`.

        Returns:
            What `result` returns.

        Raises:
            ValueError: If the number of values differs from that of `variables`.

        Example:
        >>> import oxhorn as keras
        >>> float(keras.metrics.Mean().stateless_result([6.0, 3.0]))
        2.0
        """
        return self._apart(metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Any]:
        """The values of `variables` at the start; the metric's own state stays as it is.

        Returns:
            A tensor for each of `variables`.

        Example:
        >>> import oxhorn as keras
        >>> [float(x) for x in keras.metrics.Mean().stateless_reset_state()]
        [0.0, 0.0]
        """
        return self._apart(self.variables, self.reset_state)[1]

    def _apart(self, values: Sequence[Any], function: Callable[[], Any]) -> tuple[Any, list[Any]]:
        """What the function returns with `values` as the state, and the state it leaves, which is then undone."""
        variables = self.variables
        check_count(type(self).__name__, "metric_variables", values, variables)
        given = [
            _core.tensor(value, variable.dtype) for value, variable in zip(values, variables, strict=True)
        ]
        with StatelessScope(zip(variables, given, strict=True)):
            # A variable among the results stands for the given state only inside.
            result = tree.map_structure(_value, function())
            after = [variable.value for variable in self.variables]
        return result, after

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

    def __getattr__(self, name: str) -> Any:
        # Asked for what is not there: without the base class's `__init__`, everything it makes.
        if "_tracker" not in self.__dict__ and not name.startswith("__"):
            self._check_super_called()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if "_tracker" in self.__dict__:
            value = self._tracker.track(value)
        super().__setattr__(name, value)

    def _check_super_called(self) -> None:
        if "_tracker" not in self.__dict__:
            raise NotInitializedError(
                f"{type(self).__name__}: call super().__init__() first in __init__, before making variables: the "
                "metric has no name, dtype and state yet."
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _value(x: Any) -> Any:
    return x.value if isinstance(x, _core.Variable) else x


def as_result(metric: Metric, value: _core.Tensor) -> _core.Tensor:
    """A value in the metric's type."""
    from oxhorn.losses.values import cast

    return cast(value, metric.dtype)
