"""Nadam: Adam that looks ahead along its momentum."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class Nadam(RuleOptimizer):
    """Adam that looks ahead along its momentum, as Nesterov's does.

    Update of the weights `w` with the gradient `g`:

    - `u_t = beta_1 (1 - 0.96^t / 2)` at step `t`, and `U_t = u_1 u_2 ... u_t`
    - `m <- m + (1 - beta_1) (g - m)`
    - `v <- v + (1 - beta_2) (g^2 - v)`
    - `n = u_{t+1} m / (1 - U_{t+1}) + (1 - u_t) g / (1 - U_t)`
    - `w <- w - learning_rate n / (sqrt(v / (1 - beta_2^t)) + epsilon)`

    The product `U_t` is kept as the last of the optimizer's variables; steps work it out from `t`.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        beta_1: How slowly the mean forgets, in [0, 1). Defaults to 0.9.
        beta_2: How slowly the mean square forgets, in [0, 1). Defaults to 0.999.
        epsilon: Keeps the divisor away from 0. Defaults to 1e-7.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.Nadam(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.469, 2.531]

    Source: T. Dozat, Incorporating Nesterov momentum into Adam, 2015.
    """

    _rule = "Nadam"
    _hyperparameters = (
        "beta_1",
        "beta_2",
        "epsilon",
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1 = number(beta_1, "beta_1", "Nadam", low=0.0, below=1.0)
        self.beta_2 = number(beta_2, "beta_2", "Nadam", low=0.0, below=1.0)
        self.epsilon = number(epsilon, "epsilon", "Nadam", low=0.0)
        self._make_core()

    @property
    def _u_product(self) -> Any:
        """The variable that holds `U_t`; None before `build`."""
        return self._shared

    def load_own_variables(self, store: Any) -> None:
        """Takes the variables from a store; some files of Keras 3.4 to 3.6 have the product before the slots."""
        names = [str(i) for i in range(len(self.variables))]
        start = next((i for i, one in enumerate(self.variables) if one.shape), len(names))
        product_first = (
            sorted(store.keys()) == sorted(names)
            and start < len(names) - 1
            and store[names[start]].shape == ()
        )
        if product_first:
            store = dict(
                zip(
                    names,
                    [store[n] for n in (*names[:start], *names[start + 1 :], names[start])],
                    strict=True,
                )
            )
        super().load_own_variables(store)
