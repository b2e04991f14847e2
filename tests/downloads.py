"""Files that `make data` fetches; a test that needs one skips, and says what would bring it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

HOME = Path.home() / ".oxhorn"


def trained_model(name: str) -> Path:
    """The file of this name in `~/.oxhorn/models`."""
    path = HOME / "models" / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: run `make data`")
    return path


def pictures(
    kind: str, size: tuple[int, int] | None = None, part: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The twenty labelled pictures of `kind` ("cifar10", "imagenet"), as `uint8` (20, height, width, 3), and labels.

    Args:
        kind: what their names begin with.
        size: width and height to resize to; the pictures must have one size without it.
        part: where not 0, the square in the middle that is cut out first, as a part of the shorter side.
    """
    images = pytest.importorskip("PIL.Image", reason="reading pictures needs Pillow")
    paths = sorted((HOME / "datasets" / "pictures").glob(f"{kind}_*"))
    if not paths:
        pytest.skip(f"{HOME}/datasets/pictures has no {kind}: run `make data`")
    opened = [images.open(path).convert("RGB") for path in paths]
    if part:
        for i, picture in enumerate(opened):
            (width, height), side = picture.size, part * min(picture.size)
            left, top = (width - side) / 2, (height - side) / 2
            opened[i] = picture.crop((left, top, left + side, top + side))
    shown = [picture if size is None else picture.resize(size) for picture in opened]
    return np.stack([np.asarray(picture) for picture in shown]), np.array(
        [int(p.stem.split("_")[2]) for p in paths]
    )
