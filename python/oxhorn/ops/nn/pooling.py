"""Pooling over windows, of one to three spatial axes."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.conversions import convert_to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.nn.windows import padding_name, spatial_rank

Sizes = int | tuple[int, ...]


def _pool(name: str, inputs: Any, pool_size: Any, strides: Any, padding: Any, data_format: Any) -> Any:
    inputs = convert_to_tensor(inputs)
    rank = spatial_rank(inputs, name)
    attrs = {
        "pool_size": list(arguments.integers(pool_size, rank, "pool_size", name)),
        "padding": padding_name(padding, name),
        "data_format": arguments.data_format(data_format, name),
    }
    if strides is not None:
        attrs["strides"] = list(arguments.integers(strides, rank, "strides", name))
    return _core.apply(name, [inputs], attrs)


@operation("inputs")
def max_pool(
    inputs: Any,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The maximum over each window.

    y[n, o, c] = max over k of x[n, o * stride + k - before, c]

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        pool_size: Size of the window, one number for all axes or one for each.
        strides: Steps of the window; its size by default.
        padding: `"valid"` (windows lie inside) or `"same"` (size n gives ceil(n / stride); what lies outside of the
            input never counts).
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Floats of shape (batch, spatial.., channels), with channels where the inputs have them.

    Raises:
        ValueError: If a size is not positive, or a window does not fit into the input.

    Example:
        >>> import oxhorn as keras
        >>> x = keras.ops.reshape(keras.ops.arange(4, dtype="float32"), (1, 2, 2, 1))
        >>> float(keras.ops.max_pool(x, 2)[0, 0, 0, 0])
        3.0
    """
    return _pool("max_pool", inputs, pool_size, strides, padding, data_format)


@operation("inputs")
def average_pool(
    inputs: Any,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The mean over those pixels of each window that lie inside of the input.

    y[n, o, c] = mean over k of x[n, o * stride + k - before, c]

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        pool_size: Size of the window, one number for all axes or one for each.
        strides: Steps of the window; its size by default.
        padding: `"valid"` (windows lie inside) or `"same"` (size n gives ceil(n / stride)).
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Floats of shape (batch, spatial.., channels), with channels where the inputs have them.

    Raises:
        ValueError: If a size is not positive, or a window does not fit into the input.

    Example:
        >>> import oxhorn as keras
        >>> x = keras.ops.reshape(keras.ops.arange(4, dtype="float32"), (1, 2, 2, 1))
        >>> float(keras.ops.average_pool(x, 2)[0, 0, 0, 0])
        1.5
    """
    return _pool("average_pool", inputs, pool_size, strides, padding, data_format)


def _adaptive(
    name: str, inputs: Any, output_size: Any, data_format: Any, op: str, attrs: dict[str, Any]
) -> Any:
    """One axis after the other: a mean of means over a box, or a maximum of maxima."""
    inputs = convert_to_tensor(inputs)
    rank = spatial_rank(inputs, name)
    sizes = arguments.integers(output_size, rank, "output_size", name)
    first = 1 if arguments.data_format(data_format, name) == "channels_last" else 2
    for axis, size in enumerate(sizes, start=first):
        inputs = _core.apply(op, [inputs], {"axis": axis, "size": size, **attrs})
    return inputs


@operation("inputs")
def adaptive_average_pool(inputs: Any, output_size: Sizes, data_format: str | None = None) -> Any:
    """The mean over windows chosen so that the output has a given size, whatever the size of the input.

    On an axis of size n, window o of `size` reaches from floor(o * n / size) to ceil((o + 1) * n / size).

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        output_size: Spatial size of the output, one number for all axes or one for each.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Floats of shape (batch, output_size.., channels), with channels where the inputs have them.

    Raises:
        ValueError: If a size is not positive.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.adaptive_average_pool(keras.ops.ones((1, 7, 5, 3)), 2).shape
        (1, 2, 2, 3)
    """
    attrs = {"method": "area"}
    return _adaptive("adaptive_average_pool", inputs, output_size, data_format, "resample", attrs)


@operation("inputs")
def adaptive_max_pool(inputs: Any, output_size: Sizes, data_format: str | None = None) -> Any:
    """The maximum over windows chosen so that the output has a given size, whatever the size of the input.

    On an axis of size n, window o of `size` reaches from floor(o * n / size) to ceil((o + 1) * n / size).

    Args:
        inputs: Floats of shape (batch, spatial.., channels), or (batch, channels, spatial..) with channels first.
        output_size: Spatial size of the output, one number for all axes or one for each.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Floats of shape (batch, output_size.., channels), with channels where the inputs have them.

    Raises:
        ValueError: If a size is not positive.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.adaptive_max_pool(keras.ops.ones((1, 7, 5, 3)), (3, 2)).shape
        (1, 3, 2, 3)
    """
    return _adaptive("adaptive_max_pool", inputs, output_size, data_format, "adaptive_max", {})
