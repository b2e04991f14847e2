"""`Dataset`: data on its way into a model, as a chain of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from oxhorn import arguments, config
from oxhorn.data import nodes
from oxhorn.data.elements import described, leaves, map_leaves
from oxhorn.data.positions import first_element, get_passes, set_passes
from oxhorn.data.slices import SliceBatches, Slices
from oxhorn.data.sources import Sources


class Dataset(Sources):
    """A sequence of elements that can be gone through again and again: `fit`, `evaluate` and `predict` take it as `x`.

    An element is a NumPy array, or a tuple or dict of elements. A data set begins with one of the `from_` methods; each
    other method gives a new one, and leaves the old one as it was. Nothing is computed before it is iterated over.

    The order of elements, and what random layers and functions make of them in `map`, depend on the seeds alone,
    whatever the number of threads: after `keras.utils.set_random_seed(s)` the same program gives the same batches.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x, y = np.arange(6.0), np.arange(6) % 2
    >>> data = keras.data.Dataset.from_tensor_slices((x, y)).map(lambda x, y: (x / 2, y)).batch(4)
    >>> for batch_x, batch_y in data:
    ...     print(batch_x, batch_y)
    [0.  0.5 1.  1.5] [0 1 0 1]
    [2.  2.5] [0 1]
    >>> len(data)
    2
    """

    @classmethod
    def zip(cls, *datasets: Any) -> Self:
        """Tuples of the elements of several data sets, as long as the shortest.

        Args:
            datasets: The data sets, or a tuple of them.

        >>> import oxhorn as keras
        >>> numbers = keras.data.Dataset.range(3)
        >>> print(*keras.data.Dataset.zip(numbers, numbers.skip(1).map(lambda n: n * 10)))
        (array(0), array(10)) (array(1), array(20))
        """
        several = datasets[0] if len(datasets) == 1 and isinstance(datasets[0], (tuple, list)) else datasets
        for dataset in several:
            _check_dataset(dataset, "Dataset.zip")
        if not several:
            raise ValueError("Dataset.zip: expected at least one data set; got none.")
        return cls(nodes.Zipped([d._node for d in several]), batched=_common([d._batched for d in several]))

    # Steps ---------------------------------------------------------------------------------------------

    def _reordered(self, make: Callable[[nodes.Node], nodes.Node]) -> Dataset:
        """A step that chooses elements and looks into none: over rows of arrays, it works on row numbers."""
        if isinstance(self._node, Slices):
            return Dataset(Slices(self._node.table, make(self._node.order)), self._batched)
        return Dataset(make(self._node), self._batched)

    def map(self, function: Callable[..., Any], num_parallel_calls: int | None = None) -> Dataset:
        """A function of each element.

        Args:
            function: Called with the array, with the dict, or with the parts of the tuple as arguments. It may use
                `keras.ops` and layers; what it returns becomes arrays again.
            num_parallel_calls: Threads to call it on; the order stays. That pays where it waits for files, or spends
                its time in NumPy. Random numbers of the library are the same for any number; those of NumPy's or
                Python's global generator come as the threads do. Defaults to none.

        >>> import oxhorn as keras
        >>> print(*keras.data.Dataset.range(3).map(lambda n: n * n))
        0 1 4
        """
        _check_function(function, "Dataset.map")
        workers = _optional(num_parallel_calls, "num_parallel_calls", "Dataset.map")
        return Dataset(nodes.Mapped(self._node, function, min(workers, 64)), self._batched)

    def flat_map(self, function: Callable[..., Dataset]) -> Dataset:
        """The elements of the data sets that a function makes of each element, one data set after the other.

        Args:
            function: Called as in `map`; returns a `Dataset`.
        """
        _check_function(function, "Dataset.flat_map")

        def checked(*parts: Any) -> Dataset:
            return _check_dataset(function(*parts), "Dataset.flat_map")

        return Dataset(nodes.FlatMapped(self._node, checked), None)

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function is true.

        Args:
            predicate: Called as in `map`.
        """
        _check_function(predicate, "Dataset.filter")
        return Dataset(nodes.Filtered(self._node, predicate), self._batched)

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True
    ) -> Dataset:
        """The elements in random order.

        Args:
            buffer_size: Elements to draw from at any moment. As many as there are give every order with the same
                probability; fewer leave elements near their place. Rows of arrays are shuffled by their numbers, so
                that a large buffer costs little; behind a `map` the buffer holds what `map` returned.
            seed: Seed of the order. Defaults to one that `keras.utils.set_random_seed` decides.
            reshuffle_each_iteration: Whether each pass has an order of its own.

        >>> import oxhorn as keras
        >>> data = keras.data.Dataset.range(5).shuffle(5, seed=1)
        >>> [sorted(int(n) for n in data) for _ in range(2)]
        [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
        """
        size = arguments.integer(buffer_size, "buffer_size", "Dataset.shuffle", low=1)
        fixed = config.next_seed() if seed is None else arguments.integer(seed, "seed", "Dataset.shuffle")
        return self._reordered(lambda node: nodes.Shuffled(node, size, fixed, bool(reshuffle_each_iteration)))

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """Batches of elements, along a new first axis.

        Args:
            batch_size: Elements in a batch.
            drop_remainder: Whether to leave out a last batch with fewer.

        Raises:
            ValueError: While iterating, if the elements of a batch differ in shape or structure.

        >>> import oxhorn as keras
        >>> print(*keras.data.Dataset.range(5).batch(2))
        [0 1] [2 3] [4]
        """
        size = arguments.integer(batch_size, "batch_size", "Dataset.batch", low=1)
        if isinstance(self._node, Slices):
            return Dataset(SliceBatches(self._node, size, bool(drop_remainder)), True)
        return Dataset(nodes.Batched(self._node, size, bool(drop_remainder)), True)

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_value: Any = None,
        drop_remainder: bool = False,
    ) -> Dataset:
        """Batches of elements that are filled up at their ends to one shape.

        Args:
            batch_size: Elements in a batch.
            padded_shapes: A shape for each array of an element, in the same structure; `None` in it is the largest size
                in the batch. Defaults to the largest for all.
            padding_value: What is filled in. Defaults to 0, or empty text.
            drop_remainder: Whether to leave out a last batch with fewer.

        >>> import oxhorn as keras
        >>> words = keras.data.Dataset.range(1, 4).map(lambda n: [7] * int(n))
        >>> next(iter(words.padded_batch(3)))
        array([[7, 0, 0],
               [7, 7, 0],
               [7, 7, 7]], dtype=int32)
        """
        size = arguments.integer(batch_size, "batch_size", "Dataset.padded_batch", low=1)
        node = nodes.PaddedBatched(self._node, size, bool(drop_remainder), padded_shapes, padding_value)
        return Dataset(node, True)

    def unbatch(self) -> Dataset:
        """The rows of each element, one by one."""
        return Dataset(nodes.Unbatched(self._node), None)

    def cache(self) -> Dataset:
        """The elements kept in memory by the first complete pass, so that later passes do not compute them again.

        Put it behind what is costly and always the same, and before what is random.
        """
        return Dataset(nodes.Cached(self._node), self._batched)

    def prefetch(self, buffer_size: int) -> Dataset:
        """The elements made ready ahead of time by a thread.

        Args:
            buffer_size: The most elements that are made ahead.
        """
        size = arguments.integer(buffer_size, "buffer_size", "Dataset.prefetch", low=1, high=2**16)
        return Dataset(nodes.Prefetched(self._node, size), self._batched)

    def take(self, count: int) -> Dataset:
        """The first elements.

        Args:
            count: How many; -1 for all.
        """
        number = arguments.integer(count, "count", "Dataset.take", low=-1)
        return self._reordered(lambda node: nodes.Taken(node, number))

    def skip(self, count: int) -> Dataset:
        """All but the first elements.

        Args:
            count: How many to leave out; -1 for all.
        """
        number = arguments.integer(count, "count", "Dataset.skip", low=-1)
        return self._reordered(lambda node: nodes.Skipped(node, number))

    def repeat(self, count: int | None = None) -> Dataset:
        """All elements again and again.

        Args:
            count: How often. Defaults to no end: `fit` then needs `steps_per_epoch`.
        """
        number = (
            None
            if count is None or count == -1
            else arguments.integer(count, "count", "Dataset.repeat", low=0)
        )
        return self._reordered(lambda node: nodes.Repeated(node, number))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Every n-th element.

        Args:
            num_shards: n.
            index: The first one: 0 to n - 1.
        """
        n = arguments.integer(num_shards, "num_shards", "Dataset.shard", low=1)
        first = arguments.integer(index, "index", "Dataset.shard", low=0, high=n - 1)
        return self._reordered(lambda node: nodes.Sharded(node, n, first))

    def concatenate(self, dataset: Dataset) -> Dataset:
        """This data set, and then another one of the same structure.

        Args:
            dataset: The other one.
        """
        other = _check_dataset(dataset, "Dataset.concatenate")
        return Dataset(
            nodes.Concatenated([self._node, other._node]), _common([self._batched, other._batched])
        )

    def enumerate(self, start: int = 0) -> Dataset:
        """Pairs of a number and an element.

        Args:
            start: The first number.
        """
        first = arguments.integer(start, "start", "Dataset.enumerate")
        return Dataset(nodes.Enumerated(self._node, first), self._batched and None)

    def apply(self, transformation: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of this data set.

        Args:
            transformation: The function.
        """
        return _check_dataset(transformation(self), "Dataset.apply")

    # Results -------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        return iter(self._node)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements, with arrays that hold one number as NumPy numbers."""
        return (map_leaves(lambda array: array[()], element) for element in self)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """What is left when a function has taken in all elements, one after the other.

        Args:
            initial_state: What to begin with.
            reduce_func: Called with the state and an element; returns the next state.
        """
        state = initial_state
        for element in self:
            state = reduce_func(state, element)
        return state

    def cardinality(self) -> int:
        """The number of elements; `keras.data.INFINITE` (-1) without an end, `UNKNOWN` (-2) if nobody can say."""
        return self._node.cardinality()

    def __len__(self) -> int:
        count = self.cardinality()
        if count == nodes.INFINITE:
            raise TypeError(
                "This Dataset has no end, so it has no length. `take(n)` gives its first elements."
            )
        if count == nodes.UNKNOWN:
            raise TypeError("The length of this Dataset is only known after a pass over it.")
        return count

    # Training that is resumed -------------------------------------------------------------------------------

    def get_state(self) -> Any:
        """Which passes were made: with it, a run in another process goes on with the same orders and random numbers."""
        return get_passes(self._node)

    def set_state(self, state: Any) -> None:
        """Takes what `get_state` returned.

        Args:
            state: The state.

        Raises:
            ValueError: If it is of another chain of steps; nothing is changed then.
        """
        set_passes(self._node, state)

    def _batch_source(self, who: str) -> Any:
        """The batches for `fit` and its siblings."""
        from oxhorn.training.data_adapters.sources import IterableSource

        if not self._has_batches(who):
            raise ValueError(
                f"{who}: expected a Dataset of batches; got one of single samples, {self.element_spec}. Call "
                "`.batch(32)` on it first."
            )
        return IterableSource(self, owns_iterator=True, endless=self.cardinality() == nodes.INFINITE)

    def _in_batches(self, who: str, samples: int | None) -> Dataset:
        """Batches for a layer that is adapted: single samples, that many of them, are put side by side."""
        if self._has_batches(who):
            return self
        return self.take(-1 if samples is None else samples).batch(1024)

    def _has_batches(self, who: str) -> bool:
        """Whether elements are batches: no part of the first one is a number alone, where steps do not tell."""
        empty = self.cardinality() == 0
        if not empty and not self._batched:
            first = first_element(self._node)
            empty = first is None
            if self._batched is None and not empty:
                self._batched = all(leaf.ndim for leaf in leaves(first))
        if empty:
            raise ValueError(
                f"{who} got a Dataset that yields no batch: it has no elements. Look at what goes into it, "
                "and at what `filter`, `take` and `skip` leave of it."
            )
        return bool(self._batched)

    def __bool__(self) -> bool:
        return True  # And not whether it is empty, which may take a pass.

    @property
    def element_spec(self) -> str:
        """The structure of the first element, with dtypes and shapes."""
        first = first_element(self._node)
        return "no elements" if first is None else described(first)

    def __repr__(self) -> str:
        count = self.cardinality()
        words = {nodes.INFINITE: "without end", nodes.UNKNOWN: "of unknown length"}
        return f"<Dataset {words.get(count, f'of {count} elements')}>"


def _check_dataset(value: Any, who: str) -> Dataset:
    if not isinstance(value, Dataset):
        raise TypeError(f"{who}: expected a Dataset; got {arguments.describe(value)}.")
    return value


def _check_function(value: Any, who: str) -> None:
    if not callable(value):
        raise TypeError(f"{who}: expected a function of an element; got {arguments.describe(value)}.")


def _optional(value: int | None, name: str, who: str) -> int:
    return 0 if value is None else arguments.integer(value, name, who, low=1)


def _common(flags: Sequence[bool | None]) -> bool | None:
    return flags[0] if len(set(flags)) == 1 else None
