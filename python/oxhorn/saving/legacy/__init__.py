"""Keras's older files: whole models and weights in HDF5 (`.h5`, `.hdf5`), as Keras 2 and 3 write them."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.saving.legacy.model_reader import load_whole_model
    from oxhorn.saving.legacy.weights_reader import load_legacy_weights
    from oxhorn.saving.legacy.writer import save_legacy_weights, save_whole_model
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.saving.legacy.model_reader": "load_whole_model",
            "oxhorn.saving.legacy.weights_reader": "load_legacy_weights",
            "oxhorn.saving.legacy.writer": "save_legacy_weights, save_whole_model",
        },
    )

__all__ = ["load_legacy_weights", "load_whole_model", "save_legacy_weights", "save_whole_model"]
