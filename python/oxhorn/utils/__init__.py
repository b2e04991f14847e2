"""Helpers around training: seeds, progress bar, data sets in batches, data preparation."""

from typing import TYPE_CHECKING, Any

from oxhorn.config import set_random_seed
from oxhorn.utils.numerical import normalize, to_categorical
from oxhorn.utils.progbar import Progbar

if TYPE_CHECKING:
    from oxhorn.training.data_adapters.py_dataset import PyDataset

__all__ = ["Progbar", "PyDataset", "normalize", "set_random_seed", "to_categorical"]


def __getattr__(name: str) -> Any:
    # On first use: training itself needs the helpers above.
    if name == "PyDataset":
        from oxhorn.training.data_adapters.py_dataset import PyDataset

        return PyDataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
