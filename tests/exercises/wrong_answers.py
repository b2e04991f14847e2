"""Typical wrong answers to each task of the hand-written formulas, and words of the hint that each of them must get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oxhorn import ops

Wrong = tuple[Any, str]


def _softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _crossentropy(
    loss: Callable[..., Any] = np.mean, scale: bool = True, onehot: bool = True, stable: bool = True
) -> Callable[..., Any]:
    def answer(logits: Any, labels: Any) -> Any:
        n, k = logits.shape
        p = _softmax(logits) if stable else np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        gradient = p - (np.eye(k)[labels] if onehot else 0.0)
        return loss(-np.log(p[np.arange(n), labels])), gradient / (n if scale else 1)

    return answer


def _network(gate: Any, mean: bool = True, hidden: Any = lambda z: np.maximum(z, 0.0)) -> Callable[..., Any]:
    def answer(x: Any, labels: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        z = x @ w1 + b1
        h = np.maximum(z, 0.0)
        d = (_softmax(h @ w2 + b2) - np.eye(w2.shape[1])[labels]) / (len(x) if mean else 1)
        dz = gate(d @ w2.T, z)
        return x.T @ dz, dz.sum(axis=0), hidden(z).T @ d, d.sum(axis=0)

    return answer


def _norm(
    ddof: int = 0, axis: int = 0, y: Any = lambda x, m, v, e: (x - m) / np.sqrt(v + e)
) -> Callable[..., Any]:
    def answer(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
        m, v = x.mean(axis=axis), x.var(axis=axis, ddof=ddof)
        return gamma * y(x, m, v, epsilon) + beta, m, v

    return answer


def _norm_back(dx: Any, gamma: Any = None, beta: Any = None) -> Callable[..., Any]:
    def answer(dy: Any, x: Any, g: Any, epsilon: float) -> Any:
        s = np.sqrt(x.var(axis=0) + epsilon)
        xh = (x - x.mean(axis=0)) / s
        dgamma = (dy * xh).sum(axis=0) if gamma is None else gamma(dy, x, xh)
        dbeta = dy.sum(axis=0) if beta is None else beta(dy)
        return dx(dy, xh, s, g), dgamma, dbeta

    return answer


def _right_dx(dy: Any, xh: Any, s: Any, g: Any) -> Any:
    return g / s * (dy - dy.mean(axis=0) - xh * (dy * xh).mean(axis=0))


def _adam(
    first: bool = True,
    second: bool = True,
    root: Any = np.sqrt,
    sign: float = 1.0,
    shift: int = 0,
    **other: Any,
) -> Callable[..., Any]:
    def answer(
        w: Any, g: Any, m: Any, v: Any, t: int, rate: float, b1: float, b2: float, epsilon: float
    ) -> Any:
        m = b1 * m + other.get("share", 1 - b1) * g
        v = b2 * v + (1 - b2) * (g if other.get("plain") else g * g)
        mh = m / (1 - b1 ** (t + shift)) if first else m
        vh = v / (1 - b2 ** (t + shift)) if second else v
        back = (mh, vh) if other.get("corrected") else (m, v)
        return (w - sign * rate * mh / (root(vh) + epsilon), *back)

    return answer


def _dropout(keep: Any, scale: Any, always: bool = False) -> Callable[..., Any]:
    def answer(x: Any, rate: float, training: bool, rng: Any) -> Any:
        if not training and not always:
            return x, np.ones(x.shape, bool)
        kept = keep(x, rate, rng)
        return np.where(kept, x * scale(rate), 0.0) if rate else x * 1.0, kept

    return answer


def _drawn(x: Any, rate: float, rng: Any) -> Any:
    return rng.random(x.shape) >= rate


def _inverse(rate: float) -> float:
    return 1 / (1 - rate)


def _conv(
    flip: bool = False, bias: bool = True, pad: str = "half", step: bool = True, channels: Any = slice(None)
) -> Callable[..., Any]:
    def answer(x: Any, kernel: Any, b: Any, stride: int, padding: str) -> Any:
        n, height, width, _ = x.shape
        kh, kw, _, filters = kernel.shape
        if padding == "same" and pad != "none":
            rows, columns = -(-height // stride), -(-width // stride)
            d = max((rows - 1) * stride + kh - height, 0)
            r = max((columns - 1) * stride + kw - width, 0)
            top, left = (0, 0) if pad == "end" else (d // 2, r // 2)
            x = np.pad(x, [(0, 0), (top, d - top), (left, r - left), (0, 0)])
        else:
            rows, columns = (height - kh) // stride + 1, (width - kw) // stride + 1
        k = kernel[::-1, ::-1] if flip else kernel
        y = np.zeros((n, rows, columns, filters))
        for i in range(rows):
            for j in range(columns):
                a, c = (i * stride, j * stride) if step else (i, j)
                window = x[:, a : a + kh, c : c + kw, channels]
                y[:, i, j] = np.tensordot(window, k[:, :, channels], 3) + (b if bias else 0.0)
        return y

    return answer


def _with_rule(forward: Any, rule: Any) -> Any:
    @ops.custom_gradient
    def answer(*args: Any) -> Any:
        return forward(*args), lambda upstream: rule(upstream, *args)

    return answer


def _softplus(rule: Any) -> Any:
    return _with_rule(lambda x: ops.log(1.0 + ops.exp(x)), rule)


def _length(x: Any) -> Any:
    return ops.sqrt(ops.sum(x * x, axis=-1, keepdims=True))


def _l2(rule: Any) -> Any:
    return _with_rule(lambda x: x / _length(x), rule)


def _scaled(rule: Any) -> Any:
    return _with_rule(lambda x, w: x * w, rule)


_BUGS = {"softplus": "wrong slope", "l2_normalize": "missing term", "scaled": "mean instead of sum"}

WRONG: dict[str, list[Wrong]] = {
    "dense_forward": [
        (lambda x, w, b: x @ w, "the bias is missing"),
        (lambda x, w, b: x @ w - b, "subtracted"),
        (lambda x, w, b: x @ w.T + b, "transposed"),
        (lambda x, w, b: None, "return"),
        (lambda x, w: x @ w, "arguments"),
        (3.0, "pass the function itself"),
    ],
    "dense_backward": [
        (lambda dy, x, w: (dy @ w.T, x.T @ dy / len(x), dy.sum(0)), "divided by the batch size"),
        (lambda dy, x, w: (dy @ w.T, dy.T @ x, dy.sum(0)), "transposed"),
        (lambda dy, x, w: (dy @ w.T, x.T @ dy, dy), "summed over the batch"),
        (lambda dy, x, w: (dy @ w.T, x.T @ dy, dy.mean(0)), "divided by the batch size"),
        (lambda dy, x, w: (dy @ w.T, x.T @ dy, dy.sum(0, keepdims=True)), "keepdims"),
        (lambda dy, x, w: (dy @ w.T, x.T @ dy, dy.sum()), "summed over everything"),
        (lambda dy, x, w: (x.T @ dy, dy @ w.T, dy.sum(0)), "exchanged"),
        (lambda dy, x, w: (-(dy @ w.T), x.T @ dy, dy.sum(0)), "sign"),
        (lambda dy, x, w: (dy @ w.T, x.T @ dy), "return dx, dW, db"),
        (lambda dy, x, w: (dy @ w, x.T @ dy, dy.sum(0)), "shapes do not fit"),
    ],
    "softmax_crossentropy": [
        (_crossentropy(loss=np.sum), "mean over the batch, not the sum"),
        (_crossentropy(loss=lambda rows: -np.mean(rows)), "minus sign"),
        (_crossentropy(scale=False), "divide by the batch size"),
        (_crossentropy(onehot=False), "subtracted at the label"),
        (_crossentropy(stable=False), "subtract the largest logit"),
        (_crossentropy(loss=lambda rows: rows), "one number"),
    ],
    "network_gradients": [
        (_network(lambda dh, z: dh), "only where its input was positive"),
        (_network(lambda dh, z: dh * np.maximum(z, 0.0)), "not its output"),
        (_network(lambda dh, z: dh * (z > 0), mean=False), "divide by the batch size"),
        (_network(lambda dh, z: dh * (z > 0), hidden=lambda z: z), "relu(z), not z"),
    ],
    "batch_norm_train": [
        (_norm(ddof=1), "n - 1"),
        (_norm(y=lambda x, m, v, e: (x - m) / (v + e)), "root of the variance"),
        (_norm(y=lambda x, m, v, e: (x - m) / (np.sqrt(v) + e)), "under the root"),
        (lambda x, g, b, e: ((x - x.mean(0)) / np.sqrt(x.var(0) + e), x.mean(0), x.var(0)), "gamma and beta"),
        (lambda x, g, b, e: (x, x.mean(), x.var()), "each unit has its own"),
        (lambda x, g, b, e: (x, x.mean(0), x.std(0)), "standard deviation"),
    ],
    "update_moving": [
        (lambda old, new, m: (1 - m) * old + m * new, "not of the new one"),
        (lambda old, new, m: m * old + new, "the shares add up to 1"),
        (lambda old, new, m: (old + new) / 2, "plain mean"),
        (lambda old, new, m: new, "batch's value alone"),
    ],
    "batch_norm_inference": [
        (lambda x, g, b, m, v, e: g * (x - x.mean(0)) / np.sqrt(x.var(0) + e) + b, "moving statistics count"),
        (lambda x, g, b, m, v, e: g * (x - m) / (v + e) + b, "root of the variance"),
        (lambda x, g, b, m, v, e: g * (x - m) / np.sqrt(v) + b, "epsilon is missing"),
        (lambda x, g, b, m, v, e: (x - m) / np.sqrt(v + e), "gamma and beta are missing"),
    ],
    "batch_norm_backward": [
        (_norm_back(lambda dy, xh, s, g: g / s * dy), "depend on x too"),
        (_norm_back(lambda dy, xh, s, g: g / s * (dy - dy.mean(0))), "term of the variance"),
        (_norm_back(lambda dy, xh, s, g: g / s * (dy - xh * (dy * xh).mean(0))), "term of the mean"),
        (_norm_back(lambda dy, xh, s, g: (dy - dy.mean(0) - xh * (dy * xh).mean(0)) / s), "gamma is missing"),
        (_norm_back(_right_dx, gamma=lambda dy, x, xh: (dy * x).sum(0)), "normalised x"),
        (_norm_back(_right_dx, beta=lambda dy: dy.mean(0)), "divided by the batch size"),
    ],
    "momentum_step": [
        (lambda w, g, v, lr, m: (w + m * v + lr * g, m * v + lr * g), "sign is wrong"),
        (lambda w, g, v, lr, m: (w + m * v - g, m * v - g), "learning rate is missing"),
        (lambda w, g, v, lr, m: (w - lr * g, m * v - lr * g), "not the gradient alone"),
        (lambda w, g, v, lr, m: (w + v, m * v - lr * g), "not the old one"),
        (lambda w, g, v, lr, m: (np.add(w, m * v - lr * g, out=w), m * v - lr * g), "in place"),
    ],
    "adam_step": [
        (_adam(first=False, second=False), "forget bias correction"),
        (_adam(second=False), "bias of v"),
        (_adam(first=False), "bias of m"),
        (_adam(root=lambda v: v), "divide by the root"),
        (_adam(sign=-1.0), "against the gradient"),
        (_adam(plain=True), "g * g"),
        (_adam(share=1.0), "1 - beta_1"),
        (_adam(corrected=True), "only for the step"),
        (_adam(shift=1), "counted from 1"),
    ],
    "dropout": [
        (_dropout(_drawn, lambda rate: 1.0), "forget to scale"),
        (_dropout(_drawn, lambda rate: 1 - rate), "do not multiply"),
        (_dropout(lambda x, rate, rng: rng.random(x.shape) < rate, _inverse), "share that is dropped"),
        (_dropout(_drawn, _inverse, always=True), "training=False"),
        (
            _dropout(lambda x, r, rng: np.broadcast_to(rng.random(x.shape[1]) >= r, x.shape), _inverse),
            "each element",
        ),
        (
            _dropout(lambda x, r, _: np.random.default_rng(0).random(x.shape) >= r, _inverse),
            "rng` that is passed",
        ),
        (_dropout(lambda x, rate, rng: np.ones(x.shape, bool), lambda rate: 1.0), "draw"),
    ],
    "dropout_backward": [
        (lambda dy, keep, rate: dy * keep, "forget the scale"),
        (lambda dy, keep, rate: dy / (1 - rate), "mask of the forward pass"),
        (lambda dy, keep, rate: dy * keep * (1 - rate), "do not multiply"),
        (lambda dy, keep, rate: dy * ~keep / (1 - rate), "not where it was dropped"),
    ],
    "output_size": [
        (lambda n, k, s, p: (n - k) // s, "add 1"),
        (lambda n, k, s, p: n - k + 1 if p == "valid" else n, "stride is missing"),
        (lambda n, k, s, p: (n - k) // s + 1, "may overlap the edge"),
        (lambda n, k, s, p: (n - k) / s + 1 if p == "valid" else n / s, "round down"),
    ],
    "conv2d": [
        (_conv(flip=True), "turned round"),
        (_conv(bias=False), "the bias is missing"),
        (_conv(pad="none"), "not padded"),
        (_conv(pad="end"), "half of them come first"),
        (_conv(step=False), "do not move by the stride"),
        (_conv(channels=slice(0, 1)), "sum over all channels"),
    ],
    "softplus": [
        (_softplus(lambda u, x: u * (1.0 - ops.sigmoid(x))), "still there"),
        (_softplus(lambda u, x: -u * ops.sigmoid(x)), "sign is wrong"),
        (_softplus(lambda u, x: ops.sigmoid(x)), "upstream gradient is missing"),
        (lambda x: ops.sigmoid(x), "expected"),
    ],
    "l2_normalize": [
        (_l2(lambda u, x: u / _length(x)), "still there"),
        (
            _l2(lambda u, x: (u + x * ops.sum(u * x, -1, True) / _length(x) ** 2) / _length(x)),
            "subtracted, not added",
        ),
        (_l2(lambda u, x: u - x * ops.sum(u * x, -1, True) / _length(x) ** 2), "division by r is missing"),
        (_l2(lambda u, x: (u - x * ops.sum(u * x, -1, True)) / _length(x)), "y, the result, not x"),
    ],
    "scaled": [
        (_scaled(lambda u, x, w: (u * w, ops.mean(u * x, axis=0))), "still there"),
        (_scaled(lambda u, x, w: (u * w, ops.sum(u, axis=0))), "multiply by x"),
        (_scaled(lambda u, x, w: (u, ops.sum(u * x, axis=0))), "dx = dy * w"),
    ],
    "diagnosis": [
        ({**_BUGS, "softplus": "wrong sign"}, "which slope"),
        ({**_BUGS, "l2_normalize": "no bug"}, "length r change"),
        ({**_BUGS, "scaled": "transposed"}, "batches of 1, 2 and 4"),
        ({**_BUGS, "scaled": "sum"}, "expected one of"),
        (["wrong slope"], "expected a dict"),
    ],
}
