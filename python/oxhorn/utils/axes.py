"""Axes to draw curves into."""

from __future__ import annotations

from typing import Any


def new_axes(who: str, otherwise: str, size: tuple[float, float] = (6.4, 3.6)) -> Any:
    """Axes of a figure of their own, which a notebook shows once.

    Args:
        who: The method that draws.
        otherwise: What to do without matplotlib.
        size: Width and height in inches.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{who} needs matplotlib, which is not installed: pip install matplotlib. {otherwise}"
        ) from error
    _, ax = plt.subplots(figsize=size, layout="constrained")
    return ax
