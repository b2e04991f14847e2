"""Helpers around training: progress bar, data preparation."""

from oxhorn.utils.numerical import normalize, to_categorical
from oxhorn.utils.progbar import Progbar

__all__ = ["Progbar", "normalize", "to_categorical"]
