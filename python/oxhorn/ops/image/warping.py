"""Images seen through a map of coordinates: affine, perspective, elastic."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.engine.seed_generator import draw_seed
from oxhorn.ops.conversions import cast, convert_to_tensor
from oxhorn.ops.creation import ones_like
from oxhorn.ops.dispatch import operation
from oxhorn.ops.elementwise import maximum
from oxhorn.ops.image.filters import filtered, gaussian
from oxhorn.ops.image.layout import channels_last, images_of, restored
from oxhorn.ops.image.sampling import FILL_MODES, nearest_whole, sample, size_of
from oxhorn.ops.joining import concatenate, stack
from oxhorn.ops.shapes import expand_dims, reshape

INTERPOLATIONS = ("nearest", "bilinear")


def _floats(images: Any) -> Any:
    return images if str(images.dtype).startswith("float") else cast(images, "float32")


def _in_dtype(images: Any, dtype: str) -> Any:
    """Floats as they are; whole numbers rounded."""
    return images if dtype.startswith("float") else cast(nearest_whole(images), dtype)


def _pixels(images: Any, dtype: str) -> tuple[Any, Any]:
    """(x, y): column and row of each pixel of (batch, height, width, channels), of shape (1, height, width)."""
    across, down = (cast(_core.apply("arange_along", [images], {"axis": axis}), dtype) for axis in (2, 1))
    zero = expand_dims(down, 1) * 0.0 + expand_dims(across, 0) * 0.0
    return expand_dims(zero + expand_dims(across, 0), 0), expand_dims(zero + expand_dims(down, 1), 0)


def _sampled(images: Any, x: Any, y: Any, interpolation: str, mode: str, fill: float) -> Any:
    """Images (batch, height, width, channels) at places x, y (batch or 1, height, width)."""
    channels = images.shape[3]
    rows = _flat(images)
    if x.shape[0] != images.shape[0]:  # one map for all images
        every = reshape(ones_like(rows[:, :1, :1]), (None, 1, 1))
        x, y = x * cast(every, str(x.dtype)), y * cast(every, str(y.dtype))
    sizes = [size_of(images, 1), size_of(images, 2)]
    places = [reshape(y, (None, -1)), reshape(x, (None, -1))]
    values = sample(rows, sizes, places, INTERPOLATIONS.index(interpolation), mode, fill)
    if images.shape[2] is not None:
        shape = [-1, images.shape[2], -1 if channels is None else channels]
        if shape.count(-1) < 2:
            return _core.apply("reshape", [values], {"newshape": shape, "keep": 1})
    return _core.apply("reshape_like", [values, images])


def _flat(images: Any) -> Any:
    """(batch, pixels, channels), whichever sizes are open."""
    if images.shape[3] is not None or None not in images.shape[1:3]:
        sizes = [-1, images.shape[3]]
        if images.shape[3] is None:
            sizes = [images.shape[1] * images.shape[2], -1]
        return _core.apply("reshape", [images], {"newshape": sizes, "keep": 1})
    planes = _core.apply("transpose", [images], {"axes": [0, 3, 1, 2]})
    planes = _core.apply("reshape", [planes], {"newshape": [-1], "keep": 2})
    return _core.apply("transpose", [planes], {"axes": [0, 2, 1]})


def _mapped(images: Any, transform: Any, interpolation: str, mode: str, fill: float) -> Any:
    """Images (batch, height, width, channels) under transforms (batch or 1, 8)."""
    x, y = _pixels(images, str(transform.dtype))
    a0, a1, a2, b0, b1, b2, c0, c1 = (reshape(transform[:, i], (None, 1, 1)) for i in range(8))
    k = c0 * x + c1 * y + 1.0
    return _sampled(images, (a0 * x + a1 * y + a2) / k, (b0 * x + b1 * y + b2) / k, interpolation, mode, fill)


@operation("images", "transform")
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images shifted, turned, scaled or sheared: each output pixel is looked up at a place of the input.

    y[n, row y, column x] = images[n, row (b0 x + b1 y + b2) / k, column (a0 x + a1 y + a2) / k], k = c0 x + c1 y + 1

    Args:
        images: Images of rank 3, or a batch of rank 4. Whole numbers are interpolated as floats, and rounded.
        transform: Floats (a0, a1, a2, b0, b1, b2, c0, c1): of shape (8,), or (batch, 8) with one for each image.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: What lies outside of the images: `"constant"`, `"nearest"`, `"wrap"`, `"mirror"` or `"reflect"`, as
            in `map_coordinates`.
        fill_value: The number for `"constant"`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: If a rank, a size or a name is wrong.

    Example:
        >>> import oxhorn as keras
        >>> one_to_the_left = [1.0, 0, 1, 0, 1, 0, 0, 0]
        >>> keras.ops.image.affine_transform([[[1.0], [2.0]]], one_to_the_left).numpy().tolist()
        [[[2.0], [0.0]]]
    """
    owner = "affine_transform"
    arguments.choice(interpolation, INTERPOLATIONS, "interpolation", owner)
    arguments.choice(fill_mode, FILL_MODES, "fill_mode", owner)
    fill = arguments.number(fill_value, "fill_value", owner)
    images = images_of(images, owner)
    transform = _floats(convert_to_tensor(transform))
    if len(transform.shape) not in (1, 2) or transform.shape[-1] not in (8, None):
        raise ValueError(
            f"{owner}: Invalid transform rank: expected rank 1 (single transform) or rank 2 (batch of transforms), "
            f"with 8 numbers each. Received: transform.shape={tuple(transform.shape)}"
        )
    if len(transform.shape) == 1:
        transform = expand_dims(transform, 0)
    single, dtype = len(images.shape) == 3, str(images.dtype)
    batch = channels_last(_floats(images), data_format, owner)
    _check_batches(owner, "transform", transform, batch)
    result = _mapped(batch, transform, interpolation, fill_mode, fill)
    return restored(_in_dtype(result, dtype), data_format, owner, single)


def _check_batches(owner: str, name: str, given: Any, images: Any) -> None:
    if given.shape[0] not in (1, None) and images.shape[0] not in (given.shape[0], None):
        raise ValueError(
            f"{owner}: expected one `{name}`, or one for each image. "
            f"Received {given.shape[0]} for {images.shape[0]} images."
        )


def homography(start: Any, end: Any) -> Any:
    """The transforms (batch, 8) that take the four end points (batch, 4, 2) to the start points.

    A projective map is fixed by four points. B(p) = [l1 p1, l2 p2, l3 p3] takes the unit vectors to p1, p2, p3 and
    their sum to a multiple of p4, with l1 = det(p4, p2, p3) and so on; the map is B(start) B(end)^-1.
    """

    def basis(points: Any) -> tuple[list[tuple[Any, Any, Any]], list[Any]]:
        p = [(points[:, i, 0], points[:, i, 1], ones_like(points[:, i, 0])) for i in range(4)]
        share = [_det(p[3], p[1], p[2]), _det(p[0], p[3], p[2]), _det(p[0], p[1], p[3])]
        return p[:3], share

    s, s_share = basis(start)
    e, e_share = basis(end)
    inverse = [_cross(e[1], e[2]), _cross(e[2], e[0]), _cross(e[0], e[1])]
    factors = [
        s_share[0] * e_share[1] * e_share[2],
        s_share[1] * e_share[2] * e_share[0],
        s_share[2] * e_share[0] * e_share[1],
    ]
    entries = [
        factors[0] * s[0][row] * inverse[0][column]
        + factors[1] * s[1][row] * inverse[1][column]
        + factors[2] * s[2][row] * inverse[2][column]
        for row in range(3)
        for column in range(3)
    ]
    return stack([entry / entries[8] for entry in entries[:8]], axis=-1)


def _cross(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _det(a: tuple[Any, ...], b: tuple[Any, ...], c: tuple[Any, ...]) -> Any:
    x, y, z = _cross(a, b)
    return x * c[0] + y * c[1] + z * c[2]


@operation("images", "start_points", "end_points")
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images seen from elsewhere: what was at the four start points comes to lie at the four end points.

    The map is the `affine_transform` (with its c0 and c1) that takes each end point to its start point.

    Args:
        images: Images of rank 3, or a batch of rank 4. Whole numbers are interpolated as floats, and rounded.
        start_points: Four points (x, y) of the input, of shape (4, 2), or (batch, 4, 2); no three on one line.
        end_points: Where they lie in the output, of the same shape.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: What lies outside of the images.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: If a rank, a size or a name is wrong.

    Example:
        >>> import oxhorn as keras
        >>> corners = keras.ops.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
        >>> x = keras.ops.ones((4, 4, 1))
        >>> bool(keras.ops.all(keras.ops.image.perspective_transform(x, corners, corners) == x))
        True
    """
    owner = "perspective_transform"
    arguments.choice(interpolation, INTERPOLATIONS, "interpolation", owner)
    fill = arguments.number(fill_value, "fill_value", owner)
    images = images_of(images, owner)
    start, end = convert_to_tensor(start_points), convert_to_tensor(end_points)
    for name, points in (("start_points", start), ("end_points", end)):
        if len(points.shape) not in (2, 3) or tuple(points.shape[-2:]) != (4, 2):
            raise ValueError(
                f"{owner}: Invalid {name} shape: expected (4,2) for a single image or (N,4,2) for a batch. "
                f"Received shape: {tuple(points.shape)}"
            )
    if tuple(start.shape) != tuple(end.shape):
        raise ValueError(
            f"{owner}: start_points and end_points must have the same shape. Received "
            f"start_points.shape={tuple(start.shape)}, end_points.shape={tuple(end.shape)}"
        )
    if len(start.shape) == 2:
        start, end = expand_dims(start, 0), expand_dims(end, 0)
    single, dtype = len(images.shape) == 3, str(images.dtype)
    batch = channels_last(_floats(images), data_format, owner)
    _check_batches(owner, "start_points", start, batch)
    transform = homography(cast(start, "float64"), cast(end, "float64"))
    transform = cast(transform, str(batch.dtype))
    result = _mapped(batch, transform, interpolation, "constant", fill)
    return restored(_in_dtype(result, dtype), data_format, owner, single)


@operation("images")
def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Any:
    """Images whose pixels move a little, neighbours alike, as if they were drawn on rubber.

    y[n, h, w] = x[n, h + alpha d_y, w + alpha d_x], d = sigma z under a Gaussian filter of deviation sigma, z ~ N(0, 1)

    Args:
        images: Images of rank 3, or a batch of rank 4. Whole numbers are interpolated as floats, and rounded.
        alpha: How far pixels move.
        sigma: How far neighbours move alike, in pixels.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: What lies outside of the images: `"constant"`, `"nearest"`, `"wrap"`, `"mirror"` or `"reflect"`, as
            in `map_coordinates`.
        fill_value: The number for `"constant"`.
        seed: An integer, a `SeedGenerator`, or None.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: If a rank or a name is wrong.

    Example:
        >>> import oxhorn as keras
        >>> keras.ops.image.elastic_transform(keras.ops.ones((2, 16, 16, 3)), seed=1).shape
        (2, 16, 16, 3)

    Source: Simard, Steinkraus, Platt (2003), Best practices for convolutional neural networks.
    """
    owner = "elastic_transform"
    arguments.choice(interpolation, INTERPOLATIONS, "interpolation", owner)
    arguments.choice(fill_mode, FILL_MODES, "fill_mode", owner)
    fill = arguments.number(fill_value, "fill_value", owner)
    alpha = arguments.number(alpha, "alpha", owner)
    sigma = arguments.number(sigma, "sigma", owner, low=0.0)
    images = images_of(images, owner)
    return displaced(
        images, alpha, sigma, int(6 * sigma) | 1, (interpolation, fill_mode, fill), seed, data_format
    )


def displaced(
    images: Any,
    alpha: Any,
    sigma: Any,
    count: int,
    filling: tuple[str, str, float],
    seed: Any,
    data_format: str | None,
) -> Any:
    """What `elastic_transform` computes, for alpha and sigma that may be tensors.

    Args:
        images: Images of rank 3 or 4.
        alpha: How far pixels move.
        sigma: How far neighbours move alike.
        count: How many weights the Gaussian filter has.
        filling: Interpolation, what lies outside of the images, and the number for "constant".
        seed: A seed.
        data_format: "channels_last", "channels_first" or None.
    """
    owner = "elastic_transform"
    single, given = len(images.shape) == 3, str(images.dtype)
    batch = channels_last(_floats(images), data_format, owner)
    dtype = str(batch.dtype)
    alpha, sigma = convert_to_tensor(alpha, dtype), convert_to_tensor(sigma, dtype)
    window = gaussian(count, maximum(sigma, 1e-6), dtype)
    # One draw for both directions: (batch, height, width, 2), each plane in the shape of a channel.
    planes = concatenate([batch[..., :1], batch[..., :1]], axis=-1)
    moves = _core.apply("random_normal", [draw_seed(seed), planes], {"dtype": dtype})
    moves = filtered(moves * sigma, window, window, "same") * alpha
    x, y = _pixels(batch, dtype)
    result = _sampled(batch, x + moves[..., 0], y + moves[..., 1], *filling)
    return restored(_in_dtype(result, given), data_format, owner, single)
