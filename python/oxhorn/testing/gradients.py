"""Are these gradients right? The answer by central differences, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn import _core

Array = NDArray[Any]


def check_gradients(
    target: Callable[..., Any],
    inputs: ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike],
    *,
    variables: Sequence[_core.Variable] | None = None,
    state: Sequence[_core.Variable] | None = None,
    training: bool | None = None,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    max_elements: int = 64,
) -> None:
    """Compares the gradients of a layer, model, loss or function with central differences.

    d f / d w[i]  ~  (f(w + eps e_i) - f(w - eps e_i)) / (2 eps)

    f is the sum of all outputs, each multiplied by a fixed random number so that errors cannot cancel.
    Every float input and every trainable variable is checked, in float64; an element is right when the
    two values differ by at most `atol + rtol * |difference quotient|`. Variables that the call changes
    (moving statistics, seeds) are put back before each evaluation and at the end.

    Args:
        target: a layer, model or loss, or any function of tensors that returns a tensor or several.
            Layers and models of float32 are checked as copies in float64, made from their configs; without a
            config, build them with `dtype="float64"`.
        inputs: one array, or a list of arrays (a tuple for a target of several arguments; so is a list of one),
            or a dict of arrays by argument name. Floats become float64; integers and booleans are passed as they are.
        variables: the variables to check; by default the target's `trainable_variables`.
        state: variables that the call may change; by default the target's `variables`.
        training: passed on to the target when it is not None.
        eps: half the distance of the two points.
        atol: absolute tolerance.
        rtol: tolerance relative to the difference quotient.
        max_elements: so many elements of each array are checked, chosen by a fixed random order.

    Returns:
        Nothing.

    Raises:
        AssertionError: a gradient is wrong; the message names the parameter and the index.
        ValueError: a variable is not float64, or there is nothing to check.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> layer = keras.layers.Dense(2, activation="tanh", dtype="float64")
        >>> keras.testing.check_gradients(layer, np.ones((3, 4)))
    """
    if isinstance(inputs, list) and len(inputs) == 1 and hasattr(inputs[0], "__array__"):
        inputs = tuple(inputs)
    arrays = _named_inputs(inputs)
    if variables is None:
        target = _in_float64(target, inputs, arrays)
    function = _Evaluation(target, inputs, arrays, training)
    changing = list(state) if state is not None else None
    function.keep_state(getattr(target, "variables", ()) if changing is None else changing)
    function.value()  # builds what is built at the first call
    function.restore()
    checked = list(getattr(target, "trainable_variables", ()) if variables is None else variables)
    function.keep_state(list(getattr(target, "variables", ()) if changing is None else changing) + checked)
    for variable in checked:
        if variable.dtype != "float64":
            raise ValueError(
                f"check_gradients: {_name(variable)} must be float64 for central differences, got "
                f'{variable.dtype}. Build the layer with dtype="float64" or set_floatx("float64").'
            )
    floats = {name: array for name, array in arrays.items() if array.dtype == np.float64}
    if not checked and not floats:
        raise ValueError(
            "check_gradients: expected float inputs or trainable variables to check, got neither. "
            "Pass float arrays, or `variables=[...]`."
        )
    of_inputs, of_variables = function.gradients(list(floats), checked)
    for (name, array), gradient in zip(floats.items(), of_inputs, strict=True):
        _compare(name, array, gradient, function.value, (eps, atol, rtol, max_elements))
    for variable, gradient in zip(checked, of_variables, strict=True):
        array = np.array(variable.numpy(), np.float64)
        function.pinned = (variable, array)
        _compare(_name(variable), array, gradient, function.value, (eps, atol, rtol, max_elements))
        variable.assign(array)
        function.pinned = None
    function.restore()


def _in_float64(target: Any, inputs: Any, arrays: dict[str, Array]) -> Any:
    """A layer or model of float32 made anew in float64, with the same weights; anything else as it is."""
    if getattr(target, "compute_dtype", None) != "float32" or not hasattr(target, "get_config"):
        return target
    from oxhorn import config

    before = config.floatx()
    config.set_floatx("float64")
    try:
        try:
            copy = type(target).from_config(_with_float64(target.get_config()))
        except NotImplementedError:
            return target  # No config: what it is made of is told below, variable by variable.
        if target.built and target.variables:
            if not copy.built:
                _Evaluation(copy, inputs, arrays, None).value()
            for variable, given in zip(copy.variables, target.variables, strict=True):
                variable.assign(given.numpy().astype(variable.dtype))
    finally:
        config.set_floatx(before)
    return copy


def _with_float64(config: Any) -> Any:
    """A config with float64 in the place of float32, in policies, layers and inputs."""
    if isinstance(config, Mapping):
        return {key: _with_float64(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_with_float64(item) for item in config)
    return "float64" if config == "float32" else config


class _Evaluation:
    """The target as a function of its input arrays, from the same state each time."""

    def __init__(
        self, target: Callable[..., Any], like: Any, arrays: dict[str, Array], training: bool | None
    ) -> None:
        self.target, self.like, self.arrays = target, like, arrays
        self.options = {} if training is None else {"training": training}
        self.state: list[tuple[_core.Variable, Array]] = []
        self.pinned: tuple[_core.Variable, Array] | None = None

    def keep_state(self, variables: Iterable[_core.Variable]) -> None:
        self.state = [(v, np.array(v.numpy())) for v in {id(v): v for v in variables}.values()]

    def restore(self) -> None:
        for variable, value in self.state:
            variable.assign(value)

    def outputs(self, tensors: dict[str, _core.Tensor]) -> list[_core.Tensor]:
        self.restore()
        if self.pinned is not None:
            self.pinned[0].assign(self.pinned[1])
        if isinstance(self.like, Mapping):
            result = self.target(**tensors, **self.options)
        elif isinstance(self.like, list) and not _is_numbers(self.like):
            result = self.target(list(tensors.values()), **self.options)
        else:
            result = self.target(*tensors.values(), **self.options)
        return [y for y in _flat(result) if y.dtype.startswith("float")]

    def value(self) -> float:
        tensors = {name: _core.tensor(array) for name, array in self.arrays.items()}
        ys = [np.asarray(y.numpy(), np.float64) for y in self.outputs(tensors)]
        return float(sum(np.sum(y * r) for y, r in zip(ys, _weights(ys), strict=True)))

    def gradients(
        self, names: Sequence[str], variables: Sequence[_core.Variable]
    ) -> tuple[list[Array | None], list[Array | None]]:
        tensors = {name: _core.tensor(array) for name, array in self.arrays.items()}
        with _core.Tape() as tape:
            for source in [tensors[name] for name in names] + list(variables):
                tape.watch(source)
            ys = self.outputs(tensors)
            terms = [
                _core.apply("sum", [_core.apply("multiply", [y, _core.tensor(r.astype(y.dtype))])])
                for y, r in zip(ys, _weights(ys), strict=True)
            ]
            total = terms[0]
            for term in terms[1:]:
                total = _core.apply("add", [total, term])
        found = tape.gradient(total, [tensors[name] for name in names] + list(variables))
        result = [None if g is None else np.asarray(g.numpy()) for g in found]
        return result[: len(names)], result[len(names) :]


def _compare(
    name: str,
    array: Array,
    gradient: Array | None,
    value: Callable[[], float],
    limits: tuple[float, float, float, int],
) -> None:
    eps, atol, rtol, max_elements = limits
    given = np.zeros_like(array) if gradient is None else gradient
    if given.shape != array.shape:
        raise AssertionError(f"gradient of {name}: expected shape {array.shape}, got {given.shape}")
    places = np.random.default_rng(0).permutation(array.size)[:max_elements]
    wrong: list[tuple[float, str]] = []
    for place in places:
        index = tuple(int(i) for i in np.unravel_index(int(place), array.shape))
        centre = array[index]
        array[index] = centre + eps
        high = value()
        array[index] = centre - eps
        low = value()
        array[index] = centre
        expected, got = (high - low) / (2.0 * eps), float(given[index])
        error = abs(expected - got)
        if not error <= atol + rtol * abs(expected):
            at = "[" + ", ".join(map(str, index)) + "]" if index else ""
            wrong.append((error, f"{name}{at}: central difference {expected:.9g}, gradient {got:.9g}"))
    if wrong:
        worst = max(wrong, key=lambda w: w[0])[1]
        raise AssertionError(
            f"wrong gradient of {worst} (atol {atol:g}, rtol {rtol:g}); "
            f"{len(wrong)} of {len(places)} elements checked are wrong"
        )


def _weights(ys: Sequence[Any]) -> list[Array]:
    rng = np.random.default_rng(7)
    return [
        rng.uniform(0.5, 1.5, size=tuple(y.shape)) * rng.choice([-1.0, 1.0], size=tuple(y.shape)) for y in ys
    ]


def _named_inputs(inputs: Any) -> dict[str, Array]:
    if isinstance(inputs, Mapping):
        items = [(str(name), x) for name, x in inputs.items()]
    elif isinstance(inputs, (list, tuple)) and not _is_numbers(inputs):
        items = [(f"input {i}", x) for i, x in enumerate(inputs)]
    else:
        items = [("input", inputs)]
    arrays = {name: np.asarray(x) for name, x in items}
    return {
        name: np.array(a, np.float64) if np.issubdtype(a.dtype, np.floating) else a
        for name, a in arrays.items()
    }


def _is_numbers(inputs: Any) -> bool:
    """A list of plain numbers (nested or not) is one array; a list of arrays is several."""
    return not any(hasattr(x, "__array__") for x in inputs)


def _flat(result: Any) -> list[Any]:
    if isinstance(result, Mapping):
        return [y for x in result.values() for y in _flat(x)]
    if isinstance(result, (list, tuple)):
        return [y for x in result for y in _flat(x)]
    return [result]


def _name(variable: _core.Variable) -> str:
    return variable.path or variable.name
