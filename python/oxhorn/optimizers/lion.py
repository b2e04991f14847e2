"""Lion: steps of one size, along the sign of a mean."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class Lion(RuleOptimizer):
    """Steps of one size everywhere, along the sign of a mean of gradients.

    Update of the weights `w` with the gradient `g`:

    - `w <- w - learning_rate sign(beta_1 m + (1 - beta_1) g)`
    - `m <- beta_2 m + (1 - beta_2) g`

    Since every weight moves by the whole learning rate, that is best three to ten times smaller than Adam's, and
    weight decay as much larger.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        beta_1: The share of the mean in the direction, above 0 and at most 1. Defaults to 0.9.
        beta_2: How slowly the mean forgets, in [0, 1]. Defaults to 0.99.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.Lion(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.5, 2.5]

    Source: X. Chen et al., Symbolic discovery of optimization algorithms, 2023.
    """

    _rule = "Lion"
    _hyperparameters = (
        "beta_1",
        "beta_2",
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        try:
            self.beta_1 = number(beta_1, "beta_1", "Lion", above=0.0, high=1.0)
        except ValueError:
            raise ValueError(
                "Lion: expected a mean with a share above 0. Argument `beta_1` must be in the [0, 1] range. Otherwise,"
                f" the optimizer degenerates to SignSGD. Received: beta_1={beta_1}. Pass a number such as 0.9."
            ) from None
        self.beta_2 = number(beta_2, "beta_2", "Lion", low=0.0, high=1.0)
        self._make_core()
