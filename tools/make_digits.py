"""Makes python/oxhorn/datasets/data/digits.npz from scikit-learn's copy of the UCI handwritten digits.

Run it as `python tools/make_digits.py`; it downloads the scikit-learn wheel with pip and reads one file of it.
"""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "python/oxhorn/datasets/data/digits.npz"
MEMBER = "sklearn/datasets/data/digits.csv.gz"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", folder, "scikit-learn"], check=True)
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            text = gzip.decompress(archive.read(MEMBER)).decode("ascii")

    rows = np.array([[int(float(v)) for v in row] for row in csv.reader(io.StringIO(text))], dtype=np.uint8)
    x, y = rows[:, :64].reshape(-1, 8, 8), rows[:, 64]
    if x.shape != (1797, 8, 8) or x.max() != 16 or not np.array_equal(np.unique(y), np.arange(10)):
        raise SystemExit(f"not the digits: shape {x.shape}, values up to {x.max()}, classes {np.unique(y)}")
    np.savez_compressed(TARGET, x=x, y=y)
    print(f"wrote {TARGET} ({TARGET.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
