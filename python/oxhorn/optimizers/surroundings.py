"""What surrounds an update rule that is written in Python; rules of the core have the same in the core.

Everything is written with operations on tensors, so that it can be traced as part of a training step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxhorn import _core
from oxhorn.losses.values import cast, convert, op

if TYPE_CHECKING:
    from oxhorn.optimizers.optimizer import Optimizer


def update(optimizer: Optimizer, grads: list[Any], variables: list[Any]) -> None:
    """One update, see `Optimizer`."""
    if optimizer.loss_scale_factor is not None:
        grads = [gradient / optimizer.loss_scale_factor for gradient in grads]
    due = _accumulate(optimizer, grads, variables) if optimizer.gradient_accumulation_steps else grads
    if due is not None:
        due = clip(optimizer, due)
        rate = convert(optimizer.learning_rate)
        for gradient, variable in zip(due, variables, strict=True):
            own_rate = cast(rate, variable.dtype)
            if optimizer.weight_decay and optimizer._use_weight_decay(variable):
                variable.assign(variable - variable * optimizer.weight_decay * own_rate)
            optimizer.update_step(gradient, variable, own_rate)
    if optimizer.use_ema:
        _average(optimizer)


def _accumulate(optimizer: Optimizer, grads: list[Any], variables: list[Any]) -> list[Any] | None:
    """The mean gradients if an update is due, else None."""
    steps = optimizer.gradient_accumulation_steps
    assert steps is not None
    if any(gradient.is_traced for gradient in grads):
        raise NotImplementedError(
            f"{type(optimizer).__name__}: gradient_accumulation_steps with an update rule in Python works only"
            " eagerly. Compile with run_eagerly=True, or leave gradient_accumulation_steps out."
        )
    stores = [optimizer._accumulated_gradients[optimizer._get_variable_index(v)] for v in variables]
    if (int(optimizer._iterations.numpy()) + 1) % steps:
        for store, gradient in zip(stores, grads, strict=True):
            store.assign_add(gradient)
        return None
    due = [(gradient + store) / steps for store, gradient in zip(stores, grads, strict=True)]
    for store in optimizer._accumulated_gradients:
        store.assign(store * 0)
    return due


def clip(optimizer: Optimizer, grads: list[Any]) -> list[Any]:
    """The gradients within the optimizer's limits."""
    if optimizer.clipnorm:
        return [g * (optimizer.clipnorm / _at_least(_norm([g]), optimizer.clipnorm)) for g in grads]
    if optimizer.global_clipnorm:
        norm = _norm(grads)
        # A norm that is not finite makes everything NaN, so that the damage is seen.
        scale = optimizer.global_clipnorm / _at_least(norm, optimizer.global_clipnorm) + (norm - norm)
        return [g * cast(scale, g.dtype) for g in grads]
    if optimizer.clipvalue:
        limit = optimizer.clipvalue
        return [
            op(
                "minimum",
                op("maximum", g, _core.tensor(-limit, g.dtype)),
                _core.tensor(limit, g.dtype),
            )
            for g in grads
        ]
    return grads


def _norm(grads: list[Any]) -> Any:
    total = op("sum", op("square", grads[0]))
    for gradient in grads[1:]:
        total = total + cast(op("sum", op("square", gradient)), total.dtype)
    return op("sqrt", total)


def _at_least(x: Any, low: float) -> Any:
    return op("maximum", x, _core.tensor(low, x.dtype))


def _average(optimizer: Optimizer) -> None:
    updates = convert(optimizer.iterations)
    every = optimizer.ema_overwrite_frequency
    zero = _core.tensor(0, updates.dtype)
    for variable, average in zip(
        optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True
    ):
        momentum = cast(op("not_equal", updates, zero), variable.dtype) * optimizer.ema_momentum
        average.assign(momentum * average + (1 - momentum) * variable)
        if every:
            now = op("equal", (updates + 1) % every, zero)
            variable.assign(op("where", now, average.value, variable.value))
