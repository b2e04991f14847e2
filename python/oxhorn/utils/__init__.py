"""Helpers around training: seeds, progress bar, data sets in batches, data preparation, pictures, names in files."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.config import (
        clear_session,
        disable_interactive_logging,
        enable_interactive_logging,
        is_interactive_logging_enabled,
        set_random_seed,
    )
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
    from oxhorn.utils.audio_folders import audio_dataset_from_directory
    from oxhorn.utils.downloads import get_file
    from oxhorn.utils.feature_space import FeatureSpace
    from oxhorn.utils.graph_plot import plot_graph
    from oxhorn.utils.history_plot import plot_history
    from oxhorn.utils.image_folders import image_dataset_from_directory
    from oxhorn.utils.images import array_to_img, img_to_array, load_img, save_img
    from oxhorn.utils.model_plot import plot_model
    from oxhorn.utils.numerical import normalize, to_categorical
    from oxhorn.utils.progbar import Progbar
    from oxhorn.utils.sequences import pad_sequences
    from oxhorn.utils.settings import Config
    from oxhorn.utils.splitting import split_dataset
    from oxhorn.utils.text_folders import text_dataset_from_directory
    from oxhorn.utils.timeseries import timeseries_dataset_from_array
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.utils.timeseries": "timeseries_dataset_from_array",
            "oxhorn.utils.text_folders": "text_dataset_from_directory",
            "oxhorn.utils.splitting": "split_dataset",
            "oxhorn.utils.images": "array_to_img, img_to_array, load_img, save_img",
            "oxhorn.utils.image_folders": "image_dataset_from_directory",
            "oxhorn.utils.history_plot": "plot_history",
            "oxhorn.utils.downloads": "get_file",
            "oxhorn.utils.audio_folders": "audio_dataset_from_directory",
            "oxhorn.config": (
                "clear_session, disable_interactive_logging, enable_interactive_logging, "
                "is_interactive_logging_enabled, set_random_seed"
            ),
            "oxhorn.engine.graph_walk": "get_source_inputs",
            "oxhorn.engine.keras_tensor": "is_keras_tensor",
            "oxhorn.engine.variable": "standardize_dtype",
            "oxhorn.saving": (
                "CustomObjectScope, custom_object_scope, deserialize_keras_object, get_custom_objects, "
                "get_registered_name, get_registered_object, register_keras_serializable, "
                "serialize_keras_object"
            ),
            "oxhorn.training.data_adapters.packing": "pack_x_y_sample_weight, unpack_x_y_sample_weight",
            "oxhorn.training.data_adapters.py_dataset": "PyDataset, PyDataset as Sequence",
            "oxhorn.utils": "bounding_boxes",
            "oxhorn.utils.feature_space": "FeatureSpace",
            "oxhorn.utils.graph_plot": "plot_graph",
            "oxhorn.utils.model_plot": "plot_model",
            "oxhorn.utils.numerical": "normalize, to_categorical",
            "oxhorn.utils.progbar": "Progbar",
            "oxhorn.utils.sequences": "pad_sequences",
            "oxhorn.utils.settings": "Config",
        },
    )

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "bounding_boxes",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_graph",
    "plot_history",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
