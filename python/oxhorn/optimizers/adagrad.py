"""Adagrad: learning rates that shrink where gradients have been large."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class Adagrad(RuleOptimizer):
    """Learning rates that shrink where gradients have been large.

    Update of the weights `w` with the gradient `g`:

    - `s <- s + g^2`
    - `w <- w - learning_rate g / sqrt(s + epsilon)`


    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        initial_accumulator_value: Where the sums `s` start; at least 0. Defaults to 0.1.
        epsilon: Keeps the root away from 0. Defaults to 1e-7.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.Adagrad(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.523, 2.477]

    Source: J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning, 2011.
    """

    _rule = "Adagrad"
    _hyperparameters = (
        "initial_accumulator_value",
        "epsilon",
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
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
        self.initial_accumulator_value = number(
            initial_accumulator_value, "initial_accumulator_value", "Adagrad", low=0.0
        )
        self.epsilon = number(epsilon, "epsilon", "Adagrad", low=0.0)
        self._make_core()
