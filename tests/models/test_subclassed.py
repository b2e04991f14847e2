from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.layers import Dense

X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


class Tower(keras.Model):
    def __init__(self, width: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.first = Dense(width)
        self.rest = [Dense(2), Dense(2)]

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x + 1.0 if training else x


def test_built_by_data_or_by_shape() -> None:
    tower = Tower(name="tower")
    assert tower(X).shape == (5, 2)
    assert [v.path for v in tower.weights[:2]] == ["tower/first/kernel", "tower/first/bias"] or [
        v.name for v in tower.weights[:2]
    ] == ["kernel", "bias"]
    by_shape = Tower()
    by_shape.build((None, 4))
    assert len(by_shape.weights) == 6
    assert by_shape.compute_output_shape((None, 4)) == (None, 2)
    np.testing.assert_allclose((tower(X, training=True) - tower(X)).numpy(), np.ones((5, 2)), atol=1e-6)


def test_config_from_arguments() -> None:
    again = Tower.from_config(Tower(width=7).get_config())
    assert again.width == again.first.units == 7


def test_what_only_functional_models_have() -> None:
    with pytest.raises(AttributeError, match="has no outputs: only functional models"):
        Tower().outputs
    with pytest.raises(NotImplementedError, match="Model Empty defines no `call`"):

        class Empty(keras.Model):
            pass

        Empty()(X)


def test_symbolic_call_inside_a_functional_model() -> None:
    x = keras.Input((4,))
    tower = Tower()
    model = keras.Model(x, Dense(1)(tower(x)))
    assert model(X).shape == (5, 1)
    assert len(model.weights) == 8
    assert tower.layers[0] is tower.first


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    tower = Tower(name="tower")
    tower.summary(line_length=70)
    assert "0 (unbuilt)" in capsys.readouterr().out
    tower(X)
    lines: list[str] = []
    tower.summary(line_length=70, print_fn=lines.append, show_trainable=True)
    assert len(lines) == 1
    assert "Total params: 29 (116.00 B)" in lines[0]
    html = tower._repr_html_()
    assert html.count("<tr>") == 4
    assert "<b>Total params:</b> 29 (116.00 B)" in html
    with pytest.raises(ValueError, match="matches none of the layers"):
        tower.summary(layer_range=["nothing", "at all"])
    with pytest.raises(ValueError, match="too narrow"):
        tower.summary(line_length=8)
