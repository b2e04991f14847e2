import io
import re
import sys

import pytest

from oxhorn import config
from oxhorn.utils import Progbar
from oxhorn.utils import progbar as module


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def new_terminal(monkeypatch):
    """Makes a terminal of standard output; called in the test, because pytest sets its own before each phase."""

    def make():
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        return terminal

    return make


def plain(text):
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_line_in_a_terminal(clock, new_terminal):
    terminal = new_terminal()
    bar = Progbar(10)
    clock.now += 1
    bar.update(1, [("loss", 1.0)])
    clock.now += 2
    bar.update(5, [("loss", 0.5)])
    clock.now += 2
    bar.update(10, [("loss", 0.5)])
    drawn = plain(terminal.getvalue()).split("\r")[1:]
    assert drawn[0] == " 1/10 ━━━━━━━━━━━━━━━━━━━━ 9s 1s/step - loss: 1.0000"
    # Steps 2 to 5 took two seconds: half a second a step, five are left.
    assert drawn[1].rstrip() == " 5/10 ━━━━━━━━━━━━━━━━━━━━ 2s 500ms/step - loss: 0.6000"
    assert drawn[2].endswith("\n")
    assert drawn[2].rstrip() == "10/10 ━━━━━━━━━━━━━━━━━━━━ 5s 444ms/step - loss: 0.5500"


def test_at_most_five_updates_a_second(clock, new_terminal):
    terminal = new_terminal()
    bar = Progbar(1000)
    for step in range(1000):
        clock.now += 0.001
        bar.update(step + 1)
    assert 5 <= terminal.getvalue().count("\r") <= 7


def test_a_shorter_line_leaves_nothing_behind(clock, new_terminal):
    terminal = new_terminal()
    bar = Progbar(2, stateless_metrics=())
    bar.update(1, [("loss", 123456.0)])
    clock.now += 1
    bar.update(2, [("loss", 1.0)])
    first, second = plain(terminal.getvalue()).split("\r")[1:]
    assert len(second.rstrip("\n")) >= len(first)


def test_a_file_gets_only_the_finished_line(capsys):
    bar = Progbar(100)
    for step in range(100):
        bar.update(step + 1, [("loss", 0.5)])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\r" not in out
    assert "\x1b" not in out
    assert out.startswith("100/100 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    assert out.endswith("- loss: 0.5000\n")


def test_unknown_total(clock, new_terminal):
    terminal = new_terminal()
    bar = Progbar(None)
    clock.now += 2
    bar.update(4, [("loss", 0.5)])
    assert plain(terminal.getvalue()) == "\r      4/Unknown 2s 500ms/step - loss: 0.5000"


def test_verbose_two_prints_once(clock, capsys):
    bar = Progbar(10, verbose=2)
    for step in range(10):
        clock.now += 0.3
        bar.update(step + 1, [("loss", 2.0)])
    assert capsys.readouterr().out == "10/10 - 3s - 300ms/step - loss: 2.0000\n"


def test_verbose_zero_prints_nothing(capsys):
    Progbar(1, verbose=0).update(1, [("loss", 1.0)])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s/step"), (2.2, "2s/step"), (0.0123, "12ms/step"), (45e-6, "45us/step")],
)
def test_time_a_step(seconds, text):
    assert Progbar(1)._rate(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(7.9, "7s"), (65, "1:05"), (7384, "2:03:04")])
def test_time_left(seconds, text):
    assert module._clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5000"), (0.0, "0.0000e+00"), (1e-5, "1.0000e-05"), (-0.25, "-0.2500")]
)
def test_numbers(value, text, capsys):
    Progbar(1, verbose=2).update(1, [("loss", value)])
    assert capsys.readouterr().out.endswith(f"- loss: {text}\n")


def test_averages_unless_told_otherwise(capsys):
    for arguments, last in (
        ({}, "0.5000"),
        ({"stateful_metrics": ["a"]}, "1.0000"),
        ({"stateless_metrics": []}, "1.0000"),
    ):
        bar = Progbar(2, verbose=2, **arguments)
        bar.update(1, [("a", 0.0)])
        bar.update(2, [("a", 1.0)])
        assert capsys.readouterr().out.endswith(f"a: {last}\n")


def test_add(capsys):
    bar = Progbar(3, verbose=2)
    bar.add(1)
    bar.add(2, [("a", 1.0)])
    assert capsys.readouterr().out.startswith("3/3 ")


def test_ascii_terminals(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Progbar(1).update(1)
    assert raw.getvalue().startswith(b"1/1 ==================== ")


def test_no_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    Progbar(1).update(1)


def test_bad_arguments():
    with pytest.raises(ValueError, match="got both"):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])
    with pytest.raises(ValueError, match="expected verbose to be 0, 1 or 2, got 3"):
        Progbar(1, verbose=3)


def test_goes_to_the_log_when_asked(capsys, caplog):
    config.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", logger="oxhorn"):
            Progbar(1, verbose=2).update(1, [("loss", 1.0)])
    finally:
        config.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert "1/1 - " in caplog.text


def test_a_file_gets_every_line_that_an_interval_asks_for(capsys):
    bar = Progbar(3, interval=0.0)
    for step in range(3):
        bar.update(step + 1, [("loss", [1.0, 2.0])])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["1/3", "2/3", "3/3"]
    assert all(line.endswith("loss: 1.5000") for line in lines)
