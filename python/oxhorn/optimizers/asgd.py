"""ASGD: descent with a mean of the weights."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class ASGD(RuleOptimizer):
    """Gradient descent with a falling rate, and a mean of the weights beside it; an addition to Keras's list.

    Update of the weights `w` with the gradient `g`:

    - `eta = learning_rate / (1 + lambd learning_rate (t - 1))^alpha` at step `t`
    - `w <- (1 - lambd eta) w - eta (g + weight_decay w)`
    - `a <- a + (w - a) / max(1, t - 1 - t0)`

    The means are `averaged_weights`, one variable for each of the model's. Weight decay is part of the gradient
    here.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.01.
        lambd: How fast the rate falls and weights shrink, at least 0. Defaults to 1e-4.
        alpha: The power with which the rate falls, at least 0. Defaults to 0.75.
        t0: The step after which the mean begins, at least 0; before, `a` is `w`. Defaults to 1e6.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.ASGD(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.5, 2.5]

    Source: B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging, 1992; names and
        defaults are PyTorch's.
    """

    _rule = "ASGD"
    _hyperparameters = (
        "lambd",
        "alpha",
        "t0",
    )

    def __init__(
        self,
        learning_rate: Any = 0.01,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
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
        self.lambd = number(lambd, "lambd", "ASGD", low=0.0)
        self.alpha = number(alpha, "alpha", "ASGD", low=0.0)
        self.t0 = number(t0, "t0", "ASGD", low=0.0)
        self._make_core()

    @property
    def averaged_weights(self) -> list[Any]:
        """The means of the weights: one variable for each that the optimizer was built with, in that order."""
        return list(self._named_slots.get("averaged_weights", ()))
