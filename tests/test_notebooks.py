"""The notebooks as committed: run in full, with what they print and draw, and no larger than a page should be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWS = re.compile(
    r"^print\(|^plt\.show\(\)|^\w+\.summary\(\)|^keras\.utils\.plot_(graph|model)\(", re.MULTILINE
)


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_saved(path: Path) -> None:
    for number, cell in enumerate(code_cells(path)):
        source = "".join(cell["source"])
        # What is printed inside a function comes out where it is called.
        plain = "\n".join(line for line in source.splitlines() if not line.startswith("    "))
        assert not SHOWS.search(plain) or cell["outputs"], f"{path.name}: code cell {number} has no output"
        assert all(output["output_type"] != "error" for output in cell["outputs"])
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_sets_the_seed(path: Path) -> None:
    """Else what is drawn before the first seed differs from run to run, and with it what is printed and asserted."""
    assert "keras.utils.set_random_seed(" in "".join(code_cells(path)[0]["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_readme_links_it(path: Path) -> None:
    assert f"(notebooks/{path.name})" in (ROOT / "README.md").read_text(encoding="utf-8")
