"""Ftrl: follow the leader, with weights that are exactly 0."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class Ftrl(RuleOptimizer):
    """Follow the regularized leader: L1 keeps weights at exactly 0, which makes sparse models.

    Update of the weights `w` with the gradient `g`:

    - `n' = n + g^2`, where `n` starts at `initial_accumulator_value`, and `p = -learning_rate_power`
    - `z <- z + g + 2 l2_shrinkage w - (n'^p - n^p) / learning_rate w`
    - `q = n'^p / learning_rate + 2 l2 + beta / learning_rate`
    - `w <- (sign(z) l1 - z) / q` where `|z| > l1`, else 0
    - `n <- n'`

    The weights are a function of the sum of gradients; where nothing was learned yet they become 0, whatever they
    were. A learning rate of 0 leaves everything as it is.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        learning_rate_power: The power with which steps shrink, at most 0; 0 keeps the rate fixed. Defaults to
            -0.5.
        initial_accumulator_value: Where the sum of squares starts, at least 0. Defaults to 0.1.
        l1_regularization_strength: `l1`, at least 0. Defaults to 0.
        l2_regularization_strength: `l2`, at least 0. Defaults to 0.
        l2_shrinkage_regularization_strength: `l2_shrinkage`, at least 0: as if `l2_shrinkage w^2` were part of
            the loss. Defaults to 0.
        beta: Makes early steps smaller, at least 0. Defaults to 0.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.Ftrl(learning_rate=0.5, l1_regularization_strength=0.9).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.0, 1.445]

    Source: H. B. McMahan et al., Ad click prediction: a view from the trenches, 2013.
    """

    _rule = "Ftrl"
    _hyperparameters = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        self.learning_rate_power = _signed(learning_rate_power, "learning_rate_power", negative=True)
        self.initial_accumulator_value = _signed(initial_accumulator_value, "initial_accumulator_value")
        self.l1_regularization_strength = _signed(l1_regularization_strength, "l1_regularization_strength")
        self.l2_regularization_strength = _signed(l2_regularization_strength, "l2_regularization_strength")
        self.l2_shrinkage_regularization_strength = _signed(
            l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength"
        )
        self.beta = _signed(beta, "beta")
        self._make_core()


def _signed(value: Any, name: str, negative: bool = False) -> float:
    """A number of at least 0, or with `negative` of at most 0."""
    try:
        return number(value, name, "Ftrl", **({"high": 0.0} if negative else {"low": 0.0}))
    except ValueError as error:
        sign = "negative" if negative else "positive"
        # Who refused it, and what to do, is told by the cause.
        raise ValueError(f"`{name}` needs to be {sign} or zero. Received: {name}={value}.") from error
