"""Optimizers: what a weight w becomes when its gradient g arrives: clip, decay, update, average."""

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
            if self.weight_decay is not None and i not in self.no_decay:
                x = x - self.learning_rate * self.weight_decay * x
            after.append(self.update(x, g, self.state[i], t))
        self.learning_rate = rate
        return after

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        """The new w; `s` holds this weight's slots, `t` counts steps from 1."""
        raise NotImplementedError


class SGD(Optimizer):
    """v <- momentum v - lr g;  w <- w + v   (nesterov: w <- w + momentum v - lr g)"""

    slots = {"momentum": 0.0}

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, **common: Any
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        v = s["momentum"] = self.momentum * s["momentum"] - self.learning_rate * g
        return w + self.momentum * v - self.learning_rate * g if self.nesterov else w + v


class RMSprop(Optimizer):
    """v <- rho v + (1 - rho) g^2;  w <- w - lr g / sqrt(v + eps)

    centered: v - a^2 takes v's place, a <- rho a + (1 - rho) g;
    momentum: m <- momentum m + lr g / sqrt(v + eps);  w <- w - m
    """

    slots = {"velocity": 0.0, "momentum": 0.0, "average_gradient": 0.0}

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        v = s["velocity"] = self.rho * s["velocity"] + (1.0 - self.rho) * g * g
        if self.centered:
            a = s["average_gradient"] = self.rho * s["average_gradient"] + (1.0 - self.rho) * g
            v = v - a * a
        s["momentum"] = self.momentum * s["momentum"] + self.learning_rate * g / np.sqrt(v + self.epsilon)
        return w - s["momentum"]


class Adam(Optimizer):
    """m <- m + (1 - b1)(g - m);  v <- v + (1 - b2)(g^2 - v);  w <- w - lr c m / (sqrt(v) + eps)

    with c = sqrt(1 - b2^t) / (1 - b1^t) (Kingma and Ba 2015); amsgrad: the largest v so far takes v's place.
    """

    slots = {"momentum": 0.0, "velocity": 0.0, "velocity_hat": 0.0}

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        correction = np.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        m = s["momentum"] = s["momentum"] + (1.0 - self.beta_1) * (g - s["momentum"])
        v = s["velocity"] = s["velocity"] + (1.0 - self.beta_2) * (g * g - s["velocity"])
        if self.amsgrad:
            v = s["velocity_hat"] = np.maximum(s["velocity_hat"], v)
        return w - self.learning_rate * correction * m / (np.sqrt(v) + self.epsilon)


class AdamW(Adam):
    """Adam with weight decay, 0.004 by default (Loshchilov and Hutter 2019)"""

    def __init__(self, learning_rate: float = 0.001, weight_decay: float = 0.004, **common: Any) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **common)


class Adagrad(Optimizer):
    """a <- a + g^2;  w <- w - lr g / sqrt(a + eps), a starting at initial_accumulator_value"""

    def __init__(
        self,
        learning_rate: float = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.slots = {"accumulator": initial_accumulator_value}
        self.epsilon = epsilon

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        a = s["accumulator"] = s["accumulator"] + g * g
        return w - self.learning_rate * g / np.sqrt(a + self.epsilon)


ALL = {c.__name__: c for c in (SGD, RMSprop, Adam, AdamW, Adagrad)}
