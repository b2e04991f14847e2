"""The demo learns, and shows it."""

import re
import runpy
from pathlib import Path

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def test_demo(capsys):
    runpy.run_path(str(DEMO), run_name="__main__")
    out = capsys.readouterr().out
    assert 'Model: "digit_reader"' in out
    assert "Epoch 20/20" in out
    accuracy = re.search(r"it reads ([\d.]+)% correctly", out)
    assert accuracy is not None
    assert float(accuracy[1]) > 93
    assert len(re.findall(r"^[ .:\-=+*#%@]{80,}$", out, flags=re.MULTILINE)) >= 8
