"""California housing: 20,640 districts of 1990 with eight figures each and their median house value."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from oxhorn.datasets import readers, sequences

_FILE = "california_housing.npz"
_SHA256 = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"

feature_names = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)

Floats = npt.NDArray[np.floating]


def load_data(
    version: str = "large",
    path: str | os.PathLike[str] = _FILE,
    test_split: float = 0.2,
    seed: int = 113,
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Load the California housing prices, shuffled with `seed` and split.

    Looked for as `california_housing.npz` in the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in
    `~/.keras/datasets`; else downloaded and checked.

    Args:
        version: `"large"` for all districts, `"small"` for the first 600. Defaults to `"large"`.
        path: a file to read instead: a path, or its name in one of these folders.
        test_split: share of the rows that are for testing, in [0, 1). Defaults to 0.2.
        seed: seed of the shuffle before the split. Defaults to 113.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of floats of shapes `(n, 8)`, whose columns are
        `oxhorn.datasets.california_housing.feature_names`, and `(n,)`, prices in $.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if the file is damaged, or an argument is not one of those above.

    Example:
        >>> import oxhorn as keras
        >>> keras.datasets.california_housing.feature_names[:2]
        ('MedInc', 'HouseAge')
        >>> (x_train, y_train), _ = keras.datasets.california_housing.load_data()  # doctest: +SKIP

    Source: R. Pace, R. Barry, Sparse spatial autoregressions, 1997.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"california_housing: expected 0 <= test_split < 1, got {test_split}.")
    if version not in ("large", "small"):
        raise ValueError(
            f"california_housing: Argument `version` must be one of 'small', 'large'. Received: version={version!r}."
        )
    found = sequences.find("california_housing", path, _FILE, _SHA256, 8 << 20)
    arrays = readers.read_npz(found, {"x": 8 << 20, "y": 1 << 20})
    x, y = arrays["x"], arrays["y"]
    if x.ndim != 2 or x.shape[1] != 8 or y.shape != x.shape[:1] or x.dtype.kind != "f":
        raise ValueError(
            f"california_housing: expected floats x (n, 8) and y (n,) in {found}, got {x.shape} and {y.shape}."
        )
    if version == "small":
        x, y = x[:600], y[:600]
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut].copy(), y[:cut].copy()), (x[cut:].copy(), y[cut:].copy())
