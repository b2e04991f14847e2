"""What branches and loops share: structures of tensors, and tracing a branch or a loop body."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from oxhorn import _core, tree
from oxhorn.engine import call_context
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.engine.sizes import Size
from oxhorn.engine.symbolic import call_symbolically
from oxhorn.ops.conversions import cast, convert_to_tensor

Number = (bool, int, float)
F = TypeVar("F", bound=Callable[..., Any])


class Leaves:
    """The tensors of a nested structure, in walking order; `None` keeps its place.

    Args:
        structure: Tensors, variables, arrays and numbers, however nested.
        name: What messages call the structure.
    """

    def __init__(self, structure: Any, name: str) -> None:
        self.structure = structure
        paths = tree.flatten_with_path(structure)
        self.present = [leaf is not None for _, leaf in paths]
        self.raw = [leaf for _, leaf in paths if leaf is not None]
        self.tensors = [as_tensor(leaf) for leaf in self.raw]
        self.labels = [
            name + "".join(f"[{key!r}]" for key in path) for path, leaf in paths if leaf is not None
        ]

    def __len__(self) -> int:
        return len(self.tensors)

    @property
    def specs(self) -> list[tuple[tuple[int | None, ...], str]]:
        """Shape and dtype of each tensor."""
        return [(tuple(x.shape), str(x.dtype)) for x in self.tensors]

    def pack(self, tensors: Sequence[Any]) -> Any:
        """Other tensors in the same structure."""
        given = iter(tensors)
        return tree.pack_sequence_as(
            self.structure, [next(given) if present else None for present in self.present]
        )


def as_tensor(x: Any) -> Any:
    """A tensor, variable, array or number as a tensor."""
    if isinstance(x, _core.Tensor):
        return x
    if isinstance(x, Size):
        return x.__oxhorn_tensor__()
    return x.value if isinstance(x, _core.Variable) else convert_to_tensor(x)


def as_tensors(structure: Any) -> Any:
    """A structure with every leaf but `None` as a tensor."""
    return tree.map_structure(lambda leaf: None if leaf is None else as_tensor(leaf), structure)


def same_structure(who: str, what: str, first: Any, second: Any) -> None:
    """Raises `ValueError` unless both nest alike, with `None` in the same places."""
    try:
        tree.assert_same_structure(first, second)
    except ValueError as error:
        raise ValueError(f"{who}: {what} must have the same structure. {error}") from None
    for (path, a), (_, b) in zip(tree.flatten_with_path(first), tree.flatten_with_path(second), strict=True):
        if (a is None) != (b is None):
            raise ValueError(
                f"{who}: {what} must have the same structure; at {list(path)} one is None and the other "
                f"{b if a is None else a!r}."
            )


def check_carry(who: str, before: Leaves, after: Leaves) -> None:
    """Raises `ValueError`, with the name of the leaf, unless each leaf keeps its shape and dtype."""
    for label, old, new in zip(before.labels, before.specs, after.specs, strict=True):
        sizes = zip(old[0], new[0], strict=False)
        if (
            old[1] != new[1]
            or len(old[0]) != len(new[0])
            or any(a is not None and b is not None and a != b for a, b in sizes)
        ):
            raise ValueError(
                f"{who}: a value that is carried on keeps its shape and dtype; {label} was {old[1]} {old[0]} and the "
                f"body made it {new[1]} {new[0]}. Cast or reshape what the body returns, or what the loop begins with."
            )


def settle_numbers(init: Leaves, result: Leaves) -> list[Any]:
    """The first carries, with those given as Python numbers in the dtype that the body turns them into."""
    return [
        _core.apply("cast", [x], {"dtype": str(y.dtype)})
        if isinstance(raw, Number) and x.dtype != y.dtype
        else x
        for raw, x, y in zip(init.raw, init.tensors, result.tensors, strict=True)
    ]


class Traced:
    """A function that was traced into a subgraph of the trace in progress.

    Args:
        function: Called once with `arguments(values)`.
        specs: Shape and dtype of each value it is called with.
        arguments: Makes the positional arguments of the function from those values.
        name: What messages call its result.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        specs: Sequence[tuple[tuple[int | None, ...], str]],
        arguments: Callable[[list[Any]], Sequence[Any]],
        name: str,
    ) -> None:
        self.subgraph = _core.Subgraph(list(specs))
        # What is computed inside is no value of the trace around it, so there is nothing to look at.
        with self.subgraph, call_context.unobserved():
            result = function(*arguments(self.subgraph.arguments))
            # Variables must be read inside.
            self.result = Leaves(result, name)

    @property
    def body(self) -> tuple[_core.Subgraph, list[Any]]:
        """What the core takes."""
        return self.subgraph, self.result.tensors


def require_callable(who: str, name: str, function: Any) -> None:
    """Raises `TypeError` unless `function` can be called."""
    if not callable(function):
        raise TypeError(f"{who}: `{name}` should be a callable. Got {function!r}.")


def stack_results(results: Sequence[Any]) -> Any:
    """Structures of tensors, one a step, as one structure of stacked tensors."""
    leaves = [Leaves(result, "result") for result in results]
    for one in leaves[1:]:
        same_structure("results", "what the function returns at each step", results[0], one.structure)
    columns = zip(*(one.tensors for one in leaves), strict=True)
    return leaves[0].pack([_stack(list(column)) for column in columns])


def _stack(column: list[Any]) -> Any:
    dtypes = {str(x.dtype) for x in column}
    if len(dtypes) > 1:
        last = str(column[-1].dtype)
        column = [_core.apply("cast", [x], {"dtype": last}) for x in column]
    return _core.apply("stack", column, {"axis": 0})


def looping(*tensor_names: str) -> Callable[[F], F]:
    """A decorator for functions that call another function with parts of the arguments named here."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if any_symbolic(args, kwargs):
                for given in (*args, *kwargs.values()):
                    refuse_closures(function.__name__, given, "` or `".join(tensor_names))
                return call_symbolically(wrapper, function.__name__, tensor_names, args, kwargs)
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


def refuse_closures(who: str, function: Any, argument: str) -> None:
    """An error if `function` uses symbolic tensors besides its arguments."""
    from oxhorn.engine import symbolic_branches

    if callable(function):
        symbolic_branches.refuse_closures(who, function, argument)


def is_traced(x: Any) -> bool:
    """Whether `x` is a tensor of a trace, whose value is not known yet."""
    return isinstance(x, _core.Tensor) and x.is_traced


def scalar(x: Any, dtype: str) -> Any:
    """A condition or index as a scalar; what has a single element will do."""
    if len(x.shape) > 0 and all(size == 1 for size in x.shape):
        x = _core.apply("reshape", [x], {"newshape": []})
    return x if x.dtype == dtype else cast(x, dtype)
