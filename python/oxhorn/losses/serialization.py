"""Losses by name and by configuration."""

from __future__ import annotations

from typing import Any

from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from, get_from

PACKAGE = __name__.split(".", maxsplit=1)[0]

_CLASSES = (
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
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
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
)

_FUNCTIONS = (
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
    "dice",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "margin_ranking",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "multi_margin",
    "pairwise_hinge",
    "pairwise_logistic",
    "poisson",
    "quantile",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "triplet_margin",
    "tversky",
)

_ALIASES = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}

OBJECTS = LazyObjects(
    f"{PACKAGE}.losses",
    {
        **{name: name for name in (*_CLASSES, *_FUNCTIONS)},
        **_ALIASES,
        **{name.upper(): function for name, function in _ALIASES.items()},
        "logcosh": "log_cosh",
        "kullback_leibler_divergence": "kl_divergence",
        "huber_loss": "huber",
    },
)


def serialize(loss: Any) -> Any:
    """The configuration of a loss.

    Args:
        loss: A `Loss`, or a loss function.

    Returns:
        A dict (or, for a function, its name) that `deserialize` understands.
    """
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """A loss from its configuration.

    Args:
        name: What `serialize` returned, or the name of a loss.
        custom_objects: Names that stand for classes and functions of yours.

    Returns:
        A `Loss`, or a loss function.
    """
    return deserialize_from(name, "loss", OBJECTS, custom_objects)


def get(identifier: Any) -> Any:
    """A loss by name, configuration, or as it is.

    Args:
        identifier: None, a name such as `"mse"` or `"MeanSquaredError"`, a configuration, a function or a `Loss`.

    Returns:
        None, a loss function, or a `Loss`.

    Raises:
        ValueError: If there is no such loss.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.get("mse").__name__
    'mean_squared_error'
    """
    return get_from(identifier, "loss", OBJECTS)
