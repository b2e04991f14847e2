"""`KerasTensor`: a value that is not there yet, with a shape and a dtype, for defining functional models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from oxhorn import config, tree
from oxhorn.engine import naming

if TYPE_CHECKING:
    from oxhorn.engine.operation import Operation

Shape = tuple[int | None, ...]


class KerasHistory(NamedTuple):
    """Where a symbolic tensor comes from: the call number `node_index` of `operation`."""

    operation: Operation
    node_index: int
    tensor_index: int


def standardize_shape(shape: Any) -> Shape:
    """`shape` as a tuple of whole numbers (0 or more) and `None`.

    Raises:
        ValueError: If `shape` is not such a sequence.
    """
    if shape is None:
        raise ValueError(
            "Undefined shapes are not supported. A shape is a tuple of whole numbers and None; got None."
        )
    if isinstance(shape, (str, bytes)) or not hasattr(shape, "__iter__"):
        raise ValueError(f"Cannot convert '{shape}' to a shape. Expected a tuple of whole numbers and None.")
    sizes: list[int | None] = []
    for size in shape:
        if size is None:
            sizes.append(None)
            continue
        if isinstance(size, bool) or not hasattr(size, "__index__"):
            raise ValueError(
                f"Cannot convert {tuple(shape)!r} to a shape. Found invalid dimension '{size}' of type "
                f"{type(size).__name__}; expected whole numbers and None."
            )
        number = int(size.__index__())
        if number < 0:
            raise ValueError(
                f"Cannot convert {tuple(shape)!r} to a shape. Negative dimensions are not allowed."
            )
        if number >= 2**63:
            raise ValueError(f"Sizes in a shape go from 0 to 2**63 - 1; got {number} in {tuple(shape)!r}.")
        sizes.append(number)
    return tuple(sizes)


class KerasTensor:
    """A symbolic tensor: the shape and dtype of a value that a model will compute.

    Args:
        shape: Sizes; `None` where any size will do, as in the batch dimension.
        dtype: The dtype of the values.
        name: A name; automatic (`keras_tensor`, `keras_tensor_1`, ...) if not given.

    >>> import oxhorn as keras
    >>> keras.KerasTensor((None, 3), name="x")
    <KerasTensor shape=(None, 3), dtype=float32, sparse=False, ragged=False, name=x>
    """

    # `array + symbolic` asks the symbolic tensor.
    __array_priority__ = 100.0

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: str | None = None,
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
    ) -> None:
        if sparse or ragged:
            raise ValueError("Sparse and ragged tensors are not supported; got sparse or ragged = True.")
        self._shape = standardize_shape(shape)
        self._dtype = str(dtype) if dtype is not None else config.floatx()
        self.name = name or naming.auto_name("keras_tensor")
        self.record_history = record_history
        self._keras_history: KerasHistory | None = None
        self._keras_mask: Any = None

    @property
    def shape(self) -> Shape:
        """The sizes; `None` where any size will do."""
        return self._shape

    @shape.setter
    def shape(self, value: Any) -> NoReturn:
        self._immutable("shape", value)

    @property
    def dtype(self) -> str:
        """The name of the dtype."""
        return self._dtype

    @dtype.setter
    def dtype(self, value: Any) -> NoReturn:
        self._immutable("dtype", value)

    def _immutable(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"The `{name}` attribute of KerasTensor is immutable. {self!r} cannot get {value!r} for it; "
            "make another tensor."
        )

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    @property
    def sparse(self) -> bool:
        """Always False."""
        return False

    @property
    def ragged(self) -> bool:
        """Always False."""
        return False

    @property
    def history(self) -> KerasHistory:
        """Where this tensor comes from.

        Raises:
            ValueError: If no layer or operation made it.
        """
        if self._keras_history is None:
            raise ValueError(
                f"{self!r} has no history: it was made by hand. "
                "The inputs of a model are made by `Input(shape=...)`."
            )
        return self._keras_history

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse={self.sparse}, "
            f"ragged={self.ragged}, name={self.name}>"
        )

    def _no_values(self, what: str) -> NoReturn:
        raise TypeError(
            f"{what} needs values, but {self!r} is symbolic: it stands for what a model will compute. "
            "Use functions of `ops`, or put the code into the `call` method of a Layer."
        )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ValueError(
            f"{self!r} is symbolic: it doesn't have any actual numerical value, and stands for what a model will "
            "compute. A NumPy function cannot be applied to it. Use functions of `ops`, or put the code into the "
            "`call` method of a Layer."
        )

    def numpy(self) -> NoReturn:
        """Raises `TypeError`: a symbolic tensor has no values."""
        self._no_values("`numpy()`")

    def __float__(self) -> float:
        self._no_values("`float()`")

    def __int__(self) -> int:
        self._no_values("`int()`")

    def __bool__(self) -> bool:
        raise TypeError(
            f"A symbolic tensor cannot be used as a boolean. A condition (`if`, `and`, `or`, `not`) needs values, but "
            f"{self!r} stands for what a model will compute. Use `ops.where` or `ops.cond`."
        )

    def __iter__(self) -> NoReturn:
        raise NotImplementedError(
            f"A symbolic tensor cannot be iterated over: {self!r}. "
            "Use `ops.unstack(x, axis=...)` or indexing."
        )

    def reshape(self, *newshape: Any) -> Any:
        """The same values in another shape: `ops.reshape`."""
        return self._call("reshape", self, newshape[0] if len(newshape) == 1 else newshape)

    def squeeze(self, axis: int | Sequence[int] | None = None) -> Any:
        """Without axes of size 1: `ops.squeeze`."""
        return self._call("squeeze", self, axis)

    def __len__(self) -> int:
        if not self._shape or self._shape[0] is None:
            self._no_values("`len()`")
        return self._shape[0]

    def _call(self, op: str, *args: Any) -> Any:
        from oxhorn import ops

        return getattr(ops, op)(*args)

    def __add__(self, other: Any) -> Any:
        return self._call("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._call("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._call("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._call("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._call("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._call("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._call("divide", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._call("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._call("floor_divide", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._call("mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._call("mod", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._call("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._call("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._call("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._call("matmul", other, self)

    def __neg__(self) -> Any:
        return self._call("negative", self)

    def __abs__(self) -> Any:
        return self._call("absolute", self)

    def __and__(self, other: Any) -> Any:
        return self._call("logical_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return self._call("logical_and", other, self)

    def __or__(self, other: Any) -> Any:
        return self._call("logical_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return self._call("logical_or", other, self)

    def __xor__(self, other: Any) -> Any:
        return self._call("logical_xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._call("logical_xor", other, self)

    def __invert__(self) -> Any:
        return self._call("logical_not", self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return self._call("round", self, ndigits or 0)

    def __ne__(self, other: Any) -> Any:
        if other is None or isinstance(other, str):
            return True
        return self._call("not_equal", self, other)

    def __lt__(self, other: Any) -> Any:
        return self._call("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self._call("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._call("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._call("greater_equal", self, other)

    def __getitem__(self, key: Any) -> Any:
        return self._call("get_item", self, key)

    # `==` stays identity: symbolic tensors are kept in sets and looked up in lists.

    def __deepcopy__(self, memo: dict[int, Any]) -> KerasTensor:
        copied = KerasTensor(self._shape, self._dtype, name=self.name, record_history=self.record_history)
        memo[id(self)] = copied
        return copied


def any_symbolic(*structures: Any) -> bool:
    """Whether a `KerasTensor` is among the leaves."""
    return any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(structures))


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is a symbolic tensor.

    >>> import oxhorn as keras
    >>> keras.utils.is_keras_tensor(keras.Input((3,)))
    True
    """
    return isinstance(x, KerasTensor)
