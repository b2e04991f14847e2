"""What the tests of the batteries share: data, and the messages of a battery that found something."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=(4, 3))
Y = np.random.default_rng(1).normal(size=(4, 3))


def failures(call: Any, *arguments: Any, **options: Any) -> dict[str, str]:
    """The messages by check; each has the three parts."""
    with pytest.raises(AssertionError) as caught:
        call(*arguments, **options)
    head, *lines = str(caught.value).split("\n  - ")
    assert re.fullmatch(rf"{call.__name__}\(\w+\): {len(lines)} of \d+ checks failed\.", head), head
    found = dict(line.split(": ", 1) for line in lines)
    for message in found.values():
        assert message.startswith(("expected ", "wrong gradient of ")), message
        assert "; got " in message or "gradient" in message, message
    return found
