"""What surrounds an update rule that is written in Python; rules of the core have the same in the core.

Everything is written with operations on tensors, so that it can be traced as part of a training step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from oxhorn import _core
from oxhorn.losses.values import cast, convert, op
from oxhorn.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from oxhorn.optimizers.learning_rates import check_learning_rate
from oxhorn.optimizers.optimizer_variables import is_overwritten

if TYPE_CHECKING:
    from oxhorn.optimizers.optimizer import Optimizer


def update(optimizer: Optimizer, grads: list[Any], variables: list[Any]) -> None:
    """One update, see `Optimizer`."""
    if optimizer.loss_scale_factor is not None:
        grads = [gradient / optimizer.loss_scale_factor for gradient in grads]
    if optimizer.gradient_accumulation_steps:
        _collect(optimizer, grads, variables)
    else:
        _change(optimizer, grads, variables)
    if optimizer.use_ema:
        _average(optimizer)


def _change(optimizer: Optimizer, grads: list[Any], variables: list[Any]) -> None:
    """Clip, decay, and the optimizer's own rule."""
    rate = optimizer.learning_rate
    if not getattr(rate, "is_traced", False) and not grads[0].is_traced:
        check_learning_rate(rate, type(optimizer).__name__)
    grads = optimizer._clip_gradients(grads)
    optimizer._apply_weight_decay(variables)
    rates = _rates(optimizer, variables, rate)
    for gradient, variable, own_rate in zip(grads, variables, rates, strict=True):
        optimizer.update_step(gradient, variable, own_rate)


def _rates(optimizer: Optimizer, variables: Sequence[Any], rate: Any) -> list[Any]:
    """The learning rate of each variable."""
    rate = convert(rate)
    factors = [optimizer._rate_factor(variable) for variable in variables]
    return [
        cast(rate, variable.dtype) if factor == 1.0 else cast(rate, variable.dtype) * factor
        for variable, factor in zip(variables, factors, strict=True)
    ]


# w <- w - learning_rate weight_decay w
def decay(optimizer: Optimizer, variables: Sequence[Any]) -> None:
    """Shrinks the variables."""
    shares = [optimizer._weight_decay_of(variable) for variable in variables]
    if any(shares):
        rates = _rates(optimizer, variables, optimizer.learning_rate)
        for variable, share, rate in zip(variables, shares, rates, strict=True):
            if share:
                variable.assign(variable - variable * share * rate)


def _collect(optimizer: Optimizer, grads: list[Any], variables: list[Any]) -> None:
    """Add the gradients to those collected, or take the mean of all of them if an update is due."""
    steps = optimizer.gradient_accumulation_steps
    assert steps is not None
    stores = [optimizer._accumulated_gradients[optimizer._get_variable_index(v)] for v in variables]

    def change() -> None:
        _change(optimizer, [(g + s) / steps for s, g in zip(stores, grads, strict=True)], variables)
        for store, variable in zip(
            optimizer._accumulated_gradients, optimizer._trainable_variables, strict=True
        ):
            if not is_overwritten(variable):
                store.assign(op("zeros_like", store))

    def collect() -> None:
        for store, gradient in zip(stores, grads, strict=True):
            store.assign_add(gradient)

    if any(gradient.is_traced for gradient in grads):
        from oxhorn import ops

        ops.cond(_is_due(optimizer), change, collect)
    elif (int(optimizer._iterations.numpy()) + 1) % steps:
        collect()
    else:
        change()


def _is_due(optimizer: Optimizer) -> Any:
    """Whether this call, and not only a later one, changes the weights."""
    now = (optimizer._iterations + 1) % optimizer.gradient_accumulation_steps
    return op("equal", now, _core.tensor(0, now.dtype))


# v <- g;   with gradient accumulation v <- max(g_1, ..., g_k) at every k-th step, element by element
def overwrite(optimizer: Optimizer, grads: list[Any], variables: list[Any]) -> None:
    """Puts gradients in the place of the variables that ask for it."""
    for gradient, variable in zip(grads, variables, strict=True):
        if not is_overwritten(variable):
            continue
        if not optimizer.gradient_accumulation_steps:
            variable.assign(gradient)
            continue
        store = optimizer._accumulated_gradients[optimizer._get_variable_index(variable)]
        due, largest = _is_due(optimizer), op("maximum", gradient, store.value)
        variable.assign(op("where", due, largest, variable.value))
        store.assign(op("where", due, op("zeros_like", largest), largest))


def clip(optimizer: Optimizer, grads: list[Any]) -> list[Any]:
    """The gradients within the optimizer's limits."""
    if optimizer.clipnorm:
        return [clip_by_norm(gradient, optimizer.clipnorm) for gradient in grads]
    if optimizer.global_clipnorm:
        return clip_by_global_norm(grads, optimizer.global_clipnorm)[0]
    if optimizer.clipvalue:
        return [clip_by_value(gradient, optimizer.clipvalue) for gradient in grads]
    return grads


def _average(optimizer: Optimizer) -> None:
    updates = convert(optimizer.iterations)
    every = optimizer.ema_overwrite_frequency
    zero = _core.tensor(0, updates.dtype)
    for variable, average in zip(
        optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True
    ):
        if average is None:
            continue
        momentum = cast(op("not_equal", updates, zero), variable.dtype) * optimizer.ema_momentum
        average.assign(momentum * average + (1 - momentum) * variable)
        if every:
            now = op("equal", (updates + 1) % every, zero)
            variable.assign(op("where", now, average.value, variable.value))
