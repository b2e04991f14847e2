"""The older place of `utils.pad_sequences`."""

from oxhorn.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]
