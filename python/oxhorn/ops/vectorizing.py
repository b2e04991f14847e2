"""Functions of scalars, or of small arrays, applied to all entries of larger arrays."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from oxhorn.ops.scans import vectorized_map
from oxhorn.ops.subgraphs import as_tensor

_ARGUMENT = r"\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?\)"
_SIDE = rf"{_ARGUMENT}(?:\s*,\s*{_ARGUMENT})*"


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Collection[int | str] | None = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function of scalars (or of arrays of a given rank) as one of arrays, with broadcasting.

    y[i, j, ...] = pyfunc(x_1[i, j, ...], x_2[i, j, ...], ...)

    Args:
        pyfunc: A function of scalar tensors, or of tensors of the ranks in `signature`.
        excluded: Numbers of the positional arguments, and names of the keyword arguments, that are handed over as they
            are.
        signature: The axes that `pyfunc` works on, as in `"(m,n),(n)->(m)"`: the last axes of each argument and of each
            result. Without one, `pyfunc` works on scalars.

    Returns:
        The function of arrays.

    Raises:
        ValueError: If `pyfunc` is no function, `signature` is malformed, or the arguments do not fit it.

    >>> import oxhorn as keras
    >>> keras.ops.vectorize(lambda a, b: a + b)([1, 2, 3], 2).numpy()
    array([3, 4, 5], dtype=int32)
    >>> inner = keras.ops.vectorize(keras.ops.dot, signature="(n),(n)->()")
    >>> tuple(inner(keras.ops.ones((4, 3)), keras.ops.ones((3,))).shape)
    (4,)
    """
    if not callable(pyfunc):
        raise ValueError(f"vectorize: expected argument `pyfunc` to be a callable. Received: pyfunc={pyfunc}")
    left_out = set(excluded or ())
    ranks = None if signature is None else _ranks(signature)

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        names = [name for name in kwargs if name not in left_out]
        places = [place for place in range(len(args)) if place not in left_out]
        given = [as_tensor(args[place]) for place in places] + [as_tensor(kwargs[name]) for name in names]
        core = [0] * len(given) if ranks is None else ranks
        if len(core) != len(given):
            raise ValueError(
                f"vectorize: the signature {signature!r} has {len(core)} arguments; got {len(given)}."
            )
        for x, rank in zip(given, core, strict=True):
            if len(x.shape) < rank:
                raise ValueError(
                    f"vectorize: the signature {signature!r} needs an argument of at least {rank} axes; "
                    f"got shape {tuple(x.shape)}."
                )

        def call(*tensors: Any) -> Any:
            positional = list(args)
            for place, x in zip(places, tensors, strict=False):
                positional[place] = x
            named = dict(zip(names, tensors[len(places) :], strict=True))
            return pyfunc(*positional, **{**kwargs, **named})

        return _along(call, given, core)

    return vectorized


def _ranks(signature: str) -> list[int]:
    """The number of axes of each argument in a signature."""
    if not re.fullmatch(rf"\s*{_SIDE}\s*->\s*{_SIDE}\s*", signature):
        raise ValueError(
            f"vectorize: expected a signature such as '(m,n),(n)->(m)'; got {signature!r}, which is not a valid gufunc "
            "signature."
        )
    arguments = re.findall(_ARGUMENT, signature.split("->")[0])
    return [len(re.findall(r"\w+", argument)) for argument in arguments]


def _along(call: Callable[..., Any], given: Sequence[Any], core: Sequence[int]) -> Any:
    """The function along the first of the axes that are left, and so on inward."""
    left = [len(x.shape) - rank for x, rank in zip(given, core, strict=True)]
    outermost = max(left, default=0)
    if outermost == 0:
        return call(*given)
    sizes = {x.shape[0] for x, axes in zip(given, left, strict=True) if axes == outermost}
    if len(sizes - {1, None}) > 1:
        raise ValueError(f"vectorize: expected shapes that broadcast; got {[tuple(x.shape) for x in given]}.")
    everywhere = sizes == {1}
    fixed = list(given)
    moving: list[int] = []
    for i, (x, axes) in enumerate(zip(given, left, strict=True)):
        if axes < outermost:
            continue
        if x.shape[0] == 1 and not everywhere:
            fixed[i] = x[0]
        else:
            moving.append(i)

    def one(elements: list[Any]) -> Any:
        inner = list(fixed)
        for i, x in zip(moving, elements, strict=True):
            inner[i] = x
        return _along(call, inner, core)

    return vectorized_map(one, [given[i] for i in moving])
