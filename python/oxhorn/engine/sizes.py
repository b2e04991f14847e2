"""Sizes that are open while a model is traced, and shapes made of them."""

from __future__ import annotations

from typing import Any, NoReturn

from oxhorn import _core


class Size:
    """The size of an axis that is open in the trace: `(times * n + plus) // over`, where n is that size.

    It stands in shapes (`ops.zeros((ops.shape(x)[0], 8))`), and among tensors as a number (int32). It has no value:
    a trace is made for every batch size.
    """

    __slots__ = ("axis", "over", "plus", "tensor", "times")
    # Arrays let it have its say in arithmetic.
    __array_priority__ = 100.0

    def __init__(self, tensor: _core.Tensor, axis: int, times: int = 1, plus: int = 0, over: int = 1) -> None:
        self.tensor, self.axis, self.times, self.plus, self.over = tensor, axis, times, plus, over

    @property
    def terms(self) -> dict[str, int]:
        """What the core needs to know of it, but for the place of the tensor among the inputs."""
        return {"axis": self.axis, "times": self.times, "plus": self.plus, "over": self.over}

    def __oxhorn_tensor__(self) -> Any:
        return _core.apply("axis_size", [self.tensor], {"size": {"input": 0, **self.terms}})

    def __repr__(self) -> str:
        of = f"size of axis {self.axis} of a traced tensor of shape {tuple(self.tensor.shape)}"
        if (self.times, self.plus, self.over) == (1, 0, 1):
            return f"<{of}>"
        return f"<({self.times} * {of} + {self.plus}) // {self.over}>"

    # Whole numbers keep it a size; everything else makes it a tensor.

    def __add__(self, other: Any) -> Any:
        if type(other) is int:
            return Size(self.tensor, self.axis, self.times, self.plus + other * self.over, self.over)
        return self.__oxhorn_tensor__() + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + -other if type(other) is int else self.__oxhorn_tensor__() - other

    def __rsub__(self, other: Any) -> Any:
        return -1 * self + other if type(other) is int else other - self.__oxhorn_tensor__()

    def __mul__(self, other: Any) -> Any:
        if type(other) is int and self.over == 1:
            return Size(self.tensor, self.axis, self.times * other, self.plus * other)
        return self.__oxhorn_tensor__() * other

    __rmul__ = __mul__

    def __neg__(self) -> Any:
        return -1 * self

    def __floordiv__(self, other: Any) -> Any:
        if type(other) is int and other > 0:
            return Size(self.tensor, self.axis, self.times, self.plus, self.over * other)
        return self.__oxhorn_tensor__() // other

    def __rfloordiv__(self, other: Any) -> Any:
        return other // self.__oxhorn_tensor__()

    def __truediv__(self, other: Any) -> Any:
        return self.__oxhorn_tensor__() / other

    def __rtruediv__(self, other: Any) -> Any:
        return other / self.__oxhorn_tensor__()

    def __mod__(self, other: Any) -> Any:
        return self.__oxhorn_tensor__() % other

    def __pow__(self, other: Any) -> Any:
        return self.__oxhorn_tensor__() ** other

    def __lt__(self, other: Any) -> Any:
        return self.__oxhorn_tensor__() < other

    def __le__(self, other: Any) -> Any:
        return self.__oxhorn_tensor__() <= other

    def __gt__(self, other: Any) -> Any:
        return self.__oxhorn_tensor__() > other

    def __ge__(self, other: Any) -> Any:
        return self.__oxhorn_tensor__() >= other

    def __eq__(self, other: object) -> Any:
        return self.__oxhorn_tensor__() == other

    def __ne__(self, other: object) -> Any:
        return self.__oxhorn_tensor__() != other

    __hash__ = object.__hash__

    def _no_value(self, what: str) -> NoReturn:
        raise TypeError(
            f"{what} needs a number, but the {self!r} is open while the model is traced: it is traced once for every "
            "batch size. Use it in shapes and ops (`ops.zeros((ops.shape(x)[0], 8))`), or compile with "
            "run_eagerly=True."
        )

    def __index__(self) -> int:
        self._no_value("This")

    def __int__(self) -> int:
        self._no_value("`int()`")

    def __float__(self) -> float:
        self._no_value("`float()`")


def sizes_of(x: _core.Tensor) -> tuple[Any, ...]:
    """The shape of a tensor: whole numbers, and a `Size` where a trace leaves it open."""
    return tuple(Size(x, axis) if size is None else size for axis, size in enumerate(x.shape))


def has_open_sizes(shape: Any) -> bool:
    """Whether a `Size` is in the shape."""
    return isinstance(shape, Size) or (
        isinstance(shape, (list, tuple)) and any(isinstance(size, Size) for size in shape)
    )


def template(shape: Any, filled_from: _core.Tensor | None = None) -> _core.Tensor:
    """A tensor of zeros (uint8) from which ops take a shape with open sizes.

    Args:
        shape: The sizes, at least one of them a `Size`.
        filled_from: A tensor with as many elements, from which a size of -1 follows.
    """
    sizes = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    inputs: list[Any] = []
    entries: list[Any] = []
    for size in sizes:
        if isinstance(size, Size):
            entries.append({"input": len(inputs), **size.terms})
            inputs.append(size.tensor)
        else:
            entries.append(int(size.__index__()))
    if -1 in entries and filled_from is None:
        raise ValueError(f"A size of -1 is for `reshape` only; got the shape {tuple(sizes)!r}.")
    if filled_from is not None:
        inputs.append(filled_from)
    made: _core.Tensor = _core.apply("shaped", inputs, {"sizes": entries})
    return made
