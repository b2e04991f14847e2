"""05: a convolution by loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import Array, call, compare
from oxhorn.testing.exercises.task import task
from oxhorn.testing.reference import layers


@task("05_conv2d")
def output_size(answer: Any) -> None:
    """valid: floor((n - k) / s) + 1;  same: ceil(n / s)"""
    for n, k, stride in [(28, 3, 1), (28, 5, 2), (7, 3, 3), (5, 5, 1), (6, 1, 2), (9, 4, 2)]:
        for padding in ("valid", "same"):
            given = f"n={n}, k={k}, stride={stride}, padding={padding!r}"
            got = call("output_size", answer, n, k, stride, padding, given=given)
            if padding == "valid":
                right = (n - k) // stride + 1
                hints = {
                    "the first place counts too: add 1": (n - k) // stride,
                    "round down: where the window does not fit any more, there is no output": (n - k) / stride
                    + 1,
                    "the stride is missing": n - k + 1,
                    "round down, not up": -(-(n - k) // stride) + 1,
                }
            else:
                right = -(-n // stride)
                hints = {
                    "with padding 'same' the window may overlap the edge: the size is n / stride, rounded up": (
                        (n - k) // stride + 1
                    ),
                    "round up, not down": n // stride,
                    "the stride is missing: with padding 'same' the size is n / stride, rounded up": n,
                }
            compare("output_size", "the size", got, right, hints, given=given)


def _flipped(kernel: Array) -> Array:
    return kernel[::-1, ::-1]


@task("05_conv2d", points=4)
def conv2d(answer: Any) -> None:
    """y[n, i, j, f] = b[f] + sum over p, q, c of x[n, i s + p, j s + q, c] kernel[p, q, c, f], of a padded x"""
    # batch, height, width, channels, kernel height and width, filters, stride, padding
    cases = [
        (2, 6, 5, 3, 3, 3, 4, 1, "valid"),
        (2, 7, 6, 2, 3, 2, 3, 2, "valid"),
        (2, 6, 5, 2, 3, 3, 3, 1, "same"),
        (1, 6, 7, 1, 3, 3, 2, 2, "same"),
        (1, 5, 6, 2, 2, 4, 1, 1, "same"),
        (1, 3, 3, 1, 3, 3, 1, 1, "valid"),
        (2, 4, 4, 3, 1, 1, 2, 3, "same"),
    ]
    for seed, (batch, height, width, channels, kh, kw, filters, stride, padding) in enumerate(cases):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(batch, height, width, channels))
        kernel, bias = rng.normal(size=(kh, kw, channels, filters)), rng.normal(size=filters)
        given = (
            f"x of shape {x.shape}, a kernel of shape {kernel.shape}, stride {stride}, padding {padding!r}"
        )
        got = call("conv2d", answer, x, kernel, bias, stride, padding, given=given)
        right = layers.conv(x, kernel, bias, stride, padding)
        valid = layers.conv(x, kernel, bias, stride, "valid")
        dense = layers.conv(x, kernel, bias, 1, padding)
        hints: dict[str, Any] = {
            "the bias is missing": right - bias,
            "the kernel is turned round: layers multiply window and kernel as they lie, without flipping": layers.conv(
                x, _flipped(kernel), bias, stride, padding
            ),
            "only the first channel counts: sum over all channels of the window": layers.conv(
                x[..., :1], kernel[:, :, :1], bias, stride, padding
            ),
            "the stride is missing: the window of output i begins at i * stride": dense,
            "the output has the right size, but the windows do not move by the stride: they begin at i * stride": dense[
                :, : right.shape[1], : right.shape[2]
            ],
        }
        if padding == "same":
            hints["x is not padded: with padding 'same' zeros are put round it first"] = valid
            # All zeros at the end, or the odd one at the beginning.
            before = (
                max((right.shape[1] - 1) * stride + kh - height, 0),
                max((right.shape[2] - 1) * stride + kw - width, 0),
            )
            for text, (top, left) in {
                "the zeros are all at the bottom and at the right: half of them come first": (0, 0),
                "where the number of zeros is odd, the one more goes to the end: first = total // 2": (
                    (before[0] + 1) // 2,
                    (before[1] + 1) // 2,
                ),
            }.items():
                padded = np.pad(x, [(0, 0), (top, before[0] - top), (left, before[1] - left), (0, 0)])
                hints[text] = layers.conv(padded, kernel, bias, stride, "valid")
            fixed = np.pad(x, [(0, 0), (kh // 2, kh // 2), (kw // 2, kw // 2), (0, 0)])
            hints["padding depends on the stride too: total = max((out - 1) * stride + k - n, 0)"] = (
                layers.conv(fixed, kernel, bias, stride, "valid")
            )
        compare("conv2d", "y", got, right, hints, given=given)
