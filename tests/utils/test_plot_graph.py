"""`plot_graph`: the ops behind a tensor, their values and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops
from oxhorn.utils import plot_graph
from tests.utils.svg import check_readable, read


def test_values_and_gradients_of_a_small_function() -> None:
    found = read(plot_graph(lambda x: x * x + 2.0 * x, 3.0))
    check_readable(found)
    assert [box.texts for box in found.boxes] == [
        ["x", "value", "3", "gradient", "8"],
        ["2"],
        ["multiply", "value", "9", "gradient", "1"],
        ["multiply", "value", "6", "gradient", "1"],
        ["add", "value", "15", "gradient", "1"],
    ]
    # x goes into its square twice
    assert len(found.arrows) == 6


def test_matrices_names_and_shapes() -> None:
    w = keras.Variable(np.ones((2, 1)), dtype="float32")
    found = read(plot_graph(lambda x: ops.sum(ops.matmul(x, w)), np.eye(2, dtype=np.float32), digits=2))
    check_readable(found)
    assert found.box("x").texts[:3] == ["x", "shape", "(2, 2)"]
    assert found.box("w").texts[-4:] == ["gradient", "[[1.]", " ", " [1.]]"]
    big = read(plot_graph(lambda x: ops.sum(x * x), np.ones((50, 3))))
    assert big.box("x").texts == ["x", "shape", "(50, 3)"]
    named = read(plot_graph(lambda v: v + w, 1.0, names={"weights": w}))
    assert {box.texts[0] for box in named.boxes} == {"v", "weights", "add"}


def test_a_tensor_and_its_tape() -> None:
    x = keras.Variable(2.0, dtype="float32")
    with _core.Tape(persistent=True) as tape:
        y = x * x
        z = ops.exp(y)
    found = read(plot_graph(z, tape=tape, names={"left": x}))
    assert [box.texts[0] for box in found.boxes] == ["left", "y = multiply", "z = exp"]
    assert not any("gradient" in box.texts for box in found.boxes)
    assert len(read(plot_graph(y, tape=tape)).boxes) == 2


def test_the_public_tape_shows_gradients_if_it_is_persistent() -> None:
    x = keras.Variable(2.0, dtype="float32")
    with keras.GradientTape(persistent=True) as tape:
        y = x * x
    assert read(plot_graph(y, tape=tape)).box("x").texts[-1] == "4"
    assert float(tape.gradient(y, x)) == 4.0
    with keras.GradientTape() as once:
        y = x * x
    assert "gradient" not in read(plot_graph(y, tape=once)).box("x").texts
    with pytest.raises(ValueError, match=r"persistent=True"):
        plot_graph(y, tape=once, show_gradients=True)
    once.gradient(y, x)
    with pytest.raises(ValueError, match="did not record"):
        plot_graph(y, tape=once)


def test_every_direction_is_readable_and_saved(tmp_path: Any) -> None:
    def network(x: Any, w: Any, b: Any) -> Any:
        hidden = ops.tanh(ops.matmul(x, w) + b)
        return ops.mean(ops.square(hidden - 1.0) + hidden)

    arguments = (np.arange(4.0).reshape(2, 2), np.ones((2, 2)), np.zeros(2))
    for rankdir in ("LR", "RL", "TB", "BT"):
        check_readable(read(plot_graph(network, *arguments, rankdir=rankdir)))
    picture = plot_graph(network, *arguments, to_file=tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == str(picture)


def test_whole_numbers_have_no_gradient() -> None:
    found = read(plot_graph(lambda i, x: ops.take(x, i), np.array([1, 0]), np.array([1.0, 2.0])))
    assert "gradient" not in found.box("i").texts and "gradient" in found.box("x").texts


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: plot_graph(3), TypeError, "expected a function, or a tensor with its tape; got 3"),
        (lambda: plot_graph(ops.ones(2)), ValueError, "Pass the tape that recorded it"),
        (lambda: plot_graph(ops.ones(2), tape=3), TypeError, "expected `tape` to be a GradientTape; got 3"),
        (lambda: plot_graph(ops.ones(2), 1.0, tape=_core.Tape()), ValueError, "only a function takes inputs"),
        (lambda: plot_graph(ops.ones(2), tape=_core.Tape()), ValueError, "did not record how this tensor"),
        (lambda: plot_graph(lambda x: (x, x + 1), 1.0), ValueError, "returns one tensor"),
        (lambda: plot_graph(lambda x: x, 1.0, rankdir="up"), ValueError, "`rankdir` to be one of"),
        (lambda: plot_graph(lambda x: x, 1.0, to_file="a.pdf"), ValueError, r"ends in '\.svg'"),
    ],
)
def test_bad_arguments(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_endless_computations_are_refused() -> None:
    def long(x: Any) -> Any:
        for _ in range(500):
            x = x * 1.01
        return x

    with pytest.raises(ValueError, match="500 ops; at most 400"):
        plot_graph(long, 1.0)
