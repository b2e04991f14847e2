"""`check_metric`: one battery for every metric, ours and yours."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from oxhorn.testing.battery import Array, Battery, Skip, as_json, expect_same, fail, name_of, state_of


def check_metric(
    metric: Any,
    *data: Any,
    arguments: dict[str, Any] | None = None,
    expected: Any = None,
    skip: Iterable[str] = (),
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> dict[str, str]:
    """Puts a metric to every test that a metric of the package has to pass.

    - `values`: the result is finite, and `expected` if it is given;
    - `stream`: batches of unequal sizes give the result of all samples at once;
    - `reset`: after `reset_state` the metric is like a new one;
    - `state`: all that the result depends on is in variables, and reading the result changes nothing;
    - `weights`: weights of one change nothing, weight zero is a row left out, weight two is a row twice;
    - `config`: `from_config(get_config())` makes the same metric again, through JSON;
    - `traced`: `evaluate` finds the same result as calls do;
    - `memory`: no argument is changed.

    Args:
        metric: A metric or its class. A metric is made anew from its config for each check.
        *data: What `update_state` takes: targets and predictions, or values.
        arguments: Arguments of the class, if `metric` is one.
        expected: The right result, or a function of the data that computes it with NumPy.
        skip: Names of checks to leave out.
        rtol: Relative tolerance of comparisons.
        atol: Absolute tolerance of comparisons.

    Returns:
        `"passed"`, or `"skipped: "` and the reason, by the name of the check.

    Raises:
        AssertionError: If a check failed; the text names all that did, with what was expected, what came, and what
            to do.
        ValueError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> y_true, y_pred = np.array([[0.0], [1.0], [1.0]]), np.array([[0.2], [0.7], [0.4]])
        >>> keras.testing.check_metric(keras.metrics.BinaryAccuracy, y_true, y_pred, expected=2 / 3)["stream"]
        'passed'
    """
    subject = _Subject(metric, data, arguments, expected, rtol, atol)
    battery = Battery(f"check_metric({name_of(metric)})", skip, _CHECKS)
    for name, check in _CHECKS.items():
        battery.run(name, lambda check=check: check(subject))  # type: ignore[misc]
    return battery.finish()


class _Subject:
    """A metric under test, and its data."""

    def __init__(
        self, metric: Any, data: tuple[Any, ...], arguments: Any, expected: Any, rtol: float, atol: float
    ) -> None:
        from oxhorn.metrics import Metric

        is_class = isinstance(metric, type)
        if not (issubclass(metric, Metric) if is_class else isinstance(metric, Metric)):
            raise ValueError(f"check_metric expected a metric or a class of metrics; got {metric!r}.")
        if arguments is not None and not is_class:
            raise ValueError(
                "check_metric: `arguments` go with a class; got a metric, which has its arguments."
            )
        self.cls: Any = metric if is_class else type(metric)
        self.given: Any = None if is_class else metric
        self.arguments = dict(arguments or {})
        self.data = tuple(np.array(each) for each in data)
        if not self.data or any(a.ndim == 0 or len(a) < 3 or len(a) != len(self.data[0]) for a in self.data):
            raise ValueError(
                "check_metric expected arrays of at least three samples, as many of each; got the shapes "
                f"{[a.shape for a in self.data]}."
            )
        self.expected = expected
        self.rtol, self.atol = rtol, atol

    def make(self) -> Any:
        if self.given is None:
            return self.cls(**self.arguments)
        return self.cls.from_config(self.given.get_config())

    def result(self, metric: Any, *parts: Any, weight: Array | None = None) -> Any:
        """The result after the samples that `parts` pick."""
        for rows in parts or (slice(None),):
            weights = {} if weight is None else {"sample_weight": weight[rows]}
            metric.update_state(*(a[rows] for a in self.data), **weights)
        return np.asarray(metric.result())

    def same(self, got: Any, expected: Any, what: str, do: str) -> None:
        expect_same(got, expected, what, do, self.rtol, self.atol)


def _values(subject: _Subject) -> None:
    result = subject.result(subject.make())
    if not np.isfinite(np.asarray(result, np.float64)).all():
        fail("a finite result", f"{result}", "Divide with `ops.divide_no_nan`.")
    if subject.expected is not None:
        right = subject.expected(*subject.data) if callable(subject.expected) else subject.expected
        subject.same(result, right, "the result", "Compare `update_state` and `result` with the formula.")


def _stream(subject: _Subject) -> None:
    count = len(subject.data[0])
    cuts = [1, count // 2 + 1] if count > 3 else [1]
    parts = [slice(a, b) for a, b in zip([0, *cuts], [*cuts, count], strict=True)]
    subject.same(
        subject.result(subject.make(), *parts),
        subject.result(subject.make()),
        "the result after batches of unequal sizes (as of all samples at once)",
        "Keep sums and counts in variables and divide in `result`: a mean of the means of batches is another number.",
    )


def _reset(subject: _Subject) -> None:
    metric, new = subject.make(), subject.make()
    subject.result(metric)
    metric.reset_state()
    # Some metrics make their variables when they see the first batch.
    for variable, fresh in zip(metric.variables, new.variables, strict=False):
        if not np.array_equal(variable.numpy(), fresh.numpy()):
            fail(
                f"{variable.name!r} to be {fresh.numpy()} after reset_state, as in a new metric",
                f"{variable.numpy()}",
                "Assign the start value of each variable in `reset_state`, or leave it to the base class.",
            )
    some = slice(0, len(subject.data[0]) // 2 + 1)
    subject.same(
        subject.result(metric, some),
        subject.result(new, some),
        "the result after reset_state to be that of a new metric",
        "What a metric remembers must be in variables (`add_variable`), and `reset_state` must set them back.",
    )


def _state(subject: _Subject) -> None:
    metric, other = subject.make(), subject.make()
    subject.result(other, slice(0, 2), slice(0, 1))
    other.reset_state()
    result = subject.result(metric)
    before = state_of(metric.variables)
    subject.same(
        metric.result(), result, "the second result to be the first", "`result` must not change variables."
    )
    for variable, old in zip(metric.variables, before, strict=True):
        if not np.array_equal(variable.numpy(), old):
            fail(
                f"{variable.name!r} to stay as it is when the result is read",
                "another value",
                "`result` only reads.",
            )
    if not metric.variables:
        fail(
            "variables that hold what was seen",
            "none",
            "Make them with `self.add_variable(shape, initializer, name=...)` in `__init__`.",
        )
    for variable, value in zip(other.variables, before, strict=True):
        variable.assign(value)
    subject.same(
        other.result(),
        result,
        "the result of another metric with the same variables",
        "Something that the result depends on is in an attribute, not in a variable: it is lost when traced or saved.",
    )


def _weights(subject: _Subject) -> None:
    if "sample_weight" not in inspect.signature(subject.cls.update_state).parameters:
        raise Skip("update_state takes no sample_weight")
    count = len(subject.data[0])
    do = "Multiply the values by the weights, and count the weights where samples would be counted."
    ones = subject.result(subject.make(), weight=np.ones(count))
    subject.same(ones, subject.result(subject.make()), "the result with weights of one", do)
    keep = np.arange(count) % 2 == 0
    subject.same(
        subject.result(subject.make(), weight=keep.astype(float)),
        subject.result(subject.make(), keep),
        "weights of zero to be rows left out",
        do,
    )
    subject.same(
        subject.result(subject.make(), weight=1.0 + keep),
        subject.result(subject.make(), slice(None), keep),
        "weights of two to be rows that come twice",
        do,
    )


def _config(subject: _Subject) -> None:
    name = subject.cls.__name__
    metric = subject.make()
    config = as_json(metric.get_config(), name)
    again = subject.cls.from_config(dict(config))
    other = as_json(again.get_config(), name)
    if config != other:
        keys = sorted(key for key in {*config, *other} if config.get(key) != other.get(key))
        fail(
            f"{name}.from_config(config) to make a metric with the same config",
            f"other values for {keys}: {[config.get(k) for k in keys]} became {[other.get(k) for k in keys]}",
            "Store each argument of `__init__` as an attribute and return it in `get_config`.",
        )
    subject.same(
        subject.result(again),
        subject.result(metric),
        "the result of a metric made from its config",
        "Some argument is lost in `get_config`: return {**super().get_config(), 'argument': self.argument}.",
    )


def _traced(subject: _Subject) -> None:
    from oxhorn import layers
    from oxhorn.models import Model

    if len(subject.data) != 2 or subject.data[1].ndim < 2:
        raise Skip("no model has such predictions")
    y_true, y_pred = subject.data
    inputs = layers.Input(y_pred.shape[1:])
    model = Model(inputs, layers.Identity()(inputs))
    metric = subject.make()
    model.compile(metrics=[metric])
    logs = model.evaluate(
        y_pred.astype(np.float32), y_true, batch_size=len(y_pred) // 2 + 1, verbose=0, return_dict=True
    )
    expect_same(
        logs[metric.name],
        subject.result(subject.make()),
        "the result that `evaluate` finds (as with eager calls)",
        "Compute with `ops` and operators alone, and keep the state in variables.",
        max(subject.rtol, 1e-4),
        max(subject.atol, 1e-5),
    )


def _memory(subject: _Subject) -> None:
    kept = [a.copy() for a in subject.data]
    subject.result(subject.make())
    if not all(np.array_equal(a, b) for a, b in zip(subject.data, kept, strict=True)):
        fail(
            "the arguments to stay as they are", "other values after update_state", "Do not write into them."
        )


_CHECKS: dict[str, Callable[[_Subject], None]] = {
    "values": _values,
    "stream": _stream,
    "reset": _reset,
    "state": _state,
    "weights": _weights,
    "config": _config,
    "traced": _traced,
    "memory": _memory,
}
