"""AdamW: Adam with weight decay apart from the gradients."""

from __future__ import annotations

from typing import Any

from oxhorn.optimizers.adam import Adam


class AdamW(Adam):
    """Adam with weight decay apart from the gradients.

    Update of the weights `w` with the gradient `g`:

    - `w <- w - learning_rate weight_decay w`
    - then Adam's update, see `Adam`

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        weight_decay: Fraction by which weights shrink, per unit of learning rate. Defaults to 0.004.
        beta_1: How slowly the mean forgets, in [0, 1). Defaults to 0.9.
        beta_2: How slowly the mean square forgets, in [0, 1). Defaults to 0.999.
        epsilon: Keeps the divisor away from 0. Defaults to 1e-7.
        amsgrad: Divide by the largest mean square so far. Defaults to False.
        clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.AdamW(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.498, 2.496]

    Source: I. Loshchilov, F. Hutter, Decoupled weight decay regularization, 2019.
    """

    _rule = "AdamW"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        if weight_decay is None:
            raise ValueError(
                "AdamW: Argument `weight_decay` must be a float. Received: weight_decay=None. Use Adam for none."
            )
        super().__init__(
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            amsgrad=amsgrad,
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
