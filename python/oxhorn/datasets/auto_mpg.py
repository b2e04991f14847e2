"""Auto MPG: 392 cars of 1970 to 1982 and how far they go on a gallon."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from oxhorn.datasets import files, readers

_FILE = "auto-mpg.csv"
_COLUMNS = ("cyl", "displ", "hp", "weight", "accel", "yr")
_ORIGINS = ("1", "2", "3")

feature_names = (
    "Cylinders",
    "Displacement",
    "Horsepower",
    "Weight",
    "Acceleration",
    "Model Year",
    "USA",
    "Europe",
    "Japan",
)

Floats = npt.NDArray[np.float64]


def load_data(
    path: str | os.PathLike[str] = _FILE, test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Load the Auto MPG table, shuffled with `seed` and split.

    Looked for as `auto-mpg.csv` in the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in
    `~/.keras/datasets`. The columns are `mpg,cyl,displ,hp,weight,accel,yr,origin,name`, as in the package
    `bokeh-sampledata`; there is no download. Rows without horsepower (`?`) are left out.

    Args:
        path: a file to read instead: a path, or its name in one of these folders. Defaults to `"auto-mpg.csv"`.
        test_split: share of the rows that are for testing, in [0, 1). Defaults to 0.2.
        seed: seed of the shuffle before the split. Defaults to 113.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float64 arrays of shapes `(n, 9)`, whose columns are
        `oxhorn.datasets.auto_mpg.feature_names`, and `(n,)`, miles per gallon.

    Raises:
        FileNotFoundError: if it is not there; the message says what to put where.
        ValueError: if the file is damaged, or `test_split` is not in [0, 1).

    Example:
        >>> import oxhorn as keras
        >>> keras.datasets.auto_mpg.feature_names[:2]
        ('Cylinders', 'Displacement')
        >>> (x_train, y_train), (x_test, y_test) = keras.datasets.auto_mpg.load_data()  # doctest: +SKIP

    Source: R. Quinlan, Auto MPG, UCI Machine Learning Repository, https://doi.org/10.24432/C5859H.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"auto_mpg: expected 0 <= test_split < 1, got {test_split}.")
    found = files.given(path)
    if found is None:
        reason = f"there is no file {os.fspath(path)!r}. The package bokeh-sampledata holds one (_data/auto-mpg.csv)."
        raise files.missing("auto_mpg", [os.fspath(path)], reason)
    header, *rows = readers.read_csv(found, max_rows=1000) or [[]]
    index = {name: i for i, name in enumerate(header)}
    wanted = ("mpg", *_COLUMNS, "origin")
    if not set(wanted) <= set(index):
        raise ValueError(
            f"auto_mpg: expected the columns {', '.join(wanted)} in {found}, got {', '.join(header)}."
        )
    try:
        table = np.array([[_number(row, index, name) for name in wanted] for row in rows if "?" not in row])
    except (ValueError, IndexError) as error:
        raise ValueError(
            f"auto_mpg: expected a number in each column of {found} but the name, got: {error}."
        ) from None
    if not np.isin(table[:, -1], [float(o) for o in _ORIGINS]).all():
        raise ValueError(f"auto_mpg: expected origins 1 (USA), 2 (Europe) or 3 (Japan) in {found}.")

    table = table[np.random.RandomState(seed).permutation(len(table))]
    origins = table[:, -1:] == [float(o) for o in _ORIGINS]
    x, y = np.hstack([table[:, 1:-1], origins]), table[:, 0].copy()
    cut = int(len(x) * (1 - test_split))
    return (x[:cut].copy(), y[:cut].copy()), (x[cut:].copy(), y[cut:].copy())


def _number(row: list[str], index: dict[str, int], name: str) -> float:
    return float(row[index[name]])
