"""What cannot be exported says who, why and what to do, and leaves no file; and what `export` says of itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.export import export_onnx, onnx_model
from oxhorn.export.converters import CONVERTERS, Node, activation
from oxhorn.export.graph_builder import Builder, Value

L = keras.layers


def small() -> keras.Model:
    return keras.Sequential([keras.Input((3,), name="x"), L.Dense(2, name="y")], name="small")


class Decomposed(L.Layer):
    def call(self, x: Any) -> Any:
        return x * ops.sum(ops.linalg.svd(ops.eye(2) * ops.mean(x))[1])


class Sensitivity(L.Layer):
    def call(self, x: Any) -> Any:
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = ops.softmax(x)
        return tape.gradient(y, x, output_gradients=x)


class Wild(L.Layer):
    def call(self, x: Any) -> Any:
        return x + keras.random.normal((3,), seed=keras.random.SeedGenerator(1))


def through(layer: Any) -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, layer(x))


def drops_in_inference() -> keras.Model:
    x = keras.Input((4, 6))
    return keras.Model(x, L.MultiHeadAttention(2, 3, dropout=0.5, name="doubt")(x, x, training=True))


def stateful() -> keras.Model:
    x = keras.Input((4, 3), batch_size=2)
    return keras.Model(x, L.LSTM(2, stateful=True, name="memory")(x))


class Subclass(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="mine")
        self.dense = L.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "op": (
        lambda: through(Decomposed(name="factors")),
        NotImplementedError,
        r"op 'svd' in layer 'factors' factorises matrices.*Use other ops",
    ),
    "random": (
        lambda: through(Wild(name="wild")),
        NotImplementedError,
        r"in layer 'wild' draws random numbers",
    ),
    "dropped shares": (
        drops_in_inference,
        NotImplementedError,
        r"op 'dot_product_attention' in layer 'doubt' drops shares at random\. Export the model as it is used",
    ),
    "gradient": (
        lambda: through(Sensitivity(name="slopes")),
        NotImplementedError,
        r"op 'softmax_gradient' in layer 'slopes' is part of gradients, not of inference\. Use other ops",
    ),
    "stateful": (stateful, NotImplementedError, r"'memory' is stateful.*stateful=False"),
    "subclass that was not called": (Subclass, ValueError, r"'mine' has not yet been built.*input_signature"),
    "sequential without shape": (
        lambda: keras.Sequential([L.Dense(1)], name="pile"),
        ValueError,
        r"'pile' has not yet been built.*Input\(shape=",
    ),
    "layer": (lambda: L.Dense(2), TypeError, r"must be a `Model`; got Dense"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    make, error, text = REFUSED[name]
    path = tmp_path / "model.onnx"
    path.write_bytes(b"what was there")
    with pytest.raises(error, match=text):
        export_onnx(make(), path)
    assert path.read_bytes() == b"what was there"
    assert [one.name for one in tmp_path.iterdir()] == ["model.onnx"]


def test_op_without_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CONVERTERS, "dense")
    with pytest.raises(NotImplementedError, match=r"op 'dense' in layer 'y' has no converter to ONNX"):
        export_onnx(small(), tmp_path / "model.onnx")


def test_activation_without_converter() -> None:
    node = Node(
        "wave", [Value("float32", (2,), "x")], {"f": {"Wave": {"length": 2}}}, [("float32", (2,))], [], ""
    )
    with pytest.raises(
        NotImplementedError, match=r"op 'wave' is an activation, Wave, that has no converter\. Use an"
    ):
        activation(Builder(), node)


def test_gradient_of_windows() -> None:
    attributes = {"length": 4, "stride": 2}
    inputs = [Value("float32", (2, 6), "g"), Value("float32", (2, 2, 4), "x")]
    node = Node("extract_sequences", inputs, attributes, [("float32", (2, 2, 4))], [], "")
    with pytest.raises(
        NotImplementedError, match=r"is the gradient of overlap_add\. Export the model as it is used"
    ):
        CONVERTERS["extract_sequences"](Builder(), node)


def test_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere.*Make it first"):
        export_onnx(small(), tmp_path / "nowhere" / "model.onnx")
    with pytest.raises(IsADirectoryError, match=r"is a folder"):
        export_onnx(small(), tmp_path)
    with pytest.raises(TypeError):
        export_onnx(small(), 3)  # type: ignore[arg-type]
    export_onnx(small(), str(tmp_path / "no ending"))
    assert onnx.load(tmp_path / "no ending").graph.name == "small"


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install oxhorn\[onnx\]"):
        export_onnx(small(), tmp_path / "model.onnx")


def test_more_weights_than_a_file_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_model, "LIMIT", 20)
    with pytest.raises(ValueError, match=r"weights have 32 bytes, and an ONNX file can hold 20"):
        export_onnx(small(), tmp_path / "model.onnx")


SIGNATURES: list[tuple[Any, type[Exception], str]] = [
    (
        [keras.InputSpec("float32", (None, 3))] * 2,
        ValueError,
        r"has 2 entries, but model 'small' has 1 inputs: \['x'\]",
    ),
    ("float32", TypeError, r"must hold KerasTensors, InputSpecs with a shape, or arrays; got 'float32'"),
    (keras.InputSpec(ndim=2), TypeError, r"InputSpecs with a shape"),
]


@pytest.mark.parametrize(("signature", "error", "text"), SIGNATURES)
def test_signatures(signature: Any, error: type[Exception], text: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=text):
        export_onnx(small(), tmp_path / "model.onnx", input_signature=signature)


def test_formats_and_options(tmp_path: Path) -> None:
    path, model = tmp_path / "model", small()
    for name in ("tf_saved_model", "openvino", "litert", "torch"):
        with pytest.raises(NotImplementedError, match=rf"format '{name}' .* not built.*\['onnx'\]"):
            model.export(path, format=name)
    with pytest.raises(NotImplementedError, match=r'format="onnx"'):
        model.export(path)
    with pytest.raises(ValueError, match=r"Unrecognized format='tensorrt'.*\['onnx'\]"):
        model.export(path, format="tensorrt")
    with pytest.raises(ValueError, match=r"option `opset_version` and no other; got is_static"):
        model.export(path, format="onnx", is_static=True)
    with pytest.raises(ValueError, match=r"opset_version=3"):
        model.export(path, format="onnx", opset_version=3)
    assert list(tmp_path.iterdir()) == []


def test_what_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.onnx"
    small().export(path, format="onnx")
    assert capsys.readouterr().out == f"Saved artifact at '{path}'.\n"
    small().export(path, format="onnx", verbose=False, opset_version=18)
    assert capsys.readouterr().out == ""


def test_what_is_in_the_file(tmp_path: Path) -> None:
    path, model = tmp_path / "model.onnx", small()
    export_onnx(model, path)
    made = onnx.load(path)
    assert (made.producer_name, made.producer_version) == ("oxhorn", keras.version())
    assert [one.version for one in made.opset_import] == [18]
    (given,), (result,) = made.graph.input, made.graph.output
    assert (given.name, result.name) == ("x", "y")
    for spec, width in ((given, 3), (result, 2)):
        batch, size = spec.type.tensor_type.shape.dim
        assert (batch.dim_param, size.dim_value) == ("batch", width)
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in made.graph.initializer}
    assert set(weights) == {variable.path for variable in model.weights}
    assert np.array_equal(weights["small/y/kernel"], model.weights[0].numpy())
    assert [node.name for node in made.graph.node] == ["y/Gemm"]
