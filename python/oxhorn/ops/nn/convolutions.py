"""Convolutions, over one to three spatial axes."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.dispatch import operation
from oxhorn.ops.nn.windows import padding_name, same_float, spatial_rank

Sizes = int | tuple[int, ...]


def _settings(
    owner: str,
    inputs: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilation_rate: Any,
    causal: bool = True,
) -> dict[str, Any]:
    """The attributes of a convolution, checked."""
    rank = spatial_rank(inputs, owner)
    allowed = ("valid", "same", "causal") if causal else ("valid", "same")
    return {
        "strides": list(arguments.integers(strides, rank, "strides", owner)),
        "padding": padding_name(padding, owner, allowed),
        "data_format": arguments.data_format(data_format, owner),
        "dilation_rate": list(arguments.integers(dilation_rate, rank, "dilation_rate", owner)),
    }


@operation("inputs", "kernel")
def conv(
    inputs: Any,
    kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Any:
    """Convolution (cross-correlation) over one, two or three spatial axes.

    y[n, o, f] = sum over k, c of x[n, o * stride + k * dilation - before, c] * kernel[k, c, f]

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        kernel: Floats of shape (spatial.., channels / groups, filters). With fewer channels than the inputs have,
            channels and filters are cut into groups that meet each other only.
        strides: Steps of the window, one for all axes or one for each.
        padding: `"valid"` (windows lie inside), `"same"` (zeros outside, so that size n gives ceil(n / stride)), or
            `"causal"` (zeros in front only; one spatial axis).
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of neighbouring places of the kernel.

    Returns:
        Floats of shape (batch, spatial.., filters), with channels where the inputs have them.

    Raises:
        ValueError: If channels do not fit, or the kernel does not fit into the padded input.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.conv(keras.ops.ones((1, 6, 6, 3)), keras.ops.ones((3, 3, 3, 8)), padding="same").shape
        (1, 6, 6, 8)
    """
    inputs, kernel = same_float(inputs, kernel)
    attrs = _settings("conv", inputs, strides, padding, data_format, dilation_rate)
    return _core.apply("conv", [inputs, kernel], attrs)


@operation("inputs", "kernel")
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Any:
    """Convolution of every channel by itself.

    y[n, o, c * depth + m] = sum over k of x[n, o * stride + k * dilation - before, c] * kernel[k, c, m]

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        kernel: Floats of shape (spatial.., channels, depth): `depth` filters for each channel.
        strides: Steps of the window, one for all axes or one for each.
        padding: `"valid"`, `"same"` or `"causal"`, as in `conv`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of neighbouring places of the kernel.

    Returns:
        Floats of shape (batch, spatial.., channels * depth), with channels where the inputs have them.

    Raises:
        ValueError: If channels do not fit, or the kernel does not fit into the padded input.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.depthwise_conv(keras.ops.ones((1, 6, 6, 3)), keras.ops.ones((3, 3, 3, 2))).shape
        (1, 4, 4, 6)
    """
    inputs, kernel = same_float(inputs, kernel)
    attrs = _settings("depthwise_conv", inputs, strides, padding, data_format, dilation_rate)
    _check_channels("depthwise_conv", inputs, kernel, attrs["data_format"])
    *spatial, channels, depth = kernel.shape
    kernel = _core.apply("reshape", [kernel], {"newshape": [*spatial, 1, channels * depth]})
    return _core.apply("conv", [inputs, kernel], attrs)


def _check_channels(owner: str, inputs: Any, kernel: Any, data_format: str) -> None:
    """ValueError unless a kernel (spatial.., channels, depth) has the channels of the inputs."""
    if len(kernel.shape) != len(inputs.shape):
        raise ValueError(
            f"{owner}: expected a kernel of the rank of the inputs, (spatial.., channels, depth). "
            f"Received inputs of shape {tuple(inputs.shape)} and a kernel of shape {tuple(kernel.shape)}."
        )
    channels = inputs.shape[-1 if data_format == "channels_last" else 1]
    if channels is not None and channels != kernel.shape[-2]:
        raise ValueError(
            f"{owner}: the number of input channels must match the kernel's, its axis {len(kernel.shape) - 2}. "
            f"Received inputs of shape {tuple(inputs.shape)} (data_format={data_format!r}) and a kernel of shape "
            f"{tuple(kernel.shape)}. Give inputs with {kernel.shape[-2]} channels."
        )


@operation("inputs", "depthwise_kernel", "pointwise_kernel")
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Any:
    """Convolution of every channel by itself, then a mix of the channels of each pixel.

    y = conv(depthwise_conv(x, depthwise_kernel), pointwise_kernel)

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        depthwise_kernel: Floats of shape (spatial.., channels, depth).
        pointwise_kernel: Floats of shape (1.., channels * depth, filters).
        strides: Steps of the depthwise window, one for all axes or one for each.
        padding: `"valid"`, `"same"` or `"causal"`, as in `conv`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of neighbouring places of the depthwise kernel.

    Returns:
        Floats of shape (batch, spatial.., filters), with channels where the inputs have them.

    Raises:
        ValueError: If channels do not fit, or the kernel does not fit into the padded input.

    Example:
        >>> import oxhorn as keras
        >>> depthwise, pointwise = keras.ops.ones((3, 3, 3, 2)), keras.ops.ones((1, 1, 6, 8))
        >>> keras.ops.separable_conv(keras.ops.ones((1, 6, 6, 3)), depthwise, pointwise).shape
        (1, 4, 4, 8)
    """
    inputs, depthwise_kernel, pointwise_kernel = same_float(inputs, depthwise_kernel, pointwise_kernel)
    attrs = _settings("separable_conv", inputs, strides, padding, data_format, dilation_rate)
    _check_channels("separable_conv", inputs, depthwise_kernel, attrs["data_format"])
    mixed = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return _core.apply("conv", [mixed, pointwise_kernel], {"data_format": attrs["data_format"]})


@operation("inputs", "kernel")
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Any:
    """Transposed convolution: what the gradient of `conv` by its inputs computes.

    y[n, i, f] = sum over o, k, c with o * stride + k * dilation - before = i of x[n, o, c] * kernel[k, f, c]

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        kernel: Floats of shape (spatial.., filters, channels).
        strides: How far apart the inputs lie in the output, one for all axes or one for each.
        padding: `"valid"`: size n gives (n - 1) * stride + max(span, stride), `span` being the pixels under the
            kernel; `"same"`: n * stride.
        output_padding: By how much the output is longer than (n - 1) * stride + span (valid), or than
            (n - 1) * stride + span % 2 (same); `None` for the sizes above.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of neighbouring places of the kernel.

    Returns:
        Floats of shape (batch, spatial.., filters), with channels where the inputs have them.

    Raises:
        ValueError: If channels do not fit, or no output would be left.

    Example:
        >>> import oxhorn as keras
        >>> x, kernel = keras.ops.ones((1, 4, 4, 3)), keras.ops.ones((3, 3, 8, 3))
        >>> keras.ops.conv_transpose(x, kernel, strides=2, padding="same").shape
        (1, 8, 8, 8)
    """
    inputs, kernel = same_float(inputs, kernel)
    owner = "conv_transpose"
    attrs = _settings(owner, inputs, strides, padding, data_format, dilation_rate, causal=False)
    if output_padding is not None:
        rank = len(inputs.shape) - 2
        attrs["output_padding"] = list(
            arguments.integers(output_padding, rank, "output_padding", owner, low=0)
        )
    return _core.apply("conv_transpose", [inputs, kernel], attrs)
