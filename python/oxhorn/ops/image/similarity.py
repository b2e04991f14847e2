"""How much alike two images look."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments
from oxhorn.ops.dispatch import operation
from oxhorn.ops.image.filters import filtered, gaussian
from oxhorn.ops.image.layout import channels_last, images_of
from oxhorn.ops.nn.windows import same_float
from oxhorn.ops.reductions import mean
from oxhorn.ops.shapes import squeeze


@operation("image1", "image2")
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Any:
    """The structural similarity of images: 1 for equal ones, less for others.

    ssim = mean of (2 m1 m2 + c1) (2 s12 + c2) / ((m1^2 + m2^2 + c1) (s1 + s2 + c2)), with m1, m2 the means, s1, s2 the
    variances and s12 the covariance of the two images under a Gaussian window around each pixel,
    c1 = (k1 max_val)^2 and c2 = (k2 max_val)^2

    Args:
        image1: Images of rank 3, or a batch of rank 4. Whole numbers become floats.
        image2: Images of the same shape.
        max_val: The largest value a pixel can have: 1 or 255.
        filter_size: Side of the window in pixels.
        filter_sigma: Standard deviation of the window in pixels.
        k1: Keeps the quotient stable where images are dark.
        k2: Keeps the quotient stable where images are even.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        A float for each image: a scalar for rank 3, a tensor of shape (batch,) for rank 4.

    Raises:
        ValueError: If a rank is wrong, or images are smaller than the window.

    Example:
        >>> import oxhorn as keras
        >>> x = keras.ops.ones((2, 16, 16, 3))
        >>> keras.ops.image.ssim(x, x).numpy().tolist()
        [1.0, 1.0]

    Source: Wang, Bovik, Sheikh, Simoncelli (2004), Image quality assessment: from error visibility to structural
    similarity.
    """
    owner = "ssim"
    size = arguments.positive_integer(filter_size, "filter_size", owner)
    x, y = same_float(images_of(image1, owner, "image1"), images_of(image2, owner, "image2"))
    if len(x.shape) != len(y.shape):
        raise ValueError(
            f"{owner}: expected two images (or batches) of one shape. "
            f"Received: image1.shape={tuple(x.shape)}, image2.shape={tuple(y.shape)}."
        )
    single = len(x.shape) == 3
    x, y = (channels_last(images, data_format, owner) for images in (x, y))
    window = gaussian(size, float(filter_sigma), str(x.dtype))

    def local_mean(images: Any) -> Any:
        return filtered(images, window, window, "valid")

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    m1, m2 = local_mean(x), local_mean(y)
    s1, s2 = local_mean(x * x) - m1 * m1, local_mean(y * y) - m2 * m2
    s12 = local_mean(x * y) - m1 * m2
    alike = (2.0 * m1 * m2 + c1) * (2.0 * s12 + c2) / ((m1 * m1 + m2 * m2 + c1) * (s1 + s2 + c2))
    result = mean(alike, axis=[1, 2, 3])
    return squeeze(result, axis=0) if single else result
