"""The page of Keras's names is up to date, and every missing name has a reason."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("keras_names", ROOT / "tools" / "keras_names.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_names_are_told_apart(tool: ModuleType) -> None:
    names = tool.keras_names()
    assert len(names) > 1400
    assert names["keras.layers.Dense"] > 200
    assert tool.is_here("keras.layers.Dense")
    assert tool.is_here("keras.optimizers.schedules.CosineDecay")
    assert not tool.is_here("keras.layers.Tense")
    assert not tool.is_here("keras.nowhere.Dense")
    assert tool.without_reason(["keras.layers.Dense", "keras.nowhere.Dense"]) == ["keras.nowhere.Dense"]


def test_every_missing_name_has_a_reason(tool: ModuleType) -> None:
    assert tool.without_reason(tool.keras_names()) == []


def test_the_page_is_up_to_date(tool: ModuleType) -> None:
    text = (ROOT / "docs" / "keras_names.md").read_text(encoding="utf-8")
    assert text == tool.page(), "docs/keras_names.md is out of date: make names"
    assert "`Dense` 2" in text
    assert "| `ExportArchive` |" in text


def test_a_stale_page_and_a_missing_reason_are_found(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["--check"]) == 0
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "PAGE", tmp_path / "page.md")
    assert tool.main([]) == 0
    (tmp_path / "page.md").write_text("old", encoding="utf-8")
    assert tool.main(["--check"]) == 1
    monkeypatch.setattr(tool, "REASONS", ())
    assert tool.main([]) == 1
    assert "keras.export.ExportArchive is missing: give a reason" in capsys.readouterr().err
    assert tool.main(["--what"]) == 2
