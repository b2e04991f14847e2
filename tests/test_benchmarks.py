"""The parts of the benchmarks that calculate: statistics, arithmetic, tables, pictures; and a run without peers."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

import oxhorn as keras

BENCHES = Path(__file__).parent.parent / "benches"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.syspath_prepend(BENCHES)


def test_spread_is_median_and_quartiles():
    import summary

    assert summary.spread([5.0, 1.0, 4.0, 2.0, 3.0]) == summary.Spread(3.0, 2.0, 4.0)
    assert summary.spread([2.0]) == summary.Spread(2.0, 2.0, 2.0)


def test_ratios_are_those_of_rounds_that_both_took():
    import summary

    assert summary.paired_ratios({0: 2.0, 2: 9.0, 3: 1.0}, {0: 1.0, 1: 5.0, 2: 3.0}) == [2.0, 3.0]


@pytest.mark.parametrize(("rounds", "count"), [(7, 7), (7, 3), (9, 4), (5, 1), (3, 0)])
def test_a_slow_library_takes_part_in_some_rounds(rounds, count):
    import summary

    taken = [i for i in range(rounds) if summary.takes_part(i, rounds, count)]
    assert len(taken) == count
    gaps = [b - a for a, b in pairwise(taken)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_the_best_peer_has_the_smallest_median():
    import summary

    times = {
        "Oxhorn": {0: 1.0, 1: 2.0, 2: 1.0},
        "A": {0: 3.0, 1: 9.0, 2: 3.0},
        "B": {0: 1.0, 2: 8.0},
        "C": {},
    }
    row = summary.row(times)
    assert row.best == "A"
    assert row.ratio == summary.Spread(3.0, 3.0, 3.75)
    assert row.times.keys() == {"Oxhorn", "A", "B"}
    assert summary.row({"Oxhorn": {0: 1.0}}).ratio is None
    assert summary.row({"A": {0: 1.0}}).ratio is None


def one_layer(layer, shape, dtype="float32"):
    return keras.Sequential([keras.Input(shape, dtype=dtype), layer])


# The layer, the shape of its input, multiply-adds of what it does with its input, and of the rest.
COUNTS = [
    (lambda k: k.Dense(10), (784,), 784 * 10, 0),
    (lambda k: k.Dense(10), (5, 8), 5 * 8 * 10, 0),
    (lambda k: k.Conv2D(32, 3), (28, 28, 1), 26 * 26 * 32 * 9, 0),
    (lambda k: k.Conv2D(8, 3, strides=2, padding="same", groups=2), (9, 9, 4), 5 * 5 * 8 * 9 * 2, 0),
    (lambda k: k.Conv1D(6, 5), (12, 3), 8 * 6 * 5 * 3, 0),
    (lambda k: k.DepthwiseConv2D(3, padding="same"), (8, 8, 6), 8 * 8 * 6 * 9, 0),
    (lambda k: k.Conv2DTranspose(5, 3, strides=2, padding="same"), (7, 7, 4), 7 * 7 * 4 * 9 * 5, 0),
    (lambda k: k.ReLU(), (7,), 0, 0),
]


@pytest.mark.parametrize(("make", "shape", "of_input", "rest"), COUNTS)
def test_arithmetic_of_a_layer(make, shape, of_input, rest):
    import flops

    model = one_layer(make(keras.layers), shape)
    assert flops.products(model.layers[-1]) == (of_input, rest)
    assert flops.prediction(model, 4) == 2 * 4 * (of_input + rest)
    # The input of the model wants no gradient.
    assert flops.training(model, 4) == 2 * 4 * (2 * of_input + 3 * rest)


def test_arithmetic_of_attention():
    import flops

    x = keras.Input((6, 10))
    y = keras.layers.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=5)(x, x)
    model = keras.Model(x, y)
    # Queries, keys and values; scores, weighted values, and the last projection.
    assert flops.products(model.layers[-1]) == (6 * 10 * (6 + 6 + 10), 6 * 6 * 6 + 6 * 6 * 10 + 6 * 10 * 10)


def test_only_the_first_layer_saves_the_gradient_of_its_input():
    import flops
    from workloads import mlp

    model = mlp(keras)
    assert flops.prediction(model, 32) == 2 * 32 * (784 * 128 + 128 * 10)
    assert flops.training(model, 32) == 2 * 32 * (2 * 784 * 128 + 3 * 128 * 10)


@pytest.fixture
def results():
    """Two workloads; the second without prediction, and with a library that failed."""
    machine = {
        "processor": "Abacus",
        "family": None,
        "instructions": [],
        "cores": 2,
        "memory_gb": 1,
        "system": "wood",
        "python": "3",
    }
    both = {"machine": machine, "threads": 2, "date": "2000-01-01", "versions": {"oxhorn": "1"}, "batch": 4}
    times = {"Oxhorn": {"0": 0.001, "1": 0.002}, "Peer": {"0": 0.003, "1": 0.006}}
    memory = {
        "Oxhorn": {"imported": 10_000_000, "peak": 15_000_000},
        "Peer": {"imported": 90_000_000, "peak": 99_000_000},
    }
    first = {"title": "A", "training": times, "predict": times, "memory": memory, "errors": {}}
    first |= {"flops": {"train": 4e6, "predict": 2e6}, "peak_flops": 1e10}
    failed = {"Peer": {"training": "ValueError: no"}}
    second = {"title": "B", "training": {"Oxhorn": {"0": 0.5}}, "memory": {}, "errors": failed}
    return {"a": both | first, "b": both | second}


def test_tables(results):
    import report

    page = report.full(results)
    assert "| A (batch 4) | 1.5 (1.25 to 1.75) | 4.5 (3.75 to 5.25) | 3x, Peer | 0.4 |" in page
    assert "| B (batch 4) | 500 | - | - | - |" in page
    assert "| A (batch 4) | 5 (15) | 9 (99) |" in page
    assert "- B, training: Peer did not run: ValueError: no" in page
    assert "Abacus, 2 of 2 processors" in page
    assert "| A (batch 4) | 1.5 | 0.4 | **3x** Peer | 1.5 | 0.2 | **3x** Peer |" in report.short(results)


def test_the_table_goes_between_the_marks():
    import report

    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    assert report.between(text, "new\n") == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    with pytest.raises(SystemExit, match="put them where the table belongs"):
        report.between("no marks", "new")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_picture(theme, results):
    import picture
    import report

    bars = report.bars(results)
    assert [bar.title for bar in bars] == ["A"]  # B has no ratio
    root = ET.fromstring(picture.draw(bars, theme))
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A", "3.0x", "1x", "2x"} <= set(words)


def test_kernels_beside_their_limits(tmp_path):
    import kernel_table

    def write(family, name, nanoseconds, throughput):
        folder = tmp_path / family / name / "new"
        folder.mkdir(parents=True)
        about = {"group_id": family, "function_id": name, "throughput": throughput}
        (folder / "benchmark.json").write_text(json.dumps(about))
        (folder / "estimates.json").write_text(json.dumps({"median": {"point_estimate": nanoseconds}}))

    write("gemm", "tiny", 2000.0, {"Elements": 100_000})
    write("peak", "multiply-adds in registers", 1000.0, {"Elements": 200_000})
    write("peak", "copy 4 MiB", 1000.0, {"Bytes": 50_000})
    write("other", "move", 500.0, {"Bytes": 10_000})
    lines = kernel_table.table(kernel_table.read(tmp_path)).splitlines()[2:]
    assert lines[2:] == ["| gemm: tiny | 2 | 50 GFLOP/s | 25 % |", "| other: move | 0.5 | 20 GB/s | 40 % |"]
    with pytest.raises(SystemExit, match="cargo bench"):
        kernel_table.read(tmp_path / "nothing")


def test_a_process_that_does_not_answer_is_given_up(monkeypatch, tmp_path):
    import process

    silent = tmp_path / "silent.py"
    silent.write_text("import time\nprint('{\"ready\": 1}', flush=True)\ntime.sleep(60)\n")
    monkeypatch.setattr(process, "WORKER", silent)
    started = process.Process(process.OXHORN, sys.executable, {}, 1)
    assert started.read(30.0) == {"ready": 1}
    assert started.ask("train", limit=0.1) == {"error": "no answer within 0.1 s"}
    assert "error" in started.ask("train")
    assert started.process.poll() is not None


def test_a_run_without_peers(tmp_path):
    command = [sys.executable, str(BENCHES / "compare.py"), "--json", str(tmp_path), "--rounds", "3"]
    command += ["--seconds", "0.01", "--only", "empty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "empty.json").read_text())
    assert result["errors"] == {}
    assert result["parameters"] == 2
    assert result["flops"] == {"train": 32 * 2 * 2, "predict": 32 * 2}
    assert len(result["training"]["Oxhorn"]) == len(result["predict"]["Oxhorn"]) == 3
    assert result["memory"]["Oxhorn"]["peak"] > 1_000_000
    assert "| Dense(1) on one number, SGD (batch 32) |" in done.stdout


def test_no_file_hides_a_module_of_python():
    """The folder of a script comes first where modules are looked for: `profile.py` there breaks PyTorch."""
    names = {path.stem for path in BENCHES.glob("*.py")}
    assert names
    assert not names & sys.stdlib_module_names


def test_what_frozen_layers_save(capsys):
    import reuse

    reuse.measure("dense", 1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[1].endswith("1.0 x  all layers")
