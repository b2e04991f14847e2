"""Small networks that the whole-library tests share, and a NumPy network trained by plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np

import oxhorn as keras
from oxhorn.testing.reference import activations, optimizers

Array = np.ndarray


def blobs(n: int = 60, features: int = 6, classes: int = 3, dtype: str = "float32") -> tuple[Array, Array]:
    """Gaussian clouds and their numbers."""
    rng = np.random.default_rng(8)
    y = rng.integers(0, classes, n)
    return (rng.normal(size=(classes, features))[y] * 2 + rng.normal(size=(n, features))).astype(dtype), y


def mlp(features: int = 6, classes: int = 3, dtype: str = "float32", dropout: float = 0.0) -> keras.Model:
    """Dense, batch normalisation, ELU, dropout, softmax."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((features,), dtype=dtype),
            layers.Dense(8, dtype=dtype),
            layers.BatchNormalization(momentum=0.9, dtype=dtype),
            layers.Activation("elu", dtype=dtype),
            *([layers.Dropout(dropout, dtype=dtype)] if dropout else []),
            layers.Dense(classes, activation="softmax", dtype=dtype),
        ]
    )


def cnn(dropout: float = 0.25) -> keras.Model:
    """Two convolutions, batch normalisation, pooling, dropout."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(6, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(9, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(dropout),
            layers.Dense(3, activation="softmax"),
        ]
    )


def images(n: int = 50) -> tuple[Array, Array]:
    rng = np.random.default_rng(9)
    y = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 12, 12, 1)) + y[:, None, None, None]
    return x.astype("float32"), y


class NumpyMlp:
    """Dense - batch normalisation - ELU - dense - softmax, its gradients written out by hand.

    Weights in the order in which the library lists them: kernel, bias, gamma, beta, kernel, bias.
    """

    momentum, epsilon = 0.9, 1e-3

    def __init__(self, weights: list[Array]) -> None:
        self.weights = [w.copy() for w in weights]
        width = len(weights[1])
        self.mean, self.variance = np.zeros(width), np.ones(width)

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, list[Array]]:
        k1, b1, gamma, beta, k2, b2 = self.weights
        z = x @ k1 + b1
        mean, variance = z.mean(0), z.var(0)
        self.mean = self.momentum * self.mean + (1 - self.momentum) * mean
        self.variance = self.momentum * self.variance + (1 - self.momentum) * variance
        deviation = np.sqrt(variance + self.epsilon)
        normal = (z - mean) / deviation
        a = gamma * normal + beta
        h = activations.elu(a)
        p = activations.softmax(h @ k2 + b2)
        n = len(x)
        truth = np.eye(p.shape[1])[y]
        loss = -np.mean(np.log(p[np.arange(n), y]))

        d_logits = (p - truth) / n
        d_h = d_logits @ k2.T
        d_a = d_h * np.where(a > 0, 1.0, np.exp(np.minimum(a, 0)))
        d_normal = d_a * gamma
        d_z = (d_normal - d_normal.mean(0) - normal * (d_normal * normal).mean(0)) / deviation
        return loss, [
            x.T @ d_z,
            d_z.sum(0),
            (d_a * normal).sum(0),
            d_a.sum(0),
            h.T @ d_logits,
            d_logits.sum(0),
        ]

    def step(self, optimizer: optimizers.Optimizer, x: Array, y: Array) -> float:
        loss, gradients = self.loss_and_gradients(x, y)
        self.weights = optimizer.step(self.weights, gradients)
        return loss


def weights_by_name(model: keras.Model) -> dict[str, Any]:
    return {w.path: w.numpy() for w in model.weights}
