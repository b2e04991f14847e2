"""Optimizers: what a weight w becomes when its gradient g arrives (element by element, but for the last import)."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.reference.optimizer_base import Array, Optimizer
from oxhorn.testing.reference.optimizers_of_layers import Adafactor, Lamb, Muon


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


class Adadelta(Optimizer):
    """a <- rho a + (1 - rho) g^2;  d = sqrt(s + eps) / sqrt(a + eps) g;  s <- rho s + (1 - rho) d^2;  w <- w - lr d"""

    slots = {"gradients": 0.0, "steps": 0.0}

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **common: Any
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho, self.epsilon = rho, epsilon

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        s["gradients"] = self.rho * s["gradients"] + (1.0 - self.rho) * g * g
        d = np.sqrt(s["steps"] + self.epsilon) / np.sqrt(s["gradients"] + self.epsilon) * g
        s["steps"] = self.rho * s["steps"] + (1.0 - self.rho) * d * d
        return w - self.learning_rate * d


class Adamax(Optimizer):
    """m <- b1 m + (1 - b1) g;  u <- max(b2 u, |g|);  w <- w - lr / (1 - b1^t) m / (u + eps)"""

    slots = {"momentum": 0.0, "norm": 0.0}

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        m = s["momentum"] = self.beta_1 * s["momentum"] + (1.0 - self.beta_1) * g
        u = s["norm"] = np.maximum(self.beta_2 * s["norm"], np.abs(g))
        return w - self.learning_rate / (1.0 - self.beta_1**t) * m / (u + self.epsilon)


class Nadam(Adamax):
    """u_t = b1 (1 - 0.96^t / 2);  U_t = u_1 ... u_t;  m and v as in Adam

    n = u_{t+1} m / (1 - U_{t+1}) + (1 - u_t) g / (1 - U_t);  w <- w - lr n / (sqrt(v / (1 - b2^t)) + eps)
    """

    slots = {"momentum": 0.0, "velocity": 0.0, "product": 1.0}

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        now, ahead = (self.beta_1 * (1.0 - 0.5 * 0.96**step) for step in (t, t + 1))
        m = s["momentum"] = self.beta_1 * s["momentum"] + (1.0 - self.beta_1) * g
        v = s["velocity"] = self.beta_2 * s["velocity"] + (1.0 - self.beta_2) * g * g
        product = s["product"] = s["product"] * now
        n = ahead * m / (1.0 - product * ahead) + (1.0 - now) * g / (1.0 - product)
        return w - self.learning_rate * n / (np.sqrt(v / (1.0 - self.beta_2**t)) + self.epsilon)


class Ftrl(Optimizer):
    """n' = n + g^2;  z <- z + g + 2 shrinkage w - (n'^p - n^p) / lr w, with p = -learning_rate_power

    w <- (sign(z) l1 - z) / (n'^p / lr + 2 l2 + beta / lr) where |z| > l1, else 0
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.slots = {"squares": initial_accumulator_value, "linear": 0.0}
        self.power, self.beta = -learning_rate_power, beta
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength
        self.shrinkage = l2_shrinkage_regularization_strength

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        lr, n, before = self.learning_rate, s["squares"] + g * g, s["squares"]
        sigma = (n**self.power - before**self.power) / lr
        z = s["linear"] = s["linear"] + g + 2.0 * self.shrinkage * w - sigma * w
        s["squares"] = n
        moved = (np.sign(z) * self.l1 - z) / (n**self.power / lr + 2.0 * self.l2 + self.beta / lr)
        return np.where(np.abs(z) > self.l1, moved, 0.0)


class Lion(Optimizer):
    """w <- w - lr sign(b1 m + (1 - b1) g);  m <- b2 m + (1 - b2) g"""

    slots = {"momentum": 0.0}

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **common: Any
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        direction = np.sign(self.beta_1 * s["momentum"] + (1.0 - self.beta_1) * g)
        s["momentum"] = self.beta_2 * s["momentum"] + (1.0 - self.beta_2) * g
        return w - self.learning_rate * direction


class ASGD(Optimizer):
    """eta = lr / (1 + lambd lr (t - 1))^alpha;  w <- (1 - lambd eta) w - eta (g + decay w)

    a <- a + (w - a) / max(1, t - 1 - t0)
    """

    slots = {"averaged_weights": 0.0}

    def __init__(
        self,
        learning_rate: float = 0.01,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.lambd, self.alpha, self.t0 = lambd, alpha, t0

    def decay(self, w: Array, share: float) -> Array:
        self.share = share
        return w

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        eta = self.learning_rate / (1.0 + self.lambd * self.learning_rate * (t - 1)) ** self.alpha
        w = (1.0 - self.lambd * eta) * w - eta * (g + self.share * w)
        a = s["averaged_weights"]
        s["averaged_weights"] = a + (w - a) / max(1.0, t - 1 - self.t0)
        return w


class Rprop(Optimizer):
    """s grows by eta+ where g keeps its sign, shrinks by eta- where it turns (and g <- 0);  w <- w - s sign(g)"""

    slots = {"before": 0.0}

    def __init__(
        self,
        learning_rate: float = 0.01,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.slots = {"before": 0.0, "size": learning_rate}
        self.etas, self.step_sizes = etas, step_sizes

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        turn = np.sign(g * s["before"])
        factor = np.choose(turn.astype(int) + 1, [self.etas[0], 1.0, self.etas[1]])
        s["size"] = np.clip(s["size"] * factor, *self.step_sizes)
        s["before"] = np.where(turn < 0, 0.0, g)
        return w - s["size"] * np.sign(s["before"])


class ScheduleFreeAdamW(Optimizer):
    """z <- z - r g / (sqrt(v / (1 - b2^t)) + eps);  x <- x + (z - x) / t;  w <- (1 - b1) z + b1 x

    v as in Adam; r = lr min(1, t / warmup_steps); x = (w - (1 - b1) z) / b1; both sequences start at w.
    """

    slots = {"velocity": 0.0}

    def __init__(
        self,
        learning_rate: float = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def decay(self, w: Array, share: float) -> Array:
        self.before = w
        return super().decay(w, share)

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        z = s.setdefault("fast", self.before)
        x = (w - (1.0 - self.beta_1) * z) / self.beta_1
        v = s["velocity"] = self.beta_2 * s["velocity"] + (1.0 - self.beta_2) * g * g
        rate = self.learning_rate * min(1.0, t / max(1, self.warmup_steps))
        z = s["fast"] = z - rate * g / (np.sqrt(v / (1.0 - self.beta_2**t)) + self.epsilon)
        x = x + (z - x) / t
        return (1.0 - self.beta_1) * z + self.beta_1 * x


class SparseAdam(Adam):
    """Adam in the rows whose gradient is not 0 throughout; the others keep weights, m and v"""

    def __init__(self, learning_rate: float = 0.001, epsilon: float = 1e-8, **arguments: Any) -> None:
        super().__init__(learning_rate, epsilon=epsilon, **arguments)

    def decay(self, w: Array, share: float) -> Array:
        self.share = share
        return w

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        used = np.any(g != 0, axis=tuple(range(1, g.ndim)))
        rows = {k: v[used] for k, v in s.items()}
        w = w.copy()
        w[used] = super().update(super().decay(w[used], self.share), g[used], rows, t)
        for k, v in rows.items():
            s[k][used] = v
        return w


ALL = {
    c.__name__: c
    for c in (
        ASGD,
        SGD,
        Adadelta,
        Adafactor,
        Adagrad,
        Adam,
        AdamW,
        Adamax,
        Ftrl,
        Lamb,
        Lion,
        Muon,
        Nadam,
        RMSprop,
        Rprop,
        ScheduleFreeAdamW,
        SparseAdam,
    )
}
