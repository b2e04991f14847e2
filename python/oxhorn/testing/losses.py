"""`check_loss`: one battery for every loss, ours and yours."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.testing.battery import (
    Array,
    Battery,
    Skip,
    as_json,
    expect_same,
    fail,
    name_of,
    odd_layouts,
)
from oxhorn.testing.gradients import check_gradients


def check_loss(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    *,
    arguments: dict[str, Any] | None = None,
    expected: Any = None,
    skip: Iterable[str] = (),
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> dict[str, str]:
    """Puts a loss to every test that a loss of the package has to pass.

    - `values`: one finite value for each sample (or each step of one), and `expected` if it is given;
    - `config`: `from_config(get_config())` makes the same loss again, through JSON;
    - `reductions`: `"sum"`, `"mean"` and `"sum_over_batch_size"` are those of the values;
    - `weights`: weights of one change nothing, weight zero is a row left out, weight two is a row twice;
    - `batches`: a batch in two parts gives the same values;
    - `gradients`: `check_gradients` for the predictions, in float64;
    - `descent`: a small step against the gradient lowers the loss;
    - `float64`: float64 predictions give a float64 loss where the loss is asked for one;
    - `traced`: `evaluate` finds the same loss as a call;
    - `masks`: what a mask of the predictions hides does not count;
    - `memory`: arrays in odd memory orders give the same loss, and no argument is changed.

    Args:
        loss: A loss, its class, or a function `fn(y_true, y_pred)`.
        y_true: Targets, an array.
        y_pred: Predictions, an array.
        arguments: Arguments of the class, if `loss` is one.
        expected: The right values, one for each sample, or a function of NumPy arrays that computes them.
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
        >>> def cubic(y_true, y_pred):
        ...     return keras.ops.mean(abs(y_true - y_pred) ** 3, axis=-1)
        >>> rng = np.random.default_rng(0)
        >>> keras.testing.check_loss(cubic, rng.normal(size=(4, 2)), rng.normal(size=(4, 2)))["weights"]
        'passed'
    """
    subject = _Subject(loss, arguments, y_true, y_pred, expected, rtol, atol)
    battery = Battery(f"check_loss({name_of(loss)})", skip, _CHECKS)
    for name, check in _CHECKS.items():
        battery.run(name, lambda check=check: check(subject))  # type: ignore[misc]
    return battery.finish()


class _Subject:
    """A loss under test, and its data."""

    def __init__(
        self, loss: Any, arguments: Any, y_true: Any, y_pred: Any, expected: Any, rtol: float, atol: float
    ) -> None:
        from oxhorn.losses import Loss, LossFunctionWrapper

        self.is_function = False
        if isinstance(loss, type) and issubclass(loss, Loss):
            loss = loss(**(arguments or {}))
        elif arguments is not None:
            raise ValueError("check_loss: `arguments` go with a class; got a loss, which has its arguments.")
        if not isinstance(loss, Loss):
            if not callable(loss):
                raise ValueError(
                    f"check_loss expected a loss, a class of losses or a function; got {loss!r}."
                )
            self.is_function, loss = True, LossFunctionWrapper(loss)
        self.loss: Any = loss
        self.y_true, self.y_pred = np.array(y_true), np.array(y_pred)
        if self.y_true.ndim == 0 or len(self.y_true) < 2 or len(self.y_pred) != len(self.y_true):
            raise ValueError(
                "check_loss expected targets and predictions for at least two samples, as many of each; got the shapes "
                f"{self.y_true.shape} and {self.y_pred.shape}."
            )
        self.expected = expected
        self.rtol, self.atol = rtol, atol

    def make(self, reduction: str | None, dtype: str = "float64") -> Any:
        """The loss with another reduction and dtype."""
        from oxhorn import dtype_policies
        from oxhorn.losses.loss import standardize_reduction

        made = copy.copy(self.loss)
        made.reduction = standardize_reduction(reduction)
        made._dtype_policy = dtype_policies.get(dtype)
        made._dtype = dtype
        made._dtype_is_given = True
        return made

    def values(self, y_true: Any = None, y_pred: Any = None) -> Array:
        """The loss of each sample."""
        y_true = self.y_true if y_true is None else y_true
        y_pred = self.y_pred if y_pred is None else y_pred
        return np.asarray(self.make(None)(y_true, y_pred))

    def total(self, y_true: Any, y_pred: Any, weight: Any = None) -> float:
        return float(self.make("sum")(y_true, y_pred, sample_weight=weight))

    def same(self, got: Any, expected: Any, what: str, do: str) -> None:
        expect_same(got, expected, what, do, self.rtol, self.atol)


def _values(subject: _Subject) -> None:
    values = subject.values()
    if values.ndim == 0 or len(values) != len(subject.y_pred):
        fail(
            f"one value for each of the {len(subject.y_pred)} samples",
            f"the shape {values.shape}",
            "Reduce over the last axis alone, `ops.mean(..., axis=-1)`: the reduction over the batch comes later.",
        )
    if not np.isfinite(values).all():
        fail(
            "finite values",
            f"{values[~np.isfinite(values)][0]}",
            "Clip what goes into logarithms and divisors: `ops.clip(p, epsilon, 1 - epsilon)`.",
        )
    if subject.expected is not None:
        right = subject.expected
        if callable(right):
            right = right(subject.y_true, subject.y_pred)
        subject.same(
            values, right, "the loss of each sample", "Compare `call` with the formula of `expected`."
        )


def _config(subject: _Subject) -> None:
    if subject.is_function:
        raise Skip("a function has no config")
    name, loss = name_of(type(subject.loss)), subject.loss
    config = as_json(loss.get_config(), name)
    again = type(loss).from_config(dict(config))
    other = as_json(again.get_config(), name)
    if config != other:
        keys = sorted(key for key in {*config, *other} if config.get(key) != other.get(key))
        fail(
            f"{name}.from_config(config) to make a loss with the same config",
            f"other values for {keys}: {[config.get(k) for k in keys]} became {[other.get(k) for k in keys]}",
            "Store each argument of `__init__` as an attribute and return it in `get_config`.",
        )
    subject.same(
        again(subject.y_true, subject.y_pred),
        loss(subject.y_true, subject.y_pred),
        "the value of a loss made from its config",
        "Some argument is lost in `get_config`: return {**super().get_config(), 'argument': self.argument}.",
    )


def _reductions(subject: _Subject) -> None:
    values = subject.values()
    for reduction, right in (
        ("sum", values.sum()),
        ("mean", values.mean()),
        ("sum_over_batch_size", values.mean()),
    ):
        subject.same(
            subject.make(reduction)(subject.y_true, subject.y_pred),
            right,
            f"the loss with reduction={reduction!r}",
            "Define `call` and leave `__call__`, which reduces, as it is.",
        )


def _weights(subject: _Subject) -> None:
    values = subject.values()
    y_true, y_pred = subject.y_true, subject.y_pred
    if values.ndim == 0 or len(values) != len(y_pred):
        raise Skip("there is no value for each sample")
    do = "Give one value for each sample in `call`, and leave `__call__`, which weighs them, as it is."
    plain = subject.total(y_true, y_pred)
    subject.same(
        subject.total(y_true, y_pred, np.ones(len(y_pred))), plain, "the sum with weights of one", do
    )
    keep = np.arange(len(y_pred)) % 2 == 0
    subject.same(
        subject.total(y_true, y_pred, keep.astype(float)),
        subject.total(y_true[keep], y_pred[keep]),
        "weights of zero to be rows left out",
        do,
    )
    subject.same(
        subject.total(y_true, y_pred, 1.0 + keep),
        subject.total(np.concatenate([y_true, y_true[keep]]), np.concatenate([y_pred, y_pred[keep]])),
        "weights of two to be rows that come twice",
        do,
    )


def _batches(subject: _Subject) -> None:
    values = subject.values()
    half = len(subject.y_pred) // 2
    parts = [
        subject.values(subject.y_true[rows], subject.y_pred[rows])
        for rows in (slice(0, half), slice(half, None))
    ]
    if any(part.ndim == 0 for part in parts):
        raise Skip("there is no value for each sample")
    subject.same(
        np.concatenate(parts),
        values,
        "the values of a batch in two parts",
        "The loss of a sample must not depend on the others: reduce over axes other than the first.",
    )


def _gradients(subject: _Subject) -> None:
    if subject.y_pred.dtype.kind != "f":
        raise Skip("the predictions are no floating-point numbers")
    truth = _core.tensor(subject.y_true)
    loss = subject.make(None)
    check_gradients(lambda y_pred: loss(truth, y_pred), {"y_pred": subject.y_pred.astype(np.float64)})


def _descent(subject: _Subject) -> None:
    if subject.y_pred.dtype.kind != "f":
        raise Skip("the predictions are no floating-point numbers")
    y_pred = _core.tensor(subject.y_pred.astype(np.float64))
    loss = subject.make("sum")
    with _core.Tape() as tape:
        tape.watch(y_pred)
        start = loss(subject.y_true, y_pred)
    [gradient] = tape.gradient(start, [y_pred])
    if gradient is None:
        fail(
            "a loss that depends on the predictions",
            "no gradient",
            "Compute with `ops` on y_pred; argmax, rounding and comparisons have no gradient.",
        )
    if not np.any(gradient.numpy()):
        raise Skip("the gradient is zero here")
    lower = float("nan")
    for rate in (1e-2, 1e-4, 1e-6):
        lower = float(loss(subject.y_true, np.asarray(y_pred) - rate * gradient.numpy()))
        if lower < float(start):
            return
    fail(
        f"a small step against the gradient to lower the loss from {float(start):.6g}",
        f"{lower:.6g}",
        "The gradient points the wrong way: see what check_gradients says.",
    )


def _float64(subject: _Subject) -> None:
    y_pred = subject.y_pred
    for dtype in ("float32", "float64"):
        got = subject.make("sum", dtype)(
            subject.y_true, y_pred.astype(dtype) if y_pred.dtype.kind == "f" else y_pred
        )
        if got.dtype != dtype:
            fail(
                f"a {dtype} loss from a loss of that dtype",
                got.dtype,
                "Do not cast to a fixed dtype in `call`.",
            )


def _traced(subject: _Subject) -> None:
    from oxhorn import layers
    from oxhorn.models import Model

    y_pred = subject.y_pred
    if y_pred.ndim < 2 or y_pred.dtype.kind != "f":
        raise Skip("no model has such predictions")
    inputs = layers.Input(y_pred.shape[1:], dtype="float64")
    model = Model(inputs, layers.Identity(dtype="float64")(inputs))
    model.compile(loss=subject.make("sum_over_batch_size"))
    subject.same(
        model.evaluate(y_pred.astype(np.float64), subject.y_true, batch_size=len(y_pred), verbose=0),
        subject.make("sum_over_batch_size")(subject.y_true, y_pred),
        "the loss that `evaluate` finds (as in eager calls)",
        "Compute with `ops` and operators alone: numbers read from tensors are frozen in a trace.",
    )


def _masks(subject: _Subject) -> None:
    values = subject.values()
    if values.ndim == 0 or len(values) != len(subject.y_pred):
        raise Skip("there is no value for each sample")
    if getattr(subject.make("sum"), "_reads_mask", False):
        raise Skip("the loss itself says what a mask hides")
    keep = np.arange(values.size).reshape(values.shape) % 3 != 1
    y_pred = _core.tensor(subject.y_pred)
    y_pred._keras_mask = _core.tensor(keep)
    subject.same(
        subject.make("sum")(subject.y_true, y_pred),
        np.sum(values * keep),
        "the sum without what the mask hides",
        "Leave `__call__`, which reads the mask of the predictions, as it is.",
    )


def _memory(subject: _Subject) -> None:
    kept = subject.y_true.copy(), subject.y_pred.copy()
    right = subject.values()
    for given, old in zip((subject.y_true, subject.y_pred), kept, strict=True):
        if not np.array_equal(given, old):
            fail("the arguments to stay as they are", "other values after a call", "Do not write into them.")
    truths, predictions = odd_layouts(subject.y_true), odd_layouts(subject.y_pred)
    for kind, y_pred in predictions.items():
        subject.same(
            subject.values(truths.get(kind, subject.y_true), y_pred),
            right,
            f"the same loss for arrays in another memory order ({kind})",
            "Read arrays through `ops`, not through their memory.",
        )


_CHECKS: dict[str, Callable[[_Subject], None]] = {
    "values": _values,
    "config": _config,
    "reductions": _reductions,
    "weights": _weights,
    "batches": _batches,
    "gradients": _gradients,
    "descent": _descent,
    "float64": _float64,
    "traced": _traced,
    "masks": _masks,
    "memory": _memory,
}
