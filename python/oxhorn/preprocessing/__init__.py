"""Older names of functions in `utils` that prepare data."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.preprocessing import image as image
    from oxhorn.preprocessing import sequence as sequence
    from oxhorn.utils.image_folders import image_dataset_from_directory
    from oxhorn.utils.text_folders import text_dataset_from_directory
    from oxhorn.utils.timeseries import timeseries_dataset_from_array
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.preprocessing": "image, sequence",
            "oxhorn.utils.image_folders": "image_dataset_from_directory",
            "oxhorn.utils.text_folders": "text_dataset_from_directory",
            "oxhorn.utils.timeseries": "timeseries_dataset_from_array",
        },
    )

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
