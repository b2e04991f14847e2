"""What onnxruntime makes of an export, compared with the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime

import oxhorn as keras
from oxhorn import _core
from oxhorn.export.onnx_model import onnx_model
from oxhorn.export.trace import TracedModel, trace_model

# float32: sums in another order; float64 is compared as closely as onnxruntime computes it.
RTOL, ATOL = 1e-5, 1e-5
onnxruntime.set_default_logger_severity(3)


def traced_function(fn: Any, specs: Sequence[tuple[tuple[int | None, ...], str]]) -> TracedModel:
    """A function of tensors, as the export of a model takes it."""
    graph = _core.Graph()
    with graph:
        inputs = [graph.input(shape, dtype) for shape, dtype in specs]
        outputs = keras.tree.flatten(fn(*inputs))
    listing = graph.listing(outputs)
    names = [(f"x{i}", dtype, tuple(shape)) for i, (shape, dtype) in enumerate(specs)]
    return TracedModel(listing, names, [(f"y{i}", i) for i in range(len(outputs))], [])


def made(traced: TracedModel) -> Any:
    """The file's content, checked."""
    model = onnx_model(traced, "tested")
    onnx.checker.check_model(model, full_check=True)
    return model


def session(model: Any) -> Any:
    """onnxruntime with the file's content."""
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def run(one: Any, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The outputs for arrays in the order of the inputs."""
    return one.run(
        None, {spec.name: np.asarray(array) for spec, array in zip(one.get_inputs(), arrays, strict=True)}
    )


def assert_same(got: Sequence[np.ndarray], expected: Sequence[Any], loose: float = 1.0) -> None:
    """Shapes, dtypes and numbers."""
    assert len(got) == len(expected)
    for y, e in zip(got, expected, strict=True):
        e = np.asarray(e)
        assert (y.shape, y.dtype) == (e.shape, e.dtype)
        if np.issubdtype(e.dtype, np.floating):
            np.testing.assert_allclose(y, e, rtol=RTOL * loose, atol=ATOL * loose)
        else:
            np.testing.assert_array_equal(y, e)


def check_function(fn: Any, *batches: Sequence[np.ndarray], specs: Any = None, loose: float = 1.0) -> Any:
    """Exports a function of tensors, runs it on each batch and compares; gives the file's content.

    `specs` are shapes and dtypes of the inputs, those of the first batch by default.
    """
    content = made(traced_function(fn, specs or [(array.shape, array.dtype.name) for array in batches[0]]))
    one = session(content)
    for arrays in batches:
        expected = keras.tree.flatten(fn(*[_core.tensor(array) for array in arrays]))
        assert_same(run(one, arrays), [y.numpy() for y in expected], loose)
    return content


def check(model: keras.Model, *batches: Any, signature: Any = None, loose: float = 1.0) -> Any:
    """Exports a model, runs it on each batch (an array, or a list of them) and compares; gives the file's content."""
    content = made(trace_model(model, signature))
    one = session(content)
    for batch in batches:
        arrays = keras.tree.flatten(batch)
        given = [keras.ops.convert_to_tensor(array) for array in arrays]
        expected = keras.tree.flatten(model(keras.tree.pack_sequence_as(batch, given), training=False))
        assert_same(run(one, arrays), [e.numpy() for e in expected], loose)
    return content


def ops_of(content: Any) -> list[str]:
    """The kinds of the nodes, in their order."""
    return [node.op_type for node in content.graph.node]
