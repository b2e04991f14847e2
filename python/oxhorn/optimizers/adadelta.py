"""Adadelta: steps in the unit of the weights."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class Adadelta(RuleOptimizer):
    """Steps in the unit of the weights, from running mean squares of gradients and of steps.

    Update of the weights `w` with the gradient `g`:

    - `a <- rho a + (1 - rho) g^2`
    - `d = sqrt(s + epsilon) / sqrt(a + epsilon) g`
    - `s <- rho s + (1 - rho) d^2`
    - `w <- w - learning_rate d`

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        rho: How slowly both mean squares forget, in [0, 1]. Defaults to 0.95.
        epsilon: Makes the first steps possible and keeps the divisor away from 0. Defaults to 1e-7.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.Adadelta(learning_rate=200.0).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.717, 2.283]

    Source: M. D. Zeiler, ADADELTA: an adaptive learning rate method, 2012 (whose learning rate is 1).
    """

    _rule = "Adadelta"
    _hyperparameters = (
        "rho",
        "epsilon",
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )
        self.rho = number(rho, "rho", "Adadelta", low=0.0, high=1.0)
        self.epsilon = number(epsilon, "epsilon", "Adadelta", low=0.0)
        self._make_core()
