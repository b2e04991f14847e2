"""Ops that have no converter, each with the reason."""

from __future__ import annotations

_REASONS = {
    "draws random numbers, which an exported model does not": (
        "dropout random_bernoulli random_beta random_binomial random_gamma random_normal random_randint random_shuffle "
        "random_truncated_normal random_uniform"
    ),
    "factorises matrices, for which ONNX has no operator": (
        "cholesky eig eigh inv lu_factor matrix_rank pinv qr slogdet solve solve_triangular svd"
    ),
    "is part of losses and metrics, not of inference": "confusion_counts ctc_loss sparse_softmax_crossentropy",
    "is part of gradients, not of inference": (
        "activation_gradient add_along_axis add_at add_rows cofactors concatenate_part contract_rows last_of_place "
        "on_diagonal_of_axes other_factors_at reciprocal_gaps recurrence shift spread sum_of_place sum_to_like "
        "swap_rows"
    ),
    "has no operator in ONNX": "erfinv gcd lcm",
    "orders whole rows, for which ONNX has no operator": "argsort_rows",
    "searches step by step for transcriptions, for which ONNX has no operator": "ctc_beam_search",
    "has a result whose shape only data can tell": "nonzero",
    "reads the bits of a number as another dtype, for which ONNX has no operator": "view",
}
REFUSED: dict[str, str] = {op: reason for reason, names in _REASONS.items() for op in names.split()}
