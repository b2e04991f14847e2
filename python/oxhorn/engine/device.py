"""The place where operations run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator


@contextlib.contextmanager
def device(device_name: str) -> Iterator[None]:
    """Operations inside run on this device: the CPU, which is the only one that there is.

    Args:
        device_name: `"cpu"` or `"cpu:0"`.

    Raises:
        ValueError: If it names anything else.

    >>> import oxhorn as keras
    >>> with keras.device("cpu:0"):
    ...     float(keras.ops.square(3.0))
    9.0
    """
    if not isinstance(device_name, str) or re.fullmatch(r"(?i)/?(device:)?cpu(:0)?", device_name) is None:
        raise ValueError(
            f"Invalid value for argument `device_name`: there is only one device here, 'cpu' (or 'cpu:0'); got "
            f"{device_name!r}. Leave the scope out: everything runs on the CPU, with all its cores."
        )
    yield
