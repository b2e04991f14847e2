"""RMSprop: gradients divided by a running root mean square of themselves."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import boolean, number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class RMSprop(RuleOptimizer):
    """Gradients divided by a running root mean square of themselves.

    Update of the weights `w` with the gradient `g`:

    - `v <- rho v + (1 - rho) g^2`
    - `w <- w - learning_rate g / sqrt(v + epsilon)`
    - with `centered`, `a <- rho a + (1 - rho) g`, and `v - a^2` in the place of `v`
    - with `momentum`, `m <- momentum m + learning_rate g / sqrt(...)`, then `w <- w - m`

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        rho: How slowly the mean square forgets, in [0, 1]. Defaults to 0.9.
        momentum: How much of the last step is taken again, in [0, 1]. Defaults to 0.
        epsilon: Keeps the root away from 0. Defaults to 1e-7.
        centered: Use the variance in the place of the mean square. Defaults to False.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.RMSprop(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [-0.581, 3.581]

    Source: T. Tieleman, G. Hinton, Lecture 6.5 of Neural networks for machine learning, 2012.
    """

    _rule = "RMSprop"
    _hyperparameters = (
        "rho",
        "momentum",
        "epsilon",
        "centered",
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.rho = number(rho, "rho", "RMSprop", low=0.0, high=1.0)
        self.momentum = number(momentum, "momentum", "RMSprop", low=0.0, high=1.0)
        self.epsilon = number(epsilon, "epsilon", "RMSprop", low=0.0)
        self.centered = boolean(centered, "centered", "RMSprop")
        self._make_core()
