"""Losses: classes, functions, and `get` for names."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.losses.alignments import CTC, ctc
    from oxhorn.losses.distributions import GaussianNLL, Quantile, gaussian_nll, quantile
    from oxhorn.losses.focal import (
        BinaryFocalCrossentropy,
        CategoricalFocalCrossentropy,
        binary_focal_crossentropy,
        categorical_focal_crossentropy,
    )
    from oxhorn.losses.generalized import (
        CategoricalGeneralizedCrossEntropy,
        categorical_generalized_cross_entropy,
    )
    from oxhorn.losses.hinges import (
        CategoricalHinge,
        Hinge,
        SquaredHinge,
        categorical_hinge,
        hinge,
        squared_hinge,
    )
    from oxhorn.losses.loss import Loss
    from oxhorn.losses.margins import MultiMargin, multi_margin
    from oxhorn.losses.metric_learning import Circle, circle
    from oxhorn.losses.overlap import Dice, Tversky, dice, tversky
    from oxhorn.losses.pairs import (
        Contrastive,
        CosineEmbedding,
        MarginRanking,
        contrastive,
        cosine_embedding,
        margin_ranking,
    )
    from oxhorn.losses.probabilistic import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        KLDivergence,
        Poisson,
        SparseCategoricalCrossentropy,
        binary_crossentropy,
        categorical_crossentropy,
        kl_divergence,
        poisson,
        sparse_categorical_crossentropy,
    )
    from oxhorn.losses.probabilistic import binary_crossentropy as BCE
    from oxhorn.losses.probabilistic import binary_crossentropy as bce
    from oxhorn.losses.probabilistic import kl_divergence as KLD
    from oxhorn.losses.probabilistic import kl_divergence as kld
    from oxhorn.losses.probabilistic import kl_divergence as kullback_leibler_divergence
    from oxhorn.losses.ranking import PairwiseHinge, PairwiseLogistic, pairwise_hinge, pairwise_logistic
    from oxhorn.losses.regression import (
        CosineSimilarity,
        Huber,
        LogCosh,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        cosine_similarity,
        huber,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
    )
    from oxhorn.losses.regression import log_cosh as logcosh
    from oxhorn.losses.regression import mean_absolute_error as MAE
    from oxhorn.losses.regression import mean_absolute_error as mae
    from oxhorn.losses.regression import mean_absolute_percentage_error as MAPE
    from oxhorn.losses.regression import mean_absolute_percentage_error as mape
    from oxhorn.losses.regression import mean_squared_error as MSE
    from oxhorn.losses.regression import mean_squared_error as mse
    from oxhorn.losses.regression import mean_squared_logarithmic_error as MSLE
    from oxhorn.losses.regression import mean_squared_logarithmic_error as msle
    from oxhorn.losses.serialization import deserialize, get, serialize
    from oxhorn.losses.triplets import TripletMargin, triplet_margin
    from oxhorn.losses.wrapper import LossFunctionWrapper
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.losses.alignments": "CTC, ctc",
            "oxhorn.losses.distributions": "GaussianNLL, Quantile, gaussian_nll, quantile",
            "oxhorn.losses.focal": (
                "BinaryFocalCrossentropy, CategoricalFocalCrossentropy, binary_focal_crossentropy, "
                "categorical_focal_crossentropy"
            ),
            "oxhorn.losses.generalized": (
                "CategoricalGeneralizedCrossEntropy, categorical_generalized_cross_entropy"
            ),
            "oxhorn.losses.hinges": (
                "CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge"
            ),
            "oxhorn.losses.loss": "Loss",
            "oxhorn.losses.margins": "MultiMargin, multi_margin",
            "oxhorn.losses.metric_learning": "Circle, circle",
            "oxhorn.losses.overlap": "Dice, Tversky, dice, tversky",
            "oxhorn.losses.pairs": (
                "Contrastive, CosineEmbedding, MarginRanking, contrastive, cosine_embedding, margin_ranking"
            ),
            "oxhorn.losses.probabilistic": (
                "BinaryCrossentropy, CategoricalCrossentropy, KLDivergence, Poisson, "
                "SparseCategoricalCrossentropy, binary_crossentropy as BCE, binary_crossentropy as bce, "
                "binary_crossentropy, categorical_crossentropy, kl_divergence as KLD, kl_divergence, "
                "kl_divergence as kld, kl_divergence as kullback_leibler_divergence, poisson, "
                "sparse_categorical_crossentropy"
            ),
            "oxhorn.losses.ranking": "PairwiseHinge, PairwiseLogistic, pairwise_hinge, pairwise_logistic",
            "oxhorn.losses.regression": (
                "CosineSimilarity, Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, "
                "MeanSquaredError, MeanSquaredLogarithmicError, cosine_similarity, huber, log_cosh, "
                "log_cosh as logcosh, mean_absolute_error as MAE, mean_absolute_error as mae, "
                "mean_absolute_error, mean_absolute_percentage_error as MAPE, "
                "mean_absolute_percentage_error as mape, mean_absolute_percentage_error, "
                "mean_squared_error as MSE, mean_squared_error, mean_squared_error as mse, "
                "mean_squared_logarithmic_error as MSLE, mean_squared_logarithmic_error, "
                "mean_squared_logarithmic_error as msle"
            ),
            "oxhorn.losses.serialization": "deserialize, get, serialize",
            "oxhorn.losses.triplets": "TripletMargin, triplet_margin",
            "oxhorn.losses.wrapper": "LossFunctionWrapper",
        },
    )

__all__ = [
    "BCE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CTC",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "Contrastive",
    "CosineEmbedding",
    "CosineSimilarity",
    "Dice",
    "GaussianNLL",
    "Hinge",
    "Huber",
    "KLD",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "MarginRanking",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MultiMargin",
    "PairwiseHinge",
    "PairwiseLogistic",
    "Poisson",
    "Quantile",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "TripletMargin",
    "Tversky",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "contrastive",
    "cosine_embedding",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "gaussian_nll",
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
    "margin_ranking",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "multi_margin",
    "pairwise_hinge",
    "pairwise_logistic",
    "poisson",
    "quantile",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "triplet_margin",
    "tversky",
]
