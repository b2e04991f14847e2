"""Columns of a table, each with its own preparation, as one vector a row: `FeatureSpace`."""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from oxhorn import layers, ops
from oxhorn.engine import naming
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.engine.text import as_text
from oxhorn.layers.layer import Layer
from oxhorn.layers.preprocessing.adapt_data import source_batches
from oxhorn.utils.features import Cross, Feature

__all__ = ["FeatureSpace"]

Number = builtins.float


class FeatureSpace(Layer):
    """Prepare the columns of a table: numbers, categories and text, each in its own way.

    `y = [f_1(x_1), f_2(x_2), ..., h(f_i(x_i), f_j(x_j)), ...]`: every feature goes through its own layer, crosses of
    features are hashed, categories become vectors of zeros and ones, and all of it is put one behind the other, by
    name.

    A feature is described by a word (`"float"`, `"float_normalized"`, `"float_rescaled"`, `"float_discretized"`,
    `"integer_categorical"`, `"string_categorical"`, `"integer_hashed"`, `"string_hashed"`), by the class method of that
    name with its arguments, or by `FeatureSpace.feature(dtype, preprocessor, output_mode)` with a layer of one's own.

    Args:
        features: The description of each feature, by name.
        output_mode: `"concat"` for one vector a row, or `"dict"` for the features by name. Defaults to `"concat"`.
        crosses: Pairs (or longer tuples) of features to be crossed, or what `FeatureSpace.cross` returns.
        crossing_dim: How many bins a cross has. Defaults to 32.
        hashing_dim: How many bins hashed features have. Defaults to 32.
        num_discretization_bins: How many bins discretized numbers have. Defaults to 32.
        name: A name; automatic if not given.

    Returns:
        When called on a dict of columns, or of the values of one row: a tensor of shape `(rows, size)` or `(size,)`, or
        a dict of tensors.

    Raises:
        ValueError: If there are no features, a description is unknown, or a cross names what is no feature; when
            called before `adapt`, if a feature needs that.

    Example:
    >>> import oxhorn as keras
    >>> data = {"age": [20.0, 30.0, 40.0], "town": ["Ulm", "Rom", "Ulm"]}
    >>> space = keras.utils.FeatureSpace({"age": "float_normalized", "town": "string_categorical"})
    >>> space.adapt(data)
    >>> space(data).shape, space({"age": 30.0, "town": "Rom"}).numpy().tolist()
    ((3, 4), [0.0, 0.0, 0.0, 1.0])
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int | None = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError("FeatureSpace: The `features` argument cannot be None or empty.")
        if output_mode not in ("dict", "concat"):
            raise ValueError(
                "FeatureSpace: Invalid value for argument `output_mode`. Expected one of ('dict', 'concat'). "
                f"Received: output_mode={output_mode!r}."
            )
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = output_mode
        self.features = {key: self._feature_of(key, value) for key, value in features.items()}
        self.crosses = [self._cross_of(cross) for cross in crosses or ()]
        self.inputs = {
            key: layers.Input(shape=(1,), dtype=feature.dtype, name=key)
            for key, feature in self.features.items()
        }
        self.preprocessors = {key: feature.preprocessor for key, feature in self.features.items()}
        self.crossers = {
            cross.name: layers.HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses
        }
        self.one_hot_encoders: dict[str, Any] = {}
        self.encoded_features: Any = None
        self._is_adapted = False

    # Descriptions ------------------------------------------------------------------------------------

    @classmethod
    def cross(cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """A cross of features: each combination of their values goes into one of `crossing_dim` bins, by its hash.

        Args:
            feature_names: The features.
            crossing_dim: How many bins there are.
            output_mode: `"one_hot"` or `"int"`.
        """
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A feature that is prepared by a layer of one's own.

        Args:
            dtype: The dtype of the column, `"string"` for text.
            preprocessor: The layer.
            output_mode: What it returns: `"float"`, `"int"`, or numbers to be made vectors of: `"one_hot"`.
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        name = name or naming.auto_name("float")
        return Feature("float32", layers.Identity(dtype="float32", name=f"{name}_preprocessor"), "float")

    @classmethod
    def float_rescaled(cls, scale: Number = 1.0, offset: Number = 0.0, name: str | None = None) -> Feature:
        """Numbers times `scale` plus `offset`."""
        name = name or naming.auto_name("float_rescaled")
        return Feature(
            "float32", layers.Rescaling(scale=scale, offset=offset, name=f"{name}_preprocessor"), "float"
        )

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers brought to mean 0 and variance 1."""
        name = name or naming.auto_name("float_normalized")
        return Feature("float32", layers.Normalization(axis=-1, name=f"{name}_preprocessor"), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int | None,
        bin_boundaries: Any = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Numbers put into bins, whose boundaries are given or found."""
        name = name or naming.auto_name("float_discretized")
        layer = layers.Discretization(bin_boundaries, num_bins, name=f"{name}_preprocessor")
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Whole numbers that stand for categories."""
        name = name or naming.auto_name("integer_categorical")
        layer = layers.IntegerLookup(max_tokens, num_oov_indices, name=f"{name}_preprocessor")
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Strings that stand for categories."""
        name = name or naming.auto_name("string_categorical")
        layer = layers.StringLookup(max_tokens, num_oov_indices, name=f"{name}_preprocessor")
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Strings put into bins by their hash."""
        name = name or naming.auto_name("string_hashed")
        return Feature("string", layers.Hashing(num_bins, name=f"{name}_preprocessor"), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Whole numbers put into bins by their hash."""
        name = name or naming.auto_name("integer_hashed")
        return Feature("int32", layers.Hashing(num_bins, name=f"{name}_preprocessor"), output_mode)

    def _feature_of(self, name: str, value: Any) -> Feature:
        if isinstance(value, Feature):
            return value
        if isinstance(value, dict):
            return Feature.from_serialized(value)
        sizes = {
            "float_discretized": {"num_bins": self.num_discretization_bins},
            "integer_hashed": {"num_bins": self.hashing_dim},
            "string_hashed": {"num_bins": self.hashing_dim},
        }
        words = (
            *sizes,
            "float",
            "float_normalized",
            "float_rescaled",
            "integer_categorical",
            "string_categorical",
        )
        if not isinstance(value, str) or value not in words:
            raise ValueError(
                f"FeatureSpace: Invalid feature type: {value!r} for the feature {name!r}. Expected one of "
                f"{sorted(words)}, or what a method such as FeatureSpace.string_hashed(num_bins=8) returns."
            )
        made: Feature = getattr(self, value)(name=name, **sizes.get(value, {}))
        return made

    def _cross_of(self, value: Any) -> Cross:
        if isinstance(value, dict):
            value = Cross.from_serialized(value)
        elif not isinstance(value, Cross):
            if not self.crossing_dim:
                raise ValueError(
                    "FeatureSpace: with `crosses`, the argument `crossing_dim` (how many bins a cross has) must be "
                    f"given as well. Received: crossing_dim={self.crossing_dim!r}."
                )
            value = Cross(value, self.crossing_dim)
        unknown = [name for name in value.feature_names if name not in self.features]
        if unknown:
            raise ValueError(
                "FeatureSpace: All features referenced in the `crosses` argument should be present in the `features` "
                f"dict, {sorted(self.features)}. Received unknown features: {unknown}."
            )
        found: Cross = value
        return found

    # Adapting ----------------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Find what the features' layers need to know: vocabularies, means, boundaries.

        Args:
            dataset: A dict of columns; or a `Dataset` of such dicts (or of pairs that begin with one: `(x, y)`), of
                single rows or of batches; or another source of batches: a list, a generator or a `PyDataset`.

        Raises:
            ValueError: If it is none of these, or a column is missing.
        """
        names = self._adaptable()
        if isinstance(dataset, Mapping):
            parts = [dataset]
        else:
            if isinstance(dataset, (str, bytes)) or not hasattr(dataset, "__iter__"):
                raise ValueError(
                    "FeatureSpace: `adapt()` can only be called on a dict of arrays or lists, or on batches of them. "
                    f"Received: an object of type {type(dataset).__name__}."
                )
            batches = list(source_batches("FeatureSpace.adapt()", dataset))
            parts = [batch[0] if isinstance(batch, tuple) and batch else batch for batch in batches]
        for part in parts:
            self._check_columns(part, names)
        for name in names:
            columns = [self._column(name, part[name])[0] for part in parts]
            self.preprocessors[name].adapt(np.concatenate(columns))
        self._is_adapted = True
        self.encoded_features = None
        self._tracker.unlock()
        self.one_hot_encoders = {}
        self.get_encoded_features()
        self.built = True

    def _adaptable(self) -> list[str]:
        """The features whose layers have to be adapted: not those that were given what they need."""
        return [
            name
            for name, layer in self.preprocessors.items()
            if hasattr(layer, "adapt")
            and getattr(layer, "input_mean", None) is None
            and not getattr(layer, "_has_input_vocabulary", False)
            and not (isinstance(layer, layers.Discretization) and layer.num_bins is None)
        ]

    def _check_columns(self, data: Any, names: Sequence[str]) -> None:
        if not isinstance(data, Mapping):
            raise ValueError(
                f"A FeatureSpace can only be called with a dict of columns, and adapted to such dicts. Received: an "
                f"object of type {type(data).__name__}."
            )
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(
                f"FeatureSpace {self.name!r}: the data lack the features {missing}; they have {sorted(map(str, data))}."
            )

    def _column(self, name: str, value: Any) -> tuple[Any, bool]:
        """A column of shape (rows, 1), and whether it was a single value."""
        feature = self.features[name]
        if feature.dtype == "string":
            column = as_text(value, f"FeatureSpace: the feature {name!r}")
        else:
            column = np.asarray(value.numpy() if hasattr(value, "is_traced") else value)
            if column.dtype.kind not in "fiub":
                raise ValueError(
                    f"FeatureSpace: the feature {name!r} of dtype {feature.dtype} expected numbers; got an array of "
                    f"{column.dtype}. For text, describe it as 'string_categorical' or 'string_hashed'."
                )
            column = column.astype(feature.dtype) if feature.dtype.startswith("float") else column
        single = column.ndim == 0
        return (column.reshape(-1, 1) if column.ndim < 2 else column), single

    # Encoding ----------------------------------------------------------------------------------------

    def get_inputs(self) -> dict[str, Any]:
        """The symbolic inputs of a model that begins with the features, by name."""
        self.get_encoded_features()
        return dict(self.inputs)

    def get_encoded_features(self) -> Any:
        """The encoded features as symbolic tensors, for a model that begins with them."""
        self._check_adapted()
        if self.encoded_features is None:
            self.encoded_features = self._encode(self.inputs)
            self.built = True
        return self.encoded_features

    def _check_adapted(self) -> None:
        if not self._is_adapted and self._adaptable():
            raise ValueError(
                "You need to call `.adapt(dataset)` on the FeatureSpace before you can start using it: the features "
                f"{self._adaptable()} must see data."
            )

    def _encode(self, columns: Mapping[str, Any]) -> Any:
        encoded = {name: self.preprocessors[name](columns[name]) for name in sorted(self.features)}
        crossed = {
            cross.name: self.crossers[cross.name]([encoded[name] for name in cross.feature_names])
            for cross in sorted(self.crosses, key=lambda cross: cross.name)
        }
        modes = {name: feature.output_mode for name, feature in self.features.items()}
        modes.update({cross.name: cross.output_mode for cross in self.crosses})
        outputs = {}
        for name, value in (*encoded.items(), *crossed.items()):
            outputs[name] = self._one_hot(name, value) if modes[name] == "one_hot" else value
        if self.output_mode == "dict":
            return outputs
        for name, value in outputs.items():
            if not str(value.dtype).startswith("float"):
                raise ValueError(
                    f"Cannot concatenate features because feature {name!r} has not been encoded (it has dtype "
                    f"{value.dtype}). Consider using output_mode='dict', or output_mode='one_hot' for the feature."
                )
        return ops.concatenate(list(outputs.values()), axis=-1)

    def _one_hot(self, name: str, value: Any) -> Any:
        if not str(value.dtype).startswith("int"):
            raise ValueError(
                f"Feature {name!r} has output_mode='one_hot'. Thus its preprocessor should return an integer dtype. "
                f"Instead it returns {value.dtype}."
            )
        encoder = self.one_hot_encoders.get(name)
        if encoder is None:
            size = _number_of_categories(name, self.preprocessors.get(name) or self.crossers[name])
            encoder = self.one_hot_encoders[name] = layers.CategoryEncoding(size, output_mode="multi_hot")
        return encoder(value)

    def __call__(self, data: Any) -> Any:
        self._check_columns(data, list(self.features))
        unknown = [name for name in data if name not in self.features]
        if unknown:
            raise ValueError(
                f"FeatureSpace {self.name!r}: the data have {unknown}, which are no features; these are "
                f"{sorted(self.features)}. Leave them out."
            )
        self.get_encoded_features()
        if any_symbolic(data):
            return self._encode(data)
        columns = {name: self._column(name, value) for name, value in data.items()}
        encoded = self._encode({name: column for name, (column, _) in columns.items()})
        if not any(single for _, single in columns.values()):
            return encoded
        return (
            {name: value[0] for name, value in encoded.items()} if isinstance(encoded, dict) else encoded[0]
        )

    def compute_output_spec(self, data: Any) -> Any:
        """The encoded features as symbolic tensors."""
        return self.get_encoded_features()

    # Config ------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "features": {name: feature.serialized() for name, feature in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [cross.serialized() for cross in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new feature space from what `get_config` returned.

        Args:
            config: The constructor's arguments.
        """
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        """What each feature's layer was built for."""
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build the features' layers; what they found is loaded with the weights."""
        for name, inner in (config or {}).items():
            if not self.preprocessors[name].built:
                self.preprocessors[name].build_from_config(inner)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Writes the feature space and what it found to a file; `models.load_model` reads it.

        Args:
            filepath: A path that ends in `.keras`, or a file object that is open for writing bytes.

        Raises:
            ValueError: If the path has another ending.
            OSError: If the folder is not there or cannot be written to.

        >>> import oxhorn as keras, io
        >>> space = keras.utils.FeatureSpace({"city": "string_categorical"})
        >>> space.adapt({"city": ["Ulm", "Bonn", "Ulm"]})
        >>> file = io.BytesIO()
        >>> space.save(file)
        >>> keras.models.load_model(file)({"city": ["Bonn"]}).numpy()
        array([[0., 0., 1.]], dtype=float32)
        """
        from oxhorn.saving import save_model

        if isinstance(filepath, (str, os.PathLike)) and Path(filepath).suffix != ".keras":
            raise ValueError(
                f"FeatureSpace.save: expected a path that ends in '.keras'; got {os.fspath(filepath)!r}."
            )
        save_model(self, filepath)


def _number_of_categories(name: str, layer: Any) -> int:
    if isinstance(layer, (layers.IntegerLookup, layers.StringLookup)):
        return layer.vocabulary_size()
    if isinstance(layer, layers.CategoryEncoding):
        return layer.num_tokens
    if isinstance(layer, layers.Discretization):
        return layer.num_bins or layer._depth
    if isinstance(layer, (layers.HashedCrossing, layers.Hashing)):
        return layer.num_bins
    raise ValueError(
        f"Feature {name!r} has output_mode='one_hot'. However it isn't a standard feature and the number of its "
        "categories is not known, so it cannot be encoded. Use output_mode='int', or let its layer do it."
    )
