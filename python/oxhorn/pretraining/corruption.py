"""Damaged samples, for autoencoders that mend them and for models that tell them from good ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.engine.seed_generator import SeedGenerator, draw_seed
from oxhorn.layers.layer import Layer
from oxhorn.ops.arguments import as_tensor

__all__ = ["KINDS", "Corruption", "corrupt"]

KINDS = ("masking", "gaussian", "salt_pepper", "swap", "rows", "shuffle")


def corrupt(
    x: Any,
    kind: str = "masking",
    amount: float = 0.25,
    low: float = 0.0,
    high: float = 1.0,
    seed: Any = None,
) -> Any:
    """Damage a batch of samples, each element by chance.

    With `p = amount`, and u uniform in [0, 1) for each element:

    - `"masking"`: `0` where `u < p`, else `x`;
    - `"gaussian"`: `x + p n`, `n ~ N(0, 1)`;
    - `"salt_pepper"`: `low` where `u < p / 2`, `high` where `p / 2 <= u < p`, else `x`;
    - `"swap"`: where `u < p`, the same element of the sample before it in the batch, else `x`. The values of one
      element keep their distribution; what is lost is how elements hang together;
    - `"rows"`: as "swap", for `p` of the sample at a stretch: neighbours along its first axis (the rows of an image,
      the words of a text), from a place drawn for each sample, around the end to the beginning. Each part looks right;
      what is lost is that they belong together;
    - `"shuffle"`: where `u < p`, elements of one sample change places with each other. The values of one sample stay
      the same; what is lost is where they belong.

    An addition to Keras's list.

    Args:
        x: A batch: `(samples, ...)`. Integers, such as words, may be masked, swapped or shuffled.
        kind: One of these words. Defaults to "masking".
        amount: p: the part of the elements that is hit (of the rows, rounded, for "rows"), 0 to 1; for "gaussian" the
            standard deviation, 0 or more. Defaults to 0.25.
        low: What "salt_pepper" puts. Defaults to 0.0.
        high: What "salt_pepper" puts. Defaults to 1.0.
        seed: An integer (the same damage each time), a `SeedGenerator`, or None for the stream that
            `keras.utils.set_random_seed` sets. Defaults to None.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ValueError: If an argument is out of range, or `x` has no elements beside the batch, or are integers where
            the damage is none of integers.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> damaged = keras.pretraining.corrupt(np.ones((100, 100), "float32"), "masking", 0.3, seed=1).numpy()
    >>> bool(abs((damaged == 0).mean() - 0.3) < 0.02)
    True

    Source: P. Vincent et al., Stacked denoising autoencoders, 2010 (https://jmlr.org/papers/v11/vincent10a.html), for
    the first three; R. Collobert, J. Weston, A unified architecture for natural language processing, 2008
    (https://doi.org/10.1145/1390156.1390177), for what is put in from elsewhere.
    """
    who = "corrupt"
    kind = arguments.choice(kind, KINDS, "kind", who)
    amount = _amount(amount, kind, who)
    low, high = (arguments.number(value, name, who) for value, name in ((low, "low"), (high, "high")))
    x = as_tensor(x)
    if len(x.shape) < 2:
        raise ValueError(
            f"{who}: expected a batch, of shape (samples, ...), with elements in each sample; got shape "
            f"{tuple(x.shape)}. For one sample: x[None]."
        )
    if not str(x.dtype).startswith("float") and kind in ("gaussian", "salt_pepper"):
        raise ValueError(
            f"{who}: expected floats for kind={kind!r}; got dtype {x.dtype}. Cast them, or choose among 'masking', "
            "'swap', 'rows' and 'shuffle'."
        )
    return _CORRUPTIONS[kind](x, amount, low, high, draw_seed(seed))


def _amount(value: Any, kind: str, who: str) -> float:
    if kind == "gaussian":
        return arguments.number(value, "amount", who, low=0.0)
    return arguments.probability(value, "amount", who)


def _draws(x: Any, key: Any) -> Any:
    dtype = str(x.dtype) if str(x.dtype).startswith("float") else "float32"
    return random.uniform(ops.shape(x), dtype=dtype, seed=key)


def _masking(x: Any, amount: float, low: float, high: float, key: Any) -> Any:
    return ops.where(_draws(x, key) < amount, ops.zeros_like(x), x)


def _gaussian(x: Any, amount: float, low: float, high: float, key: Any) -> Any:
    return x + amount * random.normal(ops.shape(x), dtype=str(x.dtype), seed=key)


def _salt_pepper(x: Any, amount: float, low: float, high: float, key: Any) -> Any:
    u = _draws(x, key)
    return ops.where(u < amount / 2, low, ops.where(u < amount, high, x))


def _swap(x: Any, amount: float, low: float, high: float, key: Any) -> Any:
    return ops.where(_draws(x, key) < amount, ops.roll(x, 1, axis=0), x)


def _rows(x: Any, amount: float, low: float, high: float, key: Any) -> Any:
    if x.shape[1] is None:
        raise ValueError(
            f"corrupt: expected the size of axis 1 to be known for kind='rows'; got shape {tuple(x.shape)}. Pad "
            "sequences to one length, or choose 'swap'."
        )
    rows = int(x.shape[1])
    first = ops.floor(rows * random.uniform((ops.shape(x)[0], 1), dtype="float32", seed=key))
    places = ops.arange(rows, dtype="float32") - first
    # Counted from the first row of the stretch, around the end.
    places = ops.where(places < 0, places + rows, places)
    hit = ops.reshape(places < round(amount * rows), (-1, rows, *(1,) * (len(x.shape) - 2)))
    return ops.where(hit, ops.roll(x, 1, axis=0), x)


def _shuffle(x: Any, amount: float, low: float, high: float, key: Any) -> Any:
    flat = ops.reshape(x, (ops.shape(x)[0], -1))
    u = _draws(flat, key)
    # Both orders begin with the places that are hit, here by chance, there from left to right; the others follow as
    # they are. What was first in the one goes to the first place of the other.
    taken = ops.argsort(ops.where(u < amount, u, 2.0), axis=-1)
    given = ops.argsort(ops.where(u < amount, 0.0, 2.0), axis=-1)
    moved = ops.take_along_axis(
        flat, ops.take_along_axis(taken, ops.argsort(given, axis=-1), axis=-1), axis=-1
    )
    return ops.reshape(moved, ops.shape(x))


_CORRUPTIONS: dict[str, Callable[[Any, float, float, float, Any], Any]] = {
    "masking": _masking,
    "gaussian": _gaussian,
    "salt_pepper": _salt_pepper,
    "swap": _swap,
    "rows": _rows,
    "shuffle": _shuffle,
}


class Corruption(Layer):
    """Damage the inputs while training; the first layer of a denoising autoencoder.

    `y = corrupt(x)` while training, `y = x` otherwise; see `corrupt`. Unlike `Dropout`, "masking" does not scale what
    is left. An addition to Keras's list.

    Args:
        kind: "masking", "gaussian", "salt_pepper", "swap", "rows" or "shuffle". Defaults to "masking".
        amount: The part of the elements that is hit; for "gaussian" the standard deviation. Defaults to 0.25.
        low: What "salt_pepper" puts. Defaults to 0.0.
        high: What "salt_pepper" puts. Defaults to 1.0.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input, `(batch, ...)`.
        training: Whether to damage anything. Defaults to the model's mode.

    Returns:
        When called: a tensor of the shape of the input.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.pretraining.Corruption("masking", 0.5, seed=1)
    >>> layer(np.ones((2, 3), "float32")).numpy().tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    >>> sorted(set(layer(np.ones((20, 20), "float32"), training=True).numpy().ravel().tolist()))
    [0.0, 1.0]

    Source: P. Vincent et al., Extracting and composing robust features with denoising autoencoders, 2008
    (https://doi.org/10.1145/1390156.1390294).
    """

    def __init__(
        self,
        kind: str = "masking",
        amount: float = 0.25,
        low: float = 0.0,
        high: float = 1.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        who = "Corruption"
        self.kind = arguments.choice(kind, KINDS, "kind", who)
        self.amount = _amount(amount, self.kind, who)
        self.low = arguments.number(low, "low", who)
        self.high = arguments.number(high, "high", who)
        self.seed = arguments.seed(seed, who)
        self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Damage the inputs."""
        if not training:
            return inputs
        return corrupt(inputs, self.kind, self.amount, self.low, self.high, self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "kind": self.kind,
            "amount": self.amount,
            "low": self.low,
            "high": self.high,
            "seed": self.seed,
        }
