"""Lamb: Adam with a step size for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.arguments import number
from oxhorn.optimizers.optimizer import Optimizer
from oxhorn.optimizers.powers import unbiased


class Lamb(Optimizer):
    """Adam with a step as long as the layer's weights allow: for large batches.

    Update of the weights `w` with the gradient `g`:

    - `m <- m + (1 - beta_1) (g - m)`
    - `v <- v + (1 - beta_2) (g^2 - v)`
    - `d = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)` at step `t`
    - `w <- w - learning_rate |w| / |d| d`, with Euclidean norms; a ratio of 1 where one of them is 0

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
    >>> keras.optimizers.Lamb(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.209, 2.791]

    Source: Y. You et al., Large batch optimization for deep learning: training BERT in 76 minutes, 2020.
    """

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
        self.beta_1 = number(beta_1, "beta_1", "Lamb", low=0.0, below=1.0)
        self.beta_2 = number(beta_2, "beta_2", "Lamb", low=0.0, below=1.0)
        self.epsilon = number(epsilon, "epsilon", "Lamb", low=0.0)

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables for these trainable variables.

        Args:
            variables: The variables that gradients will come for.
        """
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """The rule for one variable.

        Args:
            gradient: The gradient.
            variable: The variable to change.
            learning_rate: The learning rate.
        """
        i = self._get_variable_index(variable)
        m, v = self._momentums[i], self._velocities[i]
        self.assign_add(m, (gradient - m) * (1 - self.beta_1))
        self.assign_add(v, (ops.square(gradient) - v) * (1 - self.beta_2))
        one, two = (unbiased(self, beta) for beta in (self.beta_1, self.beta_2))
        # m / one / (sqrt(v / two) + epsilon), with the divisions drawn out of the large arrays.
        root = ops.sqrt(two)
        d = m / (ops.sqrt(v) + ops.cast(root * self.epsilon, v.dtype)) * ops.cast(root / one, m.dtype)
        weight, length = ops.sqrt(ops.sum(ops.square(variable))), ops.sqrt(ops.sum(ops.square(d)))
        known = ops.logical_and(weight > 0, length > 0)
        ratio = ops.where(known, weight / ops.where(known, length, 1), 1)
        self.assign_sub(variable, ratio * learning_rate * d)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
