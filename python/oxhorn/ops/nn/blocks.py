"""Pixels of a neighbourhood side by side, and back: unfold and fold, space to depth and back."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.conversions import convert_to_tensor
from oxhorn.ops.dispatch import operation

Pair = int | tuple[int, int]


def _reshaped(x: Any, keep: int, *sizes: int) -> Any:
    """The first `keep` axes as they are, the others in other sizes, one of which may be -1."""
    return _core.apply("reshape", [x], {"newshape": list(sizes), "keep": keep})


def _transposed(x: Any, *axes: int) -> Any:
    return _core.apply("transpose", [x], {"axes": list(axes)})


def _windows(owner: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> dict[str, Any]:
    """The attributes of windows over two axes; padding in numbers."""
    around = arguments.integers(padding, 2, "padding", owner, low=0)
    return {
        "size": list(arguments.integers(kernel_size, 2, "kernel_size", owner)),
        "strides": list(arguments.integers(stride, 2, "stride", owner)),
        "dilation_rate": list(arguments.integers(dilation, 2, "dilation", owner)),
        "padding": [[p, p] for p in around],
    }


@operation("x")
def unfold(x: Any, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Any:
    """The windows of images, channels first, each as one column.

    y[n, (c, k), o] = x[n, c, o * stride + k * dilation - padding], 0 outside, with o and k over both axes

    Args:
        x: A tensor of shape (batch, channels, height, width).
        kernel_size: Size of the window, one number or one for each axis.
        dilation: Distance of neighbouring places of the window.
        padding: Zeros around the images, on both sides of each axis.
        stride: Steps of the window.

    Returns:
        A tensor of shape (batch, channels * kernel height * kernel width, windows).

    Raises:
        ValueError: If `x` has another rank, or a window does not fit into the padded images.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.unfold(keras.ops.ones((1, 2, 4, 4)), kernel_size=2, stride=2).shape
        (1, 8, 4)
    """
    x = convert_to_tensor(x)
    if len(x.shape) != 4:
        raise ValueError(
            "unfold: expected a 4D tensor, that is (batch, channels, height, width). "
            f"Received one of shape {tuple(x.shape)}."
        )
    attrs = _windows("unfold", kernel_size, dilation, padding, stride)
    taps = attrs["size"][0] * attrs["size"][1]
    x = _core.apply("patches", [_transposed(x, 0, 2, 3, 1)], attrs)
    x = _reshaped(x, 3, taps, -1)
    x = _reshaped(_transposed(x, 0, 1, 2, 4, 3), 3, -1)
    return _reshaped(_transposed(x, 0, 3, 1, 2), 2, -1)


@operation("x")
def fold(
    x: Any, output_size: Pair, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Any:
    """Images, channels first, from their windows; where windows overlap, they are added up.

    y[n, c, i] = sum over o, k with o * stride + k * dilation - padding = i of x[n, (c, k), o]

    Args:
        x: Floats of shape (batch, channels * kernel height * kernel width, windows), as `unfold` makes them.
        output_size: Height and width of the images, one number or one for each axis.
        kernel_size: Size of the window, one number or one for each axis.
        dilation: Distance of neighbouring places of the window.
        padding: Zeros that lay around the images, on both sides of each axis; they are cut off again.
        stride: Steps of the window.

    Returns:
        Floats of shape (batch, channels, height, width).

    Raises:
        ValueError: If `x` has another rank, or its sizes do not fit the windows.

    Example:
        >>> import oxhorn as keras
        >>> x = keras.ops.ones((1, 2, 4, 4))
        >>> windows = keras.ops.unfold(x, kernel_size=2, stride=2)
        >>> bool(keras.ops.all(keras.ops.fold(windows, 4, kernel_size=2, stride=2) == x))
        True
    """
    x = convert_to_tensor(x)
    if len(x.shape) != 3:
        raise ValueError(
            "fold: expected a 3D tensor, that is (batch, channels * kernel height * kernel width, windows). "
            f"Received one of shape {tuple(x.shape)}."
        )
    attrs = _windows("fold", kernel_size, dilation, padding, stride)
    size = arguments.integers(output_size, 2, "output_size", "fold")
    taps = attrs["size"][0] * attrs["size"][1]
    rows = x.shape[1]
    if rows is not None and rows % taps:
        raise ValueError(
            f"fold: the second dimension of the input ({rows}) must be divisible by the product of the kernel "
            f"size ({taps}). Received an input of shape {tuple(x.shape)} and kernel_size={kernel_size}."
        )
    steps = [
        (n + 2 * before - d * (k - 1) - 1) // s + 1
        for n, k, d, s, (before, _) in zip(
            size, attrs["size"], attrs["dilation_rate"], attrs["strides"], attrs["padding"], strict=True
        )
    ]
    if min(steps) < 1 or x.shape[2] not in (None, steps[0] * steps[1]):
        raise ValueError(
            f"fold: images of size {size} have {max(steps[0], 0)} x {max(steps[1], 0)} windows of "
            f"kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}. "
            f"Received an input of shape {tuple(x.shape)}, whose last axis is the number of windows."
        )
    x = _transposed(_reshaped(x, 2, *steps), 0, 2, 3, 1)
    x = _transposed(_reshaped(x, 3, -1, taps), 0, 1, 2, 4, 3)
    x = _core.apply("fold_patches", [_reshaped(x, 3, -1)], {"output_size": list(size), "options": attrs})
    return _transposed(x, 0, 3, 1, 2)


def _block(owner: str, x: Any, block_size: Any, data_format: Any) -> tuple[Any, int, bool]:
    """The tensor, the side of a block, and whether channels come last."""
    x = convert_to_tensor(x)
    if len(x.shape) != 4:
        raise ValueError(f"{owner}: expected a 4D tensor. Received one of shape {tuple(x.shape)}.")
    side = arguments.integer(block_size, "block_size", owner)
    if side < 2:
        raise ValueError(f"{owner}: `block_size` must be at least 2. Received: block_size={block_size}")
    return x, side, arguments.data_format(data_format, owner) == "channels_last"


@operation("x")
def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Channels laid out as blocks of pixels.

    y[n, h * b + i, w * b + j, c] = x[n, h, w, (i * b + j) * channels + c] with b = block_size; with channels first,
    the block is the faster index: x[n, c * b * b + i * b + j, h, w].

    Args:
        x: A tensor of shape (batch, height, width, channels * b * b), or with channels first.
        block_size: The side b of a block, at least 2.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        A tensor of shape (batch, height * b, width * b, channels), or with channels first.

    Raises:
        ValueError: If the rank is not 4, or the channels are not divisible by b * b.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.depth_to_space(keras.ops.ones((1, 2, 3, 8)), 2).shape
        (1, 4, 6, 2)
    """
    x, b, last = _block("depth_to_space", x, block_size, data_format)
    channels = x.shape[3 if last else 1]
    if channels is not None and channels % (b * b):
        raise ValueError(
            f"depth_to_space: the number of channels ({channels}) must be divisible by block_size**2 ({b * b}). "
            f"Received a tensor of shape {tuple(x.shape)}."
        )
    # Sizes are joined at the end of the shape, where one of them may be open.
    if last:
        x = _reshaped(x, 3, b, b, -1)
    else:
        x = _transposed(_reshaped(_transposed(x, 0, 2, 3, 1), 3, -1, b, b), 0, 1, 2, 4, 5, 3)
    if None not in x.shape[1:]:
        _, h, w, _, _, depth = x.shape
        if last:
            return _reshaped(_transposed(x, 0, 1, 3, 2, 4, 5), 1, h * b, w * b, depth)
        return _reshaped(_transposed(x, 0, 5, 1, 3, 2, 4), 1, depth, h * b, w * b)
    x = _reshaped(_transposed(x, 0, 5, 2, 4, 1, 3), 4, -1)
    x = _reshaped(_transposed(x, 0, 1, 4, 2, 3), 3, -1)
    return _transposed(x, 0, 2, 3, 1) if last else x


@operation("x")
def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Blocks of pixels as channels: the inverse of `depth_to_space`.

    y[n, h, w, (i * b + j) * channels + c] = x[n, h * b + i, w * b + j, c] with b = block_size; with channels first,
    the block is the faster index: y[n, c * b * b + i * b + j, h, w].

    Args:
        x: A tensor of shape (batch, height, width, channels), or with channels first.
        block_size: The side b of a block, at least 2.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        A tensor of shape (batch, height / b, width / b, channels * b * b), or with channels first.

    Raises:
        ValueError: If the rank is not 4, or height or width are not divisible by b.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.space_to_depth(keras.ops.ones((1, 4, 6, 2)), 2).shape
        (1, 2, 3, 8)
    """
    x, b, last = _block("space_to_depth", x, block_size, data_format)
    h, w = x.shape[1:3] if last else x.shape[2:4]
    for name, size in (("Height", h), ("Width", w)):
        if size is not None and size % b:
            raise ValueError(
                f"space_to_depth: {name} ({size}) must be divisible by block_size ({b}). "
                f"Received a tensor of shape {tuple(x.shape)}."
            )
    if not last:
        x = _transposed(x, 0, 2, 3, 1)
    # (batch, h, w, c): first the columns, then the rows are cut at the end of the shape, where a size may be open.
    x = _reshaped(_transposed(x, 0, 3, 1, 2), 3, -1, b)
    x = _reshaped(_transposed(x, 0, 1, 3, 4, 2), 4, -1, b)
    if last:
        return _reshaped(_transposed(x, 0, 4, 2, 5, 3, 1), 3, -1)
    return _transposed(_reshaped(_transposed(x, 0, 4, 2, 1, 5, 3), 3, -1), 0, 3, 1, 2)
