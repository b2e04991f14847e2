"""Settings of the whole process: default dtype, epsilon, image layout, seeds, threads."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from oxhorn.engine.dtype_names import FLOAT_DTYPES, dtype_error

if TYPE_CHECKING:
    from oxhorn.dtype_policies import DTypePolicy

__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "get_num_threads",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "set_num_threads",
]

_floatx = "float32"
_epsilon = 1e-7
_image_data_format = "channels_last"
_interactive_logging = True
_traceback_filtering = False
_flash_attention: bool | None = None
_dtype_policy: DTypePolicy | None = None


def floatx() -> str:
    """The dtype of new weights and of floating-point inputs.

    >>> import oxhorn as keras
    >>> keras.config.floatx()
    'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Sets the dtype of new weights and of floating-point inputs.

    Args:
        value: `"float32"` or `"float64"`.

    Raises:
        ValueError: If `value` is another name.
    """
    global _floatx
    if value not in FLOAT_DTYPES:
        raise dtype_error("set_floatx: `value`", value, FLOAT_DTYPES)
    from oxhorn import _core

    _floatx = str(value)
    _core.set_default_float(_floatx)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite (1e-7 by default)."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Sets the small number that `epsilon()` returns."""
    global _epsilon
    value = float(value)
    if not 0.0 < value < float("inf"):
        raise ValueError(f"set_epsilon expects a finite number above 0; got {value!r}.")
    _epsilon = value


def image_data_format() -> str:
    """Where layers expect the channels of images: `"channels_last"` or `"channels_first"`."""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Sets where layers expect the channels of images.

    Args:
        data_format: `"channels_last"` (batch, height, width, channels) or `"channels_first"`.
    """
    global _image_data_format
    _image_data_format = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """`data_format` in lower case and checked; `None` means the setting of the process."""
    if data_format is None:
        return _image_data_format
    lowered = str(data_format).lower()
    if lowered not in ("channels_first", "channels_last"):
        raise ValueError(f"data_format must be 'channels_first' or 'channels_last'; got {data_format!r}.")
    return lowered


def backend() -> str:
    """The name of what computes: always `"oxhorn"`."""
    return "oxhorn"


def set_backend(backend: str) -> None:
    """Accepts `"oxhorn"`, the only backend there is; raises `ValueError` for any other name."""
    if backend != "oxhorn":
        raise ValueError(
            f"There is no backend {backend!r} here: the only one is 'oxhorn' (NumPy arrays in and out)."
        )


def dtype_policy() -> DTypePolicy:
    """The dtype policy of layers that are not given one: `floatx()`, unless it was set."""
    from oxhorn.dtype_policies import DTypePolicy

    return _dtype_policy if _dtype_policy is not None else DTypePolicy(_floatx)


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Sets the dtype policy of layers that are not given one.

    Args:
        policy: A policy, or its name, such as `"float64"`.

    Raises:
        ValueError: If it is not a policy that there is.
    """
    global _dtype_policy
    from oxhorn import dtype_policies

    if not isinstance(policy, (str, dtype_policies.DTypePolicy)):
        raise ValueError(
            "Invalid `policy` argument: set_dtype_policy expects a DTypePolicy or its name, such as 'float32'; got "
            f"{policy!r}."
        )
    _dtype_policy = dtype_policies.get(policy)


def max_epochs() -> int | None:
    """The largest number of epochs that `fit` runs, or `None` for no limit.

    It is what `set_max_epochs` or the environment variable `KERAS_MAX_EPOCHS` says.
    """
    return _limits.epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Limits the epochs of every `fit`, for trying out a script quickly.

    Args:
        max_epochs: At least 1, or `None` for no limit.

    Raises:
        ValueError: If `max_epochs` is anything else.
    """
    _limits.epochs = _limit(max_epochs, "set_max_epochs", "max_epochs")


def max_steps_per_epoch() -> int | None:
    """The largest number of steps that an epoch, an evaluation or a prediction takes, or `None` for no limit.

    It is what `set_max_steps_per_epoch` or the environment variable `KERAS_MAX_STEPS_PER_EPOCH` says.
    """
    return _limits.steps


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limits the steps of every epoch in `fit`, and of `evaluate` and `predict`, for trying out a script quickly.

    Args:
        max_steps_per_epoch: At least 1, or `None` for no limit.

    Raises:
        ValueError: If `max_steps_per_epoch` is anything else.
    """
    _limits.steps = _limit(max_steps_per_epoch, "set_max_steps_per_epoch", "max_steps_per_epoch")


def _limit(value: int | None, who: str, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(
            f"{who} expects `{name}` to be a whole number of at least 1, or None; got {value!r}."
        )
    return int(value)


def _limit_of_environment(name: str) -> int | None:
    text = os.environ.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(
            f"The environment variable {name} must be a whole number of at least 1; got {text!r}."
        )
    return int(text)


class _Limits:
    """How much of a training is done at most."""

    def __init__(self) -> None:
        self.epochs = _limit_of_environment("KERAS_MAX_EPOCHS")
        self.steps = _limit_of_environment("KERAS_MAX_STEPS_PER_EPOCH")


_limits = _Limits()


def set_num_threads(num_threads: int) -> None:
    """Sets how many threads compute. Results do not depend on it.

    Args:
        num_threads: At least 1.

    Raises:
        ValueError: If `num_threads` is not a whole number from 1 to 1024.
    """
    if isinstance(num_threads, bool) or not hasattr(num_threads, "__index__"):
        raise ValueError(f"set_num_threads expects a whole number of at least 1; got {num_threads!r}.")
    number = int(num_threads.__index__())
    if not 1 <= number <= 1024:
        raise ValueError(f"set_num_threads expects a number from 1 to 1024; got {number}.")
    from oxhorn import _core

    _core.set_num_threads(number)


def get_num_threads() -> int:
    """How many threads compute."""
    from oxhorn import _core

    return int(_core.get_num_threads())


def enable_interactive_logging() -> None:
    """Progress and summaries go to the screen (the default)."""
    global _interactive_logging
    _interactive_logging = True


def disable_interactive_logging() -> None:
    """Progress and summaries go to the `logging` module instead of the screen."""
    global _interactive_logging
    _interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress and summaries go to the screen."""
    return _interactive_logging


def enable_traceback_filtering() -> None:
    """Records the wish for short tracebacks. Tracebacks are complete either way."""
    global _traceback_filtering
    _traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Records the wish for complete tracebacks, which is how they are anyway."""
    global _traceback_filtering
    _traceback_filtering = False


def is_traceback_filtering_enabled() -> bool:
    """What `enable_traceback_filtering` and `disable_traceback_filtering` last recorded."""
    return _traceback_filtering


def enable_flash_attention() -> None:
    """Lets attention layers use flash attention: the default.

    Attention is computed block by block either way, without a table of all scores in memory.
    """
    global _flash_attention
    _flash_attention = None


def disable_flash_attention() -> None:
    """Records the wish not to use flash attention; what attention layers compute stays the same."""
    global _flash_attention
    _flash_attention = False


def is_flash_attention_enabled() -> bool | None:
    """Whether flash attention was switched off (False) or not (None: left to the layers)."""
    return _flash_attention


class _SeedStream:
    """Seeds for layers, initializers and shuffling: a counter hashed with the global seed.

    seed_i = splitmix64(base + i * golden) mod 2^31
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._base: int | None = None
        self._count = 0
        # Whether somebody gave the seed; it is drawn otherwise.
        self._given = False

    def reset(self, seed: int | None) -> None:
        with self._lock:
            self._base = seed
            self._count = 0
            self._given = seed is not None

    @property
    def base(self) -> int | None:
        return self._base

    def get_state(self) -> tuple[int | None, int, bool]:
        """The seed, how many numbers were drawn, and whether the seed was given."""
        with self._lock:
            return self._base, self._count, self._given

    def set_state(self, state: tuple[int | None, int, bool]) -> None:
        """Takes what `get_state` returned."""
        with self._lock:
            self._base, self._count, self._given = state

    def next(self) -> int:
        with self._lock:
            if self._base is None:
                self._base = int.from_bytes(os.urandom(8), "little") >> 1
            z = (self._base + (self._count + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
            self._count += 1
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return (z ^ (z >> 31)) & 0x7FFFFFFF


_seeds = _SeedStream()


def next_seed() -> int:
    """The next number (0 to 2^31 - 1) of the global seed stream, which `set_random_seed` restarts."""
    return _seeds.next()


def set_random_seed(seed: int) -> None:
    """Makes everything random that follows repeatable: Python's, NumPy's and this library's numbers.

    Args:
        seed: A whole number from 0 to 2^32 - 1.

    Raises:
        ValueError: If `seed` is anything else.
    """
    import numpy as np

    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ValueError(f"set_random_seed expects a whole number; got {seed!r}.")
    number = int(seed.__index__())
    if not 0 <= number < 2**32:
        raise ValueError(f"set_random_seed expects a number from 0 to 2**32 - 1; got {number}.")
    import random  # Seeded for other people's code; ours does not use it.

    random.seed(number)
    np.random.seed(number)
    _seeds.reset(number)
    from oxhorn.engine import seed_generator

    seed_generator.reset_global()


def seed_stream_state() -> tuple[int | None, int, bool]:
    """Where the global seed stream stands, for `set_seed_stream_state`."""
    return _seeds.get_state()


def set_seed_stream_state(state: tuple[int | None, int, bool]) -> None:
    """Makes the global seed stream go on from where `seed_stream_state` was asked for."""
    _seeds.set_state(state)


def get_random_seed() -> int | None:
    """The seed that `set_random_seed` was given, or `None` if it was not called."""
    return _seeds.base


def clear_session(free_memory: bool = True) -> None:
    """Starts automatic names afresh (`dense`, `dense_1`, ...) and lets go of what was traced.

    Args:
        free_memory: Also run Python's garbage collector.
    """
    from oxhorn.engine import naming, seed_generator

    naming.reset_names()
    seed_generator.reset_global()
    if free_memory:
        import gc

        gc.collect()


def __dir__() -> list[str]:
    return sorted(__all__)
