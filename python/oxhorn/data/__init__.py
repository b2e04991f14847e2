"""Data on its way into a model: sources, steps that change it, batches."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.data.dataset import Dataset
    from oxhorn.data.nodes import INFINITE, UNKNOWN
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.data.dataset": "Dataset",
            "oxhorn.data.nodes": "INFINITE, UNKNOWN",
        },
    )

__all__ = ["INFINITE", "UNKNOWN", "Dataset"]
