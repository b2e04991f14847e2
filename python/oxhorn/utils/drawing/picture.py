"""`Picture`: an SVG that notebooks show and that can be saved."""

from __future__ import annotations

import os
from pathlib import Path


class Picture:
    """A drawing as SVG text.

    Notebooks show it where it is the last value of a cell; `str(picture)` is the text, `picture.save("a.svg")` a file.

    Args:
        svg: The text.

    >>> from oxhorn.utils.drawing import Picture
    >>> str(Picture("<svg/>"))
    '<svg/>'
    """

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Picture: SVG of {len(self.svg)} characters; .save('picture.svg') writes it>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the drawing to a file.

        Args:
            path: A path that ends in `.svg`.

        Raises:
            ValueError: If it has another ending: the drawing is SVG.
        """
        Path(check_svg_path("Picture.save", path)).write_text(self.svg, encoding="utf-8")


def check_svg_path(who: str, path: str | os.PathLike[str]) -> str:
    """The path as text, if it ends in `.svg`.

    Raises:
        ValueError: If it does not.
    """
    text = os.fspath(path)
    if not text.lower().endswith(".svg"):
        raise ValueError(
            f"{who} expected a path that ends in '.svg', the one format that is drawn here; got {text!r}. "
            "Browsers, notebooks, word processors and Inkscape read SVG, and can turn it into PNG or PDF."
        )
    return text
