"""`FeatureCache`: what frozen layers give, computed once, and the rest of the model trained on it."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from oxhorn.arguments import describe
from oxhorn.models.functional import Functional
from oxhorn.models.model import Model, _graph_calls
from oxhorn.reuse import feature_files
from oxhorn.reuse.cutting import cut
from oxhorn.reuse.fingerprint import fingerprint, fingerprint_of_weights
from oxhorn.reuse.frozen_part import check_frozen, program_of, rounds_the_same, same_bits
from oxhorn.training import checks
from oxhorn.training.data import make_arrays
from oxhorn.training.data_adapters.arrays import lists_to_arrays
from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight
from oxhorn.training.data_adapters.sources import find_source
from oxhorn.training.host import has_host_part, text_arrays
from oxhorn.training.structures import flatten, map_leaves
from oxhorn.training.trainer import Trainer

Array = np.ndarray[Any, Any]

_BATCH = 256
# Rows computed at once for a file.
_BLOCK = 8192
# Methods that see the whole model, so that a model which overrides one cannot be trained in part.
_OF_THE_WHOLE = (
    "train_step",
    "test_step",
    "compute_loss",
    "compute_metrics",
    "make_train_function",
    "make_test_function",
)


class FeatureCache:
    """What the frozen lower part of a model gives for some data, and the upper part as a model to train on it.

    `model.cache_features(x, until=layer)` makes one. Below the cut, nothing changes while the layers above are
    trained, so it is computed once and not in every epoch. Training on it gives the same numbers, to the bit, as
    training the whole model from the same seed, in a fraction of the time. The layers are those of the model: what is
    learned here, the whole model knows. `fit` and `transform` see that nothing below the cut has changed since; whoever
    calls the methods of `model` himself sees to it himself.

    Attributes:
        model: The upper part, a functional model that shares the layers, the optimizer, the loss and the metrics.
        base: The whole model.
        features: The features of the data: an array, or a list of them where the upper part takes several tensors
            (skip connections across the cut, other inputs).
        computed: Whether they were computed now; False if they were found on the disk.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> names = ["hidden", "output"]
    >>> model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> frozen = keras.reuse.freeze(model, until="hidden")
    >>> model.compile("sgd", loss="mse")
    >>> cache = model.cache_features(np.ones((8, 4)), until="hidden")
    >>> [layer.name for layer in cache.model.layers[1:]], cache.transform(np.ones((2, 4))).shape
    (['output'], (2, 3))

    An addition to Keras's interface.
    """

    def __init__(self, model: Model, x: Any, until: Any, batch_size: int | None, path: Any) -> None:
        who = "cache_features"
        self._batch_size = checks.optional_positive_int(who, "batch_size", batch_size) or _BATCH
        _check_whole(model, who)
        self.base = model
        self._cut = cut(model, until, who)
        check_frozen(model, self._cut, who)
        graph = model._graph
        assert graph is not None
        tensors = self._cut.tensors
        self._lower = Functional(graph.inputs, list(tensors), name=f"{model.name}_below")
        self.model: Any = Functional(
            tensors[0] if len(tensors) == 1 else list(tensors), graph.outputs, name=f"{model.name}_above"
        )
        self._compiled_with: Any = None
        self._follow_compile()
        # As the whole model gets them, so that the same seed gives the same order.
        self.model._set(_rows_by_source=has_host_part(model))
        self.computed = True
        self._warned = False
        self._weights = fingerprint_of_weights(self._lower)
        self.features = self._features_of(x, path)

    # Training ----------------------------------------------------------------------------------------

    def fit(self, y: Any = None, validation_data: Any = None, **kwargs: Any) -> Any:
        """Trains the upper part on the features.

        Args:
            y: Targets, as in `Model.fit`.
            validation_data: `(x, y)` or `(x, y, sample_weight)` with inputs of the whole model, whose features are
                computed first.
            **kwargs: The other arguments of `Model.fit`, but for `x`.

        Returns:
            The `History`, as `Model.fit` on the whole model would return it.

        Raises:
            ValueError: If frozen weights changed since the features were computed, layers were unfrozen, or the model
                is not compiled.
        """
        self._check_fresh("FeatureCache.fit")
        if "x" in kwargs:
            raise TypeError(
                "FeatureCache.fit: the inputs are the stored features; expected no `x`. For other data, call "
                "`model.cache_features` again."
            )
        if not self.model.compiled:
            raise ValueError(
                f"FeatureCache.fit: the model {self.base.name!r} is not compiled. Call its `compile(optimizer=..., "
                "loss=...)` first; the stored features stay good."
            )
        if validation_data is not None:
            if find_source("FeatureCache.fit", validation_data, False) is not None:
                raise ValueError(
                    "FeatureCache.fit: expected `validation_data` to be arrays, (x, y); got data that yields batches "
                    f"({type(validation_data).__name__})."
                )
            x, *rest = unpack_x_y_sample_weight(validation_data)
            validation_data = (self.transform(x), *(part for part in rest if part is not None))
        if self.base.compiled and not self.base.optimizer.built:
            # In the order of the whole model, so that this can go on.
            self.base.optimizer.build(list(self.base.trainable_variables))
        return self.model.fit(self.features, y, validation_data=validation_data, **kwargs)

    def transform(self, x: Any, path: Any = None) -> Any:
        """The features of other data, such as those for validation.

        Args:
            x: Inputs of the whole model: arrays.
            path: A folder to keep them in, as in `Model.cache_features`.

        Returns:
            An array, or a list of arrays.
        """
        self._check_fresh("FeatureCache.transform")
        return self._features_of(x, path)

    def _follow_compile(self) -> None:
        """Compiles the upper part with what the model was compiled with last."""
        arguments = self.base._compile_arguments
        if arguments is None or arguments is self._compiled_with:
            return
        self._compiled_with = arguments
        Trainer.compile(self.model, **arguments)

    def _check_fresh(self, who: str) -> None:
        self._follow_compile()
        if self._lower.trainable_variables:
            raise ValueError(
                f"{who}: layers below the cut were unfrozen since the features were computed: "
                f"{sorted({str(v.path) for v in self._lower.trainable_variables})}. Train the whole model with its own "
                "`fit`, or freeze them again."
            )
        if fingerprint_of_weights(self._lower) != self._weights:
            raise ValueError(
                f"{who}: weights below the cut changed since the features were computed, so these are out of date. "
                "Call `model.cache_features` again."
            )

    # Features ----------------------------------------------------------------------------------------

    def _features_of(self, x: Any, path: Any) -> Any:
        who = "cache_features"
        if x is None or find_source(who, x, False) is not None:
            raise ValueError(
                f"{who}: expected arrays, of which the features can be put in order; got {describe(x)}."
            )
        x = text_arrays(x, "x") if has_host_part(self.base) else lists_to_arrays(x, "x")
        leaves = flatten(x)
        if not leaves or any(np.shape(leaf)[:1] in ((), (0,)) for leaf in leaves):
            raise ValueError(f"{who}: expected arrays of at least one sample; got {describe(x)}.")
        if path is None:
            found = [np.asarray(part) for part in _as_list(self._predict(x))]
            self._check_rows(x, found)
        else:
            found = self._on_disk(x, Path(os.fspath(path)))
        return found[0] if len(found) == 1 else found

    def _predict(self, x: Any) -> Any:
        return self._lower.predict(x, batch_size=self._batch_size, verbose=0)

    def _on_disk(self, x: Any, folder: Path) -> list[Array]:
        leaves = flatten(x)
        rows = _rows_of(leaves)
        key = fingerprint(self._lower, leaves, _version())
        shapes = [(rows, *tensor.shape[1:]) for tensor in self._cut.tensors]
        found = feature_files.read(folder, key, shapes)
        if found is not None and self._check_rows(x, found, raises=False):
            self.computed = False
            return found
        self.computed = True

        def blocks() -> Iterator[list[Array]]:
            for start in range(0, rows, _BLOCK):
                piece = map_leaves(functools.partial(_part, start=start, stop=min(rows, start + _BLOCK)), x)
                block = _as_list(self._predict(piece))
                if start == 0:
                    self._check_rows(piece, block)
                yield block

        return feature_files.write(folder, key, blocks(), rows)

    def _check_rows(self, x: Any, features: list[Array], raises: bool = True) -> bool:
        """Whether the first rows are what the layers give in training, computed as a step would compute them."""
        if has_host_part(self.base):
            return True
        count = min(32, _rows_of(flatten(x)))
        few = map_leaves(lambda leaf: _part(leaf, 0, count), x)
        columns = make_arrays(self._lower, "cache_features", few, None, None, None).columns
        found = [np.ascontiguousarray(part[:count]) for part in features]
        lower = program_of(self._lower, columns, training=True)
        good = same_bits(lower.run(columns), found)
        if good:
            self._warn_of_last_digits(columns, found)
        if raises and not good:
            raise ValueError(
                f"cache_features: the lower part of {self.base.name!r} gives other numbers in training than in "
                "`predict`, so that features cannot stand for it. Look for a layer whose `call` depends on `training`."
            )
        return good

    def _warn_of_last_digits(self, columns: list[Array], features: list[Array]) -> None:
        """Neighbours that are computed in one pass may round differently when the cut is between them."""
        if self._warned:
            return
        for training in (False, True):
            whole, below = (program_of(part, columns, training) for part in (self.base, self._lower))
            above = program_of(self.model, features, training)
            if not (
                rounds_the_same(whole, (below, above)) and same_bits(whole.run(columns), above.run(features))
            ):
                self._warned = True
                names = [tensor.history.operation.name for tensor in self._cut.tensors]
                warnings.warn(
                    f"cache_features: the cut at {names} is between layers that are computed in one pass, such as a "
                    "convolution and the batch normalization after it. Figures may differ in the last digit from those "
                    "of the whole model. Cut above both for the same numbers to the bit.",
                    stacklevel=6,
                )
                return


def _check_whole(model: Any, who: str) -> None:
    overridden = [name for name in _OF_THE_WHOLE if getattr(type(model), name) is not getattr(Model, name)]
    if overridden or (model._graph is not None and type(model).call not in _graph_calls):
        raise ValueError(
            f"{who}: {type(model).__name__} overrides {overridden or ['call']}, which sees the whole model; its upper "
            "part cannot be trained alone. Use a Sequential model or `Model(inputs, outputs)`."
        )


def _as_list(value: Any) -> list[Array]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _rows_of(leaves: list[Any]) -> int:
    return int(leaves[0].shape[0]) if hasattr(leaves[0], "shape") else len(leaves[0])


def _part(leaf: Any, start: int, stop: int) -> Any:
    return leaf.iloc[start:stop] if hasattr(leaf, "iloc") else leaf[start:stop]


def _version() -> str:
    from oxhorn import version

    return version()
