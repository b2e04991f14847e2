"""Rprop: a step size for each weight, from signs alone."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import describe, number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class Rprop(RuleOptimizer):
    """A step size for each weight, from the signs of its gradients alone; an addition to Keras's list.

    Update of the weights `w` with the gradient `g`:

    - `s <- min(s eta_plus, largest)` where `g` has the sign of the gradient before
    - `s <- max(s eta_minus, smallest)` where it has the other one, and `g <- 0` there
    - `w <- w - s sign(g)`, where `s` starts at the learning rate

    Made for whole batches: signs of small batches change by chance. After the first step the learning rate matters
    no more, except that 0 leaves everything as it is.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.01.
        etas: `(eta_minus, eta_plus)`: the first in (0, 1), the second above 1. Defaults to (0.5, 1.2).
        step_sizes: `(smallest, largest)` step, both above 0. Defaults to (1e-6, 50).
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.Rprop(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.5, 2.5]

    Source: M. Riedmiller, H. Braun, A direct adaptive method for faster backpropagation learning, 1993; names and
        defaults are PyTorch's.
    """

    _rule = "Rprop"
    _hyperparameters = (
        "etas",
        "step_sizes",
    )

    def __init__(
        self,
        learning_rate: Any = 0.01,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
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
        self.etas = _pair(etas, "etas")
        self.step_sizes = _pair(step_sizes, "step_sizes")
        self._make_core()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {**super().get_config(), "etas": list(self.etas), "step_sizes": list(self.step_sizes)}


def _pair(value: Any, name: str) -> tuple[float, float]:
    try:
        low, high = value
    except (TypeError, ValueError):
        raise ValueError(
            f"Rprop: expected `{name}` to be two numbers. Received: {name}={describe(value)}."
        ) from None
    return number(low, f"{name}[0]", "Rprop", above=0.0), number(high, f"{name}[1]", "Rprop", above=0.0)
