"""What all optimizers share: gradients g are collected and clipped; the weight w decays, moves and is averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


class Optimizer:
    """The part all optimizers share; a subclass says how one weight moves.

    Args:
        clipnorm: each gradient longer than this is scaled to this length.
        clipvalue: each element is kept within [-clipvalue, clipvalue].
        global_clipnorm: as clipnorm, the length taken over all gradients together.
        weight_decay: w <- w - lr * weight_decay * w before the update.
        use_ema: average <- m * average + (1 - m) * w after it, m = ema_momentum (0 at the first step);
            every `ema_overwrite_frequency` steps the weights become their average.
        gradient_accumulation_steps: the mean of so many gradients makes one update; the weights rest in between.
        loss_scale_factor: gradients are divided by it.
        no_decay: numbers of the weights that do not decay.
        multipliers: a factor of the learning rate for each weight; 1 for all if None.
    """

    slots: dict[str, float] = {}

    def __init__(
        self,
        learning_rate: float = 0.001,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        weight_decay: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        gradient_accumulation_steps: int | None = None,
        loss_scale_factor: float | None = None,
        no_decay: Sequence[int] = (),
        multipliers: Sequence[float] | None = None,
    ) -> None:
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.accumulation, self.loss_scale = gradient_accumulation_steps or 1, loss_scale_factor or 1.0
        self.no_decay, self.multipliers = no_decay, multipliers
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = (
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
        )
        self.iterations = 0
        self.state: list[dict[str, Array]] = []
        self.averages: list[Array] = []
        self.collected: list[Array] = []

    def clip(self, grads: list[Array]) -> list[Array]:
        if self.clipnorm:
            return [g * self.clipnorm / max(float(np.sqrt(np.sum(g * g))), self.clipnorm) for g in grads]
        if self.global_clipnorm:
            norm = float(np.sqrt(sum(np.sum(g * g) for g in grads)))
            return [g * self.global_clipnorm / max(norm, self.global_clipnorm) for g in grads]
        if self.clipvalue:
            return [np.clip(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def step(self, weights: Sequence[ArrayLike], grads: Sequence[ArrayLike]) -> list[Array]:
        """The weights after one step."""
        w = [np.array(x, float) for x in weights]
        if not self.state:
            self.state = [{k: np.full_like(x, v) for k, v in self.slots.items()} for x in w]
            self.averages = [np.zeros_like(x) for x in w]
            self.collected = [np.zeros_like(x) for x in w]
        updates = self.iterations // self.accumulation
        self.collected = [
            c + np.asarray(g, float) / self.loss_scale for c, g in zip(self.collected, grads, strict=True)
        ]
        self.iterations += 1
        if self.iterations % self.accumulation == 0:
            w = self.change(w, [c / self.accumulation for c in self.collected], updates + 1)
            self.collected = [np.zeros_like(x) for x in w]
        if self.use_ema:
            m = self.ema_momentum if updates else 0.0
            self.averages = [m * a + (1.0 - m) * x for a, x in zip(self.averages, w, strict=True)]
            if self.ema_overwrite_frequency and (updates + 1) % self.ema_overwrite_frequency == 0:
                w = [a.copy() for a in self.averages]
        return w

    def change(self, w: list[Array], grads: list[Array], t: int) -> list[Array]:
        """The weights after update number `t`."""
        rate, after = self.learning_rate, []
        for i, (x, g) in enumerate(zip(w, self.clip(grads), strict=True)):
            self.learning_rate = rate * (self.multipliers[i] if self.multipliers else 1.0)
            x = self.decay(x, 0.0 if i in self.no_decay else self.weight_decay or 0.0)
            after.append(self.update(x, g, self.state[i], t))
        self.learning_rate = rate
        return after

    def decay(self, w: Array, share: float) -> Array:
        return w - self.learning_rate * share * w

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        """The new w; `s` holds this weight's slots, `t` counts updates from 1."""
        raise NotImplementedError
