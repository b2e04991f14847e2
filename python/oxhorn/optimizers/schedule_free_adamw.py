"""ScheduleFreeAdamW: an average in place of a falling rate."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import integer, number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class ScheduleFreeAdamW(RuleOptimizer):
    """AdamW without a schedule: an average of the weights takes the place of a falling learning rate.

    Update of the weights `w` with the gradient `g`:

    - `r = learning_rate min(1, t / warmup_steps)` at step `t`
    - `v <- v + (1 - beta_2) (g^2 - v)`
    - `x = (w - (1 - beta_1) z) / beta_1`
    - `z <- z - r g / (sqrt(v / (1 - beta_2^t)) + epsilon)`, where `z` starts at `w`
    - `x <- x + (z - x) / t`
    - `w <- (1 - beta_1) z + beta_1 x`

    In training the model holds `w`, where gradients are taken; `x` is the average, and `z`, the fast sequence, is
    kept in the variables named `momentum`.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.0025.
        beta_1: The share of the average in the weights, above 0 and at most 1. Defaults to 0.9.
        beta_2: How slowly the mean square forgets, in [0, 1). Defaults to 0.999.
        epsilon: Keeps the divisor away from 0. Defaults to 1e-8.
        warmup_steps: Steps in which the rate grows to its full size. Defaults to 0.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.ScheduleFreeAdamW(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.5, 2.5]

    Source: A. Defazio et al., The road less scheduled, 2024.
    """

    _rule = "ScheduleFreeAdamW"
    _hyperparameters = (
        "beta_1",
        "beta_2",
        "epsilon",
        "warmup_steps",
    )

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
        self.beta_1 = number(beta_1, "beta_1", "ScheduleFreeAdamW", above=0.0, high=1.0)
        self.beta_2 = number(beta_2, "beta_2", "ScheduleFreeAdamW", low=0.0, below=1.0)
        self.epsilon = number(epsilon, "epsilon", "ScheduleFreeAdamW", low=0.0)
        self.warmup_steps = integer(warmup_steps, "warmup_steps", "ScheduleFreeAdamW", low=0)
        self._make_core()

    def _first_values(self, name: str, first: float, variable: Any) -> Any:
        if name != "momentum":
            return super()._first_values(name, first, variable)
        return lambda shape, dtype=None: variable.numpy()
