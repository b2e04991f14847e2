"""SGD: gradient descent, with momentum if wanted."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import boolean, number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class SGD(RuleOptimizer):
    """Gradient descent, with momentum if wanted.

    Update of the weights `w` with the gradient `g`:

    - `w <- w - learning_rate g`, without momentum
    - `m <- momentum m - learning_rate g`, then `w <- w + m`
    - with `nesterov`, `w <- w + momentum m - learning_rate g` in the second place

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.01.
        momentum: How much of the last step is taken again, in [0, 1]. Defaults to 0.
        nesterov: Look ahead along the momentum. Defaults to False.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.SGD(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.5, 2.5]

    Source: I. Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.
    """

    _rule = "SGD"
    _hyperparameters = (
        "momentum",
        "nesterov",
    )

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
            self.momentum = number(momentum, "momentum", "SGD", low=0.0, high=1.0)
        except ValueError:
            raise ValueError(
                f"SGD: `momentum` must be a float between [0, 1]. Received: momentum={momentum}. Pass a number such"
                " as 0.9."
            ) from None
        self.nesterov = boolean(nesterov, "nesterov", "SGD")
        self._make_core()
