"""The base class of losses, and how per-sample values become one number."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from oxhorn import _core, config, dtype_policies, tree
from oxhorn.engine.naming import auto_name
from oxhorn.losses.values import align_weights, cast, convert, mask_of, op, squeeze_or_expand_to_same_rank

REDUCTIONS = ("sum_over_batch_size", "sum", None, "none", "mean", "mean_with_sample_weight")


class Loss:
    """Base class of losses.

    Formula, with values `v` from `call` and weights `w` (1 where none are given):

    - `"sum_over_batch_size"`, `"mean"`: `sum(w v) / number of values`
    - `"mean_with_sample_weight"`: `sum(w v) / sum(w)`
    - `"sum"`: `sum(w v)`
    - `"none"`, `None`: `w v`

    Subclasses implement `call(y_true, y_pred)`, which returns one value for each sample (or for each step of each
    sample).

    Args:
        name: Name of the loss. Defaults to the name of the class in snake case.
        reduction: How the values become one number, see above. Defaults to `"sum_over_batch_size"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Raises:
        ValueError: If `reduction` is not one of the above.

    Example:
    >>> import oxhorn as keras
    >>> class Absolute(keras.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return abs(y_true - y_pred)
    >>> float(Absolute()([1.0, 2.0], [1.5, 2.0]))
    0.25

    Source: the reductions are those of Keras 3.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype_policy = dtype_policies.get(dtype or config.floatx())
        self._dtype: str = self._dtype_policy.compute_dtype
        self._dtype_is_given = dtype is not None

    @property
    def dtype(self) -> str:
        """Type of the computation."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> _core.Tensor:
        """The reduced loss.

        Args:
            y_true: Targets.
            y_pred: Predictions; a mask that travels with them counts as weights.
            sample_weight: None, or one weight for each sample (or each value): shape `(N,)`, `(N, T)`, ...

        Returns:
            A scalar tensor; without reduction, one value for each sample.
        """
        if "_dtype_policy" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() in __init__.")
        in_mask = mask_of(y_pred)
        dtype = self._computation_dtype(y_pred)
        y_pred = map_tensors(lambda x: convert(x, dtype), y_pred)
        y_true = map_tensors(lambda x: self._convert_targets(x, dtype), y_true)
        if self._reads_mask and in_mask is not None:
            y_pred._keras_mask, in_mask = in_mask, None
        losses = self.call(y_true, y_pred)
        if losses is None:
            raise ValueError(
                f"{self.name}: expected one value for each sample from the loss; got None. Does it end in `return`?"
            )
        self._look_for_broadcast(losses, y_true, y_pred)
        out_mask = mask_of(losses)
        mask = in_mask if out_mask is None else out_mask
        if in_mask is not None and out_mask is not None:
            mask = op("logical_and", convert(in_mask, "bool"), convert(out_mask, "bool"))
        return reduce_weighted_values(losses, sample_weight, mask, self.reduction, dtype, who=self.name)

    def _look_for_broadcast(self, losses: Any, y_true: Any, y_pred: Any) -> None:
        """Warns of values for pairs of samples: `(N, 1)` against `(N,)` makes `(N, N)` of them."""
        given = [x for x in (losses, y_true, y_pred) if isinstance(x, _core.Tensor)]
        if len(given) != 3 or losses.ndim < 2:
            return
        batch = losses.shape[0]
        # An open size is that of the batch; a size of 1 says nothing.
        pairs = batch == losses.shape[1] and batch != 1
        if pairs and not any(x.ndim >= 2 and x.shape[0] == x.shape[1] for x in (y_true, y_pred)):
            warnings.warn(
                f"{self.name}: the loss returned values of shape {losses.shape} for targets of shape {y_true.shape} "
                f"and predictions of shape {y_pred.shape}: one for each pair of samples. If that is not meant, give "
                "targets and predictions the same shape.",
                stacklevel=3,
            )

    def _computation_dtype(self, y_pred: Any) -> str:
        """The loss's own type; where none was asked for, float64 tensors are not cut down to it."""
        leaves = [] if self._dtype_is_given else tree.flatten(y_pred)
        if any(isinstance(leaf, _core.Tensor) and leaf.dtype == "float64" for leaf in leaves):
            return "float64"
        return self.dtype

    # Whether `call` itself looks at the mask of the predictions: then it does not weigh the values.
    _reads_mask = False

    # Class numbers stay integers: float32 holds them only up to 2^24.
    _keeps_integer_targets = False

    def _convert_targets(self, x: Any, dtype: str) -> _core.Tensor:
        targets = convert(x)
        if self._keeps_integer_targets and targets.dtype in ("int32", "int64", "uint8"):
            return targets
        return cast(targets, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample; subclasses implement it.

        Args:
            y_true: Targets, tensors of the loss's dtype.
            y_pred: Predictions, tensors of the loss's dtype.

        Returns:
            A tensor with one value for each sample, or each step of each sample.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: a loss must implement call(self, y_true, y_pred), which returns one value"
            " for each sample."
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss from what `get_config` returned."""
        return cls(**config)

    def _obj_type(self) -> str:
        return "Loss"


def map_tensors(convert_one: Callable[[Any], _core.Tensor], x: Any) -> Any:
    """Converts a tensor, or each tensor of a nested structure; nested lists of numbers are one tensor."""
    if isinstance(x, (list, tuple)) and not any(hasattr(leaf, "shape") for leaf in tree.flatten(x)):
        return convert_one(x)
    return tree.map_structure(convert_one, x)


def standardize_reduction(reduction: Any) -> str | None:
    """`reduction` itself, if it is one that exists."""
    if not (reduction is None or isinstance(reduction, str)) or reduction not in REDUCTIONS:
        known = ", ".join(repr(r) for r in REDUCTIONS)
        raise ValueError(
            f"Loss: Invalid value for argument `reduction`. Expected one of {known}; got reduction={reduction!r}."
        )
    return reduction


def apply_mask(sample_weight: Any, mask: Any, dtype: str, reduction: str | None, who: str) -> Any:
    """One set of weights from weights and mask, either of which may be None.

    For means, masked values count neither above nor below the line: those left weigh `all / left`.
    """
    if mask is None:
        return sample_weight
    weights = convert(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        # all / left = 1 / mean(mask); nothing left gives weights of 0.
        one = _core.tensor(1.0, dtype)
        weights = weights * op("divide_no_nan", one, op("mean", weights))
    if sample_weight is None:
        return weights
    sample_weight = convert(sample_weight, dtype)
    weights, sample_weight = squeeze_or_expand_to_same_rank(weights, sample_weight)
    if sample_weight.ndim > weights.ndim:
        return sample_weight * align_weights(who, weights, sample_weight)
    return weights * align_weights(who, sample_weight, weights)


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: str | None = None,
    who: str = "loss",
) -> _core.Tensor:
    """Weighs the values and reduces them to one number."""
    reduction = standardize_reduction(reduction)
    values = convert(values, dtype)
    weights = apply_mask(sample_weight, mask, values.dtype, reduction, who)
    if weights is not None:
        values, weights = squeeze_or_expand_to_same_rank(values, convert(weights, values.dtype))
        weights = align_weights(who, weights, values)
        values = op("multiply", values, weights)
    if reduction in (None, "none") or values.shape in ((), (0,)):
        return convert(values)
    if reduction == "sum":
        return op("sum", values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return op("divide_no_nan", op("sum", values), cast(op("sum", weights), values.dtype))
    return op("mean", values)
