"""`check_optimizer`: one battery for every optimizer, ours and yours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.testing.battery import Array, Battery, Skip, as_json, expect_same, fail, name_of

SHAPES = ((4, 3), (3,), ())


def check_optimizer(
    optimizer: Any,
    *,
    arguments: dict[str, Any] | None = None,
    expected: Any = None,
    skip: Iterable[str] = (),
) -> dict[str, str]:
    """Puts an optimizer to every test that an optimizer of the package has to pass.

    - `config`: `from_config(get_config())` makes the same optimizer again, through JSON;
    - `slots`: `build` makes its variables once, with names of their own, and `iterations` counts the steps;
    - `steps`: with `expected`, ten steps are those of the reference;
    - `fit`: steps inside `fit` are those of `apply`;
    - `descent`: it lowers a quadratic loss;
    - `state`: a new optimizer with the same variables goes on where the other stopped;
    - `order`: a variable moves the same whatever others there are, in whatever order;
    - `rate`: a learning rate of zero changes nothing, and a rate that is assigned counts from then on;
    - `missing`: variables without a gradient stay as they are;
    - `zeros`: gradients of zero give finite weights;
    - `float64`: float64 weights stay float64, and differ from float32 ones by rounding alone.

    Args:
        optimizer: An optimizer or its class. An optimizer is made anew from its config for each check.
        arguments: Arguments of the class, if `optimizer` is one.
        expected: A reference with a method `step(weights, gradients)` on lists of NumPy arrays, or a function that
            makes one; those of `oxhorn.testing.reference.optimizers` have it.
        skip: Names of checks to leave out.

    Returns:
        `"passed"`, or `"skipped: "` and the reason, by the name of the check.

    Raises:
        AssertionError: If a check failed; the text names all that did, with what was expected, what came, and what
            to do.
        ValueError: If an argument is not as described.

    Example:
        >>> import oxhorn as keras
        >>> keras.testing.check_optimizer(keras.optimizers.SGD(0.1, momentum=0.9))["state"]
        'passed'
    """
    subject = _Subject(optimizer, arguments, expected)
    battery = Battery(f"check_optimizer({name_of(optimizer)})", skip, _CHECKS)
    for name, check in _CHECKS.items():
        battery.run(name, lambda check=check: check(subject))  # type: ignore[misc]
    return battery.finish()


class _Subject:
    """An optimizer under test."""

    def __init__(self, optimizer: Any, arguments: dict[str, Any] | None, expected: Any) -> None:
        from oxhorn.optimizers import Optimizer

        is_class = isinstance(optimizer, type)
        if not (issubclass(optimizer, Optimizer) if is_class else isinstance(optimizer, Optimizer)):
            raise ValueError(f"check_optimizer expected an optimizer or a class of them; got {optimizer!r}.")
        if arguments is not None and not is_class:
            raise ValueError(
                "check_optimizer: `arguments` go with a class; got an optimizer, which has its arguments."
            )
        self.cls: Any = optimizer if is_class else type(optimizer)
        self.given: Any = None if is_class else optimizer
        self.arguments = dict(arguments or {})
        self.expected = expected

    def make(self) -> Any:
        if self.given is None:
            return self.cls(**self.arguments)
        return self.cls.from_config(self.given.get_config())


def _start() -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in SHAPES]


def _gradients(step: int) -> list[Array]:
    rng = np.random.default_rng(100 + step)
    return [rng.normal(size=shape) for shape in SHAPES]


def _variables(dtype: str = "float64") -> list[Any]:
    from oxhorn.engine.variable import Variable

    return [Variable(value.astype(dtype), dtype=dtype, name=f"w{i}") for i, value in enumerate(_start())]


def _run(optimizer: Any, variables: list[Any], steps: Iterable[int], dtype: str = "float64") -> list[Array]:
    for step in steps:
        optimizer.apply([_core.tensor(g.astype(dtype)) for g in _gradients(step)], variables)
    return [variable.numpy() for variable in variables]


def _config(subject: _Subject) -> None:
    name = subject.cls.__name__
    optimizer = subject.make()
    config = as_json(optimizer.get_config(), name)
    again = subject.cls.from_config(dict(config))
    other = as_json(again.get_config(), name)
    if config != other:
        keys = sorted(key for key in {*config, *other} if config.get(key) != other.get(key))
        fail(
            f"{name}.from_config(config) to make an optimizer with the same config",
            f"other values for {keys}: {[config.get(k) for k in keys]} became {[other.get(k) for k in keys]}",
            "Store each argument of `__init__` as an attribute and return it in `get_config`.",
        )
    expect_same(
        _run(again, _variables(), range(3)),
        _run(optimizer, _variables(), range(3)),
        "three steps of an optimizer made from its config",
        "Some argument is lost in `get_config`: return {**super().get_config(), 'argument': self.argument}.",
        1e-12,
        0.0,
    )


def _slots(subject: _Subject) -> None:
    optimizer, variables = subject.make(), _variables()
    optimizer.build(variables)
    slots = list(optimizer.variables)
    if not any(slot is _counter(optimizer) for slot in slots):
        fail("`iterations` among optimizer.variables", "it is missing", "Call `super().__init__(...)` first.")
    names = [slot.path or slot.name for slot in slots]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        fail(
            "a name of its own for each variable",
            f"{twice} more than once",
            "Make slots with `add_variable_from_reference(variable, name)`.",
        )
    _run(optimizer, variables, range(2))
    if len(optimizer.variables) != len(slots):
        fail(
            f"the same {len(slots)} variables after two steps",
            f"{len(optimizer.variables)}",
            "Make variables in `build`, not in `update_step`.",
        )
    if int(np.asarray(_counter(optimizer))) != 2:
        fail(
            "iterations to be 2 after two steps",
            f"{int(np.asarray(_counter(optimizer)))}",
            "Override `update_step`, not `apply`, which counts.",
        )


def _counter(optimizer: Any) -> Any:
    """The variable that counts steps; `iterations` is not it where several of them make an update."""
    return optimizer._iterations if optimizer.gradient_accumulation_steps else optimizer.iterations


def _steps(subject: _Subject) -> None:
    if subject.expected is None:
        raise Skip("no reference was given")
    reference = subject.expected() if callable(subject.expected) else subject.expected
    optimizer, variables, weights = subject.make(), _variables(), _start()
    for step in range(10):
        optimizer.apply([_core.tensor(g) for g in _gradients(step)], variables)
        weights = reference.step(weights, _gradients(step))
        expect_same(
            [variable.numpy() for variable in variables],
            weights,
            f"the weights after step {step + 1}",
            "Compare `update_step` with the formula of `expected`.",
            # A learning rate such as 0.1 is held in float32.
            1e-6,
            1e-8,
        )


def _fit(subject: _Subject) -> None:
    from oxhorn import layers
    from oxhorn.models import Sequential

    rng = np.random.default_rng(3)
    x, y, kernel = rng.normal(size=(8, 3)), rng.normal(size=(8, 1)), rng.normal(size=(3, 1))
    layer = layers.Dense(1, use_bias=False, dtype="float64")
    model = Sequential([layers.Input((3,), dtype="float64"), layer])
    layer.set_weights([kernel])
    model.compile(subject.make(), loss="mse")
    model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    from oxhorn.engine.variable import Variable

    alone, variable = subject.make(), Variable(kernel, dtype="float64", name="kernel")
    for _ in range(3):
        for rows in (slice(0, 4), slice(4, 8)):
            error = x[rows] @ variable.numpy() - y[rows]
            alone.apply([_core.tensor(2 * x[rows].T @ error / 4)], [variable])
    alone.finalize_variable_values([variable])
    expect_same(
        layer.get_weights()[0],
        variable.numpy(),
        "the weights after three epochs of `fit` (as after the same steps of `apply`)",
        "In `update_step`, compute with `ops` and keep what is remembered in variables: it is traced once inside fit.",
        1e-8,
        1e-10,
    )


def _descent(subject: _Subject) -> None:
    optimizer, variables = subject.make(), _variables()
    goal = [np.full(shape, 0.5) for shape in SHAPES]

    def loss() -> float:
        return float(sum(np.sum((v.numpy() - g) ** 2) for v, g in zip(variables, goal, strict=True)))

    start = loss()
    for _ in range(60):
        optimizer.apply(
            [_core.tensor(2 * (v.numpy() - g)) for v, g in zip(variables, goal, strict=True)], variables
        )
    if not loss() < start:
        fail(
            f"sixty steps to lower the loss sum((w - 0.5)^2) from {start:.6g}",
            f"{loss():.6g}",
            "The step must go against the gradient: `variable.assign_sub(learning_rate * gradient)`.",
        )


def _state(subject: _Subject) -> None:
    first, variables = subject.make(), _variables()
    _run(first, variables, range(3))
    second, copies = subject.make(), _variables()
    second.build(copies)
    for mine, its in zip(copies, variables, strict=True):
        mine.assign(its.numpy())
    if len(second.variables) != len(first.variables):
        fail(
            f"{len(first.variables)} variables in a new optimizer",
            f"{len(second.variables)}",
            "Make them in `build`.",
        )
    for mine, its in zip(second.variables, first.variables, strict=True):
        mine.assign(its.numpy())
    expect_same(
        _run(second, copies, range(3, 6)),
        _run(first, variables, range(3, 6)),
        "three steps of a new optimizer that took over the variables",
        "Something that the steps depend on is in an attribute, not in a variable: it is lost in files.",
        1e-12,
        0.0,
    )


def _order(subject: _Subject) -> None:
    if getattr(subject.make(), "global_clipnorm", None) is not None:
        raise Skip("global_clipnorm looks at all gradients together")
    forwards = _run(subject.make(), _variables(), range(3))
    optimizer, variables = subject.make(), _variables()
    for step in range(3):
        optimizer.apply([_core.tensor(g) for g in reversed(_gradients(step))], list(reversed(variables)))
    expect_same(
        [variable.numpy() for variable in variables],
        forwards,
        "the same steps with the variables in another order",
        "Keep a slot for each variable, and find it by the variable.",
        1e-12,
        0.0,
    )


def _rate(subject: _Subject) -> None:
    optimizer = subject.make()
    if not isinstance(getattr(optimizer, "learning_rate", None), _core.Variable):
        raise Skip("the optimizer has not one learning rate of its own")
    optimizer.learning_rate = 0.0
    if getattr(optimizer, "use_ema", False):
        raise Skip("moving averages move weights whatever the rate")
    expect_same(
        _run(optimizer, _variables(), range(2)),
        _start(),
        "the weights to stay with a learning rate of zero",
        "Every part of the step has the learning rate as a factor.",
        0.0,
        0.0,
    )
    high, low = subject.make(), subject.make()
    steps = high.gradient_accumulation_steps or 1
    low.learning_rate = float(np.asarray(high.learning_rate)) / 10
    moved = [
        float(np.sum(np.abs(after - before)))
        for one in (high, low)
        for after, before in [(_run(one, _variables(), range(steps))[0], _start()[0])]
    ]
    if not moved[1] < moved[0]:
        fail(
            "a tenth of the learning rate to move the weights less",
            f"{moved[1]:.6g} against {moved[0]:.6g}",
            "Use the argument `learning_rate` of `update_step`, not a number of your own.",
        )


def _missing(subject: _Subject) -> None:
    import warnings

    optimizer, variables = subject.make(), _variables()
    gradients: list[Any] = [_core.tensor(g) for g in _gradients(0)]
    gradients[1] = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer.apply(gradients, variables)
    expect_same(
        variables[1].numpy(),
        _start()[1],
        "a variable without a gradient to stay as it is",
        "Override `update_step`, not `apply`, which leaves such variables out.",
        0.0,
        0.0,
    )


def _zeros(subject: _Subject) -> None:
    optimizer, variables = subject.make(), _variables()
    for _ in range(3):
        optimizer.apply([_core.tensor(np.zeros(shape)) for shape in SHAPES], variables)
    for variable in variables:
        if not np.isfinite(variable.numpy()).all():
            fail(
                "finite weights after gradients of zero",
                "NaN or infinity",
                "Add a small number (epsilon) to what is divided by.",
            )


def _float64(subject: _Subject) -> None:
    double, single = _variables("float64"), _variables("float32")
    right = _run(subject.make(), double, range(3))
    got = _run(subject.make(), single, range(3), "float32")
    for variable, dtype in ((double[0], "float64"), (single[0], "float32")):
        if variable.dtype != dtype:
            fail(f"{dtype} weights to stay {dtype}", variable.dtype, "Cast to `variable.dtype`.")
    expect_same(
        got,
        right,
        "the weights in float32 to be those in float64, but for rounding",
        "Compute in the dtype of the variable: cast the learning rate and constants to `variable.dtype`.",
        2e-4,
        2e-5,
    )


_CHECKS: dict[str, Callable[[_Subject], None]] = {
    "config": _config,
    "slots": _slots,
    "steps": _steps,
    "fit": _fit,
    "descent": _descent,
    "state": _state,
    "order": _order,
    "rate": _rate,
    "missing": _missing,
    "zeros": _zeros,
    "float64": _float64,
}
