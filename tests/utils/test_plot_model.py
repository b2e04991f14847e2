"""`plot_model`: what is in the picture, for every kind of model; and that it can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import oxhorn as keras
from oxhorn import layers
from oxhorn.utils import plot_model
from tests.utils.svg import check_readable, inside, read


def encoder() -> Any:
    return keras.Sequential(
        [keras.Input((8,)), layers.Dense(4, activation="elu"), layers.Dense(3)], name="encoder"
    )


def siamese() -> Any:
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    p, q = keras.Input((3,), name="p"), keras.Input((3,), name="q")
    compare = keras.Model([p, q], [layers.Dot(1)([p, q]), layers.Subtract()([p, q])], name="compare")
    shared, encode = layers.Dense(5, name="shared"), encoder()
    u, v = compare([encode(a), encode(b)])
    joined = layers.Concatenate(name="joined")([u, v, shared(a), shared(b), a * 2 + 1])
    return keras.Model([a, b], [layers.Dense(1, name="out")(joined), layers.Dense(2, name="aux")(v)])


def residual() -> Any:
    x = i = keras.Input((8, 8, 3))
    for filters in (4, 4, 8):
        y = layers.Conv2D(filters, 3, padding="same")(x)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        x = layers.Add()([y, layers.Conv2D(filters, 1)(x) if x is not i else y])
    return keras.Model(i, layers.GlobalAveragePooling2D()(x))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.encode = encoder()
        self.rest = [layers.Dense(3) for _ in range(9)]

    def call(self, x: Any) -> Any:
        x = self.encode(x)
        for layer in self.rest:
            x = layer(x)
        return x


def subclassed() -> Any:
    model = Subclassed()
    model.build((None, 8))
    return model


EVERYTHING = {
    "show_shapes": True,
    "show_dtype": True,
    "show_layer_names": True,
    "show_layer_activations": True,
    "show_trainable": True,
}


@pytest.mark.parametrize("make", [encoder, siamese, residual, subclassed])
@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("nested", [False, True])
def test_every_picture_is_readable(make: Any, rankdir: str, options: dict[str, bool], nested: bool) -> None:
    check_readable(read(plot_model(make(), rankdir=rankdir, expand_nested=nested, **options)))


def test_what_a_box_says() -> None:
    model = encoder()
    model.layers[0].trainable = False
    plain = read(plot_model(model))
    assert [box.texts for box in plain.boxes] == [["InputLayer"], ["Dense"], ["Dense"]]
    full = read(plot_model(model, **EVERYTHING))
    name = model.layers[0].name
    assert full.box(f"{name} (Dense)").texts == [
        f"{name} (Dense)",
        *("activation", "elu", "dtype", "float32", "input", "(None, 8)", "output", "(None, 4)", "frozen"),
    ]
    assert full.boxes[-1].texts[-1] == "trainable"


def test_an_arrow_for_every_tensor() -> None:
    model = siamese()
    closed = read(plot_model(model, show_layer_names=True))
    # a: encoder, shared, *; b: encoder, shared; 2 into compare; *: +; 5 into joined; joined: out; compare: aux
    assert len(closed.arrows) == 3 + 2 + 2 + 1 + 5 + 1 + 1
    assert len(closed.boxes) == 2 + 2 + 1 + 2 + 2 + 1 + 2
    shared = [box for box in closed.boxes if box.texts[0] == "shared (Dense)"]
    assert [box.texts[1] for box in shared] == ["shared, call 1 of 2", "shared, call 2 of 2"]
    assert all("stroke-dasharray" in box.attributes for box in shared)


def test_nested_models_stand_in_frames() -> None:
    found = read(plot_model(siamese(), show_layer_names=True, expand_nested=True))
    assert sorted(frame.texts[0] for frame in found.frames) == [
        "compare (Functional)",
        "encoder (Sequential) (shared, call 1 of 2)",
        "encoder (Sequential) (shared, call 2 of 2)",
    ]
    frame = next(frame for frame in found.frames if frame.texts[0].startswith("compare"))
    within = [box.texts[0] for box in found.boxes if inside(box.place[:2], frame.place)]
    assert [text.split(" ")[0] for text in within[:2]] == ["p", "q"]
    assert len(within) == 4


def test_a_subclassed_model_has_no_arrows() -> None:
    found = read(plot_model(subclassed(), show_layer_names=True))
    assert not found.arrows and len(found.boxes) == 10 and found.frames[0].texts[0].endswith("(Subclassed)")
    assert len({round(box.place[0] + box.place[2]) for box in found.boxes}) == 2


def test_files_and_sizes(tmp_path: Path) -> None:
    model = encoder()
    picture = plot_model(model, tmp_path / "model.svg")
    assert (tmp_path / "model.svg").read_text(encoding="utf-8") == str(picture) == picture._repr_svg_()
    half = plot_model(model, dpi=100)
    sizes = [int(str(one).split('width="')[1].split('"')[0]) for one in (picture, half)]
    assert sizes[0] == pytest.approx(2 * sizes[1], abs=2)


def test_bad_arguments() -> None:
    model = encoder()
    with pytest.raises(ValueError, match=r"plot_model expected a path that ends in '\.svg'.*'model\.png'"):
        plot_model(model, to_file="model.png")
    with pytest.raises(ValueError, match=r"`rankdir` to be one of .*'LR'.*got 'up'"):
        plot_model(model, rankdir="up")
    with pytest.raises(ValueError, match=r"`dpi` to be a positive number; got 0"):
        plot_model(model, dpi=0)
    with pytest.raises(ValueError, match="expected a model; got 3"):
        plot_model(3)
    with pytest.raises(ValueError, match=r"not built yet.*build\(input_shape\)"):
        plot_model(keras.Sequential([layers.Dense(1)]))
    assert not hasattr(keras.utils, "model_to_dot")
