"""Boston housing: 506 towns with 13 figures each and their median house price."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from oxhorn.datasets import files, readers

_FILE = "boston_housing.npz"
_SHA256 = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"

Floats = npt.NDArray[np.float64]


def load_data(
    path: str | os.PathLike[str] = _FILE, test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Load the Boston housing prices, shuffled with `seed` and split.

    Looked for in the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in `~/.keras/datasets`, as
    `boston_housing.npz` or `boston_housing.csv` (14 numbers a row, the price last); else downloaded and checked.

    This set carries, in a column named `B`, an offensive assumption about race and house prices. It is here because
    old lessons use it; for new ones choose another.

    Args:
        path: a file to read instead: a path, or its name in one of these folders.
            Defaults to `"boston_housing.npz"`.
        test_split: share of the rows that are for testing, in [0, 1). Defaults to 0.2.
        seed: seed of the shuffle before the split. Defaults to 113.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float64 arrays of shapes `(n, 13)` and `(n,)`; prices in $1000.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if a file is damaged, or `test_split` is not in [0, 1).

    Example:
        >>> import oxhorn as keras
        >>> (x_train, y_train), _ = keras.datasets.boston_housing.load_data()  # doctest: +SKIP
        >>> x_train.shape, y_train[0]  # doctest: +SKIP
        ((404, 13), np.float64(15.2))

    Source: D. Harrison, D. Rubinfeld, Hedonic prices and the demand for clean air, 1978.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"boston_housing: expected 0 <= test_split < 1, got {test_split}.")
    x, y = _load(path)
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut].copy(), y[:cut].copy()), (x[cut:].copy(), y[cut:].copy())


def _load(path: str | os.PathLike[str]) -> tuple[Floats, Floats]:
    found = files.given(path)
    if found is None and os.fspath(path) == _FILE:
        found = next(iter(files.find(["boston_housing.csv"]) or []), None)
        if found is None:
            try:
                found = files.download("boston_housing", _FILE, _SHA256, max_bytes=1 << 20)
            except OSError as error:
                reason = f"not found here, and the download failed: {error}."
                raise files.missing("boston_housing", [_FILE, "boston_housing.csv"], reason) from error
    if found is None:
        raise files.missing("boston_housing", [os.fspath(path)], f"there is no file {os.fspath(path)!r}.")
    return _from_csv(found) if found.suffix == ".csv" else _from_npz(found)


def _from_npz(path: Path) -> tuple[Floats, Floats]:
    arrays = readers.read_npz(path, {"x": 1 << 20, "y": 1 << 20})
    x, y = arrays["x"], arrays["y"]
    if x.ndim != 2 or x.shape[1] != 13 or y.shape != x.shape[:1]:
        raise ValueError(
            f"boston_housing: expected x (n, 13) and y (n,) in {path}, got {x.shape} and {y.shape}."
        )
    return x.astype(np.float64), y.astype(np.float64)


def _from_csv(path: Path) -> tuple[Floats, Floats]:
    rows = readers.read_csv(path, max_rows=1000)
    if rows and not rows[0][0].replace(".", "", 1).replace("e-", "").isdigit():
        rows = rows[1:]  # a header
    try:
        table = np.array([[float(cell) for cell in row] for row in rows])
    except ValueError as error:
        raise ValueError(f"boston_housing: expected 14 numbers a row in {path}, got: {error}.") from None
    if table.ndim != 2 or table.shape[1] != 14:
        raise ValueError(
            f"boston_housing: expected 14 numbers a row in {path}, got a table of shape {table.shape}."
        )
    return table[:, :13].copy(), table[:, 13].copy()
