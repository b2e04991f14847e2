"""01: forward and back through dense layers, with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import Array, call, compare, fail, several
from oxhorn.testing.exercises.task import task
from oxhorn.testing.reference import activations, layers

# (batch, inputs, units), a square kernel last: there, a transposed one has the right shape.
SIZES = [(5, 3, 4), (1, 3, 2), (4, 2, 1), (3, 4, 4)]


def _case(seed: int, batch: int, inputs: int, units: int) -> tuple[Array, Array, Array, str]:
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=(batch, inputs)), rng.normal(size=(inputs, units)), rng.normal(size=units)
    return x, w, b, f"x of shape {x.shape} and W of shape {w.shape}"


@task("01_backprop")
def dense_forward(answer: Any) -> None:
    """y = x W + b"""
    for seed, sizes in enumerate(SIZES):
        x, w, b, given = _case(seed, *sizes)
        y = layers.dense(x, w, b)
        guesses = {
            "the bias is missing: y = x W + b": x @ w,
            "the bias is subtracted: y = x W + b": x @ w - b,
        }
        if w.shape[0] == w.shape[1]:
            guesses["transposed? It is x @ W, not x @ W.T"] = x @ w.T + b
        compare(
            "dense_forward", "y", call("dense_forward", answer, x, w, b, given=given), y, guesses, given=given
        )
    x, w, b, _ = _case(0, *SIZES[0])
    given = "zero weights"
    compare(
        "dense_forward",
        "y",
        call("dense_forward", answer, x, 0 * w, b, given=given),
        0 * (x @ w) + b,
        given=given,
    )


@task("01_backprop", points=3)
def dense_backward(answer: Any) -> None:
    """dx = dy W^T,  dW = x^T dy,  db = sum of dy over the batch"""
    for seed, sizes in enumerate(SIZES):
        x, w, _, given = _case(seed, *sizes)
        dy = np.random.default_rng(100 + seed).normal(size=(sizes[0], sizes[2]))
        n = len(x)
        averaged = (
            "is the gradient divided by the batch size? The loss has its mean taken already, so dW and db are sums "
            "over the batch"
        )
        result = several(
            "dense_backward", call("dense_backward", answer, dy, x, w, given=given), ["dx", "dW", "db"]
        )
        square = w.shape[0] == w.shape[1]
        guesses: list[dict[str, Any]] = [
            {
                "transposed? dx is dy @ W.T: what went forward through W comes back through W^T": (
                    dy @ w if square else np.nan
                ),
                averaged: dy @ w.T / n,
                "the first two results are exchanged: return dx, dW, db": x.T @ dy,
            },
            {
                averaged: x.T @ dy / n,
                "transposed? dW has the shape of W: it is x.T @ dy": dy.T @ x,
                "dx and dW are exchanged: return dx, dW, db": dy @ w.T,
            },
            {
                averaged: dy.mean(axis=0),
                "is the gradient summed over the batch? Every row of the batch adds to db: sum over axis 0": dy,
                "summed over the wrong axis: axis 0 is the batch, axis 1 the units": dy.sum(axis=1),
                "summed over everything: each unit has a bias of its own, so sum over axis 0 alone": dy.sum(),
                "the shape of db is that of b: take keepdims=True away": dy.sum(axis=0, keepdims=True),
            },
        ]
        right = [dy @ w.T, x.T @ dy, dy.sum(axis=0)]
        for what, got, expected, guess in zip(["dx", "dW", "db"], result, right, guesses, strict=True):
            compare("dense_backward", what, got, expected, guess, given=given)


def _softmax_case(seed: int, batch: int, classes: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(scale=2.0, size=(batch, classes)), rng.integers(0, classes, size=batch)


@task("01_backprop", points=2)
def softmax_crossentropy(answer: Any) -> None:
    """loss = -mean log p[label],  dz = (p - onehot(label)) / n,  p = softmax(z)"""
    for seed, (batch, classes) in enumerate([(5, 3), (1, 4), (6, 2)]):
        logits, labels = _softmax_case(seed, batch, classes)
        given = f"logits of shape {logits.shape}"
        loss, gradient = several(
            "softmax_crossentropy",
            call("softmax_crossentropy", answer, logits, labels, given=given),
            ["loss", "dlogits"],
        )
        p, onehot = activations.softmax(logits), np.eye(classes)[labels]
        rows = -np.log(p[np.arange(batch), labels])
        over_batch = np.exp(logits) / np.exp(logits).sum(axis=0)
        compare(
            "softmax_crossentropy",
            "loss",
            loss,
            rows.mean(),
            {
                "the loss is the mean over the batch, not the sum": rows.sum(),
                "the loss is one number: the mean over the batch": rows,
                "a minus sign is missing: the logarithm of a probability is negative": -rows.mean(),
                "softmax is taken over the batch: the classes are axis 1": -np.log(
                    over_batch[np.arange(batch), labels]
                ).mean(),
                "the mean goes over all n times k numbers: divide by the n samples": rows.sum() / logits.size,
            },
            given=given,
        )
        compare(
            "softmax_crossentropy",
            "dlogits",
            gradient,
            (p - onehot) / batch,
            {
                "did you forget to divide by the batch size? The loss is a mean, so each row counts for 1/n": p
                - onehot,
                "1 is to be subtracted at the label of each row: p - onehot(labels)": p / batch,
                "the sign is wrong: it is p - onehot": (onehot - p) / batch,
                "divided by n times k: the loss is the mean over the n samples": (p - onehot) / logits.size,
            },
            given=given,
        )
    logits, labels = np.array([[1000.0, 0.0], [0.0, -1000.0]]), np.array([0, 0])
    given = "logits as large as 1000"
    loss, gradient = several(
        "softmax_crossentropy",
        call("softmax_crossentropy", answer, logits, labels, given=given),
        ["loss", "dlogits"],
    )
    for what, got in (("loss", loss), ("dlogits", gradient)):
        if not np.isfinite(np.asarray(got, np.float64)).all():
            fail(
                "softmax_crossentropy",
                f"{what} is not finite for {given}",
                "exp(1000) is more than a float can hold: subtract the largest logit of each row first, and take "
                "log p as z - log(sum(exp(z)))",
            )
    compare("softmax_crossentropy", "dlogits", gradient, 0 * logits, given=given)
    compare("softmax_crossentropy", "loss", loss, 0.0, given=given)


@task("01_backprop", points=3)
def network_gradients(answer: Any) -> None:
    """Back through logits = relu(x W1 + b1) W2 + b2 and its crossentropy."""
    names = ["dW1", "db1", "dW2", "db2"]
    for seed, (batch, inputs, hidden, classes) in enumerate([(6, 4, 5, 3), (1, 3, 4, 2), (4, 3, 1, 3)]):
        rng = np.random.default_rng(200 + seed)
        x, w1, w2 = (
            rng.normal(size=(batch, inputs)),
            rng.normal(size=(inputs, hidden)),
            rng.normal(size=(hidden, classes)),
        )
        b1, b2 = rng.normal(size=hidden) + (3.0 if hidden == 1 else 0.0), rng.normal(size=classes)
        labels = rng.integers(0, classes, size=batch)
        given = f"x of shape {x.shape}, W1 of shape {w1.shape} and W2 of shape {w2.shape}"
        result = several(
            "network_gradients",
            call("network_gradients", answer, x, labels, w1, b1, w2, b2, given=given),
            names,
        )
        z = x @ w1 + b1
        h = np.maximum(z, 0.0)
        dlogits = (activations.softmax(h @ w2 + b2) - np.eye(classes)[labels]) / batch
        dh = dlogits @ w2.T
        dz = dh * (z > 0)
        unscaled = "did you forget to divide by the batch size? The loss is a mean over the batch"
        open_gate = "relu passes a gradient only where its input was positive: dz = dh * (z > 0)"
        times_h = "relu's slope is 1 or 0, not its output: dz = dh * (z > 0), not dh * h"
        guesses: list[dict[str, Any]] = [
            {open_gate: x.T @ dh, times_h: x.T @ (dh * h), unscaled: batch * x.T @ dz},
            {open_gate: dh.sum(axis=0), times_h: (dh * h).sum(axis=0), unscaled: batch * dz.sum(axis=0)},
            {"the second layer's input is relu(z), not z": z.T @ dlogits, unscaled: batch * h.T @ dlogits},
            {unscaled: batch * dlogits.sum(axis=0)},
        ]
        right = [x.T @ dz, dz.sum(axis=0), h.T @ dlogits, dlogits.sum(axis=0)]
        for what, got, expected, guess in reversed(list(zip(names, result, right, guesses, strict=True))):
            compare("network_gradients", what, got, expected, guess, given=given)
