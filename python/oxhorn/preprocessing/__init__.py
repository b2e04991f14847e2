"""Older names of functions in `utils` that prepare data."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.preprocessing import sequence as sequence
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.preprocessing": "sequence",
        },
    )

__all__ = ["sequence"]
