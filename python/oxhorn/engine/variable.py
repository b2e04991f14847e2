"""`Variable`: a tensor that lives on between calls: weights, statistics, counters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from oxhorn import _core, config
from oxhorn.engine import allowance, naming
from oxhorn.engine.dtype_names import DTYPES, dtype_error
from oxhorn.engine.keras_tensor import standardize_shape


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype given as a name, a NumPy dtype or type, or `None` (`floatx()`).

    Raises:
        ValueError: If there is no such dtype here.
    """
    if dtype is None:
        return config.floatx()
    name = dtype if isinstance(dtype, str) else None
    if name is None:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = str(getattr(dtype, "name", dtype))
    name = {"int": "int32", "float": "float32"}.get(name, name)
    if name not in DTYPES:
        raise dtype_error("dtype", name if name.isidentifier() else dtype)
    return name


class Variable(_core.Variable):
    """A tensor that lives on between calls and can be assigned to.

    Args:
        initializer: The first value: an array or number, or a function of `(shape, dtype=...)`,
            or the name of an initializer.
        shape: Needed if `initializer` is a function or a name.
        dtype: `floatx()` by default, or that of the array.
        trainable: Whether optimizers change it.
        name: Its name; automatic if not given.

    Raises:
        ValueError: If the shape is missing, has unknown sizes, or does not fit the value.

    >>> import oxhorn as keras
    >>> v = keras.Variable([1.0, 2.0], name="v")
    >>> v.assign_add([1.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    """

    def __new__(
        cls,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        *,
        path: str | None = None,
    ) -> Self:
        name = name or naming.auto_name("variable")
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                f"Argument `name` must be a string and cannot contain character `/`: it is the name of a variable; "
                f"got {name!r}."
            )
        if path is None:
            scope = naming.current_path()
            path = f"{scope}/{name}" if scope else name
        value = _initial_value(initializer, shape, dtype, path)
        return super().__new__(
            cls, value, dtype=str(value.dtype), trainable=bool(trainable), name=name, path=path
        )

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        *,
        path: str | None = None,
    ) -> None:
        self.autocast = autocast
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.regularizer = None
        self.constraint = None
        self.overwrite_with_gradient = False

    if TYPE_CHECKING:
        trainable: bool
    else:
        # The core's attribute, which loops ask for often; setting it concerns what was traced before.
        trainable = property(
            _core.Variable.trainable.__get__,
            lambda self, value: self._set_trainable(value),
            doc="Whether optimizers change it.",
        )

    def _set_trainable(self, value: bool) -> None:
        from oxhorn.engine.tracing import state_changed

        _core.Variable.trainable.__set__(self, bool(value))  # type: ignore[attr-defined]
        state_changed()

    @property
    def regularizer(self) -> Any:
        """A function of the value whose result is added to the loss, or `None`."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        self._regularizer = self._checked_function("regularizer", value)

    @property
    def constraint(self) -> Any:
        """A function that is applied to the value after each update, or `None`."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        self._constraint = self._checked_function("constraint", value)

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether an optimizer puts the gradient in the place of the value."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(
                f"Variable {self.path!r}: `overwrite_with_gradient` must be a boolean. Got {value!r} of type "
                f"{type(value).__name__}."
            )
        self._overwrite_with_gradient = value

    def _checked_function(self, what: str, value: Any) -> Any:
        if value is not None and not callable(value):
            raise ValueError(
                f"Invalid value for attribute `{what}` of variable {self.path!r}: expected a function, an object that "
                f"can be called, or None; got {value!r}."
            )
        return value

    def numpy(self) -> np.ndarray[Any, Any]:
        """The present numbers, as a NumPy array of their own.

        Raises:
            TypeError: Inside a traced call, where they would be frozen into what is traced.
        """
        self._refuse_in_traces("numpy() of a variable")
        return super().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        self._refuse_in_traces("a NumPy function of a variable")
        return super().__array__(dtype, copy)

    def _numpy_now(self) -> np.ndarray[Any, Any]:
        """As `numpy()`, inside a traced call too: for what shows or copies a variable."""
        return super().numpy()

    def _refuse_in_traces(self, what: str) -> None:
        if _core.is_tracing():
            from oxhorn.engine.tracing import _place

            raise TypeError(
                f"{what}: expected a call that runs with numbers; got {self.path!r} inside a traced call{_place()}: "
                "Python runs once there, and the present numbers would stay for good. Use the variable itself in "
                "functions of `ops` (ops.sum, ops.cond, ops.where, ...), which see its value at every step; or compile "
                "the model with run_eagerly=True, so that Python runs at every step."
            )

    def __bool__(self) -> bool:
        raise TypeError(
            f"A Keras Variable cannot be used as a boolean. Compare its value instead, as in `v.numpy() > 0`; got "
            f"variable {self.path!r} of shape {tuple(self.shape)}."
        )

    def __float__(self) -> float:
        self._check_scalar()
        return super().__float__()

    def __int__(self) -> int:
        self._check_scalar()
        return super().__int__()

    def _check_scalar(self) -> None:
        if self.size != 1:
            raise TypeError(
                f"Only scalar arrays can be converted to Python scalars. Variable {self.path!r} has shape "
                f"{tuple(self.shape)}; index it first."
            )

    def __xor__(self, other: Any) -> Any:
        return _logical_xor(self, other)

    def __rxor__(self, other: Any) -> Any:
        return _logical_xor(other, self)

    def __round__(self, ndigits: int | None = None) -> Any:
        from oxhorn import ops

        return ops.round(self, ndigits or 0)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={tuple(self.shape)}, dtype={self.dtype}, value={self._numpy_now()}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _restore, (
            type(self),
            self._numpy_now(),
            str(self.dtype),
            bool(self.trainable),
            self.name,
            self.path,
            dict(self.__dict__),
        )


def _restore(
    cls: type[Variable],
    value: np.ndarray[Any, Any],
    dtype: str,
    trainable: bool,
    name: str,
    path: str,
    attributes: dict[str, Any],
) -> Variable:
    variable = cls(value, dtype=dtype, trainable=trainable, name=name, path=path)
    variable.__dict__.update(attributes)
    return variable


def _initial_value(initializer: Any, shape: Sequence[int] | None, dtype: Any, path: str) -> Any:
    """The first value as an eager tensor of the dtype that the variable gets."""
    if isinstance(initializer, str):
        from oxhorn import initializers

        initializer = initializers.get(initializer)
    if callable(initializer) and not isinstance(initializer, (_core.Tensor, _core.Variable, np.ndarray)):
        if shape is None:
            raise ValueError(
                "When creating a Variable from an initializer, the `shape` argument should be specified. "
                f"Variable {path!r} gets its first value from {initializer!r}; got shape=None."
            )
        sizes = standardize_shape(shape)
        if any(size is None for size in sizes):
            raise ValueError(f"Variable {path!r}: every size must be known; got shape {sizes}.")
        dtype = standardize_dtype(dtype)
        allowance.spend(sizes, dtype, path)  # type: ignore[arg-type]
        value = initializer(sizes, dtype=dtype)
        if not isinstance(value, _core.Tensor) or str(value.dtype) != dtype:
            value = _core.tensor(value, dtype)
        if tuple(value.shape) != sizes:
            raise ValueError(
                f"Variable {path!r}: the initializer was asked for shape {sizes} and returned "
                f"{tuple(value.shape)}."
            )
        return value
    value = _eager(initializer, dtype)
    if shape is not None and tuple(value.shape) != standardize_shape(shape):
        raise ValueError(
            f"Variable {path!r}: the first value has shape {tuple(value.shape)} but `shape` is "
            f"{standardize_shape(shape)}."
        )
    return value


def _logical_xor(x1: Any, x2: Any) -> Any:
    from oxhorn import ops

    return ops.logical_xor(x1, x2)


def _eager(x: Any, dtype: Any) -> Any:
    if isinstance(x, _core.Variable):
        x = x.value
    if dtype is None:
        if isinstance(x, _core.Tensor):
            return x
        array = np.asarray(x)
        if array.dtype.kind == "f" and not hasattr(x, "dtype"):
            dtype = config.floatx()
        elif array.dtype.kind == "i" and not hasattr(x, "dtype"):
            dtype = "int32"
        return _core.tensor(array, dtype)
    dtype = standardize_dtype(dtype)
    if isinstance(x, _core.Tensor):
        return x if str(x.dtype) == dtype else _core.apply("cast", [x], {"dtype": dtype})
    return _core.tensor(x, dtype)
