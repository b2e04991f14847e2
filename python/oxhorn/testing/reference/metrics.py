"""Metrics over everything seen: truth, prediction and a weight for each sample in, a number out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference import agreement, losses
from oxhorn.testing.reference.activations import sigmoid
from oxhorn.testing.reference.ops import divide_no_nan, in_top_k

Array = NDArray[Any]
Weight = ArrayLike | None
EPSILON = 1e-7


def mean(values: ArrayLike, sample_weight: Weight = None) -> float:
    """sum(w v) / sum(w), v first averaged to one value a weight"""
    v = np.asarray(values, float)
    w = np.ones(v.shape[:1]) if sample_weight is None else np.asarray(sample_weight, float)
    v, w = losses.same_rank(v, w)
    v = v.mean(axis=tuple(range(w.ndim, v.ndim)))
    w = np.broadcast_to(w, v.shape)
    return float(divide_no_nan((v * w).sum(), w.sum()))


def total(values: ArrayLike, sample_weight: Weight = None) -> float:
    """sum(w v)"""
    v = np.asarray(values, float)
    return float(v.sum() if sample_weight is None else np.multiply(*losses.same_rank(v, sample_weight)).sum())


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where prediction and truth are the same"""
    t, p = losses.same_rank(y_true, y_pred)
    return (t == p).astype(float)


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Array:
    """1 where [p > threshold] is the truth"""
    t, p = losses.same_rank(y_true, y_pred)
    return (t == (p > threshold)).astype(float)


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the most likely class is the true one (one-hot)"""
    return (np.argmax(y_true, -1) == np.argmax(y_pred, -1)).astype(float)


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the most likely class is the true one (its number)"""
    return (_labels(y_true, y_pred) == np.argmax(y_pred, -1)).astype(float)


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """1 where the true class (one-hot) is among the k most likely"""
    return sparse_top_k_categorical_accuracy(np.argmax(y_true, -1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """1 where the true class (its number) is among the k most likely"""
    t, p = _labels(y_true, y_pred), np.asarray(y_pred)
    return in_top_k(t.ravel(), p.reshape(-1, p.shape[-1]), k).astype(float).reshape(t.shape)


def _labels(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    t = np.asarray(y_true).astype(int)
    return t[..., 0] if t.ndim == np.ndim(y_pred) and t.shape[-1] == 1 else t


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """The cosine of the angle between truth and prediction; the loss is its negative"""
    return -losses.cosine_similarity(y_true, y_pred, axis)


def root_mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Weight = None) -> float:
    """sqrt(mean (t - p)^2)"""
    t, p = losses.same_rank(y_true, y_pred)
    return float(np.sqrt(mean((t - p) ** 2, sample_weight)))


def confusion(
    y_true: ArrayLike, y_pred: ArrayLike, thresholds: Sequence[float], sample_weight: Weight = None
) -> tuple[Array, Array, Array, Array]:
    """tp, fp, tn, fn for each threshold: a prediction above it is a yes"""
    t, p = losses.same_rank(y_true, y_pred)
    w: Array = np.ones(t.shape)
    if sample_weight is not None:
        given = np.asarray(sample_weight, float)
        w = np.broadcast_to(given.reshape(given.shape + (1,) * (t.ndim - given.ndim)), t.shape)
    yes = p.ravel() > np.asarray(thresholds, float)[:, None]
    truth, w = t.ravel() > 0, w.ravel()
    tp, fp = (w * (yes & truth)).sum(1), (w * (yes & ~truth)).sum(1)
    return tp, fp, (w * (~yes & ~truth)).sum(1), (w * (~yes & truth)).sum(1)


def _chosen(
    y_true: ArrayLike, y_pred: ArrayLike, thresholds: Any, top_k: int | None, class_id: int | None
) -> tuple[Array, Array, list[float], bool]:
    """Labels, predictions and thresholds after top_k (the rest is never a yes) and class_id; only one?"""
    t, p = losses.same_rank(y_true, y_pred)
    if top_k is not None:
        order = np.argsort(-p, axis=-1, kind="stable")[..., :top_k]
        kept = np.full(p.shape, -1e10)
        np.put_along_axis(kept, order, np.take_along_axis(p, order, -1), -1)
        p = kept
    if class_id is not None:
        t, p = t[..., class_id], p[..., class_id]
    if thresholds is None:
        thresholds = 0.5 if top_k is None else -1e10
    one = isinstance(thresholds, (int, float)) or len(thresholds) == 1
    return t, p, [thresholds] if isinstance(thresholds, (int, float)) else list(thresholds), one


def precision(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    thresholds: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
) -> Any:
    """tp / (tp + fp)"""
    t, p, cuts, one = _chosen(y_true, y_pred, thresholds, top_k, class_id)
    tp, fp, _, _ = confusion(t, p, cuts, sample_weight)
    return divide_no_nan(tp, tp + fp)[0 if one else slice(None)]


def recall(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    thresholds: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
) -> Any:
    """tp / (tp + fn)"""
    t, p, cuts, one = _chosen(y_true, y_pred, thresholds, top_k, class_id)
    tp, _, _, fn = confusion(t, p, cuts, sample_weight)
    return divide_no_nan(tp, tp + fn)[0 if one else slice(None)]


def counts(name: str) -> Callable[..., Any]:
    """TruePositives, FalsePositives, TrueNegatives, FalseNegatives by name"""
    place = ["true_positives", "false_positives", "true_negatives", "false_negatives"].index(name)

    def count(
        y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Weight = None, thresholds: Any = None
    ) -> Any:
        t, p, cuts, one = _chosen(y_true, y_pred, thresholds, None, None)
        return confusion(t, p, cuts, sample_weight)[place][0 if one else slice(None)]

    return count


def fbeta_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    average: str | None = None,
    beta: float = 1.0,
    threshold: float | None = None,
) -> Any:
    """(1 + beta^2) P R / (beta^2 P + R) for each class; without threshold the largest p is the yes"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    yes = (p == p.max(-1, keepdims=True)) & (np.abs(p) > 1e-9) if threshold is None else p > threshold
    w = np.ones((len(t), 1)) if sample_weight is None else np.asarray(sample_weight, float)[:, None]
    axis = None if average == "micro" else 0
    tp, fp, fn, support = (np.sum(w * x, axis=axis) for x in (yes * t, yes * (1 - t), (1 - yes) * t, t))
    prec, rec = tp / (tp + fp + EPSILON), tp / (tp + fn + EPSILON)
    score = (1 + beta**2) * prec * rec / (beta**2 * prec + rec + EPSILON)
    if average == "weighted":
        return np.sum(score * support / (np.sum(support) + EPSILON))
    return score if average is None else np.mean(score)


def f1_score(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Weight = None, **options: Any) -> Any:
    """2 P R / (P + R)"""
    return fbeta_score(y_true, y_pred, sample_weight, **options)


def auc(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    num_thresholds: int = 200,
    curve: str = "ROC",
    summation_method: str = "interpolation",
    thresholds: Sequence[float] | None = None,
    from_logits: bool = False,
) -> float:
    """Area under recall against false positive rate (ROC), or precision against recall (PR), by thresholds

    PR is interpolated as Davis and Goadrich 2006 show; the other areas are trapezoids (interpolation), or the
    lower (minoring) or upper (majoring) rectangles.
    """
    inner = np.linspace(0, 1, num_thresholds)[1:-1] if thresholds is None else sorted(thresholds)
    cuts = [-EPSILON, *inner, 1.0 + EPSILON]
    p = sigmoid(y_pred) if from_logits else np.asarray(y_pred, float)
    tp, fp, tn, fn = confusion(y_true, p, cuts, sample_weight)
    if curve == "PR" and summation_method == "interpolation":
        yes = tp + fp
        dtp, dp = tp[:-1] - tp[1:], yes[:-1] - yes[1:]
        slope = divide_no_nan(dtp, np.maximum(dp, 0))
        intercept = tp[1:] - slope * yes[1:]
        both = (yes[:-1] > 0) & (yes[1:] > 0)
        ratio = np.where(both, divide_no_nan(yes[:-1], yes[1:]), 1.0)
        return float(divide_no_nan(slope * (dtp + intercept * np.log(ratio)), tp[1:] + fn[1:]).sum())
    rec = divide_no_nan(tp, tp + fn)
    x, y = (divide_no_nan(fp, fp + tn), rec) if curve == "ROC" else (rec, divide_no_nan(tp, tp + fp))
    pairs = {"interpolation": (y[:-1] + y[1:]) / 2, "minoring": np.minimum(y[:-1], y[1:])}
    return float(((x[:-1] - x[1:]) * pairs.get(summation_method, np.maximum(y[:-1], y[1:]))).sum())


def _best_where(value: float, bound: Array, sought: Array) -> float:
    return float(np.max(np.where(bound >= value, sought, 0.0)))


def _rates(
    y_true: ArrayLike, y_pred: ArrayLike, w: Weight, n: int, class_id: int | None
) -> tuple[Array, ...]:
    """sensitivity (recall), specificity, precision at n thresholds over [0, 1]"""
    cuts = np.linspace(0.0, 1.0, n) if n > 1 else [0.5]
    t, p, chosen, _ = _chosen(y_true, y_pred, list(cuts), None, class_id)
    tp, fp, tn, fn = confusion(t, p, chosen, w)
    return divide_no_nan(tp, tp + fn), divide_no_nan(tn, tn + fp), divide_no_nan(tp, tp + fp)


def sensitivity_at_specificity(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    specificity: float = 0.5,
    num_thresholds: int = 200,
    class_id: int | None = None,
) -> float:
    """The largest tp / (tp + fn) where tn / (tn + fp) >= specificity"""
    sought, bound, _ = _rates(y_true, y_pred, sample_weight, num_thresholds, class_id)
    return _best_where(specificity, bound, sought)


def specificity_at_sensitivity(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    sensitivity: float = 0.5,
    num_thresholds: int = 200,
    class_id: int | None = None,
) -> float:
    """The largest tn / (tn + fp) where tp / (tp + fn) >= sensitivity"""
    bound, sought, _ = _rates(y_true, y_pred, sample_weight, num_thresholds, class_id)
    return _best_where(sensitivity, bound, sought)


def precision_at_recall(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    recall: float = 0.5,
    num_thresholds: int = 200,
    class_id: int | None = None,
) -> float:
    """The largest tp / (tp + fp) where tp / (tp + fn) >= recall"""
    bound, _, sought = _rates(y_true, y_pred, sample_weight, num_thresholds, class_id)
    return _best_where(recall, bound, sought)


def recall_at_precision(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    precision: float = 0.5,
    num_thresholds: int = 200,
    class_id: int | None = None,
) -> float:
    """The largest tp / (tp + fn) where tp / (tp + fp) >= precision"""
    sought, _, bound = _rates(y_true, y_pred, sample_weight, num_thresholds, class_id)
    return _best_where(precision, bound, sought)


def averaged(function: Callable[..., Array]) -> Callable[..., float]:
    """The metric that is the mean over the samples of a function of each"""

    def metric(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Weight = None, **options: Any) -> float:
        return mean(function(y_true, y_pred, **options), sample_weight)

    return metric


ALL: dict[str, Callable[..., Any]] = {
    "Mean": mean,
    "Sum": total,
    "Accuracy": averaged(accuracy),
    "BinaryAccuracy": averaged(binary_accuracy),
    "CategoricalAccuracy": averaged(categorical_accuracy),
    "SparseCategoricalAccuracy": averaged(sparse_categorical_accuracy),
    "TopKCategoricalAccuracy": averaged(top_k_categorical_accuracy),
    "SparseTopKCategoricalAccuracy": averaged(sparse_top_k_categorical_accuracy),
    "CosineSimilarity": averaged(cosine_similarity),
    "RootMeanSquaredError": root_mean_squared_error,
    "Precision": precision,
    "Recall": recall,
    "TruePositives": counts("true_positives"),
    "FalsePositives": counts("false_positives"),
    "TrueNegatives": counts("true_negatives"),
    "FalseNegatives": counts("false_negatives"),
    "FBetaScore": fbeta_score,
    "F1Score": f1_score,
    "AUC": auc,
    "SensitivityAtSpecificity": sensitivity_at_specificity,
    "SpecificityAtSensitivity": specificity_at_sensitivity,
    "PrecisionAtRecall": precision_at_recall,
    "RecallAtPrecision": recall_at_precision,
    "PearsonCorrelation": averaged(agreement.pearson_correlation),
    "ConcordanceCorrelation": averaged(agreement.concordance_correlation),
    "R2Score": agreement.r2_score,
    "MatthewsCorrelation": agreement.matthews_correlation,
    "CohenKappa": agreement.cohen_kappa,
    "BalancedAccuracy": agreement.balanced_accuracy,
    "IoU": agreement.iou,
    "MeanIoU": agreement.iou,
    "BinaryIoU": agreement.binary_iou,
    "OneHotIoU": agreement.one_hot_iou,
    "OneHotMeanIoU": agreement.one_hot_iou,
    **{
        name: averaged(losses.ALL[function])
        for name, function in {
            "MeanSquaredError": "mean_squared_error",
            "MeanAbsoluteError": "mean_absolute_error",
            "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
            "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
            "LogCoshError": "log_cosh",
            "Hinge": "hinge",
            "SquaredHinge": "squared_hinge",
            "CategoricalHinge": "categorical_hinge",
            "KLDivergence": "kl_divergence",
            "Poisson": "poisson",
            "BinaryCrossentropy": "binary_crossentropy",
            "CategoricalCrossentropy": "categorical_crossentropy",
            "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
        }.items()
    },
}
