"""`check_layer`: one battery for every layer, ours and yours."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from oxhorn import _core, tree
from oxhorn.testing.battery import (
    Array,
    Battery,
    Skip,
    arrays_of,
    as_json,
    copies_of,
    expect_same,
    fail,
    name_of,
    odd_layouts,
    state_of,
)
from oxhorn.testing.gradients import check_gradients
from oxhorn.testing.layer_subject import Subject


def check_layer(
    layer: Any,
    inputs: Any,
    *,
    arguments: dict[str, Any] | None = None,
    expected: Any = None,
    skip: Iterable[str] = (),
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> dict[str, str]:
    """Puts a layer to every test that a layer of the package has to pass.

    - `config`: `from_config(get_config())` makes the same layer again, through JSON;
    - `weights`: they are made once, tracked, and have names of their own;
    - `shapes`: symbolic shapes, with the batch size open, are those of the results;
    - `traced`: the layer computes the same inside a traced model as on its own;
    - `batches`: a batch in two parts gives the same rows (outside of training);
    - `state`: outside of training, calls give the same results and change no variable;
    - `gradients`: `check_gradients` in float64, in training too if `call` takes `training`;
    - `float64`: a float64 layer has float64 weights and results, a float32 layer float32 ones;
    - `saving`: weights that are saved and loaded give the same results;
    - `training`: every trainable weight gets a gradient, and gradient descent lowers a loss;
    - `masks`: a layer with `supports_masking` hands masks on, in a shape that fits its result;
    - `memory`: arrays in odd memory orders give the same results, and no input is changed.

    Args:
        layer: A layer, or its class. A layer is made anew for each check from its config, with its weights.
        inputs: An array with the batch axis, or a list or dict of arrays, as `call` takes them as its first argument.
        arguments: Arguments of the class, if `layer` is one.
        expected: The right result for the layer as given (which must be built, if it has weights), or a function
            of NumPy arrays that computes it: `expected(inputs, *weights)`.
        skip: Names of checks to leave out.
        rtol: Relative tolerance of comparisons in float32.
        atol: Absolute tolerance of comparisons in float32.

    Returns:
        `"passed"`, or `"skipped: "` and the reason, by the name of the check.

    Raises:
        AssertionError: If a check failed; the text names all that did, with what was expected, what came, and what
            to do.
        ValueError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> class Scale(keras.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        ...
        ...     def call(self, x):
        ...         return x * self.scale
        >>> keras.testing.check_layer(Scale, np.ones((4, 3)))["gradients"]
        'passed'
    """
    subject = Subject(layer, inputs, arguments, rtol, atol)
    battery = Battery(f"check_layer({name_of(subject.cls)})", skip, (*_CHECKS, "values"))
    if expected is not None:
        battery.run("values", lambda: _values(subject, expected))
    for name, check in _CHECKS.items():
        battery.run(name, lambda check=check: check(subject))  # type: ignore[misc]
    return battery.finish()


def _values(subject: Subject, expected: Any) -> None:
    layer = subject.built()
    right = expected
    if callable(expected):
        exact = [w.astype(np.float64) if w.dtype.kind == "f" else w for w in layer.get_weights()]
        right = expected(subject.data("float64"), *exact)
    expect_same(
        subject.call(layer, subject.data("float32")),
        right,
        "the result",
        "Compare `call` with the formula of `expected`.",
        subject.rtol,
        subject.atol,
    )


def _config(subject: Subject) -> None:
    name = subject.cls.__name__
    source = subject.given if subject.given is not None else subject.cls(**subject.arguments)
    config = as_json(source.get_config(), name)
    again = as_json(subject.cls.from_config(dict(config)).get_config(), name)  # type: ignore[attr-defined]
    if config != again:
        keys = sorted(key for key in {*config, *again} if config.get(key) != again.get(key))
        fail(
            f"{name}.from_config(config) to make a layer with the same config",
            f"other values for {keys}: {[config.get(k) for k in keys]} became {[again.get(k) for k in keys]}",
            "Store each argument of `__init__` as an attribute and return it in `get_config`.",
        )
    accepted = inspect.signature(subject.cls).parameters
    for key, value in subject.arguments.items():
        if key in accepted and key not in config:
            fail(
                f"get_config to contain the argument {key!r} ({value!r})",
                f"the keys {sorted(config)}",
                f"Return {{**super().get_config(), {key!r}: self.{key}}}.",
            )
    one, two = subject.built(), subject.built()
    expect_same(
        subject.call(two, subject.data("float32")),
        subject.call(one, subject.data("float32")),
        "the result of a layer made from its config",
        "Some argument is lost in `get_config`, or `from_config` changes it.",
        subject.rtol,
        subject.atol,
    )


def _shapes(subject: Subject) -> None:
    layer = subject.built()
    results = arrays_of(subject.call(layer, subject.data("float32")))
    symbolic = tree.flatten(subject.model(layer).output)
    given = tree.map_structure(lambda a: (None, *a.shape[1:]), subject.inputs)
    inferred = tree.flatten_shapes(subject.fresh().compute_output_shape(given))
    for what, shapes in (
        ("the symbolic result", [tuple(t.shape) for t in symbolic]),
        ("compute_output_shape", [tuple(s) for s in inferred]),
    ):
        right = [r.shape for r in results]
        fits = len(shapes) == len(right) and all(
            len(s) == len(r) and all(a in (None, b) for a, b in zip(s, r, strict=True))
            for s, r in zip(shapes, right, strict=True)
        )
        if not fits:
            fail(
                f"{what} to have the shapes of the results, {right}, with any batch size",
                f"{shapes}",
                "Correct `compute_output_shape`, or delete it: it is found by tracing `call`.",
            )


def _traced(subject: Subject) -> None:
    layer = subject.built()
    expect_same(
        subject.model(layer).predict(subject.data("float32"), verbose=0),
        subject.call(layer, subject.data("float32")),
        "the result inside a traced model (as in eager calls)",
        "Compute with `ops` and operators alone: numbers and arrays read from tensors are frozen in a trace.",
        subject.rtol,
        subject.atol,
    )


def _batches(subject: Subject) -> None:
    layer = subject.built()
    model = subject.model(layer)
    data = subject.data("float32")
    whole = arrays_of(model.predict(data, verbose=0))
    count = len(arrays_of(data)[0])
    parts = [
        arrays_of(model.predict(subject.rows(data, piece), verbose=0))
        for piece in (slice(0, count // 2), slice(count // 2, count))
    ]
    joined = [np.concatenate(pair) for pair in zip(*parts, strict=True)]
    expect_same(
        joined,
        whole,
        "a batch in two parts to give the rows of the whole",
        "Samples must not see each other outside of training: reduce over `axis=-1` and the like, not over the "
        "batch; keep averages in a variable. If this layer is meant to mix samples, pass skip=['batches'].",
        subject.rtol,
        subject.atol,
    )


def _state(subject: Subject) -> None:
    layer = subject.built()
    data = subject.data("float32")
    options = {"training": False} if layer._call_has_training_arg else {}
    before = state_of(layer.variables)
    losses = None
    first = arrays_of(subject.call(layer, data, **options))
    losses = len(layer.losses)
    expect_same(
        subject.call(layer, data, **options),
        first,
        "the same result from the same call",
        "Outside of training a layer must not draw random numbers: take `training` in `call` and ask it.",
        0.0,
        0.0,
    )
    for variable, old in zip(layer.variables, before, strict=False):
        if not np.array_equal(variable.numpy(), old, equal_nan=old.dtype.kind == "f"):
            fail(
                f"{variable.path!r} to stay as it is outside of training",
                "another value after a call",
                "Assign to variables only if `training` is true.",
            )
    if len(layer.losses) != losses:
        fail(
            f"{losses} losses after each call",
            f"{len(layer.losses)} after the second",
            "Call `add_loss` inside `call`, and keep no list of losses yoursubject.",
        )


def _gradients(subject: Subject) -> None:
    layer = subject.built("float64")
    data = subject.data("float64")
    floats = any(a.dtype.kind == "f" for a in arrays_of(data))
    if not floats and not layer.trainable_variables:
        raise Skip("there is nothing to differentiate")
    results = arrays_of(subject.call(layer, data))
    if not any(r.dtype.kind == "f" for r in results):
        raise Skip("the results are no floating-point numbers")
    function, leaves = _function(subject, layer)
    for training in (None, True) if layer._call_has_training_arg else (None,):
        check_gradients(
            function(training),
            leaves,
            variables=layer.trainable_variables,
            state=layer.variables,
            max_elements=24,
        )


def _function(subject: Subject, layer: Any) -> tuple[Callable[[bool | None], Any], dict[str, Array]]:
    """The layer as a function of named arrays."""
    data = subject.data("float64")
    flat = tree.flatten(data)
    names = ["input"] if len(flat) == 1 else [f"input {i}" for i in range(len(flat))]

    def with_training(training: bool | None) -> Any:
        options = {} if training is None else {"training": training}

        def call(**tensors: Any) -> Any:
            return layer(tree.pack_sequence_as(data, [tensors[name] for name in names]), **options)

        return call

    return with_training, dict(zip(names, flat, strict=True))


def _float64(subject: Subject) -> None:
    for dtype in ("float32", "float64"):
        layer = subject.built(dtype)
        for weight in layer.weights:
            if weight.dtype.startswith("float") and weight.dtype != dtype:
                fail(
                    f"the weight {weight.path!r} of a {dtype} layer to be {dtype}",
                    weight.dtype,
                    "Make weights with `self.add_weight`, without a `dtype` of their own.",
                )
        for result in arrays_of(subject.call(layer, subject.data(dtype))):
            if result.dtype.kind == "f" and result.dtype != dtype:
                fail(
                    f"a {dtype} result from a {dtype} layer",
                    str(result.dtype),
                    "Do not cast to a fixed dtype in `call`: use `x.dtype` or `self.compute_dtype`.",
                )


def _saving(subject: Subject) -> None:
    layer = subject.built()
    if not layer.weights:
        raise Skip("there are no weights")
    model = subject.model(layer)
    other = subject.model(subject.fresh())
    data = subject.data("float32")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.weights.safetensors"
        model.save_weights(path)
        other.load_weights(path)
    expect_same(
        other.predict(data, verbose=0),
        model.predict(data, verbose=0),
        "the same results after saving and loading the weights",
        "Every value that the result depends on must be a weight, made with `self.add_weight` in `build`.",
        subject.rtol,
        subject.atol,
    )


def _training(subject: Subject) -> None:
    layer = subject.built()
    variables = layer.trainable_variables
    if not variables:
        raise Skip("there are no trainable weights")
    data = tree.map_structure(_core.tensor, subject.data("float32"))
    options = {"training": False} if layer._call_has_training_arg else {}
    goals = [_goal(r) for r in arrays_of(subject.call(layer, data, **options))]

    def loss() -> Any:
        results = [r for r in tree.flatten(subject.call(layer, data, **options)) if r is not None]
        terms = [
            _core.apply("mean", [_core.apply("square", [_core.apply("subtract", [r, _core.tensor(g)])])])
            for r, g in zip(results, goals, strict=True)
            if r.dtype.startswith("float")
        ]
        total = terms[0]
        for term in [*terms[1:], *layer.losses]:
            total = total + term
        return total

    with _core.Tape() as tape:
        start = loss()
    gradients = tape.gradient(start, variables)
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is None:
            fail(
                f"a gradient for the trainable weight {variable.path!r}",
                "none: the result does not depend on it",
                "Use it in `call` through `ops`, or make it with trainable=False.",
            )
    before = [variable.numpy() for variable in variables]
    slopes = [gradient.numpy() for gradient in gradients if gradient is not None]
    if not any(np.any(slope) for slope in slopes):
        raise Skip("the gradient is zero here")
    for rate in (0.1, 0.01, 1e-3, 1e-4):
        for variable, old, slope in zip(variables, before, slopes, strict=True):
            variable.assign(old - rate * slope)
        if float(loss()) < float(start):
            return
    fail(
        f"a small step against the gradient to lower the loss from {float(start):.6g}",
        f"{float(loss()):.6g}",
        "The gradient points the wrong way: see what check_gradients says, and whether a custom gradient is used.",
    )


def _masks(subject: Subject) -> None:
    layer = subject.built()
    if not layer.supports_masking:
        raise Skip("the layer does not set `supports_masking`")
    data = tree.map_structure(_core.tensor, subject.data("float32"))
    leaves = tree.flatten(data)
    if any(len(leaf.shape) < 3 for leaf in leaves):
        raise Skip("the inputs have no axis of steps")
    for i, leaf in enumerate(leaves):
        rows, steps = int(leaf.shape[0]), int(leaf.shape[1])
        keep = np.arange(rows * steps).reshape(rows, steps) % 3 != i
        keep[:, 0] = True
        leaf._keras_mask = _core.tensor(keep)
    for result in tree.flatten(subject.call(layer, data)):
        mask = getattr(result, "_keras_mask", None)
        if mask is None:
            continue
        if tuple(mask.shape) != tuple(result.shape)[: len(mask.shape)]:
            fail(
                f"a mask whose shape begins that of the result, {tuple(result.shape)}",
                f"{tuple(mask.shape)}",
                "Define `compute_mask(self, inputs, mask)` to return the mask that fits, or None.",
            )


def _memory(subject: Subject) -> None:
    layer = subject.built()
    data = subject.data("float32")
    kept = copies_of(data)
    right = arrays_of(subject.call(layer, data))
    for given, old in zip(arrays_of(data), arrays_of(kept), strict=True):
        if not np.array_equal(given, old, equal_nan=given.dtype.kind == "f"):
            fail("the inputs to stay as they are", "other values after a call", "Do not write into inputs.")
    layouts = [odd_layouts(a) for a in tree.flatten(data)]
    for kind in layouts[0]:
        odd = tree.pack_sequence_as(
            data, [each.get(kind, a) for each, a in zip(layouts, tree.flatten(data), strict=True)]
        )
        expect_same(
            subject.call(layer, odd),
            right,
            f"the same result for an array in another memory order ({kind})",
            "Read arrays through `ops`, not through their memory.",
            subject.rtol,
            subject.atol,
        )


def _weights(subject: Subject) -> None:
    layer = subject.fresh()
    data = subject.data("float32")
    subject.call(layer, data)
    if not layer.built:
        fail(
            "layer.built to be True after the first call",
            "False",
            "Call `super().build(input_shape)` in `build`.",
        )
    first = list(layer.weights)
    subject.call(layer, data)
    if len(layer.weights) != len(first) or any(a is not b for a, b in zip(first, layer.weights, strict=True)):
        fail(
            f"the same {len(first)} weights after a second call",
            f"{len(layer.weights)}, some of them new",
            "Make weights in `build` (or `__init__`), not in `call`.",
        )
    paths = [weight.path for weight in first]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        fail(
            "a name of its own for each weight",
            f"{twice} more than once",
            "Pass `name=` to `add_weight`.",
        )
    held = {id(v) for v in layer.variables}
    for name, value in vars(layer).items():
        if isinstance(value, _core.Variable) and id(value) not in held:
            fail(
                f"the variable in the attribute {name!r} to be among `layer.variables`",
                "it is not tracked",
                "Make it with `self.add_weight`, and assign it as an attribute of the layer itself.",
            )


def _goal(result: Array) -> Array:
    """Something else than the result, in its dtype."""
    if result.dtype.kind != "f":
        return result
    wave = np.cos(np.arange(result.size)).reshape(result.shape)
    return np.asarray(result + 0.5 + wave, result.dtype)


_CHECKS: dict[str, Callable[[Subject], None]] = {
    "config": _config,
    "weights": _weights,
    "shapes": _shapes,
    "traced": _traced,
    "batches": _batches,
    "state": _state,
    "gradients": _gradients,
    "float64": _float64,
    "saving": _saving,
    "training": _training,
    "masks": _masks,
    "memory": _memory,
}
