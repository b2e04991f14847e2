"""Metrics: classes with state, functions, and `get` for names."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.losses import (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
        hinge,
        huber,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
        sparse_categorical_crossentropy,
        squared_hinge,
    )
    from oxhorn.losses import binary_crossentropy as BCE
    from oxhorn.losses import binary_crossentropy as bce
    from oxhorn.losses import kl_divergence as KLD
    from oxhorn.losses import kl_divergence as kld
    from oxhorn.losses import kl_divergence as kullback_leibler_divergence
    from oxhorn.losses import log_cosh as logcosh
    from oxhorn.losses import mean_absolute_error as MAE
    from oxhorn.losses import mean_absolute_error as mae
    from oxhorn.losses import mean_absolute_percentage_error as MAPE
    from oxhorn.losses import mean_absolute_percentage_error as mape
    from oxhorn.losses import mean_squared_error as MSE
    from oxhorn.losses import mean_squared_error as mse
    from oxhorn.losses import mean_squared_logarithmic_error as MSLE
    from oxhorn.losses import mean_squared_logarithmic_error as msle
    from oxhorn.metrics.accuracies import (
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        SparseCategoricalAccuracy,
        SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy,
    )
    from oxhorn.metrics.accuracy_functions import (
        accuracy,
        binary_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )
    from oxhorn.metrics.agreement import BalancedAccuracy, CohenKappa, MatthewsCorrelation
    from oxhorn.metrics.at_constraint import (
        PrecisionAtRecall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
    )
    from oxhorn.metrics.auc import AUC
    from oxhorn.metrics.confusion import (
        FalseNegatives,
        FalsePositives,
        Precision,
        Recall,
        TrueNegatives,
        TruePositives,
    )
    from oxhorn.metrics.correlation import (
        ConcordanceCorrelation,
        PearsonCorrelation,
        concordance_correlation,
        pearson_correlation,
    )
    from oxhorn.metrics.f_score import F1Score, FBetaScore
    from oxhorn.metrics.hinges import CategoricalHinge, Hinge, SquaredHinge
    from oxhorn.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
    from oxhorn.metrics.metric import Metric
    from oxhorn.metrics.probabilistic import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        KLDivergence,
        Poisson,
        SparseCategoricalCrossentropy,
    )
    from oxhorn.metrics.r2_score import R2Score
    from oxhorn.metrics.reduction import Mean, MeanMetricWrapper, Sum
    from oxhorn.metrics.regression import (
        CosineSimilarity,
        LogCoshError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        RootMeanSquaredError,
        cosine_similarity,
    )
    from oxhorn.metrics.serialization import deserialize, get, serialize
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.losses": (
                "binary_crossentropy as BCE, binary_crossentropy as bce, binary_crossentropy, "
                "binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy, "
                "categorical_hinge, hinge, huber, kl_divergence as KLD, kl_divergence, "
                "kl_divergence as kld, kl_divergence as kullback_leibler_divergence, log_cosh, "
                "log_cosh as logcosh, mean_absolute_error as MAE, mean_absolute_error as mae, "
                "mean_absolute_error, mean_absolute_percentage_error as MAPE, "
                "mean_absolute_percentage_error as mape, mean_absolute_percentage_error, "
                "mean_squared_error as MSE, mean_squared_error, mean_squared_error as mse, "
                "mean_squared_logarithmic_error as MSLE, mean_squared_logarithmic_error, "
                "mean_squared_logarithmic_error as msle, poisson, sparse_categorical_crossentropy, "
                "squared_hinge"
            ),
            "oxhorn.metrics.accuracies": (
                "Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, "
                "SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy"
            ),
            "oxhorn.metrics.accuracy_functions": (
                "accuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy, "
                "sparse_top_k_categorical_accuracy, top_k_categorical_accuracy"
            ),
            "oxhorn.metrics.agreement": "BalancedAccuracy, CohenKappa, MatthewsCorrelation",
            "oxhorn.metrics.at_constraint": (
                "PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity"
            ),
            "oxhorn.metrics.auc": "AUC",
            "oxhorn.metrics.confusion": (
                "FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives"
            ),
            "oxhorn.metrics.correlation": (
                "ConcordanceCorrelation, PearsonCorrelation, concordance_correlation, pearson_correlation"
            ),
            "oxhorn.metrics.f_score": "F1Score, FBetaScore",
            "oxhorn.metrics.hinges": "CategoricalHinge, Hinge, SquaredHinge",
            "oxhorn.metrics.iou": "BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU",
            "oxhorn.metrics.metric": "Metric",
            "oxhorn.metrics.probabilistic": (
                "BinaryCrossentropy, CategoricalCrossentropy, KLDivergence, Poisson, "
                "SparseCategoricalCrossentropy"
            ),
            "oxhorn.metrics.r2_score": "R2Score",
            "oxhorn.metrics.reduction": "Mean, MeanMetricWrapper, Sum",
            "oxhorn.metrics.regression": (
                "CosineSimilarity, LogCoshError, MeanAbsoluteError, MeanAbsolutePercentageError, "
                "MeanSquaredError, MeanSquaredLogarithmicError, RootMeanSquaredError, cosine_similarity"
            ),
            "oxhorn.metrics.serialization": "deserialize, get, serialize",
        },
    )

__all__ = [
    "AUC",
    "Accuracy",
    "BCE",
    "BalancedAccuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CohenKappa",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLD",
    "KLDivergence",
    "LogCoshError",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "MatthewsCorrelation",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "bce",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
