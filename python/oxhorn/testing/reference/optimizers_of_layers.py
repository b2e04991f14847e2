"""Optimizers whose step looks at the whole variable: at its norm, its rows and columns, its directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.reference.optimizer_base import Array, Optimizer


class Lamb(Optimizer):
    """d = m' / (sqrt(v') + eps), as in Adam;  w <- w - lr |w| / |d| d   (a ratio of 1 where either norm is 0)"""

    slots = {"momentum": 0.0, "velocity": 0.0}

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
        v = s["velocity"] = self.beta_2 * s["velocity"] + (1.0 - self.beta_2) * g * g
        d = m / (1.0 - self.beta_1**t) / (np.sqrt(v / (1.0 - self.beta_2**t)) + self.epsilon)
        weight, step = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(d * d))
        ratio = weight / step if weight > 0 and step > 0 else 1.0
        return w - self.learning_rate * ratio * d


class Adafactor(Optimizer):
    """v_ij = r_i c_j / mean(r), from running means of g^2 over rows and columns;  u = g / sqrt(v)

    w <- w - max(eps2, rms(w)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / threshold);  b2 = 1 - t^beta_2_decay
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold = clip_threshold

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        def running(name: str, x: Array) -> Array:
            s[name] = beta_2 * s.get(name, np.zeros_like(x)) + (1.0 - beta_2) * x
            return s[name]

        beta_2, square = 1.0 - float(t) ** self.beta_2_decay, g * g + self.epsilon_1
        if w.ndim < 2:
            v = running("velocity", square)
        else:
            r, c = running("rows", square.mean(-1)), running("columns", square.mean(-2))
            v = (r / r.mean(-1, keepdims=True))[..., None] * c[..., None, :]
        u = g / np.sqrt(v)
        u = u / max(1.0, rms(u) / self.clip_threshold)
        return w - max(self.epsilon_2, rms(w)) * min(self.learning_rate, t**-0.5) * u


class Muon(Optimizer):
    """m <- momentum m + g;  w <- w - lr rate sqrt(max(rows, columns)) orthogonal(g + momentum m), for matrices

    Everything that is not a matrix takes Adam's step, with adam_weight_decay.
    """

    slots = {"momentum": 0.0, "velocity": 0.0}

    def __init__(
        self,
        learning_rate: float = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **common)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.coefficients, self.ns_steps = (muon_a, muon_b, muon_c), ns_steps
        self.momentum, self.nesterov, self.rms_rate = momentum, nesterov, rms_rate

    def decay(self, w: Array, share: float) -> Array:
        return super().decay(w, share if w.ndim == 2 else self.adam_weight_decay or 0.0)

    def update(self, w: Array, g: Array, s: dict[str, Array], t: int) -> Array:
        if w.ndim != 2:
            m = s["momentum"] = self.adam_beta_1 * s["momentum"] + (1.0 - self.adam_beta_1) * g
            v = s["velocity"] = self.adam_beta_2 * s["velocity"] + (1.0 - self.adam_beta_2) * g * g
            correction = np.sqrt(1.0 - self.adam_beta_2**t) / (1.0 - self.adam_beta_1**t)
            rate = self.learning_rate * self.adam_lr_ratio
            return w - rate * correction * m / (np.sqrt(v) + self.epsilon)
        m = s["momentum"] = self.momentum * s["momentum"] + g
        d = orthogonal(g + self.momentum * m if self.nesterov else m, self.ns_steps, *self.coefficients)
        rate = 1.0 if self.rms_rate is None else self.rms_rate * np.sqrt(max(w.shape))
        return w - self.learning_rate * rate * d


def orthogonal(x: Array, steps: int, a: float, b: float, c: float) -> Array:
    """x <- a x + (b A + c A^2) x with A = x x^T: all singular values come near 1 (Newton and Schulz)"""
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(steps):
        # x x^T x = x (x^T x): the formula does not care which side is the shorter one.
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x


def rms(x: Array) -> Any:
    return np.sqrt(np.mean(x * x))
