"""Older names of functions in `utils` that prepare data."""

from oxhorn.preprocessing import sequence

__all__ = ["sequence"]
