"""Muon: steps along orthogonal matrices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.arguments import boolean, describe, integer, number
from oxhorn.optimizers.optimizer import Optimizer
from oxhorn.optimizers.optimizer_variables import is_overwritten
from oxhorn.optimizers.powers import unbiased


class Muon(Optimizer):
    """Steps along orthogonal matrices: every direction of a layer moves as far as any other.

    Update of a matrix `w` with the gradient `g`:

    - `m <- momentum m + g`
    - `d = g + momentum m` with `nesterov`, else `m`
    - `w <- w - learning_rate rms_rate sqrt(max(rows, columns)) orthogonal(d)`

    `orthogonal(d)` brings the singular values of `d` near 1: after `x <- d / |d|`, it repeats
    `x <- muon_a x + (muon_b A + muon_c A^2) x` with `A = x x^T`, `ns_steps` times.

    Everything else takes the step of `AdamW`: variables that are no matrices, embeddings, and what `exclude_layers`
    names.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        adam_beta_1: How slowly Adam's mean forgets, in [0, 1). Defaults to 0.9.
        adam_beta_2: How slowly Adam's mean square forgets, in [0, 1). Defaults to 0.999.
        adam_weight_decay: Weight decay of the variables that take Adam's step; None for none. Defaults to
            0.004.
        epsilon: Keeps Adam's divisor away from 0. Defaults to 1e-7.
        weight_decay: Weight decay of the matrices; None for none. Defaults to 0.004.
        clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
            gradient_accumulation_steps, name: See `Optimizer`.
        exclude_layers: Patterns that are searched for in the paths of variables: those take Adam's step. The
            last layer belongs here. Defaults to None.
        exclude_embeddings: Variables with `embedding` in their path take Adam's step. Defaults to True.
        muon_a: Coefficient of the orthogonalisation. Defaults to 3.4445.
        muon_b: As `muon_a`. Defaults to -4.775.
        muon_c: As `muon_a`. Defaults to 2.0315.
        adam_lr_ratio: What the learning rate is multiplied by for Adam's steps, at least 0. Defaults to 1.
        momentum: How much of the last direction is kept, in [0, 1]. Defaults to 0.95.
        ns_steps: Steps of the orthogonalisation. Defaults to 5.
        nesterov: Look ahead along the momentum. Defaults to True.
        rms_rate: Size of the elements of a step, per unit of learning rate, so that learning rates are Adam's;
            None leaves the step orthogonal. Defaults to 0.2.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([[3.0, 0.0], [0.0, 0.1]])
    >>> keras.optimizers.Muon(learning_rate=0.5, weight_decay=None).apply([[[4.0, 0.0], [0.0, 0.1]]], [w])
    >>> [[round(float(x), 2) for x in row] for row in w.numpy()]
    [[2.9, 0.0], [0.0, -0.03]]

    Source: K. Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024; J. Liu et al., Muon is
        scalable for LLM training, 2025, for `rms_rate`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
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
        who = "Muon"
        self.adam_beta_1 = number(adam_beta_1, "adam_beta_1", who, low=0.0, below=1.0)
        self.adam_beta_2 = number(adam_beta_2, "adam_beta_2", who, low=0.0, below=1.0)
        self.adam_weight_decay = (
            None
            if adam_weight_decay is None
            else number(adam_weight_decay, "adam_weight_decay", who, low=0.0)
        )
        self.epsilon = number(epsilon, "epsilon", who, low=0.0)
        self.exclude_layers = _patterns(exclude_layers)
        self.exclude_embeddings = boolean(exclude_embeddings, "exclude_embeddings", who)
        self.muon_a = number(muon_a, "muon_a", who)
        self.muon_b = number(muon_b, "muon_b", who)
        self.muon_c = number(muon_c, "muon_c", who)
        self.adam_lr_ratio = number(adam_lr_ratio, "adam_lr_ratio", who, low=0.0)
        self.momentum = number(momentum, "momentum", who, low=0.0, high=1.0)
        self.ns_steps = integer(ns_steps, "ns_steps", who, low=0)
        self.nesterov = boolean(nesterov, "nesterov", who)
        self.rms_rate = None if rms_rate is None else number(rms_rate, "rms_rate", who, low=0.0)

    def _should_use_adamw(self, variable: Any) -> bool:
        path = str(variable.path)
        return (
            len(variable.shape) != 2
            or (self.exclude_embeddings and "embedding" in path.lower())
            or any(re.search(pattern, path) for pattern in self.exclude_layers)
        )

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables for these trainable variables.

        Args:
            variables: The variables that gradients will come for.
        """
        if self.built:
            return
        super().build(variables)
        self.momentums: list[Any] = []
        self.adam_velocities: list[Any] = []
        for variable in variables:
            updated = not is_overwritten(variable)
            adam = updated and self._should_use_adamw(variable)
            for slots, name, wanted in (
                (self.momentums, "momentum", updated),
                (self.adam_velocities, "velocity", adam),
            ):
                slots.append(self.add_variable_from_reference(variable, name) if wanted else None)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """The rule for one variable.

        Args:
            gradient: The gradient.
            variable: The variable to change.
            learning_rate: The learning rate.
        """
        i = self._get_variable_index(variable)
        m, v = self.momentums[i], self.adam_velocities[i]
        if v is None:
            self._muon_step(gradient, variable, learning_rate, m)
        else:
            self._adam_step(gradient, variable, learning_rate * self.adam_lr_ratio, m, v)

    def _muon_step(self, gradient: Any, variable: Any, rate: Any, m: Any) -> None:
        self.assign(m, self.momentum * m + gradient)
        d = gradient + self.momentum * m if self.nesterov else m
        self.assign_sub(variable, self.lr_adjust(rate * self.zeropower_via_newtonschulz5(d, self.ns_steps)))

    # As in Adam, see there.
    def _adam_step(self, gradient: Any, variable: Any, rate: Any, m: Any, v: Any) -> None:
        one, two = (unbiased(self, beta) for beta in (self.adam_beta_1, self.adam_beta_2))
        self.assign_add(m, (gradient - m) * (1 - self.adam_beta_1))
        self.assign_add(v, (ops.square(gradient) - v) * (1 - self.adam_beta_2))
        alpha = rate * ops.cast(ops.sqrt(two) / one, variable.dtype)
        self.assign_sub(variable, m * alpha / (ops.sqrt(v) + self.epsilon))

    def lr_adjust(self, x: Any) -> Any:
        """A step of the size that `rms_rate` says: `x rms_rate sqrt(max(rows, columns))`, or `x` without it.

        Args:
            x: A matrix.
        """
        return x if self.rms_rate is None else x * (self.rms_rate * max(x.shape) ** 0.5)

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """A matrix with the singular vectors of `x`, and singular values near 1.

        Args:
            x: A matrix, or several.
            steps: How often the formula of the class is applied.

        Raises:
            ValueError: If `x` is not at least a matrix.
        """
        if len(x.shape) < 2:
            raise ValueError(f"Muon: expected a matrix to make orthogonal; got shape {tuple(x.shape)}.")
        a, b, c = self.muon_a, self.muon_b, self.muon_c
        # A is the smaller of the two products.
        tall = x.shape[-2] > x.shape[-1]
        x = ops.swapaxes(x, -1, -2) if tall else ops.convert_to_tensor(x)
        x = x / (ops.sqrt(ops.sum(ops.square(x), axis=(-2, -1), keepdims=True)) + 1e-7)
        for _ in range(steps):
            square = ops.matmul(x, ops.swapaxes(x, -1, -2))
            x = a * x + ops.matmul(b * square + c * ops.matmul(square, square), x)
        return ops.swapaxes(x, -1, -2) if tall else x

    def _weight_decay_of(self, variable: Any) -> float | None:
        if not self._use_weight_decay(variable):
            return None
        return self.adam_weight_decay if self._should_use_adamw(variable) else self.weight_decay

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "adam_beta_1": self.adam_beta_1,
            "adam_beta_2": self.adam_beta_2,
            "epsilon": self.epsilon,
            "exclude_layers": self.exclude_layers,
            "muon_a": self.muon_a,
            "muon_b": self.muon_b,
            "muon_c": self.muon_c,
            "adam_lr_ratio": self.adam_lr_ratio,
            "momentum": self.momentum,
            "ns_steps": self.ns_steps,
            "nesterov": self.nesterov,
            "exclude_embeddings": self.exclude_embeddings,
            "adam_weight_decay": self.adam_weight_decay,
            "rms_rate": self.rms_rate,
        }


def _patterns(value: Any) -> list[str]:
    patterns = [value] if isinstance(value, str) else list(value or ())
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise ValueError(
                f"Muon: expected `exclude_layers` to be words or patterns. Received: {describe(pattern)} ({error})."
            ) from None
    return patterns
