"""Ops that have no converter, each with the reason."""

from __future__ import annotations

_GRADIENT = "is part of gradients, not of inference"
_RANDOM = "draws random numbers, which an exported model does not"
_MATRICES = "factorises matrices, for which ONNX has no operator"
_LOSS = "is part of losses and metrics, not of inference"

REFUSED: dict[str, str] = {
    "argsort_rows": "orders whole rows, for which ONNX has no operator",
    "beta": _RANDOM,
    "binomial": _RANDOM,
    "cholesky": _MATRICES,
    "confusion_counts": _LOSS,
    "ctc_beam_search": "searches step by step for transcriptions, for which ONNX has no operator",
    "ctc_loss": _LOSS,
    "dropout": _RANDOM,
    "eig": _MATRICES,
    "eigh": _MATRICES,
    "erfinv": "has no operator in ONNX",
    "gamma": _RANDOM,
    "gcd": "has no operator in ONNX",
    "inv": _MATRICES,
    "lcm": "has no operator in ONNX",
    "lu_factor": _MATRICES,
    "matrix_rank": _MATRICES,
    "nonzero": "has a result whose shape only data can tell",
    "pinv": _MATRICES,
    "qr": _MATRICES,
    "random": _RANDOM,
    "shuffle": _RANDOM,
    "slogdet": _MATRICES,
    "solve": _MATRICES,
    "solve_triangular": _MATRICES,
    "sparse_softmax_crossentropy": _LOSS,
    "sum_to_like": _GRADIENT,
    "svd": _MATRICES,
    "view": "reads the bits of a number as another dtype, for which ONNX has no operator",
}
