"""Helpers around training: seeds, progress bar, data sets in batches, data preparation."""

from typing import TYPE_CHECKING, Any

from oxhorn.config import set_random_seed
from oxhorn.utils.numerical import normalize, to_categorical
from oxhorn.utils.progbar import Progbar

if TYPE_CHECKING:
    from oxhorn.training.data_adapters.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
    from oxhorn.training.data_adapters.py_dataset import PyDataset
    from oxhorn.training.data_adapters.py_dataset import PyDataset as Sequence

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "normalize",
    "pack_x_y_sample_weight",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

# On first use: training itself needs the helpers above.
_FROM_TRAINING = {
    "PyDataset": ("py_dataset", "PyDataset"),
    "Sequence": ("py_dataset", "PyDataset"),
    "pack_x_y_sample_weight": ("packing", "pack_x_y_sample_weight"),
    "unpack_x_y_sample_weight": ("packing", "unpack_x_y_sample_weight"),
}


def __getattr__(name: str) -> Any:
    if name in _FROM_TRAINING:
        import importlib

        module, attribute = _FROM_TRAINING[name]
        return getattr(importlib.import_module(f"oxhorn.training.data_adapters.{module}"), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
