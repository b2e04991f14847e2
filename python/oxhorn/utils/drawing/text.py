"""How wide text is, without a font at hand."""

from __future__ import annotations

FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"

# Widths in parts of the font size: those of DejaVu Sans, the widest of the fonts named above.
_WIDTHS = {
    **dict.fromkeys("ijl'|", 0.32),
    **dict.fromkeys(" .,:;!()[]/\\-ftI", 0.40),
    **dict.fromkeys("rsJ_?", 0.55),
    **dict.fromkeys("mM%@", 1.0),
    **dict.fromkeys("wW", 0.99),
    **dict.fromkeys("+=<>~^#&", 0.84),
    **dict.fromkeys("ABCDEGHKNOPQRSUVXYZ", 0.77),
    **dict.fromkeys("FLT", 0.63),
}
_OTHER = 0.64
_BOLD = 1.12


def width_of(text: str, size: float, bold: bool = False) -> float:
    """An upper bound of the width of `text`."""
    width = sum(_WIDTHS.get(letter, _OTHER if ord(letter) < 0x2000 else 1.0) for letter in text)
    return width * size * (_BOLD if bold else 1.0)


def shortened(text: str, most: int = 64) -> str:
    """At most so many characters: the middle is left out."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[len(text) - half :]}"
