"""The functions of tensors by the names that layers written for several backends use: `self.backend.numpy.abs`, ..."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from oxhorn import config, ops, random


class Functions:
    """`functions.shape` is `ops.shape`; `functions.numpy`, `.nn`, `.image`, `.linalg` and `.random` are modules."""

    random: ModuleType = random
    image: ModuleType = ops.image
    linalg: ModuleType = ops.linalg
    nn: ModuleType = ops.nn
    numpy: ModuleType = ops
    math: ModuleType = ops
    core: ModuleType = ops

    @property
    def name(self) -> str:
        """The name of the backend."""
        return config.backend()

    _backend = name

    def __getattr__(self, name: str) -> Any:
        return getattr(ops, name)
