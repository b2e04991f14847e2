"""The steps of a pipeline: each is an iterable that can be gone through again, made of the one before it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from oxhorn.data.elements import as_element, check_structure, common_dtype, map_leaves, stack
from oxhorn.engine.ordered_keys import KnownGenerators, OrderedKeys

INFINITE = -1
UNKNOWN = -2


class Node(Protocol):
    """A source or a step."""

    def __iter__(self) -> Iterator[Any]:
        """One pass over the elements."""
        ...

    def cardinality(self) -> int:
        """The number of elements, `INFINITE` or `UNKNOWN`."""
        ...


class Range:
    """Whole numbers."""

    def __init__(self, *bounds: int) -> None:
        self._range = range(*bounds)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._range)

    def cardinality(self) -> int:
        return len(self._range)


class Generated:
    """What a function returns or yields, called anew for each pass."""

    def __init__(
        self, function: Callable[..., Iterable[Any]], args: tuple[Any, ...], length: int | None
    ) -> None:
        self._function, self._args, self._length = function, args, length

    def __iter__(self) -> Iterator[Any]:
        made = self._function(*self._args)
        if not hasattr(made, "__iter__"):
            raise TypeError(
                "Dataset.from_generator: expected a function that yields or returns an iterable; it returned "
                f"{made!r}."
            )
        first, count = None, 0
        for item in made:
            element = as_element(item, "Dataset.from_generator")
            first = element if count == 0 else first
            check_structure(first, element, count, "Dataset.from_generator")
            if count == self._length:
                raise ValueError(
                    f"Dataset.from_generator: expected {self._length} elements, as `length` says; the generator goes "
                    "on. Leave `length` out and use `take`, or correct it."
                )
            yield element
            count += 1
        if self._length is not None and count < self._length:
            raise ValueError(
                f"Dataset.from_generator: expected {self._length} elements, as `length` says; the generator ended "
                f"after {count}."
            )

    def cardinality(self) -> int:
        return UNKNOWN if self._length is None else self._length


class Mapped:
    """A function of each element, on threads if asked, in order."""

    def __init__(self, parent: Node, function: Callable[..., Any], workers: int) -> None:
        self._parent, self._function, self._workers = parent, function, workers
        self.known = KnownGenerators()

    def _call(self, numbered: tuple[int, Any]) -> Any:
        number, element = numbered
        return numbered_call("map", number, self._mapped, element)

    def _mapped(self, *parts: Any) -> Any:
        return as_element(self._function(*parts), "Dataset.map")

    def __iter__(self) -> Iterator[Any]:
        from oxhorn.training.data_adapters.ordered_queue import in_order

        workers = self._workers if self._workers > 1 else 0
        return in_order(self._call, enumerate(self._parent), workers, 2 * workers, OrderedKeys(self.known))

    def cardinality(self) -> int:
        return self._parent.cardinality()


def numbered_call(step: str, number: int, function: Callable[..., Any], element: Any) -> Any:
    """A user's function, with the parts of a tuple as arguments; an error in it says which element it was."""
    try:
        return function(*element) if isinstance(element, tuple) else function(element)
    except StopIteration as error:
        # It would end the pass without a word.
        raise RuntimeError(
            f"Dataset.{step}: the function raised StopIteration with element {number} (counted from 0). Give `next` a "
            "default, or catch it."
        ) from error
    except Exception as error:
        error.add_note(f"In Dataset.{step}, with element {number} (counted from 0).")
        raise


class Filtered:
    """The elements for which a function is true."""

    def __init__(self, parent: Node, predicate: Callable[..., Any]) -> None:
        self._parent, self._predicate = parent, predicate

    def __iter__(self) -> Iterator[Any]:
        return (
            element
            for number, element in enumerate(self._parent)
            if numbered_call("filter", number, self._is_kept, element)
        )

    def _is_kept(self, *parts: Any) -> bool:
        return bool(self._predicate(*parts))

    def cardinality(self) -> int:
        return UNKNOWN if self._parent.cardinality() >= 0 else self._parent.cardinality()


class FlatMapped:
    """The elements of the data sets that a function makes of each element."""

    def __init__(self, parent: Node, function: Callable[..., Any]) -> None:
        self._parent, self._function = parent, function

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(
            numbered_call("flat_map", number, self._function, element)
            for number, element in enumerate(self._parent)
        )

    def cardinality(self) -> int:
        return UNKNOWN


class Shuffled:
    """Elements drawn from a buffer, in the order that seed and number of the pass say.

    The buffer is filled; then each element that comes takes the place of one that is drawn. What is left at the end is
    shuffled. A buffer of all elements gives every order with the same probability.
    """

    def __init__(self, parent: Node, size: int, seed: int, anew: bool) -> None:
        self._parent, self._size, self._seed, self._anew = parent, size, seed, anew
        self.passes = 0
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Any]:
        with self._lock:
            number, self.passes = self.passes, self.passes + 1
        key = np.array([self._seed % 2**64, number if self._anew else 0], np.uint64)
        return self._draw(np.random.Generator(np.random.Philox(key=key)))

    def _draw(self, generator: np.random.Generator) -> Iterator[Any]:
        source = iter(self._parent)
        buffer = list(itertools.islice(source, self._size))
        while len(buffer) == self._size:
            # Numbers are drawn many at a time: one by one they take longer than most elements.
            arriving = list(itertools.islice(source, 1024))
            for element, place in zip(
                arriving, generator.integers(self._size, size=len(arriving)).tolist(), strict=True
            ):
                yield buffer[place]
                buffer[place] = element
            if len(arriving) < 1024:
                break
        for place in generator.permutation(len(buffer)).tolist():
            yield buffer[place]

    def cardinality(self) -> int:
        return self._parent.cardinality()


class Batched:
    """Several elements joined along a new first axis."""

    def __init__(self, parent: Node, size: int, drop_remainder: bool) -> None:
        self._parent, self._size, self._drop = parent, size, drop_remainder

    def __iter__(self) -> Iterator[Any]:
        source, begin = iter(self._parent), 0
        while elements := list(itertools.islice(source, self._size)):
            if len(elements) < self._size and self._drop:
                return
            yield self._join(elements, begin)
            begin += len(elements)

    def _join(self, elements: Sequence[Any], begin: int) -> Any:
        return stack(elements, begin, "Dataset.batch")

    def cardinality(self) -> int:
        count = self._parent.cardinality()
        return count if count < 0 else count // self._size if self._drop else -(-count // self._size)


class PaddedBatched(Batched):
    """Several elements, filled up to one shape, joined along a new first axis."""

    def __init__(self, parent: Node, size: int, drop_remainder: bool, shapes: Any, value: Any) -> None:
        super().__init__(parent, size, drop_remainder)
        self._shapes, self._value = shapes, value

    def _join(self, elements: Sequence[Any], begin: int) -> Any:
        who = "Dataset.padded_batch"
        for i, element in enumerate(elements):
            check_structure(elements[0], element, begin + i, who)
        wanted = iter(() if self._shapes is None else _flat_shapes(self._shapes))

        def join(*parts: Any) -> Any:
            ranks = {part.ndim for part in parts}
            if len(ranks) > 1:
                raise ValueError(
                    f"{who}: expected arrays of one rank in a batch; got the ranks {sorted(ranks)}."
                )
            largest = [max(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
            given = next(wanted, (None,) * len(largest))
            if len(given) != len(largest):
                raise ValueError(f"{who}: expected `padded_shapes` of rank {len(largest)}; got {given}.")
            shape = [
                n if size is None or size == -1 else size for size, n in zip(given, largest, strict=True)
            ]
            if any(n > size for n, size in zip(largest, shape, strict=True)):
                raise ValueError(
                    f"{who}: an element of shape {tuple(largest)} does not fit into {tuple(shape)}."
                )
            if all(part.shape == tuple(shape) for part in parts):
                return np.stack(parts, dtype=common_dtype(parts))
            fill = self._fill(common_dtype(parts))
            joined = np.full((len(parts), *shape), fill, fill.dtype)
            for i, part in enumerate(parts):
                place: tuple[Any, ...] = (i, *(slice(n) for n in part.shape))
                joined[place] = part
            return joined

        return map_leaves(join, elements[0], *elements[1:])

    def _fill(self, dtype: np.dtype[Any] | None) -> np.ndarray[Any, Any]:
        """What is filled in, with the dtype that holds it and the elements."""
        dtype = np.dtype(object) if dtype is None else dtype  # of texts of any length
        text = "S" if dtype.kind == "S" else "U" if dtype.kind in "OU" else ""
        value = np.asarray(np.zeros((), text or dtype) if self._value is None else self._value)
        if text:
            fits = value.dtype.kind == text
        else:
            fits = value.dtype.kind in "biuf" and (
                dtype.kind == "f" or bool(np.isfinite(value).all() and (value.astype(dtype) == value).all())
            )
        if value.ndim or not fits:
            raise ValueError(
                f"Dataset.padded_batch: expected `padding_value` to be {'text' if text else f'a number of {dtype}'}, "
                f"as the elements are; got {self._value!r}."
            )
        return value.astype(dtype if dtype.kind not in "US" else np.result_type(dtype, value))


def _flat_shapes(shapes: Any) -> Iterator[tuple[Any, ...]]:
    """Shapes in the order of an element's arrays: a shape is a list, or a tuple of sizes."""
    if isinstance(shapes, dict):
        for part in shapes.values():
            yield from _flat_shapes(part)
    elif isinstance(shapes, tuple) and any(isinstance(part, (tuple, list, dict)) for part in shapes):
        for part in shapes:
            yield from _flat_shapes(part)
    else:
        yield tuple(shapes)


class Unbatched:
    """The rows of each element, one by one."""

    def __init__(self, parent: Node) -> None:
        self._parent = parent

    def __iter__(self) -> Iterator[Any]:
        from oxhorn.data.slices import rows_of

        for element in self._parent:
            for i in range(rows_of(element, "Dataset.unbatch")):
                yield map_leaves(lambda part, i=i: part[i], element)

    def cardinality(self) -> int:
        return UNKNOWN


class Cached:
    """Elements kept in memory by the first complete pass."""

    def __init__(self, parent: Node) -> None:
        self._parent = parent
        self._kept: list[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        # Copies, so that a later step that works in place leaves what is kept as it is.
        return map(_copied, self._kept) if self._kept is not None else self._fill()

    def _fill(self) -> Iterator[Any]:
        kept = []
        for element in self._parent:
            kept.append(_copied(element))
            yield element
        self._kept = kept

    def cardinality(self) -> int:
        return self._parent.cardinality()


def _copied(element: Any) -> Any:
    return map_leaves(np.array, element)


class Taken:
    """The first elements."""

    def __init__(self, parent: Node, count: int) -> None:
        self._parent, self._count = parent, count

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(iter(self._parent), None if self._count < 0 else self._count)

    def cardinality(self) -> int:
        count = self._parent.cardinality()
        if self._count < 0 or count == UNKNOWN:
            return count
        return self._count if count == INFINITE else min(count, self._count)


class Skipped:
    """All but the first elements."""

    def __init__(self, parent: Node, count: int) -> None:
        self._parent, self._count = parent, count

    def __iter__(self) -> Iterator[Any]:
        if self._count < 0:
            return iter(())
        return itertools.islice(iter(self._parent), self._count, None)

    def cardinality(self) -> int:
        count = self._parent.cardinality()
        return count if count < 0 else max(count - self._count, 0) if self._count >= 0 else 0


class Repeated:
    """All elements again and again."""

    def __init__(self, parent: Node, count: int | None) -> None:
        self._parent, self._count = parent, count

    def __iter__(self) -> Iterator[Any]:
        for _ in itertools.count() if self._count is None else range(self._count):
            empty = True
            for element in self._parent:
                empty = False
                yield element
            if empty:
                # Without this an empty data set would be repeated for ever, with nothing to show.
                return

    def cardinality(self) -> int:
        count = self._parent.cardinality()
        if self._count is None:
            return INFINITE if count != 0 else 0
        return 0 if self._count == 0 else count if count < 0 else count * self._count


class Sharded:
    """Every n-th element."""

    def __init__(self, parent: Node, num_shards: int, index: int) -> None:
        self._parent, self._shards, self._index = parent, num_shards, index

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(iter(self._parent), self._index, None, self._shards)

    def cardinality(self) -> int:
        count = self._parent.cardinality()
        return count if count < 0 else len(range(self._index, count, self._shards))


class Zipped:
    """Elements side by side, as long as the shortest."""

    def __init__(self, parents: Sequence[Node]) -> None:
        self._parents = parents

    def __iter__(self) -> Iterator[Any]:
        return zip(*self._parents, strict=False)

    def cardinality(self) -> int:
        counts = [parent.cardinality() for parent in self._parents]
        if UNKNOWN in counts:
            return UNKNOWN
        return min((count for count in counts if count != INFINITE), default=INFINITE)


class Concatenated:
    """One after the other."""

    def __init__(self, parents: Sequence[Node]) -> None:
        self._parents = parents

    def __iter__(self) -> Iterator[Any]:
        first = None
        for number, element in enumerate(itertools.chain(*self._parents)):
            first = element if number == 0 else first
            check_structure(first, element, number, "Dataset.concatenate")
            yield element

    def cardinality(self) -> int:
        counts = [parent.cardinality() for parent in self._parents]
        return INFINITE if INFINITE in counts else UNKNOWN if UNKNOWN in counts else sum(counts)


class Enumerated:
    """Each element with its number."""

    def __init__(self, parent: Node, start: int) -> None:
        self._parent, self._start = parent, start

    def __iter__(self) -> Iterator[Any]:
        return ((np.asarray(i), element) for i, element in enumerate(self._parent, self._start))

    def cardinality(self) -> int:
        return self._parent.cardinality()


class Prefetched:
    """Elements that a thread makes ready ahead of time."""

    def __init__(self, parent: Node, size: int) -> None:
        self._parent, self._size = parent, size

    def __iter__(self) -> Iterator[Any]:
        from oxhorn.data.reading_ahead import reading_ahead

        return reading_ahead(self._parent, self._size)

    def cardinality(self) -> int:
        return self._parent.cardinality()
