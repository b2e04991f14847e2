"""Adafactor: mean squares of rows and columns alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.arguments import boolean, number
from oxhorn.optimizers.optimizer import Optimizer
from oxhorn.optimizers.optimizer_variables import is_overwritten
from oxhorn.optimizers.powers import step_number


class Adafactor(Optimizer):
    """Steps divided by mean squares of which only rows and columns are remembered.

    Update of the weights `w` with the gradient `g`:

    - `b = 1 - t^beta_2_decay` at step `t`, and `s = g^2 + epsilon_1`
    - for matrices, `r <- b r + (1 - b) mean(s)` over the last axis, `c` likewise over the last but one, and
      `v = r c / mean(r)`
    - for vectors, `v <- b v + (1 - b) s`
    - `u = g / sqrt(v)`, and `u <- u / max(1, rms(u) / clip_threshold)`
    - `w <- w - max(epsilon_2, rms(w)) min(learning_rate, 1 / sqrt(t)) u`

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        beta_2_decay: How the mean squares' memory grows, at most 0. Defaults to -0.8.
        epsilon_1: Keeps the mean squares away from 0. Defaults to 1e-30.
        epsilon_2: Steps are taken as if weights were at least of this size. Defaults to 0.001.
        clip_threshold: Limit for the root mean square of a step, above 0. Defaults to 1.
        relative_step: Keep the learning rate below `1 / sqrt(t)`, unless a schedule decides it. The step's own
            size is kept below that in any case. Defaults to True.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> keras.optimizers.Adafactor(learning_rate=0.5).apply([[1.0, -1.0]], [w])
    >>> [round(float(x), 3) for x in w.numpy()]
    [0.209, 2.791]

    Source: N. Shazeer, M. Stern, Adafactor: adaptive learning rates with sublinear memory cost, 2018.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay = number(beta_2_decay, "beta_2_decay", "Adafactor", high=0.0)
        self.epsilon_1 = number(epsilon_1, "epsilon_1", "Adafactor", low=0.0)
        self.epsilon_2 = number(epsilon_2, "epsilon_2", "Adafactor", low=0.0)
        self.clip_threshold = number(clip_threshold, "clip_threshold", "Adafactor", above=0.0)
        self.relative_step = boolean(relative_step, "relative_step", "Adafactor")

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables for these trainable variables.

        Args:
            variables: The variables that gradients will come for.
        """
        if self.built:
            return
        super().build(variables)
        self._r: list[Any] = []
        self._c: list[Any] = []
        self._v: list[Any] = []
        for variable in variables:
            self._make_slots(variable)

    def _make_slots(self, variable: Any) -> None:
        """Rows, columns and all; a vector has no rows, and scalars in their place, so that saved files look alike."""
        if is_overwritten(variable):
            for slots in (self._r, self._c, self._v):
                slots.append(None)
            return
        shape = tuple(variable.shape)
        factored = len(shape) >= 2
        dtype = variable.dtype if factored else "int32"
        for slots, part in ((self._r, shape[:-1]), (self._c, shape[:-2] + shape[-1:])):
            slot = self.add_variable(part if factored else (), dtype=dtype, name=variable.name)
            self._slot_owners[id(slot)] = (variable, "rows or columns")
            slots.append(slot)
        self._v.append(self.add_variable_from_reference(variable, "velocity"))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """The rule for one variable.

        Args:
            gradient: The gradient.
            variable: The variable to change.
            learning_rate: The learning rate.
        """
        i, dtype = self._get_variable_index(variable), variable.dtype
        step = step_number(self)
        b = ops.cast(1 - ops.power(step, self.beta_2_decay), dtype)
        rate = ops.minimum(learning_rate, ops.cast(1 / ops.sqrt(step), dtype))
        square = ops.square(gradient) + self.epsilon_1
        v = self._v[i]
        if len(variable.shape) < 2:
            self.assign(v, b * v + (1 - b) * square)
        else:
            r, c = self._r[i], self._c[i]
            self.assign(r, b * r + (1 - b) * ops.mean(square, axis=-1))
            self.assign(c, b * c + (1 - b) * ops.mean(square, axis=-2))
            self.assign(
                v, ops.expand_dims(r / ops.mean(r, axis=-1, keepdims=True), -1) * ops.expand_dims(c, -2)
            )
        u = gradient / ops.sqrt(v)
        length = ops.maximum(_rms(variable), self.epsilon_2) / ops.maximum(_rms(u) / self.clip_threshold, 1)
        self.assign_sub(variable, u * (rate * length))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


def _rms(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))
