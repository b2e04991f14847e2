"""Helpers around training: seeds, progress bar, data sets in batches, data preparation, pictures, names in files."""

import importlib
from typing import TYPE_CHECKING, Any

from oxhorn.config import (
    clear_session,
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
    set_random_seed,
)
from oxhorn.utils.numerical import normalize, to_categorical
from oxhorn.utils.progbar import Progbar
from oxhorn.utils.sequences import pad_sequences
from oxhorn.utils.settings import Config

if TYPE_CHECKING:
    from oxhorn.engine.graph_walk import get_source_inputs
    from oxhorn.engine.keras_tensor import is_keras_tensor
    from oxhorn.engine.variable import standardize_dtype
    from oxhorn.saving import (
        CustomObjectScope,
        custom_object_scope,
        deserialize_keras_object,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
        serialize_keras_object,
    )
    from oxhorn.training.data_adapters.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
    from oxhorn.training.data_adapters.py_dataset import PyDataset
    from oxhorn.training.data_adapters.py_dataset import PyDataset as Sequence
    from oxhorn.utils import bounding_boxes
    from oxhorn.utils.feature_space import FeatureSpace
    from oxhorn.utils.graph_plot import plot_graph
    from oxhorn.utils.model_plot import plot_model

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "bounding_boxes",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_graph",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

# On first use: what these need is built upon the helpers above.
_LATER = {
    "CustomObjectScope": ("saving", "CustomObjectScope"),
    "FeatureSpace": ("utils.feature_space", "FeatureSpace"),
    "PyDataset": ("training.data_adapters.py_dataset", "PyDataset"),
    "Sequence": ("training.data_adapters.py_dataset", "PyDataset"),
    "custom_object_scope": ("saving", "custom_object_scope"),
    "deserialize_keras_object": ("saving", "deserialize_keras_object"),
    "get_custom_objects": ("saving", "get_custom_objects"),
    "get_registered_name": ("saving", "get_registered_name"),
    "get_registered_object": ("saving", "get_registered_object"),
    "get_source_inputs": ("engine.graph_walk", "get_source_inputs"),
    "is_keras_tensor": ("engine.keras_tensor", "is_keras_tensor"),
    "pack_x_y_sample_weight": ("training.data_adapters.packing", "pack_x_y_sample_weight"),
    "plot_graph": ("utils.graph_plot", "plot_graph"),
    "plot_model": ("utils.model_plot", "plot_model"),
    "register_keras_serializable": ("saving", "register_keras_serializable"),
    "serialize_keras_object": ("saving", "serialize_keras_object"),
    "standardize_dtype": ("engine.variable", "standardize_dtype"),
    "unpack_x_y_sample_weight": ("training.data_adapters.packing", "unpack_x_y_sample_weight"),
}


def __getattr__(name: str) -> Any:
    if name == "bounding_boxes":
        return importlib.import_module(f"{__name__}.bounding_boxes")
    if name in _LATER:
        module, attribute = _LATER[name]
        package = __name__.split(".", maxsplit=1)[0]
        return getattr(importlib.import_module(f"{package}.{module}"), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
