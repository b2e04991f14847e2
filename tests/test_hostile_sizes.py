"""Sizes at the limits of what can be counted, as a damaged or forged config has them: an error, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from oxhorn import _core, layers, ops

TOP = 2**63 - 1


def image() -> Any:
    return np.ones((2, 4, 4, 2), "float32")


def core(name: str, config: dict[str, Any], x: Any) -> Any:
    """The core's layer, behind the checks of the Python class."""
    return _core.LayerCore(name, json.dumps(config)).call([x], [], False, None, [])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: core("ZeroPadding2D", {"padding": [[TOP, TOP], [1, 1]]}, image()),
            "expected a padded size below",
        ),
        (
            lambda: core("ZeroPadding2D", {"padding": [[2**64 - 1, 2], [1, 1]]}, image()),
            "expected a padded size below",
        ),
        (lambda: core("ZeroPadding1D", {"padding": [TOP, TOP]}, image()[0]), "expected a padded size below"),
        (
            lambda: core("ZeroPadding3D", {"padding": [[TOP, 1], [0, 0], [0, 0]]}, image()[None]),
            "expected a padded size below",
        ),
        (lambda: ops.pad(image(), [[0, 0], [TOP, TOP], [0, 0], [0, 0]]), "expected a padded size below"),
        (lambda: ops.repeat(image(), 2**62, axis=1), "expected a size below"),
        (lambda: ops.tile(image(), [1, 1, 2**62, 1]), "expected a size below"),
        (lambda: _core.apply("overlap_add", [np.ones((3, 2), "f4")], {"sequence_stride": TOP}), "size below"),
        # The product of these sizes wraps around to 0, which is what an empty tensor has.
        (lambda: ops.reshape(np.zeros(0, "f4"), (2**32, 2**32)), "expected a size below"),
        (lambda: ops.reshape(np.zeros(0, "f4"), (2**32, -1, 2**32)), "expected a size below"),
        # As in NumPy, a size of 0 does not excuse the others: their product is counted in many places.
        (lambda: ops.reshape(np.zeros(0, "f4"), (0, 2**40, 2**40)), "fit in memory"),
        (lambda: ops.broadcast_to(np.zeros((0, 1, 1), "f4"), (0, 2**40, 2**40)), "fit in memory"),
        (
            lambda: layers.Conv2D(2, 3, padding="same", dilation_rate=10**9)(image()),
            "spans at most 1048576 more than the input; got .*Use a smaller kernel or dilation",
        ),
        (
            lambda: layers.Conv1D(2, 3, padding="causal", dilation_rate=10**9)(image()[0]),
            "spans at most 1048576 more than the input; got .*Use a smaller kernel or dilation",
        ),
        (
            lambda: _core.apply("patches", [image()], {"size": 2**62, "padding": "same"}),
            "at most 1073741824 places",
        ),
        (
            lambda: _core.apply(
                "fold_patches", [image()], {"output_size": [4, 5], "options": {"size": 2**32}}
            ),
            "at most 1073741824 places",
        ),
        (
            lambda: core("MaxPooling2D", {"pool_size": 2**31, "strides": 1, "padding": "same"}, image()),
            "at most 1073741824 places",
        ),
        (
            lambda: _core.apply("sum_to_like", [np.ones((3, 4, 5), "f4"), np.ones((4, 4), "f4")]),
            "broadcasts to the first",
        ),
    ],
)
def test_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_nothing_enlarged_is_nothing() -> None:
    enlarged = _core.apply(
        "resample", [np.zeros((2, 0, 6), "f4")], {"axis": 2, "size": 10**9, "method": "area"}
    )
    assert enlarged.shape == (2, 0, 10**9)
